"""A migration applied again: on top of itself, or after it was interrupted."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure, Outcome
from migrate_validate.rules import rule

from ._guards import Guard, brief, claims, guards, remedy
from ._kept_rows import RowChange
from ._shared import count_of
from ._twice import Refusal, Twice, apply_twice, writer_of

_NAMED = 8
"""How many statements a message names."""
_FAILED = NotApplicable("the migration could not be applied")


@rule(severity=Severity.INFO)
def not_rerunnable(stage: Stage) -> Iterator[Result]:
    """A migration that fails when it is applied a second time.

    For a migration that no tool ever applies twice this is normal, and only information. It is an error where the file
    says that it may be applied again: it guards some of its statements (IF NOT EXISTS, ON CONFLICT, DROP ... IF EXISTS
    before CREATE, a DO block that looks first) and forgets others. ON CONFLICT speaks for rows only;
    CREATE OR REPLACE of functions and views and CREATE EXTENSION IF NOT EXISTS speak for nothing but themselves.

    Why: whoever trusts the guards and applies the file again, by hand or after a failure, stops half way.
    Fix: guard the statements that the finding names, or none.
    """
    twice = yield from _twice(stage)
    if twice is None or not twice.refused:
        return
    up = stage.migration.up
    statement, why = twice.refused[0]
    failing = {each for each, _ in twice.refused if each is not None}
    kept = [guard for guard in guards(statements(up)) if guard.statement not in failing]
    claimed = claims(kept, failing)
    yield Finding(
        _forgotten(kept, twice.refused) if claimed else _refuses(up, twice.refused),
        location=statement.location if statement else why.location,
        statement=statement.sql if statement else why.statement,
        evidence={
            "guarded": [{"line": each.statement.location.line, "by": each.words} for each in kept],
            "failing": [_refusal(each, failure) for each, failure in twice.refused],
        },
        fix=_remedies(twice.refused) if claimed else "",
        severity=Severity.ERROR if claimed else None,
    )


@rule(severity=Severity.WARNING)
def rerun_changes_schema(stage: Stage) -> Iterator[Result]:
    """A migration whose second application succeeds, and makes another schema than the first one.

    Migrations whose second application fails are not judged: not-rerunnable reports them.

    Why: databases to which it was applied once and twice differ, with a second constraint or index that costs writes.
    Fix: name the constraint or index, and guard it (IF NOT EXISTS, DROP ... IF EXISTS before it).
    """
    twice = yield from _twice(stage)
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
def rerun_changes_data(stage: Stage) -> Iterator[Result]:
    """A migration whose second application succeeds, and changes rows again: doubles them, or adds to a counter twice.

    Rows are compared by all their values. Values of date and time do not count in files that are not one transaction.
    Migrations whose second application fails are not judged: not-rerunnable reports them.

    Why: applied again, by hand or after a failure, it leaves seed rows twice and amounts that are wrong.
    Fix: INSERT ... ON CONFLICT DO NOTHING with a unique constraint, and a WHERE clause that finds only what is to do.
    """
    twice = yield from _twice(stage)
    for change in twice.rows if twice else ():
        statement = writer_of(stage.migration.up, change.table)
        yield Finding(
            f"applied a second time it {_what_became(change)}",
            object=change.table,
            location=statement.location if statement else Location(stage.migration.file),
            statement=statement.sql if statement else None,
            evidence={
                "rows_before": change.before,
                "rows_after": change.after,
                "added": change.added,
                "gone": change.gone,
                "repeated": change.repeated,
                "example": list(change.example),
            },
            fix=_data_remedy(change),
        )


def _twice(stage: Stage) -> Generator[Result, None, Twice | None]:
    """Apply it twice; gives None, with the reason as a result, where that is not possible."""
    if stage.step.run.outcome is not Outcome.APPLIED:
        yield _FAILED
        return None
    twice: Twice = apply_twice(stage)
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
            wanted.setdefault(remedy(statement), []).append(str(why.location.line))
    return "; ".join(f"line {', '.join(lines)}: {what}" for what, lines in wanted.items())


def _what_became(change: RowChange) -> str:
    was, present = change.example
    if change.altered and change.altered == change.added == change.gone:
        assert was is not None
        assert present is not None
        values = ", ".join(
            f"{name}: {was[name]} became {present[name]}" for name in present if was[name] != present[name]
        )
        return f"changes {change.altered} of {count_of(change.before, 'row')} of {change.table}, for example {values}"
    if not change.added:
        return f"removes {change.gone} of {count_of(change.before, 'row')} of {change.table}, for example {_row(was)}"
    if not change.gone:
        again = f", {change.repeated} of them repeat what is there" if change.repeated else ""
        return (
            f"adds {count_of(change.added, 'row')} to {change.table} ({change.before} before, {change.after} after"
            f"{again}), for example {_row(present)}"
        )
    return (
        f"replaces {change.gone} of {count_of(change.before, 'row')} of {change.table} by {change.added} others, for"
        f" example {_row(present)}"
    )


def _row(values: Mapping[str, Any] | None) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in list((values or {}).items())[:_NAMED])
    return f"({shown})"


def _data_remedy(change: RowChange) -> str:
    if change.added and not change.gone:
        return "INSERT ... ON CONFLICT DO NOTHING with a unique constraint, or WHERE NOT EXISTS (...)."
    return "Restrict the statement by a WHERE clause to the rows on which it was not done yet."
