"""The search for rows that stand in the way of a migration."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import hypothesis
from hypothesis import Phase
from hypothesis.strategies import SearchStrategy

from migrate_validate.chain.assumptions import Assumption, assumed_of
from migrate_validate.config import Settings
from migrate_validate.data import Dataset, dataset
from migrate_validate.data.assuming import assumed
from migrate_validate.data.drawing import drawing
from migrate_validate.data.learning import learn
from migrate_validate.data.mining import mined
from migrate_validate.findings import Severity
from migrate_validate.replay.stages import Stage, Trial
from migrate_validate.replay.timeline import Failure

from .harm import Harm
from .memory import Memory
from .shrinking import size, smallest
from .supposing import supposed
from .tables import met
from .trying import Attempt, Outcome, Stopped, Trying, apart, inside
from .words import words_of

ROWS = 3
"""Rows of a table at most."""
EXAMPLES = 50
"""Datasets for one migration."""
SECONDS = 0.9
"""That one migration may take, until something was found; what is found is shrunk afterwards."""
LEAST = 5
"""Datasets that are tried however long they take."""
SHRINKING = 1.5
"""Seconds for the smallest rows of one harm."""
HARMS = 6
"""Different harms of one migration that are told with their smallest rows."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A harm, and the smallest rows found that meet with it."""

    harm: Harm
    data: Dataset
    hits: int
    """How many of the datasets that were tried meet with it."""
    assumption: Assumption | None = None
    """What the migration takes for granted: all datasets that passed hold it, none that failed does."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found in the state before a migration."""

    counterexamples: tuple[Counterexample, ...] = ()
    tried: int = 0
    """Datasets that were tried."""
    wanted: int = 0
    """Datasets that were to be tried."""
    unfilled: Mapping[str, str] = field(default_factory=dict)
    """By ``schema.name``: why a table that the migration meets had no rows in any of them."""
    nothing: str = ""
    """Why there is nothing to look for."""
    stopped: str = ""
    """Why the search ended before its time."""

    @property
    def harmful(self) -> bool:
        """Whether anything was found that is more than information, or the search was in vain."""
        return bool(self.stopped) or not all(_mild(each.harm) for each in self.counterexamples)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may cost."""

    examples: int
    seconds: float

    @classmethod
    def now(cls) -> Budget:
        """As the profile of Hypothesis says, whose own 100 examples stand for ours."""
        scale = hypothesis.settings().max_examples / 100
        return cls(max(1, round(EXAMPLES * scale)), SECONDS * scale)


@dataclass(slots=True)
class _Tally:
    """What the datasets met with."""

    tried: int = 0
    passed_over: int = 0
    """Datasets that do not hold what the migration assumes."""
    hits: dict[tuple[str, ...], int] = field(default_factory=dict)
    smallest: dict[tuple[str, ...], tuple[Harm, Dataset, Failure | None]] = field(default_factory=dict)
    passed: list[Dataset] = field(default_factory=list)
    failed: dict[tuple[str, ...], list[Dataset]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    stopped: str = ""
    over: bool = False

    def note(self, outcome: Outcome) -> None:
        """Count one dataset."""
        if not outcome.respects:
            self.passed_over += 1
            return
        self.tried += 1
        self.filled |= {name for name, rows in outcome.data.rows.items() if rows}
        for harm in outcome.harms:
            key = harm.identity
            self.hits[key] = self.hits.get(key, 0) + 1
            known = self.smallest.get(key)
            if known is None or size(outcome.data) < size(known[1]):
                self.smallest[key] = (harm, outcome.data, outcome.failure)
        if outcome.failure is None:
            self.passed.append(outcome.data)
        else:
            self.failed.setdefault(outcome.harms[0].identity, []).append(outcome.data)


class _Enough(Exception):
    """No more examples are wanted."""


def searched(stage: Stage, settings: Settings) -> Searched:
    """Try the migration of a stage on generated rows; all rules about existing data share the one result.

    :raises StageLost: when the chain cannot be applied again up to here
    :raises AssumptionError: when an assumption of the migration cannot be read
    """
    return stage.once("search", lambda: _search(stage, assumed_of(stage.migration, settings.assume)))


def unneeded(stage: Stage, settings: Settings) -> tuple[Assumption, ...]:
    """The assumptions of a migration without which it does as well, as far as the search can see.

    :raises StageLost: when the chain cannot be applied again up to here
    """
    own = assumed_of(stage.migration, settings.assume)

    def find() -> tuple[Assumption, ...]:
        without = {each: _search(stage, tuple(other for other in own if other != each)) for each in own}
        # A search that time has cut short is no witness.
        return tuple(each for each, found in without.items() if not found.harmful and found.tried >= found.wanted)

    return stage.once("unneeded assumptions", find)


def _search(stage: Stage, assumptions: tuple[Assumption, ...]) -> Searched:
    started = time.monotonic()
    budget = Budget.now()
    script = stage.migration.up
    with stage.trial(script) as trial:
        before = trial.catalog()
        tables = met(stage.step, before)
        if not tables:
            return Searched(nothing="no row of a table that was there before can matter to it")
        catalog = assumed(before, assumptions)
        trying = Trying(stage, before, tables, words_of(script, before), assumptions)
        learned = learn(trial.connection, catalog, tables, hints=mined(stage.chain.scripts))
        strategy = dataset(catalog, tables, max_rows=ROWS, learned=learned, present=learned.present)
        search = _Searching(stage, trying, strategy, budget, started, learned.unfilled)
        if trial.database is None:
            found = search.run(inside(trying, trial), trial)
        # Other copies are made of the same state, so that this one has to go first.
    if trial.database is not None:
        return search.run(apart(trying), None)
    return search.confirmed(found)


@dataclass(slots=True)
class _Searching:
    """One search on its way."""

    stage: Stage
    trying: Trying
    strategy: SearchStrategy[Dataset]
    budget: Budget
    started: float
    unfilled: Mapping[str, str]

    def run(self, attempt: Attempt, trial: Trial | None) -> Searched:
        """Try the chain's own rows, those remembered from another run, and generated ones.

        :param trial: where all is done in one transaction
        """
        tally = _Tally()
        memory = Memory.of(self.stage, self.trying.before)
        try:
            own = attempt(Dataset({}, {}))
            if own.failure is not None:
                return Searched(stopped=f"it fails on the chain's own rows, a second time: {own.failure.message}")
            tally.note(own)
            for data in memory.datasets():
                outcome = attempt(data)
                tally.note(outcome)
                if not outcome.harms:
                    memory.forget(data)
        except Stopped as stop:
            return Searched(stopped=str(stop))
        self._explore(attempt, tally)
        if tally.passed_over > tally.tried:
            number = tally.passed_over + tally.tried
            return Searched(stopped=f"{tally.passed_over} of {number} generated databases do not hold what it assumes")
        return Searched(
            tuple(self._counterexamples(attempt, tally, trial, memory)),
            tally.tried,
            self.budget.examples,
            self._empty(tally),
            stopped=tally.stopped,
        )

    def _explore(self, attempt: Attempt, tally: _Tally) -> None:
        until = self.started + self.budget.seconds

        @drawing(self.budget.examples, Phase.generate)
        @hypothesis.given(self.strategy)
        def explore(data: Dataset) -> None:
            # What ends the search is raised again when Hypothesis looks at it a second time.
            tally.over |= time.monotonic() > until and tally.tried >= LEAST
            if tally.over:
                raise _Enough
            try:
                tally.note(attempt(data))
            except Stopped as stop:
                tally.stopped, tally.over = str(stop), True
                raise _Enough from None

        try:
            explore()
        except _Enough:
            return

    def _counterexamples(
        self, attempt: Attempt, tally: _Tally, trial: Trial | None, memory: Memory
    ) -> Iterator[Counterexample]:
        harms = sorted(tally.smallest, key=lambda key: (_mild(tally.smallest[key][0]), -tally.hits[key]))
        for key in harms[:HARMS]:
            harm, data, failure = tally.smallest[key]
            if not _mild(harm):
                harm, data = _shrunk(attempt, harm, data)
                memory.keep(data)
            assumption = None
            if failure is not None and trial is not None:
                assumption = supposed(
                    trial.connection, self.trying.before, failure, harm.statement, tally.passed, tally.failed[key]
                )
            yield Counterexample(harm, data, tally.hits[key], assumption)

    def _empty(self, tally: _Tally) -> dict[str, str]:
        reasons = {**self.trying.refused, **self.unfilled}
        return {
            name: reasons.get(name, "no row was generated")
            for name in sorted(set(self.trying.tables) - tally.filled)
            if tally.tried > 1
        }

    def confirmed(self, found: Searched) -> Searched:
        """What was found in a transaction that is rolled back, as far as it happens on a copy, with COMMIT, as well."""
        attempt = apart(self.trying)
        kept = []
        for each in found.counterexamples:
            if _mild(each.harm):
                kept.append(each)
                continue
            with contextlib.suppress(Stopped):
                harms = {harm.identity: harm for harm in attempt(each.data).harms}
                if each.harm.identity in harms:
                    kept.append(replace(each, harm=harms[each.harm.identity]))
        return replace(found, counterexamples=tuple(kept))


def _shrunk(attempt: Attempt, harm: Harm, data: Dataset) -> tuple[Harm, Dataset]:
    """The smallest rows that meet with a harm, and what it says of them."""
    latest = harm

    def still(smaller: Dataset) -> Dataset | None:
        nonlocal latest
        with contextlib.suppress(Stopped):
            outcome = attempt(smaller)
            for each in outcome.harms:
                if each.identity == harm.identity:
                    latest = each
                    return outcome.data
        return None

    data = smallest(data, still, SHRINKING)
    still(data)
    return latest, data


def _mild(harm: Harm) -> bool:
    return harm.severity is Severity.INFO
