"""Statements of a migration, altered: trees made into other trees, and into SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate_validate.syntax import Node, node_name, parse, quote, sql_of, unwrap, walk

from .locking import Command, builds_index, constraint_kind, wants_validation

ALONE = "-- in a file of its own, outside of a transaction:"
LATER = "-- in a later migration:"
BATCHES = "-- in later migrations: the rows that exist, some thousands at a time, each in a transaction of its own:"
REPACK = "-- nothing in PostgreSQL does this beside the table's users; pg_repack does"
_SELECT = parse("SELECT 1")[0].node
_LONGEST_NAME = 63
"""Bytes, in a server that was built as usual."""


def column_of(command: Command) -> Node:
    """The column that ADD COLUMN or ALTER COLUMN TYPE defines."""
    return getattr(command.node, "def").column_def


def light_column(command: Command) -> Node:
    """The column of ADD COLUMN without the constraints that look at rows or build an index."""
    column = copied(column_of(command))
    kept, heavy = [], False
    for each in column_of(command).constraints:
        # DEFERRABLE and the like stand after the constraint that they are about.
        if not constraint_kind(each.constraint).startswith("CONSTR_ATTR_"):
            heavy = builds_index(each.constraint) or wants_validation(command, each.constraint)
        if not heavy:
            kept.append(each)
    del column.constraints[:]
    column.constraints.extend(kept)
    return column


def add_column(tree: Node, column: Node) -> str:
    """ALTER TABLE ... ADD COLUMN, on the table of another ALTER TABLE."""
    copy, command = one_command(tree, "AT_AddColumn")
    getattr(command, "def").column_def.CopyFrom(column)
    return sql_of(copy)


def alter(tree: Node, added: Node, table: str = "", *, only: bool = False) -> str:
    """ALTER TABLE ... ADD CONSTRAINT, on the table of another ALTER TABLE.

    :param table: the one to use in its place, ``schema.name``
    :param only: not on its partitions
    """
    copy, command = one_command(tree, "AT_AddConstraint")
    getattr(command, "def").constraint.CopyFrom(added)
    if only:
        copy.relation.inh = False
    if table:
        copy.relation.schemaname, _, copy.relation.relname = table.partition(".")
    return sql_of(copy)


def one_command(tree: Node, kind: str) -> tuple[Node, Node]:
    """A copy of an ALTER TABLE with one action, and that action."""
    copy = copied(tree)
    del copy.cmds[1:]
    command = copy.cmds[0].alter_table_cmd
    command.Clear()
    for field, name in (("subtype", kind), ("behavior", "DROP_RESTRICT")):
        setattr(command, field, command.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name[name].number)
    return copy, command


def copied(node: Node) -> Node:
    """A copy that may be changed."""
    copy = type(node)()
    copy.CopyFrom(node)
    return copy


def expression(node: Node, prefix: str = "") -> str:
    """An expression as SQL; its columns with a prefix."""
    copy = copied(node)
    if prefix:
        for each in walk(copy):
            if node_name(each) == "ColumnRef" and len(each.fields) == 1:
                column = copied(each.fields[0])
                each.fields[0].string.sval = prefix
                each.fields.append(column)
    select = copied(_SELECT)
    select.target_list[0].res_target.val.CopyFrom(copy)
    return sql_of(select).removeprefix("SELECT ")


def of_column(node: Node, column: str) -> None:
    """Have the condition of a domain speak of a column in place of its VALUE."""
    for each in walk(node):
        if node_name(each) == "ColumnRef" and [part.string.sval for part in each.fields] == ["value"]:
            each.fields[0].string.sval = column


def columns_in(node: Node) -> set[str]:
    """The columns that an expression names."""
    names = (unwrap(each.fields[-1]) for each in walk(node) if node_name(each) == "ColumnRef")
    return {name.sval for name in names if node_name(name) == "String"}


def keys_of(elements: Iterable[Node]) -> list[str]:
    """The columns of an index, ``expr`` for an expression, as PostgreSQL names indexes after them."""
    return [each.index_elem.name or "expr" for each in elements]


def named(table: str, columns: Sequence[str], ending: str) -> str:
    """A name as PostgreSQL makes them: ``t_a_b_idx``."""
    room = _LONGEST_NAME - len(ending) - 1
    return "_".join([table, *columns])[:room] + f"_{ending}"


def listed(columns: Iterable[str]) -> str:
    """``a, b`` as SQL writes it."""
    return ", ".join(map(quote, columns))


def qualified(schema: str, name: str) -> str:
    """A name as SQL writes it, with the schema where there is one."""
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


def name_of(table: str) -> str:
    """``schema.name`` as SQL writes it."""
    schema, _, name = table.partition(".")
    return qualified(schema, name)


def table_of(tree: Node) -> str:
    """The table of a statement, as it was named there."""
    return qualified(tree.relation.schemaname, tree.relation.relname)
