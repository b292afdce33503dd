"""A few generated rows for some tables of a database, beside those that it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.data.dataset import Refused, try_row
from migrate_validate.data.drawing import drawn
from migrate_validate.data.order import fill_order, nullable_key
from migrate_validate.data.strategies import Row, rows
from migrate_validate.data.values import DEFAULT, Value
from migrate_validate.errors import Unsupported
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]

ROWS = 3
"""New rows that a table gets."""
TRIES = 15
"""Rows that are drawn for them."""
PARENTS = 10
"""Rows of a referenced table that foreign keys are pointed at."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of the tables."""

    rows: Mapping[str, int]
    """By ``schema.name``: how many rows a table got."""
    refused: Mapping[str, str]
    """By ``schema.name``: why a table got none."""


def fill(connection: Connection, catalog: Catalog, names: Collection[str]) -> Filled:
    """Insert a few rows into tables, and into those that they refer to where these are empty.

    What the database numbers itself (identity columns, sequences) is left to it, so that numbers stay free for others.
    It happens in a transaction, or in a savepoint of the one that is open, where all constraints are checked at once
    from then on: tables that refer to each other in a circle can only be filled where a key may be NULL.

    :param catalog: the schema as it is now
    :param names: ``schema.name`` of the tables
    :raises psycopg.Error: when the connection is lost
    """
    filling = _Filling(connection, catalog)
    wanted = {*names, *_needed_anew(catalog, names)}
    order = fill_order(catalog, wanted | _needed(catalog, wanted))
    with connection.transaction():
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in order.tables:
            filling.fill(table, table.qualified_name in wanted)
    return Filled(filling.rows, filling.refused)


@dataclass(slots=True)
class _Filling:
    connection: Connection
    catalog: Catalog
    parents: dict[str, list[Mapping[str, Value]]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def fill(self, table: Table, wanted: bool) -> None:
        """Fill one table; its parents come before it."""
        name = table.qualified_name
        try:
            with self.connection.transaction():
                self.parents[name] = self._present(table)
        except psycopg.Error as error:
            self.refused[name] = str(error.diag.message_primary or error)
            return
        if self.parents[name] and not wanted:
            return
        missing = [
            key.references
            for key in table.foreign_keys
            if key.references != name and not self.parents.get(key.references or "") and not nullable_key(table, key)
        ]
        if missing:
            self.refused[name] = f"{missing[0]}, which it refers to, has no rows"
            return
        try:
            candidates = drawn(rows(self.catalog, table, parents=self.parents, limits=False), TRIES)
        except Unsupported as error:
            self.refused[name] = error.what
            return
        # The simplest rows come first and are much alike.
        tried = [_bare(table, candidates[-1]), *reversed(candidates)]
        self._insert(table, [_numbered(table, row) for row in tried])

    def _insert(self, table: Table, candidates: Sequence[Row]) -> None:
        name = table.qualified_name
        wanted = sorted(self.catalog.referenced_columns.get(name, frozenset()))
        why = "a trigger or a rule drops the rows"
        taken = 0
        for row in candidates:
            outcome = try_row(self.connection, table, row, returning=wanted)
            if isinstance(outcome, Refused):
                why = outcome.message
            elif outcome is not None:
                taken += 1
                self.parents[name].append(dict(zip(wanted, outcome, strict=True)))
            if taken == ROWS:
                break
        if taken:
            self.rows[name] = taken
        else:
            self.refused[name] = why

    def _present(self, table: Table) -> list[Mapping[str, Value]]:
        """Rows that the table has already, by the columns that foreign keys refer to."""
        wanted = sorted(self.catalog.referenced_columns.get(table.qualified_name, frozenset()))
        listed = ", ".join(f"{quote(column)}::text" for column in wanted)
        query = f"SELECT {listed} FROM {quote(table.schema)}.{quote(table.name)} LIMIT {PARENTS}"
        found = self.connection.execute(query.encode()).fetchall()
        return [dict(zip(wanted, each, strict=True)) for each in found]


def _needed(catalog: Catalog, names: Collection[str]) -> set[str]:
    """The tables that these refer to, and what those cannot do without in turn."""
    tables = catalog.tables_by_name
    found: set[str] = set()
    queue = [key.references for name in tables.keys() & set(names) for key in tables[name].foreign_keys]
    while queue:
        name = queue.pop()
        if name is not None and name in tables and name not in found:
            found.add(name)
            table = tables[name]
            queue += [key.references for key in table.foreign_keys if not nullable_key(table, key)]
    return found


def _needed_anew(catalog: Catalog, names: Collection[str]) -> Iterator[str]:
    """The tables whose rows may each be referred to only once: new rows need new ones of them."""
    tables = catalog.tables_by_name
    for name in tables.keys() & set(names):
        unique = [set(each.columns) for each in tables[name].constraints if each.kind in ("primary key", "unique")]
        for key in tables[name].foreign_keys:
            if key.references and any(columns <= set(key.columns) for columns in unique):
                yield key.references


def _bare(table: Table, row: Row) -> Row:
    """The row with NULL wherever it is allowed: what scripts are least prepared for, and few rows may never have."""
    key = table.primary_key.columns if table.primary_key else ()
    required = {column.name for column in table.columns if column.not_null or column.generated}
    return {name: value if name in required or name in key else None for name, value in row.items()}


def _numbered(table: Table, row: Row) -> Row:
    """The row without what the database numbers itself."""
    return {**row, **{column.name: DEFAULT for column in table.columns if column.name in row and _counts(column)}}


def _counts(column: Column) -> bool:
    return bool(column.identity) or "nextval(" in (column.default or "")
