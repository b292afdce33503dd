"""A migration that comes too late, applied where databases in use apply it, and where new ones do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrate_validate.catalog.diff import compare
from migrate_validate.chain.model import Chain, Migration
from migrate_validate.findings import Finding, Location, Result, Severity, Unproven
from migrate_validate.git.history import History, Late
from migrate_validate.replay.rehearsal import Rehearsal, Rehearsals
from migrate_validate.replay.timeline import Failure, Timeline

from .tools import Answer, tool_of

_EACH = 5
"""Late migrations that are tried one by one, to see which of them makes a difference."""
_HARMLESS = "order of columns: "


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of the order that databases in use apply."""

    failure: Failure | None = None
    differences: tuple[str, ...] = ()
    """Where the schema, or a number of rows, is not what a new database gets."""

    @property
    def same(self) -> bool:
        """Whether nothing comes of it."""
        return self.failure is None and not self.differences


class Orders:
    """The orders in which a chain with late migrations may be applied."""

    def __init__(self, history: History, fresh: Rehearsal, rehearsals: Rehearsals) -> None:
        """Compare with the order of a new database.

        :param fresh: what the chain has made of one, for a chain that is all that there is
        """
        self.history = history
        self.rehearsals = rehearsals
        self._fresh = fresh
        if history.merged is not history.chain:
            self._fresh = rehearsals.of(self._chain(history.merged.migrations))

    def results(self) -> Iterator[Result]:
        """A finding for each late migration."""
        late = self.history.late
        failure = _failure(self._fresh.timeline)
        if failure is not None:
            with_it = f"together with what {self.history.since} has gained, the chain cannot be applied"
            yield Unproven(f"{with_it}: {failure.location}: {failure.message}")
            return
        together = self._outcome(late)
        if together.failure and not self.rehearsals.apart and _failure(self._again()) is not None:
            yield Unproven("the server is not ours, and the chain cannot be applied there a second time")
            return
        own = {each.file for each in self.history.ours}
        others = {each.file for each in self.history.merged.migrations} - own
        if together.failure is not None and together.failure.location.file in others:
            without = " and ".join(each.migration.file for each in late)
            yield Unproven(
                f"what {self.history.since} has cannot be applied without {without}, so that nobody can know what "
                f"databases in use hold: {together.failure.location}: {together.failure.message}"
            )
            return
        outcomes = self._outcomes(late, together)
        for each, outcome in zip(late, outcomes, strict=True):
            yield self._told(each, outcome)

    def _outcomes(self, late: Sequence[Late], together: Outcome) -> list[Outcome]:
        """What comes of each: of it alone, where several are late and something comes of them together."""
        if together.same:
            return [together] * len(late)
        alone = [self._outcome([each]) for each in late] if 1 < len(late) <= _EACH else []
        return alone if any(not each.same for each in alone) else [together] + [Outcome()] * (len(late) - 1)

    def _outcome(self, moved: Sequence[Late]) -> Outcome:
        """What comes of it where these are applied behind all that the reference has."""
        behind = {each.migration.file for each in moved}
        new = {each.file for each in self.history.ours} - {each.migration.file for each in self.history.late}
        every = self.history.merged.migrations
        order = [each for each in every if each.file not in behind | new]
        order += [each for each in every if each.file in behind]
        order += [each for each in every if each.file in new]
        done = self.rehearsals.of(self._chain(order))
        failure = _failure(done.timeline)
        if failure is not None:
            return Outcome(failure)
        differences = [str(each) for each in compare(self._fresh.catalog, done.catalog).differences]
        return Outcome(None, (*differences, *_rows(self._fresh, done)))

    def _again(self) -> Timeline:
        return self.rehearsals.of(self._chain(self.history.merged.migrations)).timeline

    def _chain(self, migrations: Sequence[Migration]) -> Chain:
        merged, own = self.history.merged, self.history.chain
        # What Python sends is known of the chain that it was read with.
        others = merged if any(each.up.traced for each in merged.migrations) else own
        return replace(merged, migrations=tuple(migrations), base=others.base, seeds=others.seeds)

    def _told(self, late: Late, outcome: Outcome) -> Finding:
        history, tool = self.history, tool_of(self.history.chain.format)
        file = late.migration.file
        before = f"{file} comes before {late.applied.file}, which {history.since} has"
        last = next(
            each.file
            for each in reversed(history.merged.migrations)
            if each.file not in {own.file for own in history.ours} and not history.repeats(each)
        )
        evidence = {"base": history.base.commit}
        fix = f"name it so that it comes behind {last}; as it is, {tool.says(tool.late)}"
        if outcome.failure is not None:
            code = f" (SQLSTATE {outcome.failure.sqlstate})" if outcome.failure.sqlstate else ""
            place = "" if outcome.failure.location.file == file else f"{outcome.failure.location}: "
            return Finding(
                f"{before}, and cannot be applied behind it, as databases in use have to: "
                f"{place}{outcome.failure.message}{code}",
                location=Location(file),
                statement=outcome.failure.statement,
                evidence=evidence,
                fix=fix,
            )
        harmless = all(_HARMLESS in each for each in outcome.differences)
        if outcome.differences and not (harmless and tool.answer is Answer.SKIPS):
            lines = (f"  {line}" for each in outcome.differences for line in each.splitlines())
            return Finding(
                "\n".join((f"{before}; behind it, on databases in use, it leaves another schema:", *lines)),
                location=Location(file),
                evidence=evidence,
                fix=fix,
                severity=Severity.WARNING if harmless else Severity.ERROR,
            )
        if tool.answer is Answer.APPLIES:
            message = f"{before}; behind it, it leaves the same schema, and {tool.says(tool.late)}"
            severity = Severity.INFO
        elif tool.answer is Answer.SKIPS:
            message, severity = f"{before}; databases in use never get it: {tool.says(tool.late)}", Severity.ERROR
        else:
            message = f"{before}; behind it, it leaves the same schema, but {tool.says(tool.late)}"
            severity = Severity.WARNING
        return Finding(message, location=Location(file), evidence=evidence, fix=fix, severity=severity)


def _failure(timeline: Timeline) -> Failure | None:
    """Why the migrations could not all be applied."""
    if timeline.migrated:
        return None
    runs = (*timeline.base, *(seed.run for seed in timeline.seeds), *(step.run for step in timeline.steps))
    return next(run.failure for run in runs if run.failure is not None)


def _rows(fresh: Rehearsal, done: Rehearsal) -> Iterator[str]:
    """Where tables that both have do not hold as many rows."""
    want, have = fresh.timeline.rows, done.timeline.rows
    both = fresh.catalog.tables_by_name.keys() & done.catalog.tables_by_name.keys()
    for table in sorted(both & (want.keys() | have.keys())):
        if want.get(table, 0) != have.get(table, 0):
            yield f"rows of {table}: have {have.get(table, 0)}, want {want.get(table, 0)}"
