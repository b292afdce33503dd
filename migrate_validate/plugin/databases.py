"""The databases behind the fixtures: what a chain has made, and chains that a test drives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.errors import ConfigError, ServerError
from migrate_validate.evaluation import Evaluation
from migrate_validate.plugin.run import RUN
from migrate_validate.postgres.databases import Database
from migrate_validate.replay.applied_versions import AppliedVersions
from migrate_validate.replay.runner import Runner
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Outcome, ScriptRun
from migrate_validate.replay.watchdog import Watchdog

Connection = psycopg.Connection[Any]


@contextlib.contextmanager
def migrated(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection to a copy of the migrated database, dropped at the end."""
    evaluation = evaluation_of(request)
    copy = _migrated(evaluation).clone("test", owner=evaluation.environment.migration_role)
    try:
        with copy.connect(evaluation.environment.migration_role) as connection:
            connection.autocommit = False
            yield connection
            connection.rollback()
    finally:
        copy.drop()


@contextlib.contextmanager
def template(config: pytest.Config) -> Iterator[PostgresqlProcess]:
    """A migrated template database, dropped at the end."""
    evaluation = _choose(None, config)
    copy = _migrated(evaluation).clone("template", owner=evaluation.environment.migration_role)
    server = evaluation.server
    try:
        yield PostgresqlProcess(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            dbname=f"{copy.name}_test",
            template_dbname=copy.name,
            version=f"{server.version // 10000}.{server.version % 10000}",
        )
    finally:
        copy.drop()


@dataclass(frozen=True, slots=True)
class PostgresqlProcess:
    """What a client fixture of pytest-postgresql asks of its process fixture."""

    host: str
    port: int
    user: str
    password: str | None
    dbname: str
    template_dbname: str
    version: str
    maintenance_dbname: str = "postgres"
    options: str = ""


@dataclass
class MigrationDriver:
    """A chain on a database of its own, moved by hand."""

    evaluation: Evaluation
    connection: Connection
    """In autocommit mode, as the role that migrations are applied as."""
    applied: list[str] = field(default_factory=list)
    """Versions that are applied, in order."""

    @classmethod
    @contextlib.contextmanager
    def open(cls, evaluation: Evaluation) -> Iterator[MigrationDriver]:
        """Base files are applied; no migration is."""
        with (
            evaluation.empty_database() as empty,
            empty.connect(evaluation.environment.migration_role) as connection,
        ):
            driver = cls(evaluation, connection)
            for script in evaluation.chain.base:
                driver._apply(script)
            driver._versions.begin(connection)
            yield driver

    @cached_property
    def _versions(self) -> AppliedVersions:
        return AppliedVersions(self.evaluation.chain, self.evaluation.environment)

    @property
    def version(self) -> str | None:
        """The version of the last migration that is applied."""
        return self.applied[-1] if self.applied else None

    def up(self, steps: int | None = None) -> None:
        """Apply the next migrations.

        :param steps: how many; None: all that are left
        :raises MigrationFailed: when one cannot be applied
        """
        left = self.evaluation.chain.migrations[len(self.applied) :]
        for migration in left if steps is None else left[:steps]:
            for seed in self.evaluation.chain.seeds_before(migration.version):
                self._apply(seed.script)
            self._versions.announce(self.connection, migration)
            self._apply(migration.up)
            self._versions.record(self.connection, migration)
            self.applied.append(migration.version)

    def down(self, steps: int = 1) -> None:
        """Roll back the last migrations by their down scripts.

        :raises ConfigError: when one has no down script
        :raises MigrationFailed: when a down script fails
        """
        for _ in range(steps):
            migration = self.evaluation.chain.migrations[len(self.applied) - 1]
            if not self.applied or migration.down is None:
                raise ConfigError(
                    f"{migration.file if self.applied else 'the chain'} cannot be rolled back: "
                    f"{'it has no down script' if self.applied else 'no migration is applied'}",
                    remedy=f"add {Path(migration.file).stem}_rollback.sql beside it",
                )
            self._apply(migration.down)
            self._versions.forget(self.connection, migration)
            self.applied.pop()

    def to(self, version: str) -> None:
        """Move up or down until the migration of this version is the last one applied.

        :raises ConfigError: when no migration has this version
        """
        versions = [migration.version for migration in self.evaluation.chain.migrations]
        if version not in versions:
            raise ConfigError(f"no migration has the version {version!r}", looked=versions)
        target = len(versions) - versions[::-1].index(version)
        if target >= len(self.applied):
            self.up(target - len(self.applied))
        else:
            self.down(len(self.applied) - target)

    def _apply(self, script: Any) -> ScriptRun:
        settings = self.evaluation.settings
        with Watchdog(self.connection, settings.statement_timeout + 0.5) as watchdog:
            run = Runner(self.connection, Limits(settings.statement_timeout, settings.lock_timeout), watchdog).apply(
                script
            )
        if run.outcome is not Outcome.APPLIED:
            raise MigrationFailed(run)
        return run


class MigrationFailed(AssertionError):
    """A script could not be applied; ``run`` has the evidence."""

    def __init__(self, run: ScriptRun) -> None:
        """Say where and why."""
        self.run = run
        failure = run.failure
        super().__init__(f"{failure.location}: {failure.message}" if failure else run.script.file)


def evaluation_of(request: pytest.FixtureRequest) -> Evaluation:
    """The chain that a test's marker names, or else the only one of the run.

    :raises ConfigError: when there is none, or several
    """
    marker = request.node.get_closest_marker("migrations")
    return _choose(str(marker.args[0]) if marker and marker.args else None, request.config)


def _choose(wanted: str | None, config: pytest.Config) -> Evaluation:
    run = config.stash.get(RUN, None)
    known = list(run.evaluations.items()) if run else []
    if wanted is not None:
        for path, evaluation in known:
            if wanted in (evaluation.chain.given, str(path)) or path == (config.rootpath / wanted).absolute():
                return evaluation
    elif len(known) == 1:
        return known[0][1]
    names = [evaluation.chain.given for _, evaluation in known]
    if not known:
        error = ConfigError(
            "a fixture of migrate-validate is used, and no chain of migrations is named",
            looked=["--migrations on the command line", "migrations in [tool.migrate_validate] of pyproject.toml"],
            remedy='add to pyproject.toml: [tool.migrate_validate] migrations = ["path"]',
        )
        # Without chains nothing of ours is there to turn the exception into its text.
        pytest.fail(str(error), pytrace=False)
    raise ConfigError(
        f"no chain {wanted!r} is part of this run" if wanted else "several chains are part of this run",
        looked=names,
        remedy='mark the test with @pytest.mark.migrations("path"), with one of these paths',
    )


def _migrated(evaluation: Evaluation) -> Database:
    replay = evaluation.replay
    if replay.timeline.complete:
        return replay.database
    runs = [*replay.timeline.base, *(s.run for s in replay.timeline.steps), *(s.run for s in replay.timeline.seeds)]
    failure = next(run.failure for run in runs if run.failure)
    raise ServerError(
        f"the chain {evaluation.chain.given} could not be applied: {failure.location}: {failure.message}",
        remedy=f"see the whole report: pytest --migrations={evaluation.chain.given}",
    )
