"""Datasets without Hypothesis's engine, for those who want many of them and make them smaller on their own.

Their values are those that were learned; what is left to chance here is how they are put together.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.assembling import KIN, NULL, fitted, fixtures_of, plans_of
from migrate_validate.data.drawing import drawn
from migrate_validate.data.learned import Learned
from migrate_validate.data.model import Dataset
from migrate_validate.data.order import FillOrder, ancestors, fill_order
from migrate_validate.data.plans import Plan
from migrate_validate.data.strategies import Row
from migrate_validate.data.unproven import without

_ALIKE = 0.6
"""The share of such rows."""
_GIVEN = 40
"""Rows that are drawn at once from a strategy of the user's."""


def sample(order: FillOrder, learned: Learned, rows: int, chance: random.Random, *, crowded: bool = False) -> Dataset:
    """One dataset: each table has so many rows, as far as their keys allow.

    :param crowded: whether every other row of a table refers to the same rows
    """
    plans = plans_of(order, learned)
    bytes_of = [[chance.randbytes(plan.width) for _ in range(rows)] for plan in plans]
    if crowded:
        bytes_of = [_crowded(plan, each) for plan, each in zip(plans, bytes_of, strict=True)]
    # A strategy of few values is exhausted before there are so many.
    given = {name: [each[place % len(each)] for place in range(rows)] for name, each in _given(plans, rows).items()}
    wanted = dict.fromkeys((plan.name for plan in plans), rows)
    return replace(fitted(plans, wanted, rows, bytes_of, given, learned.present), past=learned.past)


def _crowded(plan: Plan, bytes_of: Sequence[bytes]) -> list[bytes]:
    first = 1 + len(plan.wheels)
    keys = bytes(max(byte, NULL) for byte in bytes_of[0][first:])
    return [each if place % 2 else each[:first] + keys for place, each in enumerate(bytes_of)]


def datasets(
    catalog: Catalog, tables: Collection[str], learned: Learned, max_rows: int, chance: random.Random
) -> Iterator[Dataset]:
    """Datasets without end: first one of the simplest rows, then any, with up to so many rows a table.

    What two rows have in common is met in few pairs: so every other one has as many rows as can be, and in half of
    these most rows are like the one before.

    :param tables: ``schema.name`` of the tables to fill; those that they refer to are filled too
    """
    order = fill_order(without(catalog, learned.past), ancestors(catalog, tables))
    plans = plans_of(order, learned)
    fixtures = fixtures_of(order, learned)
    drawn_rows = _given(plans, _GIVEN)
    yield _simplest(plans, fixtures, drawn_rows, learned)
    for number in itertools.count():
        full, alike = number % 2 == 0, number % 4 == 0
        bytes_of = [[_bytes(plan, chance, alike) for _ in range(max_rows)] for plan in plans]
        given = {name: [chance.choice(each) for _ in range(max_rows)] for name, each in drawn_rows.items()}
        wanted = {plan.name: max_rows if full else chance.randint(0, max_rows) for plan in plans}
        # Some have rows from before the constraints that are not validated, in the others all rows hold them.
        older = bool(learned.past) and chance.random() < 0.5
        data = fitted(plans, wanted, max_rows, bytes_of, given, learned.present)
        yield replace(data, fixtures=fixtures, past=learned.past if older else {})


class Supply:
    """Gives datasets, of which it can make the next one while others are tried."""

    def __init__(self, datasets: Iterator[Dataset]) -> None:
        """Give these."""
        self._datasets = datasets
        self._prepared: list[Dataset] = []

    def prepare(self) -> None:
        """Make the next one now."""
        if not self._prepared:
            self._prepared = list(itertools.islice(self._datasets, 1))

    def __iter__(self) -> Iterator[Dataset]:
        """All that come yet."""
        return self

    def __next__(self) -> Dataset:
        """The next one."""
        return self._prepared.pop() if self._prepared else next(self._datasets)


def _simplest(
    plans: Sequence[Plan], fixtures: tuple[str, ...], drawn_rows: Mapping[str, Sequence[Row]], learned: Learned
) -> Dataset:
    """One row a table."""
    wanted = dict.fromkeys((plan.name for plan in plans), 1)
    given = {name: each[:1] for name, each in drawn_rows.items()}
    return replace(
        fitted(plans, wanted, 1, [[bytes(plan.width)] for plan in plans], given, learned.present), fixtures=fixtures
    )


def _bytes(plan: Plan, chance: random.Random, alike: bool) -> bytes:
    drawn_bytes = chance.randbytes(plan.width)
    if alike and chance.random() < _ALIKE:
        return bytes([max(drawn_bytes[0], KIN)]) + drawn_bytes[1:]
    return drawn_bytes


def _given(plans: Sequence[Plan], count: int) -> Mapping[str, Sequence[Row]]:
    own = {plan.name: drawn(plan.given, count) for plan in plans if plan.given is not None}
    return {name: rows for name, rows in own.items() if rows}
