"""From what a process has told of one step to the statements of a script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrate_validate import syntax
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import UNPARSED
from migrate_validate.chain.traced import Trace
from migrate_validate.chain.transactions import runs_alone
from migrate_validate.findings import Location

_SYSTEM = re.compile(r"pg_|information_schema$")
_TRANSACTION = "transaction"
_LOOKS = frozenset({"select", "variable_show"})
"""Kinds that change nothing, unless a function that they call does."""
_HARMLESS = frozenset(
    {"current_database", "current_schema", "current_setting", "current_user", "version", "to_regclass", "now"}
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One statement, and the transaction that it was sent in; None: it was one by itself."""

    statement: Statement
    transaction: int | None
    fetched: bool

    @property
    def boundary(self) -> str:
        """``BEGIN``, ``COMMIT``, ... where it is one that a migration has written among others."""
        if self.statement.kind != _TRANSACTION:
            return ""
        node = syntax.parse(self.statement.sql)[0].node
        return syntax.enum_name("TransactionStmtKind", node.kind).removeprefix("TRANS_STMT_")


def compose(file: str, told: Mapping[str, Any], setup: Sequence[Mapping[str, Any]] = ()) -> Trace:
    """What a step has sent.

    :param file: of its script
    :param told: the message of the process that ran it
    :param setup: what its environment has sent for the session before the first step
    """
    parts = [part for entry in told["statements"] for part in _parts(file, entry) if not _idle_look(part)]
    session = [part for entry in setup for part in _parts(file, entry) if part.statement.kind == "variable_set"]
    reads = next((part.statement.location for part in parts if part.fetched and not _of_system(part)), None)
    parts = _without_savepoints(parts)
    return Trace(
        statements=(*(part.statement for part in session), *_grouped(parts)),
        records=tuple(str(entry["sql"]) for entry in told["records"]),
        reason=told["reason"],
        reads=reads,
    )


def outside_session(file: str, setup: Sequence[Mapping[str, Any]]) -> Trace:
    """What was sent before the first step and outlives the session."""
    parts = [part for entry in setup for part in _parts(file, entry)]
    return Trace(tuple(_grouped([part for part in parts if part.statement.kind not in {*_LOOKS, "variable_set"}])))


def _parts(file: str, entry: Mapping[str, Any]) -> Iterator[_Part]:
    """The statements of what was sent at once."""
    place, sql = Location(file, entry["line"]), entry["sql"]
    fetched, number = bool(entry.get("fetched")), entry["transaction"]
    try:
        parsed = syntax.parse(sql)
    except syntax.GrammarError:
        yield _Part(Statement(sql.strip().rstrip(";"), place, UNPARSED, entry["copied"]), number, fetched)
        return
    for each in parsed:
        text = sql[each.start : each.end].strip()
        yield _Part(Statement(text, place, each.kind, entry["copied"]), number, fetched)


def _idle_look(part: _Part) -> bool:
    """Whether it only looks at the schema or the session: what a tool asks before it sends something."""
    return part.statement.kind in _LOOKS and _of_system(part)


def _of_system(part: _Part) -> bool:
    """Whether what it reads is PostgreSQL's own, and what it calls changes nothing."""
    if part.statement.kind == "variable_show":
        return True
    if part.statement.kind == UNPARSED:
        return False
    node = syntax.parse(part.statement.sql)[0].node
    relations, calls = set(), set()
    for each in syntax.walk(node):
        if syntax.node_name(each) == "RangeVar":
            relations.add(each.schemaname or each.relname)
        elif syntax.node_name(each) == "FuncCall":
            calls.add(each.funcname[-1].string.sval)
    with_names = {each.ctename for each in syntax.walk(node) if syntax.node_name(each) == "CommonTableExpr"}
    relations -= with_names
    if not all(_SYSTEM.match(name) for name in relations):
        return False
    return bool(relations) or not calls - _HARMLESS


def _without_savepoints(parts: list[_Part]) -> list[_Part]:
    """Savepoints that nothing goes back to say nothing."""
    boundaries = [part.boundary for part in parts]
    if "ROLLBACK_TO" in boundaries:
        return parts
    return [part for part, what in zip(parts, boundaries, strict=True) if what not in ("SAVEPOINT", "RELEASE")]


def _grouped(parts: Sequence[_Part]) -> Iterator[Statement]:
    """The statements in their transactions: as they are where there is one, else with BEGIN and COMMIT."""
    numbers = {part.transaction for part in parts}
    if len(parts) == 1 or (len(numbers) == 1 and None not in numbers and not any(map(_ends, parts))):
        yield from (part.statement for part in parts)
        return
    current: int | None = None
    last: Statement | None = None
    for part in parts:
        if current is not None and last is not None and part.transaction != current:
            yield _boundary("COMMIT", last)
            current = None
        last = part.statement
        if part.boundary == "BEGIN":
            continue
        if _ends(part):
            if current is not None:
                yield part.statement
            current = None
        elif part.transaction is None and not runs_alone(part.statement):
            yield _boundary("BEGIN", part.statement)
            yield part.statement
            yield _boundary("COMMIT", part.statement)
        else:
            if current is None and part.transaction is not None:
                yield _boundary("BEGIN", part.statement)
                current = part.transaction
            yield part.statement
    if current is not None and last is not None:
        yield _boundary("COMMIT", last)


def _ends(part: _Part) -> bool:
    return part.boundary in ("COMMIT", "ROLLBACK")


def _boundary(word: str, beside: Statement) -> Statement:
    return Statement(word, beside.location, _TRANSACTION)
