"""The rows of tables, kept aside in the same database and compared by PostgreSQL with what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from .._shared import Connection

_COPIES = "migrate_validate_copies"
"""The schema for the copies, in a database or transaction of ours."""

_TABLES = """
    select n.nspname, c.relname, c.oid::bigint, c.relfilenode::bigint,
           pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
           + pg_stat_get_xact_tuples_deleted(c.oid)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and c.oid >= 16384
      and n.nspname <> %s
"""
_COLUMNS = """
    select coalesce(array_agg(a.attname::text) filter (
               where a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~* '(nextval|uuid|random|gen_)'), '{}'),
           coalesce(array_agg(a.attname::text) filter (
               where a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype, 'time'::regtype,
                                    'timetz'::regtype)), '{}'),
           coalesce(array_agg(a.attname::text) filter (
               where exists (select from pg_constraint k
                             where k.conrelid = a.attrelid and k.contype = 'f' and a.attnum = any (k.conkey))), '{}'),
           coalesce(array_agg(a.attname::text) filter (
               where exists (select from pg_index i
                             where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey))), '{}')
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = %s::bigint::oid
      and a.attnum > 0
      and not a.attisdropped
"""
_COMPARE = """
    with was as materialized (
        select to_jsonb(c.*) - %(without)s::text[] as r from {copy} c
    ), present as materialized (
        select to_jsonb(t.*) - %(without)s::text[] as r from only {table} t
    ), added as materialized (
        select r, (select jsonb_agg(r -> k) from unnest(%(key)s::text[]) k) as key
        from (select r from present except all select r from was) x
    ), gone as materialized (
        select r, (select jsonb_agg(r -> k) from unnest(%(key)s::text[]) k) as key
        from (select r from was except all select r from present) x
    ), other as materialized (
        select g.r as was, a.r as present from gone g join added a on a.key = g.key
    )
    select (select count(*) from was),
           (select count(*) from present),
           (select count(*) from added),
           (select count(*) from gone),
           (select count(*) from other),
           (select count(*) from added
            where r - %(generated)s::text[] <> '{{}}'
              and r - %(generated)s::text[] in (select r - %(generated)s::text[] from was)),
           (select was from other order by was::text limit 1),
           (select present from other order by was::text limit 1),
           (select r from added order by r::text limit 1),
           (select r from gone order by r::text limit 1)
"""
_DIGEST = "select count(*), sum(hashtextextended((to_jsonb(t.*) - %s::text[])::text, 0)) from only {table} t"

Name = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """What became of the rows of one table."""

    table: str
    """``schema.name``."""
    before: int
    """Rows that there were."""
    after: int
    """Rows that there are."""
    added: int
    """Rows that were not there, with these values."""
    gone: int
    """Rows that are no longer there, with these values."""
    altered: int
    """Of those gone: rows that are there with other values, by their primary key."""
    repeated: int
    """Of those added: rows that repeat one that was there, but for values that are generated."""
    example: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]
    """A row as it was and as it is; None where there is none."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of one table that deserve attention."""

    generated: list[str]
    times: list[str]
    references: list[str]
    key: list[str]


class KeptRows:
    """The rows of a database's tables; the copies are in the same transaction or on the same copy of a database."""

    def __init__(self, connection: Connection) -> None:
        """Nothing is kept yet."""
        self._connection = connection
        self._kept: dict[Name, str] = {}

    def marks(self) -> Mapping[Name, tuple[int, ...]]:
        """A value a table that changes where its rows do, within one transaction."""
        rows = self._connection.execute(_TABLES, [_COPIES])
        return {(schema, name): tuple(mark) for schema, name, *mark in rows}

    def keep(self, tables: Iterable[Name]) -> None:
        """Copy the rows of these tables, as they are now."""
        self._connection.execute(sql.SQL("create schema {}").format(sql.Identifier(_COPIES)))
        for number, table in enumerate(tables):
            self._kept[table] = f"t{number}"
            query = sql.SQL("create table {} as select * from only {}")
            self._connection.execute(query.format(self._copy(table), sql.Identifier(*table)))

    def forget(self) -> None:
        """Drop the copies."""
        self._connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(_COPIES)))
        self._kept.clear()

    def changes(self, *, times: bool) -> Iterator[RowChange]:
        """The tables whose rows are not those that were kept. Tables that are gone are left out.

        :param times: whether values of date and time count
        """
        present = self.marks()
        for table in sorted(self._kept.keys() & present.keys()):
            columns = self._columns(present[table][0])
            query = sql.SQL(_COMPARE).format(copy=self._copy(table), table=sql.Identifier(*table))
            row = self._connection.execute(
                query,
                {
                    "without": [] if times else columns.times,
                    "generated": [*columns.generated, *columns.times],
                    "key": columns.key,
                },
            ).fetchone()
            assert row is not None
            before, after, added, gone, altered, repeated, was, is_now, one_added, one_gone = row
            if added or gone:
                example = (was, is_now) if altered else (None if added else one_gone, one_added)
                yield RowChange(".".join(table), before, after, added, gone, altered, repeated, example)

    def digests(self) -> Mapping[str, tuple[Any, ...]]:
        """Number and sum of the rows by ``schema.name``, without values that are generated or tell the time."""
        found = {}
        for table, (oid, *_) in self.marks().items():
            columns = self._columns(oid)
            without = [*columns.generated, *columns.times, *columns.references]
            query = sql.SQL(_DIGEST).format(table=sql.Identifier(*table))
            found[".".join(table)] = self._connection.execute(query, [without]).fetchone() or ()
        return found

    def _columns(self, oid: int) -> _Columns:
        row = self._connection.execute(_COLUMNS, [oid]).fetchone()
        assert row is not None
        return _Columns(*row)

    def _copy(self, table: Name) -> sql.Identifier:
        return sql.Identifier(_COPIES, self._kept[table])


def written(before: Mapping[Name, object], after: Mapping[Name, object]) -> Collection[Name]:
    """The tables that are on both sides, and whose marks differ."""
    return [table for table in before if table in after and before[table] != after[table]]
