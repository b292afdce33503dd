"""What tables hold, kept out of reach of what happens to the database, and what of it is missing later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog, Column, Table

from .._shared import Connection, count_of, only

LONGEST = 60
"""Characters of a value that are shown."""
COLUMNS = 4
"""Columns of a lost row that are shown."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows of some tables."""

    rows: Mapping[str, str] = field(default_factory=dict)
    """By ``schema.name``: the rows as one JSON array of objects, all values as text."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """By ``schema.name``: why a table could not be read."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows or values that are not there any more."""

    table: str
    column: str | None
    message: str
    count: int
    """Of rows."""
    row: Mapping[str, Any]
    """The smallest example, as it was."""


def contents(connection: Connection, catalog: Catalog, tables: Iterable[Table]) -> Contents:
    """Everything that the tables hold.

    The columns are those of ``tables``; what ``catalog``, the schema as it is now, lacks of them is left out.
    """
    rows: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for table in tables:
        present = catalog.table(table.qualified_name)
        if present is None:
            continue
        try:
            with connection.transaction():
                found = connection.execute(_ROWS.format(_as_text(table, present))).fetchone()
            rows[table.qualified_name] = str(found[0]) if found else "[]"
        except psycopg.Error as error:
            if connection.closed:
                raise
            unreadable[table.qualified_name] = str(error.diag.message_primary or error)
    return Contents(rows, unreadable)


def losses(
    connection: Connection,
    catalog: Catalog,
    tables: Iterable[Table],
    before: Contents,
    *,
    others: tuple[Contents, Contents] = (Contents(), Contents()),
    since: str,
) -> Iterator[Loss]:
    """What of the contents is not there any more: tables, columns with values, rows, values.

    :param catalog: the schema as it is now
    :param tables: as they were
    :param others: contents before and after somebody else wrote: what that changed is not counted
    :param since: a timestamp; times after it in columns for times are those of the last change, and not counted
    """
    for table in tables:
        name = table.qualified_name
        was = before.rows.get(name, "[]")
        if was == "[]":
            continue
        present = catalog.table(name)
        if present is None:
            yield from _gone(connection, table, was)
        else:
            first, second = (each.rows.get(name, "[]") for each in others)
            yield from _compared(connection, table, present, (was, first, second), since)


def _gone(connection: Connection, table: Table, was: str) -> Iterator[Loss]:
    key = _key(table, [column.name for column in table.columns]) or [column.name for column in _columns(table)]
    count, row = connection.execute(_COUNTED, {"was": was, "key": key}).fetchone() or (0, {})
    name = table.qualified_name
    yield Loss(name, None, f"{name} is gone with {count_of(count, 'row')}, such as {_shown(table, row)}", count, row)


def _compared(
    connection: Connection, table: Table, present: Table, held: tuple[str, str, str], since: str
) -> Iterator[Loss]:
    name = table.qualified_name
    there = {column.name for column in present.columns}
    compared = [column.name for column in _columns(table) if column.name in there]
    own = _key(table, compared)
    key = own or compared
    values: dict[str, Any] = {
        **dict(zip(("was", "first", "second"), held, strict=True)),
        "key": key,
        "columns": compared,
        "times": [column.name for column in table.columns if column.type.startswith("timestamp")],
        "since": since,
    }
    for column in _columns(table):
        if column.name in there:
            continue
        count, row = connection.execute(_VALUES, {**values, "column": column.name}).fetchone() or (0, {})
        if count:
            example = _shown(table, row, (*key, column.name))
            message = f"{name}.{column.name} is gone with the values of {count_of(count, 'row')}, such as {example}"
            yield Loss(name, column.name, message, count, row)
    now = _as_text(table, present)
    missing = _MISSING if own else _MISSING_WITHOUT_KEY
    count, row = connection.execute(missing.format(now=now), values).fetchone() or (0, {})
    if count:
        total = (connection.execute(_COUNTED, values).fetchone() or (0,))[0]
        what = "are gone" if own else "are gone or changed"
        yield Loss(name, None, f"{name}: {count} of {total} rows {what}, such as {_shown(table, row)}", count, row)
    if not own:
        return
    for changed, count, row, value in connection.execute(_CHANGED.format(now=now), values).fetchall():
        example = f"{_shown(table, row, (*key, changed))}, where it is {_value(value)} now"
        yield Loss(
            name,
            changed,
            f"{name}.{changed}: {count_of(count, 'row')} had another value, such as {example}",
            count,
            row,
        )


def _shown(table: Table, row: Mapping[str, Any], names: Collection[str] = ()) -> str:
    """A row for people: ``(id = 1, name = 'x')``.

    :param names: of the columns that are shown; the first few otherwise
    """
    columns = [column for column in table.columns if column.name in row]
    wanted = [column for column in columns if column.name in names] or columns[:COLUMNS]
    bare = ("integer", "bigint", "smallint", "numeric", "boolean")
    pairs = (
        f"{column.name} = {row[column.name] if row[column.name] and column.type in bare else _value(row[column.name])}"
        for column in wanted
    )
    more = ", ..." if not names and len(columns) > COLUMNS else ""
    return f"({', '.join(pairs)}{more})"


def _value(value: str | None) -> str:
    if value is None:
        return "NULL"
    cut = value if len(value) <= LONGEST else value[:LONGEST] + "..."
    return "'" + cut.replace("'", "''") + "'" if cut.isprintable() else repr(cut)


def _columns(table: Table) -> tuple[Column, ...]:
    """Those that hold what somebody wrote."""
    return tuple(column for column in table.columns if not column.generated)


def _key(table: Table, columns: Sequence[str]) -> list[str]:
    """The columns that tell rows apart; empty where there are none."""
    keys = sorted(
        (each for each in table.constraints if each.kind in ("primary key", "unique")), key=lambda each: each.kind
    )
    required = {column.name for column in table.columns if column.not_null}
    for key in keys:
        if all(name in columns and (key.kind == "primary key" or name in required) for name in key.columns):
            return list(key.columns)
    return []


def _as_text(table: Table, present: Table) -> sql.Composed:
    there = {column.name for column in present.columns}
    columns = [sql.Identifier(column.name) for column in _columns(table) if column.name in there]
    listed = sql.SQL(", ").join(sql.SQL("{0}::text AS {0}").format(column) for column in columns)
    return sql.SQL("SELECT {} FROM {}").format(listed, only(present, present.qualified_name))


_ROWS = sql.SQL("SELECT coalesce(jsonb_agg(to_jsonb(r.*)), '[]')::text FROM ({}) r")
_KEY = "(SELECT jsonb_object_agg(name, data -> name) FROM unnest(%(key)s::text[]) AS name)"
_COUNTED = sql.SQL(
    "SELECT count(*), (array_agg(data ORDER BY length(key::text), key::text))[1]"
    f" FROM jsonb_array_elements(%(was)s::jsonb) AS was (data), LATERAL (SELECT {_KEY} AS key) AS keyed"
)
_VALUES = sql.SQL(
    "SELECT count(*), (array_agg(data ORDER BY length(key || (data ->> %(column)s)), key || (data ->> %(column)s)))[1]"
    f" FROM jsonb_array_elements(%(was)s::jsonb) AS was (data), LATERAL (SELECT {_KEY}::text AS key) AS keyed"
    " WHERE data ->> %(column)s IS NOT NULL"
)
_PICTURES = f"""
    WITH was AS MATERIALIZED (
        SELECT data, {_KEY} AS key FROM jsonb_array_elements(%(was)s::jsonb) AS each (data)
    ), now AS MATERIALIZED (
        SELECT data, {_KEY} AS key FROM (SELECT to_jsonb(r.*) AS data FROM ({{now}}) r) AS each
    ), first AS MATERIALIZED (
        SELECT data, {_KEY} AS key FROM jsonb_array_elements(%(first)s::jsonb) AS each (data)
    ), second AS MATERIALIZED (
        SELECT data, {_KEY} AS key FROM jsonb_array_elements(%(second)s::jsonb) AS each (data)
    )
"""
_MISSING = sql.SQL(
    _PICTURES
    + """
    SELECT count(*), (array_agg(was.data ORDER BY length(key::text), key::text))[1]
    FROM was
    WHERE NOT EXISTS (SELECT FROM now WHERE now.key = was.key)
      AND (NOT EXISTS (SELECT FROM first WHERE first.key = was.key)
           OR EXISTS (SELECT FROM second WHERE second.key = was.key))
"""
)
_MISSING_WITHOUT_KEY = sql.SQL(
    _PICTURES
    + """
    SELECT count(*), (array_agg(key ORDER BY length(key::text), key::text))[1]
    FROM (
        SELECT key FROM was
        EXCEPT ALL
        SELECT key FROM now
        EXCEPT ALL
        (SELECT key FROM first EXCEPT ALL SELECT key FROM second)
    ) AS missing
"""
)
_CHANGED = sql.SQL(
    _PICTURES
    + """
    SELECT name, count(*), (array_agg(was.data ORDER BY size, told))[1],
           (array_agg(now.data ->> name ORDER BY size, told))[1]
    FROM was
    JOIN now USING (key)
    LEFT JOIN first USING (key)
    LEFT JOIN second USING (key)
    CROSS JOIN unnest(%(columns)s::text[]) AS name
    CROSS JOIN LATERAL (SELECT key::text || (was.data -> name)::text AS told) AS telling
    CROSS JOIN LATERAL (SELECT length(told) AS size) AS sized
    WHERE was.data -> name <> now.data -> name
      AND first.data -> name IS NOT DISTINCT FROM second.data -> name
      AND CASE WHEN name = ANY (%(times)s::text[])
               THEN coalesce((now.data ->> name)::timestamptz < %(since)s::timestamptz, true)
               ELSE true END
    GROUP BY name
    ORDER BY name
"""
)
"""Times since the trial began are those of the last change."""
