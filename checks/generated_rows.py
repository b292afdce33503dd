"""Whether the tables take the rows that their constraints allow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.data import Dataset, Learned, Refused, Row, Value, accepted, learn, load
from migrate_validate.data.coverage import telling_values
from migrate_validate.data.drawing import chance
from migrate_validate.data.learning import guess, rows_present
from migrate_validate.data.loading import is_deferred, try_row
from migrate_validate.data.order import FillOrder, ancestors, fill_order, nullable_key
from migrate_validate.data.sampling import sample
from migrate_validate.data.shrinking import smallest
from migrate_validate.data.strategies import Parents
from migrate_validate.data.values import Default
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import rule
from migrate_validate.syntax import quote

from ._shared import own_catalog

ROWS = 25
"""Rows tried in a table at once."""
ROUNDS = 3
"""How often a table that took no row is tried again, with twice as many rows each time."""
SHRINKING = 3.0
"""Seconds at most to make all refused rows smaller."""
REFUSALS = 3
"""Different refusals reported of one table."""
SPARES = 5
"""Rows that stay out of the table; one value is exchanged in one after the other, until one tells something."""
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
    PostgreSQL applies itself, and triggers that refuse no more than these.
    """
    own = own_catalog(connection, catalog, timeline)
    judged = {table.qualified_name for table in own.tables}
    whole = _without_deferred_triggers(own.whole)
    order = fill_order(whole, ancestors(whole, judged))
    if not order.tables:
        yield NotApplicable("the schema has no tables")
        return
    filling = _Filling.of(connection, whole, order)
    with connection.transaction(force_rollback=True):
        filling.run()
    yield from filling.told()
    foreign = [each for each in whole.tables if each.kind == "foreign table" and each.qualified_name in judged]
    for table in foreign:
        yield Unproven("a foreign table: its rows are on another server", table.qualified_name)


def _without_deferred_triggers(catalog: Catalog) -> Catalog:
    """The schema as it is until a transaction ends; all of them are rolled back."""
    tables = (
        replace(table, triggers=tuple(each for each in table.triggers if not is_deferred(each)))
        for table in catalog.tables
    )
    return replace(catalog, tables=tuple(tables))


@dataclass
class _Tries:
    """What became of the rows of one table."""

    taken: int = 0
    by_function: dict[tuple[str, str], Refused] = field(default_factory=dict)
    """What a function refused, one row for each reason."""
    by_constraint: Counter[str] = field(default_factory=Counter)
    """How many rows the table's own constraints refused."""
    only_duplicates: bool = True
    """Whether each of these repeated a key."""
    met: set[tuple[str, Value | Default]] = field(default_factory=set)
    """By column: the values that no constraint kept from the functions."""
    present: int = 0
    """Where no row was taken: how many the table had all the same, when the others had theirs."""

    def note(self, row: Row, refused: Refused | None) -> None:
        """Count one row."""
        if refused is None:
            self.taken += 1
        elif refused.context:
            self.by_function.setdefault(_reason(refused), refused)
        else:
            said = refused.message if refused.sqlstate else "a trigger that drops the row without a word"
            self.by_constraint[refused.constraint or said] += 1
            self.only_duplicates &= refused.sqlstate == UNIQUE_VIOLATION
        if refused is None or refused.context or not refused.sqlstate:
            self.met.update(row.items())

    @property
    def worst(self) -> str:
        """The constraint that refused most."""
        return next((name for name, _ in self.by_constraint.most_common(1)), "")


@dataclass
class _Filling:
    """The tables that are filled, and with what."""

    connection: psycopg.Connection[Any]
    catalog: Catalog
    order: FillOrder
    learned: Learned
    doubtful: frozenset[str]
    """The tables of whose values the constraints allow none; triggers may put them right."""
    tries: Mapping[str, _Tries]
    made: dict[str, list[Row]] = field(default_factory=dict)
    """The generated rows that were taken."""
    later: dict[str, frozenset[str]] = field(default_factory=dict)
    """See :class:`~migrate_validate.data.model.Dataset`."""

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], catalog: Catalog, order: FillOrder) -> _Filling:
        """Before any row is there."""
        tries = {table.qualified_name: _Tries() for table in order.tables}
        learned = learn(connection, catalog, tries, trials=False, limits=False)
        if not learned.unfilled:
            return cls(connection, catalog, order, learned, frozenset(), tries)
        guessed = guess(catalog, tries, limits=False)
        pools, doubtful = {**guessed.pools, **learned.pools}, guessed.pools.keys() - learned.pools.keys()
        learned = replace(learned, pools=pools, unfilled=guessed.unfilled)
        return cls(connection, catalog, order, learned, frozenset(doubtful), tries)

    def run(self) -> None:
        """Insert rows into all tables, and more into those that took none; then single values that none has had."""
        wanted = self.learned.pools.keys() - self.learned.unfilled.keys()
        for attempt in range(ROUNDS):
            self._load(wanted, ROWS * 2**attempt, attempt)
            wanted = {name for name in wanted if not (self.tries[name].taken or self.tries[name].by_function)}
            if not wanted:
                break
        for table in self.order.tables:
            if self.tries[table.qualified_name].taken:
                self._exchange(table)
            else:
                self.tries[table.qualified_name].present = self._count(table)

    def _load(self, names: Collection[str], rows: int, attempt: int) -> None:
        """Insert rows into these tables, and into the empty ones that they refer to."""
        involved = ancestors(self.catalog, names)
        present = self._present(involved) if attempt else self.learned.present
        wanted = {name for name in involved if name in names or not present.get(name)}
        order, learned = fill_order(self.catalog, wanted), replace(self.learned, present=present)
        data = sample(order, learned, rows, chance(attempt), crowded=True)
        refused = load(self.connection, data, raise_refusals=False)
        for each in refused:
            if not each.orphaned:
                self.tries[each.table].note(each.row, self._by_whom(each))
        for name, taken in accepted(data, refused).rows.items():
            for row in taken:
                self.tries[name].note(row, None)
            self.made.setdefault(name, []).extend(taken)
        self.later |= data.later

    def _present(self, names: Collection[str]) -> Parents:
        tables = (table for table in self.order.tables if table.qualified_name in names)
        return {table.qualified_name: rows_present(self.connection, self.catalog, table) for table in tables}

    def _exchange(self, table: Table) -> None:
        """Try each telling value that no row had yet in rows that are not in the table; none of them stays."""
        name = table.qualified_name
        tries = self.tries[name]
        missing = [each for each in telling_values(self.catalog, table) if each not in tries.met]
        if not missing:
            return
        present = self._present({name, *(key.references or "" for key in table.foreign_keys)})
        alone = fill_order(self.catalog, {name})
        spares = sample(alone, replace(self.learned, present=present), SPARES, chance(ROUNDS)).rows[name]
        for column, value in missing:
            for row in spares:
                changed = {**row, column: value}
                refused = try_row(self.connection, table, changed)
                tries.note(changed, refused and self._by_whom(refused))
                if (column, value) in tries.met:
                    break

    def _by_whom(self, refused: Refused) -> Refused:
        """What refuses the row of which a function was the first to say so: a constraint, where one forbids it, too."""
        if not refused.context or _reason(refused) in self.tries[refused.table].by_function:
            return refused
        return self._by_constraint(refused) or refused

    def _by_constraint(self, refused: Refused) -> Refused | None:
        """How the row is refused by a constraint, which is asked after the triggers; None where none forbids it.

        Of values that only triggers put right nothing can be said without these.
        """
        if refused.table in self.doubtful:
            return None
        table = self.catalog.tables_by_name[refused.table]
        try:
            found = try_row(self.connection, table, refused.row, triggers=False)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            # The triggers are those of somebody else, or wait for the end of the transaction.
            return None
        return found if found is not None and not found.context else None

    def _count(self, table: Table) -> int:
        """How many rows the table has now."""
        query = f"SELECT count(*) FROM {quote(table.schema)}.{quote(table.name)}"
        found = self.connection.execute(query.encode()).fetchone()
        return int(found[0]) if found else 0

    def told(self) -> Iterator[Result]:
        """What was refused though no constraint forbids it; to be asked when the rows are gone again."""
        empty: dict[str, str] = {}
        number = sum(min(len(each.by_function), REFUSALS) for each in self.tries.values())
        until = time.monotonic() + SHRINKING
        for table in self.order.tables:
            tries = self.tries[table.qualified_name]
            for refused in islice(tries.by_function.values(), REFUSALS):
                yield self._finding(*self._smallest(table, refused, (until - time.monotonic()) / number))
                number -= 1
            if not tries.taken:
                yield from self._empty(table, tries, empty)

    def _empty(self, table: Table, tries: _Tries, empty: dict[str, str]) -> Iterator[Unproven]:
        """Why a table took no row, unless a finding tells it.

        :param empty: the tables above it without any row, and why; it is added where it is one of them
        """
        name = table.qualified_name
        parents = (key.references or "" for key in table.foreign_keys if not nullable_key(table, key))
        missing = next((parent for parent in parents if parent in empty), None)
        tried = tries.by_constraint.total()
        if tries.by_function:
            why = f"refused: {next(iter(tries.by_function.values())).message}"
        elif missing is not None:
            why = f"{missing}, which it refers to, has no rows ({empty[missing]})"
            yield Unproven(f"no row can be made for {name}: {why}", name)
        elif name in self.learned.unfilled:
            why = self.learned.unfilled[name]
            yield Unproven(why, name)
        elif not tried:
            why = f"no row of {name} could be made whose keys fit together"
            yield Unproven(why, name)
        else:
            why = f"refused: {tries.worst}"
            # Where a trigger on another table makes the rows, each parent has its row already, and that is all.
            by_trigger = tries.present > self._count(table)
            if not (by_trigger and tries.only_duplicates):
                filled = ", which only a trigger on another table fills," if by_trigger else ""
                yield Unproven(f"no generated row of {name}{filled} satisfies {tries.worst}: {tried} were tried", name)
        if not tries.present:
            empty[name] = why

    def _smallest(self, table: Table, refused: Refused, seconds: float) -> tuple[Refused, Dataset]:
        """The fewest and simplest rows found of which one is refused for the same reason."""
        latest = refused

        def still(data: Dataset) -> Dataset | None:
            nonlocal latest
            with self.connection.transaction(force_rollback=True):
                found = load(self.connection, data, raise_refusals=False)
                own = (each for each in found if each.table == refused.table and _reason(each) == _reason(refused))
                first = next((each for each in own if self._by_constraint(each) is None), None)
            if first is None:
                return None
            latest = first
            return accepted(data, [each for each in found if each is not first])

        for data in (self._with_parents(table, refused.row), self._with_all(refused)):
            if (met := still(data)) is not None:
                data = smallest(met, still, seconds, [refused.table])
                still(data)
                return latest, data
        # What it takes was not met again: the row at hand is the evidence.
        return refused, self._with_parents(table, refused.row)

    def _with_all(self, refused: Refused) -> Dataset:
        """The row behind all that were taken."""
        rows = {**self.made, refused.table: [*self.made.get(refused.table, ()), refused.row]}
        return self._dataset(rows)

    def _with_parents(self, table: Table, row: Row) -> Dataset:
        """The row with those of the others that it refers to."""
        found: dict[str, list[Row]] = {table.qualified_name: [row]}
        queue = [(table, row)]
        while queue:
            own, each = queue.pop()
            for key in own.foreign_keys:
                above = self.catalog.table(key.references or "")
                parents = (one for one in self.made.get(key.references or "", ()) if _refers(key, each, one))
                parent = next(parents, None)
                known = found.setdefault(key.references or "", [])
                if above is not None and parent is not None and not any(parent is one for one in known):
                    known.insert(0, parent)
                    queue.append((above, parent))
        return self._dataset(found)

    def _dataset(self, rows: Mapping[str, list[Row]]) -> Dataset:
        tables = {each.qualified_name: each for each in self.order.tables if each.qualified_name in rows}
        return Dataset({name: tuple(rows[name]) for name in tables}, tables, self.later)

    def _finding(self, refused: Refused, data: Dataset) -> Finding:
        script = ";\n".join(data.statements()) + ";"
        return Finding(
            f"{refused.table} refuses a row that its constraints allow: {refused.message} "
            f"(SQLSTATE {refused.sqlstate}, {_function(refused)}); smallest row: {script}",
            object=refused.table,
            statement=script,
            evidence={
                "insert": script,
                "sqlstate": refused.sqlstate,
                "message": refused.message,
                "detail": refused.detail,
                "context": refused.context,
            },
        )


def _refers(key: Constraint, row: Row, parent: Row) -> bool:
    """Whether a row refers to this one."""
    pairs = zip(key.columns, key.referenced_columns, strict=True)
    return all(row.get(own) is not None and row.get(own) == parent.get(other) for own, other in pairs)


def _function(refused: Refused) -> str:
    """The first line of the context that names a function."""
    lines = (refused.context or "").splitlines()
    return next((line for line in lines if "function" in line), lines[0] if lines else "")


def _reason(refused: Refused) -> tuple[str, str]:
    return refused.sqlstate, _function(refused)
