"""Files of one chain that contradict each other: what one creates, and another creates again."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.rules import rule

from ._aside import Meeting, meet
from ._creations import Creation, creations
from ._origin import first_words, origin, place
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
