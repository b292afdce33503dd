"""The values that are tried in the columns of a table, and how often each is drawn afterwards."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from math import prod

from migrate_validate.catalog.model import Catalog, Column, Composite, Constraint, Domain, Enum, Table
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.judging import base_type
from migrate_validate.data.learned import Cells, Pool, plain_keys
from migrate_validate.data.mining import ANY, mined_body
from migrate_validate.data.order import partitions
from migrate_validate.data.pools import domain_hints, pool
from migrate_validate.data.strategies import Parents, partition_values
from migrate_validate.data.types import INTEGERS
from migrate_validate.data.values import DEFAULT, Default, Types, Value
from migrate_validate.errors import Unsupported

KEPT = 160
"""Values, or combinations of them, that a pool keeps at most."""
_NULLS = 0.25
"""The share of NULL where it is allowed."""
_DEFAULTS = 0.1
_MINED = 0.3
"""The share of values that scripts name."""
_KEYS = tuple(range(1, 31))
_FEW = 8
"""So few values are drawn equally often."""

Mined = Mapping[str, Mapping[str, Hints]]
"""By ``schema.name`` of a table, or its bare name, and column: what scripts say about the values."""


@dataclass(frozen=True)
class Source:
    """Where values come from."""

    catalog: Catalog
    types: Types
    hints: Mined
    judged: bool
    """Whether PostgreSQL is asked which of the values are allowed."""
    limits: bool
    """Whether the outermost values of each type are among them."""
    present: Parents
    """Rows that are there."""

    @cached_property
    def _referring(self) -> Mapping[str, list[tuple[Table, Constraint]]]:
        found: dict[str, list[tuple[Table, Constraint]]] = {}
        for table in self.catalog.tables:
            for key in table.foreign_keys:
                found.setdefault(key.references or "", []).append((table, key))
        return found

    def mined(self, table: Table) -> dict[str, Hints]:
        """What scripts say about the columns of a table, and about those that refer to them."""
        found = self._own(table)
        for other, key in self._referring.get(table.qualified_name, ()):
            own = self._own(other)
            for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
                if column in own:
                    found[referenced] = found.get(referenced, Hints()).merged(own[column])
        return found

    def _own(self, table: Table) -> dict[str, Hints]:
        found: dict[str, Hints] = {}
        functions = {trigger.function for trigger in table.triggers}
        bodies = (each.body for each in self.catalog.functions if f"{each.schema}.{each.name}" in functions)
        for hints in (self.hints, *map(mined_body, bodies)) if functions else (self.hints,):
            for name in (ANY, table.name, table.qualified_name):
                for column, own in hints.get(name, {}).items():
                    found[column] = found.get(column, Hints()).merged(own)
        return found


class Candidates:
    """The values that are tried in the columns of one table."""

    def __init__(self, source: Source, table: Table) -> None:
        self._types = source.types
        self._named: set[tuple[str, Value]] = set()
        self._judged = source.judged
        self._limits = source.limits
        self._table = table
        self._hints = column_hints(table.constraints)
        for name, offered in (*partition_values(source.catalog, table).items(), *_bounds(source.catalog, table)):
            self._hints[name] = self._hints.get(name, Hints()).merged(offered)
        self._mined = source.mined(table)
        self._present = source.present.get(table.qualified_name, ())
        self.referenced = source.catalog.referenced_columns.get(table.qualified_name, frozenset())
        self.pointing = {name for key in table.foreign_keys if key.enforced for name in key.columns}
        self.keys = {name for key in plain_keys(table) for name in key.columns}
        """What is made up in each run anew could not be told from run to run, and the same value repeats itself."""
        self._primary = frozenset(table.primary_key.columns) if table.primary_key else frozenset()

    def of(self, column: Column) -> list[Value | Default]:
        """DEFAULT and NULL where they may be, and values, the simplest first.

        :raises Unsupported: when nothing is known of the type and it needs a value; names the column and the type
        """
        given = column.name in self.referenced
        counted = bool(column.identity) or "nextval(" in (column.default or "")
        if counted and not given and column.name not in self.pointing:
            return [DEFAULT]
        found: list[Value | Default] = []
        if column.default is not None and not given and column.name not in self.keys:
            found.append(DEFAULT)
        if self._nullable(column):
            found.append(None)
        hints = self._hints.get(column.name, Hints())
        try:
            values = pool(self._types, column.type, hints, limits=self._limits and not counted)
        except Unsupported as error:
            if found:
                return found[:1]
            if column.default is not None:
                return [DEFAULT]
            raise Unsupported(
                f"no rows can be generated for {self._table.qualified_name}: its column {column.name} has the type "
                f"{column.type}, whose values are not known",
                remedy=error.remedy,
            ) from None
        if not self._judged:
            own = self._types.named.get(column.type)
            hints = domain_hints(own).merged(hints) if isinstance(own, Domain) else hints
            values = [value for value in values if hints.likely(value)] or values
        if counted or (column.name in self.keys and base_type(self._types, column.type) in INTEGERS):
            # Small numbers in their order read best; what a sequence counts has no others.
            others = [] if counted else [value for value in values if value not in _KEYS]
            values = [*(value for value in self._free(column) if hints.likely(value)), *others]
        if column.name in self.pointing:
            # They give way to the values of a parent.
            return [*found, *values[:3]]
        named = self.mined(column)
        self._named |= {(column.name, value) for value in named}
        return [*found, *values, *(value for value in named if value not in values)]

    def mined(self, column: Column) -> list[Value]:
        """The values that scripts name, and those beside them."""
        hints = self._mined.get(column.name)
        if hints is None:
            return []
        base = base_type(self._types, column.type)
        closed = self._hints.get(column.name, Hints()).closed or isinstance(self._types.named.get(base), Enum)
        if closed:
            return []
        bare = base.partition("(")[0]
        if bare in ("smallint", "integer", "bigint", "numeric", "money", "real", "double precision"):
            numbers = [number for each in hints.numbers for number in (each, each + 1, each - 1)]
            if bare in ("smallint", "integer", "bigint"):
                return [int(number) for number in numbers if number == int(number)]
            return [format(number, "f") for number in numbers]
        if bare == "boolean":
            return []
        if bare in ("json", "jsonb"):
            return pool(self._types, base, Hints(hints.literals))
        if bare in ("text", "character varying", "citext", "character"):
            longest = Hints(literals=hints.literals, longest=hints.longest)
            return [text for text in pool(self._types, column.type, longest) if text in _variants(hints.literals)]
        return list(hints.literals)

    def doubtful(self, column: Column) -> bool:
        """Whether the type may refuse a candidate."""
        base = base_type(self._types, column.type)
        if base == "xml" or base.endswith("[]") or isinstance(self._types.named.get(base), Composite):
            return True
        if not self.mined(column) and "(" not in base:
            return False
        return not base.startswith(("text", "character varying", "citext", "boolean"))

    def is_mined(self, column: str, value: Value | Default) -> bool:
        """Whether scripts name the value, or one beside it."""
        return (column, value) in self._named

    def is_exact(self, column: str, value: Value | Default) -> bool:
        """Whether scripts name this very value."""
        hints = self._mined.get(column)
        return hints is not None and str(value) in hints.literals

    def _free(self, column: Column) -> Sequence[int]:
        """The first numbers, or the next ones where all of these are taken."""
        taken = {value for row in self._present if isinstance(value := row.get(column.name), int)}
        last = max(taken) if taken.issuperset(_KEYS) else 0
        return [last + number for number in _KEYS]

    def _nullable(self, column: Column) -> bool:
        if column.not_null or column.name in self._primary:
            return False
        own = self._types.named.get(column.type)
        while isinstance(own, Domain):
            if own.not_null:
                return False
            own = self._types.named.get(own.base_type)
        return True


def _bounds(catalog: Catalog, table: Table) -> Iterator[tuple[str, Hints]]:
    """The bounds of all partitions below a table, for each column that they may be about; PostgreSQL knows which."""
    below = [] if table.partition_key is None else partitions(catalog, table)
    keys = " ".join([table.partition_key or "", *(part.partition_key or "" for part in below)])
    found = [text for part in below for text in re.findall(r"'((?:[^']|'')*)'|\b(\d+)", part.partition_bound or "")]
    literals = tuple(dict.fromkeys((text or number).replace("''", "'") for text, number in found))
    for column in table.columns if literals else ():
        if re.search(rf"\b{re.escape(column.name)}\b", keys):
            yield column.name, Hints(literals)


def _variants(texts: Iterable[str]) -> frozenset[str]:
    """The texts, and what is nearly the same."""
    return frozenset(each for text in texts for each in (text, text.swapcase(), f"{text} ", f" {text}", text.title()))


def combined(offered: Sequence[Sequence[Value]], most: int, attempt: int) -> list[tuple[Value, ...]]:
    """Combinations of the values of several columns, the simplest first; all of them where they are few."""
    if prod(map(len, offered)) <= most:
        found = list(product(*offered))
    else:
        chance = random.Random(attempt)
        first = tuple(values[0] for values in offered)
        alone = [
            (*first[:place], value, *first[place + 1 :]) for place, values in enumerate(offered) for value in values
        ]
        drawn = (tuple(chance.choice(values) for values in offered) for _ in range(most))
        found = list(islice(dict.fromkeys((*alone, *drawn)), most))
    places = [{repr(value): place for place, value in reversed(list(enumerate(values)))} for values in offered]
    return sorted(found, key=lambda cells: sum(places[number][repr(value)] for number, value in enumerate(cells)))


def telling(allowed: Sequence[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
    """As many as a pool keeps: those that bring a value that no other has before the others."""
    if len(allowed) <= KEPT:
        return list(allowed)
    seen: set[tuple[int, str]] = set()
    first: list[int] = []
    second: list[int] = []
    for place, cells in enumerate(allowed):
        new = {(number, repr(value)) for number, value in enumerate(cells)} - seen
        (first if new else second).append(place)
        seen |= new
    return [allowed[place] for place in sorted((first + second)[:KEPT])]


def weighed(names: tuple[str, ...], values: Sequence[Cells], candidates: Candidates) -> Pool:
    """The pool of these values: each kind of them has its share."""
    kept = list(dict.fromkeys((tuple(map(type, cells)), cells) for cells in values))
    cells = tuple(each for _, each in kept)[:KEPT]
    few = len([each for each in cells if None not in each and DEFAULT not in each]) <= _FEW
    kinds: dict[str, list[int]] = {}
    for place, each in enumerate(cells):
        if DEFAULT in each:
            kind = "default"
        elif None in each:
            kind = "null"
        elif any(candidates.is_mined(name, value) for name, value in zip(names, each, strict=True)):
            kind = "mined"
        else:
            kind = "plain"
        kinds.setdefault(kind, []).append(place)
    shares = {"default": _DEFAULTS, "null": _NULLS, "mined": _MINED}
    shares = {kind: share for kind, share in shares.items() if kind in kinds}
    shares["plain"] = 1 - sum(shares.values())
    steep = 2 if set(names) & candidates.keys else 1
    weights = [0.0] * len(cells)
    for kind, places in kinds.items():
        # The first are drawn more often, so that some values repeat.
        ranks = [1.0 if few else 1 / (rank + 4) ** steep for rank in range(len(places))]
        if kind == "mined":
            ranks = [3.0 if any(map(candidates.is_exact, names, cells[place])) else 0.5 for place in places]
        for place, rank in zip(places, ranks, strict=True):
            weights[place] = shares[kind] * rank / sum(ranks)
    return Pool(names, cells, tuple(weights))
