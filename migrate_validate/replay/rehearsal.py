"""Another chain than the one that is judged, applied beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.replay.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of applying a chain to a new database."""

    timeline: Timeline
    catalog: Catalog
    """The schema at the end, or where it stopped, without the environment's own schemas."""


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """Applies other chains, each to a database of its own that is dropped again."""

    of: Callable[[Chain], Rehearsal]
    """What comes of a chain; seeds are loaded as it says."""
    apart: bool
    """Whether each has a server of its own; else roles that the judged chain makes are there already."""
