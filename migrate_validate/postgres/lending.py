"""One copy of a database for many readers, one after the other; whoever writes gets it for himself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate.postgres.databases import Database

Connection = psycopg.Connection[Any]

_MADE_ANEW = ("autocommit", "isolation_level", "read_only", "deferrable", "row_factory", "cursor_factory")
"""What a borrower may have changed of the connection itself."""
_CLEANING = (
    "RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
)
_PREPARED = "SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql"


class Lender:
    """Lends copies of a database that nobody is connected to.

    A copy in which somebody has written is dropped. One that was only read is lent again, and so is the connection to
    it: the next reader finds the server's caches filled.
    """

    def __init__(self, copy: Callable[[], Database], seconds: float) -> None:
        """Lend what ``copy`` makes.

        :param seconds: that a statement of a borrower may take
        """
        self._copy = copy
        self._milliseconds = round(seconds * 1000)
        self._kept: tuple[Database, Connection] | None = None

    @contextlib.contextmanager
    def lend(self) -> Iterator[Connection]:
        """A connection to a copy, in autocommit mode.

        :raises ServerError: when the server does not answer
        """
        database, connection = self._take() or self._new()
        settings = _settings(connection)
        before = _written(connection)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        # A borrower may have called for another one meanwhile.
        if self._kept is None and database.server.ours and before is not None and _written(connection) == before:
            if _settings(connection) != settings or not _clean(connection):
                connection.close()
                connection = database.connect()
            self._kept = database, self._limited(connection)
        else:
            connection.close()
            database.drop()

    def close(self) -> None:
        """End the session that is left; who made the copies drops them."""
        kept = self._take()
        if kept is not None:
            kept[1].close()

    def _take(self) -> tuple[Database, Connection] | None:
        kept, self._kept = self._kept, None
        return kept

    def _new(self) -> tuple[Database, Connection]:
        database = self._copy()
        return database, self._limited(database.connect())

    def _limited(self, connection: Connection) -> Connection:
        connection.execute(f"set statement_timeout = {self._milliseconds}")
        return connection


def _settings(connection: Connection) -> tuple[object, ...] | None:
    if connection.closed:
        return None
    return tuple(getattr(connection, name) for name in _MADE_ANEW)


def _clean(connection: Connection) -> bool:
    """Take the session back to its beginning; whether that was possible.

    What psycopg has prepared stays, for it would not know otherwise; what somebody has prepared by name cannot.
    """
    for command in _CLEANING:
        connection.execute(command)
    return connection.execute(_PREPARED).fetchone() is None


def _written(connection: Connection) -> str | None:
    """The next number of a transaction: nobody writes, and no copied sequence moves, without taking one.

    None: not known.
    """
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return None
    row = (
        connection.cursor(row_factory=psycopg.rows.tuple_row)
        .execute("select pg_snapshot_xmax(pg_current_snapshot())::text")
        .fetchone()
    )
    return None if row is None else str(row[0])
