"""What a file that cannot be applied has in common with those before it, and what would be left to do."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.creates import Created
from migrate_validate.chain.model import Chain, Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial

from .._shared import count_of
from .aside import Meeting, meet, twin
from .creations import Creation, creations
from .differing import Disagreement
from .existing_rows import Clash, clashes, insert_of, overwrites, skips_conflicts
from .origin import Dropped, earlier, events, is_of, place
from .repeats import Repeated, repeated_update
from .walk import walk

_STATES = frozenset({"alter_table", "alter_owner", "alter_function", "alter_policy", "comment", "grant"})
"""Kinds that say how something is to be, and do nothing where it is so."""
_LENGTH = 80
"""Characters of a statement that a line shows."""
_NO_WORK = frozenset({"variable_set", "transaction"})
DUPLICATES = frozenset({"42P07", "42710", "42701", "42723", "42P06"})
"""SQLSTATEs that say that something is there already: relation, object, column, function, schema."""


@dataclass(slots=True)
class Play:
    """One file, each of its statements tried in the state that those before it left."""

    script: Script
    meetings: list[Meeting] = field(default_factory=list)
    rows: list[tuple[Statement, Clash]] = field(default_factory=list)
    updates: list[Repeated] = field(default_factory=list)
    failed: tuple[tuple[Statement, Failure], ...] = ()
    without_effect: list[Statement] = field(default_factory=list)
    """Statements that say how something is that is so already."""


def plays(stage: Stage) -> tuple[Play, ...]:
    """The file that failed and those after it, tried statement by statement in the state before it; done once."""
    return stage.once("conflicts", lambda: _plays(stage))


def _plays(stage: Stage) -> tuple[Play, ...]:
    migrations = stage.chain.migrations
    scripts = [each.up for each in migrations[migrations.index(stage.migration) :]]
    with stage.trial(*scripts) as trial:
        found = []
        for script in scripts:
            with contextlib.suppress(ScriptError):
                found.append(_play(trial, stage.chain, script))
            if trial.connection.closed:
                break
    return tuple(found)


def _play(trial: Trial, chain: Chain, script: Script) -> Play:
    play = Play(script)
    catalogs: dict[Statement, Catalog] = {}

    def before(statement: Statement) -> None:
        for creation in creations(statement):
            met = meet(trial, creation) or twin(trial, creation)
            if met is not None:
                play.meetings.append(met)
        insert = insert_of(statement)
        if insert is not None and not overwrites(insert):
            # What it needs may be missing: then it fails by itself.
            with contextlib.suppress(psycopg.Error, syntax.GrammarError):
                play.rows += [(statement, clash) for clash in clashes(trial, insert)]
        repeated = repeated_update(trial.connection, chain, statement)
        if repeated is not None:
            play.updates.append(repeated)

        if statement.kind in _STATES:
            catalogs[statement] = trial.catalog()

    def after(statement: Statement) -> None:
        if statement in catalogs and trial.catalog() == catalogs.pop(statement):
            play.without_effect.append(statement)

    play.failed = walk(trial, script, before, after)
    play.without_effect = [each for each in play.without_effect if each not in dict(play.failed)]
    undone = [statement.location for statement, _ in play.failed]
    drops = [event for event in events(script) if isinstance(event, Dropped) and event.location in undone]
    play.meetings = [met for met in play.meetings if not any(is_of(drop, met.creation) for drop in drops)]
    return play


@dataclass(frozen=True, slots=True)
class Remedy:
    """What of a file is there, what is missing, what contradicts, and what can be done."""

    first: Statement
    """The first statement that meets what is there."""
    made_by: tuple[str, ...]
    """Files that made what is there."""
    contradicts: tuple[str, ...]
    missing: tuple[str, ...]
    redundant: tuple[str, ...]
    beyond: tuple[str, ...]
    """What is there, and the file does not speak of."""
    fails_too: tuple[str, ...]
    """Statements that fail for another reason."""
    new: tuple[int, ...]
    """Lines of statements that meet nothing and work."""
    harmless: bool
    """Nothing contradicts or is missing, and whatever is redundant is guarded."""
    advice: str


def remedy(chain: Chain, play: Play, applied: Collection[str]) -> Remedy | None:
    """What can be done about a file; None where it meets nothing that an earlier file made.

    :param applied: the files that were applied
    """
    met = [each for each in play.meetings if _made(chain, each, applied) is not None]
    places = {each.creation.statement for each in met} | {statement for statement, _ in play.rows}
    places |= {each.statement for each in play.updates}
    # OR REPLACE and an UPDATE of columns that were updated before are usual: alone they are no conflict.
    if not play.rows and all(each.creation.replaces for each in met):
        return None
    failed = dict(play.failed)
    contradicts, missing, redundant, beyond = [], [], [], []
    repairs, guarded = _Repairs(), True
    for each in met:
        told = _where(chain, each, applied)
        contradicts += [f"{told}: {_point(each, one)}" for one in each.disagreements if one.kind == "changed"]
        missing += [f"{told}: {_point(each, one)}" for one in each.disagreements if one.kind == "missing"]
        if each.conflicting:
            beyond += [f"{told}: {_point(each, one)}" for one in each.disagreements if one.kind == "extra"]
        else:
            redundant.append(_redundant(each, told))
            guarded = guarded and (each.creation.guarded or each.creation.replaces or bool(each.other_name))
        if each.unproven:
            contradicts.append(f"{told}: {each.unproven}")
        repairs.take(each)
    for creation in _unmet(play, met):
        line = f"line {creation.statement.location.line}"
        missing.append(f"{line}: {creation.kind} {creation.name} missing: the statement fails for what is there")
        repairs.adding[f"{syntax.sql_of(creation.node)};"] = None
    for statement, clash in play.rows:
        line = f"line {statement.location.line}"
        if clash.different:
            rows = count_of(clash.different, "row")
            text = f"{line}: {rows} of {clash.table} there with other values ({clash.index})"
            contradicts.append("\n".join([text, *(f"  {sample}" for sample in clash.samples)]))
        if clash.same:
            redundant.append(f"{line}: {count_of(clash.same, 'row')} of {clash.table} there already ({clash.index})")
    quiet = [each for each in play.without_effect if each not in places]
    redundant += [f"line {each.location.line}: {_words(each)}: so already" for each in quiet]
    for update in play.updates:
        (contradicts if update.changed else redundant).append(str(update))
    fails_too = tuple(
        f"line {why.location.line}: {why.message}" for why in failed.values() if why.sqlstate not in DUPLICATES
    )
    untouched = [each for each in statements(play.script) if each not in {*places, *failed, *quiet}]
    new = tuple(dict.fromkeys(each.location.line or 0 for each in untouched if each.kind not in _NO_WORK))
    first = min(places, key=lambda each: (each.location.line or 0, each.location.column or 0))
    return Remedy(
        first,
        _makers(chain, play, met, applied),
        _by_line(contradicts),
        _by_line(missing),
        _by_line(redundant),
        _by_line(beyond),
        fails_too,
        new,
        guarded and not contradicts and not missing and all(skips_conflicts(insert_of(each)) for each, _ in play.rows),
        "\n".join(_advice(play.script.file, contradicts, missing, redundant, new, repairs)),
    )


def _unmet(play: Play, met: Sequence[Meeting]) -> Iterator[Creation]:
    """What a statement would have created as well, had it not failed because another part of it is there."""
    failed = {statement for statement, why in play.failed if why.sqlstate in DUPLICATES}
    there = {(each.creation.statement, each.creation.kind, each.creation.name) for each in met}
    for statement in dict.fromkeys(each.creation.statement for each in met if each.creation.statement in failed):
        for creation in creations(statement):
            if (statement, creation.kind, creation.name) not in there:
                yield creation


def _by_line(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(told, key=lambda text: int(text.split()[1].rstrip(":"))))


def _made(chain: Chain, met: Meeting, applied: Collection[str]) -> Created | None:
    """The statement of an earlier file that made what a creation meets, or the table that it belongs to."""
    wanted = met.creation
    if met.other_name:
        wanted = replace(wanted, name=met.other_name.rpartition(".")[2])
    return earlier(chain, wanted, applied) or (
        earlier(chain, replace(wanted, kind="table", name=wanted.table, table=None), applied) if wanted.table else None
    )


def _words(statement: Statement) -> str:
    words = " ".join(statement.sql.split())
    return words if len(words) <= _LENGTH else f"{words[:_LENGTH]} ..."


def _makers(chain: Chain, play: Play, met: Sequence[Meeting], applied: Collection[str]) -> tuple[str, ...]:
    found = [made.location.file for each in met if (made := _made(chain, each, applied))]
    found += [each.made.file for each in play.updates]
    return tuple(dict.fromkeys(found))


def _where(chain: Chain, met: Meeting, applied: Collection[str]) -> str:
    made = _made(chain, met, applied)
    by = f" ({place(made.location)})" if made else ""
    return f"line {met.creation.statement.location.line}: {met.creation.kind} {met.object}{by}"


def _point(met: Meeting, each: Disagreement) -> str:
    """A disagreement where the object has been named already."""
    return each.text.removeprefix(f"{met.creation.name}: ")


def _redundant(met: Meeting, told: str) -> str:
    if met.other_name:
        return f"{told}: {met.other_name} does the same"
    extra = "; ".join(_point(met, each) for each in met.disagreements)
    return f"{told}: there with all that is wanted, and more: {extra}" if extra else f"{told}: there already"


class _Repairs:
    """The statements that make what is there into what a file wants."""

    def __init__(self) -> None:
        self.adding: dict[str, None] = {}
        self.changing: dict[str, None] = {}

    def take(self, met: Meeting) -> None:
        for each in met.conflicting:
            if each.repair:
                (self.adding if each.kind == "missing" else self.changing)[each.repair] = None
            elif met.creation.replaces or each.kind == "changed":
                self.changing[f"-- line {met.creation.statement.location.line}: {each.text}"] = None


def _advice(
    file: str,
    contradicts: Sequence[str],
    missing: Sequence[str],
    redundant: Sequence[str],
    new: Sequence[int],
    repairs: _Repairs,
) -> Iterator[str]:
    if not contradicts and not missing:
        yield f"Adapt {file}: {'remove what is redundant' if new else 'remove it, all of it is there'}."
    elif not contradicts:
        yield f"Replace {file} by an incremental migration that adds only what is missing:"
    else:
        yield f"Decide which definition holds, then replace {file} by an incremental migration."
    yield from repairs.adding
    if repairs.changing:
        yield "-- Only where this file is right, and the earlier one is not:"
        yield from repairs.changing
    if new:
        yield f"-- Keep what is new: {_lines(new)}."
    if redundant and (contradicts or missing):
        yield "-- Leave out what is redundant."


def _lines(numbers: Iterable[int]) -> str:
    shown = ", ".join(map(str, numbers))
    return f"lines {shown}" if "," in shown else f"line {shown}"
