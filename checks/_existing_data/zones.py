"""Values that a migration computes, and that are others where the session has another time zone.

The expressions are executed on the rows of before, under two time zones, and what comes out is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from migrate_validate.chain.model import Statement
from migrate_validate.findings import Severity
from migrate_validate.syntax import Node, quote

from .._shared import Connection, count_of
from .harm import Harm
from .pictures import Picture, Row
from .scene import SAMPLE, Scene, shown

ZONES = ("UTC", "America/New_York")
_AWARE = "with time zone"
_FIXED = "SELECT source IN ('database', 'user', 'database user') FROM pg_settings WHERE name = 'TimeZone'"
"""Whether the database itself says which time zone its sessions have."""


@dataclass(frozen=True, slots=True)
class _Computed:
    """An expression over the rows of a table, and the column that gets its value."""

    column: str
    """``schema.table.column``."""
    kind: str
    """The type of the column when the migration is through."""
    statement: Statement
    expression: str
    where: Node | None


def recomputed(scene: Scene, was: Picture, now: Picture) -> Iterator[Harm]:
    """Columns of a table that get values which depend on the time zone of whoever applies the migration.

    Not where the script sets it, or the database or the role does.
    """
    for deed in scene.words.deeds_on(was.name, "retype", "update"):
        for column, how in deed.assigned.items():
            kind = _type(now, scene.words.columns.get(was.name, {}).get(column))
            name = f"{was.name}.{column.lstrip('+')}"
            if kind is None or not _hangs_on_zone(scene, was, kind):
                continue
            if deed.kind == "retype" and how.expression is None:
                yield from _judged(scene, was, _Computed(name, kind, deed.statement, quote(column), None))
            elif how.expression is not None and (text := scene.words.of_row(how.expression)):
                yield from _judged(scene, was, _Computed(name, kind, deed.statement, text, deed.where))


def copied(scene: Scene, was: Picture) -> Iterator[Harm]:
    """The same of columns of other tables that the rows are copied into."""
    for copy in scene.words.copies:
        target = scene.now.tables.get(scene.words.names.get(copy.target, ""))
        if copy.source != was.name or target is None or copy.others:
            continue
        for own, column in {**copy.columns, **copy.cast}.items():
            final = scene.words.columns.get(copy.target, {}).get(column)
            kind = _type(target, final)
            if kind is not None and _hangs_on_zone(scene, was, kind):
                computed = _Computed(f"{target.name}.{final}", kind, copy.statement, quote(own), copy.where)
                yield from _judged(scene, was, computed)


def _hangs_on_zone(scene: Scene, was: Picture, kind: str) -> bool:
    """Whether values of this type that are made of rows may depend on the time zone of the session."""
    aware = _AWARE in kind or any(_AWARE in each.type for each in was.columns.values())
    return aware and bool(was.rows) and not scene.words.zone_set


def _judged(scene: Scene, was: Picture, computed: _Computed) -> Iterator[Harm]:
    differing = _Asked(scene, was, computed).differing()
    if differing and not _fixed(scene.connection):
        yield _harm(was, computed, differing)


def _type(picture: Picture, name: str | None) -> str | None:
    return next((each.type for each in picture.columns.values() if each.name == name), None)


class _Asked:
    """An expression over the rows of before."""

    def __init__(self, scene: Scene, was: Picture, computed: _Computed) -> None:
        self._connection, self._was, where = scene.connection, was, computed.where
        moment = computed.kind.startswith("timestamp") and computed.kind.endswith(_AWARE)
        own = "extract(epoch FROM {})::text" if moment else "({})::text"
        self._value = own.format(f"({computed.expression})::{computed.kind}")
        condition = scene.words.of_row(where) if where is not None else ""
        self._where = f"WHERE {condition}" if condition else ""
        self._readable = where is None or bool(condition)

    def differing(self) -> list[tuple[Row, str, str]]:
        """The rows that get another value, and the two values."""
        rows = [row for row in self._was.rows if any(each is not None for each in row.values())]
        if not rows or not self._readable:
            return []
        first, second, again = (self._answers(rows, zone) for zone in (*ZONES, ZONES[0]))
        if first is None or second is None or first != again:
            return []
        both = ((rows[place], one, second.get(place)) for place, one in first.items())
        return [(row, one, other) for row, one, other in both if one is not None and other not in (None, one)]

    def _answers(self, rows: Sequence[Row], zone: str) -> dict[int, str | None] | None:
        columns = list(self._was.columns.values())
        listed = ", ".join(f"v.c{each.number}::{each.type} AS {quote(each.name)}" for each in columns)
        names = ", ".join(f"c{each.number}" for each in columns)
        arrays = ", ".join("%s::text[]" for _ in columns)
        bare = quote(self._was.name.partition(".")[2])
        query = (
            f"SELECT place, {self._value} FROM (SELECT v.place, {listed} FROM unnest({arrays}) WITH ORDINALITY"
            f" AS v ({names}, place)) AS {bare} {self._where}"
        )
        try:
            with self._connection.transaction(force_rollback=True):
                # What was read under UTC is read so again; only then comes the zone that is tried.
                values = [[row[each.number] for row in rows] for each in columns]
                self._connection.execute(f"SET LOCAL TimeZone = '{zone}'; SET LOCAL DateStyle = 'ISO'".encode())
                found = self._connection.execute(query.encode(), values).fetchall()
        except psycopg.Error:
            if self._connection.closed:
                raise
            return None
        return {int(place) - 1: value for place, value in found}


def _fixed(connection: Connection) -> bool:
    row = connection.execute(_FIXED.encode()).fetchone()
    return row is not None and bool(row[0])


def _harm(was: Picture, computed: _Computed, differing: Sequence[tuple[Row, str, str]]) -> Harm:
    column = computed.column
    table, _, name = column.rpartition(".")
    plain = re.fullmatch(r'\w+|"[^"]+"', computed.expression)
    return Harm(
        "values-changed",
        (table, name, "time zone"),
        f"{column} gets another value in {len(differing)} of {count_of(len(was.rows), 'row')} where the session has"
        f" another time zone: tried with {' and '.join(ZONES)}",
        object=column,
        statement=computed.statement,
        severity=Severity.WARNING,
        evidence={
            "changed": shown(was, [row for row, _, _ in differing]),
            "by_time_zone": [
                f"{_told(one)} under {ZONES[0]}, {_told(other)} under {ZONES[1]}"
                for _, one, other in differing[:SAMPLE]
            ],
        },
        fix=f"say whose time it is, whoever applies the migration: {f'{computed.expression} ' if plain else ''}AT TIME"
        " ZONE 'UTC', or the zone that it is of; or begin the script with SET LOCAL TimeZone",
    )


def _told(value: str) -> str:
    """A moment, which is compared by its seconds, as people read it."""
    try:
        return datetime.fromtimestamp(float(value), UTC).isoformat(sep=" ")
    except (ValueError, OverflowError, OSError):
        return value
