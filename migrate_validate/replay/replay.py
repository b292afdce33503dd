"""Applies a whole chain to a new database of a server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from migrate_validate.chain.model import Chain, Script, Seed
from migrate_validate.config import Settings
from migrate_validate.errors import ServerError
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import Environment, build, settle
from migrate_validate.postgres.server import Server, died
from migrate_validate.replay.advice import advice
from migrate_validate.replay.evidence import TableRows, table_rows
from migrate_validate.replay.history import History
from migrate_validate.replay.runner import Runner, not_reached
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Outcome, ScriptRun, SeedRun, Step, Timeline
from migrate_validate.replay.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Replay:
    """A chain that was applied, and the database that it left; nobody is connected to it."""

    timeline: Timeline
    database: Database


def replay_chain(
    chain: Chain,
    settings: Settings,
    server: Server,
    environment: Environment,
    *,
    stand_ins: Iterable[str] = (),
    upto: str | None = None,
) -> Replay:
    """Apply base files, migrations and seeds to a new database.

    :param environment: what is put into the database before the first file
    :param stand_ins: one line an extension that is stood in for, for the Timeline
    :param upto: the version of the last migration to apply; None: all of them, and the seeds
    :raises ServerError: when the server cannot be used or dies
    """
    built = build(environment, server, "chain")
    database = built.database
    limits = Limits(settings.statement_timeout, settings.lock_timeout)
    with (
        database.connect(environment.migration_role) as connection,
        Watchdog(connection, settings.statement_timeout + 0.5, lambda: server.connect("postgres")) as watchdog,
    ):
        replaying = _Replaying(chain, environment, Runner(connection, limits, watchdog), connection, server)
        timeline = replaying.run(upto)
    settle(environment, database)
    return Replay(
        replace(
            timeline,
            environment=environment.name,
            server=server.description,
            stand_ins=tuple(stand_ins),
            notes=built.notes,
            environment_schemas=built.schemas,
            api_roles=settings.api_roles if settings.api_roles is not None else environment.api_roles,
        ),
        database,
    )


class _Replaying:
    """The state of one replay: what was applied, whether it goes on, how many rows there are."""

    def __init__(
        self,
        chain: Chain,
        environment: Environment,
        runner: Runner,
        connection: psycopg.Connection[Any],
        server: Server,
    ) -> None:
        self._chain = chain
        self._history = History(chain, environment)
        self._runner = runner
        self._connection = connection
        self._server = server
        self._applied: list[str] = []
        self._going = True
        self._rows = TableRows()

    def run(self, upto: str | None) -> Timeline:
        chain = self._chain
        base = tuple(self._apply(script) for script in chain.base)
        self._history.begin(self._connection)
        steps: list[Step] = []
        seeds: list[SeedRun] = []
        last = next((i for i, migration in enumerate(chain.migrations) if migration.version == upto), None)
        wanted = chain.migrations if last is None else chain.migrations[: last + 1]
        for migration, upcoming in zip(wanted, (*wanted[1:], None), strict=True):
            loaded = [done.seed for done in seeds]
            seeds += [self._seed(s) for s in chain.seeds if s.before == migration.version and s not in loaded]
            before = tuple(self._applied)
            self._history.announce(self._connection, migration)
            run = self._apply(migration.up, upcoming.up if upcoming else None)
            if run.outcome is Outcome.APPLIED:
                self._history.record(self._connection, migration)
            hints = advice(run.failure, chain, migration.up, self._server) if run.failure else ()
            steps.append(Step(chain, migration, run, hints, before))
        if upto is None:
            seeds += [self._seed(seed) for seed in chain.seeds if seed.before is None]
        return Timeline(chain, "", "", base=base, steps=tuple(steps), seeds=tuple(seeds))

    def _seed(self, seed: Seed) -> SeedRun:
        run = self._apply(seed.script, keep_going=seed.before is None)
        return SeedRun(seed, run, advice(run.failure, self._chain, seed.script, self._server) if run.failure else ())

    def _apply(self, script: Script, upcoming: Script | None = None, *, keep_going: bool = False) -> ScriptRun:
        if not self._going:
            return not_reached(script)
        run = self._runner.apply(script, upcoming)
        if self._connection.closed:
            if self._server.has_died():
                raise died(self._server)
            self._going = False
            return run
        before, self._rows = self._rows, self._count(run)
        if run.outcome is Outcome.APPLIED:
            self._applied.append(script.file)
        elif not keep_going:
            self._going = False
        return replace(run, rows_before=before.by_name, rows_after=self._rows.by_name)

    def _count(self, run: ScriptRun) -> TableRows:
        try:
            return table_rows(self._connection, self._rows, run.changed)
        except psycopg.Error as error:
            if self._connection.closed and self._server.has_died():
                raise died(self._server) from error
            raise ServerError(
                f"The rows of the tables could not be counted: {str(error).strip()}",
                looked=[self._server.description],
                remedy="see that the tables can be read, or raise statement_timeout in the configuration",
            ) from error
