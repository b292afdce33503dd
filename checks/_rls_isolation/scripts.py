"""A breach as a script for psql: the rows that it takes, who asks, the statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.syntax import quote

from .ground import Ground, Placed, literal, named, place, writable
from .judging import Breach
from .probes import Acting, Connection

_ALONE = "SET LOCAL session_replication_role = replica;  -- the rows as they are, without triggers"
_AGAIN = "SET LOCAL session_replication_role = origin;"


def script(ground: Ground, connection: Connection, acting: Acting, breach: Breach) -> str:
    """The shortest script that shows a breach in the migrated database, tried out as far as that can be.

    :param connection: in a transaction, in which nothing stays
    """
    few = _closed(ground, _asking(ground, breach))
    text = _written(ground, acting, breach, few)
    if shows(ground, connection, acting, breach, few):
        return text
    every = [row for row in ground.by_place.values() if row.universe]
    return _written(ground, acting, breach, every) if len(every) <= 200 else text


def statement(breach: Breach) -> str:
    """The statement as people write it."""
    tried = breach.tried
    if tried.kind == "call":
        return f"SELECT * FROM {tried.probe.statement.partition('::text FROM ')[2].rpartition(' AS f')[0]}"
    if tried.kind == "read":
        columns = ", ".join(map(quote, tried.columns)) or "*"
        return f"SELECT {columns} FROM {named(tried.table)}"
    return tried.probe.statement


def rows_of(ground: Ground, rows: Iterable[Placed]) -> list[str]:
    """The INSERT statements of rows."""
    return [_insert(ground.catalog, row) for row in rows]


def _written(ground: Ground, acting: Acting, breach: Breach, rows: Sequence[Placed]) -> str:
    views = [each for each in ground.catalog.views if each.qualified_name == breach.object]
    refreshes = [
        f"REFRESH MATERIALIZED VIEW {named(each.qualified_name)};" for each in views if each.kind == "materialized view"
    ]
    settings = [
        f"SET LOCAL search_path = {value};"
        if name == "search_path"
        else f"SELECT set_config({literal(name)}, {literal(value)}, true);"
        for name, value in acting.settings.items()
        if value
    ]
    return "\n".join(
        [
            "BEGIN;",
            *([_ALONE, *(f"{each};" for each in rows_of(ground, rows)), _AGAIN] if rows else []),
            *refreshes,
            *settings,
            f"SET LOCAL ROLE {quote(acting.role)};",
            f"{statement(breach)};  -- {breach.said}",
            "ROLLBACK;",
        ]
    )


def _insert(catalog: Catalog, row: Placed) -> str:
    table = catalog.whole.tables_by_name[row.table]
    given = {
        column.name: row.values[column.name]
        for column in table.columns
        if not column.generated and row.values.get(column.name) is not None
    }
    always = any(not writable(column) and not column.generated for column in table.columns)
    listed, values = ", ".join(map(quote, given)), ", ".join(map(literal, given.values()))
    overriding = " OVERRIDING SYSTEM VALUE" if always else ""
    return f"INSERT INTO {named(row.table)} ({listed}){overriding} VALUES ({values})"


def _asking(ground: Ground, breach: Breach) -> list[Placed]:
    """The rows that are seen or changed, those that say who is asking, and one of its own beside."""
    rows = list(breach.rows[:1])
    if breach.tried.aimed is not None and breach.tried.aimed not in rows:
        rows.append(breach.tried.aimed)
    sub = breach.identity.sub
    tables = {each.table for each in ground.tenancy.memberships}
    if ground.tenancy.people is not None:
        tables |= {ground.tenancy.people.table, *ground.tenancy.people.also}
    for row in ground.by_place.values():
        if sub is not None and row.table in tables and sub in row.values.values() and row not in rows:
            rows.append(row)
    return rows


def _closed(ground: Ground, rows: Sequence[Placed]) -> list[Placed]:
    """These rows behind all that they refer to, as foreign keys say and as policies do."""
    chosen: dict[str, Placed] = {}

    def add(row: Placed) -> None:
        if row.at in chosen or not row.universe:
            return
        chosen[row.at] = row
        for columns, other, referenced in _references(ground, row.table):
            wanted = [row.values.get(column) for column in columns]
            for parent in ground.rows.get(other, ()):
                if None not in wanted and [parent.values.get(column) for column in referenced] == wanted:
                    add(parent)

    for row in rows:
        add(row)
    return list(reversed(chosen.values()))


def _references(ground: Ground, name: str) -> Iterable[tuple[Sequence[str], str, Sequence[str]]]:
    table = ground.catalog.whole.table(name)
    for key in table.foreign_keys if table else ():
        yield key.columns, key.references or "", key.referenced_columns
    for link in ground.tenancy.links:
        if link.table == name:
            yield link.columns, link.references, link.referenced_columns


def shows(ground: Ground, connection: Connection, acting: Acting, breach: Breach, rows: Sequence[Placed]) -> bool:
    """Whether the script of these rows shows the breach where none of the universes' other rows are."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, present in ground.rows.items():
                ours = [row.at for row in present if row.universe]
                if ours:
                    query = f"DELETE FROM {named(table)} WHERE {place()} = ANY (%s)"
                    connection.execute(query.encode(), [ours])
            for each in rows_of(ground, rows):
                connection.execute(each.encode())
            connection.execute("SET LOCAL session_replication_role = origin")
            for name, value in acting.settings.items():
                connection.execute("SELECT set_config(%s, %s, true)", [name, value])
            connection.execute(f"SET LOCAL ROLE {quote(acting.role)}".encode())
            return _happens(ground, connection, breach)
    except psycopg.Error:
        if connection.closed:
            raise
        return False


def _happens(ground: Ground, connection: Connection, breach: Breach) -> bool:
    text = statement(breach)
    if breach.outcome.sqlstate is not None:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(text.encode())
        except psycopg.Error as error:
            return error.sqlstate == breach.outcome.sqlstate
        return True
    if breach.tried.command in ("SELECT", "EXECUTE"):
        shown = connection.execute(f"SELECT jsonb_agg(to_jsonb(x))::text FROM ({text}) AS x".encode()).fetchone()
        words = {value for row in breach.rows[:1] for value in _telling(ground, row) if value}
        if breach.tried.command == "EXECUTE" and not breach.rule.endswith("-read"):
            return True
        return any(word in (shown[0] or "") for word in words) if shown else False
    return connection.execute(text.encode()).rowcount > 0


def _telling(ground: Ground, row: Placed) -> Iterable[str | None]:
    table = ground.catalog.whole.tables_by_name[row.table]
    columns = table.primary_key.columns if table.primary_key else tuple(row.values)
    return [row.values[column] for column in columns]


def claims(acting: Acting) -> Mapping[str, str]:
    """What PostgreSQL is told of the one who asks."""
    return {name: value for name, value in acting.settings.items() if value and name != "search_path"}
