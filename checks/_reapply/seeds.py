"""A seed applied again to the database that it has filled, and once more where there are other rows as well."""

from __future__ import annotations

from collections.abc import Iterator
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


def seeds_again(connection: Connection, timeline: Timeline, settings: Settings) -> Iterator[Again]:
    """Apply the seeds that come last once more, each after the other, until one does something.

    :param connection: to a copy of the migrated and seeded database
    :raises ConfigError: when rows that the user gives for a table cannot be had
    """
    seeds = [each for each in timeline.seeds if each.seed.before is None]
    limits = Limits(settings.statement_timeout, settings.lock_timeout)
    with Watchdog(connection, settings.statement_timeout + 0.5) as watchdog:
        runner = Runner(connection, limits, watchdog)
        for generated in (False, True):
            if generated:
                _fill(connection, timeline, settings, seeds)
            for seed in seeds:
                again = _again(connection, runner, seed, generated)
                if not again.clean:
                    yield again
                    return


def _again(connection: Connection, runner: Runner, seed: SeedRun, generated: bool) -> Again:
    script = seed.seed.script
    # What generated rows happen to have in common with those of the seed it may clear away, once.
    run = runner.apply(script) if generated else seed.run
    if run.failure is None:
        kept = keep(connection)
        run = runner.apply(script)
    if run.failure is None:
        return Again(script, generated, rows=changed_rows(connection, kept, keep(connection), times=False))
    statement = failed_statement(script, run.failure)
    failing = [statement] if statement is not None else []
    done = [each.statement for each in seed.run.statements]
    others = [guard for guard in guards(done, silent(seed.run.statements)) if guard.statement not in failing]
    return Again(script, generated, run.failure, statement, claims(others, failing))


def _fill(connection: Connection, timeline: Timeline, settings: Settings, seeds: list[SeedRun]) -> None:
    """Put generated rows into the tables that the seeds meet."""
    catalog = Catalog.read(connection)
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
