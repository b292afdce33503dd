"""A few generated rows for some tables of a database, beside those that it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.assumption import Assumption
from migrate_validate.data.assuming import assumed, sql_name
from migrate_validate.data.drawing import chance
from migrate_validate.data.learned import Learned
from migrate_validate.data.learning import learn
from migrate_validate.data.loading import accepted, load
from migrate_validate.data.model import Dataset
from migrate_validate.data.order import FillOrder, ancestors, fill_order, nullable_key
from migrate_validate.data.repairing import settle
from migrate_validate.data.sampling import sample
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import Default, Value

Connection = psycopg.Connection[Any]

ROWS = 3
"""New rows that a table gets; a few more where the first ones were refused."""
ATTEMPTS = 8
"""How often rows are drawn for a table that got none,"""
MORE = 2
"""and for one that got some, but not all."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of the tables."""

    rows: Mapping[str, int]
    """By ``schema.name``: how many rows a table got."""
    refused: Mapping[str, str]
    """By ``schema.name``: why a table got none."""


def fill(
    connection: Connection,
    catalog: Catalog,
    names: Collection[str],
    *,
    learned: Learned | None = None,
    assumptions: Sequence[Assumption] = (),
    draw: int = 0,
) -> Filled:
    """Insert a few rows into tables, and into those that they refer to where these are empty.

    One row of each has NULL wherever it is allowed: what scripts are least prepared for, and few rows may never have.
    Numbers that the database would give itself are left to it, or its sequence goes on behind them.
    It happens in a transaction, or in a savepoint of the one that is open, where constraints that are no deferrable
    foreign keys are checked at once from then on.

    :param catalog: the schema as it is now
    :param names: ``schema.name`` of the tables
    :param learned: what :func:`~migrate_validate.data.learning.learn` has found out in this state for these tables,
        with the assumptions as constraints; found out now by default
    :param assumptions: what all rows of the database are made to hold
    :param draw: 0; or the number of another draw, without the rows that are all NULL
    :raises NotThere: when an assumption names what does not exist
    :raises psycopg.Error: when the connection is lost
    """
    stated = assumed(catalog, assumptions)
    known = learned or learn(connection, stated, names)
    filling = _Filling(connection, stated, known, _wanted(catalog, names))
    try:
        with connection.transaction():
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            filling.run(draw)
            filling.settle(assumptions)
    except _Unsettled as error:
        return Filled({}, dict.fromkeys(filling.wanted, f"no rows could be made that hold 'assume {error.assumption}'"))
    return Filled(filling.rows(), filling.refused())


class _Unsettled(Exception):
    """Rows break an assumption, and cannot be deleted."""

    def __init__(self, assumption: Assumption) -> None:
        super().__init__()
        self.assumption = assumption


@dataclass(slots=True)
class _Filling:
    connection: Connection
    catalog: Catalog
    learned: Learned
    wanted: frozenset[str]
    taken: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)
    """What PostgreSQL said last about a row of a table."""
    present: dict[str, list[Mapping[str, Value]]] = field(default_factory=dict)

    def run(self, draw: int) -> None:
        """Fill the tables, and draw again for those whose rows were refused."""
        self.present = {name: list(rows) for name, rows in self.learned.present.items()}
        self._fixtures()
        for attempt in range(ATTEMPTS):
            short = {
                name
                for name in self._possible()
                if not self.taken[name] or (attempt < MORE and self.taken[name] < ROWS)
            }
            if not short:
                break
            data = sample(self._order(short), replace(self.learned, present=self.present), ROWS, chance(draw, attempt))
            self._load(data if draw or attempt else _with_bare_rows(data, self.catalog, self.learned))

    def settle(self, assumptions: Sequence[Assumption]) -> None:
        """Delete what breaks an assumption."""
        before = {name: self._count(name) for name in self.taken} if assumptions else {}
        if left := settle(self.connection, assumptions, self.catalog):
            raise _Unsettled(left[0])
        for name, count in before.items():
            self.taken[name] = max(0, self.taken[name] + self._count(name) - count)
            if not self.taken[name]:
                self.said[name] = "all rows were deleted that broke what is assumed"

    def rows(self) -> dict[str, int]:
        """By table: how many it got."""
        return {name: count for name, count in self.taken.items() if count}

    def refused(self) -> dict[str, str]:
        """By table: why it got none."""
        order = fill_order(self.catalog, ancestors(self.catalog, self.wanted))
        empty = [
            table.qualified_name
            for table in order.tables
            if not self.taken[table.qualified_name]
            and (table.qualified_name in self.wanted or not self.present.get(table.qualified_name))
        ]
        reasons = {**self.said, **self.learned.unfilled}
        wanted = self.wanted | self.learned.unfilled.keys()
        return {name: reasons.get(name, "no row could be made whose keys fit") for name in empty if name in wanted}

    def _possible(self) -> set[str]:
        return {name for name in self.wanted if name in self.learned.pools and name not in self.learned.unfilled}

    def _fixtures(self) -> None:
        wanted = ancestors(self.catalog, self.wanted)
        names = [name for name in self.learned.given if name in wanted and name not in self.learned.unfilled]
        for name in names:
            if fixture := self.learned.given[name].fixture:
                load(self.connection, Dataset({}, {}, fixtures=(fixture,)))
                self.taken[name] = self._count(name)

    def _count(self, name: str) -> int:
        query = f"SELECT count(*) FROM {sql_name(self.catalog.tables_by_name[name])}"
        (count,) = self.connection.execute(query.encode()).fetchone() or (0,)
        return int(count)

    def _order(self, names: set[str]) -> FillOrder:
        """These tables, and the empty ones that they refer to."""
        tables = self.catalog.tables_by_name
        found = set(names)
        queue = list(names)
        while queue:
            table = tables[queue.pop()]
            for key in table.foreign_keys:
                parent = key.references or ""
                needed = table.qualified_name in names or not nullable_key(table, key)
                if needed and parent in tables and parent not in found and not self.present.get(parent):
                    found.add(parent)
                    queue.append(parent)
        return fill_order(self.catalog, found)

    def _load(self, data: Dataset) -> None:
        refused = load(self.connection, data, raise_refusals=False)
        self.said.update((each.table, each.message) for each in refused)
        for name, rows in accepted(data, refused).rows.items():
            self.taken[name] += len(rows)
            self.present.setdefault(name, []).extend(map(_known, rows))


def _known(row: Row) -> Mapping[str, Value]:
    return {name: value for name, value in row.items() if not isinstance(value, Default)}


def _with_bare_rows(data: Dataset, catalog: Catalog, learned: Learned) -> Dataset:
    """The dataset with NULL wherever it is allowed in the last row of each table."""
    bare = {
        name: (*rows[:-1], {**rows[-1], **_nulls(data.tables[name], catalog, learned)})
        for name, rows in data.rows.items()
        if rows
    }
    return replace(data, rows={**data.rows, **bare})


def _nulls(table: Table, catalog: Catalog, learned: Learned) -> dict[str, Value | Default]:
    """What a row is given that has NULL wherever it may."""
    kept = set(catalog.referenced_columns.get(table.qualified_name, frozenset()))
    kept |= {column.name for column in table.columns if column.name in (table.partition_key or "")}
    found: dict[str, Value | Default] = {}
    for pool in learned.pools[table.qualified_name]:
        barest = max(pool.values, key=lambda cells: cells.count(None))
        if None in barest and not kept.intersection(pool.columns):
            found |= zip(pool.columns, barest, strict=True)
    for key in table.foreign_keys:
        if nullable_key(table, key) and not kept.intersection(key.columns):
            primary = table.primary_key.columns if table.primary_key else ()
            columns = (table.column(name) for name in key.columns if name not in primary)
            found |= dict.fromkeys(column.name for column in columns if column is not None and not column.not_null)
    return found


def _wanted(catalog: Catalog, names: Collection[str]) -> frozenset[str]:
    """The tables, and those whose rows may each be referred to only once: new rows need new ones of them."""
    return frozenset({*names, *_needed_anew(catalog, names)} & catalog.tables_by_name.keys())


def _needed_anew(catalog: Catalog, names: Collection[str]) -> Iterator[str]:
    tables = catalog.tables_by_name
    for name in tables.keys() & set(names):
        unique = [set(each.columns) for each in tables[name].constraints if each.kind in ("primary key", "unique")]
        for key in tables[name].foreign_keys:
            if key.references and any(columns <= set(key.columns) for columns in unique):
                yield key.references
