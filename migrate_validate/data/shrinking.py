"""The smallest rows with which something still happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from migrate_validate.catalog.model import Table
from migrate_validate.data.model import Dataset
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import DEFAULT, Default, Value

Still = Callable[[Dataset], Dataset | None]
"""The rows that were taken where it still happens with these; None: it does not."""

_SIMPLE: tuple[Value, ...] = (1, "1", 2, "2", 0, "", "a", "{}", False, "b", "2000-01-01")


@dataclass(slots=True)
class _Shrinking:
    """A search for fewer and simpler rows, from the largest change to the smallest."""

    best: Dataset
    still: Still
    deadline: float

    def better(self, data: Dataset) -> bool:
        """Try rows in place of the best ones."""
        if time.monotonic() > self.deadline:
            return False
        taken = self.still(data)
        if taken is None or _weight(taken) >= _weight(self.best):
            return False
        self.best = taken
        return True


def smallest(data: Dataset, still: Still, seconds: float, named: Collection[str] = ()) -> Dataset:
    """Drop rows, leave out columns and simplify values as long as it still happens.

    :param data: rows with which it happens
    :param seconds: after which the best so far is good enough
    :param named: ``schema.name`` of the tables that it is about, as far as they are known
    """
    search = _Shrinking(data, still, time.monotonic() + seconds)
    _leave_others(search, named)
    _obey(search)
    _drop_tables(search)
    _drop_rows(search)
    _drop_columns(search)
    changed = True
    while changed and time.monotonic() < search.deadline:
        before = search.best
        _simplify(search)
        _drop_rows(search)
        _obey(search)
        changed = search.best != before
    return search.best


def size(data: Dataset) -> int:
    """How many rows it has."""
    return sum(map(len, data.rows.values()))


def _weight(data: Dataset) -> tuple[int, int, int, int]:
    """Constraints that rows may break, then rows, then values that were given, then how long they are."""
    values = [
        value for rows in data.rows.values() for row in rows for value in row.values() if not isinstance(value, Default)
    ]
    past = sum(map(len, data.past.values()))
    return past, size(data), len(values), sum(_complexity(value) for value in values)


def _complexity(value: Value) -> int:
    if value is None:
        return 1
    place = next((number for number, each in enumerate(_SIMPLE) if each == value and type(each) is type(value)), None)
    return 2 + place if place is not None else 20 + len(str(value))


def _leave_others(search: _Shrinking, named: Collection[str]) -> None:
    """Leave all tables empty but those that it is about, and those that these refer to."""
    tables = search.best.tables
    kept: set[str] = set()
    queue = [name for name in named if name in tables]
    while queue:
        name = queue.pop()
        if name in tables and name not in kept:
            kept.add(name)
            queue += [key.references for key in tables[name].foreign_keys if key.references]
    if kept and any(rows for name, rows in search.best.rows.items() if name not in kept):
        rows = {name: each if name in kept else () for name, each in search.best.rows.items()}
        search.better(replace(search.best, rows=rows))


def _obey(search: _Shrinking) -> None:
    """Let rows break as few constraints as possible."""
    if search.best.past and not search.better(replace(search.best, past={})):
        for constraint in [each for own in search.best.past.values() for each in own]:
            past = {name: tuple(e for e in own if e is not constraint) for name, own in search.best.past.items()}
            search.better(replace(search.best, past=past))


def _drop_tables(search: _Shrinking) -> None:
    """Leave tables empty, at first half of all at once, for there may be dozens; those that refer to others first."""
    part = (sum(map(bool, search.best.rows.values())) + 1) // 2
    while part:
        filled = [name for name in reversed(list(search.best.rows)) if search.best.rows[name]]
        for start in range(0, len(filled), part):
            chosen = filled[start : start + part]
            if any(search.best.rows.get(name) for name in chosen):
                search.better(replace(search.best, rows={**search.best.rows, **dict.fromkeys(chosen, ())}))
        part //= 2


def _drop_rows(search: _Shrinking) -> None:
    for name in reversed(list(search.best.rows)):
        number = len(search.best.rows[name]) - 1
        while number >= 0:
            rows = search.best.rows[name]
            search.better(_with(search.best, name, rows[:number] + rows[number + 1 :]))
            number = min(number - 1, len(search.best.rows[name]) - 1)


def _drop_columns(search: _Shrinking) -> None:
    """Leave many columns of a table to the database at once, for it may have dozens: halves, quarters, ..."""
    for name in list(search.best.rows):
        columns = list(dict.fromkeys(column for row in search.best.rows[name] for column in row))
        part = len(columns)
        while part > 1:
            for start in range(0, len(columns), part):
                without = set(columns[start : start + part])
                rows = search.best.rows[name]
                fewer = tuple({key: each for key, each in row.items() if key not in without} for row in rows)
                if fewer != rows:
                    search.better(_with(search.best, name, fewer))
            part = (part + 1) // 2 if part > 2 else 1


def _simplify(search: _Shrinking) -> None:
    """Leave a value to the database, or make it a simple one, everywhere where it stands."""
    for name in list(search.best.rows):
        table = search.best.tables[name]
        for number in range(len(search.best.rows[name])):
            columns = [column for row in search.best.rows[name][number : number + 1] for column in row]
            for column in columns:
                # With a simpler value fewer rows may have been taken.
                if number < len(search.best.rows[name]):
                    _simplify_cell(search, table, number, column)


def _simplify_cell(search: _Shrinking, table: Table, number: int, column: str) -> None:
    name = table.qualified_name
    row = search.best.rows[name][number]
    value = row.get(column, DEFAULT)
    if isinstance(value, Default):
        return
    without = {key: each for key, each in row.items() if key != column}
    if search.better(_exchanged(search.best, name, number, without)):
        return
    if value is not None and search.better(_exchanged(search.best, name, number, {**row, column: None})):
        return
    for simple in _simpler(value):
        if search.better(_exchanged(search.best, name, number, {**row, column: simple})):
            return
        if search.better(_renamed(search.best, value, simple)):
            return


def _simpler(value: Value) -> Iterator[Value]:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, int):
        yield from (each for each in (1, 2, 3, 0, 100) if each != value and abs(each) < max(abs(value), 4))
        return
    yield from (each for each in _SIMPLE if isinstance(each, str) and len(each) < max(len(value), 2) and each != value)


def _renamed(data: Dataset, value: Value, simple: Value) -> Dataset:
    """The same rows with one value instead of another, wherever it stands: keys still point at each other."""
    return replace(
        data,
        rows={
            name: tuple(
                {column: simple if _same(each, value) else each for column, each in row.items()} for row in rows
            )
            for name, rows in data.rows.items()
        },
    )


def _same(one: Value | Default, other: Value) -> bool:
    return type(one) is type(other) and one == other


def _exchanged(data: Dataset, name: str, number: int, row: Row) -> Dataset:
    rows = data.rows[name]
    return _with(data, name, (*rows[:number], row, *rows[number + 1 :]))


def _with(data: Dataset, name: str, rows: tuple[Row, ...]) -> Dataset:
    changed: Mapping[str, tuple[Row, ...]] = {**data.rows, name: rows}
    return replace(data, rows=changed)
