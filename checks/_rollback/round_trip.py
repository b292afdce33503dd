"""A migration applied, rolled back and applied again, over tables that hold rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from migrate_validate.catalog.diff import CatalogDiff, compare
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.model import Script
from migrate_validate.config import Settings
from migrate_validate.data.comparing import compare as compare_rows
from migrate_validate.data.keeping import Kept, keep
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure, ScriptRun, Touched
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import without_comments

from .._filling import fill_after, fill_before
from .losses import Loss, losses

ROUNDS = 12
"""How often the same migration is tried, each time with other rows or closer to how it is deployed."""
_STOPPED = ("57014", "57P01", "57P02", "57P03")
"""SQLSTATEs of what ran too long, or ended its own session: tried again, it would do so again."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What became of one try."""

    up: ScriptRun
    copied: bool
    """It was made on a copy, as it is deployed; else in one transaction."""
    down: ScriptRun | None = None
    again: ScriptRun | None = None
    trace: CatalogDiff = field(default_factory=CatalogDiff)
    """Want: the schema before; have: the schema after the rollback."""
    left: Catalog | None = None
    """The schema after the rollback."""
    drift: CatalogDiff = field(default_factory=CatalogDiff)
    """Want: the schema after the migration; have: the schema after it was applied again."""
    losses: tuple[Loss, ...] = ()
    changed: frozenset[str] = frozenset()
    """Tables of before that may have lost rows or values, ``schema.name``."""
    empty: Mapping[str, str] = field(default_factory=dict)
    """Of these: which held no rows to lose, and why."""
    refusals: Mapping[str, Failure] = field(default_factory=dict)
    """By table that got no rows before because the migration refuses them: how it failed."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Tables of before that may have lost rows, and that could not be compared, and why."""
    filled: frozenset[str] = frozenset()
    """Tables that got generated rows before."""
    written: frozenset[str] = frozenset()
    """Tables that got generated rows between the migration and its rollback."""
    lost_session: bool = False

    @property
    def failure(self) -> Failure | None:
        """Why it could not be rolled back, or not be applied again."""
        failures = (run.failure for run in (self.down, self.again) if run is not None)
        return next((failure for failure in failures if failure is not None), None)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.up.failure or self.failure or self.trace or self.drift or self.losses or self.lost_session)

    @property
    def stopped(self) -> bool:
        """Whether another try would end in the same way, and take its time."""
        return self.lost_session or (self.failure is not None and self.failure.sqlstate in _STOPPED)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the rules of rollback judge."""

    trip: RoundTrip
    by_written_rows: RoundTrip | None = None
    """A try that failed only because of rows that were written between the migration and its rollback."""


def examined(stage: Stage, settings: Settings) -> Examined:
    """Apply the migration of a stage, roll it back and apply it again; all rules of rollback share the one result.

    It has a down script.

    :raises StageLost: when the chain cannot be applied again up to here
    :raises ConfigError: when rows that the user gives for a table cannot be had
    """
    return stage.once("round trip", lambda: _examine(stage, settings))


@dataclass(frozen=True, slots=True)
class _Way:
    """How one try is made."""

    filled: frozenset[str]
    """Tables that get generated rows before."""
    watched: frozenset[str]
    """Tables whose contents are compared."""
    refusals: Mapping[str, Failure] = field(default_factory=dict)
    """Those of them that get none after all: how the migration failed on their rows."""
    draw: int = 0
    """Which of the rows that could be generated."""
    between: bool = True
    """Whether rows are written between the migration and its rollback."""
    clone: bool = False


def _examine(stage: Stage, settings: Settings) -> Examined:
    up, down = stage.migration.up, stage.migration.down
    assert down is not None
    touched = _touched(stage.step.run)
    way = _Way(touched, touched)
    by_written_rows: RoundTrip | None = None
    for _ in range(ROUNDS):
        with stage.trial(up, down, clone=way.clone) as trial:
            trip = _travel(trial, stage, settings, way)
        following = _next(way, trip)
        if following is None:
            break
        if way.between and not following.between:
            by_written_rows = trip
        way = following
    if by_written_rows is not None and trip.failure is not None:
        by_written_rows = None
    return Examined(trip, by_written_rows)


def _next(way: _Way, trip: RoundTrip) -> _Way | None:
    """How to try again; None: what was found counts."""
    if trip.stopped:
        return None
    if trip.up.failure is not None:
        filled = trip.filled - way.refusals.keys()
        if filled and not way.draw:
            return replace(way, draw=1)
        if filled:
            return _without(way, filled, trip.up)
        return None if trip.copied else replace(way, clone=True)
    if not trip.changed <= way.watched:
        return replace(way, watched=way.watched | trip.changed)
    if trip.clean:
        return None
    if not trip.copied:
        return replace(way, clone=True)
    if trip.failure is not None and way.between and trip.written:
        return replace(way, between=False)
    return None


def _without(way: _Way, filled: frozenset[str], up: ScriptRun) -> _Way:
    """The same without the rows on which the migration failed."""
    failure = up.failure
    assert failure is not None
    failed = f"{failure.schema}.{failure.table}"
    refused = {failed} if failed in filled else filled
    return replace(way, refusals={**way.refusals, **dict.fromkeys(refused, failure)})


def _travel(trial: Trial, stage: Stage, settings: Settings, way: _Way) -> RoundTrip:
    connection = trial.connection
    up, down = stage.migration.up, stage.migration.down
    assert down is not None
    before = trial.catalog()
    named = _named(before, (up, down))
    copied = trial.database is not None
    holders = _holders(before)
    names = [table.qualified_name for table in holders]
    watched = [name for name in names if copied or name in way.watched | named]
    filled = fill_before(
        connection, stage, settings, before, way.filled | named, left_out=way.refusals.keys(), draw=way.draw
    )
    since = _now(trial)
    held = keep(connection, watched)
    there = RoundTrip(trial.apply(up), copied, filled=frozenset(filled.rows))
    if _lost(trial) or there.up.failure is not None:
        return replace(there, lost_session=_lost(trial))
    middle = trial.catalog()
    made = compare(before, middle)
    first = keep(connection, watched)
    new = _changed_by(made, before, middle) if way.between else frozenset[str]()
    written = frozenset(fill_after(connection, stage, settings, middle, new).rows)
    second = keep(connection, watched) if written else first
    there = replace(there, down=trial.apply(down), written=written)
    if _lost(trial) or there.failure is not None:
        return replace(there, lost_session=_lost(trial))
    after = trial.catalog()
    trace = compare(before, after)
    runs = [run for run in (there.up, there.down) if run is not None]
    about = _subjects(before, made) | _subjects(before, trace) | _touched(*runs, how=_rewrote)
    known = set(names)
    changes = compare_rows(
        connection, held, keep(connection, watched), follow=False, others=(first, second), since=since
    )
    unfilled = {
        table: f"{up.file} refuses generated rows: {failure.message}" for table, failure in way.refusals.items()
    }
    there = replace(
        there,
        trace=trace,
        left=after,
        losses=tuple(losses(changes)),
        changed=frozenset(known & _with_roots(before, about | _touched(*runs, how=_altered))),
        empty=_empty(held, known & about, {**filled.refused, **unfilled}),
        refusals=way.refusals,
        unread=_unread(held, known & about, runs),
    )
    again = trial.apply(up)
    drift = CatalogDiff() if _lost(trial) or again.failure else compare(middle, trial.catalog())
    return replace(there, again=again, drift=drift, lost_session=_lost(trial))


def _lost(trial: Trial) -> bool:
    return trial.connection.closed


def _changed_by(made: CatalogDiff, before: Catalog, middle: Catalog) -> frozenset[str]:
    """New tables and changed ones: somebody could write rows into them before it is rolled back."""
    return frozenset(
        table.qualified_name
        for table in middle.tables
        if before.table(table.qualified_name) is None or made.about([table.qualified_name])
    )


def _empty(held: Kept, changed: Collection[str], reasons: Mapping[str, str]) -> dict[str, str]:
    compared = [name for name in sorted(changed) if name not in held.left_out]
    return {name: reasons[name] for name in compared if held.empty(name) and name in reasons}


def _unread(held: Kept, changed: Collection[str], runs: Iterable[ScriptRun]) -> dict[str, str]:
    """The tables that could not be read, and those that are not even tried: foreign ones that were written."""
    written = {
        touched.relation
        for run in runs
        for statement in run.statements
        for touched in statement.touched
        if touched.kind == "foreign table" and "RowExclusiveLock" in touched.locks
    }
    refused = {name: why for name, why in held.left_out.items() if name in changed}
    return {**refused, **dict.fromkeys(sorted(written), "it is a foreign table, whose rows are elsewhere")}


def _holders(catalog: Catalog) -> list[Table]:
    """The tables that rows are read from: those of partitions through the table that they belong to."""
    return [table for table in catalog.tables if table.partition_of is None and table.kind != "foreign table"]


def _with_roots(catalog: Catalog, names: Iterable[str]) -> set[str]:
    """These tables, and those that they are partitions of."""
    tables = catalog.tables_by_name
    found: set[str] = set()
    for name in names:
        wanted: str | None = name
        while wanted is not None and wanted not in found:
            found.add(wanted)
            wanted = tables[wanted].partition_of if wanted in tables else None
    return found


def _named(catalog: Catalog, scripts: Iterable[Script]) -> frozenset[str]:
    """The tables whose names stand in scripts, comments aside."""
    texts = (without_comments(script.text).lower() for script in scripts)
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return frozenset(table.qualified_name for table in catalog.tables if table.name.lower() in words)


def _touched(*runs: ScriptRun, how: Callable[[Touched], bool] = lambda _: True) -> frozenset[str]:
    """The tables that scripts did something to."""
    return frozenset(
        touched.relation
        for run in runs
        for statement in run.statements
        for touched in statement.touched
        if touched.kind in ("table", "partitioned table") and how(touched)
    )


def _rewrote(touched: Touched) -> bool:
    return touched.rewritten or bool(touched.updated or touched.deleted)


def _altered(touched: Touched) -> bool:
    """A column that is dropped and made again in one script leaves nothing but the lock."""
    return "AccessExclusiveLock" in touched.locks


def _subjects(before: Catalog, difference: CatalogDiff) -> frozenset[str]:
    """The tables of before that have lost themselves, or whose columns have changed."""
    objects = {
        name
        for each in difference.differences
        if each.kind == "missing" or " column " in each.object
        for name in each.object.split(" ")
    }
    return frozenset(table.qualified_name for table in before.tables if table.qualified_name in objects)


def _now(trial: Trial) -> str:
    row = trial.connection.execute("SELECT transaction_timestamp()::text").fetchone()
    return str(row[0]) if row else ""
