"""What is told of a migration that was changed after it could be applied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import PurePosixPath

from migrate_validate.chain.model import Migration, Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, Location, Severity
from migrate_validate.git.changes import Change
from migrate_validate.git.comparing import meanings
from migrate_validate.git.history import Changed, History

from .tools import tool_of


def all_gone(history: History) -> Finding | None:
    """One finding where another chain stands in the place of the old one; None: there is something left of it."""
    base = history.base.chain.migrations if history.base.chain else ()
    gone = [each.before for each in history.changes if each.after is None]
    if len(base) < 2 or len(gone) < len(base):
        return None
    tool = tool_of(history.chain.format)
    says = tool.says(tool.removed) or "databases that have applied them keep what they made"
    return Finding(
        f"all {len(gone)} migrations that {history.named} has are gone, from {gone[0].file} to {gone[-1].file}: {says}",
        location=Location(gone[0].file),
        evidence={"base": history.base.commit},
        fix="see that every database that has applied them takes the new ones for applied, too",
    )


def edited(history: History, changed: Changed) -> Iterator[Finding]:
    """The findings about one migration."""
    before, after = changed.before, changed.after
    if after is None:
        yield _removed(history, before)
        return
    if changed.renamed:
        yield from _renamed(history, before, after)
    if changed.up is Change.STATEMENTS:
        yield _edited(history, before, after)
    elif changed.up is Change.WRITING and not (changed.down is Change.STATEMENTS and _in_one_file(after)):
        yield _rewritten(history, after)
    if changed.down is Change.STATEMENTS:
        yield _down(history, before, after)
    for name in changed.companions:
        file = str(PurePosixPath(after.file).parent / name)
        yield Finding(
            f"{file}, beside {after.file}, is not what it is in {history.named}",
            location=Location(file),
            severity=Severity.INFO,
        )


def _in_one_file(migration: Migration) -> bool:
    return migration.down is not None and migration.down.file == migration.up.file


def _removed(history: History, before: Migration) -> Finding:
    tool = tool_of(history.chain.format)
    says = tool.says(tool.removed) or "databases that have applied it keep what it made"
    return Finding(
        f"{before.file} is gone, and {history.named} has it: {says}",
        location=Location(before.file),
        evidence={"base": history.base.commit, "version": before.version},
        fix=_restored(history, before, "undo what it did in a new migration"),
    )


def _renamed(history: History, before: Migration, after: Migration) -> Iterator[Finding]:
    again = before.version != after.version or history.by_name
    if again and history.chain.format == "sqitch":
        return  # The scripts of a change that is reworked move away; the plan still has it.
    says = "databases that have applied it take it for a new one, and apply it again" if again else "it does the same"
    was, now = Location(before.file).path, Location(after.file).path
    back = f"git mv {now} {was}" if was != now else f"in {now}"
    yield Finding(
        f"{before.file}, which {history.named} has, is called {after.file} now: {says}",
        location=Location(after.file),
        evidence={"base": history.base.commit, "before": before.file},
        severity=Severity.WARNING if again else Severity.INFO,
        fix=f"give it its name back: {back}" if again else "",
    )


def _edited(history: History, before: Migration, after: Migration) -> Finding:
    was, now = _first_difference(before.up, after.up)
    place = now.location if now else Location(after.file)
    tool = tool_of(history.chain.format)
    return Finding(
        f"{after.file} is not what it is in {history.named}: {tool.says(tool.edited)}",
        location=place,
        statement=now.sql if now else None,
        evidence={"base": history.base.commit, "was": was.sql if was else None},
        fix=_restored(history, before, "put the change into a new migration"),
    )


def _rewritten(history: History, after: Migration) -> Finding:
    tool = tool_of(history.chain.format)
    says = tool.says(tool.edited) if tool.checks_text else "its statements are the same"
    return Finding(
        f"{after.file} is written otherwise than in {history.named}, in comments, blanks or the case of words: {says}",
        location=Location(after.file),
        evidence={"base": history.base.commit},
        severity=Severity.WARNING if tool.checks_text else Severity.INFO,
    )


def _down(history: History, before: Migration, after: Migration) -> Finding:
    script = after.down or before.down
    assert script is not None
    what = "is new" if before.down is None else "is gone" if after.down is None else "is not what it is"
    where = f"{history.named} has none" if before.down is None else f"in {history.named}"
    joined = ", and " if before.down is None else ": it stands " if after.down is None else " "
    return Finding(
        f"the way back of {after.file} {what}{joined}{where}",
        location=Location(script.file),
        evidence={"base": history.base.commit},
        severity=Severity.INFO,
    )


def _restored(history: History, before: Migration, instead: str) -> str:
    return f"restore the file as it is in {history.base.commit[:12]} ({before.file}), and {instead}"


def _first_difference(before: Script, after: Script) -> tuple[Statement | None, Statement | None]:
    """The first statements that are not the same, before and after; None: there was, or is, none left."""
    if after.traced is not None:
        return None, None
    try:
        old, new = (
            zip(statements(before), meanings(before), strict=True),
            zip(statements(after), meanings(after), strict=True),
        )
    except ScriptError:
        return None, None
    nothing = (None, None)
    for (was, its), (now, mine) in zip_longest(old, new, fillvalue=nothing):
        if its != mine:
            return was, now
    return None, None
