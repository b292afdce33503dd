"""One try at the statements of a script: what each of them did, and which one is at work when an error comes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypedDict

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from migrate_validate.chain.model import Statement
from migrate_validate.replay.batch import Batch
from migrate_validate.replay.evidence import FIRST_COLUMN, OBSERVED_COLUMNS, Closing, Observation, Observer
from migrate_validate.replay.pieces import send
from migrate_validate.replay.plan import Plan, observable, wants_transaction, writes_anew
from migrate_validate.replay.session import Session
from migrate_validate.replay.timeline import Failure, StatementRun
from migrate_validate.replay.watchdog import Watchdog

_SAVEPOINT = b"migrate_validate"
_CASCADE = "reportDependentObjects"
"""The function of the server that tells what a DROP ... CASCADE takes along."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What makes the statements of a file one transaction."""

    opening: bytes
    ending: tuple[bytes, ...]
    undo: bytes


TRANSACTION = Bounds(b"BEGIN", (b"COMMIT",), b"ROLLBACK")
"""A transaction of its own."""
INSIDE = Bounds(
    b"SAVEPOINT %s" % _SAVEPOINT,
    (b"SET CONSTRAINTS ALL IMMEDIATE", b"RELEASE SAVEPOINT %s" % _SAVEPOINT),
    b"ROLLBACK TO SAVEPOINT %s; RELEASE SAVEPOINT %s" % (_SAVEPOINT, _SAVEPOINT),
)
"""A part of the transaction that is open."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server said of a statement that it carried out."""

    text: str
    of_cascade: bool
    """It tells what was dropped along."""

    @classmethod
    def of(cls, diagnostic: psycopg.errors.Diagnostic) -> Notice:
        """Read one; the function that sends it has the same name in all languages and versions."""
        return cls(diagnostic.message_primary or "", diagnostic.source_function == _CASCADE)


class _Told(TypedDict):
    notices: tuple[str, ...]
    cascades: int


class _Answers(NamedTuple):
    """All that the server has said of one statement of a batch."""

    statement: Statement
    results: Sequence[PGresult]
    notices: Sequence[Notice]


class Attempt:
    """One try at a script: what was done, and which statement is at work."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        session: Session,
        watchdog: Watchdog,
        notices: list[Notice],
        planned: Plan,
        bounds: Bounds,
    ) -> None:
        """Nothing is sent yet.

        :param notices: where the connection's notices arrive
        """
        self._connection = connection
        self._session = session
        self._watchdog = watchdog
        self._notices = notices
        self._planned = planned
        self._bounds = bounds
        self._transaction = 0
        self._ended: float | None = None
        self._unread: list[_Answers] = []
        self._commit_ms = 0.0
        self.observer = Observer(0)
        self.done: list[StatementRun] = []
        self.position: int | None = None
        """Where in the current statement PostgreSQL saw the error, where it is not told by the error itself."""
        self.current: Statement | None = planned.statements[0] if planned.statements else None

    def begin(self) -> None:
        """The session is clean now."""
        before = self._session.relations() if self._planned.unnames else None
        self.observer = Observer(self._session.newest, self._session.counted(), before)

    def run_batch(self, meanwhile: Callable[[], object]) -> Closing:
        """One transaction in one message. What its statements did is :meth:`read` afterwards.

        :param meanwhile: done while the server works
        """
        parts = self._planned.statements
        message = [self._bounds.opening]
        owners: list[Statement | None] = [None]
        for part in parts:
            # The look before COMMIT shows what the last one did.
            looked = observable(part) and part is not parts[-1]
            message += [part.sql.encode(), self._session.observe] if looked else [part.sql.encode()]
            owners += [part, None] if looked else [part]
        ended = (self._session.after_commit,) if self._bounds is TRANSACTION else ()
        message += [self._session.close, *self._bounds.ending, *ended]
        with self._limited(len(parts)):
            batch = Batch(self._connection, message)
            meanwhile()
            try:
                batch.result()
                last = None
                for part in parts:
                    self.current = part
                    self._unread.append(answers := self._answers(part, batch))
                    last = answers.results[-1] if observable(part) else None
                self.current = None
                closing = Closing.of(*_values(last if last is not None else batch.result())[OBSERVED_COLUMNS:])
                for _ in self._bounds.ending:
                    batch.result()
                if ended:
                    self._commit_ms = max((float(_values(batch.result())[0] or 0) - closing.asked) * 1000, 0.0)
            except psycopg.Error as error:
                position = int(error.diag.statement_position or 0)
                if position:
                    number, self.position = batch.place(position)
                    self.current = owners[number] if number < len(owners) else self.current
                raise
            batch.finish()
        self._session.flushed = bool(ended) and self._session.flushes
        return closing

    def rehearse(self, meanwhile: Callable[[], object]) -> None:
        """The same without a look at what the statements do.

        :param meanwhile: done while the server works
        :raises psycopg.Error: when one of them fails; which one is not known
        """
        parts = self._planned.statements
        with self._limited(len(parts)):
            batch = Batch(
                self._connection, [self._bounds.opening, *(part.sql.encode() for part in parts), *self._bounds.ending]
            )
            try:
                meanwhile()
                # A rule of a table may answer a statement with several results.
                while batch.result_or_end() is not None:
                    pass
            finally:
                batch.finish()

    def _answers(self, part: Statement, batch: Batch) -> _Answers:
        results = [batch.result()]
        # What the next statement has to say may arrive together with the observation.
        notices = tuple(self._notices)
        self._notices.clear()
        # A rule of a table may answer a statement with several results.
        while observable(part) and not (results[-1].nfields and results[-1].fname(0) == FIRST_COLUMN):
            results.append(batch.result())
        return _Answers(part, results, notices)

    def read(self) -> None:
        """Understand what the server has said of the statements of a batch."""
        unread, self._unread = self._unread, []
        for statement, results, notices in unread:
            observed = len(results) > 1
            rows = _rows(results[-2] if observed else results[0])
            run = StatementRun(statement, 0.0, rows, transaction=self._transaction, **_told(notices))
            self.done.append(
                self._observed(run, Observation.of(*_values(results[-1])[:OBSERVED_COLUMNS])) if observed else run
            )
        if unread and self._commit_ms:
            self._committed(self._commit_ms)

    def run_in_one(self) -> Closing:
        """One transaction, statement by statement."""
        self._connection.execute(self._bounds.opening)
        for part in self._planned.statements:
            self.done.append(self._run(part))
        self.current = None
        closing = Closing.of(*self._one_row(self._session.close_in_full)[OBSERVED_COLUMNS:])
        started = time.perf_counter()
        for statement in self._bounds.ending:
            with self._limited():
                self._connection.execute(statement)
        self._committed((time.perf_counter() - started) * 1000)
        return closing

    def run_apart(self) -> Failure | None:
        """The file's own transactions; a statement outside of them in one of its own, where it can be observed."""
        if self._planned.wrapped:
            self._connection.execute("BEGIN")
        implicit = False
        for part in self._planned.statements:
            outside = self._state() == TransactionStatus.IDLE
            if part.kind == "transaction":
                implicit = False
            elif outside and self._planned.implicit:
                # The statements of one message that stand outside of its transactions share one, up to its next COMMIT.
                self._connection.execute("BEGIN")
                outside, implicit = False, True
            if outside and wants_transaction(part):
                self._connection.execute("BEGIN")
                self.done.append(self._run(part))
                with self._limited():
                    started = time.perf_counter()
                    self._connection.execute("COMMIT")
                    self._committed((time.perf_counter() - started) * 1000)
            elif outside and writes_anew(part):
                self.done.append(self._run_watched(part))
            else:
                self.done.append(run := self._run(part))
                if not outside and run.transaction is None and len(self.done) > 1:
                    self.done[-2] = replace(self.done[-2], commit_ms=run.duration_ms)
            if self._state() == TransactionStatus.IDLE:
                self._transaction += 1
                self.observer.forget(self._session.counted())
                self._ended = None
        if self._state() == TransactionStatus.IDLE:
            return None
        if self._planned.wrapped or implicit:
            with self._limited():
                self._connection.execute("COMMIT")
            return None
        last = self._planned.statements[-1]
        return Failure(
            "the file ends inside a transaction that it opened: nothing since its last BEGIN is kept",
            last.location,
            last.sql,
            hint="End the file with COMMIT.",
        )

    def _committed(self, duration_ms: float) -> None:
        """The transaction of the last statement has ended."""
        if self.done:
            self.done[-1] = replace(self.done[-1], commit_ms=max(duration_ms, 0.0))

    def _run_watched(self, statement: Statement) -> StatementRun:
        """A statement outside of transactions, whose work is seen by the files that it leaves."""
        before = self._session.relations()
        run = self._run(statement)
        return replace(run, touched=self.observer.written_outside(before, self._session.relations()))

    def _run(self, statement: Statement) -> StatementRun:
        self.current = statement
        started = time.perf_counter()
        with self._limited():
            rows = send(self._connection, statement)
        inside = self._state() == TransactionStatus.INTRANS
        number = self._transaction if inside else None
        took = (time.perf_counter() - started) * 1000
        run = StatementRun(statement, took, rows, transaction=number, **_told(self._notices))
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


def _told(notices: Sequence[Notice]) -> _Told:
    texts = tuple(notice.text for notice in notices)
    return {"notices": texts, "cascades": sum(notice.of_cascade for notice in notices)}


def _values(result: PGresult) -> list[bytes | None]:
    return [result.get_value(0, column) for column in range(result.nfields)]


def _rows(result: PGresult) -> int | None:
    return result.ntuples if result.status == ExecStatus.TUPLES_OK else result.command_tuples
