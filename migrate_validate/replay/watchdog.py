"""Ends a statement that outlives its time limit, whatever the script has set ``statement_timeout`` to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import psycopg

GRACE = 3.0
"""Seconds between asking a statement to stop and ending its session."""


class Watchdog:
    """Watches one connection from a thread of its own; a context manager."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], seconds: float) -> None:
        """Watch this connection.

        :param seconds: that one statement may take
        """
        self._connection = connection
        self._pid = connection.info.backend_pid
        self._connect: Callable[[], psycopg.Connection[tuple[object, ...]]] = lambda: psycopg.connect(
            connection.info.dsn, password=connection.info.password, autocommit=True
        )
        self.seconds = seconds
        self._deadline: float | None = None
        self.fired = False
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
    def limit(self) -> Iterator[None]:
        """Limit what runs inside to ``seconds``."""
        self.fired = False
        self._deadline = time.monotonic() + self.seconds
        try:
            yield
        finally:
            self._deadline = None

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            deadline = self._deadline
            if deadline is None or time.monotonic() < deadline:
                continue
            if not self.fired:
                self.fired = True
                with contextlib.suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=GRACE)
            elif time.monotonic() > deadline + GRACE:
                self._deadline = None
                with contextlib.suppress(psycopg.Error), self._connect() as other:
                    other.execute("select pg_terminate_backend(%s)", (self._pid,))
