"""What PostgreSQL said of a statement that failed, with its place in the script."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError
from migrate_validate.findings import Location
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Failure

_QUERY_CANCELED = "57014"
_LOCK_NOT_AVAILABLE = "55P03"
_COPY_LINE = re.compile(r"^COPY .*?, line (\d+)")
_WRITES = frozenset({"insert", "update", "delete", "merge", "copy"})


def failure(
    error: psycopg.Error,
    script: Script,
    statement: Statement | None,
    *,
    position: int | None,
    limits: Limits,
    ended: bool,
    done: Sequence[Statement] = (),
) -> Failure:
    """Describe an error.

    :param statement: that failed; None: the COMMIT
    :param position: where in the statement, from 1; None: where the error says so
    :param ended: whether the watchdog ended it
    :param done: the statements of the same transaction that had succeeded, in order
    """
    diag = error.diag
    message, hint = diag.message_primary or str(error).strip(), diag.message_hint
    if ended or (error.sqlstate == _QUERY_CANCELED and "statement timeout" in message):
        message = f"the statement ran longer than {limits.statement:g} s and was stopped"
        hint = "Raise statement_timeout in the configuration if it has to take that long."
    elif error.sqlstate == _LOCK_NOT_AVAILABLE:
        waited = f"{limits.lock:g} s (lock_timeout in the configuration)"
        hint = hint or f"Another session holds the lock: it was waited for {waited}."
    culprit = statement
    if statement is None and diag.constraint_name and diag.table_name:
        culprit = _last_writer(done, diag.table_name)
        hint = (
            hint or f"The constraint {diag.constraint_name} is deferred: it was checked at the end of the transaction."
        )
    return Failure(
        message=message,
        location=_location(diag, script, statement, culprit, position or int(diag.statement_position or 0)),
        statement=culprit.sql if culprit else "COMMIT",
        sqlstate=error.sqlstate,
        detail=diag.message_detail,
        hint=hint,
        context=diag.context,
        schema=diag.schema_name,
        table=diag.table_name,
        column=diag.column_name,
        constraint=diag.constraint_name,
        at_commit=statement is None,
    )


def _last_writer(done: Sequence[Statement], table: str) -> Statement | None:
    """The last statement that names the table to write into it."""
    for statement in reversed(done):
        if statement.kind in _WRITES and syntax.parse(statement.sql)[0].node.relation.relname == table:
            return statement
    return None


def unsent(error: ScriptError) -> Failure:
    """Why a script was not sent: it cannot be read, or its tool failed to run it."""
    told = error.details
    return Failure(
        message=error.message,
        location=error.location,
        statement=told.get("statement"),
        sqlstate=told.get("sqlstate"),
        detail=told.get("detail"),
        hint=told.get("hint"),
        context=told.get("context"),
        schema=told.get("schema"),
        table=told.get("table"),
        column=told.get("column"),
        constraint=told.get("constraint"),
    )


def _location(
    diag: psycopg.errors.Diagnostic,
    script: Script,
    failed: Statement | None,
    culprit: Statement | None,
    position: int,
) -> Location:
    if culprit is None:
        return Location(script.file)
    if failed is not None and position:
        return _advance(failed, position - 1)
    if failed is not None and failed.copy_data is not None:
        return _row(failed, diag.context or "")
    return culprit.location


def _row(statement: Statement, context: str) -> Location:
    """The line of the data that PostgreSQL speaks of: its first one follows the line on which the statement ends."""
    start = statement.location
    line = _COPY_LINE.match(context)
    if line is None:
        return start
    return Location(start.file, (start.line or 1) + statement.sql.count("\n") + int(line[1]))


def _advance(statement: Statement, offset: int) -> Location:
    if statement.location.column is None:
        return statement.location  # Python has made its text: lines of it are none of the file
    before = statement.sql[:offset]
    start = statement.location
    lines = before.count("\n")
    column = len(before) - before.rfind("\n") if lines else (start.column or 1) + len(before)
    return Location(start.file, (start.line or 1) + lines, column)
