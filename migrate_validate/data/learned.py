"""What is known of the values that tables take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Table
from migrate_validate.data.given import Given
from migrate_validate.data.strategies import Parents
from migrate_validate.data.unproven import Unproven
from migrate_validate.data.values import DEFAULT, Default, Value

Cells = tuple[Value | Default, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression, by the values that it has for the values of a pool."""

    columns: tuple[str, ...]
    """Those of the pool."""
    results: Mapping[Cells, str | None]
    """A text for each; values that are missing are unknown."""

    def of(self, row: Mapping[str, Value | Default]) -> Value | Default:
        """The result for a row; DEFAULT where it is unknown."""
        return self.results.get(tuple(row.get(name, DEFAULT) for name in self.columns), DEFAULT)


@dataclass(frozen=True, slots=True)
class Unique:
    """What no two rows share."""

    keys: tuple[str | Computed, ...]
    """Columns, or expressions over them."""
    nulls_equal: bool = False
    where: Computed | None = None
    """Which rows are meant: those for which it is ``true``."""

    @property
    def columns(self) -> frozenset[str]:
        """All columns that the keys are made of."""
        return frozenset(name for key in self.keys for name in ((key,) if isinstance(key, str) else key.columns))

    def of(self, row: Mapping[str, Value | Default]) -> Cells | None:
        """The values of a row; None where it may share them, or where they are not known."""
        if self.where is not None and self.where.of(row) != "true":
            return None
        values = tuple(row.get(key, DEFAULT) if isinstance(key, str) else key.of(row) for key in self.keys)
        if DEFAULT in values or (None in values and not self.nulls_equal):
            return None
        return values


def plain_keys(table: Table) -> Iterator[Unique]:
    """The unique keys that are made of columns alone."""
    for constraint in table.constraints:
        if constraint.kind in ("primary key", "unique"):
            yield Unique(constraint.columns, "NULLS NOT DISTINCT" in constraint.definition)
    for index in table.indexes:
        plain = not any(key.startswith("(") for key in index.keys)
        if index.unique and index.constraint is None and index.predicate is None and plain:
            yield Unique(index.keys, index.nulls_not_distinct)


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
    """Rows that were in the tables, and those that the user's fixtures bring: the columns that foreign keys refer to,
    and those of unique keys."""
    unique: Mapping[str, tuple[Unique, ...]] = field(default_factory=dict)
    """By ``schema.name``."""
    forbidden: Mapping[str, tuple[Computed, ...]] = field(default_factory=dict)
    """By ``schema.name``: values that CHECK constraints forbid columns of which some refer to other rows, as
    ``false``."""
    past: Unproven = field(default_factory=dict)
    """The constraints that rows may break."""
