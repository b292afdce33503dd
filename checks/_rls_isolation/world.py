"""Words for rows and people of universes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

A, B = "A", "B"
"""The two tenants."""
BOTH = "both"
"""The universe of rows that hang on the person who is a member of both, and on no tenant."""
OUTSIDE = "outside"
"""That of rows that hang on the person who belongs to no tenant."""
STAFF = "staff"
"""That of rows that hang on people with power outside of all tenants."""
SHARED = "shared"
"""That of rows that belong to nobody."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person that was made."""

    sub: str
    """The key as text."""
    label: str
    """``A owner``, ``A owner, B viewer``, ``both``, ``outside``."""
    universe: str
    """``A``, ``B``, ``both``, ``outside`` or ``staff``."""
    role: str | None = None
    """The word of the membership's role; of somebody in both tenants, of that in A."""
    elsewhere: str | None = None
    """Of somebody in both tenants with a role in each: that in B."""
    email: str = ""


@dataclass(frozen=True, slots=True)
class SeededRow:
    """A row that is in a table."""

    table: str
    """``schema.name``."""
    key: Mapping[str, str]
    """The primary key, else all columns of a unique key, as text by column; empty where the table has none."""
    universe: str
    """``A``, ``B``, ``both``, ``outside``, ``staff``, ``shared``, or ``own of <label>`` for what one person owns."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """All columns as text, as they are stored."""
    people: frozenset[str] = frozenset()
    """Keys of the people that it refers to."""
    adopted: bool = False
    """A trigger made it."""
