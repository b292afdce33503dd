"""The search for rows that stand in the way of a migration."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migrate_validate.chain.assumptions import Assumption, assumed_of
from migrate_validate.config import Settings
from migrate_validate.data import Dataset
from migrate_validate.data.assuming import NotThere, assumed
from migrate_validate.data.drawing import chance
from migrate_validate.data.sampling import Supply, datasets
from migrate_validate.data.shrinking import smallest
from migrate_validate.data.unproven import unproven
from migrate_validate.findings import Severity
from migrate_validate.replay.sequences import positions, restore
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial

from .._filling import learned_before
from .budget import Budget
from .harm import Harm
from .memory import Memory
from .supposing import supposed
from .tables import met, shortened
from .tally import Identity, Tally
from .together import together
from .trying import Attempt, Stopped, Trying, apart, inside, place_and_state
from .words import words_of

ROWS = 5
"""Rows of a table at most."""
LEAST = 5
"""Datasets that are tried however long they take."""
SHRINKING = 1.5
"""Seconds for the smallest rows of all harms of a migration."""
_PATIENCE = 8
"""How many times the time of a search it may take to see whether an assumption is needed: it is rarely asked."""
HARMS = 6
"""Different harms of one migration whose rows are made as few as can be; those of others are told as they are."""


_SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A harm, and the smallest rows found that meet with it."""

    harm: Harm
    data: Dataset
    hits: int
    """How many of the generated datasets met with it; 0: only the chain's own rows, or remembered ones."""
    also: tuple[str, ...] = ()
    """What else the same statement does in the same way: to other tables or columns."""
    assumption: Assumption | None = None
    """What the migration takes for granted: all datasets that passed hold it, none that failed does."""

    @property
    def mild(self) -> bool:
        """Whether it is information only."""
        return self.harm.severity is Severity.INFO


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

    cut_short: bool = False
    """Whether time ran out before all of them were tried."""

    def beyond(self, known: Collection[Identity]) -> bool:
        """Whether anything was found beside what is known, or the search was in vain."""
        return bool(self.stopped) or any(each.harm.identity not in known for each in self.counterexamples)

    def meets(self, failure: Failure) -> bool:
        """Whether a failure of the migration is one that was found: at the same statement, with the same SQLSTATE."""
        fatal = (each.harm.about for each in self.counterexamples if each.harm.rule == "fails-on-data")
        return place_and_state(failure) in {about[:2] for about in fatal}


def searched(stage: Stage, settings: Settings) -> Searched:
    """Try the migration of a stage on generated rows; all rules about existing data share the one result.

    :raises StageLost: when the chain cannot be applied again up to here
    :raises ConfigError: when rows that the user gives for a table cannot be had
    """
    spent = stage.spent(_SEARCH)

    def find() -> Searched:
        if spent > Budget.of(stage, settings).before:
            return Searched(stopped=f"not searched: the searches before it took {spent:.1f} s (search_timeout)")
        try:
            return _search(stage, settings, assumed_of(stage.migration, settings.assume))
        except NotThere as error:
            return Searched(stopped=f"{error.what} (assumption-of-unknown-object)")

    return stage.once(_SEARCH, find)


def unneeded(stage: Stage, settings: Settings) -> Mapping[Assumption, bool | None]:
    """Whether the migration does as well without each of its assumptions, as far as the search can see.

    None: nothing was found, but the search without it was cut short. What it does to rows in spite of all of them does
    not count; that it fails does, for it may fail more often; and so does what it says in so many words, where that
    comes to no row otherwise: such rows may matter to the way back.

    :raises StageLost: when the chain cannot be applied again up to here
    :raises NotThere: when an assumption names what does not exist
    """
    own = assumed_of(stage.migration, settings.assume)

    def find() -> dict[Assumption, bool | None]:
        harms = [each.harm for each in searched(stage, settings).counterexamples]
        known = frozenset(harm.identity for harm in harms if harm.rule != "fails-on-data")
        found: dict[Assumption, bool | None] = {}
        for each in own:
            without = _search(stage, settings, tuple(other for other in own if other != each), known)
            found[each] = False if without.beyond(known) else None if without.cut_short else True
        return found

    return stage.once("unneeded assumptions", find)


def _search(
    stage: Stage, settings: Settings, assumptions: tuple[Assumption, ...], known: frozenset[Identity] | None = None
) -> Searched:
    """Look for harms: for all of them and their smallest rows, or only for whether there is one beyond those known."""
    script = stage.migration.up
    rehearsed = together(script) or script
    budget = Budget.of(stage, settings)
    with stage.trial(rehearsed, limit=budget.statement) as trial:
        until = time.monotonic() + budget.seconds * (1 if known is None else _PATIENCE)
        before = trial.catalog()
        words = words_of(script, before)
        tables = met(stage.step, before, words)
        if not tables:
            return Searched(nothing="no row of a table that was there before can matter to it")
        catalog = assumed(before, assumptions)
        short = shortened(rehearsed, before, tables)
        first = positions(trial.connection)
        past = unproven(before)
        learned = learned_before(trial.connection, stage, settings, before, tables, assumptions, past)
        restore(trial.connection, first)
        supply = Supply(datasets(catalog, tables, learned, ROWS, chance()))
        trying = Trying(stage, before, tables, words, assumptions, rehearsed, short, budget.statement, supply.prepare)
        memory = Memory.of(stage, before, past)
        search = _Searching(trying, supply, budget, until, learned.unfilled, memory, known)
        found = search.run(inside(trying, trial)) if trial.database is None else None
    # Other copies can only be made of the state when this trial is over.
    if found is None or (found.stopped and rehearsed is not script):
        return search.explained(search.run(apart(trying)))
    return search.explained(search.confirmed(found))


@dataclass(slots=True)
class _Searching:
    """One search on its way."""

    trying: Trying
    supply: Supply
    budget: Budget
    until: float
    """When to end it, as time.monotonic() tells."""
    unfilled: Mapping[str, str]
    memory: Memory
    known: frozenset[Identity] | None
    """The search ends with the first harm, as it is, that is none of these; None: it goes on."""
    tally: Tally = field(default_factory=Tally)
    stopped: str = ""
    cut_short: bool = False

    def run(self, attempt: Attempt) -> Searched:
        """Try the chain's own rows, those remembered from another run, and generated ones; shrink what is found."""
        self.tally, self.stopped = Tally(), ""
        try:
            self._begin(attempt)
            self._explore(attempt)
        except Stopped as stop:
            self.stopped = str(stop)
        tally = self.tally
        if tally.passed_over > tally.tried:
            number = tally.passed_over + tally.tried
            self.stopped = f"{tally.passed_over} of {number} generated databases do not hold what it assumes"
        found = tuple(self._shrunk(attempt))
        return Searched(
            found, tally.tried, self.budget.examples, self._empty(), stopped=self.stopped, cut_short=self.cut_short
        )

    def _begin(self, attempt: Attempt) -> None:
        own = attempt(Dataset({}, {}))
        if own.failure is not None:
            raise Stopped(f"it fails a second time, on the chain's own rows: {own.failure.message}")
        self.tally.note(own)
        for data in self.memory.datasets():
            outcome = attempt(data)
            self.tally.note(outcome)
            if not outcome.harms:
                self.memory.forget(data)
        self.tally.count_from_here()

    def _explore(self, attempt: Attempt) -> None:
        self.cut_short = False
        for data in itertools.islice(self.supply, self.budget.examples):
            if self.known is not None and self.tally.met.keys() - self.known:
                return
            if self._late():
                self.cut_short = True
                return
            outcome = attempt(data)
            self.tally.note(outcome)
            if outcome.endless:  # Each of its like would take as long.
                self.cut_short = True
                return

    def _late(self) -> bool:
        """Whether time has run out; a busy machine gets as much again where a table had no rows yet."""
        empty = set(self.trying.tables) - self.unfilled.keys() - self.tally.filled
        return self.tally.tried >= LEAST and time.monotonic() > self.until + (self.budget.seconds if empty else 0)

    def _shrunk(self, attempt: Attempt) -> Iterator[Counterexample]:
        worst = list(self.tally.worst())
        most = HARMS if self.known is None else 0
        shrunk = {key for key, met_with, _ in worst[:most] if met_with.harm.severity is not Severity.INFO}
        end = time.monotonic() + SHRINKING
        for key, met_with, others in worst:
            harm, data = met_with.harm, met_with.data
            if key in shrunk:
                harm, data = _smallest(attempt, harm, data, (end - time.monotonic()) / len(shrunk))
                shrunk.remove(key)
                self.memory.keep(data)
            yield Counterexample(harm, data, self.tally.hits[key], tuple(each.harm.message for each in others))

    def _empty(self) -> dict[str, str]:
        if self.stopped:
            return {}
        reasons = {**self.trying.refused, **self.unfilled}
        empty = sorted(set(self.trying.tables) - self.tally.filled)
        ended = "; time ran out then" if self.cut_short else ""
        number = f"none was among the first {self.tally.tried} generated databases{ended}"
        return {name: reasons.get(name, number) for name in empty}

    def confirmed(self, found: Searched) -> Searched:
        """What was found in a transaction that is rolled back, as far as it happens on a copy, with COMMIT, as well."""
        attempt = apart(self.trying)
        return replace(found, counterexamples=tuple(self._confirmed(attempt, found.counterexamples)))

    def _confirmed(self, attempt: Attempt, found: Iterable[Counterexample]) -> Iterator[Counterexample]:
        for each in found:
            if each.mild:
                yield each
                continue
            with contextlib.suppress(Stopped):
                harms = {harm.identity: harm for harm in attempt(each.data).harms}
                if each.harm.identity in harms:
                    yield replace(each, harm=harms[each.harm.identity])

    def explained(self, found: Searched) -> Searched:
        """The same, with what the migration takes for granted where it fails."""
        if self.known is not None or all(
            self.tally.met[each.harm.identity].failure is None for each in found.counterexamples
        ):
            return found
        with self.trying.stage.trial() as trial:
            return replace(found, counterexamples=tuple(self._explained(trial, each) for each in found.counterexamples))

    def _explained(self, trial: Trial, each: Counterexample) -> Counterexample:
        key = each.harm.identity
        failure = self.tally.met[key].failure
        if failure is None:
            return each
        trying, tally = self.trying, self.tally
        assumption = supposed(
            trial.connection,
            trying.before,
            trying.script,
            failure,
            each.harm.statement,
            tally.passed,
            tally.failed[key],
            trying.assumptions,
        )
        return replace(each, assumption=assumption)


def _smallest(attempt: Attempt, harm: Harm, data: Dataset, seconds: float) -> tuple[Harm, Dataset]:
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

    data = smallest(data, still, seconds, [".".join((harm.object or "").split(".")[:2])])
    still(data)
    return latest, data
