"""What goose and sql-migrate have in common, which cut files line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migrate_validate.chain.formats.queries import Query, statements_of
from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.model import Script, Sends


class AnnotationError(Exception):
    """The tool refuses the file."""

    def __init__(self, line: int, message: str) -> None:
        """Keep what is wrong and where.

        :param line: counted from 1
        """
        super().__init__(message)
        self.line = line
        self.message = message


class Unfinished:
    """The lines of a statement that has not ended yet."""

    def __init__(self) -> None:
        """There are none."""
        self._lines: list[str] = []
        self._numbers: list[int] = []

    def __bool__(self) -> bool:
        """Whether there are any, blank ones included."""
        return bool(self._lines)

    def add(self, number: int, line: str) -> None:
        """Take the next line.

        :param number: counted from 1
        """
        self._lines.append(line)
        self._numbers.append(number)

    def end(self) -> Query:
        """The statement, which has ended with the last line."""
        query = Query.of_numbered(self._lines, self._numbers)
        self._lines, self._numbers = [], []
        return query

    def leave(self, before: str) -> None:
        """Forget blank lines, where no statement may be open.

        :param before: what comes next, for people
        :raises AnnotationError: where one is
        """
        begun = [number for number, line in zip(self._numbers, self._lines, strict=True) if line.strip()]
        if begun:
            said = f"the statement that begins here does not end before {before}: no line ends with a semicolon"
            raise AnnotationError(begun[0], said)
        self._lines, self._numbers = [], []


def ends_statement(line: str) -> bool:
    """Whether goose, and sql-migrate, take a line as the last one of a statement.

    Its last word before one that begins with two dashes ends with a semicolon.
    """
    last = ""
    for word in line.split():
        if word.startswith("--"):
            break
        last = word
    return last.endswith(";")


def one_way(script: Script, queries: Iterable[Query], lines: Iterable[range], *, transaction: bool) -> Script:
    """The part of a file that goes one way.

    :param script: the whole file, with what was replaced in it
    :param queries: what is sent
    :param lines: what of the file it is, counted from 1
    :param transaction: whether it is one; otherwise each statement is sent by itself
    """
    sends = Sends.TRANSACTION if transaction else Sends.STATEMENTS
    statements = statements_of(queries, script.file, sends)
    return replace(script, text=section(script.text, lines), sends=sends, statements=statements)
