"""Another chain than the one that is judged, applied beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.replay.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of applying a chain to a new database."""

    timeline: Timeline
    catalog: Catalog
    """The schema at the end, or where it stopped, without the environment's own schemas."""
    rows: Mapping[str, int]
    """The number of rows of each of its tables, by ``schema.name``."""

    @classmethod
    def read(cls, timeline: Timeline, connection: psycopg.Connection[Any]) -> Rehearsal:
        """What the database of this connection holds, which sees all rows."""
        catalog = Catalog.read(connection).without_schemas(timeline.environment_schemas)
        return cls(timeline, catalog, row_counts(connection, catalog))


def row_counts(connection: psycopg.Connection[Any], catalog: Catalog) -> dict[str, int]:
    """How many rows each table has, those of its children and partitions left out."""
    tables = [table for table in catalog.tables if table.kind == "table"]
    if not tables:
        return {}
    count = sql.SQL("select {}, count(*) from only {}")
    queries = (count.format(table.qualified_name, sql.Identifier(table.schema, table.name)) for table in tables)
    cursor = connection.cursor(row_factory=psycopg.rows.tuple_row)
    return dict(cursor.execute(sql.SQL(" union all ").join(queries)).fetchall())


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Applies other chains, each to a database of its own that is dropped again."""

    of: Callable[[Chain], Rehearsal]
    """What comes of a chain; seeds are loaded as it says."""
    apart: bool
    """Whether each has a server of its own; else roles that the judged chain makes are there already."""
