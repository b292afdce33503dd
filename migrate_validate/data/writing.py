"""Rows as SQL."""

from __future__ import annotations

from collections.abc import Collection

from migrate_validate.catalog.model import Table
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import DEFAULT, literal
from migrate_validate.syntax import quote


def insert(table: Table, each: Collection[Row], *, returning: Collection[str] = ()) -> str:
    """One INSERT statement, to be run as it stands.

    :param returning: columns to return, as text
    """
    columns = [column for column in table.columns if any(row.get(column.name, DEFAULT) is not DEFAULT for row in each)]
    target = f"INSERT INTO {quote(table.schema)}.{quote(table.name)}"
    if columns:
        overriding = " OVERRIDING SYSTEM VALUE" if any(column.identity == "always" for column in columns) else ""
        names = [column.name for column in columns]
        values = (", ".join([literal(row.get(name, DEFAULT)) for name in names]) for row in each)
        target += f" ({', '.join(map(quote, names))}){overriding} VALUES " + ", ".join(f"({each})" for each in values)
    else:
        target += " DEFAULT VALUES"
    return target + (" RETURNING " + ", ".join(f"{quote(name)}::text" for name in returning) if returning else "")


def update(table: Table, row: Row, columns: Collection[str]) -> str | None:
    """The statement that gives a row, which its primary key tells, the values of some columns; None where all of them
    are NULL or left to the database, or where the database gives it its key.
    """
    given = [name for name in columns if row.get(name, DEFAULT) not in (None, DEFAULT)]
    if not given or table.primary_key is None:
        return None
    if any(row.get(name, DEFAULT) is DEFAULT for name in table.primary_key.columns):
        return None
    new = ", ".join(f"{quote(name)} = {literal(row[name])}" for name in given)
    same = " AND ".join(f"{quote(name)} = {literal(row[name])}" for name in table.primary_key.columns)
    return f"UPDATE {quote(table.schema)}.{quote(table.name)} SET {new} WHERE {same}"


def needs_no_columns(row: Row) -> bool:
    """Whether every value of the row is left to the database: DEFAULT VALUES knows no list of rows."""
    return all(value is DEFAULT for value in row.values())
