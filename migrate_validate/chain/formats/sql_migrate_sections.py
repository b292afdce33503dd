"""How sql-migrate cuts a file: line by line, by its annotations and by semicolons at the ends of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migrate_validate.chain.formats.lines import AnnotationError, Unfinished, ends_statement
from migrate_validate.chain.formats.queries import Query

UP, DOWN = "Up", "Down"
STARTS = re.compile(r"^-- \+migrate (?:Up|Down)\b", re.MULTILINE)
"""By what a file is known as sql-migrate's."""
_MARK = "-- +migrate "
_ANY_MARK = "-- +"
_COMMENT = "-- "
_BEGIN, _END = "StatementBegin", "StatementEnd"
_NO_TRANSACTION = "notransaction"


@dataclass
class Direction:
    """What is sent to go one way."""

    queries: list[Query] = field(default_factory=list)
    transaction: bool = True
    lines: list[range] = field(default_factory=list)
    """Of the file, counted from 1; empty where the file says nothing of this direction."""


def cut(text: str) -> dict[str, Direction]:
    """Both directions of a file.

    :raises AnnotationError: where sql-migrate refuses it
    """
    cutter = _Cutter()
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        cutter.take(number, line.removesuffix("\r"))
    return cutter.finished()


class _Cutter:
    """Takes one line after the other."""

    def __init__(self) -> None:
        self._found = {UP: Direction(), DOWN: Direction()}
        self._direction = ""
        self._since = 1
        self._number = 0
        self._block = 0  # the line of the StatementBegin that is open
        self._open = Unfinished()

    def take(self, number: int, line: str) -> None:
        """Take the next line."""
        self._number = number
        ended = False
        if line.startswith(_MARK):
            ended = self._obey(line.removeprefix(_MARK).split())
        elif line.startswith(_COMMENT) and not line.startswith(_ANY_MARK):
            # Also inside of bodies and strings: sql-migrate takes them out.
            return
        if not self._direction:
            return
        if not line.startswith(_ANY_MARK):
            self._open.add(number, line)
        if ended or (not self._block and ends_statement(line)):
            self._found[self._direction].queries.append(self._open.end())

    def finished(self) -> dict[str, Direction]:
        """The whole, when all lines were taken."""
        if self._block:
            raise AnnotationError(self._block, f"{_BEGIN} without a {_END}")
        if not self._direction:
            raise AnnotationError(1, f"no annotation `{_MARK}{UP}` or `{_MARK}{DOWN}`")
        self._open.leave("the end of the file")
        self._leave(self._number + 1)
        return self._found

    def _obey(self, words: list[str]) -> bool:
        """Do what an annotation says; whether it ends a statement. One that sql-migrate does not know says nothing."""
        if not words:
            raise AnnotationError(self._number, f"`{_MARK.strip()}` without a word behind it")
        if words[0] in (UP, DOWN):
            self._open.leave(f"line {self._number}")
            self._leave(self._number)
            self._direction = words[0]
            if _NO_TRANSACTION in words[1:]:
                self._found[self._direction].transaction = False
        elif words[0] == _BEGIN and self._direction:
            self._block = self._number
        elif words[0] == _END and self._direction:
            ended, self._block = self._block > 0, 0
            return ended
        return False

    def _leave(self, number: int) -> None:
        """The section ends before this line."""
        if self._direction:
            self._found[self._direction].lines.append(range(self._since, number))
            self._since = number
