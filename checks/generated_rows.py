"""Whether the tables take the rows that their constraints allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import psycopg
from hypothesis import Phase
from hypothesis.strategies import SearchStrategy

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.data import Refused, Row, rows
from migrate_validate.data.coverage import telling_values
from migrate_validate.data.dataset import insert, try_row
from migrate_validate.data.drawing import drawing, drawn
from migrate_validate.data.order import ancestors, fill_order, nullable_key
from migrate_validate.data.values import DEFAULT, Default, Value
from migrate_validate.errors import Unsupported
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import rule
from migrate_validate.syntax import quote

from ._shared import own_catalog

ROWS = 25
"""Rows tried in a table at once."""
ROUNDS = 3
"""How often a table that took no row is tried again, with twice as many rows each time."""
SHRINKING = 250
"""Rows tried at most to make one refused row smaller."""
REFUSALS = 3
"""Different refusals reported of one table."""
SPARES = 5
"""Rows that stay out of the table; one value is exchanged in one after the other, until one tells something."""
PARENTS = 10
"""Rows of a referenced table that foreign keys are pointed at."""
UNIQUE_VIOLATION = "23505"


@rule(severity=Severity.WARNING)
def accepts_generated_rows(
    connection: psycopg.Connection[Any], catalog: Catalog | None = None, timeline: Timeline | None = None
) -> Iterator[Result]:
    """A table refuses rows that its declared constraints allow.

    Rows are generated for every table, parents first, and inserted; everything is rolled back. Whatever the draw, each
    column that may be NULL is NULL once, and each boolean, label of an enum and word that a CHECK lists is tried once.

    Why: what only a trigger or a function knows, no importer, migration or test can read from the schema: it fails at
    run time, or the trigger itself is broken.
    Fix: correct the function, or state what it demands as a NOT NULL, CHECK or foreign key constraint.
    Not reported: refusals only by values at the outermost ends of a type; deferred triggers; constraints, which
    PostgreSQL applies itself.
    """
    own = own_catalog(connection, catalog, timeline)
    judged = {table.qualified_name for table in own.tables}
    whole = own.whole
    order = fill_order(whole, ancestors(whole, judged))
    if not order.tables:
        yield NotApplicable("the schema has no tables")
        return
    with connection.transaction(force_rollback=True):
        filling = _Filling(connection, whole)
        filling.before.update({table.qualified_name: filling.count(table) for table in order.tables})
        for table in order.tables:
            unbound = order.unbound(table)
            stiff = [k for k in table.foreign_keys if k.name in unbound and not nullable_key(table, k)]
            for key in stiff:
                if key.deferrable:
                    connection.execute(f"SET CONSTRAINTS {quote(table.schema)}.{quote(key.name)} DEFERRED".encode())
            # A key that has to wait for a later table is NULL where it may be, and made up where it is deferred.
            yield from filling.fill(table, frozenset(key.name for key in stiff))
    foreign = [each for each in whole.tables if each.kind == "foreign table" and each.qualified_name in judged]
    for table in foreign:
        yield Unproven("a foreign table: its rows are on another server", table.qualified_name)


@dataclass
class _Tries:
    """What became of the rows of one table."""

    taken: int = 0
    by_function: dict[tuple[str, str], Refused] = field(default_factory=dict)
    """What a function refused, one row for each reason."""
    by_constraint: dict[str, int] = field(default_factory=dict)
    """How many rows the table's own constraints refused."""
    only_duplicates: bool = True
    """Whether each of these repeated a key."""
    met: set[tuple[str, Value | Default]] = field(default_factory=set)
    """By column: the values that no constraint kept from the functions."""

    def note(self, row: Row, outcome: Refused | tuple[Value, ...] | None) -> None:
        """Count one row."""
        if isinstance(outcome, Refused) and not outcome.context:
            said = outcome.constraint or outcome.message
            self.by_constraint[said] = self.by_constraint.get(said, 0) + 1
            self.only_duplicates &= outcome.sqlstate == UNIQUE_VIOLATION
            return
        if isinstance(outcome, Refused):
            self.by_function.setdefault(_reason(outcome), outcome)
        elif outcome is None:
            self.by_constraint["a trigger that drops the row without a word"] = 1
            self.only_duplicates = False
        else:
            self.taken += 1
        self.met.update(row.items())

    @property
    def worst(self) -> str:
        """The constraint that refused most."""
        return max(self.by_constraint, key=self.by_constraint.__getitem__, default="")


@dataclass
class _Filling:
    """The tables that have been filled, and with what."""

    connection: psycopg.Connection[Any]
    catalog: Catalog
    parents: dict[str, list[Mapping[str, Value]]] = field(default_factory=dict)
    inserts: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    """By table and place in its parents: the statements that make the row; none where it was there before."""
    before: dict[str, int] = field(default_factory=dict)
    """How many rows each table had before anything was generated."""
    empty: dict[str, str] = field(default_factory=dict)
    """Tables without any row, and why."""

    def fill(self, table: Table, unbound: frozenset[str]) -> Iterator[Result]:
        """Insert rows into one table, and say which were refused though no constraint forbids them."""
        name = table.qualified_name
        self.parents[name] = self._present(table)
        missing = [
            key.references
            for key in table.foreign_keys
            if key.references in self.empty and key.name not in unbound and not nullable_key(table, key)
        ]
        if missing:
            self.empty[name] = f"{missing[0]}, which it refers to, has no rows ({self.empty[missing[0]]})"
            yield Unproven(f"no row can be made for {name}: {self.empty[name]}", name)
            return
        try:
            candidates = rows(self.catalog, table, parents=self.parents, unbound=unbound, limits=False)
        except Unsupported as error:
            self.empty[name] = error.what
            yield Unproven(error.what, name)
            return
        yield from self._tried(table, candidates)

    def _tried(self, table: Table, candidates: SearchStrategy[Row]) -> Iterator[Result]:
        name = table.qualified_name
        tries = _Tries()
        for attempt in range(ROUNDS):
            count = ROWS * 2**attempt
            wanted = drawn(candidates, count + SPARES)
            wanted, spares = wanted[:count], wanted[count:]
            for row in wanted:
                self._insert(table, row, tries)
            if tries.taken or tries.by_function:
                break
        if tries.taken:
            self._exchange(table, spares, tries)
        for reason, refused in list(tries.by_function.items())[:REFUSALS]:
            yield self._finding(table, self._smallest(table, candidates, reason, refused))
        if tries.taken:
            return
        said = next((each.message for each in tries.by_function.values()), tries.worst)
        if not self.parents[name]:
            self.empty[name] = f"refused: {said}"
        # Where a trigger on another table makes the rows, each parent has its row already, and that is all there is.
        by_trigger = self.count(table) > self.before[name]
        if not tries.by_function and not (by_trigger and tries.only_duplicates):
            filled = ", which only a trigger on another table fills," if by_trigger else ""
            tried = sum(tries.by_constraint.values())
            yield Unproven(f"no generated row of {name}{filled} satisfies {tries.worst}: {tried} were tried", name)

    def _insert(self, table: Table, row: Row, tries: _Tries) -> None:
        """Try one row, which stays where it is taken."""
        wanted = tuple(sorted(self.catalog.referenced_columns.get(table.qualified_name, frozenset())))
        outcome = try_row(self.connection, table, row, returning=wanted)
        tries.note(row, outcome)
        if outcome is not None and not isinstance(outcome, Refused):
            self._remember(table, row, dict(zip(wanted, outcome, strict=True)))

    def _exchange(self, table: Table, spares: list[Row], tries: _Tries) -> None:
        """Try each telling value that no row had yet in rows that are not in the table; none of them stays."""
        for column, value in telling_values(self.catalog, table):
            if (column, value) in tries.met:
                continue
            for row in spares:
                changed = {**row, column: value}
                tries.note(changed, try_row(self.connection, table, changed, keep=False))
                if (column, value) in tries.met:
                    break

    def count(self, table: Table) -> int:
        """How many rows the table has now."""
        query = f"SELECT count(*) FROM {quote(table.schema)}.{quote(table.name)}"
        found = self.connection.execute(query.encode()).fetchone()
        return int(found[0]) if found else 0

    def _present(self, table: Table) -> list[Mapping[str, Value]]:
        """Rows that the table has already, by the columns that foreign keys refer to."""
        wanted = sorted(self.catalog.referenced_columns.get(table.qualified_name, frozenset()))
        if not wanted:
            return []
        listed = ", ".join(f"{quote(column)}::text" for column in wanted)
        query = f"SELECT {listed} FROM {quote(table.schema)}.{quote(table.name)} LIMIT {PARENTS // 2}"
        found = self.connection.execute(query.encode()).fetchall()
        return [dict(zip(wanted, each, strict=True)) for each in found]

    def _remember(self, table: Table, row: Row, stored: Mapping[str, Value]) -> None:
        known = self.parents[table.qualified_name]
        if stored and len(known) < PARENTS and stored not in known:
            self.inserts[table.qualified_name, len(known)] = self._script(table, row)
            known.append(stored)

    def _script(self, table: Table, row: Row) -> tuple[str, ...]:
        """The statements that insert the row and before it the generated rows that it refers to."""
        needed: dict[str, None] = {}
        for key in table.foreign_keys:
            for place, parent in enumerate(self.parents.get(key.references or "", ())):
                pairs = zip(key.columns, key.referenced_columns, strict=True)
                if all(row.get(own) is not None and row.get(own) == parent.get(other) for own, other in pairs):
                    needed |= dict.fromkeys(self.inserts.get((key.references or "", place), ()))
                    break
        return (*needed, insert(table, (row,)))

    def _smallest(
        self, table: Table, candidates: SearchStrategy[Row], reason: tuple[str, str], refused: Refused
    ) -> Refused:
        """The simplest row found that is refused for the same reason."""
        outcomes: dict[str, Refused | None] = {}

        def try_again(row: Row) -> Refused | None:
            key = repr(sorted(row.items()))
            if key not in outcomes and len(outcomes) < SHRINKING:
                outcome = try_row(self.connection, table, row, keep=False)
                same = isinstance(outcome, Refused) and bool(outcome.context) and _reason(outcome) == reason
                outcomes[key] = outcome if isinstance(outcome, Refused) and same else None
            return outcomes.get(key)

        best = refused
        try:
            found = hypothesis.find(
                candidates,
                lambda row: try_again(row) is not None,
                settings=drawing(100, Phase.generate, Phase.shrink),
            )
            best = try_again(found) or refused
        except hypothesis.errors.HypothesisException:
            # Rare enough that it was not met again: the row at hand is the evidence.
            pass
        for column in table.columns:
            if column.name not in best.row:
                continue
            for simpler in _simpler(table, column):
                again = try_row(self.connection, table, {**best.row, column.name: simpler}, keep=False)
                if isinstance(again, Refused) and again.context and _reason(again) == reason:
                    best = again
                    break
        return best

    def _finding(self, table: Table, refused: Refused) -> Finding:
        script = ";\n".join(self._script(table, refused.row)) + ";"
        where = _function(refused)
        return Finding(
            f"{table.qualified_name} refuses a row that its constraints allow: {refused.message} "
            f"(SQLSTATE {refused.sqlstate}, {where}); smallest row: {script}",
            object=table.qualified_name,
            statement=script,
            evidence={
                "insert": script,
                "sqlstate": refused.sqlstate,
                "message": refused.message,
                "detail": refused.detail,
                "context": refused.context,
            },
        )


def _function(refused: Refused) -> str:
    """The first line of the context that names a function."""
    lines = (refused.context or "").splitlines()
    return next((line for line in lines if "function" in line), lines[0] if lines else "")


def _reason(refused: Refused) -> tuple[str, str]:
    return refused.sqlstate, _function(refused)


def _simpler(table: Table, column: Column) -> tuple[Value | Default, ...]:
    """What the constraints allow in place of any value: leaving the column out."""
    key = table.primary_key
    if column.default is not None or column.identity:
        return (DEFAULT,)
    return () if column.not_null or (key is not None and column.name in key.columns) else (DEFAULT,)
