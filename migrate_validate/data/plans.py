"""How the rows of one table are made of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from migrate_validate.catalog.model import Constraint, Table
from migrate_validate.data.learned import Computed, Learned, Pool, Unique
from migrate_validate.data.order import FillOrder, nullable_key
from migrate_validate.data.strategies import Row, bound_keys
from migrate_validate.data.unproven import restored
from migrate_validate.data.values import DEFAULT, Default, Value

_FEW = 4
"""Of so many columns each combination can be NULL."""


@dataclass(slots=True)
class Wheel:
    """A pool with a place for each byte."""

    columns: tuple[str, ...]
    values: tuple[tuple[Value | Default, ...], ...]
    places: list[int]
    """By byte: the place of its values."""
    others: list[int]
    """By place: that of the same text in the other case, or itself."""

    @classmethod
    def of(cls, pool: Pool) -> Wheel:
        total = sum(pool.shares) or 1.0
        places: list[int] = []
        for place, share in enumerate(pool.shares):
            places += [place] * max(1, round(256 * share / total))
        if len(places) > 256:
            # The rare ones were rounded up; evenly fewer of all keeps most of them.
            places = [places[byte * len(places) // 256] for byte in range(256)]
        places += [places[byte * len(places) // 256] for byte in range(256 - len(places))]
        known = {repr(values): place for place, values in enumerate(pool.values)}
        others = [
            known.get(repr(tuple(each.swapcase() if isinstance(each, str) else each for each in values)), place)
            for place, values in enumerate(pool.values)
        ]
        return cls(pool.columns, pool.values, sorted(places), others)


@dataclass(slots=True)
class Key:
    """A foreign key."""

    columns: tuple[str, ...]
    references: str
    referenced: tuple[str, ...]
    nullable: tuple[str, ...]
    """The columns that may be NULL; none where it must point at a row."""
    full: bool
    """Either all of its columns are NULL, or none."""
    own: bool
    """It refers to its own table."""
    deferrable: bool
    spare: tuple[Value | Default, ...]
    """For each column a value beside NULL, where there is no row to take one from; DEFAULT: none is known."""

    @classmethod
    def of(cls, table: Table, key: Constraint, learned: Learned) -> Key:
        primary = table.primary_key.columns if table.primary_key else ()
        free = tuple(
            name
            for name in key.columns
            if (column := table.column(name)) is not None and not column.not_null and name not in primary
        )
        references = key.references or ""
        return cls(
            key.columns,
            references,
            key.referenced_columns,
            free if nullable_key(table, key) else (),
            key.match == "full",
            references == table.qualified_name,
            key.deferrable,
            tuple(_spare(learned.pools.get(references, ()), name) for name in key.referenced_columns),
        )


def _spare(pools: Sequence[Pool], name: str) -> Value | Default:
    """The simplest value of a column."""
    cells = (values[pool.columns.index(name)] for pool in pools if name in pool.columns for values in pool.values)
    return next((cell for cell in cells if cell is not None and cell is not DEFAULT), DEFAULT)


@lru_cache(maxsize=256)
def patterns(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Which of these columns may be NULL together: all of them, then fewer, one at least."""
    few = len(names) <= _FEW
    sizes = range(len(names), 0, -1) if few else (len(names), len(names) - 1, 1)
    return tuple(chosen for size in sizes for chosen in combinations(names, size))


@dataclass(slots=True)
class Plan:
    """How rows of one table are made."""

    table: Table
    name: str
    wheels: list[Wheel]
    keys: list[Key]
    broken: list[Key]
    """Keys that point at a table that is filled later."""
    primary: tuple[str, ...]
    """The columns of the primary key."""
    unique: tuple[Unique, ...]
    forbidden: tuple[Computed, ...]
    given: SearchStrategy[Row] | None
    """The user's own rows."""
    required: list[str]
    """The tables that a row must refer to."""
    width: int
    """Bytes of a row: one for its likeness, one for each wheel and key."""
    bytes: SearchStrategy[bytes]

    @classmethod
    def of(cls, order: FillOrder, table: Table, learned: Learned) -> Plan:
        pools = learned.pools[table.qualified_name]
        given = learned.given.get(table.qualified_name)
        unbound = order.unbound(table)
        keys = [Key.of(table, key, learned) for key in bound_keys(table, unbound)]
        broken = [Key.of(table, key, learned) for key in bound_keys(table) if key.name in unbound]
        wheels = [Wheel.of(pool) for pool in pools]
        width = 1 + len(wheels) + len(keys) + len(broken)
        return cls(
            restored(table, learned.past),
            table.qualified_name,
            wheels,
            keys,
            broken,
            table.primary_key.columns if table.primary_key else (),
            learned.unique.get(table.qualified_name, ()),
            learned.forbidden.get(table.qualified_name, ()),
            given.strategy if given is not None else None,
            [key.references for key in (*keys, *broken) if not key.nullable and not key.own],
            width,
            st.binary(min_size=width, max_size=width),
        )
