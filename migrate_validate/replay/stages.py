"""The states that a chain goes through, each on a database that a rule may damage."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import psycopg

from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.chain.model import Chain, Migration, Script, Seed, TransactionMode
from migrate_validate.chain.statements import ScriptError
from migrate_validate.config import Settings
from migrate_validate.errors import ServerError
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import Environment
from migrate_validate.postgres.server import Server, died
from migrate_validate.replay.applied_versions import AppliedVersions
from migrate_validate.replay.plan import plan
from migrate_validate.replay.runner import Runner
from migrate_validate.replay.sequences import positions, restore
from migrate_validate.replay.server_state import ServerState
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Outcome, ScriptRun, Step
from migrate_validate.replay.trial import StageLost, Trial
from migrate_validate.replay.watchdog import Watchdog

Connection = psycopg.Connection[Any]
Answer = TypeVar("Answer")


class Stage:
    """The state just before a migration, as often as a rule wants it."""

    def __init__(self, stages: Stages, index: int, step: Step, bound: str = "") -> None:
        """Of the migration with this index.

        :param bound: why what it sends is known for the rows of the chain only; empty: it is the same on any rows
        """
        self._stages = stages
        self._index = index
        self._bound = bound
        self.step = step
        """How the migration was applied in the replay."""

    @property
    def chain(self) -> Chain:
        """The chain."""
        return self.step.chain

    @property
    def environment(self) -> Environment:
        """What stood in the database before the first migration."""
        return self._stages.environment

    @property
    def ours(self) -> bool:
        """Whether the server that trials run on is ours; known within a trial."""
        return self._stages.ours

    @property
    def migration(self) -> Migration:
        """The migration that would come next."""
        return self.step.migration

    def once(self, what: str, work: Callable[[], Answer]) -> Answer:
        """What this work gives in this state; it is done once, for all rules that ask for it by this name."""
        return self._stages.once(self._index, what, work)

    def spent(self, what: str) -> float:
        """Seconds that the work of this name has taken so far, in all states of the chain."""
        return self._stages.spent.get(what, 0.0)

    def trial(
        self, *scripts: Script, clone: bool = False, limit: float | None = None, own_rows: bool = False
    ) -> AbstractContextManager[Trial]:
        """A database in this state.

        Everything is rolled back where each of the scripts can be one transaction. Else it is a copy that is dropped.

        :param scripts: what will be applied
        :param clone: want a copy: other sessions can see it, and COMMIT is what it is
        :param limit: seconds that a statement may take, where that is less than usual
        :param own_rows: the migration is applied once, on the rows that the chain itself has written
        :raises StageLost: when the chain cannot be applied again up to here; when a migration whose statements hang on
            the rows that it reads would be applied on others
        """
        if self._bound and (scripts or clone) and not own_rows:
            raise StageLost(self._bound)
        inside = not clone and all(_one_transaction(script) for script in scripts)
        return (self._stages.inside if inside else self._stages.copy)(self._index, limit)

    def apply(self, trial: Trial) -> ScriptRun:
        """Apply the migration as a whole run does, which also writes down that it was applied, where the tool does."""
        return self._stages.apply(trial, self.migration)

    def examine(
        self,
        scripts: Iterable[Script],
        examination: Callable[[Trial], Iterable[Answer]],
        *,
        own_rows: bool = False,
    ) -> tuple[Answer, ...]:
        """What an examination finds in this state.

        It is made in a transaction, which is cheap. Where it finds something there, it is made again on a copy with
        transactions of its own, and what is found there counts.

        :param scripts: what it applies
        :param own_rows: it applies the migration once, on the rows that the chain itself has written
        :raises StageLost: when the chain cannot be applied again up to here
        """
        scripts = tuple(scripts)
        with self.trial(*scripts, own_rows=own_rows) as trial:
            found = tuple(examination(trial))
            settled = not found or trial.database is not None
        if settled:
            return found
        with self.trial(clone=True, own_rows=own_rows) as trial:
            return tuple(examination(trial))


@dataclass(slots=True)
class _Walker:
    """A database that goes through the chain, and how far it is."""

    server: Server
    database: Database
    index: int = 0
    """Of the migration that comes next."""
    loaded: list[Seed] = field(default_factory=list)
    connection: Connection | None = None
    watchdog: Watchdog | None = None
    runner: Runner | None = None


class Stages:
    """Goes through a chain a second time, on a server of its own, as far as rules want to look.

    There is one database, which only moves forward; a look back begins anew.
    """

    def __init__(
        self,
        chain: Chain,
        settings: Settings,
        environment: Environment,
        start: Callable[[], AbstractContextManager[Database]],
    ) -> None:
        """Nothing is started yet.

        :param start: gives a new database with the environment, on a server where roles that the chain makes do not
            exist yet
        """
        self._chain = chain
        self._settings = settings
        self.environment = environment
        self._versions = AppliedVersions(chain, environment)
        self._start = start
        self._resources = contextlib.ExitStack()
        self._walker: _Walker | None = None
        self._reader = CatalogReader()
        self._lost: dict[int, str] = {}
        self._known: dict[tuple[int, str], Any] = {}
        self._ended = False
        self.spent: dict[str, float] = {}
        """Seconds that work has taken before all migrations together, by the name that it was given."""

    def close(self) -> None:
        """Drop the database and stop the server."""
        self._walker = None
        self._resources.close()

    def end(self) -> None:
        """Give no more trials, and end the sessions of one that goes on; called from another thread."""
        self._ended = True
        walker = self._walker
        if walker is not None:
            with contextlib.suppress(ServerError, psycopg.Error):
                walker.server.end_sessions()

    @property
    def ours(self) -> bool:
        """Whether the server that trials run on is ours; known once there is one."""
        return self._walker is not None and self._walker.server.ours

    def before(self, step: Step, bound: str = "") -> Stage:
        """The state before the migration of this step.

        :param bound: why what the migration sends is known for the rows of the chain only
        """
        return Stage(self, self._chain.migrations.index(step.migration), step, bound)

    def once(self, index: int, what: str, work: Callable[[], Answer]) -> Answer:
        """What this work gives before the migration with this index, done once."""
        if (index, what) not in self._known:
            started = time.monotonic()
            try:
                self._known[index, what] = work()
            finally:
                self.spent[what] = self.spent.get(what, 0.0) + time.monotonic() - started
        known: Answer = self._known[index, what]
        return known

    @contextlib.contextmanager
    def inside(self, index: int, limit: float | None = None) -> Iterator[Trial]:
        """A transaction in the state before the migration with this index, rolled back at the end."""
        walker = self._at(index)
        connection, runner = self._connected(walker)
        runner.make_ready()
        before = positions(connection)
        connection.execute("BEGIN")
        seconds = min(limit or self._limits.statement, self._limits.statement)
        connection.execute(f"SET LOCAL statement_timeout = {round(seconds * 1000)}".encode())
        try:
            with runner.limited(seconds):
                yield Trial(connection, runner, self._reader, None)
        finally:
            self._check_server(walker, connection.closed)
            if connection.closed:
                self._forget(walker)
            else:
                connection.execute("ROLLBACK")
                restore(connection, before)

    @contextlib.contextmanager
    def copy(self, index: int, limit: float | None = None) -> Iterator[Trial]:
        """A copy of the state before the migration with this index, dropped at the end."""
        walker = self._at(index)
        self._disconnect(walker)
        shared = ServerState.of(walker.server)
        copy = walker.database.clone("stage", owner=self.environment.migration_role)
        lost = False
        try:
            with (
                copy.connect(self.environment.migration_role) as connection,
                self._watch(walker.server, connection) as watchdog,
            ):
                limits = replace(self._limits, statement=min(limit or self._limits.statement, self._limits.statement))
                try:
                    yield Trial(connection, Runner(connection, limits, watchdog), self._reader, copy)
                finally:
                    lost = connection.closed
        finally:
            self._check_server(walker, lost)
            copy.drop()
            shared.restore(walker.server)

    def before_all(self) -> Iterator[tuple[Script, Trial]]:
        """Every script that comes before the first migration, in order, with the state before it.

        It is applied when the next one is wanted. The database is new, on a server of its own where we can start one.
        """
        role = self.environment.migration_role
        first = self._chain.migrations[0].version if self._chain.migrations else None
        with (
            self._start() as database,
            database.connect(role) as connection,
            self._watch(database.server, connection) as watchdog,
        ):
            trial = Trial(connection, Runner(connection, self._limits, watchdog), CatalogReader(), database)
            for script in self._chain.base:
                yield script, trial
                trial.apply(script)
            self._versions.begin(connection)
            for seed in self._chain.seeds_before(first):
                yield seed.script, trial
                trial.apply(seed.script)

    def apply(self, trial: Trial, migration: Migration) -> ScriptRun:
        """Apply a migration in a trial as a whole run does."""
        self._versions.announce(trial.connection, migration)
        run = trial.apply(migration.up)
        self._versions.record(trial.connection, migration)
        return run

    @property
    def _limits(self) -> Limits:
        return Limits(self._settings.statement_timeout, self._settings.lock_timeout)

    def _at(self, index: int) -> _Walker:
        if self._ended:
            raise StageLost("the run was ended")
        lost = [why for at, why in self._lost.items() if index >= at]
        if lost:
            raise StageLost(lost[0])
        if self._walker is None or self._walker.index > index:
            self._walker = self._begin()
        walker = self._walker
        while walker.index < index:
            migration = self._chain.migrations[walker.index]
            self._advance(walker, migration)
            walker.index += 1
        self._seeds(walker, index)
        return walker

    def _begin(self) -> _Walker:
        self._resources.close()
        database = self._resources.enter_context(self._start())
        walker = _Walker(database.server, database)
        self._resources.callback(self._disconnect, walker)
        for script in self._chain.base:
            self._apply(walker, script, 0)
        self._versions.begin(self._connected(walker)[0])
        return walker

    def _advance(self, walker: _Walker, migration: Migration) -> None:
        self._seeds(walker, walker.index)
        self._versions.announce(self._connected(walker)[0], migration)
        self._apply(walker, migration.up, walker.index + 1)
        self._versions.record(self._connected(walker)[0], migration)

    def _seeds(self, walker: _Walker, index: int) -> None:
        """Load what comes before the migration with this index, once."""
        for seed in self._chain.seeds_before(self._chain.migrations[index].version):
            if seed not in walker.loaded:
                self._apply(walker, seed.script, index)
                walker.loaded.append(seed)

    def _apply(self, walker: _Walker, script: Script, index: int) -> None:
        connection, runner = self._connected(walker)
        run = runner.apply(script)
        if run.outcome is Outcome.APPLIED:
            return
        self._check_server(walker, connection.closed)
        failure = run.failure
        why = f"{failure.location}: {failure.message}" if failure else "it could not be applied"
        self._lost[index] = f"{script.file} could not be applied a second time, on another database: {why}"
        raise StageLost(self._lost[index])

    def _connected(self, walker: _Walker) -> tuple[Connection, Runner]:
        if walker.connection is None or walker.connection.closed or walker.runner is None:
            self._disconnect(walker)
            walker.connection = walker.database.connect(self.environment.migration_role)
            walker.watchdog = self._watch(walker.server, walker.connection)
            walker.watchdog.__enter__()
            walker.runner = Runner(walker.connection, self._limits, walker.watchdog)
        return walker.connection, walker.runner

    def _watch(self, server: Server, connection: Connection) -> Watchdog:
        return Watchdog(connection, self._settings.statement_timeout + 0.5, lambda: server.connect("postgres"))

    def _disconnect(self, walker: _Walker) -> None:
        if walker.watchdog is not None:
            walker.watchdog.__exit__()
        if walker.connection is not None:
            walker.connection.close()
        walker.connection, walker.watchdog, walker.runner = None, None, None

    def _check_server(self, walker: _Walker, lost: bool) -> None:
        """Look after the server where a connection was lost.

        :raises ServerError: it has died
        """
        if lost and not self._ended and walker.server.has_died():
            self._forget(walker)
            raise died(walker.server)

    def _forget(self, walker: _Walker) -> None:
        """The session or the server is lost: begin anew the next time."""
        self._disconnect(walker)
        self._walker = None


def _one_transaction(script: Script) -> bool:
    with contextlib.suppress(ScriptError):
        return script.problem is None and plan(script).mode is TransactionMode.FILE
    return False
