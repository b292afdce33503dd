"""One thing that a migration takes for granted of the rows that it meets; read in assumptions.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from migrate_validate.findings import Location
from migrate_validate.syntax import quote


class Kind(StrEnum):
    """What an assumption says of the rows."""

    NOT_NULL = "not null"
    UNIQUE = "unique"
    IN_RANGE = "in range"
    MATCHES = "matches"
    EXISTS = "exists"
    CHECK = "check"
    EMPTY = "empty"
    NO_ROWS = "no rows"
    """A query that returns the rows that break it."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that a migration takes for granted; equal to others that say the same."""

    kind: Kind
    table: str = ""
    """``name`` or ``schema.name``, as it was written; empty for a query."""
    subject: tuple[str, ...] = ()
    """Columns by name (not null, exists), or expressions as SQL (unique, matches: one)."""
    condition: str = ""
    """SQL: what is true of each row (in range, check), the query (no rows); the regular expression (matches)."""
    where: str | None = None
    """SQL: of which rows it is said; None: of all."""
    references: str = ""
    """The table in which the values exist, as it was written."""
    referenced_columns: tuple[str, ...] = ()
    """Empty: its primary key."""
    nulls_not_distinct: bool = False
    reason: str = field(default="", compare=False)
    location: Location | None = field(default=None, compare=False)
    """Of the comment; None where it was not written in one."""
    origin: str = field(default="", compare=False)
    """Where it stands in the configuration; empty where it does not."""

    def __str__(self) -> str:
        """As it is written behind ``assume``, without the reason."""
        if self.kind is Kind.NO_ROWS:
            return f"no rows: {self.condition}"
        if self.kind is Kind.EMPTY:
            return f"{_name(self.table)} is empty"
        return f"{self._rows} on {_name(self.table)}" + self._restriction

    @property
    def _rows(self) -> str:
        match self.kind:
            case Kind.NOT_NULL:
                return f"not null {_names(self.subject)}"
            case Kind.UNIQUE:
                return f"unique {'nulls not distinct ' if self.nulls_not_distinct else ''}{', '.join(self.subject)}"
            case Kind.MATCHES:
                return f"{self.subject[0]} matches {_literal(self.condition)}"
            case Kind.EXISTS:
                return f"{_names(self.subject)} exists in {self._referenced}"
            case Kind.CHECK:
                return f"check ({self.condition})"
            case _:
                return self.condition

    @property
    def _referenced(self) -> str:
        return _name(self.references) + (f"({_names(self.referenced_columns)})" if self.referenced_columns else "")

    @property
    def _restriction(self) -> str:
        return f" where {self.where}" if self.where else ""

    @property
    def row_condition(self) -> str | None:
        """What is true of each row by itself, as SQL, whatever ``where`` says; None: it is about several rows."""
        match self.kind:
            case Kind.NOT_NULL:
                return " AND ".join(f"{quote(column)} IS NOT NULL" for column in self.subject)
            case Kind.MATCHES:
                return f"{self.subject[0]} ~ {_literal(self.condition)}"
            case Kind.IN_RANGE | Kind.CHECK:
                return self.condition
            case Kind.EMPTY:
                return "false"
            case _:
                return None

    @property
    def sentence(self) -> str:
        """What it says, as a sentence without a full stop: ``no two rows of users have equal lower(email)``."""
        table, rows = _name(self.table), self._restriction
        match self.kind:
            case Kind.NOT_NULL:
                return f"no row of {table}{rows} has NULL in {_names(self.subject)}"
            case Kind.UNIQUE:
                nulls = ", NULLs included" if self.nulls_not_distinct else ""
                return f"no two rows of {table}{rows} have equal {' and '.join(self.subject)}{nulls}"
            case Kind.MATCHES:
                return f"{self.subject[0]} matches {_literal(self.condition)} in every row of {table}{rows}"
            case Kind.EXISTS:
                return f"{_names(self.subject)} of every row of {table}{rows} exists in {self._referenced}, or is NULL"
            case Kind.EMPTY:
                return f"{table} has no rows"
            case Kind.NO_ROWS:
                return f"this finds no rows: {self.condition}"
            case Kind.CHECK:
                return f"({self.condition}) holds in every row of {table}{rows}"
            case _:
                return f"{self.condition} in every row of {table}{rows}"

    @property
    def comment(self) -> str:
        """The comment that states it."""
        return f"-- migrate-validate: assume {self}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return ".".join(map(quote, name.split(".", 1)))


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(quote, names))
