"""Rows that break an assumption are deleted, so that the others can be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.chain.assumptions import Assumption, Kind
from migrate_validate.data.assuming import (
    Connection,
    breaking,
    broken,
    resolve,
    sql_name,
    table_named,
    table_of,
)
from migrate_validate.syntax import node_name, quote, unwrap

ROUNDS = 5
"""How often rows are deleted: what one deletion leaves may break another assumption."""

_Place = tuple[int, str]
"""Where a row is: the oid of its table, which may be a partition, and its ctid."""
_PLACE = ("tableoid", "ctid")
_AT = "(tableoid, ctid) IN (SELECT * FROM unnest(%s::oid[], %s::text[]::tid[]))"


def settle(connection: Connection, assumptions: Sequence[Assumption], catalog: Catalog) -> tuple[Assumption, ...]:
    """Delete rows until all assumptions hold; those that still do not, after a few rounds or because it is refused.

    :param catalog: as for :func:`repair`
    """
    left = broken(connection, assumptions, catalog)
    for _ in range(ROUNDS):
        if not left:
            break
        deleted = 0
        for each in left:
            try:
                with connection.transaction():
                    deleted += repair(connection, each, catalog)
            except psycopg.Error:
                continue
        left = broken(connection, assumptions, catalog)
        if not deleted:
            break
    return left


def repair(connection: Connection, assumption: Assumption, catalog: Catalog) -> int:
    """Delete the rows that break an assumption, and those that refer to them, in one statement; how many.

    Of rows that are equal one stays. Of a plain query the rows of the first table behind FROM go; one that groups,
    unites or begins with WITH tells no rows, and nothing is deleted.

    :param catalog: the schema of the database; with constraints of :func:`assumed`, rows that refer by these go too
    :raises NotThere: when the assumption names what does not exist
    :raises psycopg.Error: when a trigger or a condition refuses
    """
    if assumption.kind is Kind.NO_ROWS:
        table, query = _rewritten(assumption.condition, catalog)
        if table is None:
            return 0
    else:
        resolve(assumption, catalog)
        table = table_of(assumption, catalog)
        query = breaking(assumption, catalog, _PLACE, "row_number() OVER (PARTITION BY {} ORDER BY ctid)")
    doomed: dict[str, set[_Place]] = {}
    new = {table.qualified_name: _places(connection, query)}
    while any(new.values()):
        for name, places in new.items():
            doomed.setdefault(name, set()).update(places)
        new = _referring(connection, catalog, new, doomed)
    if not doomed:
        return 0
    # Keys are checked when all of them are gone.
    parts = [
        f"d{i} AS (DELETE FROM {sql_name(catalog.tables_by_name[each])} WHERE {_AT})" for i, each in enumerate(doomed)
    ]
    values = [value for places in doomed.values() for value in _arrays(places)]
    connection.execute(f"WITH {', '.join(parts)} SELECT".encode(), values)
    return sum(map(len, doomed.values()))


def _places(connection: Connection, query: str, values: Sequence[Any] | None = None) -> set[_Place]:
    found = connection.execute(f"SELECT tableoid::bigint, ctid::text FROM ({query}) AS found".encode(), values)
    return {(int(oid), str(place)) for oid, place in found}


def _arrays(places: set[_Place]) -> tuple[list[int], list[str]]:
    ordered = sorted(places)
    return [oid for oid, _ in ordered], [place for _, place in ordered]


def _referring(
    connection: Connection, catalog: Catalog, new: dict[str, set[_Place]], doomed: dict[str, set[_Place]]
) -> dict[str, set[_Place]]:
    """Rows that refer to new ones, by table; without those that are known, and those whose key becomes NULL."""
    found: dict[str, set[_Place]] = {}
    for table in catalog.tables:
        for key in table.foreign_keys:
            if not new.get(key.references or "") or _becomes_null(table, key):
                continue
            parent = sql_name(catalog.tables_by_name[key.references or ""])
            pairs = zip(key.columns, key.referenced_columns, strict=True)
            equal = " AND ".join(f"c.{quote(own)} = p.{quote(their)}" for own, their in pairs)
            gone = f"SELECT * FROM {parent} WHERE {_AT}"
            query = f"SELECT c.tableoid, c.ctid FROM {sql_name(table)} AS c JOIN ({gone}) AS p ON {equal}"
            places = _places(connection, query, _arrays(new[key.references or ""]))
            found.setdefault(table.qualified_name, set()).update(places - doomed.get(table.qualified_name, set()))
    return found


def _becomes_null(table: Table, key: Constraint) -> bool:
    columns = (table.column(name) for name in key.columns)
    return key.on_delete == "set null" and not any(column is None or column.not_null for column in columns)


def _rewritten(query: str, catalog: Catalog) -> tuple[Table | None, str]:
    """The first table of a query, and the query for where its rows are; None where its rows are of no one table."""
    select = syntax.parse(query)[0].node
    apart = ("group_clause", "having_clause", "distinct_clause", "with_clause", "values_lists", "larg", "window_clause")
    named = {field.name for field, _ in select.ListFields()}
    first: Any = unwrap(select.from_clause[0]) if select.from_clause else None
    while node_name(first) == "JoinExpr":
        first = unwrap(first.larg)
    if named & set(apart) or node_name(first) != "RangeVar":
        return None, ""
    table = table_named(catalog, ".".join(part for part in (first.schemaname, first.relname) if part))
    alias = quote(first.alias.aliasname if first.HasField("alias") else first.relname)
    place = syntax.parse(f"SELECT {alias}.tableoid, {alias}.ctid")[0].node
    del select.target_list[:]
    del select.sort_clause[:]
    select.target_list.extend(place.target_list)
    return table, syntax.sql_of(select)
