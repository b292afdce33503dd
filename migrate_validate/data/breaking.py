"""The rows that break an assumption, counted and shown; only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.assumptions import Assumption, Kind
from migrate_validate.data.assuming import Connection, named_columns, table_of, violations
from migrate_validate.syntax import quote


@dataclass(frozen=True, slots=True)
class Breaking:
    """How many rows break an assumption, and the first of them."""

    count: int
    rows: tuple[Mapping[str, Any], ...]
    """Their key columns, then those that the assumption names; as JSON has them."""
    keys: tuple[str, ...]
    """The columns that say which rows they are; empty where nothing does, as of a plain query."""
    query: str
    """The SQL that returns them all."""

    def shown(self, row: Mapping[str, Any]) -> str:
        """A row for people: ``id = 1, email = null``."""
        return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in row.items())


def breaking_rows(connection: Connection, assumption: Assumption, catalog: Catalog, *, limit: int) -> Breaking:
    """Count the rows that break an assumption, and fetch the first of them by their keys, equal ones together.

    No row level security may hide any of them.

    :param limit: rows to fetch
    :raises NotThere: when the assumption names what does not exist
    :raises psycopg.Error: when it cannot be asked for, also when the role would only see a part of the rows
    """
    query = violations(assumption, catalog)
    table = table_of(assumption, catalog) if assumption.kind is not Kind.NO_ROWS else None
    keys = _keys(table) if table else ()
    with connection.transaction():
        connection.execute("SET LOCAL row_security = off")
        # Expressions may be written with the name of the table.
        name = quote(table.name if table else "found")
        equal = [f"({each})" for each in assumption.subject] if assumption.kind is Kind.UNIQUE else []
        order = ", ".join([*equal, *(f"{name}.{quote(key)}" for key in keys)])
        counted = f"SELECT count(*) OVER (), to_jsonb({name}) FROM ({query}) AS {name}"
        counted += f"{f' ORDER BY {order}' if order else ''} LIMIT {limit}"
        met = connection.execute(counted.encode()).fetchall()
    rows = [dict(row) if isinstance(row, Mapping) else {"row": row} for _, row in met]
    if table is not None:
        names = list(dict.fromkeys((*keys, *named_columns(assumption))))
        rows = [{name: row[name] for name in names if name in row} for row in rows]
    return Breaking(int(met[0][0]) if met else 0, tuple(rows), keys, query)


def _keys(table: Table) -> tuple[str, ...]:
    """The columns of the primary key, or of a unique one that is never NULL; none where there is none."""
    if table.primary_key:
        return table.primary_key.columns
    required = {column.name for column in table.columns if column.not_null}
    unique = (each.columns for each in table.constraints if each.kind == "unique" and set(each.columns) <= required)
    return next(unique, ())
