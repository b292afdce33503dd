"""What a way back has lost, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migrate_validate.data.comparing import ColumnChange, Row, TableChange
from migrate_validate.data.showing import literal, shown

from .._shared import count_of


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows or values that are not there any more."""

    table: str
    column: str | None
    message: str
    count: int
    """Of rows."""
    row: Row
    """The smallest example, as it was."""


def losses(changes: Iterable[TableChange]) -> Iterator[Loss]:
    """What is not there any more: tables with rows, columns with values, rows, values."""
    for change in changes:
        gone = [each for each in change.columns if each.present is None]
        yield from (_of_column(change, each) for each in gone)
        if change.missing.count:
            yield _of_rows(change)
        yield from (_of_column(change, each) for each in change.columns if each.present is not None)


def _of_rows(change: TableChange) -> Loss:
    name, count, row = change.name, change.missing.count, change.missing.examples[0]
    example = f"such as {shown(change.was.columns, row)}"
    if change.present is None:
        message = f"{name} is gone with {count_of(count, 'row')}, {example}"
    else:
        what = "are gone" if change.key else "are gone or changed"
        message = f"{name}: {count} of {change.was.rows} rows {what}, {example}"
    return Loss(name, None, message, count, row)


def _of_column(change: TableChange, each: ColumnChange) -> Loss:
    name = f"{change.name}.{each.column.name}"
    was, now = each.examples[0]
    example = f"such as {shown(change.was.columns, was, (*change.key, each.column.name))}"
    if each.present is None or now is None:
        message = f"{name} is gone with the values of {count_of(each.count, 'row')}, {example}"
    else:
        value = literal(now[each.present.name], each.present)
        message = f"{name}: {count_of(each.count, 'row')} had another value, {example}, where it is {value} now"
    return Loss(change.name, each.column.name, message, each.count, was)
