"""What a tool sends to the server as it is: psql with its meta-commands, variables and data has no part in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Sends, Statement
from migrate_validate.chain.psql import line_and_column, line_starts
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.chain.transactions import runs_alone
from migrate_validate.findings import Location

_PSQL_READS_IT_OTHERWISE = re.compile(r"\\|\bcopy\b", re.IGNORECASE)
"""Without any of these, psql sends a text as it is."""
_MAY_END = re.compile(
    r"^\s*(?:commit|rollback|end|abort|prepare)\b|;\s*(?:commit|rollback|end|abort|prepare)\b", re.I | re.M
)
"""What a text has where a statement of it ends a transaction."""


class Query(NamedTuple):
    """One message to the server."""

    text: str
    """As it is sent."""
    line: int = 1
    """Of its first character in the file, from 1."""
    column: int = 1
    numbers: Sequence[int] = ()
    """Of each of its lines, where the file has others between them."""

    @classmethod
    def of_lines(cls, lines: Sequence[str], first: int) -> Query:
        """Lines of a file as one message, without the blanks around it.

        :param lines: without their ends
        :param first: the number of the first one, from 1
        """
        return cls.of_numbered(lines, range(first, first + len(lines)))

    @classmethod
    def of_numbered(cls, lines: Sequence[str], numbers: Sequence[int]) -> Query:
        """The same of lines that need not follow each other.

        :param numbers: of each of them, from 1
        """
        if not lines:
            return cls("")
        text = "\n".join(lines)
        before = text[: len(text) - len(text.lstrip())]
        kept = numbers[before.count("\n") :]
        return cls(text.strip(), kept[0], len(before) - before.rfind("\n"), kept)


def statements_of(queries: Iterable[Query], file: str, sends: Sends) -> tuple[Statement, ...]:
    """The statements of messages, in order.

    What the grammar does not accept, such as one that was cut short, stays a statement of the kind ``unparsed``: the
    server judges it. So does a message of several statements outside of transactions where one of them cannot run in
    the transaction that PostgreSQL makes of it.

    :param file: of their locations
    """
    return tuple(statement for query in queries for statement in _statements(query, file, sends))


def as_sent(script: Script) -> Script:
    """A script that is sent to the server as one message, whatever psql would make of it."""
    if script.problem is not None or not _PSQL_READS_IT_OTHERWISE.search(script.text):
        return script
    whole = Query.of_lines(script.text.split("\n"), 1)
    return replace(script, statements=statements_of([whole], script.file, script.sends))


def kept_in_transaction(script: Script, tool: str, remedy: str) -> Script:
    """A script of a tool whose driver wants the transaction that it has begun to be open at the end.

    What ends it has worked by then, and the tool stops there: that is a problem of the script.

    :param remedy: how the tool is told to begin none
    """
    if script.sends is not Sends.TRANSACTION or script.problem is not None or not _MAY_END.search(script.text):
        return script
    ended = _ended(script)
    if ended is None:
        return script
    problem = (
        f"line {ended.location.line}: {ended.sql.split()[0].upper()} ends the transaction that {tool} has begun: {tool}"
        f' keeps what was done, and stops with "unexpected transaction status idle"; {remedy}'
    )
    return replace(script, text="", statements=None, problem=problem)


def _ended(script: Script) -> Statement | None:
    """The statement that ends the transaction around a script for good; None where it is open at the end."""
    last: Statement | None = None
    try:
        found = [each for each in statements(script) if each.kind == "transaction"]
    except ScriptError:
        return None
    for each in found:
        node = syntax.parse(each.sql)[0].node
        kind = syntax.enum_name("TransactionStmtKind", node.kind).removeprefix("TRANS_STMT_")
        if kind in ("COMMIT", "ROLLBACK", "PREPARE"):
            last = last if node.chain else each
        elif kind in ("BEGIN", "START"):
            last = None
    return last


def _statements(query: Query, file: str, sends: Sends) -> list[Statement]:
    if not query.text:
        return []
    starts = line_starts(query.text)

    def place(offset: int) -> Location:
        line, column = line_and_column(starts, offset)
        number = query.numbers[line - 1] if query.numbers else query.line + line - 1
        return Location(file, number, column + (query.column - 1 if line == 1 else 0))

    try:
        parsed = syntax.parse(query.text)
    except syntax.GrammarError:
        return [Statement(query.text, place(0), UNPARSED)]
    found = [Statement(query.text[each.start : each.end].rstrip(), place(each.start), each.kind) for each in parsed]
    if sends is Sends.STATEMENTS and len(found) > 1 and any(map(runs_alone, found)):
        return [Statement(query.text, found[0].location, UNPARSED)]
    return found
