"""Loads a few datasets and takes them back: which tables get rows, and what triggers think of the values."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data.learned import Cells, Learned, Pool
from migrate_validate.data.loading import Refused, accepted, load
from migrate_validate.data.order import FillOrder, ancestors
from migrate_validate.data.sampling import sample
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import DEFAULT

Connection = psycopg.Connection[Any]

TRIALS = 8
"""Datasets that are loaded until every table has got a row."""
ROWS = 3
"""Rows of a table in the first of them; as many more in each of the next."""
OBSERVED = 40
"""Rows of a table whose triggers refuse some, from which it is learned what they refuse."""
_UNWANTED = 0.1
"""How much less often a value is drawn that triggers refuse."""
_CERTAIN = 0.9
"""The share of rows that a column must explain."""


@dataclass(slots=True)
class Trials:
    """What became of the rows."""

    connection: Connection
    catalog: Catalog
    order: FillOrder
    learned: Learned
    taken: dict[str, list[Row]] = field(default_factory=dict)
    """By ``schema.name``."""
    refused: dict[str, list[Refused]] = field(default_factory=dict)

    def run(self) -> None:
        """Load datasets until each table has a row, and more where triggers refuse some."""
        missing = {name for name in self.learned.pools if name not in self.learned.unfilled}
        for number in range(TRIALS):
            if missing:
                self._load(missing, ROWS * (1 + number), number)
                missing -= {name for name in missing if self.taken.get(name)}
        particular = {name for name in self.taken if self._by_trigger(name)}
        if particular:
            self._load(particular, OBSERVED, TRIALS)

    def why_empty(self, table: Table) -> str | None:
        """Why a table got no row; None where it did."""
        name = table.qualified_name
        if self.taken.get(name) or name not in self.learned.pools or name in self.learned.unfilled:
            return None
        told = Counter(_told(each) for each in self.refused.get(name, ()))
        if not told:
            return f"no row of {name} could be made whose keys fit together"
        return f"{name} takes none of {told.total()} generated rows: {told.most_common(1)[0][0]}"

    def pools(self) -> Mapping[str, tuple[Pool, ...]]:
        """The pools, in which values that triggers refuse are rare."""
        found = dict(self.learned.pools)
        for name in self.taken:
            rows = [*((row, True) for row in self.taken[name]), *((row, False) for row in self._by_trigger(name))]
            if not all(took for _, took in rows):
                found[name] = _without_refused(found[name], rows)
        return found

    def _by_trigger(self, name: str) -> list[Row]:
        """The rows that a trigger refused, not a constraint."""
        return [each.row for each in self.refused.get(name, ()) if each.context or not each.sqlstate]

    def _load(self, names: set[str], rows: int, number: int) -> None:
        wanted = ancestors(self.catalog, names)
        tables = tuple(table for table in self.order.tables if table.qualified_name in wanted)
        data = sample(replace(self.order, tables=tables), self.learned, rows, random.Random(number))
        with self.connection.transaction(force_rollback=True):
            refusals = load(self.connection, data, raise_refusals=False)
        for each in refusals:
            self.refused.setdefault(each.table, []).append(each)
        for name, taken in accepted(data, refusals).rows.items():
            self.taken.setdefault(name, []).extend(taken)


def _told(refused: Refused) -> str:
    function = next((line for line in (refused.context or "").splitlines() if "function" in line), "")
    return f"{refused.message} ({function})" if function else refused.message


def _without_refused(pools: tuple[Pool, ...], rows: list[tuple[Row, bool]]) -> tuple[Pool, ...]:
    """The pools of a table, of which the one that explains best what was refused has other shares."""
    usual = max(Counter(took for _, took in rows).values()) / len(rows)
    best, explained = -1, max(_CERTAIN, usual)
    for number, pool in enumerate(pools):
        tallies = _tallies(pool, rows)
        # What was met once explains nothing.
        right = sum(max(each.values()) if each.total() > 1 else usual for each in tallies.values()) / len(rows)
        if right > explained:
            best, explained = number, right
    if best < 0:
        return pools
    pool, tallies = pools[best], _tallies(pools[best], rows)
    taken = {cells for cells, each in tallies.items() if each[True]}
    shares = tuple(
        share * (1 if cells in taken else _UNWANTED) for share, cells in zip(pool.shares, pool.values, strict=True)
    )
    return (*pools[:best], replace(pool, shares=shares), *pools[best + 1 :])


def _tallies(pool: Pool, rows: list[tuple[Row, bool]]) -> dict[Cells, Counter[bool]]:
    """By values of a pool: how often rows with them were taken, and refused."""
    found: dict[Cells, Counter[bool]] = {}
    for row, took in rows:
        cells = tuple(row.get(name, DEFAULT) for name in pool.columns)
        found.setdefault(cells, Counter())[took] += 1
    return found
