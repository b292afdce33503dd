"""What the names of Flyway's files say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from migrate_validate.chain.formats.flyway_settings import Flyway
from migrate_validate.errors import ChainError

SURE = re.compile(r"V\d+(?:[._]\d+)*__.*\.sql", re.DOTALL)
"""A name that nobody but Flyway gives to a file."""
_VERSION = re.compile(r"\d+(?:[._]\d+)*")
CALLBACK = re.compile(
    r"(?P<event>(?:before|after)(?:Each)?"
    r"(?:Migrate|Undo|Clean|Info|Validate|Baseline|Repair|Connect|CreateSchema|Repeatables|Versioned|Deploy)"
    r"(?:Statement|Applied|OperationFinish)?(?:Error)?|createSchema)(?:__.*)?"
)
ONCE = ("beforeMigrate", "afterVersioned", "beforeRepeatables", "afterMigrateApplied", "afterMigrate")
"""The events that come once where all migrations are applied, in their order."""
WHEN_MIGRATING = re.compile(
    r"(?:before|after)(?:Each)?(?:Migrate|Repeatables|Versioned|Connect|CreateSchema)|createSchema"
)


class Kind(StrEnum):
    """What a file of Flyway's is, by the first letters of its name."""

    VERSIONED = "sqlMigrationPrefix"
    UNDO = "undoSqlMigrationPrefix"
    BASELINE = "baselineMigrationPrefix"
    REPEATABLE = "repeatableSqlMigrationPrefix"


_PREFIX = {Kind.VERSIONED: "V", Kind.UNDO: "U", Kind.BASELINE: "B", Kind.REPEATABLE: "R"}


@dataclass(frozen=True, slots=True)
class Named:
    """A file whose name says what it is."""

    path: Path
    kind: Kind
    version: str
    """As written, with dots; empty for a repeatable one."""
    description: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as Flyway compares it: 1.0 is 1."""
        numbers = [int(part) for part in self.version.split(".")] if self.version else []
        while numbers and numbers[-1] == 0:
            numbers.pop()
        return tuple(numbers)


def parsed(path: Path, stem: str, flyway: Flyway) -> Named | str:
    """What the name of a file says, or why it says nothing.

    :param stem: the name without its suffix
    """
    separator = flyway.text("sqlMigrationSeparator", "__")
    prefixes = {kind: flyway.text(kind, usual) for kind, usual in _PREFIX.items()}
    for kind, prefix in sorted(prefixes.items(), key=lambda each: -len(each[1])):
        if not stem.startswith(prefix):
            continue
        version, _, description = stem.removeprefix(prefix).partition(separator)
        if kind is Kind.REPEATABLE:
            if version:
                return f"no repeatable migration, which is named {prefix}{separator}name: Flyway passes over it"
            return Named(path, kind, "", description.replace("_", " "))
        if not _VERSION.fullmatch(version):
            return f"its name has no version behind {prefix}, as {prefix}1{separator}name has: Flyway passes over it"
        return Named(path, kind, version.replace("_", "."), description.replace("_", " "))
    return "its name begins with none of Flyway's prefixes: Flyway passes over it"


def refuse_twice(same: Sequence[Named], *, repeatable: bool) -> None:
    """Refuse what Flyway refuses before it applies anything.

    :raises ChainError: when two files of one kind have one version, or one description
    """
    seen: dict[object, Named] = {}
    for each in same:
        key = each.description if repeatable else each.numbers
        other = seen.setdefault(key, each)
        if other is not each:
            what = f"description {key!r}" if repeatable else f"version {other.version}"
            raise ChainError(
                f"Flyway applies nothing: two files have the {what}",
                looked=[str(other.path), str(each.path)],
                remedy="give one of them another, or remove it",
            )
