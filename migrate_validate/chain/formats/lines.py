"""What goose and sql-migrate have in common, which cut files line by line."""

from __future__ import annotations


class AnnotationError(Exception):
    """The tool refuses the file."""

    def __init__(self, line: int, message: str) -> None:
        """Keep what is wrong and where.

        :param line: counted from 1
        """
        super().__init__(message)
        self.line = line
        self.message = message


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
