"""Applies a script in pieces: a part of it, or each statement whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Statement, TransactionMode
from migrate_validate.replay.failures import failure
from migrate_validate.replay.plan import plan
from migrate_validate.replay.session import Limits, Session
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.watchdog import Watchdog

_SAVEPOINT = b"migrate_validate_piece"
_SHORT = b"SET lock_timeout = '50ms'"
_HOLD = """
    select string_agg(format('%I.%I', n.nspname, c.relname), ', ')
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and c.relpersistence <> 't'
      and c.oid >= 16384
"""


def send(connection: psycopg.Connection[Any], statement: Statement) -> int | None:
    """Run one statement, with the rows that belong to it; rows affected or returned, where the command tag says so.

    :raises psycopg.Error: when it fails
    """
    with connection.cursor() as cursor:
        if statement.copy_data is not None:
            with cursor.copy(statement.sql.encode()) as copy:
                copy.write(statement.copy_data)
        elif _writes_stdout(statement):
            with cursor.copy(statement.sql.encode()) as copy:
                for _ in copy:
                    pass
        else:
            cursor.execute(statement.sql.encode(), prepare=False)
        return cursor.rowcount if cursor.rowcount >= 0 else None


def _writes_stdout(statement: Statement) -> bool:
    if statement.kind != "copy":
        return False
    copy = syntax.parse(statement.sql)[0].node
    return not (copy.is_from or copy.filename or copy.is_program)


class Pieces:
    """Applies pieces of scripts over one connection."""

    def __init__(
        self, connection: psycopg.Connection[Any], session: Session, limits: Limits, watchdog: Watchdog
    ) -> None:
        """Apply over this connection.

        :param watchdog: watches the same connection
        """
        self._connection = connection
        self._session = session
        self._limits = limits
        self._watchdog = watchdog

    def each(
        self, script: Script, after: Callable[[Statement], None] = lambda _: None
    ) -> tuple[tuple[Statement, Failure], ...]:
        """Try every statement of a script in turn; those that fail, which leave nothing, and why.

        A script that is one transaction is taken back at the end, unless a transaction was open already.

        :param after: is called when a statement has run, in the state that it left
        :raises ScriptError: when the script cannot be turned into statements
        """
        planned = plan(script)
        outside = self._idle()
        self._begin(outside)
        if outside and planned.mode is TransactionMode.FILE:
            self._connection.execute("BEGIN")
        failed = []
        for statement in planned.statements:
            why = self._try(script, statement)
            if why is not None:
                failed.append((statement, why))
            if self._connection.closed:
                break
            after(statement)
        self._end(outside)
        return tuple(failed)

    def part(self, script: Script, count: int) -> Failure | None:
        """Apply the first statements of a script that is no single transaction, and lose the session then.

        :param count: how many statements
        :raises ScriptError: when the script cannot be turned into statements
        """
        self._begin(outside=True)
        failed = None
        for statement in plan(script).statements[:count]:
            failed = failed or self._run(script, statement)
        self._end(outside=True)
        return failed

    def held_up(self, script: Script, count: int, other: psycopg.Connection[Any]) -> Failure | None:
        """Apply the first statements of a script; the last of them meets somebody who writes, and gives up waiting.

        What waits for the transactions of others after it has done a part of its work (CREATE INDEX CONCURRENTLY and
        its like) is ended there.

        :param other: another session of the same database, in autocommit mode, which may lock all its tables
        :return: why the last one ended; None where it waited for nobody
        :raises ScriptError: when the script cannot be turned into statements
        """
        self._begin(outside=True)
        statements = plan(script).statements[:count]
        failed = None
        for statement in statements[:-1]:
            failed = failed or self._run(script, statement)
        with other.transaction(force_rollback=True):
            (tables,) = other.execute(_HOLD).fetchone() or (None,)
            if tables:
                other.execute(f"LOCK TABLE {tables} IN ROW EXCLUSIVE MODE".encode())
            self._connection.execute(_SHORT)
            failed = failed or self._run(script, statements[-1])
        self._end(outside=True)
        return failed

    def _begin(self, outside: bool) -> None:
        if outside:
            self._session.soil()
            self._session.make_clean()
        else:
            self._session.make_clean_inside()

    def _end(self, outside: bool) -> None:
        if self._connection.closed:
            return
        if not outside:
            self._session.make_clean_inside()
            return
        if not self._idle():
            self._connection.execute("ROLLBACK")
        self._session.soil()
        self._session.make_clean()

    def _idle(self) -> bool:
        return self._connection.info.transaction_status == TransactionStatus.IDLE

    def _try(self, script: Script, statement: Statement) -> Failure | None:
        """Run one statement; where it fails in a transaction the transaction goes on without it."""
        if self._idle() or statement.kind == "transaction":
            return self._run(script, statement)
        self._connection.execute(b"SAVEPOINT %s" % _SAVEPOINT)
        failed = self._run(script, statement)
        if not self._connection.closed and not self._idle():
            undo = b"ROLLBACK TO SAVEPOINT %s; " % _SAVEPOINT if failed else b""
            self._connection.execute(b"%sRELEASE SAVEPOINT %s" % (undo, _SAVEPOINT))
        return failed

    def _run(self, script: Script, statement: Statement) -> Failure | None:
        try:
            with self._watchdog.limit():
                send(self._connection, statement)
        except psycopg.Error as error:
            return failure(
                error, script, statement, position=None, limits=self._limits, ended=self._watchdog.fired, done=()
            )
        return None
