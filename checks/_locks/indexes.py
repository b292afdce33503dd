"""Indexes, and the constraints that stand on them, made while others write."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_validate.syntax import Node, quote, sql_of

from .altering import ALONE, alter, column_of, copied, keys_of, listed, name_of, named, qualified, table_of
from .columns import no_null
from .locking import Command, Work, constraint_kind


def index(work: Work) -> list[str]:
    """How an index is built while others write."""
    tree = work.tree
    if tree is None:
        return []
    copy = copied(tree)
    if work.kind == "reindex":
        option = copy.params.add().def_elem
        option.defname, option.defaction = "concurrently", 1
        return [ALONE, f"{sql_of(copy)};"]
    if copy.access_method == "btree":
        copy.ClearField("access_method")  # The default, which nobody writes.
    partitions = partitions_of(work)
    if not partitions:
        copy.concurrent = True
        return [ALONE, f"{sql_of(copy)};"]
    # PostgreSQL does not build the index of a partitioned table concurrently, but those of its partitions.
    copy.idxname = tree.idxname or named(tree.relation.relname, keys_of(tree.index_params), "idx")
    copy.relation.inh = False
    lines = [f"{sql_of(copy)};", ALONE]
    attached = []
    for each in partitions:
        own = copied(copy)
        own.relation.inh = True
        schema, _, name = each.partition(".")
        own.relation.schemaname, own.relation.relname = schema, name
        own.idxname, own.concurrent = named(name, keys_of(tree.index_params), "idx"), True
        lines.append(f"{sql_of(own)};")
        parent = qualified(tree.relation.schemaname, copy.idxname)
        attached.append(f"ALTER INDEX {parent} ATTACH PARTITION {qualified(schema, own.idxname)};")
    return [*lines, "-- then:", *attached]


def constraint_by_index(
    tree: Node, command: Command, constraint: Node, partitions: Sequence[str], *, searched: bool
) -> list[str]:
    """Through an index.

    :param searched: whether a column of the primary key was searched for NULL too
    """
    column = column_of(command).colname if command.kind == "AT_AddColumn" else ""
    columns = [column] if column else [each.string.sval for each in constraint.keys]
    primary = constraint_kind(constraint) == "CONSTR_PRIMARY"
    table = tree.relation.relname
    name = constraint.conname or (named(table, (), "pkey") if primary else named(table, columns, "key"))
    no_nulls = [line for each in columns if primary and searched and not column for line in no_null(tree, each)]
    if partitions:
        return [*no_nulls, *_constraint_by_parts(tree, constraint, name, columns, partitions)]
    made = copied(constraint)
    made.conname, made.indexname = name, name
    for field in ("keys", "including", "options", "nulls_not_distinct", "indexspace"):
        made.ClearField(field)
    return [
        ALONE,
        _unique_index(name, table_of(tree), columns, constraint),
        *no_nulls,
        "-- then:",
        f"{alter(tree, made)};",
    ]


def _unique_index(name: str, table: str, columns: Sequence[str], constraint: Node) -> str:
    included = [each.string.sval for each in constraint.including]
    return (
        f"CREATE UNIQUE INDEX CONCURRENTLY {quote(name)} ON {table} ({listed(columns)})"
        + (f" INCLUDE ({listed(included)})" if included else "")
        + (" NULLS NOT DISTINCT" if constraint.nulls_not_distinct else "")
        + ";"
    )


def _constraint_by_parts(
    tree: Node, constraint: Node, name: str, columns: Sequence[str], partitions: Sequence[str]
) -> list[str]:
    """The constraint of a partitioned table, which is complete when each partition has its own."""
    whole = copied(constraint)
    whole.conname = name
    if not constraint.keys:  # It stood with its column.
        for each in columns:
            whole.keys.add().string.sval = each
    built, attached = [], []
    for each in partitions:
        schema, _, relname = each.partition(".")
        own = copied(constraint)
        own.conname = own.indexname = named(relname, columns, "pkey" if name.endswith("_pkey") else "key")
        for field in ("keys", "including", "options", "nulls_not_distinct", "indexspace"):
            own.ClearField(field)
        built.append(_unique_index(own.conname, name_of(each), columns, constraint))
        parent = qualified(tree.relation.schemaname, name)
        attached.append(f"{alter(tree, own, each)};")
        attached.append(f"ALTER INDEX {parent} ATTACH PARTITION {qualified(schema, own.conname)};")
    return [f"{alter(tree, whole, only=True)};", ALONE, *built, "-- then:", *attached]


def partitions_of(work: Work) -> list[str]:
    """The partitions that it scanned, where it is about a partitioned table."""
    if not any(each.kind == "partitioned table" for each in work.run.touched):
        return []
    return [each.relation for each in work.occupied if each.kind == "table"]
