"""Ends a statement that outlives its time limit, whatever the script has set ``statement_timeout`` to."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

GRACE = 3.0
"""Seconds between the means of ending a statement, each harsher than the one before."""


class Watchdog:
    """Watches one connection from a thread of its own; a context manager.

    A statement that takes too long is cancelled; one that goes on for ``GRACE`` seconds loses its session; where even
    that does not end it the connection is cut, so that nobody waits for ever.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        seconds: float,
        connect: Callable[[], psycopg.Connection[Any]] | None = None,
    ) -> None:
        """Watch this connection.

        :param seconds: that one statement may take
        :param connect: opens another connection, which may end sessions; None: the same database and role
        """
        self._connection = connection
        self._connect = connect or (
            lambda: psycopg.connect(
                connection.info.dsn, password=connection.info.password, autocommit=True, connect_timeout=round(GRACE)
            )
        )
        self.seconds = seconds
        self.fired = False
        """Whether the statement that ran last was ended."""
        self._deadline: float | None = None
        self._means = [self._cancel, self._terminate, self._cut]
        self._used = 0
        # Held while a statement is ended: the next one must not begin before, or it would be hit.
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="migrate-validate-watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop watching."""
        self._stopped.set()
        self._thread.join()

    @contextlib.contextmanager
    def limit(self, statements: int = 1) -> Iterator[None]:
        """Limit what runs inside to ``seconds`` for each of so many statements."""
        with self._lock:
            self.fired = False
            self._used = 0
            self._deadline = time.monotonic() + self.seconds * max(statements, 1)
        try:
            yield
        finally:
            with self._lock:
                self._deadline = None

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            with self._lock:
                if self._deadline is None or time.monotonic() < self._deadline or self._used == len(self._means):
                    continue
                self.fired = True
                means = self._means[self._used]
                self._used += 1
                with contextlib.suppress(Exception):
                    means()
                self._deadline = time.monotonic() + GRACE

    def _cancel(self) -> None:
        self._connection.cancel_safe(timeout=GRACE)

    def _terminate(self) -> None:
        with self._connect() as other:
            other.execute("select pg_terminate_backend(%s)", (self._connection.info.backend_pid,))

    def _cut(self) -> None:
        with socket.socket(fileno=os.dup(self._connection.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)
