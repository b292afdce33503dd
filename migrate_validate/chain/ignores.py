"""Comments that silence findings: ours, which must give a reason, and those of squawk.

    -- migrate-validate: ignore unindexed-foreign-key: 40 rows, never deleted
    -- squawk-ignore ban-drop-column, ban-drop-table
    -- squawk-ignore-file

A comment belongs to the statement that it stands in, to the one before it on its line, or else to the next one. What
Python has sent is known by its line alone: there it belongs to all statements of that line.
"""

from __future__ import annotations

import contextlib
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from migrate_validate import syntax
from migrate_validate.chain.creates import created_by
from migrate_validate.chain.model import Chain, Comment, Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, comments, statements
from migrate_validate.findings import Finding, Location

SQUAWK = "squawk:"
"""What the names of squawk's rules begin with here."""

_OURS = re.compile(r"migrate-validate:\s*ignore\b\s*(?P<rest>.*)", re.DOTALL)
_SQUAWK = re.compile(r"squawk-ignore(?P<file>-file)?(?:\s+(?P<names>.*))?", re.DOTALL)
_MARKS = ("migrate-validate:", "squawk-ignore", "\\i")
"""What a script holds that has such a comment, or includes a file that may have one."""
_REASON = re.compile(r":(?:\s|$)")
_CHANGED = ("relation", "table")
"""The fields in which a parsed statement has the relation that it changes."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """One name of a rule in one comment."""

    name: str
    """As written, with ``squawk:`` before a name in a comment of squawk; ``squawk:*`` for all of them."""
    reason: str
    """Empty where the comment gives none: such a comment silences nothing."""
    location: Location
    """Of the comment."""
    statement: Statement | None = None
    """The statement that it belongs to; None: the whole file, or no statement follows."""
    whole_file: bool = False
    of_squawk: bool = False
    """Whether it was written for squawk, which says itself what is wrong with it."""

    def silences(self, finding: Finding) -> bool:
        """Whether it names the finding's rule and the finding is about its statement, its file, or what that made.

        A finding with a line is about a statement, unless its location says otherwise; one with a file and no line is
        about the file; one with neither is about its ``object``, and silenced where the statement creates or changes
        that or its ``table`` (evidence).
        """
        return bool(self.reason) and self._names(finding) and self._covers(finding)

    def _names(self, finding: Finding) -> bool:
        if self.name.endswith("*"):
            return any(name.startswith(self.name[:-1]) for name in finding.names)
        return self.name in finding.names

    def _covers(self, finding: Finding) -> bool:
        where = finding.location
        if where is not None:
            if where.file != self.location.file:
                return False
            about_file = where.whole or where.line is None
            return self.whole_file or about_file or (self.statement is not None and _holds(self.statement, where))
        about = [name for name in (finding.object, finding.evidence.get("table")) if name]
        return self.statement is not None and any(_makes(self.statement, name) for name in about)


def ignores(chain: Chain) -> tuple[Ignore, ...]:
    """All ignore comments of a chain, in the order of its scripts."""
    together: dict[object, list[Script]] = {}
    for script in chain.all_scripts:
        # Both ways of a migration in Python see the same comments.
        together.setdefault(script.file if script.traced else script, []).append(script)
    return tuple(found for scripts in together.values() for found in _ignores_of(tuple(scripts)))


def statement_at(script: Script, place: Location) -> Statement | None:
    """The statement of a script that holds a place; None: it stands between them, or the script cannot be cut."""
    own = _in_order(script)
    position = bisect_right(own, (place.line or 1, place.column or sys.maxsize), key=lambda each: _place(each.location))
    before = own[position - 1] if position else None
    return before if before and _holds(before, place) else None


@lru_cache(maxsize=2048)
def _in_order(script: Script) -> tuple[Statement, ...]:
    """The statements that stand in the file itself, not in one that it includes."""
    try:
        return tuple(each for each in statements(script) if each.location.file == script.file)
    except ScriptError:
        return ()


@lru_cache(maxsize=2048)
def _ignores_of(scripts: tuple[Script, ...]) -> tuple[Ignore, ...]:
    """Those of scripts that have the same comments."""
    if not any(mark in scripts[0].text for mark in _MARKS):
        return ()
    cut: list[Statement] = []
    for script in scripts:
        with contextlib.suppress(ScriptError):  # what is wrong with it is reported, and nothing of it can be silenced
            cut += statements(script)
    try:
        said = comments(scripts[0])
    except ScriptError:
        return ()
    cut.sort(key=lambda each: _place(each.location))
    return tuple(found for comment in said for found in _read(comment, cut))


def _read(comment: Comment, cut: Sequence[Statement]) -> Iterator[Ignore]:
    if ours := _OURS.fullmatch(comment.text):
        names, _, reason = _split(ours["rest"])
        for name in _names(names) or [""]:
            for statement in _statements_of(comment, cut):
                yield Ignore(name, " ".join(reason.split()), comment.location, statement)
    elif theirs := _SQUAWK.fullmatch(comment.text):
        whole = bool(theirs["file"])
        for name in _names(theirs["names"] or "") or (["*"] if whole else []):
            reason = "squawk-ignore-file" if whole else "squawk-ignore"
            for statement in [None] if whole else _statements_of(comment, cut):
                yield Ignore(f"{SQUAWK}{name}", reason, comment.location, statement, whole, of_squawk=True)


def _split(text: str) -> tuple[str, str, str]:
    """The names and the reason: a colon inside the name of another tool's rule has no blank behind it."""
    mark = _REASON.search(text)
    return (text[: mark.start()], ":", text[mark.end() :]) if mark else (text, "", "")


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", text) if name]


def _statements_of(comment: Comment, cut: Sequence[Statement]) -> Sequence[Statement | None]:
    """The statement that it belongs to, and others that Python has sent from the same line; None: there is none.

    :param cut: in the order of their places
    """
    near = [each for each in cut if each.location.file == comment.location.file]
    here = _place(comment.location)
    inside = [each for each in near if _place(each.location) <= here <= _end(each)]
    before = [each for each in near if not comment.leading and _place(each.location) < here]
    after = [each for each in near if _place(each.location) > here]
    chosen = next(iter([*inside, *before[-1:], *after]), None)
    if chosen is None or chosen.location.column is not None:
        return [chosen]
    return [each for each in near if each.location == chosen.location]


def _place(location: Location) -> tuple[int, int]:
    return location.line or 1, location.column or 1


def _end(statement: Statement) -> tuple[int, int]:
    """Line and column of its last character; the end of its line where that is all that is known of its place."""
    line, column = _place(statement.location)
    if statement.location.column is None:
        return line, sys.maxsize
    lines = statement.sql.split("\n")
    return line + len(lines) - 1, len(lines[-1]) + (column - 1 if len(lines) == 1 else 0)


def _holds(statement: Statement, where: Location) -> bool:
    if statement.location.file != where.file or where.line is None:
        return False
    start, end = _place(statement.location), _end(statement)
    return start[0] <= where.line <= end[0] if where.column is None else start <= (where.line, where.column) <= end


def _makes(statement: Statement, name: str) -> bool:
    """Whether a statement creates or changes the object of this name, ``schema.name`` or ``schema.table.column``."""
    return any(_same(schema, own, name) for schema, own in _objects(statement))


@lru_cache(maxsize=4096)
def _objects(statement: Statement) -> tuple[tuple[str | None, str], ...]:
    """What it creates or changes: the schema, where it names one, and the name; a column as ``table.column``."""
    found = [
        (each.schema, f"{each.table}.{each.name}" if each.kind == "column" else each.name)
        for each in created_by(statement)
    ]
    if statement.kind != UNPARSED:
        node = syntax.parse(statement.sql)[0].node
        relations: list[syntax.Node] = [getattr(node, field, None) for field in _CHANGED]
        named = [relation for relation in relations if syntax.node_name(relation) == "RangeVar"]
        found += [(relation.schemaname or None, relation.relname) for relation in named]
    return tuple(found)


def _same(schema: str | None, own: str, name: str) -> bool:
    return name == f"{schema}.{own}" if schema else own in (name, name.partition(".")[2])
