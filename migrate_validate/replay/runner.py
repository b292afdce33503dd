"""Applies one script: statement by statement, in the transactions that it wants."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate.chain.model import Script, TransactionMode
from migrate_validate.chain.statements import ScriptError
from migrate_validate.findings import Location
from migrate_validate.replay.attempt import INSIDE, TRANSACTION, Attempt, Bounds, Notice
from migrate_validate.replay.evidence import Closing
from migrate_validate.replay.failures import failure, unsent
from migrate_validate.replay.pieces import Pieces
from migrate_validate.replay.plan import Plan, plan
from migrate_validate.replay.session import Limits, Session
from migrate_validate.replay.timeline import ChangedTable, Failure, Outcome, ScriptRun
from migrate_validate.replay.watchdog import Watchdog

NO_TRANSACTION_STATES = {
    "25001": "a statement of it cannot run inside a transaction",
    "2D000": "it calls code that ends the transaction",
    "55P04": "it uses an enum label in the transaction that added it",
}
"""SQLSTATEs that say that the file cannot be one transaction (PostgreSQL's manual, appendix A)."""

_OUR_QUERY_IS_GONE = "26000"


@dataclass(slots=True)
class Application:
    """A script that was applied or tried."""

    run: ScriptRun
    """Without what its statements did, until it is complete."""
    attempt: Attempt | None = None
    """What the server has said of them, where nobody has read it yet."""

    @property
    def sqlstate(self) -> str | None:
        """Of its failure."""
        return self.run.failure.sqlstate if self.run.failure else None

    def complete(self) -> ScriptRun:
        """The run, with what its statements did."""
        if self.attempt is not None:
            self.attempt.read()
            statements, locked = tuple(self.attempt.done), self.attempt.observer.locked
            self.run, self.attempt = replace(self.run, statements=statements, locked=locked), None
        return self.run


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
        self._seen = False
        self._notices: list[Notice] = []
        connection.add_notice_handler(lambda diagnostic: self._notices.append(Notice.of(diagnostic)))

    def apply(self, script: Script) -> ScriptRun:
        """Apply one script; what goes wrong is in the result, never raised.

        Nothing of its session is left to the next one: settings, roles, temporary tables, advisory locks.
        """
        return self.send(script).complete()

    def send(self, script: Script, meanwhile: Callable[[], object] = lambda: None) -> Application:
        """The same as :meth:`apply`, for those who have other work than to read what the statements did.

        :param meanwhile: done while the server works
        """
        if script.problem is not None:
            return Application(_failed(script, Failure(script.problem, Location(script.file))))
        try:
            planned = plan(script)
        except ScriptError as error:
            return Application(_failed(script, unsent(error)))
        done = self._apply(script, planned, TRANSACTION, meanwhile)
        state = done.sqlstate
        if planned.batch and state == _OUR_QUERY_IS_GONE:
            done = self._apply(script, replace(planned, batch=False))
            state = done.sqlstate
        reason = planned.reason
        if planned.mode is TransactionMode.FILE and planned.yields and state in NO_TRANSACTION_STATES:
            reason = NO_TRANSACTION_STATES[state]
            done = self._apply(script, replace(planned, mode=TransactionMode.NONE, batch=False))
        done.run = replace(done.run, mode_reason=reason)
        return done

    @property
    def pieces(self) -> Pieces:
        """Applies pieces of scripts over the same connection."""
        return Pieces(self._connection, self._session, self._limits, self._watchdog)

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Let statements take no longer than so many seconds, of what is applied inside of the transaction to come."""
        usual = self._limits
        self._limits = replace(usual, statement=min(seconds, usual.statement))
        self._session.limit(self._limits.statement)
        try:
            yield
        finally:
            self._limits = usual
            self._session.limit(usual.statement)

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
            return _failed(script, unsent(error))
        self._session.make_clean_inside()
        run = self._apply(script, planned, INSIDE).complete()
        if not self._connection.closed:
            self._session.make_clean_inside()
        return run

    def rehearse(self, script: Script, meanwhile: Callable[[], object] = lambda: None) -> bool:
        """Whether a script that is one transaction goes through inside of the one that is open, which it leaves as its
        statements do; nothing of it stays where it does not.

        It is :meth:`apply_inside` for those who do it again and again, in a session that is clean and is taken back to
        a savepoint afterwards: it tells nothing else, and takes a fraction of the time.

        :param meanwhile: done while the server works
        """
        try:
            planned = plan(script)
        except ScriptError:
            return False
        if not planned.batch:
            return self.apply_inside(script).outcome is Outcome.APPLIED
        try:
            attempt = Attempt(self._connection, self._session, self._watchdog, self._notices, planned, INSIDE)
            attempt.rehearse(meanwhile)
        except psycopg.Error:
            if not self._connection.closed:
                self._connection.execute(INSIDE.undo)
            return False
        return True

    def _apply(
        self,
        script: Script,
        planned: Plan,
        bounds: Bounds = TRANSACTION,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Application:
        started = time.perf_counter()
        attempt = Attempt(self._connection, self._session, self._watchdog, self._notices, planned, bounds)
        failed: Failure | None = None
        closing: Closing | None = None
        try:
            if bounds is TRANSACTION:
                self._session.make_clean()
            attempt.begin()
            if planned.batch:
                closing = attempt.run_batch(meanwhile)
            elif planned.mode is TransactionMode.FILE:
                closing = attempt.run_in_one()
            else:
                failed = attempt.run_apart()
        except psycopg.Error as error:
            attempt.read()
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
            if bounds is TRANSACTION:
                self._leave(planned, closing, failed)
            elif failed is not None and not self._connection.closed:
                self._connection.execute(bounds.undo)
        if bounds is TRANSACTION:
            failed = failed or self._renewed(script)
        run = ScriptRun(
            script=script,
            outcome=Outcome.APPLIED if failed is None else Outcome.FAILED,
            mode=planned.mode,
            total_statements=len(planned.statements),
            duration_ms=(time.perf_counter() - started) * 1000,
            failure=failed,
            changed=changed,
        )
        return Application(run, attempt)

    def _changed(
        self, closing: Closing | None, mode: TransactionMode, failed: Failure | None
    ) -> Mapping[int, ChangedTable] | None:
        if failed is not None and mode is TransactionMode.FILE:
            return {}
        if closing is None or closing.deferred or closing.renamed_schemas or not self._seen:
            self._seen = True
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
        self._session.newest = max(self._session.newest, closing.newest)
        self._session.outdated = self._session.outdated or closing.changed_defaults
        if planned.leaves_session:
            with self._watchdog.limit():
                self._session.make_nearly_clean()

    def _renewed(self, script: Script) -> Failure | None:
        """Begin the session anew where the script has changed what new sessions begin with, as tools do that connect
        for each file.
        """
        if self._connection.closed or not self._session.outdated:
            return None
        try:
            with self._watchdog.limit():
                self._session.renew()
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error)
            return Failure(f"no session can begin with the settings that it leaves: {said}", Location(script.file))
        return None


def not_reached(script: Script) -> ScriptRun:
    """A script that was never tried."""
    return ScriptRun(script, Outcome.NOT_REACHED)


def _failed(script: Script, failure: Failure) -> ScriptRun:
    return ScriptRun(script, Outcome.FAILED, failure=failure)
