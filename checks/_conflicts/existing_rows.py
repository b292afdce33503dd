"""Rows that an INSERT brings against those with the same key that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from migrate_validate import syntax
from migrate_validate.catalog.model import Index, Table
from migrate_validate.chain.model import Statement
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import quote

from .._shared import SAMPLE, Connection, enum_name, raw

_BROUGHT = "migrate_validate_rows"
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean"})
_NEW_EACH_TIME = frozenset(
    {
        "clock_timestamp",
        "gen_random_uuid",
        "nextval",
        "now",
        "random",
        "statement_timestamp",
        "timeofday",
        "transaction_timestamp",
        "uuid_generate_v1",
        "uuid_generate_v4",
        "uuidv4",
        "uuidv7",
    }
)


@dataclass(frozen=True, slots=True)
class Clash:
    """What an INSERT meets in one unique index."""

    table: str
    """``schema.name``."""
    index: str
    key: tuple[str, ...]
    """The index's columns or expressions."""
    same: int
    """Rows that are there with all the values that the INSERT gives."""
    different: int
    """Rows with the same key and other values."""
    samples: tuple[str, ...] = ()
    """Of those that differ: ``slug = 'a': max_users: have 40, want 1000``."""


def insert_of(statement: Statement) -> syntax.Node | None:
    """The tree of an INSERT with rows; None for anything else."""
    if statement.kind != "insert":
        return None
    node = syntax.parse(statement.sql)[0].node
    return node if node.HasField("select_stmt") else None


def skips_conflicts(node: syntax.Node) -> bool:
    """Whether it says ON CONFLICT DO NOTHING."""
    clause = node.on_conflict_clause
    return node.HasField("on_conflict_clause") and enum_name(clause, "action") == "ONCONFLICT_NOTHING"


def overwrites(node: syntax.Node) -> bool:
    """Whether it says ON CONFLICT DO UPDATE: the rows that are there are reckoned with."""
    return node.HasField("on_conflict_clause") and not skips_conflicts(node)


def rows_written(node: syntax.Node) -> int | None:
    """How many rows its VALUES list; None where they come from a query."""
    return len(node.select_stmt.select_stmt.values_lists) or None


def clashes(trial: Trial, node: syntax.Node) -> tuple[Clash, ...]:
    """The rows that an INSERT would bring and whose keys are there, in the state that the trial is in.

    :raises psycopg.Error: when its rows cannot be had
    """
    connection = trial.connection
    table = _target(trial, node)
    if table is None:
        return ()
    found = []
    with connection.transaction(force_rollback=True):
        _bring(connection, node, table)
        compared = _compared(node, table)
        for index in table.indexes:
            if index.unique and index.valid:
                clash = _clash(connection, table, index, compared)
                found += [clash] if clash.same or clash.different else []
    return tuple(found)


def _target(trial: Trial, node: syntax.Node) -> Table | None:
    written = ".".join(quote(part) for part in (node.relation.schemaname, node.relation.relname) if part)
    query = (
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = to_regclass(%s)"
    )
    row = trial.connection.execute(query.encode(), [written]).fetchone()
    return trial.catalog().table(row[0]) if row else None


def _bring(connection: Connection, node: syntax.Node, table: Table) -> None:
    """Put its rows into a temporary table like the real one, but without constraints."""
    like = sql.Identifier(table.schema, table.name)
    aside = sql.Identifier("pg_temp", _BROUGHT)
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED)").format(
            sql.Identifier(_BROUGHT), like
        )
    )
    changes = [sql.SQL("ALTER {} DROP NOT NULL").format(sql.Identifier(c.name)) for c in table.columns if c.not_null]
    missing = [name for name in _columns(node) if table.column(name) is None]
    changes += [sql.SQL("ADD COLUMN {} text").format(sql.Identifier(name)) for name in missing]
    if changes:
        connection.execute(sql.SQL("ALTER TABLE {} {}").format(aside, sql.SQL(", ").join(changes)))
    insert = type(node)()
    insert.CopyFrom(node)
    insert.relation.schemaname, insert.relation.relname = "pg_temp", _BROUGHT
    insert.ClearField("on_conflict_clause")
    insert.ClearField("returning_clause" if "returning_clause" in node.DESCRIPTOR.fields_by_name else "returning_list")
    connection.execute(syntax.sql_of(insert).encode())


def _columns(node: syntax.Node) -> list[str]:
    return [column.res_target.name for column in node.cols]


def _compared(node: syntax.Node, table: Table) -> list[str]:
    """The columns that the INSERT gives a value which is the same each time."""
    select = node.select_stmt.select_stmt
    rows = [each.list.items for each in select.values_lists]
    if not rows:
        rows = [[target.res_target.val for target in select.target_list]]
    names = _columns(node)
    if not names:
        stars = any(syntax.node_name(each) == "A_Star" for value in rows[0] for each in syntax.walk(value))
        names = [column.name for column in table.columns][: None if stars or not rows[0] else len(rows[0])]
    changing = {
        name
        for row in rows
        for name, value in zip(names, row, strict=False)
        if any(_new_each_time(each) for each in syntax.walk(value))
    }
    return [name for name in names if name not in changing and table.column(name) is not None]


def _new_each_time(node: syntax.Node) -> bool:
    kind = syntax.node_name(node)
    if kind == "FuncCall":
        return node.funcname[-1].string.sval in _NEW_EACH_TIME
    return kind in ("SQLValueFunction", "SetToDefault")


def _clash(connection: Connection, table: Table, index: Index, columns: Sequence[str]) -> Clash:
    keys = [key if key.startswith("(") else quote(key) for key in index.keys]
    where = f" WHERE {index.predicate}" if index.predicate else ""
    values = ", ".join([*(f"{key} AS mv_key{n}" for n, key in enumerate(keys)), *_quoted_as(columns)])
    there = f"(SELECT {values} FROM {quote(table.schema)}.{quote(table.name)}{where}) AS t"
    brought = f"(SELECT {values} FROM pg_temp.{_BROUGHT}{where}) AS b"
    equal = "IS NOT DISTINCT FROM" if index.nulls_not_distinct else "="
    joined = " AND ".join(f"t.mv_key{n} {equal} b.mv_key{n}" for n in range(len(keys)))
    pairs = [(f"t.mv_column{n}::text", f"b.mv_column{n}::text") for n in range(len(columns))]
    differ = " OR ".join(f"{have} IS DISTINCT FROM {want}" for have, want in pairs) or "false"
    shown = ", ".join([*(f"t.mv_key{n}::text" for n in range(len(keys))), *(one for pair in pairs for one in pair)])
    counts = f"count(*) FILTER (WHERE NOT ({differ})), count(*) FILTER (WHERE {differ})"
    same, different = _one(connection, f"SELECT {counts} FROM {there} JOIN {brought} ON {joined}")
    samples: list[str] = []
    if different:
        query = f"SELECT {shown} FROM {there} JOIN {brought} ON {joined} WHERE {differ} ORDER BY 1 LIMIT {SAMPLE}"
        for row in connection.execute(raw(query)).fetchall():
            samples.append(_sample(index.keys, columns, row, table))
    return Clash(f"{table.schema}.{table.name}", index.name, index.keys, same, different, tuple(samples))


def _quoted_as(columns: Sequence[str]) -> Iterator[str]:
    return (f"{quote(column)} AS mv_column{n}" for n, column in enumerate(columns))


def _one(connection: Connection, query: str) -> tuple[int, int]:
    row = connection.execute(raw(query)).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _sample(keys: Sequence[str], columns: Sequence[str], row: Sequence[Any], table: Table) -> str:
    types = {column.name: column.type for column in table.columns}
    key = ", ".join(f"{name} = {_literal(value, types.get(name))}" for name, value in zip(keys, row, strict=False))
    values = iter(row[len(keys) :])
    differing = [
        f"{column}: have {_literal(have, types[column])}, want {_literal(want, types[column])}"
        for column, have, want in zip(columns, values, values, strict=True)
        if have != want
    ]
    return f"{key}: {'; '.join(differing)}"


def _literal(value: str | None, type_: str | None) -> str:
    if value is None:
        return "NULL"
    return value if type_ in _NUMBERS else "'" + value.replace("'", "''") + "'"
