"""What a rule can say: findings, and that it could not be evaluated or does not apply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_PART = re.compile(r"(?<=[.]py)\[.*\]$", re.DOTALL)


class Severity(StrEnum):
    """How much a finding weighs.

    An error fails the run; a warning is shown, and fails it under ``--migrations-strict``; info is only reported.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """The outcome of one rule on one subject."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    UNPROVEN = "unproven"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the chain."""

    file: str
    """Path relative to the chain's directory, with forward slashes; of a migration in a module of several
    ``module.py[name]``."""
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based, counted in characters."""
    whole: bool = field(default=False, compare=False)
    """Whether what is said here is about the whole file, and the line only tells where to look."""

    @property
    def path(self) -> str:
        """The file on disk, as ``file`` is written."""
        return _PART.sub("", self.file)

    def __str__(self) -> str:
        """``file``, ``path:line`` or ``path:line:column``."""
        if self.line is None:
            return self.file
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One instance of what a rule looks for.

    A rule fills in what it knows of this instance; ``rule``, ``check`` and, where the rule does not decide it itself,
    ``severity`` are filled in by :func:`migrate_validate.rules.rule`.
    """

    message: str
    """One sentence about this instance, with names and numbers."""
    object: str | None = None
    """The database object it is about, ``schema.name``."""
    location: Location | None = None
    statement: str | None = None
    """The SQL statement it is about."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What was measured: JSON-serializable values under short names."""
    fix: str = ""
    """What repairs this instance, as SQL where possible."""
    severity: Severity | None = None
    rule: str = ""
    check: str = ""
    aliases: tuple[str, ...] = ()
    """What other tools call it, ``tool:rule``; filled in with the rule's aliases where it says none."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the configuration and ignore comments may call it, most specific first."""
        return (*self.aliases, self.rule)


@dataclass(frozen=True, slots=True)
class Unproven:
    """The rule, or a part of its subject, could not be evaluated. Never shown as passed."""

    reason: str
    object: str | None = None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is nothing here for the rule to look at, and why."""

    reason: str


Result = Finding | Unproven | NotApplicable
"""What a rule may yield."""
