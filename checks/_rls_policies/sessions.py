"""How policies, and the functions that they call, read settings of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate_validate.catalog.model import Catalog
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import Node, node_name, quote, unwrap

from .._shared import enum_name
from .expressions import (
    TOKEN,
    Expression,
    about,
    altering,
    asked,
    bare,
    body,
    called,
    guarded,
    setting,
    told_by,
    written,
)
from .graph import Call, Graph

_FAILING = frozenset(
    ("uuid", "int2", "int4", "int8", "numeric", "float4", "float8", "bool", "json", "jsonb", "date", "timestamptz")
)
"""Types that refuse an empty text."""


def without_missing_ok(catalog: Catalog) -> Iterator[Result]:
    """Settings that are read so that it is an error where nobody has set them."""
    yield from _read_so(
        catalog,
        _read_strictly,
        "every command fails where it is not set: 'unrecognized configuration parameter'",
        "current_setting({name}, true)",
    )


def _read_strictly(node: Node) -> str | None:
    name = setting(node)
    # Settings of PostgreSQL itself have no point in their name, and are always set.
    return name if name and "." in name and len(node.args) == 1 else None


def unguarded_cast(catalog: Catalog) -> Iterator[Result]:
    """Settings that are cast to a type that refuses the empty text."""
    yield from _read_so(
        catalog,
        _cast_setting,
        "every command fails where it is empty, as it is after a transaction that has set it",
        "nullif(current_setting({name}, true), '')",
    )


def _cast_setting(node: Node) -> str | None:
    if node_name(node) != "TypeCast" or unwrap(node.type_name.names[-1]).sval not in _FAILING:
        return None
    inner = bare(node.arg)
    name = setting(inner)
    return name if name and "." in name else None


def _read_so(catalog: Catalog, wanted: Callable[[Node], str | None], harm: str, better: str) -> Iterator[Result]:
    graph = Graph.over(catalog)
    expressions, said = written(guarded(catalog))
    yield from said
    for each in expressions:
        found: dict[str, set[str]] = {}
        for node, through in asked(graph, each):
            if name := wanted(node):
                found.setdefault(name, set()).add(through)
        for name, functions in found.items():
            yield _reading(each, name, functions, harm, better)


def _reading(each: Expression, name: str, functions: set[str], harm: str, better: str) -> Finding:
    literal = "'" + name.replace("'", "''") + "'"
    fix = f"-- {better.format(name=literal)}"
    return Finding(
        f"{each.place} reads the setting {name}{told_by(functions if '' not in functions else ())}; {harm}",
        object=each.table.qualified_name,
        evidence=about(each.policy, setting=name, functions=sorted(functions - {""})),
        fix=f"{altering(each.table, each.policy, each.part)} {fix}" if "" in functions else fix,
    )


def immutable(catalog: Catalog) -> Iterator[Result]:
    """Functions that say that they never change their mind, and ask the session."""
    graph = Graph.over(catalog)
    functions = [each for each in catalog.functions if each.volatility == "immutable"]
    if not functions:
        yield NotApplicable("the schema has no immutable function")
    used = _used(graph)
    for function in functions:
        inside = [function]
        for each in graph.of_function(function, function.owner):
            inside += each.functions if isinstance(each, Call) else ()
        read = sorted({what for each in inside for node in body(each) if (what := _of_session(node))})
        if read:
            name = function.qualified_name
            policies = used.get(name, [])
            yield Finding(
                f"{name} is IMMUTABLE and reads {', '.join(read)}"
                + (f"; it is used by {', '.join(policies)}" if policies else ""),
                object=name,
                evidence={"reads": read, "policies": policies},
                fix=f"ALTER FUNCTION {quote(function.schema)}.{quote(function.name)}({function.arguments}) STABLE;",
                severity=Severity.ERROR if policies else Severity.WARNING,
            )


def _used(graph: Graph) -> dict[str, list[str]]:
    """The policies that call a function, by its name."""
    found: dict[str, list[str]] = {}
    for table, policy in guarded(graph.catalog):
        calls = [each for each in graph.of_policy(policy, policy.roles[0]) if isinstance(each, Call)]
        label = f'policy "{policy.name}" on {table.qualified_name}'
        for name in dict.fromkeys(_names(calls)):
            found.setdefault(name, []).append(label)
    return found


def _names(calls: list[Call]) -> Iterator[str]:
    for call in calls:
        yield from (function.qualified_name for function in call.functions)


def _of_session(node: Node) -> str | None:
    """What of the session a node reads; None: nothing."""
    if node_name(node) == "SQLValueFunction":
        kind = enum_name(node, "op").removeprefix("SVFOP_").lower()
        return kind if kind in ("current_user", "session_user", "current_role", "user") else None
    schema, name = called(node)
    if schema == "auth" and name in TOKEN:
        return f"auth.{name}()"
    return "current_setting()" if (schema, name) == ("", "current_setting") else None
