"""Many statements in one message (PostgreSQL's manual, 53.2.2.1): the server never waits for us between them."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from migrate_validate.postgres.extensions import as_sent

_WAIT_MS = 1000
_SEPARATOR = b"\n;\n"


class Batch:
    """Statements that are sent at once; their results are read one by one, in order.

    After the first error the server skips the rest.
    """

    def __init__(self, connection: psycopg.Connection[Any], statements: Sequence[bytes]) -> None:
        """Send them on this connection, on which nothing else may run until all results are read."""
        self._pgconn = connection.pgconn
        self._encoding = connection.info.encoding
        self._statements = statements
        self._poll = select.poll()
        self._pgconn.send_query(_SEPARATOR.join(as_sent(connection, statements)))
        self._pgconn.flush()

    def result(self) -> PGresult:
        """The next result.

        :raises psycopg.Error: when the statement failed or the connection was lost
        """
        result = self.result_or_end()
        if result is None:
            raise psycopg.InternalError("the server sent fewer results than there were statements")
        return result

    def result_or_end(self) -> PGresult | None:
        """The next result; None: there is none left.

        :raises psycopg.Error: when the statement failed or the connection was lost
        """
        result = self._next()
        if result is not None and result.status == ExecStatus.FATAL_ERROR:
            self.finish()
            raise psycopg.errors.error_from_result(result, encoding=self._encoding)
        return result

    def finish(self) -> None:
        """Throw away the results that nobody read."""
        while self._pgconn.status == psycopg.pq.ConnStatus.OK and self._next() is not None:
            pass

    def place(self, position: int) -> tuple[int, int]:
        """Which statement a position in the message belongs to, and the position in it.

        :param position: 1-based, in characters, as PostgreSQL reports it
        """
        start = 0
        for number, statement in enumerate(self._statements):
            length = len(statement.decode())
            if position <= start + length:
                return number, position - start
            start += length + len(_SEPARATOR)
        return len(self._statements) - 1, 1

    def _next(self) -> PGresult | None:
        pgconn = self._pgconn
        while pgconn.is_busy():
            # Sending and receiving go on together: a server that cannot get rid of its results reads no more.
            waiting = select.POLLIN | (select.POLLOUT if pgconn.flush() else 0)
            self._poll.register(pgconn.socket, waiting)
            self._poll.poll(_WAIT_MS)
            try:
                pgconn.consume_input()
            except psycopg.OperationalError:
                # What the server said before it closed the connection has arrived all the same.
                if (last := pgconn.get_result()) is not None:
                    return last
                raise
        return pgconn.get_result()
