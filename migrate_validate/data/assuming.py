"""Rows that respect what a migration takes for granted: drawn so, asked for, repaired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import psycopg

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Constraint, Index, Table
from migrate_validate.chain.assumptions import Assumption, Kind
from migrate_validate.errors import ConfigError
from migrate_validate.syntax import node_name, quote, unwrap

Connection = psycopg.Connection[Any]

PREFIX = "assumed: "
"""What the names of constraints begin with that stand for assumptions."""
REPEATED = '"how often"'
"""The column with what is above 1 in rows that are not unique."""
_NO_SUCH_OBJECT = "42"
"""The class of SQLSTATE for names that do not exist and SQL that is wrong, whatever the rows."""


class NotThere(ConfigError):
    """An assumption names a table or a column that does not exist before its migration."""


def table_named(catalog: Catalog, name: str) -> Table | None:
    """The table that a name means: ``schema.name``, one in public, or the only one of this name.

    :param name: as it stands in an assumption
    """
    if "." in name:
        return catalog.table(name)
    others = [table for table in catalog.tables if table.name == name]
    return catalog.table(f"public.{name}") or (others[0] if len(others) == 1 else None)


def name_of(catalog: Catalog, table: Table) -> str:
    """What an assumption calls a table: its bare name where that is enough."""
    return table.name if table_named(catalog, table.name) is table else table.qualified_name


def resolve(assumption: Assumption, catalog: Catalog) -> None:
    """See that what an assumption names is there.

    :param catalog: the schema before the migration
    :raises NotThere: when it is not; says which name is near
    """
    if assumption.kind is Kind.NO_ROWS:
        return
    table = table_of(assumption, catalog)
    for name in named_columns(assumption):
        _column(assumption, table, name)
    if assumption.kind is Kind.EXISTS:
        referenced, names = _referenced(assumption, catalog)
        for name in names:
            _column(assumption, referenced, name)


def assumed(catalog: Catalog, assumptions: Iterable[Assumption]) -> Catalog:
    """The same schema with every assumption as a constraint, for those who draw rows.

    NOT NULL, a unique index, a foreign key, or a CHECK constraint that the server does not have. Left out is what is
    none of these: a query, and a foreign key of some rows only; rows that break it are found by :func:`broken`.

    :raises NotThere: when an assumption names what does not exist
    """
    tables = dict(catalog.tables_by_name)
    for each in assumptions:
        if each.kind is not Kind.NO_ROWS:
            resolve(each, catalog)
            table = tables[table_of(each, catalog).qualified_name]
            tables[table.qualified_name] = _constrained(table, each, catalog)
    return replace(catalog, tables=tuple(tables[table.qualified_name] for table in catalog.tables))


def _constrained(table: Table, assumption: Assumption, catalog: Catalog) -> Table:
    name = f"{PREFIX}{assumption}"
    match assumption.kind:
        case Kind.NOT_NULL if assumption.where is None:
            columns = (replace(c, not_null=True) if c.name in assumption.subject else c for c in table.columns)
            return replace(table, columns=tuple(columns))
        case Kind.UNIQUE:
            return replace(table, indexes=(*table.indexes, _index(table, assumption, name)))
        case Kind.EXISTS if assumption.where is None:
            return replace(table, constraints=(*table.constraints, _foreign_key(assumption, catalog, name)))
        case Kind.EXISTS:
            return table
        case _:
            condition = assumption.row_condition
            if assumption.where:
                condition = f"({assumption.where}) IS NOT TRUE OR ({condition})"
            own = tuple(column.name for column in table.columns if column.name in named_columns(assumption))
            check = Constraint(name, "check", f"CHECK (({condition}))", own)
            return replace(table, constraints=(*table.constraints, check))


def _index(table: Table, assumption: Assumption, name: str) -> Index:
    keys = tuple(_key(table, each) for each in assumption.subject)
    definition = f"CREATE UNIQUE INDEX {quote(name)} ON {sql_name(table)} ({', '.join(keys)})"
    definition += " NULLS NOT DISTINCT" if assumption.nulls_not_distinct else ""
    definition += f" WHERE ({assumption.where})" if assumption.where else ""
    return Index(
        table.schema,
        name,
        table.qualified_name,
        definition,
        "btree",
        keys,
        key_options=("",) * len(keys),
        predicate=assumption.where,
        unique=True,
        nulls_not_distinct=assumption.nulls_not_distinct,
    )


def _key(table: Table, expression: str) -> str:
    """A key as an index has it: the plain name of a column, or SQL in parentheses."""
    names = [column.name for column in table.columns if quote(column.name) == expression]
    return names[0] if names else f"({expression})"


def _foreign_key(assumption: Assumption, catalog: Catalog, name: str) -> Constraint:
    referenced, columns = _referenced(assumption, catalog)
    listed = ", ".join(map(quote, assumption.subject))
    definition = f"FOREIGN KEY ({listed}) REFERENCES {sql_name(referenced)}({', '.join(map(quote, columns))})"
    return Constraint(
        name,
        "foreign key",
        definition,
        assumption.subject,
        referenced.qualified_name,
        columns,
        match="simple",
        on_delete="no action",
        on_update="no action",
    )


def violations(assumption: Assumption, catalog: Catalog) -> str:
    """SQL that returns the rows that break an assumption, and only reads: all columns of its table.

    For plain SQL the query itself.

    :raises NotThere: when the assumption names what does not exist
    """
    if assumption.kind is Kind.NO_ROWS:
        return assumption.condition
    resolve(assumption, catalog)
    columns = [quote(column.name) for column in table_of(assumption, catalog).columns]
    return breaking(assumption, catalog, columns, "count(*) OVER (PARTITION BY {})")


def breaking(assumption: Assumption, catalog: Catalog, columns: Sequence[str], repeated: str) -> str:
    """A query for these columns of the rows that break an assumption about a table.

    :param repeated: what is above 1 in rows that are not unique; their keys are put in
    """
    table = table_of(assumption, catalog)
    # Conditions may be written with the name of the table, so it gets no alias.
    source, name = sql_name(table), quote(table.name)
    listed = ", ".join(f"{name}.{column}" for column in columns)
    where = f"({assumption.where}) AND " if assumption.where else ""
    if assumption.kind is Kind.UNIQUE:
        keys = [f"({each})" for each in assumption.subject]
        present = "true" if assumption.nulls_not_distinct else " AND ".join(f"{key} IS NOT NULL" for key in keys)
        numbered = f"{repeated.format(', '.join(keys))} AS {REPEATED}"
        inner = f"SELECT {listed}, {numbered} FROM {source} WHERE {where}{present}"
        return f"SELECT {listed} FROM ({inner}) AS {name} WHERE {REPEATED} > 1"
    if assumption.kind is Kind.EXISTS:
        referenced, referred = _referenced(assumption, catalog)
        alias = quote("referenced" if table.name != "referenced" else "the referenced")
        mine = [f"{name}.{quote(column)}" for column in assumption.subject]
        equal = " AND ".join(f"{alias}.{quote(column)} = {own}" for column, own in zip(referred, mine, strict=True))
        given = " AND ".join(f"{each} IS NOT NULL" for each in mine)
        lost = f"NOT EXISTS (SELECT FROM {sql_name(referenced)} AS {alias} WHERE {equal})"
        return f"SELECT {listed} FROM {source} WHERE {where}{given} AND {lost}"
    return f"SELECT {listed} FROM {source} WHERE {where}NOT ({assumption.row_condition})"


def broken(connection: Connection, assumptions: Sequence[Assumption], catalog: Catalog) -> tuple[Assumption, ...]:
    """Those that the rows of a database break, asked in one query.

    A condition that fails on some row (a cast, a division) counts as broken.

    :param catalog: the schema of the database
    :raises NotThere: when an assumption names what does not exist
    :raises psycopg.Error: when PostgreSQL does not understand a condition, whatever the rows
    """
    if not assumptions:
        return ()
    tests = ", ".join(f"EXISTS ({violations(each, catalog)})" for each in assumptions)
    try:
        with connection.transaction():
            row = connection.execute(f"SELECT {tests}".encode()).fetchone()
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate.startswith(_NO_SUCH_OBJECT):
            raise
        if len(assumptions) == 1:
            return tuple(assumptions)
        return tuple(found for each in assumptions for found in broken(connection, (each,), catalog))
    assert row is not None
    return tuple(each for each, breaks in zip(assumptions, row, strict=True) if breaks)


def table_of(assumption: Assumption, catalog: Catalog) -> Table:
    """The table that an assumption is about.

    :raises NotThere: when there is none of this name
    """
    return _found(assumption, assumption.table, catalog)


def _found(assumption: Assumption, name: str, catalog: Catalog) -> Table:
    table = table_named(catalog, name)
    if table is None:
        raise _not_there(assumption, f"table {name}", name, [name_of(catalog, each) for each in catalog.tables])
    return table


def _referenced(assumption: Assumption, catalog: Catalog) -> tuple[Table, tuple[str, ...]]:
    table = _found(assumption, assumption.references, catalog)
    primary = table.primary_key.columns if table.primary_key else ()
    columns = assumption.referenced_columns or primary
    if len(columns) != len(assumption.subject):
        raise NotThere(
            f"'assume {assumption}': {assumption.references} has no primary key of "
            f"{'one column' if len(assumption.subject) == 1 else f'{len(assumption.subject)} columns'}",
            looked=_place_of(assumption),
            remedy=f"name the columns: exists in {assumption.references}(...)",
        )
    return table, columns


def _column(assumption: Assumption, table: Table, name: str) -> None:
    if table.column(name) is None:
        named = f"column {name} in {name_of_table(table)}"
        raise _not_there(assumption, named, name, [column.name for column in table.columns])


def name_of_table(table: Table) -> str:
    """What messages call a table."""
    return table.name if table.schema == "public" else table.qualified_name


def _not_there(assumption: Assumption, what: str, name: str, known: Sequence[str]) -> NotThere:
    near = get_close_matches(name, known, n=1)
    return NotThere(
        f"'assume {assumption}': there is no {what} before the migration" + (f"; is it {near[0]}?" if near else ""),
        looked=_place_of(assumption),
        remedy="write the name as it is just before the migration: what the migration itself makes is not there yet",
    )


def _place_of(assumption: Assumption) -> list[str]:
    place = str(assumption.location) if assumption.location else assumption.origin
    return [place] if place else []


def named_columns(assumption: Assumption) -> tuple[str, ...]:
    """The columns of its own table that an assumption names; what a subquery names may be another table's."""
    if assumption.kind in (Kind.NOT_NULL, Kind.EXISTS):
        texts = [assumption.where] if assumption.where else []
        names = list(assumption.subject)
    else:
        plain = assumption.subject if assumption.kind in (Kind.UNIQUE, Kind.MATCHES) else (assumption.condition,)
        texts = [text for text in (*plain, assumption.where) if text]
        names = []
    for text in texts:
        names += _plain_columns(syntax.parse_expression(text))
    return tuple(dict.fromkeys(names))


def _plain_columns(tree: syntax.Node) -> list[str]:
    nodes = syntax.walk(tree)
    if any(node_name(each) == "SubLink" for each in nodes):
        return []
    fields = ([unwrap(field) for field in each.fields] for each in nodes if node_name(each) == "ColumnRef")
    return [each[-1].sval for each in fields if len(each) <= 2 and node_name(each[-1]) == "String"]


def sql_name(table: Table) -> str:
    """``schema.name`` as SQL writes it."""
    return f"{quote(table.schema)}.{quote(table.name)}"
