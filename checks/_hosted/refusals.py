"""Tries each statement of a migration as ``postgres`` is in production: no superuser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Location
from migrate_validate.replay.pieces import send

from .._shared import Connection
from .bodies import INLINE, body_of, catching, frames, written
from .service import lets
from .switching import Switch, changed

_KEEP = b"SAVEPOINT migrate_validate_hosted"
_UNDO = b"ROLLBACK TO SAVEPOINT migrate_validate_hosted"
_RELEASE = b"RELEASE SAVEPOINT migrate_validate_hosted"
_COMMITS = "2D000"
"""SQLSTATE of COMMIT in a body, where it cannot be: in a transaction that is open."""
_LONGEST = 100
"""Statements of one body that are refused and looked at."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that only goes through for a superuser."""

    statement: Statement
    message: str
    sqlstate: str | None
    inner: str | None
    """Where in a function or a DO block it was stopped."""

    @property
    def sql(self) -> str:
        """The statement; in a DO block, the one inside of it."""
        innermost = frames(self.inner)[:1]
        inside = written(self.statement.sql, innermost[0]) if innermost else None
        return inside or self.statement.sql

    @property
    def location(self) -> Location:
        """Of the statement; in a DO block, of the line that was refused."""
        here = self.statement.location
        outermost = frames(self.inner)[-1:]
        body = body_of(self.statement.sql) if outermost and outermost[0].function == INLINE else None
        if body is None or here.line is None:
            return here
        start, text = body
        before = self.statement.sql[:start].count("\n") + outermost[0].line - 1
        line = text.splitlines()[outermost[0].line - 1] if before else ""
        if before == 0 or not line.strip():
            return here
        return Location(here.file, here.line + before, len(line) - len(line.lstrip()) + 1)


class Stuck(Exception):
    """A statement goes through in neither way: what is behind it cannot be tried."""

    def __init__(self, statement: Statement, message: str) -> None:
        """Keep which one, and why."""
        super().__init__(f"{statement.location}: {message}")


def refusals(connection: Connection, script: Script) -> Iterator[Refusal]:
    """Apply a script as ``postgres`` without its being a superuser; what is refused is done by a superuser then.

    :param connection: as ``postgres``, a superuser, in a transaction that will be rolled back or on a copy
    :raises Stuck: when a superuser cannot carry a statement out either
    :raises psycopg.Error: when the connection is lost
    """
    switch = Switch(connection)
    try:
        for statement in statements(script):
            yield from _try(switch, statement)
    finally:
        if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
            switch.promote()


def _try(switch: Switch, statement: Statement) -> Iterator[Refusal]:
    connection = switch.connection
    within = connection.info.transaction_status == TransactionStatus.INTRANS and statement.kind != "transaction"
    if within:
        connection.execute(_KEEP)
    before = switch.demote()
    try:
        send(connection, statement)
    except psycopg.Error as error:
        if connection.closed:
            raise
        if within:
            connection.execute(_UNDO)
        switch.promote()
        first = _refusal(statement, error)
        found = [first]
        if frames(first.inner):
            if not within:
                connection.execute(b"BEGIN")
            found = _inside(switch, statement, first)
            connection.execute(_UNDO if within else b"ROLLBACK")
            switch.promote()
        _as_superuser(connection, statement, first.message)
        if within:
            connection.execute(_RELEASE)
        yield from (each for each in found if not lets(each.sql, each.inner))
        return
    if connection.info.transaction_status != TransactionStatus.INERROR:
        touched = changed(before, switch.promote())
        if within and connection.info.transaction_status == TransactionStatus.INTRANS:
            connection.execute(_RELEASE)
        if touched and statement.kind != "transaction":
            yield Refusal(statement, touched, "42501", None)


def _refusal(statement: Statement, error: psycopg.Error) -> Refusal:
    message = error.diag.message_primary or str(error).strip()
    return Refusal(statement, message, error.sqlstate, error.diag.context)


def _inside(switch: Switch, statement: Statement, first: Refusal) -> list[Refusal]:
    """All that is refused in the bodies that a statement runs: what was, is done by a superuser, and they go on."""
    refused = [first]
    rewritten = statement
    for _ in range(_LONGEST):
        edited = _edited(switch, rewritten, refused[-1])
        if edited is None:
            break
        rewritten = edited
        switch.connection.execute(b"SAVEPOINT migrate_validate_inside")
        switch.demote()
        try:
            send(switch.connection, rewritten)
        except psycopg.Error as error:
            if switch.connection.closed:
                raise
            switch.connection.execute(b"ROLLBACK TO SAVEPOINT migrate_validate_inside")
            if not frames(error.diag.context) or error.sqlstate == _COMMITS:
                break  # Nothing that the service would say: our text, or a transaction of ours.
            refused.append(_refusal(statement, error))
        else:
            noted = dict.fromkeys(switch.noted())
            return [Refusal(statement, each.message, each.sqlstate, each.context) for each in noted]
    return list(dict.fromkeys(refused))


def _edited(switch: Switch, statement: Statement, refused: Refusal) -> Statement | None:
    """The statement, to be tried again, once what was refused in a body goes on; None: there is no way."""
    for frame in frames(refused.inner):
        if frame.function == INLINE:
            block = body_of(statement.sql)
            body = block and catching(block[1], frame)
            if block and body:
                start, original = block
                sql = statement.sql[:start] + body + statement.sql[start + len(original) :]
                return replace(statement, sql=sql)
            continue
        original_body = switch.body(frame.function)
        body = original_body and catching(original_body, frame)
        if body:
            switch.edit(frame.function, body)
            return statement
    return None


def _as_superuser(connection: Connection, statement: Statement, refused: str) -> None:
    try:
        send(connection, statement)
    except psycopg.Error as error:
        if connection.closed:
            raise
        raise Stuck(statement, f"{refused}; by a superuser: {error.diag.message_primary}") from None
