"""Files of one chain that contradict each other: what one creates, and another creates again."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from migrate_validate.chain.creates import Created
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.rules import rule

from ._aside import Meeting, meet
from ._clobbering import Lost, lost
from ._creations import Creation, creations
from ._existing_rows import Clash, clashes, insert_of, rows_written, skips_conflicts
from ._origin import Dropped, earlier, events, first_words, is_of, origin, place
from ._shared import count_of, problem
from ._walk import walk


@rule(severity=Severity.ERROR)
def silent_no_op(stage: Stage) -> Iterator[Result]:
    """IF NOT EXISTS met an object of that name with another definition.

    What the statement would have made is made for real, aside, and compared with what is there. A DO block that
    creates where something is not there yet, or catches the error, counts as well. The same definition, or one that
    has all that is wanted and more, is an info.

    Why: PostgreSQL compares names, never definitions: the schema is not what the file says, and nobody is told.
    Fix: change what is there with ALTER, as the finding proposes, or remove the statement.
    """
    if stage.step.run.failure is not None:
        yield NotApplicable("the migration failed: conflict-remedy tells what it met")
        return
    guarded = {
        statement: tuple(creation for creation in creations(statement) if creation.guarded)
        for statement in statements(stage.migration.up)
    }
    if not any(guarded.values()):
        yield NotApplicable("nothing in the file is created under the condition that it is not there")
        return
    if not any(_may_meet(stage, creation) for found in guarded.values() for creation in found):
        return
    met: list[Meeting] = []

    with stage.trial(stage.migration.up) as trial:

        def before(statement: Statement) -> None:
            met.extend(found for creation in guarded[statement] if (found := meet(trial, creation)))

        walk(trial, stage.migration.up, before)
    for meeting in met:
        yield from _no_op(stage, meeting)


def _may_meet(stage: Stage, creation: Creation) -> bool:
    """Whether the server said something of the statement, or an earlier one of the chain makes such an object."""
    said = any(run.notices for run in stage.step.run.statements if run.statement == creation.statement)
    return said or origin(stage.chain, creation) is not None


def _no_op(stage: Stage, meeting: Meeting) -> Iterator[Result]:
    creation, location = meeting.creation, meeting.creation.statement.location
    if meeting.unproven:
        yield Unproven(f"{location}: {meeting.unproven}", meeting.object)
        return
    made = origin(stage.chain, creation)
    there = f"{creation.kind} {meeting.object} is there{f' ({place(made.location)})' if made else ''}"
    evidence = {"made_by": place(made.location)} if made else {}
    if meeting.conflicting:
        lines = [each.text for each in meeting.disagreements]
        yield Finding(
            "\n".join([f"{first_words(creation)} does nothing: {there} with another definition", *lines]),
            object=meeting.object,
            location=location,
            statement=creation.statement.sql,
            evidence=evidence,
            fix="\n".join(each.repair for each in meeting.conflicting if each.repair),
        )
    elif made is not None:
        lines = [each.text for each in meeting.disagreements]
        more = " with all that is wanted, and more" if lines else " with the same definition"
        yield Finding(
            "\n".join([f"{first_words(creation)} does nothing: {there}{more}", *lines]),
            object=meeting.object,
            location=location,
            statement=creation.statement.sql,
            evidence=evidence,
            severity=Severity.INFO,
            fix="Remove the statement, unless the file is meant for databases that lack the earlier one.",
        )


@rule(severity=Severity.WARNING)
def clobbered_definition(stage: Stage) -> Iterator[Result]:
    """Something is created again and loses what an earlier file gave it, without a word in the statement.

    Looked at are CREATE OR REPLACE of functions, procedures, views and triggers, and DROP with CREATE of these and of
    policies: SECURITY DEFINER, settings such as search_path, volatility, STRICT, options of views, privileges and owner
    of what was dropped, roles and command of policies, whether a trigger fires; and a function that replaces nothing
    because its arguments are others. What the statement writes is taken for wanted.

    Why: what the statement leaves out falls back to the default: rights, safety and plans change, and nobody is told.
    Fix: write the property into the statement, or restore it with ALTER as the finding proposes.
    """
    again = tuple(_created_again(stage))
    if not again:
        yield NotApplicable("nothing that an earlier file made is created again")
        return
    if stage.step.run.failure is not None:
        yield NotApplicable("the migration failed")
        return
    with stage.trial(stage.migration.up) as trial:
        before = trial.catalog()
        run = trial.apply(stage.migration.up)
        if run.failure is not None:
            yield Unproven(f"applied a second time it failed: {run.failure.message}", stage.migration.file)
            return
        after = trial.catalog()
    # Of several statements for one object the last one counts.
    last: dict[tuple[str, str], Finding] = {}
    for creation, made, dropped in again:
        for found in lost(creation, before, after, dropped):
            last[found.object, found.text] = _clobbered(creation, place(made.location), found)
    yield from last.values()


def _created_again(stage: Stage) -> Iterator[tuple[Creation, Created, bool]]:
    """What a file replaces, or drops and creates: the creation, what made it before, and whether it is dropped."""
    script = stage.migration.up
    drops = [event for event in events(script) if isinstance(event, Dropped)]
    for statement in statements(script):
        for creation in creations(statement):
            dropped = any(is_of(drop, creation) for drop in drops)
            if creation.kind in ("function", "view", "materialized view", "trigger", "policy") and (
                creation.replaces or dropped
            ):
                made = earlier(stage.chain, creation)
                if made is not None:
                    yield creation, made, dropped


def _clobbered(creation: Creation, made: str, found: Lost) -> Finding:
    what = f"policy {creation.name} on" if creation.kind == "policy" else creation.kind
    what = f"trigger {creation.name} on" if creation.kind == "trigger" else what
    return Finding(
        f"{what} {found.object} is created again and loses what it had since {made}: {found.text}",
        object=found.object,
        location=creation.statement.location,
        statement=creation.statement.sql,
        evidence={"made_by": made},
        fix=found.fix,
        severity=found.severity,
    )


@rule(severity=Severity.WARNING)
def on_conflict_skipped_rows(stage: Stage) -> Iterator[Result]:
    """ON CONFLICT DO NOTHING skipped rows that are there with other values.

    The rows of the INSERT are compared with those that have the same key, in the columns that the statement names.
    Values that are new each time, such as now(), are left out.

    Why: the file says that the row has these values, and it has others; a database without the row gets other data.
    Fix: write what is meant: ON CONFLICT ... DO UPDATE SET, or an UPDATE, or leave the columns out.
    """
    skipping = {
        statement: node
        for statement in statements(stage.migration.up)
        if (node := insert_of(statement)) is not None and skips_conflicts(node)
    }
    if not skipping:
        yield NotApplicable("no statement of the file says ON CONFLICT DO NOTHING")
        return
    if stage.step.run.failure is not None:
        yield NotApplicable("the migration failed: conflict-remedy tells what it met")
        return
    inserted = {run.statement: run.rows for run in stage.step.run.statements}
    doubtful = {each for each, node in skipping.items() if rows_written(node) != inserted.get(each, -1)}
    if not doubtful:
        return
    results: list[Result] = []
    with stage.trial(stage.migration.up) as trial:

        def before(statement: Statement) -> None:
            if statement in doubtful:
                try:
                    found = clashes(trial, skipping[statement])
                except psycopg.Error as error:
                    why = f"its rows could not be compared with those that are there: {problem(error)}"
                    results.append(Unproven(f"{statement.location}: {why}"))
                else:
                    results.extend(_skipped(statement, clash) for clash in found if clash.different)

        walk(trial, stage.migration.up, before)
    yield from results


def _skipped(statement: Statement, clash: Clash) -> Finding:
    rows = f"{count_of(clash.different, 'row')} of {clash.table}"
    return Finding(
        "\n".join([f"ON CONFLICT DO NOTHING skips {rows}, there with other values ({clash.index})", *clash.samples]),
        object=clash.table,
        location=statement.location,
        statement=statement.sql,
        evidence={"index": clash.index, "different": clash.different, "same": clash.same},
    )
