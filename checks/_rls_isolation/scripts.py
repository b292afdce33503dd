"""A breach as a script for psql: the rows that it takes, who asks, the statement."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import psycopg

from migrate_validate.acting import CLAIMS
from migrate_validate.catalog.model import Column, Table
from migrate_validate.syntax import quote

from .ground import Ground, Placed, literal, named, place, writable
from .probes import Acting, Connection
from .verdicts import Breach

SHORTENED = 40
"""A script with more rows than these is left as it is."""
_SAID = ("request.headers", "request.cookies")
_ALONE = "SET LOCAL session_replication_role = replica;  -- the rows as they are, without triggers"
_AGAIN = "SET LOCAL session_replication_role = origin;"


def script(ground: Ground, connection: Connection, acting: Acting, breach: Breach, *, shorten: bool = True) -> str:
    """A short script that shows a breach in the migrated database, tried out as far as that can be.

    :param connection: in a transaction without the rows of the universes, see :func:`emptied`
    :param shorten: leave out the rows that it does not take, which costs a trial for each
    """
    without = breach.tried.without
    few = _Sketch(tuple(row for row in _closed(ground, _asking(ground, breach)) if row.at not in without), acting)
    rows = tuple(row for row in ground.by_place.values() if row.universe and row.at not in without)
    if breach.outcome.cancelled or breach.trigger:
        # Each trial would take as long again; a trigger would miss rows that are not there at all.
        return _written(ground, breach, replace(few, rows=rows))
    for sketch in (few, replace(few, rows=_unhindered(ground, breach, few.rows, rows)), replace(few, rows=rows)):
        if _shows(ground, connection, breach, sketch):
            return _written(ground, breach, _shortened(ground, connection, breach, sketch, rows=shorten))
    return _written(ground, breach, few)


@contextlib.contextmanager
def emptied(ground: Ground, connection: Connection) -> Iterator[None]:
    """The database without the rows of the universes, for all scripts: each brings its own."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        for table, present in ground.rows.items():
            ours = [row.at for row in present if row.universe]
            if ours:
                name = named(table).replace("%", "%%")
                connection.execute(f"DELETE FROM {name} WHERE {place()} = ANY (%s)".encode(), [ours])
        yield


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What a script is made of."""

    rows: tuple[Placed, ...]
    acting: Acting
    lean: bool = False
    """Rows have only the columns that they need."""


def _shortened(ground: Ground, connection: Connection, breach: Breach, sketch: _Sketch, *, rows: bool) -> _Sketch:
    """The sketch without what is not needed: claims, columns, rows."""
    for smaller in (replace(sketch, acting=_modest(sketch.acting)), replace(sketch, acting=_plain(sketch.acting))):
        if _shows(ground, connection, breach, smaller):
            sketch = smaller
    lean = replace(sketch, lean=True)
    sketch = lean if _shows(ground, connection, breach, lean) else sketch
    # What is seen or changed stays, whatever it takes.
    kept = [] if _of_view(ground, breach) else [*breach.rows[:1], *filter(None, [breach.tried.aimed])]
    # What refers to others comes behind them, and has to go first.
    for row in reversed(sketch.rows) if rows and len(sketch.rows) <= SHORTENED else ():
        without = replace(sketch, rows=tuple(each for each in sketch.rows if each is not row))
        refers = any(_refers(ground, each, row) for each in without.rows)
        if row not in kept and not refers and _shows(ground, connection, breach, without):
            sketch = without
    return sketch


def _modest(acting: Acting) -> Acting:
    """Without what only clients say beside the token."""
    return Acting(acting.role, {name: value for name, value in acting.settings.items() if name not in _SAID})


def _plain(acting: Acting) -> Acting:
    """With the claims that every token needs, and no others."""
    settings = {name: value for name, value in acting.settings.items() if name not in _SAID}
    if CLAIMS in settings:
        token = json.loads(settings[CLAIMS])
        needed = {name: token[name] for name in ("sub", "role", "aud") if name in token}
        settings[CLAIMS] = json.dumps(needed)
    return Acting(acting.role, settings)


def _refers(ground: Ground, row: Placed, other: Placed) -> bool:
    """Whether a row refers to another one."""
    return any(
        table == other.table
        and [row.values.get(column) for column in columns] == [other.values.get(column) for column in referenced]
        for columns, table, referenced in _references(ground, row.table)
    )


def statement(breach: Breach) -> str:
    """The statement as people write it."""
    tried = breach.tried
    if tried.probe.statement.startswith("CALL "):
        return tried.probe.statement
    if tried.kind == "call":
        return f"SELECT * FROM {tried.probe.statement.partition('::text FROM ')[2].rpartition(' AS f')[0]}"
    if tried.kind == "read":
        columns = ", ".join(map(quote, tried.columns)) or "*"
        return f"SELECT {columns} FROM {named(tried.table)}"
    return tried.probe.statement


def rows_of(ground: Ground, rows: Iterable[Placed], *, lean: bool = False) -> list[str]:
    """The INSERT statements of rows.

    :param lean: without columns that have a default or may be NULL, where neither keys nor policies look at them
    """
    return [_insert(ground, row, lean=lean) for row in rows]


def _written(ground: Ground, breach: Breach, sketch: _Sketch) -> str:
    acting = sketch.acting
    settings = [
        f"SET LOCAL search_path = {value};"
        if name == "search_path"
        else f"SELECT set_config({literal(name)}, {literal(value)}, true);"
        for name, value in _settings(ground, breach, acting).items()
    ]
    inserts = rows_of(ground, sketch.rows, lean=sketch.lean)
    return "\n".join(
        [
            "BEGIN;",
            *([_ALONE, *(f"{each};" for each in inserts), _AGAIN] if inserts else []),
            *(f"{each};" for each in _refreshes(ground, breach)),
            *settings,
            f"SET LOCAL ROLE {quote(acting.role)};",
            f"{statement(breach)};  -- {breach.said}",
            "ROLLBACK;",
        ]
    )


def _refreshes(ground: Ground, breach: Breach) -> list[str]:
    """What fills a materialized view with the rows."""
    views = [each for each in ground.catalog.views if each.qualified_name == breach.object]
    return [
        f"REFRESH MATERIALIZED VIEW {named(each.qualified_name)}" for each in views if each.kind == "materialized view"
    ]


def _settings(ground: Ground, breach: Breach, acting: Acting) -> dict[str, str]:
    """What is set; what is empty, and would be unknown to a new session, only where policies cannot be evaluated."""
    if (breach.outcome.sqlstate or "").startswith("22"):
        names = (*_SAID, CLAIMS, ground.tenancy.setting, ground.tenancy.person_setting)
        return {**dict.fromkeys(filter(None, names), ""), **acting.settings}
    return {name: value for name, value in acting.settings.items() if value}


def _insert(ground: Ground, row: Placed, *, lean: bool) -> str:
    table = ground.catalog.whole.tables_by_name[row.table]
    given = {
        column.name: row.values[column.name]
        for column in table.columns
        if not column.generated
        and row.values.get(column.name) is not None
        and (not lean or _needed(ground, table, column))
    }
    always = any(not writable(column) and not column.generated for column in table.columns)
    listed, values = ", ".join(map(quote, given)), ", ".join(map(literal, given.values()))
    overriding = " OVERRIDING SYSTEM VALUE" if always else ""
    return f"INSERT INTO {named(row.table)} ({listed}){overriding} VALUES ({values})"


def _needed(ground: Ground, table: Table, column: Column) -> bool:
    """Whether a row cannot do without a column, or policies of some table may look at it."""
    if column.not_null and column.default is None and not column.identity:
        return True
    if any(column.name in key.columns for key in table.constraints if key.kind != "check"):
        return True
    return column.name in ground.policy_words


def _unhindered(ground: Ground, breach: Breach, few: Sequence[Placed], rows: Sequence[Placed]) -> tuple[Placed, ...]:
    """A few rows, and all of other tables but those that refer to the one that is changed: nothing is in the way."""
    return tuple(
        row
        for row in rows
        if row in few
        or (row.table != breach.object and all(of != breach.object for _, of, _ in _references(ground, row.table)))
    )


def _asking(ground: Ground, breach: Breach) -> list[Placed]:
    """The rows that are seen or changed, those that the statement needs, and those that say who is asking."""
    rows = list(breach.rows[:1])
    if breach.tried.aimed is not None and breach.tried.aimed not in rows:
        rows.append(breach.tried.aimed)
    table = breach.tried.table
    if breach.rule == "policy-error" and not rows:
        rows += ground.rows.get(table, ())[:1]  # Policies are asked of rows: of an empty table most say nothing.
    if breach.tried.kind == "move":
        theirs = ground.foreign_rows(breach.identity, table)[:1]
        rows += [row for row in _closed(ground, theirs) if row not in theirs]  # What a row of others refers to.
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


def _shows(ground: Ground, connection: Connection, breach: Breach, sketch: _Sketch) -> bool:
    """Whether the script shows the breach where none of the universes' other rows are."""
    role = quote(sketch.acting.role)
    settings = {**dict.fromkeys((*_SAID, CLAIMS), ""), **_settings(ground, breach, sketch.acting)}
    statements = [
        "SET LOCAL session_replication_role = replica",
        *rows_of(ground, sketch.rows, lean=sketch.lean),
        "SET LOCAL session_replication_role = origin",
        *_refreshes(ground, breach),
        *(f"SELECT set_config({literal(name)}, {literal(value)}, true)" for name, value in settings.items()),
        f"SET LOCAL ROLE {role}",
    ]
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(";\n".join(statements).encode(), prepare=False)
            return _happens(ground, connection, breach)
    except psycopg.Error:
        if connection.closed:
            raise
        return False


def _happens(ground: Ground, connection: Connection, breach: Breach) -> bool:
    text = statement(breach)
    if breach.rule == "policy-error":
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(text.encode())
        except psycopg.Error as error:
            return error.sqlstate == breach.outcome.sqlstate
        return False
    if text.startswith("CALL "):
        connection.execute(text.encode())
        return True
    if breach.tried.command in ("SELECT", "EXECUTE"):
        shown = connection.execute(f"SELECT jsonb_agg(to_jsonb(x))::text FROM ({text}) AS x".encode()).fetchone()
        words = {value for row in breach.rows[:1] for value in _telling(ground, row) if value}
        if _of_view(ground, breach):
            words = {word for theirs in ground.markers(breach.identity).values() for word in theirs}
        if breach.tried.command == "EXECUTE" and not breach.rule.endswith("-read"):
            return True
        return any(word in (shown[0] or "") for word in words) if shown else False
    done = connection.execute(text.encode())
    return breach.tried.command == "TRUNCATE" or done.rowcount > 0


def _of_view(ground: Ground, breach: Breach) -> bool:
    """Whether it is read from a view: it need not show the keys of the rows that it reads."""
    return any(each.qualified_name == breach.tried.table for each in ground.catalog.views)


def _telling(ground: Ground, row: Placed) -> Iterable[str | None]:
    table = ground.catalog.whole.tables_by_name[row.table]
    columns = table.primary_key.columns if table.primary_key else tuple(row.values)
    return [row.values[column] for column in columns]
