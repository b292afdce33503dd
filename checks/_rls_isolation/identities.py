"""Who asks: one identity for each way in which somebody can stand to the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """One who asks the database for something."""

    label: str
    """For people: ``member of A as editor``."""
    role: str
    """The database role."""
    sub: str | None = None
    """The person's key as text; None: nobody is known by name."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Claims beside the usual ones, for :func:`~migrate_validate.acting.acting_as`: ``app_metadata`` and others."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the session: ``app.tenant`` and others."""
    home: frozenset[str] = frozenset()
    """The universes whose rows are this one's own."""
    kind: str = "member"
    """``member``, ``both``, ``outsider``, ``anon`` or ``service``."""
