"""Another chain than the one that is judged, applied beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.replay.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of applying a chain to a new database."""

    timeline: Timeline
    catalog: Catalog
    """The schema at the end, or where it stopped, without the environment's own schemas and the tool's own table."""

    @classmethod
    def read(cls, timeline: Timeline, connection: psycopg.Connection[Any]) -> Rehearsal:
        """What the database of this connection holds."""
        catalog = Catalog.read(connection)
        return cls(timeline, catalog.without_schemas(timeline.environment_schemas, timeline.tool_tables))


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Applies other chains, each to a database of its own that is dropped again."""

    of: Callable[[Chain], Rehearsal]
    """What comes of a chain; seeds are loaded as it says."""
    apart: bool
    """Whether each has a server of its own; else roles that the judged chain makes are there already."""
