"""One thing that a statement demands of the rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate_validate.catalog.model import Table
from migrate_validate.chain.assumptions import Assumption, Unread, read

NOT_NULL, UNIQUE, FOREIGN_KEY, CHECK, EXCLUSION = "23502", "23505", "23503", "23514", "23P01"


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that a statement demands."""

    sqlstate: str
    """With which the statement fails otherwise; for casts one of several."""
    assumptions: tuple[Assumption, ...]
    """What makes it succeed, in the names of before, the most readable first, the most exact last."""
    table: Table
    """Whose rows, as it was before."""


def demand(sqlstate: str, table: Table, *texts: str | None) -> Iterator[Demand]:
    """The demand that these texts state, as far as they can be read; nothing where none can."""
    found = []
    for text in texts:
        if text is not None:
            try:
                found.append(read(text))
            except Unread:  # what PostgreSQL prints is not always what the grammar reads
                continue
    if found:
        yield Demand(sqlstate, tuple(dict.fromkeys(found)), table)
