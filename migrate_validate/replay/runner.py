"""Applies one script: statement by statement, in the transactions that it wants."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from migrate_validate.chain.model import Script, Statement, TransactionMode
from migrate_validate.chain.statements import ScriptError
from migrate_validate.findings import Location
from migrate_validate.replay.batch import Batch
from migrate_validate.replay.evidence import FIRST_COLUMN, Closing, Observation, Observer
from migrate_validate.replay.failures import failure
from migrate_validate.replay.pieces import Pieces, send
from migrate_validate.replay.plan import Plan, observable, plan, wants_transaction
from migrate_validate.replay.session import Limits, Session
from migrate_validate.replay.timeline import ChangedTable, Failure, Outcome, ScriptRun, StatementRun
from migrate_validate.replay.watchdog import Watchdog

NO_TRANSACTION_STATES = {
    "25001": "a statement of it cannot run inside a transaction",
    "2D000": "it calls code that ends the transaction",
    "55P04": "it uses an enum label in the transaction that added it",
}
"""SQLSTATEs that say that the file cannot be one transaction (PostgreSQL's manual, appendix A)."""

_OUR_QUERY_IS_GONE = "26000"
_SAVEPOINT = b"migrate_validate"


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What makes the statements of a file one transaction."""

    opening: bytes
    ending: tuple[bytes, ...]
    undo: bytes


_TRANSACTION = _Bounds(b"BEGIN", (b"COMMIT",), b"ROLLBACK")
_INSIDE = _Bounds(
    b"SAVEPOINT %s" % _SAVEPOINT,
    (b"SET CONSTRAINTS ALL IMMEDIATE", b"RELEASE SAVEPOINT %s" % _SAVEPOINT),
    b"ROLLBACK TO SAVEPOINT %s; RELEASE SAVEPOINT %s" % (_SAVEPOINT, _SAVEPOINT),
)


class Runner:
    """Applies scripts over one connection in autocommit mode, each with fresh settings."""

    def __init__(self, connection: psycopg.Connection[Any], limits: Limits, watchdog: Watchdog) -> None:
        """Apply over this connection.

        :param watchdog: watches the same connection
        """
        self._connection = connection
        self._limits = limits
        self._watchdog = watchdog
        self._session = Session(connection, limits)
        self._schemas = ""
        self._notices: list[str] = []
        connection.add_notice_handler(lambda notice: self._notices.append(notice.message_primary or ""))

    def apply(self, script: Script, upcoming: Script | None = None) -> ScriptRun:
        """Apply one script; what goes wrong is in the result, never raised.

        Nothing of its session is left to the next one: settings, roles, temporary tables, advisory locks.

        :param upcoming: the script that is likely to be next: it is read while the server works
        """
        if script.problem is not None:
            return _failed(script, Failure(script.problem, Location(script.file)))
        try:
            planned = plan(script)
        except ScriptError as error:
            return _failed(script, Failure(error.message, error.location))
        run = self._apply(script, planned, upcoming)
        state = run.failure.sqlstate if run.failure else None
        if planned.batch and state == _OUR_QUERY_IS_GONE:
            run = self._apply(script, replace(planned, batch=False), None)
            state = run.failure.sqlstate if run.failure else None
        reason = planned.reason
        if planned.mode is TransactionMode.FILE and state in NO_TRANSACTION_STATES:
            reason = NO_TRANSACTION_STATES[state]
            run = self._apply(script, replace(planned, mode=TransactionMode.NONE, batch=False), None)
        return replace(run, mode_reason=reason)

    @property
    def pieces(self) -> Pieces:
        """Applies pieces of scripts over the same connection."""
        return Pieces(self._connection, self._session, self._limits, self._watchdog)

    def make_ready(self) -> None:
        """Make the session clean before a transaction in which scripts are applied.

        :raises psycopg.Error: when the connection is lost
        """
        self._session.make_clean()

    def apply_inside(self, script: Script) -> ScriptRun:
        """Apply one script that is one transaction inside of the transaction that is open, so that it can be undone.

        It comes close to :meth:`apply`: deferred constraints are checked at its end. What fails here may not fail
        there. :meth:`make_ready` has to come before the transaction.
        """
        if script.problem is not None:
            return _failed(script, Failure(script.problem, Location(script.file)))
        try:
            planned = plan(script)
        except ScriptError as error:
            return _failed(script, Failure(error.message, error.location))
        self._session.make_clean_inside()
        run = self._apply(script, planned, None, _INSIDE)
        if not self._connection.closed:
            self._session.make_clean_inside()
        return run

    def _apply(
        self, script: Script, planned: Plan, upcoming: Script | None, bounds: _Bounds = _TRANSACTION
    ) -> ScriptRun:
        started = time.perf_counter()
        attempt = _Attempt(self._connection, self._session, self._watchdog, self._notices, planned, bounds)
        failed: Failure | None = None
        closing: Closing | None = None
        try:
            if bounds is _TRANSACTION:
                self._session.make_clean()
            attempt.begin()
            if planned.batch:
                closing = attempt.run_batch(upcoming)
            elif planned.mode is TransactionMode.FILE:
                closing = attempt.run_in_one()
            else:
                failed = attempt.run_apart()
        except psycopg.Error as error:
            failed = failure(
                error,
                script,
                attempt.current,
                position=attempt.position,
                limits=self._limits,
                ended=self._watchdog.fired,
                done=[run.statement for run in attempt.done],
            )
        changed = self._changed(closing, planned.mode, failed)
        with contextlib.suppress(psycopg.Error):  # The connection is lost then, which whoever called can see.
            if bounds is _TRANSACTION:
                self._leave(planned, closing, failed)
            elif failed is not None and not self._connection.closed:
                self._connection.execute(bounds.undo)
        return ScriptRun(
            script=script,
            outcome=Outcome.APPLIED if failed is None else Outcome.FAILED,
            mode=planned.mode,
            statements=tuple(attempt.done),
            total_statements=len(planned.statements),
            duration_ms=(time.perf_counter() - started) * 1000,
            failure=failed,
            locked=attempt.observer.locked,
            changed=changed,
        )

    def _changed(
        self, closing: Closing | None, mode: TransactionMode, failed: Failure | None
    ) -> Mapping[int, ChangedTable] | None:
        if failed is not None and mode is TransactionMode.FILE:
            return {}
        if closing is None or closing.deferred or closing.schemas != self._schemas:
            self._schemas = closing.schemas if closing is not None else ""
            return None
        return closing.changed

    def _leave(self, planned: Plan, closing: Closing | None, failed: Failure | None) -> None:
        if self._connection.closed:
            return
        if self._connection.info.transaction_status != TransactionStatus.IDLE:
            with self._watchdog.limit():
                self._connection.execute("ROLLBACK")
        if closing is None or failed is not None or planned.prepares or closing.event_triggers:
            self._session.soil()
            with self._watchdog.limit():
                self._session.make_clean()
            return
        self._session.newest = closing.newest
        if planned.leaves_session:
            with self._watchdog.limit():
                self._session.make_nearly_clean()


class _Attempt:
    """One try at a script: what was done, and which statement is at work."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        session: Session,
        watchdog: Watchdog,
        notices: list[str],
        planned: Plan,
        bounds: _Bounds,
    ) -> None:
        self._connection = connection
        self._session = session
        self._watchdog = watchdog
        self._notices = notices
        self._planned = planned
        self._bounds = bounds
        self._transaction = 0
        self._ended: float | None = None
        self.observer = Observer(0)
        self.done: list[StatementRun] = []
        self.position: int | None = None
        """Where in the current statement PostgreSQL saw the error, where it is not told by the error itself."""
        self.current: Statement | None = planned.statements[0] if planned.statements else None

    def begin(self) -> None:
        """The session is clean now."""
        self.observer = Observer(self._session.newest, self._session.counted())

    def run_batch(self, upcoming: Script | None) -> Closing:
        """One transaction in one message."""
        parts = self._planned.statements
        message = [self._bounds.opening]
        owners: list[Statement | None] = [None]
        for part in parts:
            message += [part.sql.encode(), self._session.observe] if observable(part) else [part.sql.encode()]
            owners += [part, None] if observable(part) else [part]
        flush = self._session.flush if self._bounds is _TRANSACTION else ()
        message += [self._session.close, *self._bounds.ending, *flush]
        with self._limited(len(parts)):
            batch = Batch(self._connection, message)
            if upcoming is not None and upcoming.problem is None:
                with contextlib.suppress(ScriptError):
                    plan(upcoming)
            try:
                batch.result()
                for part in parts:
                    self.current = part
                    self.done.append(self._read(part, batch))
                self.current = None
                closing = Closing.of(*_values(batch.result()))
                for _ in (*self._bounds.ending, *flush):
                    batch.result()
            except psycopg.Error as error:
                position = int(error.diag.statement_position or 0)
                if position:
                    number, self.position = batch.place(position)
                    self.current = owners[number] if number < len(owners) else self.current
                raise
            batch.finish()
        self._session.flushed = bool(flush)
        return closing

    def _read(self, part: Statement, batch: Batch) -> StatementRun:
        result = batch.result()
        # What the next statement has to say may arrive together with the observation.
        run = StatementRun(part, 0.0, _rows(result), tuple(self._notices), self._transaction)
        self._notices.clear()
        if not observable(part):
            return run
        while True:
            # A rule of a table may answer a statement with several results.
            result = batch.result()
            if result.nfields and result.fname(0) == FIRST_COLUMN:
                return self._observed(run, Observation.of(*_values(result)))
            run = replace(run, rows=_rows(result))

    def run_in_one(self) -> Closing:
        """One transaction, statement by statement."""
        self._connection.execute(self._bounds.opening)
        for part in self._planned.statements:
            self.done.append(self._run(part))
        self.current = None
        closing = Closing.of(*self._one_row(self._session.close_in_full))
        for statement in self._bounds.ending:
            with self._limited():
                self._connection.execute(statement)
        return closing

    def run_apart(self) -> Failure | None:
        """The file's own transactions; a statement outside of them in one of its own, where it can be observed."""
        for part in self._planned.statements:
            alone = self._state() == TransactionStatus.IDLE and wants_transaction(part)
            if alone:
                self._connection.execute("BEGIN")
            self.done.append(self._run(part))
            if alone:
                with self._limited():
                    self._connection.execute("COMMIT")
            if self._state() == TransactionStatus.IDLE:
                self._transaction += 1
                self.observer.forget(self._session.counted())
                self._ended = None
        if self._state() == TransactionStatus.IDLE:
            return None
        last = self._planned.statements[-1]
        return Failure(
            "the file ends inside a transaction that it opened: nothing since its last BEGIN is kept",
            last.location,
            last.sql,
            hint="End the file with COMMIT.",
        )

    def _run(self, statement: Statement) -> StatementRun:
        self.current = statement
        started = time.perf_counter()
        with self._limited():
            rows = send(self._connection, statement)
        inside = self._state() == TransactionStatus.INTRANS
        number = self._transaction if inside else None
        run = StatementRun(statement, (time.perf_counter() - started) * 1000, rows, tuple(self._notices), number)
        if inside and observable(statement):
            return replace(
                self._observed(run, Observation.of(*self._one_row(self._session.observe_in_full))),
                duration_ms=run.duration_ms,
            )
        return run

    def _observed(self, run: StatementRun, observation: Observation) -> StatementRun:
        began = observation.began if self._ended is None else self._ended
        self._ended = observation.answered
        return replace(
            run,
            duration_ms=max(observation.asked - began, 0.0) * 1000,
            touched=self.observer.touched(observation),
            lock_timeout=self._session.own_lock_timeout(observation),
        )

    def _one_row(self, query: bytes) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        assert row is not None
        return row

    def _state(self) -> TransactionStatus:
        return self._connection.info.transaction_status

    @contextlib.contextmanager
    def _limited(self, statements: int = 1) -> Iterator[None]:
        self._notices.clear()
        with self._watchdog.limit(statements):
            yield


def not_reached(script: Script) -> ScriptRun:
    """A script that was never tried."""
    return ScriptRun(script, Outcome.NOT_REACHED)


def _failed(script: Script, failure: Failure) -> ScriptRun:
    return ScriptRun(script, Outcome.FAILED, failure=failure)


def _values(result: PGresult) -> list[bytes | None]:
    return [result.get_value(0, column) for column in range(result.nfields)]


def _rows(result: PGresult) -> int | None:
    return result.ntuples if result.status == ExecStatus.TUPLES_OK else result.command_tuples
