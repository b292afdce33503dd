"""A probe, and what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .ground import Placed
from .probes import Probe


@dataclass(frozen=True, slots=True)
class Try:
    """A probe, and what it is for."""

    kind: str
    """``read``; ``change``, ``delete``, ``steal``, ``replace`` (rows of others); ``add`` (a row of one's own);
    ``forge``, ``join`` (a row for others); ``move`` (a row of one's own); ``refer``; ``promote``, ``appoint`` and
    ``grant`` (a privileged column); ``enlist`` (itself among staff); ``name`` and ``pass`` (a row in the name of a
    fellow member)."""
    command: str
    table: str
    """``schema.name``."""
    probe: Probe
    aimed: Placed | None = None
    """The one row that the statement can touch; None: it is blind."""
    object: str = ""
    """What it is about beside the table: the column, or the table referred to."""
    role: str = ""
    """The role that it would give."""
    columns: tuple[str, ...] = ()
    """The columns that a query reads where not all may be read."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """What a row that is added or taken over has in the columns that say whose it is."""
    row: Mapping[str, str | None] = field(default_factory=dict)
    """All values of a row that is added."""
    without: frozenset[str] = frozenset()
    """Where rows lie that are not there when it happens: they have the key that it takes."""
