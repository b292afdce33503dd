"""Running a verification script and reading its verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import pq

from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, Location, Result, Severity

from ._shared import Connection, problem, raw

_NAMING = frozenset({"check", "test", "name", "check_name", "test_name"})
_VERDICT = frozenset({"ok", "passed", "success", "exists"})
_RESULT = frozenset({"status", "result", "check", "outcome"})
"""Columns in which a bare ERROR is a verdict; elsewhere it is data: the level of a log entry, a kind of event."""
_ERROR = re.compile(r"\W*ERROR\W*$")
_FAILED = re.compile(r"\W*(FAIL|FAILED|ERROR)\b|(?i:\W*(fail|failed)\W*$)")
_NOT_OK = re.compile(r"not ok\b(?!.*# *(TODO|SKIP))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Failed:
    name: str
    """Of the query, or of the row that failed."""
    reason: str
    row: dict[str, str] | None = None


def verify(connection: Connection, script: Script) -> Iterator[Result]:
    """Run the queries of one script, each reported by name; what the script leaves open is rolled back."""
    if script.problem:
        return  # unusable-file reports it
    try:
        queries = [each for each in statements(script) if each.kind != "transaction"]
        control = statements(script)
    except ScriptError as error:
        yield Finding(f"{script.file} cannot be run: {error.message}", location=error.location)
        return
    passed: list[str] = []
    notices: list[str] = []

    def keep(diagnostic: psycopg.errors.Diagnostic) -> None:
        notices.append(diagnostic.message_primary or "")

    connection.add_notice_handler(keep)
    try:
        for statement in control:
            notices.clear()
            failures = list(_run(connection, statement, _name(script, statement), notices))
            if statement.kind == "transaction" and not failures:
                continue
            yield from (_finding(script, statement, failure) for failure in failures)
            if not failures:
                passed.append(_name(script, statement))
    finally:
        connection.remove_notice_handler(keep)
        if connection.info.transaction_status != pq.TransactionStatus.IDLE:
            connection.rollback()
    yield Finding(
        f"{script.file}: {len(passed)} of {len(queries)} queries passed",
        location=Location(script.file),
        evidence={"passed": passed},
        severity=Severity.INFO,
    )


def _finding(script: Script, statement: Statement, failure: _Failed) -> Finding:
    # What has no name is called by its place, which the location says already.
    named = f"{failure.name}: " if failure.name != _place(statement) else ""
    return Finding(
        f"{script.file}: {named}{failure.reason}",
        location=statement.location,
        statement=statement.sql,
        evidence={"query": failure.name, **({"row": failure.row} if failure.row else {})},
    )


def _run(connection: Connection, statement: Statement, name: str, notices: Sequence[str]) -> Iterator[_Failed]:
    if statement.copy_data is not None:
        yield _Failed(name, "COPY ... FROM stdin has no place in a verification script")
        return
    cursor = connection.cursor(row_factory=psycopg.rows.tuple_row)
    inside = connection.info.transaction_status == pq.TransactionStatus.INTRANS and statement.kind != "transaction"
    if inside:
        connection.execute("SAVEPOINT migrate_validate")
    try:
        cursor.execute(raw(statement.sql))
    except psycopg.Error as error:
        if inside:
            connection.execute("ROLLBACK TO SAVEPOINT migrate_validate")
        yield _Failed(name, problem(error))
        return
    if inside:
        connection.execute("RELEASE SAVEPOINT migrate_validate")
    yield from (_Failed(name, notice) for notice in notices if _FAILED.match(notice))
    if cursor.description is None:
        return
    columns = [column.name for column in cursor.description]
    for row in cursor:
        reason = _row_fails(columns, row)
        if reason:
            own = next((str(v) for c, v in zip(columns, row, strict=True) if c.lower() in _NAMING and v), name)
            yield _Failed(own, reason, {c: str(v) for c, v in zip(columns, row, strict=True)})


def _row_fails(columns: Sequence[str], row: Sequence[object]) -> str | None:
    for column, cell in zip(columns, row, strict=True):
        last_word = column.lower().rpartition("_")[2]
        if isinstance(cell, str) and _cell_fails(last_word, cell):
            return cell.strip()
        if cell is False and last_word in _VERDICT:
            return f"{column} is false"
    return None


def _cell_fails(last_word: str, cell: str) -> bool:
    if _ERROR.match(cell):
        return last_word in _RESULT
    return bool(_FAILED.match(cell) or _NOT_OK.match(cell))


def _name(script: Script, statement: Statement) -> str:
    """The comment right above a statement; without one, its place."""
    lines = script.text.splitlines()
    line = statement.location.line or 1
    if statement.location.file == script.file:
        comments = []
        for above in reversed(lines[: line - 1]):
            if not above.strip().startswith("--"):
                break
            comments.append(above.strip().lstrip("-").strip())
        titles = [comment for comment in reversed(comments) if any(c.isalnum() for c in comment)]
        if titles:
            return titles[0].strip("-=* ")
    return _place(statement)


def _place(statement: Statement) -> str:
    return f"line {statement.location.line or 1}"
