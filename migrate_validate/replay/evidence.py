"""Measured while a script is applied: locks, rewrites, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.replay.timeline import LockedRelation

_LOCKS = files("migrate_validate.replay").joinpath("evidence.sql").read_text(encoding="utf-8")

NEWEST = """
    select greatest((select max(oid::bigint) from pg_class),
                    (select max(relfilenode::bigint) from pg_class where reltablespace = 0))
"""
"""The greatest number given to a relation so far: what comes later is greater."""

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
_NAMES = """
    select c.oid::bigint, n.nspname || '.' || c.relname, c.relfilenode > %(newest)s
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.oid = any (%(oids)s::bigint[]::oid[])
      and c.relkind in ('r', 'p', 'm', 'f')
"""
"""A file number above the counter at the start is new: the relation was written anew."""
_FIRST_USER_OID = 16384
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


def locks(connection: psycopg.Connection[Any], newest: int) -> Locks:
    """What is locked in the open transaction, which began after ``newest`` was taken."""
    rows = connection.execute(_LOCKS).fetchall()
    held = [(oid, mode) for oid, mode, _ in rows if oid >= _FIRST_USER_OID]
    # A deferred trigger may write when the transaction is committed.
    deferred = any(deferred for _, _, deferred in rows)
    strong = [(oid, mode) for oid, mode in held if oid <= newest and mode != "RowExclusiveLock"]
    return Locks(_named(connection, strong, newest), None if deferred else frozenset(oid for oid, _ in held))


def _named(
    connection: psycopg.Connection[Any], held: Sequence[tuple[int, str]], newest: int
) -> tuple[LockedRelation, ...]:
    if not held:
        return ()
    rows = connection.execute(_NAMES, {"newest": newest, "oids": [oid for oid, _ in held]}).fetchall()
    described = {oid: (name, rewritten) for oid, name, rewritten in rows}
    return tuple(
        sorted(
            (LockedRelation(described[oid][0], mode, described[oid][1]) for oid, mode in held if oid in described),
            key=lambda lock: (lock.relation, lock.mode),
        )
    )


def table_rows(connection: psycopg.Connection[Any], before: TableRows, written: frozenset[int] | None) -> TableRows:
    """The rows of every table; only what may have changed is counted, and empty tables cost no scan.

    :param before: the rows before the last script
    :param written: the tables that it may have written; None: any
    """
    if written is None:
        tables = connection.execute(_NOT_EMPTY).fetchall()
    elif written or before.by_table:
        tables = connection.execute(_NOT_EMPTY + _AMONG, {"among": [*written, *before.by_table]}).fetchall()
    else:
        return before
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
