"""What a statement wants to create, and what it says where that is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements


@dataclass(frozen=True, slots=True)
class Creation:
    """One object that a statement creates."""

    kind: str
    """``table column constraint index sequence schema type extension view function trigger policy statistics``,
    ``materialized view``; ``server collation`` where guarded."""
    schema: str | None
    """As written; None where the statement names none. Of what belongs to a table: the table's."""
    name: str
    statement: Statement
    """The statement of the file that it stands in."""
    node: syntax.Node
    """The tree that creates it and nothing else."""
    guarded: bool = False
    """It does nothing where the object is there: IF NOT EXISTS, or a DO block that asks or catches the error."""
    replaces: bool = False
    """OR REPLACE."""
    table: str | None = None
    """Of a column, constraint, index, trigger or policy: its table, without schema."""


@lru_cache(maxsize=4096)
def creations(statement: Statement) -> tuple[Creation, ...]:
    """Everything that a statement wants to create, in order; temporary tables are left out."""
    if statement.kind == UNPARSED:
        return ()
    if statement.kind == "do":
        return tuple(_in_block(statement))
    reader = _READERS.get(statement.kind)
    return tuple(reader(syntax.parse(statement.sql)[0].node, statement)) if reader else ()


def fresh(script: Script) -> Iterator[Creation]:
    """What a script creates unconditionally under a name that must be free; of functions arguments decide that."""
    try:
        parts = statements(script)
    except ScriptError:
        return
    elsewhere = any(part.kind == "variable_set" and "search_path" in part.sql.lower() for part in parts)
    for part in parts:
        for creation in creations(part):
            sure = not creation.guarded and not creation.replaces and creation.kind != "function"
            if sure and not (elsewhere and creation.schema is None):
                yield creation


def altered_if_there(statement: Statement) -> tuple[str | None, str] | None:
    """Schema and name of the relation that ALTER ... IF EXISTS changes; None for other statements."""
    if statement.kind not in ("alter_table", "rename"):
        return None
    node = syntax.parse(statement.sql)[0].node
    if not node.missing_ok or not node.HasField("relation"):
        return None
    return node.relation.schemaname or None, node.relation.relname


def _relation(kind: str, relation: syntax.Node, node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    if relation.relpersistence != "t" and relation.schemaname != "pg_temp":
        guarded, replaces = bool(getattr(node, "if_not_exists", False)), bool(getattr(node, "replace", False))
        yield Creation(kind, relation.schemaname or None, relation.relname, statement, node, guarded, replaces)


def _named(kind: str, parts: Iterable[syntax.Node], node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    *schema, name = [part.string.sval for part in parts]
    replaces = bool(getattr(node, "replace", False))
    yield Creation(kind, schema[-1] if schema else None, name, statement, node, replaces=replaces)


def _table_as(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    kind = "materialized view" if syntax.enum_name("ObjectType", node.objtype) == "OBJECT_MATVIEW" else "table"
    yield from _relation(kind, node.into.rel, node, statement)


def _of_table(kind: str, name: str, relation: syntax.Node, node: syntax.Node, statement: Statement) -> Creation:
    guarded, replaces = bool(getattr(node, "if_not_exists", False)), bool(getattr(node, "replace", False))
    schema = relation.schemaname or None
    return Creation(kind, schema, name, statement, node, guarded, replaces, table=relation.relname)


def _index(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    if node.idxname:
        yield _of_table("index", node.idxname, node.relation, node, statement)


def _altered(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    """Columns and named constraints that are added, each with a tree of its own."""
    if syntax.enum_name("ObjectType", node.objtype) != "OBJECT_TABLE":
        return
    for command in node.cmds:
        inner = command.alter_table_cmd
        definition = syntax.unwrap(getattr(inner, "def"))
        what = syntax.enum_name("AlterTableType", inner.subtype)
        if what == "AT_AddColumn":
            kind, name = "column", definition.colname
        elif what == "AT_AddConstraint" and definition.conname:
            kind, name = "constraint", definition.conname
        else:
            continue
        alone = type(node)()
        alone.CopyFrom(node)
        del alone.cmds[:]
        alone.cmds.add().CopyFrom(command)
        yield replace(
            _of_table(kind, name, node.relation, alone, statement), guarded=bool(inner.missing_ok), replaces=False
        )


def _statistics(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    if node.defnames:
        for found in _named("statistics", node.defnames, node, statement):
            yield replace(found, guarded=bool(node.if_not_exists))


def _schema(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    name = node.schemaname or node.authrole.rolename
    yield Creation("schema", None, name, statement, node, bool(node.if_not_exists))


def _extension(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    yield Creation("extension", None, node.extname, statement, node, bool(node.if_not_exists))


def _foreign_table(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    for found in _relation("table", node.base_stmt.relation, node.base_stmt, statement):
        yield replace(found, node=node)


def _server(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    if node.if_not_exists:
        yield Creation("server", None, node.servername, statement, node, guarded=True)


def _collation(node: syntax.Node, statement: Statement) -> Iterator[Creation]:
    if syntax.enum_name("ObjectType", node.kind) == "OBJECT_COLLATION" and node.if_not_exists:
        for found in _named("collation", node.defnames, node, statement):
            yield replace(found, guarded=True)


def _in_block(statement: Statement) -> Iterator[Creation]:
    """What a DO block creates under a guard."""
    try:
        inside = tuple(_guarded(syntax.parse_block(statement.sql), False))
        trees = [parsed for text in inside for parsed in syntax.parse(text)]
    except syntax.GrammarError:
        return
    if any(tree.kind == "drop" for tree in trees):
        return  # What is dropped first is made anew.
    for tree in trees:
        reader = _READERS.get(tree.kind)
        for found in reader(tree.node, statement) if reader else ():
            yield replace(found, guarded=True)


def _guarded(block: Any, guarded: bool) -> Iterator[str]:
    """The SQL statements of a PL/pgSQL tree that run only where something is not there, or whose error is caught."""
    if isinstance(block, list):
        for each in block:
            yield from _guarded(each, guarded)
    elif isinstance(block, Mapping):
        if guarded and "PLpgSQL_stmt_execsql" in block:
            yield block["PLpgSQL_stmt_execsql"]["sqlstmt"]["PLpgSQL_expr"]["query"]
        inside = guarded or _catches(block) or _asks(block)
        for value in block.values():
            yield from _guarded(value, inside)


def _catches(block: Mapping[str, Any]) -> bool:
    """Whether this is a block with a handler for what is there already."""
    handlers = block.get("exceptions", {}).get("PLpgSQL_exception_block", {}).get("exc_list", [])
    names = {
        condition["PLpgSQL_condition"]["condname"]
        for handler in handlers
        for condition in handler["PLpgSQL_exception"]["conditions"]
    }
    return any(name == "others" or name.startswith("duplicate_") for name in names)


def _asks(block: Mapping[str, Any]) -> bool:
    """Whether this is an IF that asks whether something is not there."""
    condition = block.get("cond", {}).get("PLpgSQL_expr", {}).get("query") if "then_body" in block else None
    if condition is None:
        return False
    names = [syntax.node_name(node) for node in syntax.walk(syntax.parse_expression(condition))]
    return ("BoolExpr" in names and "SubLink" in names) or "NullTest" in names


_Reader = Callable[[syntax.Node, Statement], Iterable[Creation]]
_READERS: dict[str, _Reader] = {
    "create": lambda node, at: _relation("table", node.relation, node, at),
    "create_foreign_table": _foreign_table,
    "create_table_as": _table_as,
    "create_seq": lambda node, at: _relation("sequence", node.sequence, node, at),
    "view": lambda node, at: _relation("view", node.view, node, at),
    "composite_type": lambda node, at: _relation("type", node.typevar, node, at),
    "create_enum": lambda node, at: _named("type", node.type_name, node, at),
    "create_domain": lambda node, at: _named("type", node.domainname, node, at),
    "create_range": lambda node, at: _named("type", node.type_name, node, at),
    "create_function": lambda node, at: _named("function", node.funcname, node, at),
    "create_schema": _schema,
    "create_extension": _extension,
    "create_foreign_server": _server,
    "define": _collation,
    "create_stats": _statistics,
    "index": _index,
    "alter_table": _altered,
    "create_trig": lambda node, at: [_of_table("trigger", node.trigname, node.relation, node, at)],
    "create_policy": lambda node, at: [_of_table("policy", node.policy_name, node.table, node, at)],
}
