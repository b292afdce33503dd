"""The rows of a table as they come to be: what of them is unique, and how one is given other values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from migrate_validate.data.learned import Cells
from migrate_validate.data.plans import Key, Plan
from migrate_validate.data.values import DEFAULT, Default, Value

Fields = dict[str, Value | Default]


@dataclass(slots=True)
class Growing:
    """The rows of one table so far."""

    rows: list[Fields] = field(default_factory=list)
    bytes: list[bytes] = field(default_factory=list)
    seen: list[set[Cells]] = field(default_factory=list)
    """The values of each unique key."""


def parent_of(key: Key, made: Growing, row: Fields) -> Fields | None:
    """The other row of the same table that a row points at."""
    wanted = tuple(row.get(name) for name in key.columns)
    parents = (each for each in made.rows if tuple(each.get(name) for name in key.referenced) == wanted)
    parent = next(parents, None)
    return None if parent is row else parent


def exchange(plan: Plan, made: Growing, row: Fields, values: Fields, kept: Collection[str]) -> bool:
    """Give a row other values, unless they have to stay or constraints forbid the new ones; whether it got them."""
    changed = {name for name, value in values.items() if row.get(name, DEFAULT) != value}
    new = {**row, **values}
    unique = [(key, seen) for key, seen in zip(plan.unique, made.seen, strict=True) if key.columns & changed]
    if (
        changed.intersection(kept)
        or any(computed.of(new) == "false" for computed in plan.forbidden)
        or any(key.of(new) in seen for key, seen in unique)
    ):
        return False
    row.update(values)
    for key, seen in unique:
        if (cells := key.of(row)) is not None:
            seen.add(cells)
    return True


def note(plan: Plan, made: Growing, row: Mapping[str, Value | Default]) -> None:
    """Remember the values of the unique keys."""
    for key, seen in zip(plan.unique, made.seen, strict=True):
        values = key.of(row)
        if values is not None:
            seen.add(values)


def taken_by(plan: Plan, made: Growing, row: Fields) -> frozenset[str] | None:
    """The columns of a unique key whose values another row has, or whose values a constraint forbids."""
    for computed in plan.forbidden:
        if computed.of(row) == "false":
            return frozenset(computed.columns)
    for key, seen in zip(plan.unique, made.seen, strict=True):
        if seen and key.of(row) in seen:
            return key.columns
    return None
