"""Writes down what SQL a process sends through psycopg, and which line of a migration sent it.

It lives in the process that runs a migration tool; what it has seen goes to the process that started this one.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any, TextIO
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

BOUNDARY = re.compile(
    r"\s*(?:(?P<begin>begin|start\s+transaction)|(?P<commit>commit|end)|(?P<rollback>rollback(?!\s+to\b|\s+work\s+to\b"
    r"|\s+transaction\s+to\b)|abort))\b[^;]*;?\s*",
    re.IGNORECASE,
)
"""A statement that begins or ends a transaction."""
_ALIVE = 0.1
"""Seconds after which whoever listens is told that statements are still sent."""
_AUTOCOMMIT_BLOCK = "autocommit_block"
_DETAILS = {
    "detail": "message_detail",
    "hint": "message_hint",
    "context": "context",
    "schema": "schema_name",
    "table": "table_name",
    "column": "column_name",
    "constraint": "constraint_name",
}
"""What a failure has, by the names of psycopg's diagnostics."""
Entry = dict[str, Any]


class Refused(Exception):
    """Something that a traced migration must not do."""


class Recorder:
    """What is sent while a step runs, and what is sent around the steps."""

    def __init__(self, out: TextIO) -> None:
        """Tell it to this file, a line of JSON each."""
        self._out = out
        self._flushed = time.monotonic()
        self._key: str | None = None
        self._files: Collection[str] = ()
        self._phase = "setup"
        self._setup: list[Entry] = []
        self._steps: list[Entry] = []
        self._records: list[Entry] = []
        self._reason = ""
        self._last: tuple[BaseException, Entry] | None = None
        self._numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._newest = 0
        self._by_cursor: WeakKeyDictionary[Any, Entry] = WeakKeyDictionary()
        self.hints: Mapping[str, str] = {}
        """What helps with failures of these SQLSTATEs, where PostgreSQL does not say it."""
        self.line: int | None = None
        """Where the step is, for those whose migrations are not at work themselves while SQL is sent."""

    def tell(self, *, at_once: bool = True, **message: Any) -> None:
        """Send one message.

        :param at_once: not only together with the next one, which comes soon
        """
        self._out.write(json.dumps(message) + "\n")
        if at_once:
            self._flushed = time.monotonic()
            self._out.flush()

    def prepare(self, files: Collection[str]) -> None:
        """Before the first step these files are at work."""
        self._files = files

    def begin(self, key: str, files: Collection[str], reason: str = "") -> None:
        """A step begins.

        :param files: the names of its file, as frames have them
        :param reason: why it is not one transaction, where that is known beforehand
        """
        if self._setup:
            self.tell(setup=self._setup)
        self._key, self._files, self._reason, self._phase = key, files, reason, "step"
        self._setup, self._steps, self._records, self.line, self._last = [], [], [], None, None
        self.tell(step=key)

    def end(self) -> None:
        """The step is over."""
        # Whoever listens works on the same machine: it is woken up once a step.
        self.tell(at_once=False, end=self._key, statements=self._steps, records=self._records, reason=self._reason)
        self._key, self._phase = None, "between"

    def fail(self, error: BaseException) -> None:
        """The step has failed; or, where none is at work, what came after the last one."""
        self.tell(fault=self._key, reason=self._reason, **self._told(error))
        self._key, self._phase = None, "between"

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What is sent in this block is something else: ``records`` of the tool, or ``quiet``: not kept."""
        before, self._phase = self._phase, name
        try:
            yield
        finally:
            self._phase = before

    def sent(
        self, connection: Any, cursor: Any, sql: str, before: TransactionStatus, copied: str | None = None
    ) -> None:
        """A statement was carried out.

        :param before: whether the connection was in a transaction
        """
        if time.monotonic() - self._flushed > _ALIVE:
            self.tell(alive=True)
        inside = connection.info.transaction_status == TransactionStatus.INTRANS
        if before == TransactionStatus.IDLE or connection not in self._numbers:
            self._newest += 1
            self._numbers[connection] = self._newest
        number = self._numbers.get(connection)
        boundary = BOUNDARY.fullmatch(sql)
        if boundary is not None:
            self._bound(connection, boundary, inside)
            return
        entry: Entry = {"sql": sql, "line": self.place(), "transaction": number if inside else None, "copied": copied}
        self._by_cursor[cursor] = entry
        if self._phase == "step":
            self._steps.append(entry)
        elif self._phase == "records":
            self._records.append(entry)
        elif self._phase == "setup":
            self._setup.append(entry)

    def _bound(self, connection: Any, boundary: re.Match[str], inside: bool) -> None:
        if boundary["begin"] and inside:
            return
        if boundary["rollback"]:
            self.rolled_back(connection)
        else:
            self.committed(connection)

    def failed(self, sql: str, error: BaseException) -> None:
        """A statement was refused."""
        self._last = (error, {"sql": sql, "line": self.place()})

    def fetched(self, cursor: Any) -> None:
        """Somebody reads the rows that the last statement of a cursor has found."""
        entry = self._by_cursor.get(cursor)
        if entry is not None:
            entry["fetched"] = True

    def begun(self, connection: Any) -> None:
        """What comes next on a connection is in a transaction of its own."""
        self._numbers.pop(connection, None)

    def committed(self, connection: Any) -> None:
        """A transaction has ended well."""
        self._numbers.pop(connection, None)
        if self._phase == "step":
            block, line = self._block()
            if block:
                self._reason = self._reason or f"it has an autocommit_block (line {line})"
            elif line is not None:
                self._reason = f"it commits by itself (line {line})"

    def rolled_back(self, connection: Any) -> None:
        """What a transaction has done is gone."""
        number = self._numbers.pop(connection, None)
        if number is not None:
            self._steps[:] = [each for each in self._steps if each["transaction"] != number]

    @property
    def committed_by_itself(self) -> bool:
        """Whether the step is no single transaction."""
        return bool(self._reason)

    @property
    def at_work(self) -> bool:
        """Whether a step has begun and not ended."""
        return self._key is not None

    @property
    def count(self) -> int:
        """How many statements the step has sent."""
        return len(self._steps)

    def forget(self, count: int) -> None:
        """Only so many statements of the step have come to stay."""
        del self._steps[count:]

    def place(self) -> int | None:
        """The line of the migration's file that is at work; None: none is."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename in self._files:
                return frame.f_lineno
            frame = frame.f_back
        return self.line

    def _block(self) -> tuple[bool, int | None]:
        """Whether a block of Alembic commits; the line of the migration that is at work."""
        frame: FrameType | None = sys._getframe(2)
        block = False
        while frame is not None:
            block = block or frame.f_code.co_name == _AUTOCOMMIT_BLOCK
            if frame.f_code.co_filename in self._files:
                return block, frame.f_lineno
            frame = frame.f_back
        return block, None

    def _told(self, error: BaseException) -> Mapping[str, Any]:
        cause = next((each for each in _causes(error) if isinstance(each, psycopg.Error)), None)
        if cause is None:
            return {"message": said(error), "line": self._innermost(error)}
        entry = self._last[1] if self._last is not None and self._last[0] is cause else {}
        found = {name: getattr(cause.diag, field) for name, field in _DETAILS.items()}
        details = {"sqlstate": cause.sqlstate, "statement": entry.get("sql"), **found}
        details["hint"] = details["hint"] or self.hints.get(cause.sqlstate or "")
        return {
            "message": cause.diag.message_primary or str(cause).strip(),
            "line": entry.get("line") or self._innermost(error) or self.line,
            "details": {name: value for name, value in details.items() if value},
        }

    def _innermost(self, error: BaseException) -> int | None:
        trace: TracebackType | None = error.__traceback__
        line = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self._files:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line


def said(error: BaseException) -> str:
    """An exception as people read it."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__context__, each.__cause__, getattr(each, "orig", None)]
