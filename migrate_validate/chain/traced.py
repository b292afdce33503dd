"""What a migration in Python sends: known once it has run, and asked for as if it were known."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from migrate_validate.chain.statement import Statement
from migrate_validate.findings import Location


@dataclass(frozen=True, slots=True)
class Fault:
    """How a script failed when its tool ran it."""

    message: str
    location: Location
    details: Mapping[str, str] = field(default_factory=dict)
    """What PostgreSQL said of it, by the names that a Failure has for it: ``sqlstate``, ``statement``, ``hint``, ..."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one script has sent when its tool ran it."""

    statements: tuple[Statement, ...] = ()
    """With BEGIN and COMMIT among them where the script is not one transaction."""
    records: tuple[str, ...] = ()
    """What the tool has sent to write it down as applied, or as taken back."""
    reason: str = ""
    """Why it is not one transaction; empty where it is."""
    reads: Location | None = None
    """Where it has fetched rows of tables: on other rows it might have sent something else."""
    fault: Fault | None = None
    """How it failed; it has sent nothing then."""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs scripts in Python: a module of ``migrate_validate.tracing``, in a process of its own."""

    tool: str
    """The module's name: ``alembic``, ``django``, ..."""
    directory: Path
    """Where it is started: the project's directory, absolute."""
    arguments: tuple[tuple[str, str], ...] = ()
    """What it has to know of the project, by name."""


class Traced:
    """The trace of one script, which whoever asks for it first sets going."""

    def __init__(self, program: Program, key: str, *, foreign: bool = False) -> None:
        """Nothing has run yet.

        :param program: what runs it, together with its neighbours
        :param key: what the program calls it
        :param foreign: whether it belongs to a library, whose tables are not judged
        """
        self.foreign = foreign
        self.program = program
        self.key = key
        self._future: Future[Trace] = Future()
        self._lock = threading.Lock()
        self._begin: Callable[[], None] | None = None

    @property
    def done(self) -> bool:
        """Whether the trace is there, or the error that there is instead."""
        return self._future.done()

    def promise(self, begin: Callable[[], None]) -> None:
        """Say how the trace is set going: it will then be given, or :meth:`fail` be called.

        :param begin: may be called again and again
        """
        self._begin = begin

    def give(self, trace: Trace) -> None:
        """Keep the trace; the first one counts."""
        with self._lock:
            if not self._future.done():
                self._future.set_result(trace)

    def fail(self, error: Exception) -> None:
        """Let everybody who asks for the trace get this error, unless it is there already."""
        with self._lock:
            if not self._future.done():
                self._future.set_exception(error)

    def get(self, file: str) -> Trace:
        """The trace; waits for it.

        :param file: of the script, for a fault
        :raises MigrateValidateError: the tool could not be run
        """
        if not self._future.done():
            if self._begin is None:
                return Trace(fault=Fault("its SQL is known only where it is run on a server", Location(file)))
            self._begin()
        return self._future.result()
