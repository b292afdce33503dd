"""What an object had on purpose and lost when it was created again by a statement that does not say it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.assembly import default_function_grants
from migrate_validate.catalog.model import Catalog, Function, Grant, Index, View
from migrate_validate.findings import Severity
from migrate_validate.syntax import quote

from .._shared import quoted
from .clobbered_parts import parts
from .creations import Creation
from .differing import index_words
from .loss import Lost


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
        yield from parts(creation, before, after)


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
        privileges = _privileges(name, f"ROUTINE {_sql_name(new[0])}", gone[0], new[0])
        for found in (*_function(creation, gone[0], new[0]), *privileges):
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
    name, alter = has.qualified_name, f"ALTER ROUTINE {_sql_name(has)}"
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
        fix = f"ALTER {on if isinstance(had, Function) else f'TABLE {on}'} OWNER TO {quote(had.owner)};"
        yield Lost(name, f"owner: had {had.owner}, has {has.owner}", Severity.WARNING, fix)
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
