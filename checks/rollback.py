"""Whether the down script of each migration takes back what the migration did, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from migrate_validate import syntax
from migrate_validate.catalog.diff import Difference
from migrate_validate.chain.irreversible import irreversible
from migrate_validate.chain.model import Chain, Migration, Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.failures import unsent
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure, Outcome, Step
from migrate_validate.results import Results
from migrate_validate.rules import rule

from ._existing_data.exploring import searched
from ._rollback.makers import Makers, makers, undoing
from ._rollback.round_trip import RoundTrip, examined
from ._shared import count_of, refusal

CUSTOM = 2
"""So many down scripts are a custom, where most migrations have one."""
SHOWN = 20
"""Differences that one finding shows."""
LOSSES = 10
"""Losses that are reported of one migration."""
_REVERSES = {
    "django": "give each RunPython a reverse_code (RunPython.noop where there is\n"
    "nothing to take back), and each RunSQL a reverse_sql"
}
"""How a way back is written where no text of it stands in the other migrations, by convention."""
_OUTSIDE = {"dropdb": "drops a database", "alter_system": "changes the settings of the server"}
"""Kinds of statements that reach beyond the database; they are not run."""
_ENDS = ("COMMIT", "ROLLBACK")
_DATA = "fails-on-data"
_TOLD = f"{_DATA} tells it"


@rule(severity=Severity.ERROR)
def rollback_fails(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A down script that PostgreSQL refuses right after its migration.

    The tables hold rows: those of the chain, and generated ones, written before the migration and after it. A script
    that fails only because of rows that were written after the migration is a warning.

    Why: it is run when a deployment went wrong, and then it does not help.
    Fix: repair the statement; drop what depends on an object first, and convert or delete the rows that the old schema
    cannot hold.
    """
    down = stage.migration.down
    if down is None:
        yield _no_down(stage.migration)
        return
    unusable = next(_unusable(stage, down), None)
    if unusable is not None:
        yield unusable
        return
    yield from _ends_transaction(down)
    found = examined(stage, settings)
    trip = found.trip
    if trip.up.failure is not None:
        yield _not_again(trip)
    elif trip.down is not None and trip.down.failure is not None:
        yield _refused(down, trip.down.failure, f"{_called(stage.migration)} cannot take {stage.migration.file} back")
    elif found.by_written_rows and found.by_written_rows.down and found.by_written_rows.down.failure:
        tables = sorted(found.by_written_rows.written)
        said = f"{_called(stage.migration)} cannot take {stage.migration.file} back once rows were written after it"
        yield _refused(down, found.by_written_rows.down.failure, said, Severity.WARNING, tables)


@rule(severity=Severity.ERROR)
def rollback_leaves_trace(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A down script that does not restore the schema that was there before its migration.

    The whole schema is compared: tables, columns, constraints, indexes, policies, grants, defaults, comments, labels of
    enums, sequences, options. Where only the order of columns differs, which no ALTER TABLE can restore, it is an info.

    Why: the next migration meets a schema that nobody has planned, and the same migration may not apply again.
    Fix: drop what is extra, and make again what is missing or changed, as it was.
    """
    trip = yield from _rolled_back(stage, settings)
    if trip is None:
        return
    up, down = stage.migration.up, stage.migration.down
    assert down is not None
    by_maker: dict[Statement | None, list[Difference]] = defaultdict(list)
    made_by = makers(stage) if trip.trace else Makers()
    for difference in trip.trace.differences:
        by_maker[made_by.of(difference)].append(difference)
    for statement, differences in sorted(by_maker.items(), key=_place):
        lines = [str(each) for each in differences[:SHOWN]]
        more = [f"and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
        made = f" (line {statement.location.line})" if statement else ""
        only_order = all(each.what.startswith("order of columns") for each in differences)
        yield Finding(
            "\n  ".join(
                [f"{_called(stage.migration)} does not restore what was there before {up.file}{made}:", *lines, *more]
            ),
            object=differences[0].object,
            location=_way_back(stage.migration),
            statement=statement.sql if statement else None,
            evidence={"made_by": str(statement.location)} if statement else {},
            fix="\n".join(undoing(differences, statement, trip.left)) if trip.left else "",
            severity=Severity.INFO if only_order else None,
        )


@rule(severity=Severity.ERROR)
def rollback_loses_data(stage: Stage, settings: Settings, results: Results) -> Iterator[Result]:
    """Rows or values that were there before a migration, and are not after its down script.

    Rows are compared by primary key, columns by name and as text, in all tables that the two scripts touch.

    Why: who rolls back wants the state of before, and loses what customers had written.
    Fix: let the migration keep what it changes (a column beside it, a table of old values) and the down script restore
    it; or say that there is no way back, with ``-- migrate-validate: irreversible: reason``.
    Not reported: rows written after the migration; times of the last change; migrations marked as irreversible; tables
    whose rows the migration refuses, where fails-on-data reports that.
    """
    mark = irreversible(stage.migration.up)
    if mark is not None and mark.reason:
        yield NotApplicable(f"marked as irreversible: {mark.reason}")
        return
    trip = yield from _rolled_back(stage, settings)
    if trip is None:
        return
    up, down = stage.migration.up, stage.migration.down
    assert down is not None
    for loss in trip.losses[:LOSSES]:
        rest = len(trip.losses) - LOSSES
        more = f" (and {rest} more tables and columns)" if rest > 0 and loss is trip.losses[LOSSES - 1] else ""
        yield Finding(
            f"after {up.file} and {_called(stage.migration)} {loss.message}{more}",
            object=f"{loss.table}.{loss.column}" if loss.column else loss.table,
            location=Location(down.file),
            evidence={"rows": loss.count, "row": dict(loss.row)},
        )
    for table, reason in trip.empty.items():
        refused = trip.refusals.get(table)
        if refused is not None and _told_of_data(refused, stage, settings, results):
            yield NotApplicable(f"{table} held no rows that could have been lost: {reason}; {_TOLD}")
        else:
            yield Unproven(f"it held no rows that could have been lost: {reason}", table)
    for table, reason in trip.unread.items():
        yield Unproven(f"its rows could not be compared: {reason}", table)


@rule(severity=Severity.ERROR)
def reapply_after_rollback_fails(stage: Stage, settings: Settings, results: Results) -> Iterator[Result]:
    """A migration that cannot be applied again after it was rolled back, or then makes another schema.

    Where it fails only because of rows that were written between the migration and its rollback, it is a warning; it is
    left out where fails-on-data reports the same.

    Why: a rolled back migration is repaired and deployed again, and stops at what its down script left behind.
    Fix: let the down script take back everything, and the migration cope with rows.
    """
    trip = yield from _rolled_back(stage, settings)
    if trip is None or trip.again is None:
        return
    up, down = stage.migration.up, stage.migration.down
    assert down is not None
    by_rows = examined(stage, settings).by_written_rows
    if trip.again.failure is not None:
        yield _refused(up, trip.again.failure, f"{up.file} cannot be applied again after {_called(stage.migration)}")
    elif trip.drift and not trip.trace:
        lines = "\n  ".join(trip.drift.lines(SHOWN))
        yield Finding(
            f"{up.file} makes another schema when it is applied again after {_called(stage.migration)}:\n  {lines}",
            object=trip.drift.differences[0].object,
            location=Location(up.file),
        )
    elif by_rows is not None and by_rows.again is not None and by_rows.again.failure is not None:
        if _told_of_data(by_rows.again.failure, stage, settings, results):
            yield NotApplicable(f"{up.file} refuses rows: {by_rows.again.failure.message}; {_TOLD}")
            return
        said = f"{up.file} cannot be applied again after {_called(stage.migration)} once rows were written between them"
        yield _refused(up, by_rows.again.failure, said, Severity.WARNING, sorted(by_rows.written))


@rule(severity=Severity.ERROR)
def missing_rollback(step: Step, settings: Settings) -> Iterator[Result]:
    """A migration without a down script, where the others of its directory have one.

    It is asked for where at least two migrations and most of the others have one, and wherever the configuration gives
    this rule a severity.

    Why: the way back ends at this migration.
    Fix: write the down script beside it, or say that there is no way back, with
    ``-- migrate-validate: irreversible: reason`` in the migration.
    """
    migration = step.migration
    if migration.down is not None:
        return
    mark = irreversible(migration.up)
    if migration.repeats:
        yield NotApplicable("it is applied again when it changes; nobody takes it back")
    elif mark is not None and mark.reason:
        yield NotApplicable(f"marked as irreversible: {mark.reason}")
    elif mark is not None:
        yield Finding(
            f"{migration.file} is marked as irreversible without a reason",
            location=mark.location,
            fix="-- migrate-validate: irreversible: why there is no way back",
        )
    elif missing_rollback.__name__.replace("_", "-") in settings.severity or _customary(step.chain, migration):
        others = [each for each in step.chain.migrations if each != migration and not each.repeats]
        having = sum(each.down is not None for each in others)
        have = "has" if len(others) == 1 else "have"
        yield Finding(
            f"{migration.file} has no down script; {having} of {count_of(len(others), 'other migration')} {have} one",
            location=Location(migration.file),
            fix=_REVERSES.get(step.chain.format) or f"write {_down_name(migration, step.chain)}",
        )
    else:
        yield NotApplicable("it has no down script, and it is no custom of this directory to have one")


def _customary(chain: Chain, migration: Migration) -> bool:
    others = [each for each in chain.migrations if each != migration and not each.repeats and not irreversible(each.up)]
    having = sum(each.down is not None for each in others)
    return having >= CUSTOM and having * 2 > len(others)


def _called(migration: Migration) -> str:
    """The down script by its name; it may be a part of the migration's own file."""
    assert migration.down is not None
    file = migration.down.file
    return f"the way back in {file}" if file == migration.file else file


def _way_back(migration: Migration) -> Location:
    """The down script; where it is a part of the migration's own file, with the line of its first statement."""
    down = migration.down
    assert down is not None
    places = [each.location for each in statements(down) if each.location.file == migration.file]
    return replace(min(places, key=lambda each: each.line or 0), whole=True) if places else Location(down.file)


def _down_name(migration: Migration, chain: Chain) -> str:
    """What the down script would be called, as the others are, those in the same language first."""
    others = (each for each in chain.migrations if each.down is not None)
    for other in sorted(others, key=lambda each: _language(each) != _language(migration)):
        assert other.down is not None
        if other.down.file == other.file:
            return f"the way back into {migration.file}, as {other.file} has it"
        same = _alike(other.file, other.down.file)
        ending, instead = other.file[same:], other.down.file[same:]
        if migration.file.endswith(ending):
            return migration.file.removesuffix(ending) + instead
        same = _alike(other.file[::-1], other.down.file[::-1])
        start, instead = other.file[:-same], other.down.file[:-same]
        if same and migration.file.startswith(start):
            return instead + migration.file.removeprefix(start)
    return f"{migration.file.removesuffix('.sql')}_rollback.sql"


def _language(migration: Migration) -> str:
    return migration.up.path.suffix.lower()


def _alike(one: str, another: str) -> int:
    """With how many of the same characters two texts begin."""
    pairs = zip(one, another, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(another)))


def _no_down(migration: Migration) -> NotApplicable:
    mark = irreversible(migration.up)
    reason = f": marked as irreversible: {mark.reason}" if mark is not None and mark.reason else ""
    return NotApplicable(f"the migration has no down script{reason}")


def _rolled_back(stage: Stage, settings: Settings) -> Generator[Result, None, RoundTrip | None]:
    """The try that counts; None where there is none to judge, which is said."""
    down = stage.migration.down
    if down is None:
        yield _no_down(stage.migration)
        return None
    unusable = next(_unusable(stage, down), None)
    if unusable is not None:
        yield NotApplicable(f"{_called(stage.migration)} cannot be run") if isinstance(unusable, Finding) else unusable
        return None
    trip = examined(stage, settings).trip
    if trip.up.failure is not None:
        yield _not_again(trip)
        return None
    if trip.down is None or trip.down.failure is not None:
        yield NotApplicable(f"{_called(stage.migration)} fails")
        return None
    return trip


def _told_of_data(failure: Failure, stage: Stage, settings: Settings, results: Results) -> bool:
    """Whether the search of existing data reports that the migration fails so."""
    return results.of(_DATA, stage.migration.file) is not None and searched(stage, settings).meets(failure)


def _not_again(trip: RoundTrip) -> Unproven:
    failure = trip.up.failure
    why = f"{failure.location}: {failure.message}" if failure else ""
    return Unproven(f"{trip.up.script.file} could not be applied a second time, on another database: {why}")


def _unusable(stage: Stage, down: Script) -> Iterator[Finding | NotApplicable]:
    """Why a down script is not run at all."""
    if stage.step.run.outcome is not Outcome.APPLIED:
        yield NotApplicable("the migration could not be applied")
        return
    try:
        parts = statements(down)
    except ScriptError as error:
        if down.traced is None:
            yield Finding(f"{_called(stage.migration)} cannot be read: {error.message}", location=error.location)
        else:
            yield _refused(down, unsent(error), f"{_called(stage.migration)} cannot take {stage.migration.file} back")
        return
    if not parts:
        yield Finding(
            f"{_called(stage.migration)} holds no statement: it takes nothing back", location=Location(down.file)
        )
    for part in parts:
        if part.kind in _OUTSIDE:
            said = f"{_called(stage.migration)} {_OUTSIDE[part.kind]}: it was not run"
            yield Finding(said, location=part.location, statement=part.sql, fix="take back only what the migration did")


def _ends_transaction(down: Script) -> Iterator[Finding]:
    """A COMMIT of a transaction that the script has not begun."""
    open_ = False
    for part in statements(down):
        if part.kind != "transaction":
            continue
        kind = syntax.enum_name("TransactionStmtKind", syntax.parse(part.sql)[0].node.kind)
        word = kind.removeprefix("TRANS_STMT_")
        if word in _ENDS and not open_:
            yield Finding(
                f"{down.file} ends a transaction that it has not begun: a tool that runs each file in one transaction "
                "commits what comes before it, and runs what follows without any",
                location=part.location,
                statement=part.sql,
                fix=f"write BEGIN first, or leave {word} to the tool",
                severity=Severity.WARNING,
            )
        open_ = word in ("BEGIN", "START") or (open_ and word not in _ENDS)


def _refused(
    script: Script, failure: Failure, said: str, severity: Severity | None = None, tables: Sequence[str] = ()
) -> Finding:
    finding = refusal(failure, said)
    return replace(
        finding,
        location=failure.location if failure.location.file == script.file else Location(script.file),
        evidence={**finding.evidence, "written": list(tables)} if tables else finding.evidence,
        severity=severity,
    )


def _place(made: tuple[Statement | None, list[Difference]]) -> tuple[bool, int]:
    statement = made[0]
    return (statement is None, statement.location.line or 0) if statement else (True, 0)
