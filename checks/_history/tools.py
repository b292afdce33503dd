"""What each tool does on a database that has applied a part of the chain, as its documentation and its source say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """How a tool answers a new migration that comes before one that it has applied."""

    APPLIES = "it applies it, without being asked"
    SKIPS = "it never applies it, and says nothing"
    REFUSES = "it says that it does not apply it"


@dataclass(frozen=True, slots=True)
class Tool:
    """What one tool does when the history of a chain is not what it was."""

    command: str
    """What people call to apply migrations: the subject of the sentences that the following go on with."""
    answer: Answer = Answer.APPLIES
    late: str = "applies it late"
    """With a new migration that comes before one that it has applied."""
    edited: str = "never applies it again, for its version is recorded"
    """With a migration that it has applied, and whose text has changed."""
    removed: str = ""
    """With an applied migration that is gone; empty: nothing."""
    checks_text: bool = False
    """Whether it compares texts, so that a comment matters."""

    def says(self, deed: str) -> str:
        """The sentence about one of these; empty where it does nothing."""
        return f"{self.command} {deed}" if deed else ""


_OTHER = Tool(
    "a tool that records",
    Answer.REFUSES,
    late="only the last version never applies it, one that records each applies it late",
    edited="versions never applies it again",
)
"""What can be said where the tool is not known."""

TOOLS: dict[str, Tool] = {
    "alembic": Tool(
        "alembic upgrade",
        Answer.SKIPS,
        late="goes on from the revision that is recorded, and never applies one that lies before it",
        removed='stops there: "Can\'t locate revision"',
    ),
    "db-migrate": Tool("db-migrate up"),
    "dbmate": Tool("dbmate up", late="applies it late, and refuses it with --strict"),
    "diesel": Tool("diesel migration run"),
    "django": Tool("manage.py migrate", late="applies it late, or stops where an applied one depends on it"),
    "drizzle": Tool(
        "drizzle-kit migrate",
        Answer.SKIPS,
        late="skips it without a word: it applies only what is newer than the last applied one",
    ),
    "flyway": Tool(
        "flyway migrate",
        Answer.REFUSES,
        late="stops there (a resolved migration is not applied), unless outOfOrder is set",
        edited="stops there: the checksum does not match",
        removed="stops there: an applied migration is not resolved",
        checks_text=True,
    ),
    "golang-migrate": Tool(
        "migrate up",
        Answer.SKIPS,
        late="skips it without a word: it goes on from the last version",
        removed="stops there where it is the last one: no migration found for the version",
    ),
    "goose": Tool("goose up", Answer.REFUSES, late="stops there (missing migrations), unless -allow-missing is given"),
    "graphile-migrate": Tool(
        "graphile-migrate",
        Answer.REFUSES,
        late="stops there: each migration names the hash of the one before it",
        edited="stops there: the hash does not match",
        removed="stops there: each migration names the hash of the one before it",
        checks_text=True,
    ),
    "hasura": Tool("hasura migrate apply"),
    "node-pg-migrate": Tool(
        "node-pg-migrate up",
        Answer.REFUSES,
        late="stops there (checkOrder), unless --no-check-order is given",
        removed="stops there (checkOrder)",
    ),
    "prisma": Tool(
        "prisma migrate",
        late="deploy applies it late, and migrate dev wants to reset the database",
        edited="dev wants to reset the database, and deploy never applies it again",
        removed="dev wants to reset the database",
        checks_text=True,
    ),
    "sql-migrate": Tool("sql-migrate up", removed="stops there: unknown migration in database"),
    "sqitch": Tool(
        "sqitch deploy",
        Answer.REFUSES,
        late="stops there: the identity of a change hangs on those before it",
        edited="never applies it again (sqitch check tells of it, sqitch rework is the way)",
        removed="stops there: the plan does not have a deployed change",
    ),
    "sqlx": Tool(
        "sqlx migrate run",
        edited="stops there: it was previously applied but has been modified",
        removed="stops there: it was previously applied but is missing",
        checks_text=True,
    ),
    "supabase": Tool(
        "supabase db push",
        Answer.REFUSES,
        late="and migration up refuse it without --include-all",
        removed="stops there: remote versions are not found in the local directory",
    ),
    "yoyo": Tool("yoyo apply"),
}
"""By the name of the convention."""


def tool_of(format: str) -> Tool:
    """What the tool of a convention does."""
    return TOOLS.get(format, _OTHER)
