"""What several check modules need: names as SQL writes them, declared foreign keys, queries over all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog, Constraint, Table, View
from migrate_validate.findings import Finding
from migrate_validate.replay.timeline import Failure, Timeline
from migrate_validate.syntax import Node, quote

SAMPLE = 5
"""How many rows of evidence a finding shows."""

Connection = psycopg.Connection[Any]


def own_catalog(connection: Connection, catalog: Catalog | None, timeline: Timeline | None = None) -> Catalog:
    """The catalog that was given, or the connection's without what the environment made."""
    if catalog is not None:
        return catalog
    present = Catalog.read(connection)
    return present.without_schemas(timeline.environment_schemas, timeline.tool_tables) if timeline else present


def fetch(connection: Connection, query: sql.SQL | sql.Composed) -> list[tuple[Any, ...]]:
    """All rows of a query that no row level security may shorten.

    :raises psycopg.Error: when the query fails, also when the role would only see a part of the rows
    """
    with connection.transaction():
        connection.execute("SET LOCAL row_security = off")
        return connection.cursor(row_factory=psycopg.rows.tuple_row).execute(query).fetchall()


def problem(error: psycopg.Error) -> str:
    """PostgreSQL's message on one line, with its SQLSTATE."""
    message = error.diag.message_primary or str(error).strip()
    return f"{message} (SQLSTATE {error.sqlstate})" if error.sqlstate else message


def refusal(failure: Failure, said: str) -> Finding:
    """The finding about a script that PostgreSQL refused.

    :param said: what it means for the script; PostgreSQL's own words follow
    """
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    reported = {
        "sqlstate": failure.sqlstate,
        "detail": failure.detail,
        "hint": failure.hint,
        "context": failure.context,
        "constraint": failure.constraint,
    }
    return Finding(
        f"{said}: {failure.message}{code}",
        object=".".join(part for part in (failure.schema, failure.table, failure.column) if part) or None,
        location=failure.location,
        statement=failure.statement,
        evidence={name: value for name, value in reported.items() if value},
    )


def raw(text: str) -> sql.SQL:
    """A piece of SQL that the user wrote."""
    return sql.SQL(text)


def split_name(name: str) -> tuple[str, str]:
    """Schema and name; ``public`` where the user wrote none."""
    schema, dot, rest = name.partition(".")
    return (schema, rest) if dot else ("public", schema)


def split_column(name: str) -> tuple[str, str]:
    """Table and column of ``schema.table.column`` or ``table.column``; the table as ``schema.name``."""
    table, _, column = name.rpartition(".")
    return ".".join(split_name(table)), column


def identifier(name: str) -> sql.Identifier:
    """``schema.name`` for a query."""
    return sql.Identifier(*split_name(name))


def only(table: Table | None, name: str) -> sql.Composable:
    """A table as a foreign key sees it: with its partitions, without the children of plain inheritance."""
    if table is None or table.kind == "partitioned table":
        return identifier(name) if table is None else sql.Identifier(table.schema, table.name)
    return sql.SQL("ONLY {}").format(sql.Identifier(table.schema, table.name))


def quoted(name: str) -> str:
    """``schema.name`` as SQL writes it, for the text of a fix."""
    return ".".join(quote(part) for part in split_name(name))


def quoted_list(names: Iterable[str]) -> str:
    """``a, b`` as SQL writes it, for the text of a fix."""
    return ", ".join(quote(name) for name in names)


def count_of(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def declared_foreign_keys(catalog: Catalog) -> Iterator[tuple[Table, Constraint]]:
    """Every foreign key that somebody wrote.

    What PostgreSQL derived from it is left out: its copies on the partitions of the referencing table, and those that
    point to the partitions of the referenced one.
    """
    for table in catalog.tables:
        keys = [key for key in table.foreign_keys if not key.inherited]
        for key in keys:
            ancestors = set(_ancestors(catalog, key.references))
            if not any(other.columns == key.columns and other.references in ancestors for other in keys):
                yield table, key


def _ancestors(catalog: Catalog, name: str | None) -> Iterator[str]:
    tables = catalog.tables_by_name
    while name and name in tables:
        name = tables[name].partition_of
        if name:
            yield name


def holders_of_indexes(catalog: Catalog) -> tuple[Table | View, ...]:
    """Everything that may have indexes and triggers: tables, views and materialized views."""
    return (*catalog.tables, *catalog.views)


def samples(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    """Rows of evidence by column name."""
    return [dict(zip(names, row, strict=True)) for row in rows]


def enum_name(node: Node, field: str) -> str:
    """The name of a node's enumerated field: ``OR_EXPR``, ``IS_NOT_NULL``."""
    descriptor = node.DESCRIPTOR.fields_by_name[field]
    return str(descriptor.enum_type.values_by_number[getattr(node, field)].name)
