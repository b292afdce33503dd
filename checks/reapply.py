"""A migration applied again: on top of itself, or after it was interrupted."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement, TransactionMode
from migrate_validate.chain.statements import statements
from migrate_validate.config import Settings
from migrate_validate.data.comparing import Row, TableChange
from migrate_validate.data.keeping import KeptTable
from migrate_validate.data.showing import changed_values, shown
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure, Outcome, Timeline
from migrate_validate.rules import rule

from ._reapply.guards import Guard, brief, claims, guards, remedy, silent
from ._reapply.interrupted import MOST, Retry, stop_and_retry
from ._reapply.seeds import Again, seeds_again
from ._reapply.twice import Refusal, Twice, apply_twice, writer_of
from ._shared import Connection, count_of, quoted

_NAMED = 8
"""How many statements a message names."""
_FAILED = NotApplicable("the migration could not be applied")


@rule(severity=Severity.INFO)
def not_rerunnable(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A migration that fails when it is applied a second time.

    For a migration that no tool ever applies twice this is normal, and only information. It is an error where its tool
    applies it again whenever it changes (Flyway's ``R__name.sql``), and where the file says that it may be applied
    again: it guards some of its statements (IF NOT EXISTS, ON CONFLICT, DROP ... IF EXISTS before CREATE, a DO block
    that looks first) and forgets others. ON CONFLICT speaks for rows only; OR REPLACE, CREATE EXTENSION IF NOT EXISTS
    and a DROP ... IF EXISTS that has something to drop speak for nothing but themselves.

    Why: whoever trusts the guards and applies the file again, by hand or after a failure, stops half way.
    Fix: guard the statements that the finding names, or none.
    """
    twice = yield from _twice(stage, settings)
    if twice is None or not twice.refused:
        return
    up = stage.migration.up
    statement, why = twice.refused[0]
    failing = {each for each, _ in twice.refused if each is not None}
    quiet = silent(stage.step.run.statements)
    kept = [guard for guard in guards(statements(up), quiet) if guard.statement not in failing]
    claimed = claims(kept, failing)
    again = stage.migration.repeats
    said = _forgotten(kept, twice.refused) if claimed else _refuses(up, twice.refused)
    yield Finding(
        f"it is meant to be applied again whenever it changes; {said}" if again else said,
        location=statement.location if statement else why.location,
        statement=statement.sql if statement else why.statement,
        evidence={
            "guarded": [{"line": each.statement.location.line, "by": each.words} for each in kept],
            "failing": [_refusal(each, failure) for each, failure in twice.refused],
        },
        fix=_remedies(twice.refused) if claimed or again else "",
        severity=Severity.ERROR if claimed or again else None,
    )


@rule(severity=Severity.WARNING)
def rerun_changes_schema(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A migration whose second application succeeds, and makes another schema than the first one.

    Migrations whose second application fails are not judged: not-rerunnable reports them.

    Why: databases to which it was applied once and twice differ, with a second constraint or index that costs writes.
    Fix: name the constraint or index, and guard it (IF NOT EXISTS, DROP ... IF EXISTS before it).
    """
    twice = yield from _twice(stage, settings)
    for change in twice.schema if twice else ():
        lines = change.diff.lines()
        place = change.statement.location if change.statement else Location(stage.migration.file)
        yield Finding(
            f"applied a second time it changes the schema again: {'; '.join(lines)}",
            object=change.diff.differences[0].object.partition(" ")[2] or None,
            location=place,
            statement=change.statement.sql if change.statement else None,
            evidence={"differences": [str(each) for each in change.diff.differences]},
            fix=f"Guard it: {remedy(change.statement)}." if change.statement else "",
        )


@rule(severity=Severity.WARNING)
def rerun_changes_data(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A migration whose second application succeeds, and changes rows again: doubles them, or adds to a counter twice.

    The tables hold the rows of the chain, and where nothing happens to these, generated ones.
    Rows are compared by all their values. Values of date and time do not count in files that are not one transaction.
    Migrations whose second application fails are not judged: not-rerunnable reports them.

    Why: applied again, by hand or after a failure, it leaves seed rows twice and amounts that are wrong.
    Fix: INSERT ... ON CONFLICT DO NOTHING with a unique constraint, and a WHERE clause that finds only what is to do.
    """
    twice = yield from _twice(stage, settings)
    for change in (*twice.rows, *twice.generated) if twice else ():
        statement = writer_of(stage, change.name)
        where = " (generated rows)" if twice and change in twice.generated else ""
        yield Finding(
            f"applied a second time it {_what_became(change)}{where}",
            object=change.name,
            location=statement.location if statement else Location(stage.migration.file),
            statement=statement.sql if statement else None,
            evidence={
                "rows_before": change.was.rows,
                "rows_after": change.present.rows if change.present else 0,
                "added": change.added.count + change.changed,
                "gone": change.missing.count + change.changed,
                "repeated": change.repeated,
                "example": list(_example(change)),
            },
            fix=_data_remedy(change),
        )
    for table, reason in twice.unread.items() if twice else ():
        yield Unproven(f"its rows could not be compared: {reason}", table)


@rule(severity=Severity.WARNING)
def interrupted_then_retried(stage: Stage) -> Iterator[Result]:
    """A migration that is no single transaction, and cannot simply be applied again after it was interrupted.

    It is stopped after each of its statements, and in the middle of those that wait for other transactions (CREATE
    INDEX CONCURRENTLY and its like); then the whole file is applied again. Of files with many statements 20 places are
    tried, which is said.

    Why: a lock that is not given, a restart or a lost connection leaves a half of it, and somebody has to clean up by
    hand: an INVALID index is not used by any query, yet every write pays for it.
    Fix: let every statement work on what an interrupted run has left. CREATE INDEX CONCURRENTLY IF NOT EXISTS does not:
    it keeps the INVALID index. Write DROP INDEX CONCURRENTLY IF EXISTS before it.
    """
    run = stage.step.run
    if run.outcome is not Outcome.APPLIED:
        yield _FAILED
        return
    if run.mode is TransactionMode.FILE:
        yield NotApplicable("it is one transaction: an interruption leaves nothing")
        return
    retries = stop_and_retry(stage)
    if retries.unproven:
        yield Unproven(retries.unproven)
    elif not retries.possible:
        yield NotApplicable("an interruption leaves either nothing or everything")
    failed = [retry for retry in retries.tried if retry.failure is not None]
    if failed:
        yield _cannot_be_retried(failed, len(retries.tried))
    for retry in retries.tried:
        if retry.differences:
            yield _ends_differently(retry)
    if retries.possible > MOST:
        yield Finding(
            f"it was interrupted at {MOST} of the {retries.possible} places where it can be, not at all of them",
            location=Location(stage.migration.file),
            severity=Severity.INFO,
        )


@rule(severity=Severity.WARNING)
def seed_applied_again(
    connection: Connection, catalog: Catalog, timeline: Timeline, settings: Settings
) -> Iterator[Result]:
    """A seed file that fails or changes rows where it was applied before, or where there are other rows.

    The seeds that come last are applied once more to the database that they have filled; where that changes nothing,
    again after generated rows were put beside theirs. To fail on its own rows is normal, and only information, unless
    the file guards some of its statements (ON CONFLICT, WHERE NOT EXISTS, IF NOT EXISTS) and forgets others.

    Why: developers apply it again after each change, and previews to databases in use: rows are there twice, or all
    after a point is missing.
    Fix: INSERT ... ON CONFLICT DO NOTHING with a unique constraint, and keys in place of "the only row".
    Not reported: seeds that come before a migration; values of date and time.
    """
    if all(seed.seed.before is not None for seed in timeline.seeds):
        yield NotApplicable("the chain has no seed file that comes last")
        return
    for again in seeds_again(connection, catalog.whole, timeline, settings):
        if again.failure is not None:
            yield _seed_fails(again, again.failure)
        for change in again.rows:
            where = " (generated rows)" if again.generated else ""
            yield Finding(
                f"applied again {again.seed.file} {_what_became(change)}{where}",
                object=change.name,
                location=Location(again.seed.file),
                evidence={"rows_before": change.was.rows, "repeated": change.repeated},
                fix=_data_remedy(change),
            )


def _seed_fails(again: Again, why: Failure) -> Finding:
    where = "to a database with other rows in it" if again.generated else "to the database that it has filled"
    although = ", although it guards other statements" if again.guarded else ""
    unguarded = Severity.WARNING if again.generated else Severity.INFO
    return Finding(
        f"applied again {where} {again.seed.file} fails{although}: {why.message}",
        location=why.location,
        statement=again.statement.sql if again.statement else why.statement,
        evidence={"sqlstate": why.sqlstate, "detail": why.detail},
        fix=remedy(again.statement, why.sqlstate) if again.statement and again.guarded else "",
        severity=Severity.ERROR if again.guarded else unguarded,
    )


def _twice(stage: Stage, settings: Settings) -> Generator[Result, None, Twice | None]:
    """Apply it twice; gives None, with the reason as a result, where that is not possible."""
    if stage.step.run.outcome is not Outcome.APPLIED:
        yield _FAILED
        return None
    twice: Twice = apply_twice(stage, settings)
    if twice.unproven:
        yield Unproven(twice.unproven)
        return None
    return twice


def _refuses(up: Script, refused: Sequence[Refusal]) -> str:
    _, why = refused[0]
    rest = ""
    if len(refused) > 1:
        lines = ", ".join(str(failure.location.line) for _, failure in refused[:_NAMED])
        more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        rest = f" ({len(refused)} of {len(statements(up))} statements fail: lines {lines}{more})"
    return f"applied a second time it fails: {why.message}{rest}"


def _forgotten(kept: Sequence[Guard], refused: Sequence[Refusal]) -> str:
    guarded = ", ".join(dict.fromkeys(guard.words for guard in kept))
    named = "; ".join(
        f"line {failure.location.line}, {brief(statement) if statement else 'COMMIT'} ({failure.message})"
        for statement, failure in refused[:_NAMED]
    )
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return (
        f"applied a second time it fails, although it guards {count_of(len(kept), 'statement')} ({guarded}):"
        f" {named}{more}"
    )


def _refusal(statement: Statement | None, why: Failure) -> Mapping[str, Any]:
    return {
        "line": why.location.line,
        "statement": brief(statement) if statement else why.statement,
        "message": why.message,
        "sqlstate": why.sqlstate,
    }


def _remedies(refused: Sequence[Refusal]) -> str:
    wanted: dict[str, list[str]] = {}
    for statement, why in refused[:_NAMED]:
        if statement is not None:
            wanted.setdefault(remedy(statement, why.sqlstate), []).append(str(why.location.line))
    return "; ".join(f"line {', '.join(lines)}: {what}" for what, lines in wanted.items())


def _what_became(change: TableChange) -> str:
    added, gone = change.added.count, change.missing.count
    before = count_of(change.was.rows, "row")
    was, present = _example(change)
    if change.changed and not added and not gone:
        assert was is not None
        values = ", ".join(
            f"{name}: {old} became {new}" for name, old, new in changed_values(was, present, change.columns)
        )
        return f"changes {change.changed} of {before} of {change.name}, for example {values}"
    if not added and not change.changed:
        return f"removes {gone} of {before} of {change.name}, for example {_row(change.was, was)}"
    if not gone and not change.changed:
        again = f", {change.repeated} of them repeat what is there" if change.repeated else ""
        after = change.present.rows if change.present else 0
        return (
            f"adds {count_of(added, 'row')} to {change.name} ({change.was.rows} before, {after} after{again}), for"
            f" example {_row(change.present, present)}"
        )
    return (
        f"replaces {gone + change.changed} of {before} of {change.name} by {added + change.changed} others, for"
        f" example {_row(change.present, present)}"
    )


def _example(change: TableChange) -> tuple[Row | None, Row | None]:
    """A row as it was and as it is; None where there is none."""
    for column in change.columns:
        if column.present is not None:
            return column.examples[0]
    missing, added = change.missing.examples[:1], change.added.examples[:1]
    return (None if added else next(iter(missing), None)), next(iter(added), None)


def _row(table: KeptTable | None, values: Row | None) -> str:
    return shown(table.columns if table else (), values or {})


def _data_remedy(change: TableChange) -> str:
    if change.added.count and not change.missing.count and not change.changed:
        return "INSERT ... ON CONFLICT DO NOTHING with a unique constraint, or WHERE NOT EXISTS (...)."
    return "Restrict the statement by a WHERE clause to the rows on which it was not done yet."


def _cannot_be_retried(failed: Sequence[Retry], tried: int) -> Finding:
    first = failed[0]
    assert first.failure is not None
    later = ", ".join(str(retry.place) for retry in failed[1 : _NAMED + 1])
    also = ""
    if len(failed) > 1:
        also = " From there on it cannot be retried." if len(failed) == tried else f" The same {later}."
    left = f" Left behind: {_left(first)}." if first.left else ""
    invalid = dict.fromkeys(name for retry in failed for name in retry.invalid)
    return Finding(
        f"interrupted {first.place} ({brief(first.place.statement)}) it cannot be applied again: line"
        f" {first.failure.location.line} fails: {first.failure.message}.{left}{also}",
        location=first.place.statement.location,
        statement=first.place.statement.sql,
        evidence={"places": [_evidence(retry) for retry in failed], "tried": tried},
        fix=_retry_remedy(first, invalid),
    )


def _ends_differently(retry: Retry) -> Finding:
    return Finding(
        f"interrupted {retry.place} ({brief(retry.place.statement)}) and applied again it succeeds, but leaves"
        f" something else: {'; '.join(retry.differences)}",
        object=next(iter(retry.invalid), None),
        location=retry.place.statement.location,
        statement=retry.place.statement.sql,
        evidence=_evidence(retry),
        fix=_retry_remedy(retry, retry.invalid),
    )


def _left(retry: Retry) -> str:
    shown = [f"{each}{_state(each, retry)}" for each in retry.left[:_NAMED]]
    return ", ".join(shown) + (f" and {len(retry.left) - _NAMED} more" if len(retry.left) > _NAMED else "")


def _state(left: str, retry: Retry) -> str:
    return " (INVALID)" if any(left.endswith(f" index {name.partition('.')[2]}") for name in retry.invalid) else ""


def _evidence(retry: Retry) -> Mapping[str, Any]:
    return {
        "line": retry.place.statement.location.line,
        "within": retry.place.within,
        "left": list(retry.left),
        "invalid": list(retry.invalid),
        "failure": retry.failure.message if retry.failure else None,
        "differences": list(retry.differences),
    }


def _retry_remedy(retry: Retry, invalid: Iterable[str]) -> str:
    guard = "Guard the statement, or put what belongs together between BEGIN and COMMIT."
    if retry.failure is not None:
        guard = f"Guard line {retry.failure.location.line}, or put what belongs together between BEGIN and COMMIT."
    drops = " ".join(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(name)};" for name in invalid)
    if not drops:
        return guard
    if retry.invalid:
        return f"Before it: {drops} IF NOT EXISTS would keep the INVALID index."
    return f"{guard} And before the index is built: {drops} IF NOT EXISTS would keep the INVALID one."
