"""What users say about the rows of a table that cannot be generated, or should not be."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis.strategies import SearchStrategy

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.config import TableData
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import Default
from migrate_validate.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Given:
    """Where the rows of a table come from: a strategy, or a fixture."""

    strategy: SearchStrategy[Row] | None = None
    """Rows of the table; foreign keys that they lack are pointed at rows, other columns are left to the database."""
    fixture: str | None = None
    """SQL that fills the table; nothing else is put into it."""
    source: str = ""
    """Where it was written, for messages."""


def given_rows(entries: Iterable[TableData], catalog: Catalog) -> Mapping[str, Given]:
    """What the configuration says about tables that this catalog has, for :func:`~migrate_validate.data.learn`.

    :param entries: ``Settings.data``
    :raises ConfigError: when a file cannot be read, a module cannot be imported, or its function gives no strategy
    """
    found = {}
    for entry in entries:
        table = catalog.table(entry.table)
        if table is None:
            continue
        if entry.fixture is not None:
            found[entry.table] = Given(fixture=_read(entry), source=entry.origin)
        elif entry.strategy is not None:
            found[entry.table] = Given(_strategy(entry, entry.strategy, catalog, table), source=entry.origin)
    return found


def checked(strategy: SearchStrategy[Any], table: Table, source: str) -> SearchStrategy[Row]:
    """The strategy, which says so when it gives what is no row of the table.

    :raises ConfigError: by a draw: when it gives no mapping, an unknown column, or what is no value
    """
    names = [column.name for column in table.columns]

    def check(row: Any) -> Row:
        problem = None
        if not isinstance(row, Mapping):
            problem = f"gives {row!r}, which is no mapping of columns to values"
        elif unknown := [str(name) for name in row if name not in names]:
            problem = f"names {', '.join(unknown)}, which it does not have; its columns are {', '.join(names)}"
        elif odd := [f"{name}: {value!r}" for name, value in row.items() if not _is_value(value)]:
            problem = f"gives {', '.join(odd)}; values are int, bool, str, None or DEFAULT"
        if problem is None:
            return dict(row)
        where = f" ({source})" if source else ""
        raise ConfigError(
            f"the strategy of {table.qualified_name}{where} {problem}",
            remedy="let it give rows of this table, as migrate_validate.data.rows does",
        )

    return strategy.map(check)


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, int | bool | str | Default)


def _read(entry: TableData) -> str:
    try:
        return Path(entry.fixture or "").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the fixture of {entry.table} cannot be read: {error}",
            looked=[entry.origin],
            remedy="make it readable, encoded as UTF-8",
        ) from None


def _strategy(entry: TableData, place: str, catalog: Catalog, table: Table) -> SearchStrategy[Any]:
    module, _, name = place.partition(":")
    try:
        function = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the strategy {place} of {entry.table} cannot be imported: {error}",
            looked=[entry.origin],
            remedy="check the name, and that the module is on the Python path",
        ) from error
    made = function(catalog, table) if callable(function) else function
    if isinstance(made, SearchStrategy):
        return made
    raise ConfigError(
        f"the strategy {place} of {entry.table} gives {made!r}, which is no strategy of Hypothesis",
        looked=[entry.origin],
        remedy="let it take the catalog and the table, and return a strategy of rows",
    )
