"""What tables hold, kept out of reach of whatever happens to the database.

The rows are kept on our side, as one text a table, and go back to a server as a parameter when they are compared
(:mod:`migrate_validate.data.comparing`). A copy in the database, in a schema aside or in temporary tables, would be met
by scripts that loop over all schemas, truncate every table, or discard what is temporary; it would be one more object
in every picture of the schema; and it would be gone with the transaction that it was made in. The price is that
everything travels: it is meant for up to some 10^5 rows a table.

Values are kept as their text, under settings that do not depend on the session (UTC, ISO dates, hexadecimal bytes, no
``search_path``), so that they can be compared between sessions, databases and types: NaN equals NaN, ``1.0`` is not
``1.00``, and JSON that is written in another way is another value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class KeptColumn:
    """A column of a table, as it was when rows were kept."""

    number: int
    """Its number in the table (``attnum``), which it keeps when it is renamed."""
    name: str
    type: str
    """As format_type() prints it, with modifiers: ``numeric(5,2)``."""
    generated: bool
    """Its values are computed from others."""
    automatic: bool
    """The database invents values for it: an identity, a sequence, random values."""
    time: bool
    """It holds a date, a time or both, also through a domain."""
    moment: bool
    """It holds a date with a time of day, with or without zone."""
    reference: bool
    """It is a part of a foreign key."""


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table with all its rows."""

    oid: int
    """Its number, which it keeps when it is renamed or moved to another schema, and in a copy of the database."""
    name: str
    """``schema.name``."""
    columns: tuple[KeptColumn, ...]
    keys: tuple[tuple[str, ...], ...]
    """The columns of each key that tells its rows apart: the primary key first, then unique ones without NULL."""
    rows: int
    text: str = field(repr=False)
    """A JSON array of texts for each row, values in the order of ``columns``; rows by newlines, sorted."""

    def column(self, name: str) -> KeptColumn | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """What some tables held at one moment."""

    tables: Mapping[str, KeptTable] = field(default_factory=dict)
    """By ``schema.name``."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """By ``schema.name``: why the rows of a table were not kept."""
    left_out_oids: frozenset[int] = frozenset()
    """The numbers of these tables."""

    def empty(self, name: str) -> bool:
        """Whether there is no row of this table."""
        return name not in self.tables or not self.tables[name].rows

    def by_oid(self, oid: int) -> KeptTable | None:
        """The table with this number."""
        return next((table for table in self.tables.values() if table.oid == oid), None)


def keep(connection: Connection, tables: Collection[str] | None = None) -> Kept:
    """Keep all rows of some tables, as they are now.

    Nothing is left behind in the database or the session. It works in a transaction as well as without one. The rows
    of a partitioned table are those of its partitions; those of a table that others inherit from are its own.

    :param tables: ``schema.name`` of each; names of what is no table are passed over. None: all tables but partitions,
        whose rows are kept with the table that they belong to, and temporary ones.
    :raises psycopg.Error: when the connection is lost, or is in a failed transaction. A table that cannot be read (no
        privilege, row level security that would hide rows, a foreign table) is among ``left_out``.
    """
    return _keep(connection, _WANTED_BY_NAME, {"names": None if tables is None else list(tables)})


def keep_again(connection: Connection, kept: Kept, also: Iterable[str] = ()) -> Kept:
    """Keep the rows of the same tables: those that have their numbers, whatever they are called now, and their names.

    :param also: ``schema.name`` of more tables
    :raises psycopg.Error: as in :func:`keep`
    """
    wanted = {"oids": [table.oid for table in kept.tables.values()], "names": [*kept.tables, *also]}
    return _keep(connection, _WANTED_AGAIN, wanted)


def never(column: KeptColumn) -> bool:
    """No column, as an answer to which are left out."""
    return column.number < 0


@contextlib.contextmanager
def neutral(connection: Connection) -> Iterator[None]:
    """For the time of a block: a search path without schemas, UTF-8, and the role with which the session began.

    It is a transaction, or a savepoint of the one that is open, that is rolled back: so nothing of it stays.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(_NEUTRAL)
        yield


def _keep(connection: Connection, wanted: str, values: Mapping[str, object]) -> Kept:
    with neutral(connection):
        connection.execute(_READING)
        found = connection.execute((_TABLES % wanted).encode(), values).fetchall()
        left_out = {name: _ELSEWHERE for _, _, name, kind, _, _ in found if kind == "f"}
        described = [_Described(oid, *each) for oid, *each in found if each[2] != "f"]
        tables = dict(_read(connection, described, left_out))
    oids = frozenset(oid for oid, _, name, *_ in found if name in left_out)
    return Kept(tables, left_out, oids)


@dataclass(frozen=True, slots=True)
class _Described:
    """A table whose rows are wanted."""

    oid: int
    identifier: tuple[str, str]
    name: str
    kind: str
    columns: Sequence[Sequence[Any]]
    keys: Sequence[Sequence[str]]

    @property
    def query(self) -> sql.Composed:
        """Number and text of its rows."""
        values = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for _, name, *_ in self.columns)
        only = sql.SQL("" if self.kind == "p" else "ONLY ")
        return _ROWS.format(oid=sql.Literal(self.oid), values=values, only=only, table=sql.Identifier(*self.identifier))


def _read(
    connection: Connection, tables: Sequence[_Described], left_out: dict[str, str]
) -> Iterator[tuple[str, KeptTable]]:
    """All tables in one query; where it is refused, in halves, down to the table that cannot be read."""
    if not tables:
        return
    try:
        with connection.transaction():
            query = sql.SQL(" UNION ALL ").join(table.query for table in tables)
            rows = {oid: (count, text) for oid, count, text in connection.execute(query)}
    except psycopg.Error as error:
        if connection.closed:
            raise
        if len(tables) == 1:
            left_out[tables[0].name] = str(error.diag.message_primary or error)
            return
        half = len(tables) // 2
        yield from _read(connection, tables[:half], left_out)
        yield from _read(connection, tables[half:], left_out)
        return
    for table in tables:
        columns = tuple(KeptColumn(*column) for column in table.columns)
        keys = tuple(tuple(key) for key in table.keys)
        yield table.name, KeptTable(table.oid, table.name, columns, keys, *rows[table.oid])


_ELSEWHERE = "it is a foreign table, whose rows are elsewhere"
_NEUTRAL = """
    SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8';
    SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE
"""
_READING = """
    SET LOCAL row_security = off; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
    SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
    SET LOCAL lc_monetary = 'C'; SET LOCAL xmlbinary = 'base64'
"""
_ROWS = sql.SQL("""
    SELECT {oid}::bigint, count(*), coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), '')
    FROM (SELECT to_json(ARRAY[{values}]::text[])::text AS line FROM {only}{table}) AS lines
""")
_WANTED_BY_NAME = """
    CASE WHEN %(names)s::text[] IS NULL THEN NOT c.relispartition
         ELSE n.nspname || '.' || c.relname = ANY (%(names)s::text[]) END
"""
_WANTED_AGAIN = """
    (c.oid::bigint = ANY (%(oids)s::bigint[]) OR n.nspname || '.' || c.relname = ANY (%(names)s::text[]))
"""
_TABLES = """
    SELECT c.oid::bigint, ARRAY[n.nspname, c.relname]::text[], n.nspname || '.' || c.relname, c.relkind::text,
           coalesce((
               SELECT jsonb_agg(jsonb_build_array(
                          a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',
                          a.attidentity <> '' OR a.attgenerated = ''
                          AND coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') ~* '(nextval|uuid|random|gen_)',
                          t.typcategory = 'D', b.base IN ('timestamp'::regtype, 'timestamptz'::regtype),
                          EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                                  WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
                      ) ORDER BY a.attnum)
               FROM pg_catalog.pg_attribute AS a
               JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
               LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
               CROSS JOIN LATERAL (
                   SELECT CASE WHEN t.typtype <> 'd' THEN t.oid ELSE (
                       WITH RECURSIVE domains AS (
                           SELECT t.oid AS base, t.typbasetype AS below
                           UNION ALL
                           SELECT u.oid, u.typbasetype
                           FROM domains JOIN pg_catalog.pg_type AS u ON u.oid = domains.below
                       )
                       SELECT base FROM domains WHERE below = 0
                   ) END AS base
               ) AS b
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           ), '[]'),
           coalesce((
               SELECT jsonb_agg(columns ORDER BY i.indisprimary DESC, i.indexrelid)
               FROM pg_catalog.pg_index AS i
               CROSS JOIN LATERAL (
                   SELECT jsonb_agg(a.attname ORDER BY k.place) AS columns, bool_and(a.attnotnull) AS required
                   FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                   LEFT JOIN pg_catalog.pg_attribute AS a
                     ON a.attrelid = c.oid AND a.attnum = k.number AND a.attnum > 0
                   WHERE k.place <= i.indnkeyatts
               ) AS key
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                 AND key.required
           ), '[]')
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384 AND %s
    ORDER BY 3
"""
