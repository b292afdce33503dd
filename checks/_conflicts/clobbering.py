"""What an object had on purpose and lost when it was created again by a statement that does not say it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.assembly import default_function_grants
from migrate_validate.catalog.model import Catalog, Function, Grant, Index, Policy, Table, Trigger, View
from migrate_validate.findings import Severity
from migrate_validate.syntax import quote

from .._shared import quoted
from .creations import Creation
from .differing import index_words, sql_of_tree


@dataclass(frozen=True, slots=True)
class Lost:
    """One property that an object had before a migration and has not after it, though nothing in the file says so."""

    object: str
    text: str
    """``security: had SECURITY DEFINER, has SECURITY INVOKER``."""
    severity: Severity
    fix: str = ""


def lost(
    creation: Creation, before: Catalog, after: Catalog, dropped: bool, unwanted: Collection[str] = ()
) -> Iterator[Lost]:
    """What the object of a creation lost between two pictures.

    :param dropped: whether the file drops the object before it creates it again
    :param unwanted: names of the indexes that the file drops by name
    """
    if creation.kind == "function":
        yield from _functions(creation, before, after, dropped)
    elif creation.kind in ("view", "materialized view"):
        yield from _views(creation, before, after, dropped, unwanted)
    elif creation.kind in ("policy", "trigger"):
        yield from _parts(creation, before, after)


def _functions(creation: Creation, before: Catalog, after: Catalog, dropped: bool) -> Iterator[Lost]:
    had = {each.qualified_name: each for each in before.functions if _is(each, creation)}
    has = {each.qualified_name: each for each in after.functions if _is(each, creation)}
    for name in had.keys() & has.keys():
        if had[name] != has[name] and _makes(creation, has[name]):
            yield from _function(creation, had[name], has[name])
            if dropped:
                yield from _privileges(name, f"ROUTINE {_sql_name(had[name])}", had[name], has[name])
    new = [each for each in has.values() if each.qualified_name not in had and _makes(creation, each)]
    if new and creation.replaces:
        for name in had.keys() & has.keys():
            if had[name] == has[name] and had[name].kind == new[0].kind:
                yield Lost(
                    name,
                    f"arguments: OR REPLACE replaced nothing, {new[0].qualified_name} now stands beside {name}",
                    Severity.WARNING,
                    f"DROP ROUTINE {_sql_name(had[name])};",
                )
    gone = [each for each in had.values() if each.qualified_name not in has]
    # Of several overloads nobody knows which one takes the place of which.
    if dropped and len(gone) == len(new) == 1 and gone[0].kind == new[0].kind:
        name = new[0].qualified_name
        for found in _privileges(name, f"ROUTINE {_sql_name(new[0])}", gone[0], new[0]):
            yield replace(found, text=f"{found.text}; it takes the place of {gone[0].qualified_name}")


def _is(thing: Any, creation: Creation) -> bool:
    return thing.name == creation.name and creation.schema in (None, thing.schema)


def _makes(creation: Creation, function: Function) -> bool:
    """Whether the statement makes just this overload, told by the number of its input arguments."""
    modes = [
        syntax.enum_name("FunctionParameterMode", each.function_parameter.mode) for each in creation.node.parameters
    ]
    inputs = [mode for mode in modes if mode not in ("FUNC_PARAM_OUT", "FUNC_PARAM_TABLE")]
    return len(inputs) == len([each for each in function.arguments.split(", ") if each])


def _sql_name(function: Function) -> str:
    return f"{quote(function.schema)}.{quote(function.name)}({function.arguments})"


_WORDS = {True: "SECURITY DEFINER", False: "SECURITY INVOKER"}


def _function(creation: Creation, had: Function, has: Function) -> Iterator[Lost]:
    options = [option.def_elem for option in creation.node.options]
    said = {option.defname for option in options}
    name, alter = had.qualified_name, f"ALTER ROUTINE {_sql_name(had)}"
    if had.security_definer != has.security_definer and "security" not in said:
        text = f"security: had {_WORDS[had.security_definer]}, has {_WORDS[has.security_definer]}"
        yield Lost(name, text, Severity.ERROR, f"{alter} {_WORDS[had.security_definer]};")
    set_here = {option.arg.variable_set_stmt.name for option in options if option.defname == "set"}
    for setting in had.settings:
        parameter, _, value = setting.partition("=")
        if setting not in has.settings and parameter not in set_here:
            severity = Severity.ERROR if has.security_definer and parameter == "search_path" else Severity.WARNING
            fix = f"{alter} SET {parameter} = {_setting(parameter, value)};"
            yield Lost(name, f"setting: had {parameter} = {value}, has none", severity, fix)
    if had.volatility != has.volatility and "volatility" not in said:
        text = f"volatility: had {had.volatility.upper()}, has {has.volatility.upper()}"
        yield Lost(name, text, Severity.WARNING, f"{alter} {had.volatility.upper()};")
    if had.strict and not has.strict and "strict" not in said:
        yield Lost(name, "NULL: had STRICT, is called on NULL now", Severity.WARNING, f"{alter} STRICT;")
    if had.leakproof and not has.leakproof and "leakproof" not in said:
        yield Lost(name, "leakproof: had LEAKPROOF, has NOT LEAKPROOF", Severity.WARNING, f"{alter} LEAKPROOF;")
    if had.parallel != has.parallel and "parallel" not in said:
        text = f"parallel: had {had.parallel.upper()}, has {has.parallel.upper()}"
        yield Lost(name, text, Severity.WARNING, f"{alter} PARALLEL {had.parallel.upper()};")


def _setting(parameter: str, value: str) -> str:
    """A value as SQL. The catalog holds lists as SQL already, but for the empty name, which SQL does not know."""
    if parameter in ("search_path", "temp_tablespaces"):
        return value.replace('""', "''")
    return "'" + value.replace("'", "''") + "'"


def _views(
    creation: Creation, before: Catalog, after: Catalog, dropped: bool, unwanted: Collection[str]
) -> Iterator[Lost]:
    had = next((each for each in before.views if _is(each, creation)), None)
    has = next((each for each in after.views if _is(each, creation)), None)
    if had is None or has is None or (had.schema, had.kind) != (has.schema, has.kind):
        return
    name = had.qualified_name
    node = creation.node
    said = {option.def_elem.defname for option in getattr(node, "options", ())}
    for option in had.options:
        key, _, value = option.partition("=")
        if key not in said and key not in {each.partition("=")[0] for each in has.options}:
            severity = Severity.ERROR if key == "security_invoker" else Severity.WARNING
            fix = f"ALTER {had.kind.upper()} {quoted(name)} SET ({key} = {value});"
            yield Lost(name, f"option: had {option}, has none", severity, fix)
    if dropped:
        yield from _privileges(name, quoted(name), had, has)
        yield from _indexes(had, has, unwanted)


def _indexes(had: View, has: View, unwanted: Collection[str]) -> Iterator[Lost]:
    """The indexes of a materialized view, but those of columns that it has no more."""
    gone = {column.name for column in had.columns} - {column.name for column in has.columns}
    for index in had.indexes:
        meant = index.name in unwanted or not gone.isdisjoint(_columns(index))
        if not meant and not any(_serves(index, other) for other in has.indexes):
            text = f"index: {index.name} is lost, {index_words(index)}"
            yield Lost(had.qualified_name, text, Severity.WARNING, f"{index.definition};")


def _columns(index: Index) -> frozenset[str]:
    """The columns that an index needs."""
    statement = syntax.parse(index.definition)[0].node
    nodes = tuple(syntax.walk(statement))
    plain = {node.name for node in nodes if syntax.node_name(node) == "IndexElem"}
    within = {node.fields[-1].string.sval for node in nodes if syntax.node_name(node) == "ColumnRef"}
    return frozenset(plain | within)


def _serves(index: Index, other: Index) -> bool:
    """Whether another index stands in the place of one: under its name, or for all that it was for."""
    if other.name == index.name or index_words(other) in (index_words(index), f"UNIQUE {index_words(index)}"):
        return True
    begins = other.keys[: len(index.keys)] == index.keys and other.key_options[: len(index.keys)] == index.key_options
    return begins and other.method == index.method == "btree" and other.predicate is None and not index.unique


def _privileges(name: str, on: str, had: Function | View, has: Function | View) -> Iterator[Lost]:
    """The owner and the grants of what was dropped and created again."""
    if had.owner != has.owner:
        yield Lost(name, f"owner: had {had.owner}, has {has.owner}", Severity.WARNING)
    granted, present = _granted(had), _granted(has)
    for key, words in granted.items():
        if key not in present:
            fix = f"GRANT {key[1]} ON {on} TO {_grantee(key[0])};"
            yield Lost(name, f"privileges: {words} is lost", Severity.ERROR, fix)
    if isinstance(had, Function):
        for key in present:
            if key not in granted:
                text = f"privileges: {key[0]} may {key[1]} again, which had been revoked"
                yield Lost(name, text, Severity.ERROR, f"REVOKE {key[1]} ON {on} FROM {_grantee(key[0])};")


def _grantee(name: str) -> str:
    return name if name == "PUBLIC" else quote(name)


def _granted(thing: Function | View) -> Mapping[tuple[str, str], str]:
    grants: tuple[Grant, ...] = thing.grants
    if isinstance(thing, Function) and thing.default_grants:
        grants = default_function_grants(thing.owner)
    return {
        (each.grantee, each.privilege): f"{each.privilege} for {each.grantee}" for each in grants if not each.column
    }


def _parts(creation: Creation, before: Catalog, after: Catalog) -> Iterator[Lost]:
    """A policy or a trigger."""
    for had_table in before.tables:
        has_table = after.table(had_table.qualified_name)
        if had_table.name != creation.table or creation.schema not in (None, had_table.schema) or has_table is None:
            continue
        if creation.kind == "policy":
            yield from _policy(creation, had_table, has_table)
        else:
            yield from _trigger(creation, had_table, has_table)


def _policy(creation: Creation, had_table: Table, has_table: Table) -> Iterator[Lost]:
    had: Policy | None = next((each for each in had_table.policies if each.name == creation.name), None)
    has: Policy | None = next((each for each in has_table.policies if each.name == creation.name), None)
    if had is None or has is None:
        return
    name = had_table.qualified_name
    alter = f"ALTER POLICY {quote(had.name)} ON {quoted(name)}"
    roles = creation.node.roles
    # The grammar puts PUBLIC without a place where the statement has no TO.
    if had.roles != has.roles and all(role.role_spec.location < 0 for role in roles):
        wanted = ", ".join(quote(role) for role in had.roles)
        text = f"roles: had TO {', '.join(had.roles)}, has TO {', '.join(has.roles)}"
        yield Lost(name, text, Severity.ERROR, f"{alter} TO {wanted};")
    again = f"DROP POLICY {quote(had.name)} ON {quoted(name)}; and create it"
    if had.command != has.command and "FOR" not in _words_before_expressions(creation):
        text = f"command: had FOR {had.command}, has FOR {has.command}"
        yield Lost(name, text, Severity.ERROR, f"-- {again} FOR {had.command}")
    if not had.permissive and has.permissive and "AS" not in _words_before_expressions(creation):
        yield Lost(name, "kind: had AS RESTRICTIVE, has AS PERMISSIVE", Severity.ERROR, f"-- {again} AS RESTRICTIVE")
    if has.command not in ("SELECT", "DELETE") and had.check and has.check is None and not _held(had, has):
        check = f"WITH CHECK ({syntax.sql_of_expression(had.check)})"
        using = (
            f"USING ({syntax.sql_of_expression(has.using)}) stands in for it"
            if has.using
            else "it does not look at new rows"
        )
        severity = Severity.WARNING if had.check == "true" else Severity.ERROR
        yield Lost(name, f"check: had {check}, has none: {using}", severity, f"{alter} {check};")


def _held(had: Policy, has: Policy) -> bool:
    """Whether USING, which says what may be written where there is no WITH CHECK, demands all that WITH CHECK did."""
    if had.check is None or has.using is None:
        return False
    return had.check == had.using or _demands(had.check) <= _demands(has.using)


def _demands(condition: str) -> frozenset[str]:
    """The parts of a condition that all have to hold."""
    node = syntax.unwrap(syntax.parse_expression(condition))
    if syntax.node_name(node) == "BoolExpr" and syntax.enum_name("BoolExprType", node.boolop) == "AND_EXPR":
        return frozenset(sql_of_tree(each) for each in node.args)
    return frozenset({syntax.sql_of_expression(condition)})


def _words_before_expressions(creation: Creation) -> frozenset[str]:
    """The tokens of a policy before USING and WITH CHECK."""
    names = [token.name for token in syntax.scan(creation.statement.sql)]
    end = min((names.index(word) for word in ("USING", "WITH") if word in names), default=len(names))
    return frozenset(names[:end])


def _trigger(creation: Creation, had_table: Table, has_table: Table) -> Iterator[Lost]:
    had: Trigger | None = next((each for each in had_table.triggers if each.name == creation.name), None)
    has: Trigger | None = next((each for each in has_table.triggers if each.name == creation.name), None)
    if had is None or has is None:
        return
    condition, rest = _condition(had)
    # A trigger that fires for other events, or calls another function, needs a condition of its own, or none.
    if condition and _condition(has) == ("", rest):
        text = f"condition: had WHEN ({condition}), fires always"
        fix = f"DROP TRIGGER {quote(had.name)} ON {quoted(had_table.qualified_name)};\n{had.definition};"
        yield Lost(had_table.qualified_name, text, Severity.WARNING, fix)
    if had.enabled != has.enabled:
        verb = {"disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS", "origin": "ENABLE"}
        fix = f"ALTER TABLE {quoted(had_table.qualified_name)} {verb[had.enabled]} TRIGGER {quote(had.name)};"
        yield Lost(had_table.qualified_name, f"firing: was {had.enabled}, is {has.enabled}", Severity.WARNING, fix)


def _condition(trigger: Trigger) -> tuple[str, str]:
    """What a trigger says in WHEN, empty where it has none; and the rest of its definition."""
    node = syntax.parse(trigger.definition)[0].node
    condition = sql_of_tree(node.when_clause) if node.HasField("when_clause") else ""
    node.ClearField("when_clause")
    return condition, syntax.sql_of(node)
