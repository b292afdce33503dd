"""What datasets met with, counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrate_validate.data import Dataset
from migrate_validate.data.shrinking import size
from migrate_validate.findings import Severity
from migrate_validate.replay.timeline import Failure

from .harm import Harm
from .trying import Outcome

Identity = tuple[str, ...]
"""Of a harm, whatever the rows."""


@dataclass(frozen=True, slots=True)
class Met:
    """A harm, and the smallest of the datasets that met with it."""

    harm: Harm
    data: Dataset
    failure: Failure | None


@dataclass(slots=True)
class Tally:
    """What the datasets met with so far."""

    tried: int = 0
    passed_over: int = 0
    """Datasets that do not hold what the migration assumes."""
    hits: dict[Identity, int] = field(default_factory=dict)
    met: dict[Identity, Met] = field(default_factory=dict)
    passed: list[Dataset] = field(default_factory=list)
    """Those with which the migration went through."""
    failed: dict[Identity, list[Dataset]] = field(default_factory=dict)
    """Those with which it failed, by how it failed."""
    filled: set[str] = field(default_factory=set)
    """The tables that had rows along with one of them, ``schema.name``."""

    def note(self, outcome: Outcome) -> None:
        """Count one dataset."""
        if not outcome.respects:
            self.passed_over += 1
            return
        self.tried += 1
        self.filled |= outcome.filled
        for harm in outcome.harms:
            key = harm.identity
            self.hits[key] = self.hits.get(key, 0) + 1
            known = self.met.get(key)
            if known is None or size(outcome.data) < size(known.data):
                self.met[key] = Met(harm, outcome.data, outcome.failure)
        if outcome.failure is None:
            self.passed.append(outcome.data)
        else:
            self.failed.setdefault(outcome.harms[0].identity, []).append(outcome.data)

    def count_from_here(self) -> None:
        """Keep what was met, and count only what comes now: what was not drawn says nothing of how often it happens."""
        self.tried = self.passed_over = 0
        self.hits = dict.fromkeys(self.hits, 0)

    def worst(self) -> Iterator[tuple[Identity, Met, tuple[Met, ...]]]:
        """What was met, the most often met first, mere information last; with what the same statement did likewise."""
        groups: dict[tuple[object, ...], list[Identity]] = {}
        for key in sorted(self.met, key=lambda key: (self.met[key].harm.severity is Severity.INFO, -self.hits[key])):
            harm = self.met[key].harm
            # Failures of one statement are told apart: each has a reason of its own.
            alone = harm.statement is None or harm.rule == "fails-on-data"
            groups.setdefault(key if alone else (harm.rule, harm.statement, harm.severity), []).append(key)
        for first, *others in groups.values():
            yield first, self.met[first], tuple(self.met[key] for key in others)
