"""What each tool does on a database that has applied a part of the chain, as its documentation and its source say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tool:
    """What one tool does when the history of a chain is not what it was."""

    edited: str
    """With a migration that it has applied, and whose text has changed."""
    late: str
    """With a new migration that comes before one that it has applied."""
    applies_late: bool = False
    """Whether it applies that one without being asked."""
    skips_late: bool = False
    """Whether it never applies that one, and says nothing."""
    removed: str = ""
    """With an applied migration that is gone; empty: nothing."""
    checks_text: bool = False
    """Whether it compares texts, so that a comment matters."""


_PASSES = "never applies it again, for its version is recorded"

OTHER = Tool(
    edited="a tool that records versions never applies it again",
    late="a tool that records only the last version never applies it, one that records each applies it late",
)
"""What can be said where the tool is not known."""

TOOLS: dict[str, Tool] = {
    "alembic": Tool(
        edited=f"alembic upgrade {_PASSES}",
        late="alembic upgrade goes on from the revision that is recorded, and never applies one that lies before it",
        skips_late=True,
        removed='alembic upgrade stops there: "Can\'t locate revision"',
    ),
    "db-migrate": Tool(
        edited=f"db-migrate up {_PASSES}",
        late="db-migrate up applies it late",
        applies_late=True,
    ),
    "dbmate": Tool(
        edited=f"dbmate up {_PASSES}",
        late="dbmate up applies it late, and refuses it with --strict",
        applies_late=True,
    ),
    "diesel": Tool(
        edited=f"diesel migration run {_PASSES}",
        late="diesel migration run applies it late",
        applies_late=True,
    ),
    "django": Tool(
        edited=f"manage.py migrate {_PASSES}",
        late="manage.py migrate applies it late, or stops where an applied one depends on it",
        applies_late=True,
    ),
    "drizzle": Tool(
        edited=f"drizzle-kit migrate {_PASSES}",
        late="drizzle-kit migrate skips it without a word: it applies only what is newer than the last applied one",
        skips_late=True,
    ),
    "flyway": Tool(
        edited="flyway migrate stops there: the checksum does not match",
        late="flyway migrate stops there (a resolved migration is not applied), unless outOfOrder is set",
        removed="flyway migrate stops there: an applied migration is not resolved",
        checks_text=True,
    ),
    "golang-migrate": Tool(
        edited=f"migrate up {_PASSES}",
        late="migrate up skips it without a word: it goes on from the last version",
        skips_late=True,
        removed="migrate stops there where it is the last one: no migration found for the version",
    ),
    "goose": Tool(
        edited=f"goose up {_PASSES}",
        late="goose up stops there (missing migrations), unless -allow-missing is given",
    ),
    "graphile-migrate": Tool(
        edited="graphile-migrate stops there: the hash does not match",
        late="graphile-migrate stops there: each migration names the hash of the one before it",
        removed="graphile-migrate stops there: each migration names the hash of the one before it",
        checks_text=True,
    ),
    "hasura": Tool(
        edited=f"hasura migrate apply {_PASSES}",
        late="hasura migrate apply applies it late",
        applies_late=True,
    ),
    "node-pg-migrate": Tool(
        edited=f"node-pg-migrate up {_PASSES}",
        late="node-pg-migrate up stops there (checkOrder), unless --no-check-order is given",
        removed="node-pg-migrate up stops there (checkOrder)",
    ),
    "prisma": Tool(
        edited="prisma migrate dev wants to reset the database, and deploy never applies it again",
        late="prisma migrate deploy applies it late, and migrate dev wants to reset the database",
        applies_late=True,
        removed="prisma migrate dev wants to reset the database",
        checks_text=True,
    ),
    "sql-migrate": Tool(
        edited=f"sql-migrate up {_PASSES}",
        late="sql-migrate up applies it late",
        applies_late=True,
        removed="sql-migrate up stops there: unknown migration in database",
    ),
    "sqitch": Tool(
        edited="sqitch deploy never applies it again (sqitch check tells of it, sqitch rework is the way)",
        late="sqitch deploy stops there: the identity of a change hangs on those before it",
        removed="sqitch deploy stops there: the plan does not have a deployed change",
    ),
    "sqlx": Tool(
        edited="sqlx migrate run stops there: it was previously applied but has been modified",
        late="sqlx migrate run applies it late",
        applies_late=True,
        removed="sqlx migrate run stops there: it was previously applied but is missing",
        checks_text=True,
    ),
    "supabase": Tool(
        edited=f"supabase db push {_PASSES}",
        late="supabase db push and migration up refuse it without --include-all",
        removed="supabase db push stops there: remote versions are not found in the local directory",
    ),
    "yoyo": Tool(
        edited=f"yoyo apply {_PASSES}",
        late="yoyo apply applies it late",
        applies_late=True,
    ),
}
"""By the name of the convention."""


def tool_of(format: str) -> Tool:
    """What the tool of a convention does."""
    return TOOLS.get(format, OTHER)
