"""What the tables of a schema take: values are drawn once, and PostgreSQL judges them in bulk."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Column, Domain, Enum, Table
from migrate_validate.data.given import Given
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.judging import Test, base_type, judge, tests
from migrate_validate.data.mining import ANY
from migrate_validate.data.order import FillOrder, ancestors, fill_order, nullable_key, partitions
from migrate_validate.data.pools import domain_hints, pool
from migrate_validate.data.strategies import Parents, partition_values
from migrate_validate.data.values import DEFAULT, Default, Types, Value
from migrate_validate.errors import Unsupported

Connection = psycopg.Connection[Any]
Cells = tuple[Value | Default, ...]

TUPLES = 400
"""Combinations of values that are tried of columns that constraints tie together; more where none is allowed."""
ROUNDS = 3
"""How often, with twice as many each time."""
KEPT = 160
"""Values, or combinations of them, that a pool keeps at most."""
_NULLS = 0.25
"""The share of NULL where it is allowed."""
_DEFAULTS = 0.1
_MINED = 0.3
"""The share of values that scripts name."""
_FEW = 8
"""So few values are drawn equally often."""

Mined = Mapping[str, Mapping[str, Hints]]
"""By ``schema.name`` of a table, or its bare name, and column: what scripts say about the values."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The values that some columns take together."""

    columns: tuple[str, ...]
    values: tuple[Cells, ...]
    """The simplest first; a value for each column."""
    shares: tuple[float, ...]
    """How often each is drawn, compared with the others."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the tables of a schema take."""

    pools: Mapping[str, tuple[Pool, ...]]
    """By ``schema.name``; the columns of foreign keys are in a pool only where a CHECK constraint reads them."""
    unfilled: Mapping[str, str]
    """By ``schema.name`` of a table that cannot get rows: why, and which constraint, trigger or type it is."""
    given: Mapping[str, Given] = field(default_factory=dict)
    """By ``schema.name``: what the user said about the rows of a table."""
    present: Parents = field(default_factory=dict)
    """Rows that the user's fixtures bring."""


def learn(
    connection: Connection,
    catalog: Catalog,
    tables: Collection[str] | None = None,
    *,
    hints: Mined | None = None,
    given: Mapping[str, Given] | None = None,
) -> Learned:
    """Find out which values the tables take, by asking PostgreSQL: one query for columns that constraints tie together.

    Everything happens in a transaction that is rolled back, or in a savepoint of the one that is open. A sequence may
    have gone on.

    :param connection: to the database whose schema it is
    :param catalog: its schema as it is now
    :param tables: ``schema.name`` of the tables of interest, all by default; those that they refer to are learned too
    :param hints: literals that scripts name, see :func:`~migrate_validate.data.mining.mined`
    :param given: by ``schema.name`` what the user says about the rows of a table
    :raises psycopg.Error: when the connection is lost
    """
    learning = _Learning(catalog, connection, hints or {}, dict(given or {}))
    with connection.transaction(force_rollback=True):
        return learning.run(_order(catalog, tables))


def guess(catalog: Catalog, tables: Collection[str] | None = None, *, hints: Mined | None = None) -> Learned:
    """What :func:`learn` gives, without a database: values that constraints forbid are among the others."""
    return _Learning(catalog, None, hints or {}, {}).run(_order(catalog, tables))


def _order(catalog: Catalog, tables: Collection[str] | None) -> FillOrder:
    return fill_order(catalog, None if tables is None else ancestors(catalog, tables))


@dataclass(slots=True)
class _Learning:
    catalog: Catalog
    connection: Connection | None
    hints: Mined
    given: dict[str, Given]
    types: Types = field(init=False)
    pools: dict[str, tuple[Pool, ...]] = field(default_factory=dict)
    unfilled: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.types = Types.of(self.catalog)

    def run(self, order: FillOrder) -> Learned:
        for table in order.tables:
            name = table.qualified_name
            why = self._impossible(order, table)
            if why is None:
                try:
                    self.pools[name] = tuple(self._pools(table))
                except (Unsupported, _Unfilled) as error:
                    why = error.what
            if why is not None:
                self.unfilled[name] = why
        return Learned(self.pools, self.unfilled, self.given)

    def mined(self, table: Table, *, referring: bool = True) -> dict[str, Hints]:
        """What scripts say about the columns of a table.

        :param referring: whether what they say about columns that refer to it counts, too
        """
        found: dict[str, Hints] = {}
        for name in (ANY, table.name, table.qualified_name):
            for column, hints in self.hints.get(name, {}).items():
                found[column] = found.get(column, Hints()).merged(hints)
        for other in self.catalog.tables if referring else ():
            for key in other.foreign_keys:
                if key.references == table.qualified_name:
                    own = self.mined(other, referring=False)
                    for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
                        if column in own:
                            found[referenced] = found.get(referenced, Hints()).merged(own[column])
        return found

    def _impossible(self, order: FillOrder, table: Table) -> str | None:
        """Why no row can be, as far as foreign keys and partitions say."""
        if table.partition_key is not None and not partitions(self.catalog, table):
            return f"{table.qualified_name} is partitioned and has no partition"
        for key in table.foreign_keys:
            if nullable_key(table, key) or not key.enforced or key.references in (None, table.qualified_name):
                continue
            if key.references in self.unfilled:
                return f"{key.references}, which it refers to, has no rows ({self.unfilled[key.references]})"
            if key.name in order.unbound(table) and not key.deferrable:
                return (
                    f"{table.qualified_name} and {key.references} need a row of each other first: the foreign key"
                    f" {key.name} can neither be NULL nor is it DEFERRABLE"
                )
        return None

    def _pools(self, table: Table) -> Iterable[Pool]:
        judges = tests(self.connection, self.catalog, table, self.types)
        grouped = _groups(judges)
        candidates = _Candidates(self, table)
        done: set[str] = set()
        for columns, own in grouped:
            done |= set(columns)
            yield self._judged(table, columns, own, candidates)
        for test in judges:
            if not test.columns:
                raise _Unfilled(f"{test.name} allows no row")
        for column in table.columns:
            if column.name in done or column.name in candidates.pointing or column.generated:
                continue
            if column.identity == "always" and column.name not in candidates.referenced:
                continue
            values = candidates.of(column)
            if candidates.doubtful(column):
                values = self._castable(table, column, values)
            yield _weighed((column.name,), [(value,) for value in values], candidates)

    def _judged(self, table: Table, names: tuple[str, ...], own: Sequence[Test], candidates: _Candidates) -> Pool:
        columns = [column for column in table.columns if column.name in names]
        names = tuple(column.name for column in columns)
        offered = [[value for value in candidates.of(column) if not isinstance(value, Default)] for column in columns]
        for attempt in range(ROUNDS):
            combined = _combined(offered, TUPLES * 2**attempt, attempt)
            if self.connection is None:
                return _weighed(names, combined[:KEPT], candidates)
            judgement = judge(self.connection, table, columns, combined, own, self.types)
            if judgement.allowed:
                allowed = [combined[place] for place in judgement.allowed]
                return _weighed(names, _telling(allowed), candidates)
        worst = max(judgement.refused, key=judgement.refused.__getitem__, default="a constraint")
        raise _Unfilled(f"{worst} allows none of {len(combined)} values of {', '.join(names)}")

    def _castable(self, table: Table, column: Column, values: Sequence[Value | Default]) -> list[Value | Default]:
        """The values that the type takes, where it is not known before."""
        if self.connection is None:
            return list(values)
        plain = [value for value in values if not isinstance(value, Default)]
        judgement = judge(self.connection, table, [column], [(value,) for value in plain], (), self.types)
        fine = [plain[place] for place in judgement.allowed]
        return [*([DEFAULT] if DEFAULT in values else []), *fine]


class _Unfilled(Exception):
    """No values were found for a table."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Candidates:
    """The values that are tried in the columns of one table."""

    def __init__(self, learning: _Learning, table: Table) -> None:
        self._types = learning.types
        self._judged = learning.connection is not None
        self._table = table
        self._hints = column_hints(table.constraints)
        for name, offered in partition_values(learning.catalog, table).items():
            self._hints[name] = self._hints.get(name, Hints()).merged(offered)
        self._mined = learning.mined(table)
        self.referenced = learning.catalog.referenced_columns.get(table.qualified_name, frozenset())
        self.pointing = {name for key in table.foreign_keys if key.enforced for name in key.columns}
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
        if column.default is not None and not given and not self._invented(column):
            found.append(DEFAULT)
        if self._nullable(column):
            found.append(None)
        hints = self._hints.get(column.name, Hints())
        try:
            values = pool(self._types, column.type, hints, limits=not counted)
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
        if counted:
            values = [value for value in values if isinstance(value, int) and value > 0]
        if column.name in self.pointing:
            # They give way to the values of a parent.
            return [*found, *values[:3]]
        return [*found, *values, *(value for value in self.mined(column) if value not in values)]

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
        if not self.mined(column) and "(" not in column.type and not column.type.endswith("[]"):
            return False
        base = base_type(self._types, column.type)
        return not base.startswith(("text", "character varying", "citext", "boolean"))

    def is_mined(self, column: str, value: Value | Default) -> bool:
        """Whether scripts name this very value."""
        hints = self._mined.get(column)
        return hints is not None and not isinstance(value, Default) and str(value) in hints.literals

    def _nullable(self, column: Column) -> bool:
        if column.not_null or column.name in self._primary:
            return False
        own = self._types.named.get(column.type)
        while isinstance(own, Domain):
            if own.not_null:
                return False
            own = self._types.named.get(own.base_type)
        return True

    def _invented(self, column: Column) -> bool:
        """Whether a default of the primary key would be another one in each run."""
        return column.name in self._primary and "(" in (column.default or "")


def _variants(texts: Iterable[str]) -> frozenset[str]:
    """The texts, and what is nearly the same."""
    return frozenset(each for text in texts for each in (text, text.swapcase(), f"{text} ", f" {text}", text.title()))


def _groups(judges: Sequence[Test]) -> list[tuple[tuple[str, ...], list[Test]]]:
    """Columns that tests tie together, with these tests."""
    groups: list[tuple[set[str], list[Test]]] = []
    for test in judges:
        if not test.columns:
            continue
        joined = [group for group in groups if group[0] & set(test.columns)]
        columns = set(test.columns).union(*(group[0] for group in joined))
        own = [each for group in joined for each in group[1]]
        groups = [group for group in groups if group not in joined]
        groups.append((columns, [*own, test]))
    return [(tuple(sorted(columns)), own) for columns, own in groups]


def _combined(offered: Sequence[Sequence[Value]], most: int, attempt: int) -> list[tuple[Value, ...]]:
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


def _telling(allowed: Sequence[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
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


def _weighed(names: tuple[str, ...], values: Sequence[Cells], candidates: _Candidates) -> Pool:
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
    weights = [0.0] * len(cells)
    for kind, places in kinds.items():
        # The first are drawn more often, so that some values repeat.
        ranks = [1.0 if few or kind == "mined" else 1 / (rank + 4) for rank in range(len(places))]
        for place, rank in zip(places, ranks, strict=True):
            weights[place] = shares[kind] * rank / sum(ranks)
    return Pool(names, cells, tuple(weights))
