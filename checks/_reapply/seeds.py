"""A seed applied again to the database that it has filled, and once more where there are other rows as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement
from migrate_validate.config import Settings
from migrate_validate.data import learn, mined
from migrate_validate.data.comparing import TableChange
from migrate_validate.data.filling import fill
from migrate_validate.data.given import given_rows
from migrate_validate.data.keeping import keep
from migrate_validate.replay.runner import Runner
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Failure, SeedRun, Timeline
from migrate_validate.replay.watchdog import Watchdog

from .._shared import Connection
from .guards import claims, guards, silent
from .twice import changed_rows, failed_statement


@dataclass(frozen=True, slots=True)
class Again:
    """What one more application of a seed does."""

    seed: Script
    generated: bool
    """Whether there were generated rows besides those of the chain."""
    failure: Failure | None = None
    statement: Statement | None = None
    """Which one failed."""
    guarded: bool = False
    """Whether the file says of this statement that it can be applied again."""
    rows: tuple[TableChange, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether it goes through and changes nothing."""
        return self.failure is None and not self.rows


def seeds_again(connection: Connection, catalog: Catalog, timeline: Timeline, settings: Settings) -> Iterator[Again]:
    """Apply the seeds that come last once more, each after the other, until one does something.

    :param connection: to a copy of the migrated and seeded database
    :param catalog: its schema
    :raises ConfigError: when rows that the user gives for a table cannot be had
    """
    seeds = [each for each in timeline.seeds if each.seed.before is None]
    limits = Limits(settings.statement_timeout, settings.lock_timeout)
    with Watchdog(connection, settings.statement_timeout + 0.5) as watchdog:
        runner = Runner(connection, limits, watchdog)
        for generated in (False, True):
            if generated:
                _fill(connection, catalog, timeline, settings, seeds)
            for seed in seeds:
                again = _again(connection, runner, seed, generated, _written(seed, catalog))
                if not again.clean:
                    yield again
                    return


def _again(
    connection: Connection, runner: Runner, seed: SeedRun, generated: bool, written: Collection[str] | None
) -> Again:
    script = seed.seed.script
    # What generated rows happen to have in common with those of the seed it may clear away, once.
    run = runner.apply(script) if generated else seed.run
    if run.failure is None:
        kept = keep(connection, written)
        run = runner.apply(script)
    if run.failure is None:
        return Again(script, generated, rows=changed_rows(connection, kept, keep(connection, written), times=False))
    statement = failed_statement(script, run.failure)
    failing = [statement] if statement is not None else []
    done = [each.statement for each in seed.run.statements]
    others = [guard for guard in guards(done, silent(seed.run.statements)) if guard.statement not in failing]
    return Again(script, generated, run.failure, statement, claims(others, failing))


def _written(seed: SeedRun, catalog: Catalog) -> Collection[str] | None:
    """The tables that it has written, by triggers too; None: it may have been any."""
    if seed.run.changed is None:
        return None
    names = {f"{each.schema}.{each.name}" for each in seed.run.changed.values() if each.written}
    tables = [catalog.table(name) for name in names]
    return names if all(table is not None and table.partition_of is None for table in tables) else None


def _fill(
    connection: Connection, catalog: Catalog, timeline: Timeline, settings: Settings, seeds: list[SeedRun]
) -> None:
    """Put generated rows into the tables that the seeds meet."""
    names = {
        touched.relation
        for seed in seeds
        for statement in seed.run.statements
        for touched in statement.touched
        if touched.relation in catalog.tables_by_name
    }
    given = given_rows(settings.data, catalog)
    learned = learn(connection, catalog, names, hints=mined(timeline.chain.scripts), given=given)
    fill(connection, catalog, names, learned=learned)
