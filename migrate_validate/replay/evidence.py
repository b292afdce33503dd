"""Measured while a script is applied: locks, rewrites, rows."""

from __future__ import annotations

from collections.abc import Mapping
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
    select n.nspname, c.relname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and c.oid >= 16384
      and n.nspname <> 'information_schema'
      and pg_relation_size(c.oid) > 0
    order by 1, 2
"""


def newest_relation(connection: psycopg.Connection[Any]) -> int:
    """The greatest number given to a relation so far: what comes later is greater."""
    row = connection.execute(_NEWEST).fetchone()
    return int(row[0]) if row else 0


def locked_relations(connection: psycopg.Connection[Any], newest: int) -> tuple[LockedRelation, ...]:
    """The relations locked in the open transaction that existed when ``newest`` was taken."""
    rows = connection.execute(_LOCKS, {"newest": newest}).fetchall()
    return tuple(LockedRelation(relation, mode, rewritten) for relation, mode, rewritten in rows)


def row_counts(connection: psycopg.Connection[Any]) -> Mapping[str, int]:
    """Rows by ``schema.name`` of the tables that are not empty; empty tables cost no scan."""
    names = connection.execute(_NOT_EMPTY).fetchall()
    if not names:
        return {}
    counts = sql.SQL(" union all ").join(
        sql.SQL("select {}::text, count(*) from only {}").format(f"{schema}.{name}", sql.Identifier(schema, name))
        for schema, name in names
    )
    return {name: count for name, count in connection.execute(counts).fetchall() if count}
