"""Writes how large and how busy the tables of a real database are; reads it, and changes nothing there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from migrate_validate.errors import ConfigError, ServerError
from migrate_validate.statistics import SCHEMA, TableStatistics

STATEMENT_TIMEOUT, LOCK_TIMEOUT = 60, 2
"""Seconds: nobody there waits for us, and we wait for nobody."""
WINDOW = 5.0
"""Seconds between two samples, where the server does not say since when it counts."""
SHORTEST = 60.0
"""Seconds that counters must have run to say something of a usual second."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """The counters at one moment."""

    at: datetime
    """By the server's clock."""
    since: datetime | None
    """When it began to count; None: it does not say."""
    server: str
    database: str
    tables: Mapping[str, Mapping[str, Any]]
    """By ``schema.name``: ``rows``, ``bytes``, ``heap_bytes``, ``index_bytes``, ``writes``, ``reads``."""


def write_statistics(target: Path, dsn: str, seconds: float | None = None) -> str:
    """Write the statistics of every table of a real database as JSON; reads it in READ ONLY transactions.

    Writes and reads a second are what the server has counted since its counters were reset; where it does not say when,
    or it was just now, the difference of two samples.

    :param target: the file; one that exists is replaced
    :param dsn: a connection string; empty: libpq's environment variables. Its password is never written
    :param seconds: between two samples, which are then taken in any case
    :returns: what was written, for people
    :raises ConfigError: when the connection string or the file cannot be used
    :raises ServerError: when the database cannot be reached or read
    """
    if not target.parent.is_dir():
        raise ConfigError(f"{target} cannot be written: there is no such directory", remedy="make the directory first")
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq quotes what it cannot read, which may be the password.
        raise ConfigError(
            "--dsn is no connection string of PostgreSQL",
            remedy="write it as postgresql://user@host:5432/database or as 'host=... dbname=...'",
        ) from None
    try:
        content = _collected(dsn, seconds)
    except psycopg.Error as error:
        told = (error.diag.message_primary or str(error)).strip()
        secret = str(given.get("password") or "")
        raise ServerError(
            "the statistics cannot be read: " + (told.replace(secret, "***") if secret else told),
            looked=["--dsn" if dsn else "libpq's environment variables: PGHOST, PGDATABASE, PGUSER, PGSERVICE, ..."],
            remedy="name a database that this machine can reach, by --dsn or by libpq's environment variables",
        ) from None
    try:
        target.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror}", remedy="name a file that can be written"
        ) from None
    return (
        f"{target}: {len(content['tables'])} tables of the database {content['database']} "
        f"({content['server']}, {content['counted']})"
    )


def _collected(dsn: str, seconds: float | None) -> dict[str, Any]:
    with psycopg.connect(dsn, connect_timeout=10, autocommit=True) as connection:
        last = _sample(connection)
        age = (last.at - last.since).total_seconds() if last.since else 0.0
        first = None
        counted = f"counted for {age / 3600:.1f} h"
        if seconds is not None or age < SHORTEST:
            first, wait = last, WINDOW if seconds is None else seconds
            time.sleep(wait)
            last = _sample(connection)
            age = (last.at - first.at).total_seconds()
            counted = f"two samples, {age:.1f} s apart"
    return {
        "schema": SCHEMA,
        "tool": {"name": "migrate-validate", "version": version("migrate-validate")},
        "server": last.server,
        "database": last.database,
        "taken_at": last.at.astimezone(UTC).isoformat(timespec="seconds"),
        "counted": counted,
        "seconds": round(age, 3),
        "tables": {
            name: asdict(_rates(table, first.tables.get(name, {}) if first else {}, age))
            for name, table in last.tables.items()
            if first is None or name in first.tables
        },
    }


def _rates(table: Mapping[str, Any], before: Mapping[str, Any], seconds: float) -> TableStatistics:
    """Counters as rates; counters that were reset meanwhile begin at 0."""
    rates = {
        key: round(max(0, table[key] - before.get(key, 0)) / seconds, 4) if seconds > 0 else 0.0
        for key in ("writes", "reads")
    }
    sizes = {key: table[key] for key in ("rows", "bytes", "heap_bytes", "index_bytes")}
    return TableStatistics(**sizes, writes_per_second=rates["writes"], reads_per_second=rates["reads"])


def _sample(connection: psycopg.Connection[Any]) -> _Sample:
    query = (resources.files("migrate_validate.catalog") / "queries" / "statistics.sql").read_text(encoding="utf-8")
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction read only")
        cursor.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}s'")
        cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}s'")
        about = cursor.execute(
            "select clock_timestamp() as at, stats_reset as since, current_database() as database, "
            "current_setting('server_version') as server from pg_stat_database where datname = current_database()"
        ).fetchone()
        assert about is not None
        rows = cursor.execute(query.encode()).fetchall()
    server = f"PostgreSQL {about['server'].split()[0]}"
    return _Sample(about["at"], about["since"], server, about["database"], {row["name"]: row for row in rows})
