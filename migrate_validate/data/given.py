"""What users say about the rows of a table that cannot be generated, or should not be."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from migrate_validate.data.strategies import Row


@dataclass(frozen=True, slots=True)
class Given:
    """Where the rows of a table come from: a strategy, or a fixture."""

    strategy: SearchStrategy[Row] | None = None
    """Rows of the table; columns that they lack are left to the database."""
    fixture: str | None = None
    """SQL that fills the table; nothing else is put into it."""
    source: str = ""
    """Where it was written, for messages."""
