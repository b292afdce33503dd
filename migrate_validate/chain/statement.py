"""What scripts consist of: a part of ``model``, apart from it since traces hold statements, and scripts hold traces."""

from __future__ import annotations

from dataclasses import dataclass

from migrate_validate.findings import Location


@dataclass(frozen=True, slots=True)
class Statement:
    r"""One statement of a Script, or of a file that it includes with ``\i``."""

    sql: str
    """Exactly as written, without the semicolon and without the comments before it; psql variables substituted."""
    location: Location
    """Of its first character."""
    kind: str
    """The parser's name for it: ``create``, ``alter_table``, ``insert``, ``transaction``, ... (see
    ``syntax.Parsed.kind``); ``unparsed`` where the grammar of PostgreSQL 18 does not accept it."""
    copy_data: str | None = None
    """The rows that follow ``COPY ... FROM stdin``, without the closing ``\\.``."""
