"""Rows of a whole schema that fit together, and loading them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.data.order import FillOrder, ancestors, fill_order, nullable_key
from migrate_validate.data.strategies import Parents, Row, rows
from migrate_validate.data.values import DEFAULT, Default, Value, literal
from migrate_validate.syntax import quote

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Generated rows of several tables."""

    rows: Mapping[str, tuple[Row, ...]]
    """By ``schema.name``, parents before the tables that refer to them."""
    tables: Mapping[str, Table]

    def statements(self) -> tuple[str, ...]:
        """The rows as INSERT statements, in an order in which they can be run."""
        return tuple(insert(self.tables[name], (row,)) for name, each in self.rows.items() for row in each)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that PostgreSQL did not take, and why."""

    table: str
    """``schema.name``; empty where a constraint was checked only at the end."""
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


def dataset(catalog: Catalog, tables: Collection[str] | None = None, *, max_rows: int = 3) -> SearchStrategy[Dataset]:
    """Rows of a schema: foreign keys point at generated parents, keys are unique.

    CHECK and exclusion constraints are left to PostgreSQL: a few of the rows may be refused, see :func:`load`.

    :param catalog: the schema
    :param tables: ``schema.name`` of the tables to fill, all by default; those that they refer to are filled too
    :param max_rows: of each table
    :raises Unsupported: when a column's type is not known
    """
    order = fill_order(catalog, None if tables is None else ancestors(catalog, tables))
    return _dataset(catalog, order, max_rows)


@st.composite
def _dataset(draw: DrawFn, catalog: Catalog, order: FillOrder, max_rows: int) -> Dataset:
    made: dict[str, list[dict[str, Value | Default]]] = {}
    in_circle = {key.references for table in order.tables for key in _broken(order, table)}
    for table in order.tables:
        name = table.qualified_name
        made[name] = []
        least = 1 if name in in_circle or order.unbound(table) else 0
        for _ in range(draw(st.integers(min(least, max_rows), max_rows))):
            row = draw(rows(catalog, table, parents=_known(made), unbound=order.unbound(table)))
            made[name] += _acceptable(table, dict(row), made[name], order.unbound(table))
    for table in order.tables:
        for key in _broken(order, table):
            made[table.qualified_name] = _close_circle(draw, table, key, made)
    return Dataset(
        {name: tuple(each) for name, each in made.items()}, {table.qualified_name: table for table in order.tables}
    )


def _broken(order: FillOrder, table: Table) -> list[Constraint]:
    return [key for key in table.foreign_keys if key.name in order.unbound(table)]


def _known(made: Mapping[str, list[dict[str, Value | Default]]]) -> Parents:
    return {
        name: [{column: value for column, value in row.items() if not isinstance(value, Default)} for row in each]
        for name, each in made.items()
    }


def _acceptable(
    table: Table, row: dict[str, Value | Default], others: list[dict[str, Value | Default]], unbound: frozenset[str]
) -> list[dict[str, Value | Default]]:
    """The row, or nothing where it has no parent or repeats a key."""
    if any(name not in row for key in table.foreign_keys if key.name not in unbound for name in key.columns):
        return []
    for columns, nulls_equal in _unique_keys(table):
        mine = tuple(row.get(column, DEFAULT) for column in columns)
        if DEFAULT in mine and not all(_constant_default(table, c) for c in columns if row.get(c, DEFAULT) is DEFAULT):
            continue
        if None in mine and not nulls_equal:
            continue
        if any(tuple(other.get(column, DEFAULT) for column in columns) == mine for other in others):
            return []
    return [row]


def _unique_keys(table: Table) -> Iterator[tuple[tuple[str, ...], bool]]:
    for constraint in table.constraints:
        if constraint.kind in ("primary key", "unique"):
            yield constraint.columns, "NULLS NOT DISTINCT" in constraint.definition
    for index in table.indexes:
        if index.unique and index.constraint is None and index.predicate is None:
            yield index.keys, index.nulls_not_distinct


def _constant_default(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and not column.identity and "(" not in (column.default or "")


def _close_circle(
    draw: DrawFn, table: Table, key: Constraint, made: Mapping[str, list[dict[str, Value | Default]]]
) -> list[dict[str, Value | Default]]:
    """Point a key at the table that was filled after its own; possible only where PostgreSQL checks it at the end."""
    parents = [
        tuple(parent[name] for name in key.referenced_columns)
        for parent in made.get(key.references or "", [])
        if all(parent.get(name) is not None for name in key.referenced_columns)
    ]
    kept = []
    for row in made[table.qualified_name]:
        if parents and key.deferrable:
            kept.append(row | dict(zip(key.columns, draw(st.sampled_from(parents)), strict=True)))
        elif nullable_key(table, key):
            free = [c for c in table.columns if c.name in key.columns and not c.not_null]
            kept.append(row | dict.fromkeys((column.name for column in free), None))
    return kept


def insert(table: Table, each: Collection[Row], *, returning: Collection[str] = ()) -> str:
    """One INSERT statement, to be run as it stands.

    :param returning: columns to return, as text
    """
    columns = [column for column in table.columns if any(row.get(column.name, DEFAULT) is not DEFAULT for row in each)]
    target = f"INSERT INTO {quote(table.schema)}.{quote(table.name)}"
    if columns:
        overriding = " OVERRIDING SYSTEM VALUE" if any(column.identity == "always" for column in columns) else ""
        listed = ", ".join(quote(column.name) for column in columns)
        values = (", ".join(literal(row.get(column.name, DEFAULT)) for column in columns) for row in each)
        target += f" ({listed}){overriding} VALUES " + ", ".join(f"({each})" for each in values)
    else:
        target += " DEFAULT VALUES"
    return target + (" RETURNING " + ", ".join(f"{quote(name)}::text" for name in returning) if returning else "")


def load(connection: Connection, data: Dataset, *, raise_refusals: bool = True) -> tuple[Refused, ...]:
    """Insert a dataset in one transaction, or in a savepoint of the one that is open.

    :param raise_refusals: raise what PostgreSQL refuses; otherwise the rows that it takes stay, those that it refuses
        are returned, and so are their children, which then lack a parent
    :raises psycopg.Error: what PostgreSQL says about the first row that it refuses
    """
    refused: list[Refused] = []
    with connection.transaction():
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        for name, each in data.rows.items():
            refused += _load_table(connection, data.tables[name], each, raise_refusals)
        if raise_refusals:
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        else:
            refused += _check_deferred(connection)
    return tuple(refused)


def _load_table(connection: Connection, table: Table, each: tuple[Row, ...], raise_refusals: bool) -> list[Refused]:
    if not each:
        return []
    # DEFAULT VALUES knows no list of rows.
    if all(value is DEFAULT for row in each for value in row.values()):
        refusals = [try_row(connection, table, row, raise_refusals=raise_refusals) for row in each]
        return [refusal for refusal in refusals if isinstance(refusal, Refused)]
    try:
        with connection.transaction():
            connection.execute(insert(table, each).encode())
    except psycopg.Error:
        if raise_refusals:
            raise
        refusals = [try_row(connection, table, row) for row in each]
        return [refusal for refusal in refusals if isinstance(refusal, Refused)]
    return []


def _check_deferred(connection: Connection) -> list[Refused]:
    try:
        with connection.transaction():
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return [_refusal(None, {}, error, "SET CONSTRAINTS ALL IMMEDIATE")]
    return []


def try_row(
    connection: Connection,
    table: Table,
    row: Row,
    *,
    returning: Collection[str] = (),
    keep: bool = True,
    raise_refusals: bool = False,
) -> Refused | tuple[Value, ...] | None:
    """Insert one row inside a savepoint.

    :param returning: columns whose stored values are wanted
    :param keep: whether the row stays; otherwise it is only tried
    :param raise_refusals: raise what PostgreSQL says instead of returning it
    :returns: why the row was refused; else the wanted values, or None where a trigger dropped the row without a word
    """
    statement = insert(table, (row,), returning=returning)
    try:
        with connection.transaction(force_rollback=not keep):
            cursor = connection.execute(statement.encode())
            if cursor.rowcount == 0:
                return None
            stored = cursor.fetchone() if returning else ()
            return None if stored is None else tuple(None if value is None else str(value) for value in stored)
    except psycopg.Error as error:
        if raise_refusals or error.sqlstate is None:
            raise
        return _refusal(table, row, error, insert(table, (row,)))


def _refusal(table: Table | None, row: Row, error: psycopg.Error, statement: str) -> Refused:
    diag = error.diag
    own = table is not None and diag.schema_name == table.schema and diag.table_name == table.name
    return Refused(
        table.qualified_name if table else "",
        row,
        error.sqlstate or "",
        diag.message_primary or str(error),
        diag.message_detail,
        diag.constraint_name if own or table is None else None,
        diag.context,
        statement,
    )
