"""Functions that act with the rights of their owner, or are trusted before policies are asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate_validate.catalog.model import Catalog, Function
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import Node, node_name, quote

from .._existing_data.bodies import existing
from .expressions import body, called
from .graph import Call, Graph, Read, standard_body
from .reach import WRITING, Reach, revoking
from .structure import in_force

_TRIGGERS = ("trigger", "event_trigger")
_COMPILED = ("c", "internal")
_SERVICES = frozenset(["cron", "net", "pgmq", "vault"])
_SENDING = re.compile(r"http(_(get|post|put|patch|delete|head))?|dblink(_exec|_open|_send_query)?")
"""Functions of extensions that ask other servers."""


def without_search_path(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Functions with SECURITY DEFINER whose names mean what the caller's search path says."""
    definers = [each for each in catalog.functions if each.security_definer and each.language not in _COMPILED]
    if not definers:
        yield NotApplicable("the schema has no function with SECURITY DEFINER")
    used = _used(reach, catalog)
    for function in definers:
        name = function.qualified_name
        fixed = any(setting.startswith("search_path=") for setting in function.settings)
        how = "is called by a policy" if name in used else _reached(reach, catalog, function)
        if how and not fixed and not standard_body(function):
            yield Finding(
                f"{name} is SECURITY DEFINER without a search_path of its own, and {how}",
                object=f"{function.schema}.{function.name}",
                evidence={"owner": function.owner, "language": function.language},
                fix=f"ALTER {_kind(function)} {_quoted(function)} SET search_path = ''; -- and qualify names",
            )


def _reached(reach: Reach, catalog: Catalog, function: Function) -> str:
    """How a function is reached from outside; empty where it is not."""
    roles = reach.callable.get(function.qualified_name, frozenset())
    if function.returns not in _TRIGGERS:
        return f"{', '.join(sorted(roles))} can call it" if roles else ""
    for table in catalog.whole.tables:
        fires = any(each.function == f"{function.schema}.{function.name}" for each in table.triggers)
        if fires and reach.privileges(table.qualified_name, WRITING):
            return f"fires when {table.qualified_name} is written to from outside"
    return ""


def _used(reach: Reach, catalog: Catalog) -> dict[str, set[str]]:
    """The functions that policies call, and the roles from outside whose commands these judge."""
    graph = Graph.over(catalog)
    found: dict[str, set[str]] = {}
    for _, policy, roles in in_force(reach, catalog):
        for role in roles:
            for call in graph.of_policy(policy, role):
                if isinstance(call, Call):
                    for each in call.functions:
                        found.setdefault(each.qualified_name, set()).add(role)
    return found


def exposed_definers(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Functions with SECURITY DEFINER that roles from outside can call."""
    definers = [each for each in catalog.functions if each.security_definer and each.returns not in _TRIGGERS]
    if not definers:
        yield NotApplicable("the schema has no function with SECURITY DEFINER that can be called")
    graph = Graph.over(catalog)
    used = _used(reach, catalog)
    for function in definers:
        callers = sorted(reach.callable.get(function.qualified_name, frozenset()))
        if not callers or not _does_something(graph, function):
            continue
        nameless = [role for role in callers if role in not_signed_in(reach)]
        needed = used.get(function.qualified_name, set())
        unneeded = [role for role in nameless if role not in needed]
        if needed.issuperset(callers):
            continue
        grantees = ["PUBLIC"] if function.default_grants else []
        grantees = grantees or reach.grantees(function.grants, unneeded or callers, "EXECUTE")
        yield Finding(
            f"{', '.join(callers)} can call {function.qualified_name}, which acts as {function.owner}"
            + (f" (granted to {', '.join(grantees)})" if grantees else "")
            + ("; policies need it" if needed else ""),
            object=f"{function.schema}.{function.name}",
            evidence={"callers": callers, "granted": grantees, "policies": sorted(needed)},
            fix=_closing(function, grantees, [role for role in callers if role not in unneeded]) if unneeded else "",
            severity=None if unneeded else Severity.INFO,
        )


def _closing(function: Function, grantees: list[str], others: list[str]) -> str:
    what = f"{_kind(function)} {_quoted(function)}"
    kept = f" GRANT EXECUTE ON {what} TO {', '.join(map(quote, others))};" if others and "PUBLIC" in grantees else ""
    return revoking("EXECUTE", what, grantees) + kept


def not_signed_in(reach: Reach) -> tuple[str, ...]:
    """The roles of those who have not signed in; all of them where no name tells."""
    return tuple(role for role in reach.roles if "anon" in role) or reach.roles


def _does_something(graph: Graph, function: Function) -> bool:
    """Whether a function reads or changes relations, or makes others do something, as far as can be told."""
    inside = [function]
    for each in graph.of_function(function, function.owner):
        if isinstance(each, Read):
            return True
        inside += each.functions
    if any(_makes_others_act(node) for each in inside for node in body(each)):
        return True
    return function.language not in ("sql", "plpgsql") or bool(existing(function).unread)


def _makes_others_act(node: Node) -> bool:
    """Whether a node calls what asks others, or reads tables of an extension that keeps secrets, jobs or messages."""
    if node_name(node) == "RangeVar":
        return str(node.schemaname) in _SERVICES
    schema, name = called(node)
    return schema in _SERVICES or _SENDING.fullmatch(name) is not None


def trusted(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Functions declared LEAKPROOF: they see rows before policies have judged them."""
    leakproof = [each for each in catalog.functions if each.leakproof]
    if not leakproof:
        yield NotApplicable("the schema has no function declared LEAKPROOF")
    for function in leakproof:
        callers = sorted(reach.executable.get(function.qualified_name, frozenset()))
        if callers:
            yield Finding(
                f"{function.qualified_name} is LEAKPROOF and {', '.join(callers)} can execute it: PostgreSQL gives it "
                "rows before policies have judged them",
                object=f"{function.schema}.{function.name}",
                evidence={"callers": callers, "language": function.language},
                fix=f"ALTER FUNCTION {_quoted(function)} NOT LEAKPROOF;",
            )


def _kind(function: Function) -> str:
    return "PROCEDURE" if function.kind == "procedure" else "FUNCTION"


def _quoted(function: Function) -> str:
    return f"{quote(function.schema)}.{quote(function.name)}({function.arguments})"
