"""Which values the rows of a universe get: such as an application would write, and texts that name the universe."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.data.drawing import drawn
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.judging import base_type
from migrate_validate.data.learned import Learned, Pool
from migrate_validate.data.order import partitions
from migrate_validate.data.strategies import Row
from migrate_validate.data.values import DEFAULT, Default, Types, Value, typed

TOKENS = {
    "A": "alpha-canary",
    "B": "bravo-canary",
    "both": "both-canary",
    "outside": "outside-canary",
    "staff": "staff-canary",
}
"""What texts of a universe start with; those that are the same for all start with ``shared-canary``."""
_KEYS = {"A": "aaaaaaaa", "B": "bbbbbbbb", "both": "abababab", "outside": "cccccccc", "staff": "dddddddd"}
_NUMBERS = {"A": 910_000, "B": 920_000, "both": 930_000, "outside": 940_000, "staff": 960_000}

_ENDED = re.compile(r"delet|revok|archiv|banned|disabled|removed|suspend|cancel|reject|expired_at|left_at|ended|block")
_ON = re.compile(r"^(is_|has_)?(active|enabled|approved|verified|accepted|confirmed|valid|onboarded)$")
_OFF = re.compile(r"public|publish|deleted|disabled|banned|suspend|blocked|revoked|archiv|hidden|expired|super|admin")
_UNTIL = re.compile(r"expires|expiry|until|valid_to|ends_at|end_date|due")
_ROLE = re.compile(r"(^|_)(role|roles|level|rank|permissions?|access|admin|super|staff|owner)")
_ORDINARY = re.compile(r"user|member|viewer|reader|basic|student|customer|client|guest|read|patient|employee")
_LATE = "2099-12-31"
_DRAWN = 20
"""Rows of a strategy."""
CAREFUL = 2
"""From this attempt on, texts are those that PostgreSQL was asked about."""


MOST_PARTS = 8
"""Partitions of a table that get rows of each universe, as far as its key can be chosen."""


def parts_filled(catalog: Catalog, table: Table) -> int:
    """How many partitions of a table get rows; 1 for one that has none."""
    return max(1, min(MOST_PARTS, len(partitions(catalog, table)))) if table.partition_key else 1


def token(universe: str) -> str:
    """What the texts of a universe start with."""
    return TOKENS.get(universe, "shared-canary")


@dataclass(slots=True)
class Chooser:
    """Chooses the values of columns that refer to nothing."""

    catalog: Catalog
    learned: Learned
    wanted: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By table and column: what policies of other tables ask of rows about people."""
    types: Types = field(init=False)
    hints: dict[str, Mapping[str, Hints]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    """By table: its number, which is in its keys."""

    drawn: dict[str, list[Row]] = field(default_factory=dict)
    """By table: rows of the user's own strategy."""

    def __post_init__(self) -> None:
        self.types = Types.of(self.catalog)

    def row(
        self, table: Table, universe: str, number: int, fixed: Mapping[str, Value], attempt: int
    ) -> dict[str, Value | Default]:
        """The values of a row.

        :param number: of the row in its table, from 0
        :param fixed: what is settled, foreign keys among it
        :param attempt: how often the row was refused; each attempt gives other values
        """
        row: dict[str, Value | Default] = dict(self._given(table.qualified_name, number + attempt))
        keyed = {name for key in self.learned.unique.get(table.qualified_name, ()) for name in key.columns}
        for pool in self.learned.pools.get(table.qualified_name, ()):
            if set(pool.columns) <= fixed.keys():
                continue
            if len(pool.columns) == 1:
                column = table.column(pool.columns[0])
                assert column is not None
                row[column.name] = self._value(table, column, pool, universe, number, attempt, column.name in keyed)
            else:
                row |= self._together(table, pool, universe, number, fixed, attempt)
        for name in table.primary_key.columns if table.primary_key else ():
            key = self._key(table, name, universe, number)
            if key is not None and attempt < CAREFUL:
                row[name] = key
        return {**row, **fixed}

    def _given(self, name: str, number: int) -> Row:
        """What the user's own strategy says about a row."""
        given = self.learned.given.get(name)
        if given is None or given.strategy is None:
            return {}
        if name not in self.drawn:
            self.drawn[name] = drawn(given.strategy, _DRAWN)
        return self.drawn[name][number % len(self.drawn[name])] if self.drawn[name] else {}

    def _together(
        self, table: Table, pool: Pool, universe: str, number: int, fixed: Mapping[str, Value], attempt: int
    ) -> dict[str, Value | Default]:
        """Values that constraints tie together."""
        judges = [self._disliking(table, name, fixed) for name in pool.columns]
        weights = [sum(judge(cell) for judge, cell in zip(judges, cells, strict=True)) for cells in pool.values]
        if attempt < CAREFUL:
            lowest = min(weights)
            liked = [cells for cells, weight in zip(pool.values, weights, strict=True) if weight == lowest]
            row = dict(zip(pool.columns, liked[(number + attempt) % len(liked)], strict=True))
            for name in [] if attempt else pool.columns:
                column = table.column(name)
                text = self._canary(table, column, universe, number, attempt) if column else None
                if isinstance(row[name], str) and text is not None and name not in fixed:
                    row[name] = text
            return row
        best = sorted(range(len(weights)), key=weights.__getitem__)
        return dict(zip(pool.columns, pool.values[best[(number + attempt) % len(best)]], strict=True))

    def _disliking(self, table: Table, name: str, fixed: Mapping[str, Value]) -> Callable[[Value | Default], int]:
        """How little a value suits a column of a row."""
        column = table.column(name)
        if name in fixed:
            settled = str(fixed[name])
            return lambda cell: 0 if str(cell) == settled else 20
        if column is None:
            return lambda _: 0
        liked = self._liked(table, column)
        if liked is not DEFAULT:
            wanted = str(liked).lower()
            return lambda cell: 0 if str(cell).lower() == wanted else 4
        usual = (column.default or "").partition("::")[0].strip("'")
        if usual and "(" not in usual:
            return lambda cell: 0 if str(cell).lower() == usual else 2
        return lambda cell: 1 if cell is None else 0

    def _value(
        self, table: Table, column: Column, pool: Pool, universe: str, number: int, attempt: int, unique: bool
    ) -> Value | Default:
        values = [cells[0] for cells in pool.values]
        if column.name in re.findall(r"\w+", (table.partition_key or "").partition("(")[2]):
            # The values that the bounds of partitions name come first.
            return values[(number % parts_filled(self.catalog, table) + attempt) % len(values)]
        if attempt < CAREFUL:
            liked = self._liked(table, column)
            if liked is not DEFAULT and (liked is None or liked in values or isinstance(liked, str)):
                return liked
            text = None if column.default and not unique else self._canary(table, column, universe, number, attempt)
            if text is not None:
                return text
        if column.default is not None and (not unique or "(" in column.default) and attempt <= CAREFUL:
            return DEFAULT
        filled = [value for value in values if value is not None] or values
        if _ROLE.search(column.name):
            # Nobody is given more than he needs.
            filled = sorted(filled, key=lambda value: _ORDINARY.search(str(value)) is None)
            return filled[attempt // 2 % len(filled)]
        if attempt >= 2 * CAREFUL and not column.not_null and None in values and not unique:
            return None
        return filled[(number + attempt // 2) % len(filled)]

    def _liked(self, table: Table, column: Column) -> Value | Default:
        """What a row of a living application has, by the column's name; DEFAULT where that says nothing."""
        words = self.wanted.get(table.qualified_name, {}).get(column.name, ())
        if _ROLE.search(column.name):
            return False if column.type == "boolean" else DEFAULT
        if words and not self._among(column, words):
            return words[0] if column.type != "boolean" else words[0] == "true"
        if column.type == "boolean" and (words or column.default is None):
            if _ON.search(column.name):
                return True
            return False if _OFF.search(column.name) else DEFAULT
        if "date" in column.type or "timestamp" in column.type:
            if _ENDED.search(column.name) and not column.not_null:
                return None
            if _UNTIL.search(column.name) and column.default is None:
                return _LATE
        return DEFAULT

    def _among(self, column: Column, words: Sequence[str]) -> bool:
        """Whether the default is one of these words."""
        return (column.default or "").partition("::")[0].strip("'") in words

    def _canary(self, table: Table, column: Column, universe: str, number: int, attempt: int) -> str | None:
        """A text that names the universe; None where the column takes none, as far as can be seen."""
        kind, modifiers = typed(base_type(self.types, column.type))
        if table.qualified_name not in self.hints:
            self.hints[table.qualified_name] = column_hints(table.constraints)
        hints = self.hints[table.qualified_name].get(column.name)
        if hints is not None and (hints.closed or attempt > 0):
            return None
        if kind in ("json", "jsonb") and hints is None and column.type == kind:
            return json.dumps({"note": f"{token(universe)}-{number}"})
        if kind.rpartition(".")[2] not in ("text", "character varying", "citext"):
            return None
        name = f"{token(universe)}-{table.name.replace('_', '-')}-{number}"
        if "mail" in column.name:
            name = f"{token(universe)}-{number}-{self._number(table)}@example.com"
        longest = min([*modifiers[:1], *([hints.longest] if hints and hints.longest is not None else [])], default=None)
        for text in (name, f"{token(universe)}-{number}"):
            if longest is None or len(text) <= longest:
                return text
        return None

    def _key(self, table: Table, name: str, universe: str, number: int) -> Value:
        """A key that names the universe; None where the database gives it, or where it refers to another row."""
        column = table.column(name)
        if column is None or any(name in key.columns for key in table.foreign_keys):
            return None
        return self.key_of(column.type, universe, number, self._number(table), made=column.default is not None)

    def key_of(self, kind: str, universe: str, number: int, table: int, *, made: bool = False) -> Value:
        """A key of some type that names the universe.

        :param made: the database makes numbers itself
        """
        kind = base_type(self.types, kind)
        if kind == "uuid":
            return f"{_KEYS.get(universe, 'eeeeeeee')}-0000-4000-8000-{table:04x}{number:08x}"
        if kind in ("integer", "bigint") and not made:
            return _NUMBERS.get(universe, 950_000) + number
        return None

    def _number(self, table: Table) -> int:
        return self.numbers.setdefault(table.qualified_name, len(self.numbers) + 1)
