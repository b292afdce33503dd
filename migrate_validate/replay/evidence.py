"""Measured while a script is applied: locks, rewrites, rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.replay.timeline import LockedRelation

_LOCKS = files("migrate_validate.replay").joinpath("evidence.sql").read_text(encoding="utf-8")

_NEWEST = """
    select greatest((select max(oid::bigint) from pg_class),
                    (select max(relfilenode::bigint) from pg_class where reltablespace = 0))
"""

_NOT_EMPTY = """
    select c.oid::bigint, n.nspname, c.relname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and c.oid >= 16384
      and n.nspname <> 'information_schema'
      and has_schema_privilege(n.oid, 'usage')
      and has_table_privilege(c.oid, 'select')
      and pg_relation_size(c.oid) > 0
"""
_AMONG = "and c.oid = any (%(among)s::bigint[]::oid[])"


@dataclass(frozen=True, slots=True)
class TableRows:
    """How many rows the tables hold that are not empty."""

    by_table: Mapping[int, int] = field(default_factory=dict)
    """By the table's object identifier, which outlives renaming."""
    by_name: Mapping[str, int] = field(default_factory=dict)
    """By ``schema.name``."""


@dataclass(frozen=True, slots=True)
class Locks:
    """What the open transaction has locked."""

    against_others: tuple[LockedRelation, ...]
    """Relations that are older than the transaction, locked against readers or writers."""
    written: frozenset[int] | None
    """Object identifiers of all relations that it may have written; None: its COMMIT may write others."""


def newest_relation(connection: psycopg.Connection[Any]) -> int:
    """The greatest number given to a relation so far: what comes later is greater."""
    row = connection.execute(_NEWEST).fetchone()
    return int(row[0]) if row else 0


def locks(connection: psycopg.Connection[Any], newest: int) -> Locks:
    """What is locked in the open transaction, which began after ``newest`` was taken."""
    rows = connection.execute(_LOCKS, {"newest": newest}).fetchall()
    against_others = tuple(
        LockedRelation(name, mode, rewritten) for _, name, mode, strong, rewritten, _ in rows if strong
    )
    # A deferred trigger may write when the transaction is committed.
    deferred = any(row[-1] for row in rows)
    return Locks(against_others, None if deferred else frozenset(row[0] for row in rows))


def table_rows(connection: psycopg.Connection[Any], before: TableRows, written: frozenset[int] | None) -> TableRows:
    """The rows of every table; only what may have changed is counted, and empty tables cost no scan.

    :param before: the rows before the last script
    :param written: the tables that it may have written; None: any
    """
    if written is None:
        tables = connection.execute(_NOT_EMPTY).fetchall()
    else:
        tables = connection.execute(_NOT_EMPTY + _AMONG, {"among": [*written, *before.by_table]}).fetchall()
    stale = [table for table in tables if written is None or table[0] in written]
    counts = {oid: count for oid, count in before.by_table.items() if written is not None and oid not in written}
    if stale:
        query = sql.SQL(" union all ").join(
            sql.SQL("select {}::bigint, count(*) from only {}").format(oid, sql.Identifier(schema, name))
            for oid, schema, name in stale
        )
        counts |= dict(connection.execute(query).fetchall())
    names = {
        oid: f"{schema}.{name}" for oid, schema, name in sorted(tables, key=lambda table: table[1:]) if counts.get(oid)
    }
    return TableRows({oid: counts[oid] for oid in names}, {name: counts[oid] for oid, name in names.items()})
