"""What is asked of the state before a migration, made from the trees of its own statements.

Each question is a query with one value. It is made for the state before the whole migration: where an earlier statement
of it has to run first (a table that it makes), PostgreSQL refuses the question, and it stays without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.syntax import GrammarError, Node, node_name, parse, quote, sql_of, walk

from .._shared import quoted
from .deeds import Copy, Words
from .expressions import columns_of, conjuncts, text_of
from .scene import keys

BEGAN = "began"
"""The name of the question what time it is."""


def questions(words: Words, before: Catalog) -> Mapping[str, str]:
    """By name: what is to be asked."""
    return {
        BEGAN: "now()",
        **dict(_deletes(words, before)),
        **dict(_filters(words, before)),
        **dict(_joins(words, before)),
    }


def delete_question(table: str, place: int) -> str:
    """The name of the question which rows a table's DELETE of this place asks for."""
    return f"delete {table} {place}"


def filter_question(copy: Copy) -> str:
    """The name of the question what the WHERE of a copy says of each row."""
    return f"filter {copy.source} {copy.target} {copy.statement.location.line} {copy.alias}"


def join_question(number: int) -> str:
    """The name of the question how many rows the UPDATE with this number among the deeds finds several values for."""
    return f"several {number}"


def _key(table: Table) -> tuple[str, ...]:
    return next(keys(table), ())


def _listed(table: Table, alias: str) -> str:
    return "ARRAY[" + ", ".join(f"{quote(alias)}.{quote(name)}::text" for name in _key(table)) + "]"


def _deletes(words: Words, before: Catalog) -> Iterator[tuple[str, str]]:
    """Only of tables that rows can leave in another way, too."""
    for name in {each.table for each in words.deeds if each.kind == "delete"}:
        table = before.table(name)
        if table is None or not _key(table) or not any(each.on_delete == "cascade" for each in table.foreign_keys):
            continue
        for place, deed in enumerate(words.deeds_on(name, "delete", "truncate", "detach", "drop")):
            node = deed.node
            if node_name(node) != "DeleteStmt" or node is None:
                continue
            alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
            select = _tree(f"SELECT coalesce(json_agg({_listed(table, alias)}), '[]') FROM {_from(name, alias)}")
            select.from_clause.extend(node.using_clause)
            yield from _asked(delete_question(name, place), select, node)


def _filters(words: Words, before: Catalog) -> Iterator[tuple[str, str]]:
    for copy in words.copies:
        table = before.table(copy.source)
        if table is None or not _key(table):
            continue
        own = own_conditions(copy, table)
        if own:
            condition = " AND ".join(f"({each})" for each in own)
            row = f"json_build_object('key', {_listed(table, copy.alias)}, 'says', {condition})"
            yield (
                filter_question(copy),
                f"SELECT coalesce(json_agg({row}), '[]') FROM {_from(copy.source, copy.alias)}",
            )


def own_conditions(copy: Copy, table: Table) -> list[str]:
    """The parts of a copy's WHERE that ask for nothing but the row itself."""
    names = {column.name for column in table.columns}
    return [
        text_of(each)
        for each in conjuncts(copy.where)
        if not any(node_name(part) == "SubLink" for part in walk(each))
        and all(qualifier == copy.alias or (not qualifier and name in names) for qualifier, name in columns_of(each))
    ]


def _joins(words: Words, before: Catalog) -> Iterator[tuple[str, str]]:
    for number, deed in enumerate(words.deeds):
        node = deed.node
        if deed.kind != "update" or node is None or node_name(node) != "UpdateStmt" or not node.from_clause:
            continue
        if before.table(deed.table) is None:
            continue
        alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
        values = [text_of(each.expression) for each in deed.assigned.values() if each.expression is not None]
        added = [
            f"NULL::{each.type} AS {quote(column.lstrip('+'))}"
            for column, each in words.added.get(deed.table, {}).items()
            if each.type
        ]
        target = f"(SELECT {', '.join(['tableoid', 'ctid', '*', *added])} FROM {quoted(deed.table)}) AS {quote(alias)}"
        row = f"ROW({', '.join(values)})::text"
        select = _tree(f"SELECT 1 FROM {target} GROUP BY {quote(alias)}.tableoid, {quote(alias)}.ctid")
        select.from_clause.extend(node.from_clause)
        having = _tree(f"SELECT 1 HAVING count(DISTINCT {row}) > 1")
        select.having_clause.CopyFrom(having.having_clause)
        for name, query in _asked(join_question(number), select, node):
            yield name, f"SELECT count(*) FROM ({query}) AS rows"


def _from(name: str, alias: str) -> str:
    return f"{quoted(name)} AS {quote(alias)}"


def _tree(text: str) -> Node:
    return parse(text)[0].node


def _asked(name: str, select: Node, node: Node) -> Iterator[tuple[str, str]]:
    """The query with the conditions of a statement."""
    if node.HasField("where_clause"):
        select.where_clause.CopyFrom(node.where_clause)
    if node.HasField("with_clause"):
        select.with_clause.CopyFrom(node.with_clause)
    try:
        yield name, sql_of(select)
    except GrammarError:
        return
