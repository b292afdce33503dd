"""What can happen to rows that stand in the way of a migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migrate_validate.chain.model import Statement
from migrate_validate.findings import Severity


@dataclass(frozen=True, slots=True)
class Harm:
    """One way in which a migration does not get along with the rows that it met."""

    rule: str
    """The name of the rule that reports it: ``fails-on-data``, ``rows-lost``, ..."""
    about: tuple[str, ...]
    """What it is about: with other rows, the same harm has the same rule and the same words here."""
    message: str
    """One sentence, without the rows."""
    object: str | None = None
    """``schema.table`` or ``schema.table.column``, as it was called before the migration."""
    statement: Statement | None = None
    """The statement that does it, where that is known."""
    severity: Severity | None = None
    """None: that of the rule."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """Equal for the same harm on other rows."""
        return (self.rule, *self.about)
