"""A migration that runs on full tables, among others who read and write them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data.filling import fill
from migrate_validate.data.multiplying import multiply
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure, Outcome

from .._shared import Connection, fetch, identifier
from .traffic import traffic

DEADLOCK = "40P01"
"""The SQLSTATE."""


@dataclass(frozen=True, slots=True)
class Met:
    """What the other users of one table met."""

    rows: int
    reads_ms: float
    """The longest time that a reader was stopped."""
    writes_ms: float
    ended: tuple[str, ...]
    """The SQLSTATEs that ended a reader or writer: the table was dropped, a column renamed, a deadlock."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of it."""

    met: Mapping[str, Met] = field(default_factory=dict)
    """By ``schema.name``."""
    unfilled: Mapping[str, str] = field(default_factory=dict)
    """By ``schema.name``: why nothing could be measured."""
    migration_ms: float = 0.0
    deadlock: Failure | None = None
    """The migration and the others waited for each other, and PostgreSQL ended the migration."""


def try_with_crowd(stage: Stage, names: Sequence[str], rows: int) -> Crowd:
    """Apply a migration to tables of a size, while others use them.

    :param names: ``schema.name`` of tables that were there before it
    :param rows: that they have at least
    :raises StageLost: when the chain cannot be applied again up to here
    """
    with stage.trial(clone=True) as trial:
        assert trial.database is not None
        connect = trial.database.connect
        with connect() as connection:
            catalog = Catalog.read(connection)
            # What comes to a partition through its parent is measured there.
            wanted = [name for name in names if not _within(catalog.table(name), names)]
            unfilled = {name: why for name in wanted if (why := _fill(connection, catalog, name, rows))}
            tables = [table for name in wanted if name not in unfilled and (table := catalog.table(name)) is not None]
            counts = {table.qualified_name: _count(connection, table.qualified_name) for table in tables}
        if not tables:
            return Crowd(unfilled=unfilled)
        with traffic(connect, tables) as sessions:
            started = time.perf_counter()
            run = trial.apply(stage.migration.up)
            took = round((time.perf_counter() - started) * 1000, 1)
    if run.failure is not None and run.failure.sqlstate == DEADLOCK:
        return Crowd(unfilled=unfilled, deadlock=run.failure)
    if run.outcome is not Outcome.APPLIED:
        why = f"the migration fails on full tables: {run.failure.message if run.failure else 'it was not applied'}"
        return Crowd(unfilled=unfilled | {table.qualified_name: why for table in tables})
    met = {
        name: Met(
            counts[name],
            each.reads.stopped_ms(started),
            each.writes.stopped_ms(started),
            tuple(dict.fromkeys(session.ended for session in (each.reads, each.writes) if session.ended)),
        )
        for name, each in sessions.items()
    }
    return Crowd(met, unfilled, took)


def _within(table: Table | None, names: Sequence[str]) -> bool:
    return table is not None and table.partition_of in names


def _fill(connection: Connection, catalog: Catalog, name: str, rows: int) -> str | None:
    """Fill one table; why that is not possible, if so."""
    if catalog.table(name) is None:
        return f"{name} is no table of this name before the migration"
    if not _count(connection, name):
        refused = fill(connection, catalog, [name]).refused
        if name in refused:
            return f"no row could be made for it: {refused[name]}"
    return multiply(connection, catalog, name, rows)


def _count(connection: Connection, name: str) -> int:
    return int(fetch(connection, sql.SQL("SELECT count(*) FROM {}").format(identifier(name)))[0][0])
