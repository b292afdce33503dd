"""What a migration was, what the tables held before it, and what they hold after it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Table

from .._shared import Connection
from .deeds import Words
from .pictures import Album, Picture, Pictured, Row

SAMPLE = 3
"""Rows of evidence."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Both sides of a migration."""

    connection: Connection
    before: Catalog
    after: Catalog
    words: Words
    was: Album
    now: Album


@dataclass(frozen=True, slots=True)
class Followed:
    """A table, and the one that has its rows now."""

    table: Table
    was: Picture
    now: Picture
    columns: Mapping[int, int]
    """The numbers of its columns, and the number that each has now."""
    key: tuple[int, ...]
    """The columns that tell its rows apart, in both; none where there are none that can be compared."""

    @property
    def name(self) -> str:
        """``schema.name`` before the migration."""
        return self.was.name


@dataclass(frozen=True, slots=True)
class Match:
    """Rows of two sides that are the same, and those without a counterpart."""

    pairs: Sequence[tuple[Row, Row]] = ()
    missing: Sequence[Row] = ()
    extra: Sequence[Row] = ()
    """Rows of now that were not there."""
    repeated: Sequence[Row] = field(default=())
    """Rows of now beyond the first for one row of before."""


def match(was: Sequence[Row], now: Sequence[Row], columns: Sequence[tuple[int, int]]) -> Match:
    """Rows are the same where these columns have the same text, one row for one row.

    :param columns: the numbers of each column before and now
    """
    waiting: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for row in now:
        waiting[tuple(row[number] for _, number in columns)].append(row)
    pairs: list[tuple[Row, Row]] = []
    missing: list[Row] = []
    met = set()
    for row in was:
        value = tuple(row[number] for number, _ in columns)
        found = waiting.get(value)
        met.add(value)
        if found:
            pairs.append((row, found.pop(0)))
        else:
            missing.append(row)
    extra = [row for value, rows in waiting.items() if value not in met for row in rows]
    repeated = [row for value, rows in waiting.items() if value in met for row in rows]
    return Match(pairs, missing, extra, repeated)


def without(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The rows that are not among others; the same row is the same object here."""
    left_out = {id(each) for each in others}
    return [row for row in rows if id(row) not in left_out]


def keys(table: Table) -> Iterator[tuple[str, ...]]:
    """The columns of each key that tells rows apart: the primary key first, then unique ones without NULL."""
    required = {column.name for column in table.columns if column.not_null}
    for kind in ("primary key", "unique"):
        for each in table.constraints:
            if each.kind == kind and required.issuperset(each.columns):
                yield each.columns
    for index in table.indexes:
        if index.unique and index.valid and index.predicate is None and required.issuperset(index.keys):
            yield index.keys


def usable_key(scene: Scene, table: Table, was: Picture, now: Picture, columns: Mapping[int, int]) -> tuple[int, ...]:
    """The first key that the migration leaves as it is."""
    for names in keys(table):
        numbers = tuple(was.number(name) or 0 for name in names)
        untouched = all(
            number in columns
            and _same_values(was, now, number, columns[number])
            and not scene.words.assignments(table.qualified_name, name)
            for number, name in zip(numbers, names, strict=True)
        )
        if untouched:
            return numbers
    return _stable(was, now, columns)


def _same_values(was: Picture, now: Picture, one: int, other: int) -> bool:
    if alike(was.columns[one], now.columns[other]):
        return True
    return bool({row[one] for row in was.rows} & {row[other] for row in now.rows})


def _stable(was: Picture, now: Picture, columns: Mapping[int, int]) -> tuple[int, ...]:
    """For want of a key: all columns with the same values on both sides, where they tell all rows apart."""
    if len(was.rows) != len(now.rows):
        return ()
    found = tuple(
        one
        for one, other in columns.items()
        if Counter(r[one] for r in was.rows) == Counter(r[other] for r in now.rows)
    )
    distinct = {tuple(row[each] for each in found) for row in was.rows}
    return found if found and len(distinct) == len(was.rows) else ()


def alike(one: Pictured, other: Pictured) -> bool:
    """Whether equal values of the two have equal texts."""
    return one.type == other.type or any(
        kind(one.type) == kind(other.type) == each for each in ("text", "whole number")
    )


def kind(type_: str) -> str:
    """What sort of values a type has: ``text``, ``whole number``, ``number``, ...; itself where it is alone."""
    bare = type_.partition("(")[0].strip()
    return _KINDS.get(bare, type_)


_KINDS = {
    **dict.fromkeys(("text", "character varying", "character", "bpchar", "name"), "text"),
    **dict.fromkeys(("smallint", "integer", "bigint"), "whole number"),
    **dict.fromkeys(("numeric", "real", "double precision"), "number"),
    **dict.fromkeys(("date", "timestamp without time zone", "timestamp with time zone", "timestamp"), "moment"),
    **dict.fromkeys(("json", "jsonb"), "json"),
}


def shown(picture: Picture, rows: Sequence[Row]) -> list[dict[str, object]]:
    """A few rows as evidence."""
    return [{picture.columns[number].name: value for number, value in row.items()} for row in rows[:SAMPLE]]


def differences(picture: Picture, present: Picture, pairs: Sequence[tuple[Row, Row]]) -> list[dict[str, object]]:
    """A few rows as they were and as they are."""
    return [{"before": shown(picture, [was])[0], "after": shown(present, [now])[0]} for was, now in pairs[:SAMPLE]]
