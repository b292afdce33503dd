"""Files of one chain that contradict each other: what one creates, and another creates again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg

from migrate_validate.chain.creates import Created
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.advice import created_later
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import rule
from migrate_validate.syntax import GrammarError

from ._conflicts.aside import Meeting, meet
from ._conflicts.clobbering import lost
from ._conflicts.creations import Creation, altered_if_there, creations
from ._conflicts.duplicates import taken
from ._conflicts.existing_rows import Clash, clashes, insert_of, rows_written, skips_conflicts
from ._conflicts.loss import Lost
from ._conflicts.origin import Dropped, earlier, events, first_words, is_of, origin, place
from ._conflicts.remedy import plays, remedy
from ._conflicts.repeats import WRITES, repeats, spelled
from ._conflicts.walk import around, walk
from ._shared import count_of, problem


@rule(severity=Severity.ERROR)
def silent_no_op(stage: Stage, timeline: Timeline | None = None) -> Iterator[Result]:
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

    with stage.trial(stage.migration.up, own_rows=True) as trial:

        def before(statement: Statement) -> None:
            met.extend(found for creation in guarded[statement] if (found := meet(trial, creation)))

        walk(trial, stage.migration.up, before)
    for meeting in met:
        yield from _no_op(meeting, _maker(stage, timeline, meeting.creation))


def _may_meet(stage: Stage, creation: Creation) -> bool:
    """Whether the server said something of the statement, or was kept from it, or an earlier one makes the object."""
    runs = stage.step.run.statements
    said = any(run.notices for run in runs if run.statement == creation.statement)
    silenced = any("client_min_messages" in run.statement.sql.lower() for run in runs)
    return said or silenced or origin(stage.chain, creation) is not None


def _maker(stage: Stage, timeline: Timeline | None, creation: Creation) -> Created | None:
    """What made the object; not a statement that met it, too."""
    made = origin(stage.chain, creation)
    if made is None or timeline is None:
        return made
    runs = [run for each in (*timeline.base, *(step.run for step in timeline.steps)) for run in each.statements]
    told = [run.statement for run in runs if run.notices and run.statement.location == made.location]
    met = any([each.guarded for each in creations(statement)] == [True] for statement in told)
    return None if met else made


def _no_op(meeting: Meeting, made: Created | None) -> Iterator[Result]:
    creation, location = meeting.creation, meeting.creation.statement.location
    if creation.kind == "extension" and made is None:
        # Which version comes with a server depends on the server that this is tried on.
        kept = tuple(each for each in meeting.disagreements if not each.text.startswith("version: "))
        meeting = replace(meeting, disagreements=kept)
    if meeting.unproven:
        yield Unproven(f"{location}: {meeting.unproven}", meeting.object)
        return
    there = f"{creation.kind} {meeting.object} is there{f' ({place(made.location)})' if made else ''}"
    lines = [each.text for each in meeting.disagreements]
    if meeting.conflicting:
        with_what, severity = "another definition", None
        fix = "\n".join(each.repair for each in meeting.conflicting if each.repair)
    elif made is not None:
        with_what, severity = "all that is wanted, and more" if lines else "the same definition", Severity.INFO
        fix = "Remove the statement, unless the file is meant for databases that lack the earlier one."
    else:
        return
    yield Finding(
        "\n".join([f"{first_words(creation)} does nothing: {there} with {with_what}", *lines]),
        object=meeting.object,
        location=location,
        statement=creation.statement.sql,
        evidence={"made_by": place(made.location)} if made else {},
        fix=fix,
        severity=severity,
    )


@rule(severity=Severity.WARNING)
def clobbered_definition(stage: Stage) -> Iterator[Result]:
    """Something is created again and loses what an earlier file gave it, without a word in the statement.

    Looked at are CREATE OR REPLACE of functions, procedures, views and triggers, and DROP with CREATE of these and of
    policies: SECURITY DEFINER, settings such as search_path, volatility, STRICT, options of views, privileges and owner
    of what was dropped, also where the arguments are others now; indexes of materialized views; roles and command of
    policies, and conditions that are gone or demand less; WHEN, columns and level of triggers, their events where they
    are replaced, and whether they fire; and a function that replaces nothing because its arguments are others. What
    else the statement writes is taken for wanted.

    Why: what the statement leaves out falls back to the default: rights, safety and plans change, and nobody is told.
    Fix: write the property into the statement, or restore it with ALTER as the finding proposes.
    """
    if stage.step.run.failure is not None:
        yield NotApplicable("the migration failed")
        return
    again = tuple(_created_again(stage))
    if not again:
        yield NotApplicable("nothing that an earlier file made is created again")
        return
    before, after, failed = around(stage)
    if failed is not None:
        yield Unproven(f"applied a second time it failed: {failed.message}", stage.migration.file)
        return
    drops = (event for event in events(stage.migration.up) if isinstance(event, Dropped))
    unwanted = frozenset(drop.name for drop in drops if drop.kind == "index")
    # Of several statements for one object the last one counts.
    last: dict[tuple[str, str], Finding] = {}
    for creation, made, dropped in again:
        for found in lost(creation, before, after, dropped, unwanted):
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
    if stage.step.run.failure is not None:
        yield NotApplicable("the migration failed: conflict-remedy tells what it met")
        return
    skipping = {
        statement: node
        for statement in statements(stage.migration.up)
        if (node := insert_of(statement)) is not None and skips_conflicts(node)
    }
    if not skipping:
        yield NotApplicable("no statement of the file says ON CONFLICT DO NOTHING")
        return
    inserted = {run.statement: run.rows for run in stage.step.run.statements}
    doubtful = {each for each, node in skipping.items() if rows_written(node) != inserted.get(each, -1)}
    if not doubtful:
        return
    results: list[Result] = []
    with stage.trial(stage.migration.up, own_rows=True) as trial:

        def before(statement: Statement) -> None:
            if statement in doubtful:
                try:
                    found = clashes(trial, skipping[statement])
                except (psycopg.Error, GrammarError) as error:
                    cause = problem(error) if isinstance(error, psycopg.Error) else error.message
                    why = f"its rows could not be compared with those that are there: {cause}"
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


@rule(severity=Severity.ERROR)
def conflict_remedy(stage: Stage) -> Iterator[Result]:
    """A chain that stops, and files from there on that create again what is there.

    The file that failed and those after it are tried statement by statement in the state before, whatever fails. Told
    of each file is what contradicts, what is missing, what is redundant, what is new and what fails for other reasons.

    Why: the failure names only the first conflict, and making that statement tolerant hides all others.
    Fix: adapt the file, replace it by an incremental migration, or decide first which definition holds.
    """
    if stage.step.run.failure is None:
        yield NotApplicable("the migration was applied")
        return
    applied = stage.step.applied_before
    found = [(play, told) for play in plays(stage) if (told := remedy(stage.chain, play, applied))]
    if not found:
        yield NotApplicable("it failed for another reason than what earlier files made")
    for play, told in found:
        counts = {
            "contradict": told.contradicts,
            "missing": told.missing,
            "redundant": told.redundant,
            "new": told.new,
        }
        shown = ", ".join(f"{len(each)} {word}" for word, each in counts.items() if each)
        yield Finding(
            f"{play.script.file} repeats what {', '.join(told.made_by) or 'rows of earlier files'} made: {shown}",
            location=told.first.location,
            statement=told.first.sql,
            evidence={
                "contradicts": list(told.contradicts),
                "missing": list(told.missing),
                "redundant": list(told.redundant),
                "not_in_this_file": list(told.beyond),
                "fails_too": list(told.fails_too),
            },
            fix=told.advice,
            severity=Severity.INFO if told.harmless else None,
        )


@rule(severity=Severity.ERROR)
def depends_on_later_file(stage: Stage) -> Iterator[Result]:
    """A statement that needs what only a later file creates.

    Of a migration that failed, and those after it, every statement is tried. In one that was applied, ALTER ... IF
    EXISTS of a table that a later file creates is a warning.

    Why: the files are in the wrong order: the chain stops here, or a change is left out in silence.
    Fix: give the later file an earlier version, or move the statement behind it.
    """
    if stage.step.run.failure is None:
        yield from _altered_too_early(stage)
        return
    for play in plays(stage):
        for statement, failure in play.failed:
            later = created_later(failure, stage.chain, play.script)
            if later is not None:
                yield Finding(
                    f"{failure.message}: only {place(later.location)} creates the {later.kind}, and is applied later",
                    location=failure.location,
                    statement=statement.sql,
                    evidence={"created_by": place(later.location)},
                )


def _altered_too_early(stage: Stage) -> Iterator[Result]:
    for run in stage.step.run.statements:
        relation = altered_if_there(run.statement)
        if relation is None or not run.notices:
            continue
        schema, name = relation
        table = Creation("table", schema, name, run.statement, None)
        later = next(_made_after(stage, table), None)
        if earlier(stage.chain, table) is None and later is not None:
            yield Finding(
                f"the statement does nothing: {name} is not there, only {place(later.location)} creates it",
                location=run.statement.location,
                statement=run.statement.sql,
                evidence={"created_by": place(later.location)},
                severity=Severity.WARNING,
            )


def _made_after(stage: Stage, creation: Creation) -> Iterator[Created]:
    migrations = stage.chain.migrations
    for migration in migrations[migrations.index(stage.migration) + 1 :]:
        for event in events(migration.up):
            if isinstance(event, Created) and is_of(event, creation):
                yield event


@rule(severity=Severity.WARNING)
def repeated_migration(stage: Stage) -> Iterator[Result]:
    """A migration whose statements all stand in an earlier file.

    Statements are compared as parse trees. A file that changes the schema, because something in between had changed it
    as well, is no repetition. One that writes rows again, or fails, is an error.

    Why: it was copied, merged twice or renamed: it does nothing, or it does everything twice.
    Fix: remove the file, or write what it was meant to say.
    """
    first = repeats(stage.chain, stage.migration.up)
    if first is None:
        return
    count = count_of(len(spelled(stage.migration.up)), "statement")
    message = f"{stage.migration.file} repeats {first.file}: it has {count}, and {first.file} has them all"
    location = spelled(stage.migration.up)[0][1].location
    evidence = {"repeats": first.file}
    run = stage.step.run
    if run.failure is not None:
        text = f"{message}; it fails: {run.failure.message}"
        yield Finding(text, location=location, evidence=evidence, severity=Severity.ERROR)
        return
    before, after, failed = around(stage)
    if failed is not None:
        yield Unproven(f"applied a second time it failed: {failed.message}", stage.migration.file)
        return
    written = sum(each.rows or 0 for each in run.statements if each.statement.kind in WRITES)
    if written:
        text = f"{message}; it writes {count_of(written, 'row')} again"
        yield Finding(text, location=location, evidence={**evidence, "rows": written}, severity=Severity.ERROR)
    elif before == after:
        yield Finding(f"{message}; it changes nothing", location=location, evidence=evidence)


@rule(severity=Severity.WARNING)
def duplicate_object(stage: Stage) -> Iterator[Result]:
    """Two files create an object of one name, and none drops it in between.

    Only the files from the one on that failed are looked at: what was applied has proven that its names were free. They
    are tried statement by statement, and the names are looked for before each: what a block or a function has dropped
    is no duplicate.

    Why: the second CREATE fails, or both files describe one object differently.
    Fix: keep one of the two, or change what is there with ALTER.
    """
    if stage.step.run.failure is None:
        yield NotApplicable("the migration was applied: no name was taken")
        return
    for each in taken(stage):
        again, made = each.creation.statement, place(each.made.location)
        what = f"{each.creation.kind} {each.name} is created by {made} and again by {place(again.location)}"
        if each.doubt is not None:
            why = f"{place(each.doubt.location)}, which fails as things are, may free the name: {each.doubt.message}"
            yield Unproven(f"{what}, but {why}")
        else:
            evidence = {"made_by": made}
            yield Finding(what, object=each.name, location=again.location, statement=again.sql, evidence=evidence)
