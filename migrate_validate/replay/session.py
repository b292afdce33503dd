"""The session in which scripts are applied: made clean for each of them, observed between their statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

from migrate_validate.replay.evidence import (
    CLOCK,
    CLOSING,
    COUNTED,
    FLUSH,
    FLUSH_SINCE,
    NEWEST,
    OBSERVED,
    RELATIONS,
    Observation,
    Relation,
)

_OBSERVE = b"migrate_validate_observe"
_CLOSE = b"migrate_validate_close"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that one statement may take, and may wait for a lock."""

    statement: float
    lock: float


class Session:
    """A connection in autocommit mode. Nothing of one script is left to the next one."""

    def __init__(self, connection: psycopg.Connection[Any], limits: Limits) -> None:
        """Use this connection."""
        self.connection = connection
        # No script would choose just this: so a lock_timeout of its own can be told from ours.
        self._statement_timeout_ms = round(limits.statement * 1000)
        milliseconds = round(limits.lock * 1000)
        self._lock_timeout_ms = milliseconds + 1 if milliseconds and milliseconds % 10 == 0 else milliseconds
        self._clean = False
        self.flushed = False
        """Whether the counters begin anew with the next message."""
        self.newest = 0
        """The greatest number given to a relation before the script that runs now."""
        self.outdated = False
        """Whether a new session may begin with other settings: a script has altered a database or a role."""
        self._began_with: int | None = None
        """Changes with the settings that new sessions begin with."""
        # Statements that are prepared behind the scenes would be lost to a DISCARD ALL or DEALLOCATE ALL of a script.
        connection.prepare_threshold = None

    def make_clean(self) -> None:
        """Begin with a clean session that has our time limits and our queries; a clean one stays as it is."""
        if self._clean:
            return
        self.connection.execute("DISCARD ALL")
        cursor = self.connection.execute(
            b"SET statement_timeout = %d; SET lock_timeout = %d; PREPARE %s (oid) AS %s; PREPARE %s (oid) AS %s; %s"
            % (self._statement_timeout_ms, self._lock_timeout_ms, _OBSERVE, OBSERVED, _CLOSE, CLOSING, NEWEST)
        )
        while cursor.nextset():
            pass
        self.newest, defaults = cursor.fetchone() or (0, 0)
        self.outdated = self._began_with not in (None, defaults)
        if self._began_with is None:
            self._began_with = defaults
        self._clean = True

    def renew(self) -> None:
        """Begin the session anew, over the same connection object.

        :raises psycopg.Error: when the server lets nobody in
        """
        pgconn = self.connection.pgconn
        pgconn.reset()
        if pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError(pgconn.error_message.decode(errors="replace").strip())
        # As psycopg has it; to connect again makes it a blocking one.
        pgconn.nonblocking = 1
        self._clean, self._began_with, self.flushed = False, None, False
        self.make_clean()

    def limit(self, seconds: float) -> None:
        """Let statements take so long, from the next cleaning on."""
        self._statement_timeout_ms = round(seconds * 1000)

    def make_nearly_clean(self) -> None:
        """The same for a session in which nothing was prepared: what we have prepared is kept."""
        self.connection.execute(
            b"RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES;"
            b"SELECT pg_catalog.pg_advisory_unlock_all(); SET statement_timeout = %d; SET lock_timeout = %d"
            % (self._statement_timeout_ms, self._lock_timeout_ms)
        )

    def make_clean_inside(self) -> None:
        """The same inside of an open transaction, as far as PostgreSQL allows it there."""
        self.connection.execute(
            b"RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; DISCARD TEMP;"
            b"SET statement_timeout = %d; SET lock_timeout = %d" % (self._statement_timeout_ms, self._lock_timeout_ms)
        )

    def soil(self) -> None:
        """Say that a script may leave something behind."""
        self._clean = False

    def counted(self) -> dict[int, tuple[int, ...]]:
        """What the counters of scans and rows stand at before a script, by relation; 0 where not named.

        They go on counting until the server passes them on to its statistics, which it does once in a while.
        """
        outside = self.connection.info.transaction_status == TransactionStatus.IDLE
        if outside and self.connection.info.server_version >= FLUSH_SINCE:
            if not self.flushed:
                self.connection.execute(FLUSH)
            self.flushed = False
            return {}
        return {oid: tuple(counters) for oid, *counters in self.connection.execute(COUNTED)}

    def relations(self) -> dict[int, Relation]:
        """The relations that there are, by object identifier."""
        return {row[0]: Relation(*row) for row in self.connection.execute(RELATIONS)}

    @property
    def flushes(self) -> bool:
        """Whether :attr:`after_commit` has the counters begin anew."""
        return self.connection.info.server_version >= FLUSH_SINCE

    @property
    def after_commit(self) -> bytes:
        """The query that says when COMMIT has ended, and has the counters begin anew where the server can do that."""
        return FLUSH if self.flushes else CLOCK

    @property
    def observe(self) -> bytes:
        """The query that gives an ``Observation``."""
        return b"EXECUTE %s (%d)" % (_OBSERVE, self.newest)

    @property
    def close(self) -> bytes:
        """The query that gives an ``Observation`` and a ``Closing``."""
        return b"EXECUTE %s (%d)" % (_CLOSE, self.newest)

    @property
    def observe_in_full(self) -> bytes:
        """The same as :attr:`observe`, for scripts that may throw away what was prepared."""
        return OBSERVED.replace(b"$1", b"%d" % self.newest)

    @property
    def close_in_full(self) -> bytes:
        """The same as :attr:`close`, for scripts that may throw away what was prepared."""
        return CLOSING.replace(b"$1", b"%d" % self.newest)

    def own_lock_timeout(self, observation: Observation) -> str | None:
        """The ``lock_timeout`` that the script has set; None: ours is in force, or none at all."""
        return None if observation.lock_timeout in (f"{self._lock_timeout_ms}ms", "0") else observation.lock_timeout
