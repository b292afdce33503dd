"""Applies one script: statement by statement, in the transactions that it wants."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Statement, TransactionMode
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.chain.transactions import transaction_mode
from migrate_validate.findings import Location
from migrate_validate.replay.evidence import NEWEST, Locks, locks
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, StatementRun
from migrate_validate.replay.watchdog import Watchdog

NO_TRANSACTION_STATES = {
    "25001": "a statement of it cannot run inside a transaction",
    "2D000": "it calls code that ends the transaction",
    "55P04": "it uses an enum label in the transaction that added it",
}
"""SQLSTATEs that say that the file cannot be one transaction (PostgreSQL's manual, appendix A)."""

_QUERY_CANCELED = "57014"
_LOCK_NOT_AVAILABLE = "55P03"
_COPY_LINE = re.compile(r"^COPY .*?, line (\d+)")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that one statement may take, and may wait for a lock."""

    statement: float
    lock: float


class Runner:
    """Applies scripts over one connection in autocommit mode, each with fresh settings."""

    def __init__(self, connection: psycopg.Connection[Any], limits: Limits, watchdog: Watchdog) -> None:
        """Apply over this connection.

        :param watchdog: watches the same connection
        """
        self._connection = connection
        self._limits = limits
        self._watchdog = watchdog
        self._notices: list[str] = []
        self._clean = False
        # Statements that are prepared behind the scenes would be lost to a DISCARD ALL or DEALLOCATE ALL of a script.
        connection.prepare_threshold = None
        connection.add_notice_handler(lambda notice: self._notices.append(notice.message_primary or ""))

    def apply(self, script: Script) -> ScriptRun:
        """Apply one script; what goes wrong is in the result, never raised.

        Nothing of its session is left to the next one: settings, roles, temporary tables, advisory locks.
        """
        if script.problem is not None:
            return _failed(script, Failure(script.problem, Location(script.file)))
        try:
            parts = statements(script)
        except ScriptError as error:
            return _failed(script, Failure(error.message, error.location))
        mode, reason = transaction_mode(parts)
        run = self._apply(script, parts, mode)
        state = run.failure.sqlstate if run.failure else None
        if mode is TransactionMode.FILE and state in NO_TRANSACTION_STATES:
            reason = NO_TRANSACTION_STATES[state]
            run = self._apply(script, parts, TransactionMode.NONE)
        return replace(run, mode_reason=reason)

    def _apply(self, script: Script, parts: tuple[Statement, ...], mode: TransactionMode) -> ScriptRun:
        started = time.perf_counter()
        done: list[StatementRun] = []
        failure: Failure | None = None
        locked = Locks((), None)
        try:
            newest = self._begin()
            if mode is TransactionMode.FILE:
                self._connection.execute("BEGIN")
            for part in parts:
                done.append(self._run(part))
            if mode is TransactionMode.FILE:
                if self._connection.info.transaction_status == TransactionStatus.INTRANS:
                    locked = locks(self._connection, newest)
                with self._watchdog.limit():
                    self._connection.execute("COMMIT")
            elif self._connection.info.transaction_status != TransactionStatus.IDLE:
                failure = Failure(
                    "the file ends inside a transaction that it opened: nothing since its last BEGIN is kept",
                    parts[-1].location,
                    parts[-1].sql,
                    hint="End the file with COMMIT.",
                )
        except psycopg.Error as error:
            culprit = parts[len(done)] if len(done) < len(parts) else None
            failure = self._failure(error, culprit, script)
        with contextlib.suppress(psycopg.Error):  # The connection is lost then, which whoever called can see.
            self._leave()
        return ScriptRun(
            script=script,
            outcome=Outcome.APPLIED if failure is None else Outcome.FAILED,
            mode=mode,
            statements=tuple(done),
            total_statements=len(parts),
            duration_ms=(time.perf_counter() - started) * 1000,
            failure=failure,
            locked=locked.against_others,
            written=frozenset() if failure and mode is TransactionMode.FILE else locked.written,
        )

    def _leave(self) -> None:
        if self._connection.closed:
            return
        with self._watchdog.limit():
            if self._connection.info.transaction_status != TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
            self._reset()
            self._clean = True

    def _begin(self) -> int:
        """Start from a clean session with our time limits; returns the greatest number of a relation so far."""
        if not self._clean:
            self._reset()
        self._clean = False
        cursor = self._connection.execute(
            f"SET statement_timeout = {round(self._limits.statement * 1000)};"
            f"SET lock_timeout = {round(self._limits.lock * 1000)};"
            f"{NEWEST}"
        )
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    def _reset(self) -> None:
        self._connection.execute("DISCARD ALL")

    def _run(self, statement: Statement) -> StatementRun:
        self._notices.clear()
        started = time.perf_counter()
        with self._watchdog.limit(), self._connection.cursor() as cursor:
            if statement.copy_data is not None:
                with cursor.copy(statement.sql.encode()) as copy:
                    copy.write(statement.copy_data)
            elif _writes_stdout(statement):
                with cursor.copy(statement.sql.encode()) as copy:
                    for _ in copy:
                        pass
            else:
                cursor.execute(statement.sql.encode(), prepare=False)
            rows = cursor.rowcount if cursor.rowcount >= 0 else None
        return StatementRun(statement, (time.perf_counter() - started) * 1000, rows, tuple(self._notices))

    def _failure(self, error: psycopg.Error, statement: Statement | None, script: Script) -> Failure:
        diag = error.diag
        message, hint = diag.message_primary or str(error).strip(), diag.message_hint
        if self._watchdog.fired or (error.sqlstate == _QUERY_CANCELED and "statement timeout" in message):
            message = f"the statement ran longer than {self._limits.statement:g} s and was stopped"
            hint = "Raise statement_timeout in the configuration if it has to take that long."
        elif error.sqlstate == _LOCK_NOT_AVAILABLE:
            waited = f"{self._limits.lock:g} s (lock_timeout in the configuration)"
            hint = hint or f"Another session holds the lock: it was waited for {waited}."
        location = Location(script.file) if statement is None else statement.location
        if statement is not None and diag.statement_position:
            location = _advance(statement, int(diag.statement_position) - 1)
        elif statement is not None and statement.copy_data is not None:
            location = _row(statement, diag.context or "")
        return Failure(
            message=message,
            location=location,
            statement=statement.sql if statement else "COMMIT",
            sqlstate=error.sqlstate,
            detail=diag.message_detail,
            hint=hint,
            context=diag.context,
            schema=diag.schema_name,
            table=diag.table_name,
            column=diag.column_name,
            constraint=diag.constraint_name,
        )


def not_reached(script: Script) -> ScriptRun:
    """A script that was never tried."""
    return ScriptRun(script, Outcome.NOT_REACHED)


def _failed(script: Script, failure: Failure) -> ScriptRun:
    return ScriptRun(script, Outcome.FAILED, failure=failure)


def _writes_stdout(statement: Statement) -> bool:
    if statement.kind != "copy":
        return False
    copy = syntax.parse(statement.sql)[0].node
    return not (copy.is_from or copy.filename or copy.is_program)


def _row(statement: Statement, context: str) -> Location:
    """The line of the data that PostgreSQL speaks of: its first one follows the line on which the statement ends."""
    start = statement.location
    line = _COPY_LINE.match(context)
    if line is None:
        return start
    return Location(start.file, (start.line or 1) + statement.sql.count("\n") + int(line[1]))


def _advance(statement: Statement, offset: int) -> Location:
    before = statement.sql[:offset]
    start = statement.location
    lines = before.count("\n")
    column = len(before) - before.rfind("\n") if lines else (start.column or 1) + len(before)
    return Location(start.file, (start.line or 1) + lines, column)
