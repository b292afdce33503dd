"""What rules said: the result of one, and how a rule asks for those of others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from migrate_validate.chain.ignores import Ignore
from migrate_validate.findings import Finding, Verdict

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that a comment silences: it does not fail, but is counted."""

    finding: Finding
    ignore: Ignore


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule said of one subject."""

    rule: str
    check: str
    file: str | None
    """The migration's file, for a rule that runs once a migration."""
    verdict: Verdict
    reason: str
    """Why it is unproven or skipped; empty otherwise."""
    findings: tuple[Finding, ...]
    duration_ms: float
    ignored: tuple[Ignored, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The results of the other rules; one that has not run yet is run when it is asked for."""

    of: Callable[[str, str | None], RuleResult | None]
    """By the rule's name and, for a rule of migrations, the migration's file; None: the rule is off."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What several rules of a chain need is found out once."""

    known: dict[str, Any] = field(default_factory=dict)
    lock: AbstractContextManager[Any] = field(default_factory=threading.RLock)
    """Held by who finds something out: rules run in two threads."""

    def once(self, what: str, work: Callable[[], Answer]) -> Answer:
        """What this work gives; it is done once, for all rules that ask for it by this name."""
        with self.lock:
            if what not in self.known:
                self.known[what] = work()
            answer: Answer = self.known[what]
            return answer


def configured(severity: Mapping[str, str], *names: str) -> str | None:
    """What the configuration says of a rule or finding with these names, the most specific first."""
    return next((severity[name] for name in names if name in severity), None)
