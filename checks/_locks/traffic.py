"""Other sessions that read and write a table while a migration runs, and how long each of them was stopped."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg

from migrate_validate.catalog.model import Table
from migrate_validate.syntax import quote

from .._shared import Connection

_PAUSE = 0.001
"""Seconds between two queries of a session."""
_BEFORE = 20
"""Queries that every session makes before the migration starts."""
_PATIENCE = 10.0
"""Seconds that they may take."""


@dataclass(slots=True)
class Session:
    """One session that does the same again and again."""

    connection: Connection
    query: bytes
    stop: threading.Event
    took: list[tuple[float, float]] = field(default_factory=list)
    """When each query was sent, and for how many seconds it waited for the answer."""
    ended: str = ""
    """Why it came to an end by itself: a SQLSTATE."""

    def run(self) -> None:
        """Go on until told to stop."""
        while not self.stop.is_set():
            started = time.perf_counter()
            try:
                self.connection.execute(self.query)
            except psycopg.Error as error:
                self.ended = error.sqlstate or str(error)
                return
            finally:
                self.took.append((started, time.perf_counter() - started))
            time.sleep(_PAUSE)

    def stopped_ms(self, since: float) -> float:
        """The longest time that a query waited, less what one takes otherwise.

        :param since: of ``time.perf_counter``; what was answered before is what a query takes
        """
        usual = statistics.median([each for start, each in self.took if start + each < since] or [0.0])
        return round(max((each - usual for start, each in self.took if start + each >= since), default=0.0) * 1000, 1)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the sessions of one table met."""

    reads: Session
    writes: Session


@contextlib.contextmanager
def traffic(connect: Callable[[], Connection], tables: list[Table]) -> Iterator[dict[str, Traffic]]:
    """Read and write one row of each table again and again, in sessions of their own, until the end.

    Nothing that is written stays.

    :param connect: makes a connection in autocommit mode
    :returns: by ``schema.name``; complete at the end
    """
    with contextlib.ExitStack() as resources:
        stop = threading.Event()

        def session(query: str) -> Session:
            connection = resources.enter_context(connect())
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # Then triggers see what is undone.
                connection.execute("SET session_replication_role = replica")
            return Session(connection, query.encode(), stop)

        met = {table.qualified_name: Traffic(session(_read(table)), session(_write(table))) for table in tables}
        sessions = [each for one in met.values() for each in (one.reads, one.writes)]
        threads = [threading.Thread(target=each.run, daemon=True) for each in sessions]
        for thread in threads:
            thread.start()
        try:
            _wait(sessions)
            yield met
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _wait(sessions: list[Session]) -> None:
    patience = time.perf_counter() + _PATIENCE
    while any(len(each.took) < _BEFORE and not each.ended for each in sessions) and time.perf_counter() < patience:
        time.sleep(_PAUSE)


def _read(table: Table) -> str:
    return f"SELECT FROM {_name(table)} LIMIT 1"


def _write(table: Table) -> str:
    column = next((each for each in table.columns if not each.generated and each.identity != "always"), None)
    if column is None:
        return f"BEGIN; LOCK TABLE {_name(table)} IN ROW EXCLUSIVE MODE; ROLLBACK"
    same = f"{quote(column.name)} = {quote(column.name)}"
    row = f"(tableoid, ctid) = (SELECT tableoid, ctid FROM {_name(table)} LIMIT 1)"
    return f"BEGIN; UPDATE {_name(table)} SET {same} WHERE {row}; ROLLBACK"


def _name(table: Table) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}"
