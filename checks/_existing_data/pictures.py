"""The rows of a few small tables on our side, taken often: everything in two messages to the server.

:mod:`migrate_validate.data.keeping` keeps tables of any size for a comparison by the server. Here tables have a handful
of rows and are looked at a hundred times, so that what counts is the number of messages; the rows are compared here.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migrate_validate.syntax import quote

from .._shared import Connection

Row = Mapping[int, str | None]
"""The text of each value by the number of its column (``attnum``)."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A column."""

    number: int
    name: str
    type: str
    """As format_type() prints it, with its schema where it is none of the system's."""
    generated: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A table and its rows."""

    oid: int
    name: str
    """``schema.name``."""
    columns: Mapping[int, Pictured]
    rows: Sequence[Row] = field(repr=False)

    def number(self, name: str) -> int | None:
        """The number of the column of this name."""
        return next((each.number for each in self.columns.values() if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Album:
    """Pictures of some tables at one moment."""

    tables: Mapping[str, Picture]
    """By ``schema.name``."""
    answers: Mapping[str, object]
    """What was asked at the same time; questions that PostgreSQL refused are missing."""
    left_out: Mapping[str, str]
    """By ``schema.name``: why the rows of a table could not be read."""
    refused: Mapping[str, str]
    """By question: the SQLSTATE with which PostgreSQL refused it."""

    def by_oid(self, oid: int) -> Picture | None:
        """The table with this number."""
        return next((each for each in self.tables.values() if each.oid == oid), None)


@dataclass(frozen=True, slots=True)
class View:
    """What a picture of one table has to show."""

    oid: int
    name: str
    """``schema.name``."""
    columns: Mapping[int, Pictured]
    query: str
    """Its number, and its rows as one value."""


def views(connection: Connection, names: Collection[str], oids: Collection[int] = ()) -> tuple[View, ...]:
    """What pictures of the tables with these names show now, and of those with these numbers.

    They hold as long as nobody alters the tables.

    :param names: ``schema.name``
    """
    found: dict[int, tuple[str, str, str, dict[int, Pictured]]] = {}
    with _inside(connection):
        for oid, schema, name, kind, number, *column in _described(connection, names, oids):
            about = found.setdefault(oid, (schema, name, kind, {}))
            about[3][number] = Pictured(number, *column)
    return tuple(_view(oid, *about) for oid, about in found.items())


def album(connection: Connection, shown: Sequence[View], questions: Mapping[str, str] | None = None) -> Album:
    """Pictures of the tables as they are now.

    Nothing is left behind in the session or the database.

    :param questions: by a name: a query with one row of one value
    """
    left_out: dict[str, str] = {}
    refused: dict[str, str] = {}
    with _inside(connection):
        try:
            rows, answers = _read(connection, shown, questions or {})
        except psycopg.Error:
            rows, answers = _one_by_one(connection, shown, questions or {}, left_out, refused)
    tables = {
        each.name: Picture(
            each.oid, each.name, each.columns, [dict(zip(each.columns, row, strict=True)) for row in rows[each.oid]]
        )
        for each in shown
        if each.oid in rows
    }
    return Album(tables, answers, left_out, refused)


def _described(connection: Connection, names: Collection[str], oids: Collection[int]) -> list[tuple[Any, ...]]:
    # Types are printed with their schemas, whatever the migration has set.
    message = sql.SQL("; ").join(
        [
            sql.SQL("SAVEPOINT migrate_validate_picture; SET LOCAL search_path = ''"),
            sql.SQL(_TABLES).format(oids=sql.Literal(list(oids)), names=sql.Literal(list(names))),
            sql.SQL(_BACK),
        ]
    )
    return _results(connection.execute(message.as_bytes(connection)))[0]


def _results(cursor: psycopg.Cursor[Any]) -> list[list[Any]]:
    """The rows of all queries of a message."""
    found: list[list[Any]] = []
    while True:
        if cursor.description:
            found.append(cursor.fetchall())
        if not cursor.nextset():
            return found


@contextlib.contextmanager
def _inside(connection: Connection) -> Iterator[None]:
    """In a transaction, ours or the one that is open."""
    own = connection.info.transaction_status == TransactionStatus.IDLE
    if own:
        connection.execute(b"BEGIN")
    try:
        yield
    finally:
        if own and not connection.closed:
            connection.execute(b"ROLLBACK")


def _view(oid: int, schema: str, name: str, kind: str, columns: Mapping[int, Pictured]) -> View:
    values = ", ".join(f"{quote(each.name)}::text" for each in columns.values())
    only = "" if kind == "p" else "ONLY "
    source = f"{only}{quote(schema)}.{quote(name)}"
    query = f"SELECT {oid}::bigint, json_agg(ARRAY[{values}]::text[])::text FROM {source}"
    return View(oid, f"{schema}.{name}", columns, query)


def _read(
    connection: Connection, shown: Sequence[View], questions: Mapping[str, str]
) -> tuple[dict[int, list[Any]], dict[str, object]]:
    """The rows by number of the table, and the answers, in one message."""
    everything = [" UNION ALL ".join(each.query for each in shown)] if shown else []
    asked = [f"SELECT ({each})::text" for each in questions.values()]
    try:
        found = _results(connection.execute("; ".join([_NEUTRAL, *everything, *asked, _BACK]).encode()))
    except psycopg.Error:
        if not connection.closed:
            connection.execute(_BACK.encode())
        raise
    rows = {oid: json.loads(text or "[]") for oid, text in found[0]} if shown else {}
    rest = found[1:] if shown else found
    return rows, {name: each[0][0] for name, each in zip(questions, rest, strict=True)}


def _one_by_one(
    connection: Connection,
    shown: Sequence[View],
    questions: Mapping[str, str],
    left_out: dict[str, str],
    refused: dict[str, str],
) -> tuple[dict[int, list[Any]], dict[str, object]]:
    rows: dict[int, list[Any]] = {}
    answers: dict[str, object] = {}
    for view in shown:
        try:
            rows |= _read(connection, [view], {})[0]
        except psycopg.Error as error:
            if connection.closed:
                raise
            left_out[view.name] = str(error.diag.message_primary or error)
    for name, question in questions.items():
        try:
            answers |= _read(connection, [], {name: question})[1]
        except psycopg.Error as error:
            if connection.closed:
                raise
            refused[name] = error.sqlstate or ""
    return rows, answers


_NEUTRAL = """
    SAVEPOINT migrate_validate_picture;
    SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; SET LOCAL row_security = off;
    SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL client_encoding = 'UTF8'
"""
_BACK = "ROLLBACK TO SAVEPOINT migrate_validate_picture; RELEASE SAVEPOINT migrate_validate_picture"
_TABLES = """
    SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, a.attnum, a.attname,
           pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated <> ''
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
      AND (c.oid = ANY ({oids}::bigint[]) OR n.nspname || '.' || c.relname = ANY ({names}::text[]))
    ORDER BY c.oid, a.attnum
"""
