"""How goose cuts a file: line by line, by its annotations and by semicolons at the ends of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migrate_validate.chain.formats.envsub import Lookup, SubstitutionError, substitute
from migrate_validate.chain.formats.lines import AnnotationError, Unfinished, ends_statement
from migrate_validate.chain.formats.queries import Query

UP, DOWN = "Up", "Down"
_MARK = "+goose"
_BEGIN, _END = "StatementBegin", "StatementEnd"
_NO_TRANSACTION, _ENVSUB_ON, _ENVSUB_OFF = "NO TRANSACTION", "ENVSUB ON", "ENVSUB OFF"
_ANNOTATIONS = {name.lower(): name for name in (UP, DOWN, _BEGIN, _END, _NO_TRANSACTION, _ENVSUB_ON, _ENVSUB_OFF)}


@dataclass
class Sections:
    """What goose makes of a file."""

    queries: dict[str, list[Query]] = field(default_factory=lambda: {UP: [], DOWN: []})
    """By direction, in order."""
    down: int | None = None
    """The line of the annotation Down; None where there is none."""
    transaction: bool = True
    """Whether each direction is one transaction."""
    lines: list[str] = field(default_factory=list)
    """Of the file, without their ends, variables replaced."""


def cut(text: str, lookup: Lookup) -> Sections:
    """Cut the text of a file.

    :param lookup: the values of variables of the environment
    :raises AnnotationError: where goose refuses it
    """
    cutter = _Cutter(lookup)
    lines = text.split("\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        cutter.take(number, line.removesuffix("\r"))
    return cutter.finished()


class _Cutter:
    """Takes one line after the other."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found = Sections()
        self._direction = ""
        self._block = 0  # the line of the StatementBegin that is open
        self._after_empty_block = False
        self._substitutes = False
        self._open = Unfinished()

    def take(self, number: int, line: str) -> None:
        """Take the next line."""
        annotation = _annotation(number, line)
        if annotation:
            self._obey(number, annotation)
            self._found.lines.append(line)
            return
        comment = line.strip().startswith("--")
        if not self._direction and line.strip() and not comment:
            raise AnnotationError(number, f"SQL before the first `-- {_MARK} {UP}`")
        if not self._open and (comment or not line or not self._direction):
            self._found.lines.append(line)
            return
        if self._after_empty_block and line.strip():
            said = f"goose loses this line: it follows a {_BEGIN} and {_END} with nothing between them"
            raise AnnotationError(number, said)
        self._after_empty_block = False
        line = self._substituted(number, line)
        self._open.add(number, line)
        self._found.lines.append(line)
        if not self._block and ends_statement(line):
            self._flush()

    def finished(self) -> Sections:
        """The whole, when all lines were taken."""
        if not self._direction:
            raise AnnotationError(1, f"no annotation `-- {_MARK} {UP}`")
        if self._block:
            raise AnnotationError(self._block, f"{_BEGIN} without a {_END}")
        self._open.leave("the end of the file")
        return self._found

    def _obey(self, number: int, annotation: str) -> None:
        if annotation == UP:
            if self._direction:
                raise AnnotationError(number, f"a second `-- {_MARK} {UP}`, or one after `-- {_MARK} {DOWN}`")
            self._direction = UP
        elif annotation == DOWN:
            if self._direction != UP or self._block:
                why = f"inside of the {_BEGIN} of line {self._block}" if self._block else "not after one section Up"
                raise AnnotationError(number, f"`-- {_MARK} {DOWN}` {why}")
            self._open.leave(f"line {number}")
            self._direction, self._found.down, self._after_empty_block = DOWN, number, False
        elif annotation == _BEGIN:
            if not self._direction or self._block:
                why = f"inside of the one of line {self._block}" if self._block else f"before `-- {_MARK} {UP}`"
                raise AnnotationError(number, f"{_BEGIN} {why}")
            self._block, self._after_empty_block = number, False
        elif annotation == _END:
            if not self._block:
                raise AnnotationError(number, f"{_END} without a {_BEGIN}")
            self._block, self._after_empty_block = 0, not self._open
            self._flush()
        elif annotation == _NO_TRANSACTION:
            self._found.transaction = False
        else:
            self._substitutes = annotation == _ENVSUB_ON

    def _substituted(self, number: int, line: str) -> str:
        if not self._substitutes:
            return line
        try:
            return substitute(line, self._lookup)
        except SubstitutionError as error:
            raise AnnotationError(number, f"ENVSUB: {error.message}") from None

    def _flush(self) -> None:
        if self._open:
            self._found.queries[self._direction].append(self._open.end())


def _annotation(number: int, line: str) -> str:
    """The annotation that a line is, as goose spells it; empty for any other line."""
    if not line.strip().startswith("--") or _MARK not in line:
        return ""
    if line[0] in " \t":
        raise AnnotationError(number, "an annotation has to begin at the beginning of its line")
    words = line.replace("--", "").replace(_MARK, "", 1).strip()
    name = _ANNOTATIONS.get(words.lower())
    if name is None:
        known = ", ".join(_ANNOTATIONS.values())
        raise AnnotationError(number, f"goose knows no annotation {words!r}, only {known}")
    return name


STARTS = re.compile(rf"^--.*{re.escape(_MARK)}\s+Up\s*$", re.IGNORECASE | re.MULTILINE)
"""By what a file is known as goose's."""
