"""Rows of a harm, and rows that meet with it, as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Script
from migrate_validate.data import Dataset
from migrate_validate.data.showing import COLUMNS, literal
from migrate_validate.data.shrinking import size

from .._shared import count_of

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_PLAIN_NAME = re.compile(r"[\w./-]+")
_PUBLIC = re.compile(r'^(INSERT INTO|UPDATE|ALTER TABLE) public\.(?=[\w"])')


def evidence(found: Mapping[str, object], column: str | None) -> dict[str, object]:
    """The evidence of a harm with its rows as text.

    :param column: that the harm is about
    """
    return {key: _told(value, column) for key, value in found.items()}


def _told(value: object, column: str | None) -> object:
    if isinstance(value, list | tuple):
        return [_entry(each, column) if isinstance(each, Mapping) else each for each in value]
    return value


def _entry(entry: Mapping[str, object], column: str | None) -> str:
    was, now = entry.get("before"), entry.get("after")
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        return f"{_row(was, _telling(was, now, column))} became {_row(now, _telling(now, was, column))}"
    return _row(entry, list(entry)[:COLUMNS])


def _telling(row: Mapping[str, object], other: Mapping[str, object], column: str | None) -> list[str]:
    """The columns of a row to show where it became another: the first, and what it is about."""
    about: Sequence[str]
    if column is not None and column in row:
        about = [column]
    elif column in other:
        about = [name for name in row if name not in other] or list(row)
    else:
        about = [name for name in row if name not in other or row[name] != other[name]]
    return list(dict.fromkeys([next(iter(row)), *about]))[:COLUMNS]


def _row(row: Mapping[str, object], names: Sequence[str]) -> str:
    more = ", ..." if names == list(row)[: len(names)] and len(names) == COLUMNS < len(row) else ""
    return f"({', '.join(f'{name} = {_value(row[name])}' for name in names)}{more})"


def _value(value: object) -> str:
    text = None if value is None else str(value)
    return text if text is not None and _NUMBER.fullmatch(text) else literal(text)


def script(data: Dataset, up: Script) -> str:
    """The rows as statements that psql runs in the state before a migration, in the chain's directory."""
    rows = f"-- {count_of(size(data), 'row')}, in the state before {up.file}:"
    return "\n".join([rows, *_statements(data), _applying(up)])


def _applying(up: Script) -> str:
    """How psql applies the script; it cannot where the file holds more than that, or placeholders."""
    file = up.file
    written = read_script(up.path, up.path.parent)
    if up.statements is not None or up.traced is not None or (written.text != up.text and not written.problem):
        return f"-- then what its tool sends of {file}"
    return f"\\i {file}" if _PLAIN_NAME.fullmatch(file) else "\\i '" + file.replace("'", r"\'") + "'"


def _statements(data: Dataset) -> Iterator[str]:
    circular = _circular(data)
    yield from map(_ended, (*data.fixtures, *data.opening()))
    yield from ["BEGIN; SET CONSTRAINTS ALL DEFERRED;"] if circular else []
    yield from map(_ended, data.row_statements())
    yield from ["COMMIT;"] if circular else []
    yield from map(_ended, data.closing())


def _ended(statement: str) -> str:
    # The schema is left out where psql finds the table without it.
    return _PUBLIC.sub(r"\1 ", statement.rstrip().removesuffix(";")) + ";"


def _circular(data: Dataset) -> bool:
    """Whether a row points at one that comes later."""
    places = {name: place for place, (name, rows) in enumerate(data.rows.items()) if rows}
    return any(
        key.deferrable and places.get(key.references or "", -1) >= place
        for name, place in places.items()
        for key in data.tables[name].foreign_keys
    )
