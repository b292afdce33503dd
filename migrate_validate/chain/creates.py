"""Which names a script creates: what advice about a missing object needs to know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.findings import Location

OBJECT_KINDS = {
    "OBJECT_TABLE": "table",
    "OBJECT_FOREIGN_TABLE": "table",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_INDEX": "index",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
}
"""What the grammar calls the objects that can be created, renamed and dropped alike: their kind in :class:`Created`."""


@dataclass(frozen=True, slots=True)
class Created:
    """A name that exists after a statement."""

    kind: str
    """``schema table column type function view materialized view sequence extension role index policy trigger
    statistics``."""
    schema: str | None
    """None where the statement names none."""
    name: str
    location: Location
    """Of the statement."""
    table: str | None = None
    """Of a column, policy or trigger: the table (without schema)."""
    maybe: bool = False
    """Only seen inside the text of a DO block or of a statement that could not be parsed."""


@lru_cache(maxsize=2048)
def created_objects(script: Script) -> tuple[Created, ...]:
    """Every name that a script creates or renames something to, in order.

    Names are as PostgreSQL stores them. Empty for a script that cannot be cut into statements.
    """
    try:
        cut = statements(script)
    except ScriptError:
        return ()
    return tuple(found for statement in cut for found in created_by(statement))


def created_by(statement: Statement) -> Iterator[Created]:
    """Every name that one statement creates or renames something to."""
    if statement.kind == UNPARSED:
        yield from _guess(statement.sql, statement.location)
        return
    if statement.kind not in _READERS:
        return
    node = syntax.parse(statement.sql)[0].node
    yield from _READERS[statement.kind](node, statement.location)


def _relation(kind: str, relation: syntax.Node, at: Location) -> Created:
    return Created(kind, relation.schemaname or None, relation.relname, at)


def _named(kind: str, parts: Iterable[syntax.Node], at: Location) -> Created:
    names = [part.string.sval for part in parts]
    return Created(kind, names[-2] if len(names) > 1 else None, names[-1], at)


def _column(relation: syntax.Node, name: str, at: Location) -> Created:
    return Created("column", relation.schemaname or None, name, at, table=relation.relname)


def _table(node: syntax.Node, at: Location) -> Iterator[Created]:
    yield _relation("table", node.relation, at)
    for element in node.table_elts:
        if element.HasField("column_def"):
            yield _column(node.relation, element.column_def.colname, at)


def _table_as(node: syntax.Node, at: Location) -> Iterator[Created]:
    yield _relation("materialized view" if _object(node.objtype) == "OBJECT_MATVIEW" else "table", node.into.rel, at)


def _select_into(node: syntax.Node, at: Location) -> Iterator[Created]:
    if node.HasField("into_clause"):
        yield _relation("table", node.into_clause.rel, at)


def _altered(node: syntax.Node, at: Location) -> Iterator[Created]:
    for command in node.cmds:
        definition = getattr(command.alter_table_cmd, "def")
        if definition.HasField("column_def") and definition.column_def.colname:
            yield _column(node.relation, definition.column_def.colname, at)


def _schema(node: syntax.Node, at: Location) -> Iterator[Created]:
    name = node.schemaname or node.authrole.rolename
    yield Created("schema", None, name, at)
    for element in node.schema_elts:
        inner = element.WhichOneof("node")
        reader = _READERS.get(inner.removesuffix("_stmt"))
        for found in reader(getattr(element, inner), at) if reader else ():
            yield found if found.schema or found.kind == "schema" else replace(found, schema=name)


def _renamed(node: syntax.Node, at: Location) -> Iterator[Created]:
    kind = _RENAMED.get(_object(node.rename_type))
    if kind is None:
        return
    if kind == "column":
        yield _column(node.relation, node.newname, at)
    elif node.HasField("relation"):
        yield Created(kind, node.relation.schemaname or None, node.newname, at)
    else:
        parts = name_parts(node.object)
        yield Created(kind, parts[-2] if len(parts) > 1 else None, node.newname, at)


def _moved(node: syntax.Node, at: Location) -> Iterator[Created]:
    kind = _RENAMED.get(_object(node.object_type))
    if kind is None:
        return
    name = node.relation.relname if node.HasField("relation") else (name_parts(node.object) or [""])[-1]
    yield Created(kind, node.newschema, name, at)


def name_parts(node: syntax.Node) -> list[str]:
    """The dotted name inside whatever node PostgreSQL wraps it in."""
    inner = syntax.unwrap(node)
    kind = syntax.node_name(inner)
    if kind == "String":
        return [inner.sval]
    parts = {"List": "items", "ObjectWithArgs": "objname", "TypeName": "names"}.get(kind)
    return [part.string.sval for part in getattr(inner, parts)] if parts else []


def _defined(node: syntax.Node, at: Location) -> Iterator[Created]:
    kind = {"OBJECT_TYPE": "type", "OBJECT_AGGREGATE": "function"}.get(_object(node.kind))
    if kind:
        yield _named(kind, node.defnames, at)


def _do(node: syntax.Node, at: Location) -> Iterator[Created]:
    for argument in node.args:
        if argument.def_elem.defname == "as":
            yield from _guess(argument.def_elem.arg.string.sval, at)


def _index(node: syntax.Node, at: Location) -> Iterator[Created]:
    if node.idxname:
        yield Created("index", node.relation.schemaname or None, node.idxname, at)


def _on_table(kind: str, name: str, relation: syntax.Node, at: Location) -> Created:
    return Created(kind, relation.schemaname or None, name, at, table=relation.relname)


def _object(number: int) -> str:
    return syntax.enum_name("ObjectType", number)


_RENAMED = {**OBJECT_KINDS, "OBJECT_COLUMN": "column", "OBJECT_ROLE": "role"}

_READERS: dict[str, Callable[[syntax.Node, Location], Iterable[Created]]] = {
    "create": _table,
    "create_foreign_table": lambda node, at: _table(node.base_stmt, at),
    "create_table_as": _table_as,
    "select": _select_into,
    "alter_table": _altered,
    "create_schema": _schema,
    "create_enum": lambda node, at: [_named("type", node.type_name, at)],
    "create_range": lambda node, at: [_named("type", node.type_name, at)],
    "create_domain": lambda node, at: [_named("type", node.domainname, at)],
    "composite_type": lambda node, at: [_relation("type", node.typevar, at)],
    "define": _defined,
    "create_function": lambda node, at: [_named("function", node.funcname, at)],
    "view": lambda node, at: [_relation("view", node.view, at)],
    "create_seq": lambda node, at: [_relation("sequence", node.sequence, at)],
    "create_stats": lambda node, at: [_named("statistics", node.defnames, at)] if node.defnames else [],
    "create_extension": lambda node, at: [Created("extension", None, node.extname, at)],
    "create_role": lambda node, at: [Created("role", None, node.role, at)],
    "index": _index,
    "create_policy": lambda node, at: [_on_table("policy", node.policy_name, node.table, at)],
    "create_trig": lambda node, at: [_on_table("trigger", node.trigname, node.relation, at)],
    "rename": _renamed,
    "alter_object_schema": _moved,
    "do": _do,
}

# A name begins with a letter, _ or anything beyond ASCII. Said by what it is not: a range up to the last character
# takes 30 ms to compile.
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\x00-@\[-^`{-\x7f][\w$]*)'
_NAME = rf"(?P<name>{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})?)"
_CREATE = re.compile(
    rf"""\bcreate\s+(?:or\s+replace\s+)?(?:global\s+|local\s+)?(?:temp(?:orary)?\s+|unlogged\s+|foreign\s+|unique\s+|recursive\s+)*
    (?P<kind>table|materialized\s+view|view|type|domain|function|procedure|schema|sequence|extension|role|user|index)\s+
    (?:concurrently\s+)?(?:if\s+not\s+exists\s+)?{_NAME}""",
    re.IGNORECASE | re.VERBOSE,
)
_ADD_COLUMN = re.compile(
    rf"""\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?{_NAME}\s+add\s+column\s+(?:if\s+not\s+exists\s+)?
    (?P<column>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_RENAME = re.compile(
    rf"""\balter\s+(?P<kind>table|view|type|sequence|index|schema|role|function)\s+(?:if\s+exists\s+)?{_NAME}
    (?:\s*\([^)]*\))?\s+rename\s+to\s+(?P<new>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_SAME_KIND = {"domain": "type", "procedure": "function", "user": "role"}


def _guess(text: str, at: Location) -> Iterator[Created]:
    """What a text that is no SQL by itself (a DO body, dynamic SQL in it) probably creates."""
    plain = syntax.without_comments(text)
    for match in _CREATE.finditer(plain):
        kind = " ".join(match["kind"].lower().split())
        yield _guessed(_SAME_KIND.get(kind, kind), match["name"], at)
    for match in _ADD_COLUMN.finditer(plain):
        table = _guessed("table", match["name"], at)
        column = _fold(match["column"])
        yield Created("column", table.schema, column, at, table=table.name, maybe=True)
    for match in _RENAME.finditer(plain):
        old = _guessed(match["kind"].lower(), match["name"], at)
        yield replace(old, name=_fold(match["new"]))


def _guessed(kind: str, written: str, at: Location) -> Created:
    parts = [_fold(part) for part in re.findall(_IDENTIFIER, written)]
    return Created(kind, parts[0] if len(parts) > 1 else None, parts[-1], at, maybe=True)


def _fold(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier.lower()
