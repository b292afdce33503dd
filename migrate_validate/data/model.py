"""Rows of a whole schema that fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from migrate_validate.catalog.model import Table
from migrate_validate.data.strategies import Row
from migrate_validate.data.unproven import Unproven, adds, drops
from migrate_validate.data.writing import insert, needs_no_columns, update

_PRINTED = 20_000
"""Characters: of more than 30,000 Hypothesis warns."""


@dataclass(frozen=True, slots=True, repr=False)
class Dataset:
    """Generated rows of several tables."""

    rows: Mapping[str, tuple[Row, ...]]
    """By ``schema.name``, parents before the tables that refer to them."""
    tables: Mapping[str, Table]
    later: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By ``schema.name``: columns that get their values when all rows are there, for their tables refer to each other
    in a circle."""
    fixtures: tuple[str, ...] = ()
    """SQL that comes before all rows."""
    past: Unproven = field(default_factory=dict)
    """Constraints that the rows may break, as they were there before them."""

    def __repr__(self) -> str:
        """The rows as SQL."""
        return f"Dataset({'; '.join(self.statements())})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """What Hypothesis prints of a failing example: statements that can be run, as many as it likes to print."""
        lines = [f"\n  {statement};" for statement in self.statements()]
        sizes = accumulate(map(len, lines))
        shown = sum(size <= _PRINTED for size in sizes)
        more = f"\n  -- and {len(lines) - shown} more statements" if shown < len(lines) else ""
        printer.text("".join(lines[:shown]) + more or "an empty dataset")

    def statements(self) -> tuple[str, ...]:
        """The rows as INSERT statements, in an order in which they can be run.

        Foreign keys are thought to be deferred where they can be. Constraints that rows may break are dropped before
        them, and added again NOT VALID.
        """
        return (*self.fixtures, *self.opening(), *self.row_statements(), *self.closing())

    def opening(self) -> list[str]:
        """The statements that come before the rows."""
        return drops(self.past, self._filled())

    def closing(self) -> list[str]:
        """The statements that come when all rows are there, and all that was deferred is checked."""
        return adds(self.past, self._filled())

    def _filled(self) -> dict[str, Table]:
        return {name: table for name, table in self.tables.items() if self.rows.get(name)}

    def row_statements(self) -> tuple[str, ...]:
        """What inserts the rows, and completes those that refer to each other."""
        each = [(self.tables[name], row) for name, rows in self.rows.items() for row in rows]
        inserts = [insert(table, (self.at_first(table, row),)) for table, row in each]
        return (*inserts, *(update for table, row in each if (update := self.update(table, row))))

    def batches(self) -> list[str]:
        """The same in as few statements as possible: one a table, where it can be."""
        found = []
        for name, rows in self.rows.items():
            table = self.tables[name]
            first = [self.at_first(table, row) for row in rows]
            bare = [row for row in first if needs_no_columns(row)]
            full = [row for row in first if not needs_no_columns(row)]
            found += [insert(table, (row,)) for row in bare]
            found += [insert(table, full)] if full else []
        rows_later = [(self.tables[name], row) for name in self.later for row in self.rows.get(name, ())]
        return [*found, *(update for table, row in rows_later if (update := self.update(table, row)))]

    def at_first(self, table: Table, row: Row) -> Row:
        """The row as it is inserted."""
        later = self.later.get(table.qualified_name)
        return {**row, **dict.fromkeys(later & row.keys())} if later else row

    def update(self, table: Table, row: Row) -> str | None:
        """The statement that completes a row, if it needs one."""
        later = self.later.get(table.qualified_name)
        return update(table, row, sorted(later)) if later else None
