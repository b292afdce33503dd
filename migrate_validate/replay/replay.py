"""Applies a whole chain to a new database of a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.model import Chain, Migration, Script, Seed
from migrate_validate.chain.statements import ScriptError
from migrate_validate.config import Settings
from migrate_validate.errors import ServerError
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import Environment, build, settle
from migrate_validate.postgres.server import Server, died
from migrate_validate.replay.advice import advice
from migrate_validate.replay.applied_versions import AppliedVersions
from migrate_validate.replay.evidence import TableRows, table_rows
from migrate_validate.replay.plan import plan
from migrate_validate.replay.runner import Application, Runner, not_reached
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
            api_roles_known=settings.api_roles is not None or bool(environment.api_roles),
        ),
        database,
    )


def _foreign_tables(chain: Chain) -> frozenset[str]:
    """``schema.name`` of the tables that libraries have made, which nobody here can change."""
    scripts = (*chain.base, *(seed.script for seed in chain.seeds))
    foreign = (script for script in scripts if script.traced is not None and script.traced.foreign)
    made = (each for script in foreign for each in created_objects(script) if each.kind == "table")
    return frozenset(f"{each.schema or 'public'}.{each.name}" for each in made)


@dataclass(slots=True)
class _Counted:
    """A script that was applied, and how many rows there were before it and after it."""

    application: Application
    before: TableRows = field(default_factory=TableRows)
    after: TableRows = field(default_factory=TableRows)

    @property
    def run(self) -> ScriptRun:
        """What is known of it by now."""
        return self.application.run

    def complete(self) -> ScriptRun:
        """All of it."""
        return replace(self.application.complete(), rows_before=self.before.by_name, rows_after=self.after.by_name)


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
        self._environment = environment
        self._versions = AppliedVersions(chain, environment, late=True)
        self._runner = runner
        self._connection = connection
        self._server = server
        self._applied: list[str] = []
        self._going = True
        self._rows = TableRows()
        self._last: _Counted | None = None

    def run(self, upto: str | None) -> Timeline:
        chain = self._chain
        base = [self._apply(script) for script in chain.base]
        tool_tables = self._versions.begin(self._connection)
        steps: list[tuple[Migration, _Counted, tuple[str, ...], tuple[str, ...], ScriptRun | None]] = []
        seeds: list[SeedRun] = []
        last = next((i for i, migration in enumerate(chain.migrations) if migration.version == upto), None)
        wanted = chain.migrations if last is None else chain.migrations[: last + 1]
        for migration, upcoming in zip(wanted, (*wanted[1:], None), strict=True):
            loaded = [done.seed for done in seeds]
            seeds += [self._seed(seed) for seed in chain.seeds_before(migration.version) if seed not in loaded]
            before = tuple(self._applied)
            self._versions.announce(self._connection, migration)
            done = self._apply(migration.up, upcoming.up if upcoming else None)
            applied = done.run.outcome is Outcome.APPLIED
            verified = self._runner.apply(migration.verify) if applied and migration.verify else None
            if applied:
                self._versions.record(self._connection, migration)
            steps.append((migration, done, self._advice(done.run), before, verified))
        self._versions.settle(self._connection)
        if upto is None:
            seeds += [self._seed(seed) for seed in chain.seeds_before(None)]
        return Timeline(
            chain,
            "",
            "",
            base=tuple(done.complete() for done in base),
            steps=tuple(
                Step(chain, migration, done.complete(), hints, before, verified)
                for migration, done, hints, before, verified in steps
            ),
            seeds=tuple(seeds),
            tool_tables=tool_tables | _foreign_tables(chain),
        )

    def _seed(self, seed: Seed) -> SeedRun:
        run = self._apply(seed.script, keep_going=seed.before is None).complete()
        return SeedRun(seed, run, self._advice(run))

    def _advice(self, run: ScriptRun) -> tuple[str, ...]:
        if run.failure is None:
            return ()
        return advice(run.failure, self._chain, run.script, self._server, self._environment)

    def _apply(self, script: Script, upcoming: Script | None = None, *, keep_going: bool = False) -> _Counted:
        if not self._going:
            return _Counted(Application(not_reached(script)))
        done = _Counted(self._runner.send(script, lambda: self._work(upcoming)))
        self._last = done
        if self._connection.closed:
            if self._server.has_died():
                raise died(self._server)
            self._going = False
            return done
        done.before, self._rows = self._rows, self._count(done.run)
        done.after = self._rows
        if done.run.outcome is Outcome.APPLIED:
            self._applied.append(script.file)
        elif not keep_going:
            self._going = False
        return done

    def _work(self, upcoming: Script | None) -> None:
        """What can be done while the server works: understand the last script, and cut the next one."""
        if self._last is not None:
            self._last.application.complete()
        if upcoming is not None and upcoming.problem is None:
            with contextlib.suppress(ScriptError):
                plan(upcoming)

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
