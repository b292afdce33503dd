"""A migration that is no single transaction, stopped at each place where it can be, and applied again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.diff import compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import statements
from migrate_validate.chain.transactions import runs_alone
from migrate_validate.data.comparing import compare as compare_rows
from migrate_validate.data.keeping import Kept, KeptColumn, keep
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import enum_name, parse

from .._shared import holders_of_indexes

MOST = 20
"""Places at which one migration is stopped; each costs a copy of the database."""

_WAITS = frozenset({"index", "drop", "reindex", "alter_table"})
"""Kinds that wait for other transactions in the middle of their work, where they cannot run in a transaction."""
_WAITED = "55P03"
_OPENS = ("TRANS_STMT_BEGIN", "TRANS_STMT_START")
_CLOSES = ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE")
_LEAVES_NOTHING = frozenset({"variable_set", "variable_show", "vacuum"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is stopped."""

    statement: Statement
    count: int
    """Statements that were begun."""
    within: bool
    """In the middle of the last of them, not after it."""

    def __str__(self) -> str:
        return f"{'within' if self.within else 'after'} line {self.statement.location.line}"


@dataclass(frozen=True, slots=True)
class Retry:
    """What came of applying the file again."""

    place: Place
    left: tuple[str, ...]
    """What had been left behind."""
    invalid: tuple[str, ...]
    """The indexes among it that were left INVALID."""
    failure: Failure | None
    differences: tuple[str, ...]
    """Where it succeeded: what is not as it is when the file is applied without a stop."""


@dataclass(frozen=True, slots=True)
class Retries:
    """All places at which a file was stopped."""

    possible: int
    tried: tuple[Retry, ...]
    """Those at which it could be stopped."""
    unproven: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    """What a migration makes when nothing stops it."""

    catalog: Catalog
    rows: Kept


def stop_and_retry(stage: Stage) -> Retries:
    """Stop the migration of a stage at each place, or at ``MOST`` of them, and apply it again.

    :raises StageLost: when the chain cannot be applied again up to here
    """
    up = stage.migration.up
    all_places = places(statements(up))
    if not all_places:
        return Retries(0, ())
    with stage.trial(clone=True) as trial:
        before = trial.catalog()
        first = trial.apply(up)
        if first.failure is not None:
            why = f"the migration could not be applied once more: {first.failure.location}: {first.failure.message}"
            return Retries(len(all_places), (), why)
        whole = _State(trial.catalog(), keep(trial.connection))
    tried = []
    for place in _sample(all_places):
        with stage.trial(clone=True) as trial:
            retry = _retry(trial, stage, place, before, whole)
        if retry is not None:
            tried.append(retry)
    return Retries(len(all_places), tuple(tried))


def places(parts: Sequence[Statement]) -> tuple[Place, ...]:
    """Where a stop leaves neither nothing nor everything; within a transaction it leaves what came before."""
    found: list[Place] = []
    inside = changed = False
    last = max((n for n, part in enumerate(parts, 1) if part.kind not in _LEAVES_NOTHING), default=0)
    for count, part in enumerate(parts, 1):
        if part.kind in _WAITS and runs_alone(part):
            found.append(Place(part, count, within=True))
        if part.kind == "transaction":
            kind = enum_name("TransactionStmtKind", parse(part.sql)[0].node.kind)
            inside = kind in _OPENS or (inside and kind not in _CLOSES)
        changed = changed or part.kind not in _LEAVES_NOTHING
        if changed and not inside and count < last:
            found.append(Place(part, count, within=False))
            changed = False
    return tuple(found)


def _sample(found: Sequence[Place]) -> Sequence[Place]:
    """At most so many, spread over the file, the first and the last among them."""
    if len(found) <= MOST:
        return found
    return [found[round(n * (len(found) - 1) / (MOST - 1))] for n in range(MOST)]


def _retry(trial: Trial, stage: Stage, place: Place, before: Catalog, whole: _State) -> Retry | None:
    """Stop there and apply the file again; None where it does not stop there."""
    up = stage.migration.up
    why = trial.interrupt(up, place.count, within=place.within)
    if place.within and (why is None or why.sqlstate != _WAITED):
        return None
    stopped = trial.catalog()
    left = tuple(f"{each.object}{f' ({each.what})' if each.what else ''}" for each in compare(before, stopped).extra)
    invalid = tuple(sorted(_invalid(stopped) - _invalid(before)))
    run = trial.apply(up)
    if run.failure is not None:
        return Retry(place, left, invalid, run.failure, ())
    return Retry(place, left, invalid, None, tuple(_differences(trial, whole)))


def _differences(trial: Trial, whole: _State) -> Iterator[str]:
    yield from compare(whole.catalog, trial.catalog()).lines()
    connection = trial.connection
    # Another copy of the database: numbers, times and what refers to numbers are others without meaning anything.
    changes = compare_rows(connection, whole.rows, keep(connection), follow=False, leave_out=_differs_anyway)
    for change in changes:
        if change.present is not None and change.present.rows != change.was.rows:
            yield f"table {change.name}: have {change.present.rows} rows, want {change.was.rows}"
        elif change.present is not None and change.other_rows:
            yield f"table {change.name}: rows have other values"


def _differs_anyway(column: KeptColumn) -> bool:
    return column.automatic or column.time or column.reference


def _invalid(catalog: Catalog) -> frozenset[str]:
    return frozenset(
        f"{holder.schema}.{index.name}"
        for holder in holders_of_indexes(catalog)
        for index in holder.indexes
        if not index.valid
    )
