"""Many rows in a table, made of the few that it has: by one statement, without reading any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Column, Constraint, Table
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]

MODELS = 100
"""Rows at most that the others are copied from."""
_NUMBER = "mv_number"
"""The name of the number that each new row has."""
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TEXTS = ("text", "character varying", "character", "citext")
_TIMES = ("timestamp without time zone", "timestamp with time zone")


def multiply(connection: Connection, catalog: Catalog, name: str, rows: int) -> str | None:
    """Copy the rows of a table until it has so many, with new values where they must be unique.

    A key that refers to another table and must be unique takes the rows of that table, which is multiplied first.
    Triggers do not fire where the connection may prevent it.

    :param name: ``schema.name`` of a table that has a row
    :param rows: that it has afterwards, if it has fewer
    :returns: why it cannot be done; None where it was
    :raises psycopg.Error: when the connection is lost
    """
    return _Multiplying(connection, catalog, rows).fill(name)


@dataclass(slots=True)
class _Multiplying:
    connection: Connection
    catalog: Catalog
    rows: int
    above: list[str] = field(default_factory=list)
    """The tables that wait for the one that is filled now."""

    def fill(self, name: str) -> str | None:
        table = self.catalog.table(name)
        if table is None or table.kind == "foreign table":
            return f"{name} is no table that could be filled"
        have = self._count(table)
        if have >= self.rows:
            return None
        if not have:
            return f"{name} has no row to begin with"
        self.above.append(name)
        problem = None
        # Where both are possible, new values are tried before new rows of another table.
        for keys_first in (False, True):
            problem = self._copy(table, self.rows - have, keys_first=keys_first)
            if problem is None:
                break
        self.above.pop()
        return problem

    def _copy(self, table: Table, missing: int, *, keys_first: bool) -> str | None:
        chosen: dict[str, Sequence[str]] = {}
        joined: dict[str, Constraint] = {}
        for columns in _unique_sets(table):
            if any(column.name in chosen or column.name in joined for column in columns):
                continue
            value = self._by_value(table, columns)
            if value is not None and not keys_first:
                chosen[value[0]] = value[1]
                continue
            key = self._by_key(table, columns)
            if not isinstance(key, str):
                joined[key[0]] = key[1]
            elif value is not None:
                chosen[value[0]] = value[1]
            else:
                return key
        return self._insert(table, missing, chosen, joined)

    def _count(self, table: Table) -> int:
        query = f"SELECT count(*) FROM (SELECT FROM {_quoted(table)} LIMIT {self.rows}) AS counted"
        row = self.connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def _by_value(self, table: Table, columns: Sequence[Column]) -> tuple[str, Sequence[str]] | None:
        """A column of a key that can get new values, and the expressions for them."""
        bound = {column for key in table.foreign_keys for column in key.columns}
        for column in columns:
            values = [] if column.name in bound else self._values(table, column)
            if values:
                return column.name, values
        return None

    def _by_key(self, table: Table, columns: Sequence[Column]) -> tuple[str, Constraint] | str:
        """A column of a key that refers to a table with enough rows, which are made; why there is none, if so."""
        keys = {key.columns[0]: key for key in table.foreign_keys if len(key.columns) == 1}
        problem = f"no column of its key ({', '.join(column.name for column in columns)}) can be counted up"
        for column in columns:
            key = keys.get(column.name)
            if key is None or key.references is None or key.references in self.above:
                continue
            failed = self.fill(key.references)
            if failed is None:
                return column.name, key
            problem = failed
        return problem

    def _values(self, table: Table, column: Column) -> list[str]:
        """Expressions that differ from row to row, likely ones first: of a number, and of ``s``, the row
        that is copied.
        """
        name = quote(column.name)
        base = next(
            (domain.base_type for domain in self.catalog.domains if f"{domain.schema}.{domain.name}" == column.type),
            column.type,
        )
        plain = re.sub(r"\(.*?\)", "", base).strip()
        most = re.search(r"\((\d+)\)", base)
        values: list[str] = []
        if plain in _NUMBERS:
            values = [f"(SELECT coalesce(max({name}), 0) FROM {_quoted(table)}) + {_NUMBER}"]
        elif plain == "uuid":
            values = ["gen_random_uuid()"]
        elif plain in _TEXTS:
            text = f"coalesce(s.{name}::text, '')"
            values = [
                f"{_NUMBER} || {text}",
                f"{text} || '-' || {_NUMBER}",
                f"{text} || {_NUMBER}",
                f"md5({_NUMBER}::text)",
            ]
            if most:
                values = [f"left({value}, {most[1]})" for value in values]
            values.append(f"{_NUMBER}::text")
        elif plain in _TIMES:
            values = [f"coalesce(s.{name}, now()) + {_NUMBER} * interval '1 second'"]
        elif plain == "date":
            values = [f"coalesce(s.{name}, current_date) + {_NUMBER}::integer"]
        return values if column.not_null else [*values, "NULL"]

    def _insert(
        self, table: Table, missing: int, chosen: dict[str, Sequence[str]], joined: dict[str, Constraint]
    ) -> str | None:
        """Insert the rows, with the first of the chosen expressions that the table takes."""
        problem = ""
        for number in range(max(map(len, chosen.values()), default=1)):
            values = {name: each[min(number, len(each) - 1)] for name, each in chosen.items()}
            try:
                with self.connection.transaction():
                    self._without_triggers()
                    self.connection.execute(_insertion(table, missing, values, joined).encode())
            except psycopg.Error as error:
                if self.connection.closed:
                    raise
                problem = problem or f"{table.qualified_name} refuses copies of its rows: {error.diag.message_primary}"
            else:
                self.connection.execute(f"ANALYZE {_quoted(table)}".encode())
                have = self._count(table)
                return None if have >= self.rows else f"{table.qualified_name} took {have} rows only"
        return problem

    def _without_triggers(self) -> None:
        try:
            with self.connection.transaction():
                self.connection.execute("SET LOCAL session_replication_role = replica")
        except psycopg.errors.InsufficientPrivilege:
            return


def _insertion(table: Table, missing: int, values: dict[str, str], joined: dict[str, Constraint]) -> str:
    names = [column.name for column in table.columns if not column.generated]
    numbered = {name: f"k{number}" for number, name in enumerate(joined)}
    selected = [f"{numbered[name]}.key" if name in numbered else values.get(name, f"s.{quote(name)}") for name in names]
    keys = "".join(
        f" JOIN (SELECT row_number() OVER () AS mv_number, {quote(key.referenced_columns[0])} AS key"
        f" FROM {_named(key.references or '')} AS p WHERE NOT EXISTS (SELECT FROM {_quoted(table)} AS t"
        f" WHERE t.{quote(name)} = p.{quote(key.referenced_columns[0])})) AS {numbered[name]} USING (mv_number)"
        for name, key in joined.items()
    )
    return (
        f"INSERT INTO {_quoted(table)} ({', '.join(map(quote, names))}) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(selected)} FROM generate_series(1, {missing}) AS g (mv_number){keys} JOIN (SELECT m.*, "
        f"row_number() OVER () AS mv_place, count(*) OVER () AS mv_places FROM (SELECT * FROM {_quoted(table)} "
        f"LIMIT {MODELS}) AS m) AS s ON s.mv_place = 1 + {_NUMBER} % s.mv_places"
    )


def _unique_sets(table: Table) -> Iterator[list[Column]]:
    """The columns of every key, those within expressions too; the primary key's first."""
    for index in sorted(table.indexes, key=lambda index: not index.primary):
        if index.unique:
            text = " ".join(index.keys)
            yield [
                column
                for column in table.columns
                if column.name in index.keys or re.search(rf"\b{re.escape(column.name)}\b", text)
            ]


def _quoted(table: Table) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}"


def _named(name: str) -> str:
    schema, _, table = name.partition(".")
    return f"{quote(schema)}.{quote(table)}"
