"""Queries that a session keeps: taking them in and planning them takes far longer than running them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

_PREFIX = b"migrate_validate_"


def prepare(connection: psycopg.Connection[Any], queries: Mapping[str, bytes]) -> None:
    """Have the session keep these queries, where it does not yet.

    Plans are of use as long as ``search_path`` is what it was when they were made, and ``plan_cache_mode`` allows
    them: see :data:`PLANNED`.

    :param queries: by name, which is part of the server's name for them; the first parameter is a list of oids
    """
    row = connection.execute("SELECT array_agg(name) FROM pg_prepared_statements WHERE from_sql").fetchone()
    there = set(row[0] or ()) if row else set()
    missing = [name for name in queries if (_PREFIX + name.encode()).decode() not in there]
    if missing:
        connection.execute(
            b";".join(b"PREPARE %s%s (oid[]) AS %s" % (_PREFIX, name.encode(), queries[name]) for name in missing)
        )


def execute(name: str, oids: list[int]) -> bytes:
    """The statement that runs a prepared query; with SQLSTATE 26000 the session has it not, or not any more."""
    return b"EXECUTE %s%s ('{%s}')" % (_PREFIX, name.encode(), ",".join(map(str, oids)).encode())


PLANNED = b"SELECT set_config('search_path', '', true), set_config('plan_cache_mode', 'force_generic_plan', true)"
"""Until the end of the transaction: names are looked up in pg_catalog only, and plans are kept."""
