"""Puts a dataset into a database: in one message where PostgreSQL takes all of it, else without the refused rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from migrate_validate.catalog.model import Table, Trigger
from migrate_validate.data.model import Dataset
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import DEFAULT, Default, Value
from migrate_validate.data.writing import insert
from migrate_validate.replay.batch import Batch
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]

FOREIGN_KEY_VIOLATION = "23503"
_ORPHANED = "a row that it refers to was refused"
_MESSAGE = 16
"""Rows that are sent at once where some are refused: what stands behind a refused one is sent again."""
_DEFERRED_TRIGGER = re.compile(r"CREATE CONSTRAINT TRIGGER .* INITIALLY DEFERRED FOR EACH", re.DOTALL)
_NEXT = re.compile(r"nextval\('((?:[^']|'')+)'")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that PostgreSQL did not take, and why."""

    table: str
    """``schema.name``."""
    row: Row
    sqlstate: str
    message: str
    detail: str | None
    constraint: str | None
    """The violated constraint of the table itself; None where the row was refused by something else."""
    context: str | None
    """Where in which function it happened; None outside functions."""
    statement: str
    """The INSERT."""

    @property
    def orphaned(self) -> bool:
        """Whether it was not even tried, for a row that it refers to was refused."""
        return self.message == _ORPHANED and not self.constraint


def load(connection: Connection, data: Dataset, *, raise_refusals: bool = True) -> tuple[Refused, ...]:
    """Insert a dataset in one transaction, or in a savepoint of the one that is open.

    Sequences go on behind the numbers that the rows bring along. Foreign keys that are deferrable are checked at the
    end, and are IMMEDIATE or DEFERRED afterwards as they were declared. Constraints that the rows may break are taken
    away in between.

    :param raise_refusals: raise what PostgreSQL refuses; otherwise the rows that it takes stay, those that it refuses
        are returned, and so are the rows that refer to them
    :raises psycopg.Error: what PostgreSQL says about the first row that it refuses; about a fixture in any case
    """
    try:
        with connection.transaction():
            _whole(connection, data)
    except psycopg.Error as error:
        if raise_refusals or error.sqlstate is None:
            raise
    except _Undo:
        if raise_refusals:
            raise psycopg.IntegrityError("a trigger or a rule dropped a row of the dataset without a word") from None
    else:
        return ()
    with connection.transaction():
        _run(connection, (*data.fixtures, *data.opening()))
        refused = _Careful(connection, data).load()
        _run(connection, data.closing())
        return refused


def accepted(data: Dataset, refused: Collection[Refused]) -> Dataset:
    """What is in the tables after :func:`load`."""
    gone = {id(each.row) for each in refused}
    return replace(
        data, rows={name: tuple(row for row in rows if id(row) not in gone) for name, rows in data.rows.items()}
    )


def _whole(connection: Connection, data: Dataset) -> None:
    deferred, restored = _constraints(data)
    batches = data.batches()
    _run(connection, data.fixtures)
    statements = [*data.opening(), *deferred, *batches, *_advances(data), *restored, *data.closing()]
    if not statements:
        return
    # What is prepared may be one statement only.
    cursor = connection.execute(";\n".join(statements).encode(), prepare=False)
    taken = 0
    while True:
        tag = cursor.statusmessage or ""
        taken += int(tag.rpartition(" ")[2]) if tag.startswith("INSERT") else 0
        if not cursor.nextset():
            break
    if taken != sum(map(len, data.rows.values())):
        raise _Undo([])


def _run(connection: Connection, statements: Sequence[str]) -> None:
    """Run statements in one message."""
    if statements:
        # A statement that is prepared may be one only.
        connection.execute(";\n".join(statements).encode(), prepare=False)


def _constraints(data: Dataset) -> tuple[list[str], list[str]]:
    """The statements before the rows: foreign keys wait, so that rows may come in any order, keys do not, so that it is
    known which row breaks them. And those behind the rows: all is checked, and afterwards as it was declared.
    """
    waiting: list[str] = []
    at_once: list[str] = []
    initially: list[str] = []
    for name, table in data.tables.items():
        triggers = [f"{quote(table.schema)}.{quote(each.name)}" for each in table.triggers if is_deferred(each)]
        waiting += triggers
        initially += triggers
        for each in table.constraints:
            if each.deferrable and each not in data.past.get(name, ()):
                listed = f"{quote(table.schema)}.{quote(each.name)}"
                (at_once if each.kind in ("primary key", "unique", "exclusion") else waiting).append(listed)
                initially += [listed] if each.deferred else []
    return (
        [*_set(waiting, "DEFERRED"), *_set(at_once, "IMMEDIATE")],
        [*_set(waiting, "IMMEDIATE"), *_set(initially, "DEFERRED")],
    )


def is_deferred(trigger: Trigger) -> bool:
    """Whether a trigger sees rows at the end of the transaction only."""
    return _DEFERRED_TRIGGER.match(trigger.definition) is not None


def _set(names: Sequence[str], when: str) -> list[str]:
    return [f"SET CONSTRAINTS {', '.join(names)} {when}"] if names else []


def _advances(data: Dataset) -> Iterator[str]:
    """Statements that let sequences go on behind the highest number that a row brings along."""
    for name, rows in data.rows.items():
        table = data.tables[name]
        for column in table.columns:
            match = _NEXT.search(column.default or "")
            if not column.identity and match is None:
                continue
            numbers = [value for row in rows if type(value := row.get(column.name)) is int]
            if not numbers:
                continue
            own = f"'{quote(table.schema)}.{quote(table.name)}'".replace("'", "''")[1:-1]
            sequence = (
                f"'{match[1]}'::regclass"
                if match
                else f"pg_get_serial_sequence({own}, '{column.name.replace(chr(39), chr(39) * 2)}')::regclass"
            )
            yield (
                f"SELECT pg_catalog.setval(s, {max(numbers)}) FROM (SELECT {sequence} AS s) AS of"
                f" WHERE coalesce(pg_catalog.pg_sequence_last_value(s), 0) < {max(numbers)}"
            )


class _Undo(Exception):
    """Rows that are in the tables must not be there."""

    def __init__(self, found: list[Refused]) -> None:
        super().__init__()
        self.found = found


@dataclass(slots=True)
class _Careful:
    """Loads row by row, and all again without those that turn out to be impossible only at the end."""

    connection: Connection
    data: Dataset
    refused: list[Refused] = field(default_factory=list)

    def load(self) -> tuple[Refused, ...]:
        while True:
            try:
                with self.connection.transaction():
                    self._attempt()
            except _Undo as undo:
                self.refused += undo.found
            else:
                return tuple(self.refused)

    def _attempt(self) -> None:
        kept = accepted(self.data, self.refused)
        deferred, restored = _constraints(kept)
        _run(self.connection, deferred)
        self._insert([(kept.tables[name], row) for name, rows in kept.rows.items() for row in rows])
        kept = accepted(self.data, self.refused)
        rows = [(kept.tables[name], row) for name, rows in kept.rows.items() for row in rows]
        lost = self._lost()
        if found := [_orphan(table, row) for table, row in rows if _refers(table, row, lost)]:
            raise _Undo(found)
        for table, row in rows:
            statement = kept.update(table, row)
            if statement and (error := self._try(statement)):
                raise _Undo([refusal(table, row, error, statement)])
        for statement in _advances(kept):
            self._try(statement)
        for statement in restored:
            if error := self._try(statement):
                named = error.diag.schema_name, error.diag.table_name
                # It may be any of them, of all tables where none is named.
                own = [(table, row) for table, row in rows if (table.schema, table.name) == named] or rows
                raise _Undo([refusal(table, row, error, insert(table, (row,))) for table, row in own])

    def _try(self, statement: str) -> psycopg.Error | None:
        try:
            with self.connection.transaction():
                self.connection.execute(statement.encode())
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise
            return error
        return None

    def _insert(self, waiting: list[tuple[Table, Row]]) -> None:
        """Insert rows, each in a savepoint: several in one message, fewer where many are refused."""
        size, known, lost = _MESSAGE, -1, self._lost()
        while waiting:
            if known != len(self.refused):
                lost, known = self._lost(), len(self.refused)
            part = waiting[:size]
            orphans = [_orphan(table, row) for table, row in part if _refers(table, row, lost)]
            if orphans:
                gone = {id(each.row) for each in orphans}
                self.refused += orphans
                waiting = [(table, row) for table, row in waiting if id(row) not in gone]
                continue
            done = self._taken(part)
            size = size * 2 if done == len(part) else max(1, size // 2)
            waiting = waiting[done:]

    def _taken(self, rows: Sequence[tuple[Table, Row]]) -> int:
        """Insert rows until one is refused; how many are done with."""
        inserts = [insert(table, (self.data.at_first(table, row),)) for table, row in rows]
        batch = Batch(
            self.connection,
            [each.encode() for one in inserts for each in ("SAVEPOINT mv_row", one, "RELEASE SAVEPOINT mv_row")],
        )
        for place, (table, row) in enumerate(rows):
            try:
                batch.result()
                tag = batch.result().command_status or b""
                batch.result()
            except psycopg.Error as error:
                if error.sqlstate is None or self.connection.closed:
                    raise
                self.connection.execute("ROLLBACK TO SAVEPOINT mv_row; RELEASE SAVEPOINT mv_row", prepare=False)
                self.refused.append(refusal(table, row, error, inserts[place]))
                return place + 1
            if tag.endswith(b" 0"):
                said = "a trigger or a rule dropped the row without a word"
                self.refused.append(Refused(table.qualified_name, row, "", said, None, None, None, inserts[place]))
        batch.finish()
        return len(rows)

    def _lost(self) -> dict[tuple[str, tuple[str, ...]], set[Cells]]:
        """By table and referenced columns: the values that rows would have to refer to that are not there."""
        if not self.refused:
            return {}
        kept = accepted(self.data, self.refused).rows
        gone: dict[tuple[str, tuple[str, ...]], set[Cells]] = {}
        for own, table in self.data.tables.items():
            for key in table.foreign_keys:
                if key in self.data.past.get(own, ()):
                    continue
                name, columns = key.references or "", key.referenced_columns
                values = {_cells(each.row, columns) for each in self.refused if each.table == name}
                gone[name, columns] = values - {_cells(row, columns) for row in kept.get(name, ())}
        return gone


Cells = tuple[Value | Default, ...]


def _cells(row: Row, columns: Sequence[str]) -> Cells:
    return tuple(row.get(name, DEFAULT) for name in columns)


def _refers(table: Table, row: Row, lost: Mapping[tuple[str, tuple[str, ...]], set[Cells]]) -> bool:
    """Whether a row refers to one that is not there."""
    return bool(lost) and any(
        _cells(row, key.columns) in lost.get((key.references or "", key.referenced_columns), ())
        for key in table.foreign_keys
    )


def _orphan(table: Table, row: Row) -> Refused:
    statement = insert(table, (row,))
    return Refused(table.qualified_name, row, FOREIGN_KEY_VIOLATION, _ORPHANED, None, None, None, statement)


def try_row(connection: Connection, table: Table, row: Row, *, triggers: bool = True) -> Refused | None:
    """Insert one row beside those that are there, and take it back.

    :param triggers: whether those of the table see it
    :returns: why it was refused; None where it was taken
    :raises psycopg.errors.InsufficientPrivilege: when triggers are those of somebody else
    """
    name = table.qualified_name
    with connection.transaction(force_rollback=True):
        if not triggers:
            connection.execute(f"ALTER TABLE {quote(table.schema)}.{quote(table.name)} DISABLE TRIGGER USER".encode())
        refused = load(connection, Dataset({name: (row,)}, {name: table}), raise_refusals=False)
    return refused[0] if refused else None


def refusal(table: Table, row: Row, error: psycopg.Error, statement: str) -> Refused:
    """What PostgreSQL said about a row."""
    diag = error.diag
    own = diag.schema_name == table.schema and diag.table_name == table.name
    return Refused(
        table.qualified_name,
        row,
        error.sqlstate or "",
        diag.message_primary or str(error),
        diag.message_detail,
        diag.constraint_name if own else None,
        diag.context,
        statement,
    )
