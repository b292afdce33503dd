"""Runs the migrations of a chain that are Python, once, and gives their scripts what they have sent."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from migrate_validate.chain.model import Chain, Migration, Script
from migrate_validate.chain.programs import Broken, Process
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.chain.traced import Fault, Program, Trace, Traced
from migrate_validate.config import Settings
from migrate_validate.errors import MigrateValidateError, ServerError
from migrate_validate.findings import Location
from migrate_validate.postgres.databases import Database
from migrate_validate.replay.runner import Runner
from migrate_validate.replay.session import Limits
from migrate_validate.replay.watchdog import Watchdog
from migrate_validate.tracing.composing import compose, outside_session

SETUP = "setup"
"""The key of what a project sends before its first migration."""

Start = Callable[[], AbstractContextManager[Database]]


def reads_rows(migration: Migration) -> str:
    """Why what a migration sends is known for the traced database only; empty where it is the same on any rows."""
    for script in (migration.up, migration.down):
        reads = script.traced.get(script.file).reads if script is not None and script.traced is not None else None
        if reads is not None:
            return f"{reads}: the migration reads rows and may send something else where they are others"
    return ""


def remarks(chain: Chain) -> tuple[str, ...]:
    """What the user should know of migrations that have run."""
    traces = ((each.file, each.up.traced.get(each.file)) for each in chain.migrations if each.up.traced is not None)
    return tuple(
        f"{file}: {trace.reason}: what it has sent before {'stays' if trace.fault else 'stays where it fails later'}"
        for file, trace in traces
        if trace.reason.startswith("it commits by itself")
    )


class Tracing:
    """The scripts of a chain that are Python, run in the background as soon as somebody needs to know what they send.

    The ways there are run first; the ways back are run on another database, where somebody asks for them.
    """

    def __init__(self, chain: Chain, settings: Settings, start: Start, role: Callable[[], str | None]) -> None:
        """Nothing is run yet.

        :param start: gives a new database with the environment, on a server where roles that the chain makes do not
            exist yet
        :param role: the role that migrations are applied as; None: the server's superuser
        """
        downs = tuple(each.down for each in chain.migrations if each.down is not None)
        self._ways = {
            back: _Way(chain, scripts, settings, start, role, back)
            for back, scripts in ((False, chain.scripts), (True, downs))
            if any(script.traced is not None for script in scripts)
        }

    def begin(self) -> None:
        """Begin to run the ways there, if there are any."""
        if False in self._ways:
            self._ways[False].begin()

    def close(self) -> None:
        """End what still runs, and drop its databases."""
        for way in self._ways.values():
            way.close()


class _Way:
    """All scripts that lead up, or down."""

    def __init__(
        self,
        chain: Chain,
        scripts: tuple[Script, ...],
        settings: Settings,
        start: Start,
        role: Callable[[], str | None],
        back: bool,
    ) -> None:
        self._chain = chain
        self._wanted = {script.traced: script for script in scripts if script.traced and not script.traced.done}
        self._settings = settings
        self._start = start
        self._role = role
        self._back = back
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._processes: list[Process] = []
        self._closed = False
        for traced in self._wanted:
            traced.promise(self.begin)

    def begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed and self._wanted:
                self._thread = threading.Thread(target=self._run, name="migrate-validate-tracing", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            processes, thread = tuple(self._processes), self._thread
        for process in processes:
            process.kill()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        ending: Exception = ServerError("the run was ended before the migrations had run")
        try:
            # What it imports takes as long as a server takes to start.
            early = self._started(next(script.traced.program for script in self._chain.scripts if script.traced))
            with self._start() as database:
                for program in self._programs(database):
                    process = early if early.program == program else self._started(program)
                    self._run_program(process, database)
        except Exception as error:  # noqa: BLE001 - whoever asks for a trace is told
            ending = error
        for process in self._processes:
            process.close()
        for traced, script in self._wanted.items():
            if self._back and isinstance(ending, MigrateValidateError):
                # There is no trouble with the chain: what cannot be run is a way back.
                traced.give(Trace(fault=Fault(ending.what, Location(script.file))))
            traced.fail(ending)

    def _started(self, program: Program) -> Process:
        process = Process(program, self._settings.statement_timeout)
        with self._lock:
            self._processes.append(process)
            if self._closed:
                process.kill()
        return process

    def _programs(self, database: Database) -> Iterator[Program]:
        """Each program once, when what comes before it was applied."""
        done: list[Program] = []
        for script in (*self._chain.base, *(migration.up for migration in self._chain.migrations)):
            if script.traced is None:
                if script in self._chain.base:
                    self._apply(script, database)
            elif script.traced.program not in done:
                done.append(script.traced.program)
                yield script.traced.program

    def _apply(self, script: Script, database: Database) -> None:
        limits = Limits(self._settings.statement_timeout, self._settings.lock_timeout)
        with (
            database.connect(self._role()) as connection,
            Watchdog(connection, limits.statement + 0.5, lambda: database.server.connect("postgres")) as watchdog,
        ):
            Runner(connection, limits, watchdog).apply(script)

    def _run_program(self, process: Process, database: Database) -> None:
        process.ask(_server(database, self._role()), back=self._back, seeds=_seeds(self._chain))
        mine = {traced.key: traced for traced in self._wanted if traced.program == process.program}
        _Hearing(mine, self._wanted, self._back).hear(process)


class _Hearing:
    """What a process tells, as it comes. A step is over when the next one begins: until then it may fail to commit."""

    def __init__(self, by_key: dict[str, Traced], scripts: dict[Traced, Script], back: bool) -> None:
        self._by_key = by_key
        self._scripts = scripts
        self._back = back
        self._setup: list[dict[str, Any]] = []
        self._last: tuple[str, Trace] | None = None
        self._at: str | None = None

    def hear(self, process: Process) -> None:
        try:
            for message in process.messages():
                self._take(message)
        except Broken as broken:
            if self._at is None:
                raise
            # Whatever it is, the step that was at work has done it.
            self._last = None
            self._give(self._at, Trace(fault=Fault(broken.why, self._place(self._at))))
        self._settle()
        for key in self._by_key:
            self._give(key, Trace(fault=Fault("it was not run: another one failed before it", self._place(key))))

    def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"setup": setup}:
                self._setup = setup
                self._give(SETUP, outside_session(self._place(SETUP).file, setup))
            case {"step": key}:
                self._settle()
                self._give(SETUP, Trace())
                self._at = key
            case {"end": key}:
                self._keep(key, message)
                self._at = None
            case {"fault": key}:
                self._blame(key, message)
                self._at = None

    def _keep(self, key: str, message: dict[str, Any]) -> None:
        if key in self._by_key:
            self._last = (key, compose(self._place(key).file, message, self._setup))

    def _blame(self, key: str | None, message: dict[str, Any]) -> None:
        """A step has failed; or the end of the transaction that all of them share, which is the last one's fault."""
        if key is None and self._back:
            self._settle()
            key = next((each for each, traced in self._by_key.items() if not traced.done), None)
        elif key is None:
            key = self._last[0] if self._last else None
        if key is not None:
            self._last = None
            place = Location(self._place(key).file, message["line"])
            fault = Fault(message["message"], place, message.get("details") or {})
            self._give(key, Trace(reason=message["reason"], fault=fault))

    def _settle(self) -> None:
        if self._last is not None:
            self._give(*self._last)
            self._last = None

    def _give(self, key: str, trace: Trace) -> None:
        if key in self._by_key:
            self._by_key[key].give(trace)

    def _place(self, key: str) -> Location:
        traced = self._by_key.get(key)
        return Location(self._scripts[traced].file if traced is not None else key)


def _seeds(chain: Chain) -> dict[str, list[str]]:
    """The statements that load rows before a migration in Python, by its key; COPY is passed over."""
    found: dict[str, list[str]] = {}
    keys = {each.version: each.up.traced.key for each in chain.migrations if each.up.traced is not None}
    for seed in chain.seeds:
        if seed.before in keys and seed.script.traced is None:
            with contextlib.suppress(ScriptError):
                sent = [each.sql for each in statements(seed.script) if each.copy_data is None]
                found.setdefault(keys[seed.before], []).extend(sent)
    return found


def _server(database: Database, role: str | None) -> dict[str, object]:
    server = database.server
    found = {
        "host": server.host,
        "port": server.port,
        "user": role or server.user,
        "password": server.password,
        "dbname": database.name,
        "client_encoding": "utf8",
        "application_name": "migrate-validate",
    }
    return {name: value for name, value in found.items() if value is not None}
