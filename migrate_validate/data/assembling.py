"""Builds datasets from bytes: Hypothesis draws a few bytes for each row, and their values are looked up in pools.

Each row that could be has bytes of its own, whether it is wanted or not, so that a dataset keeps its shape when
Hypothesis makes it simpler: a byte that becomes smaller is a simpler value, a row of zeros the simplest row.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from migrate_validate.data.growing import Fields, Growing, exchange, note, parent_of, taken_by
from migrate_validate.data.learned import Cells, Learned
from migrate_validate.data.model import Dataset
from migrate_validate.data.order import FillOrder
from migrate_validate.data.plans import Key, Plan, patterns
from migrate_validate.data.strategies import Parents, Row
from migrate_validate.data.unproven import Unproven
from migrate_validate.data.values import DEFAULT, Default, Value

_MOST_BYTES = 4000
"""More than Hypothesis likes to keep for one example; beyond it a table gets only a few bytes, which are stretched."""
KIN = 192
"""A row whose first byte is not below is like the one before it:"""
_COPIED = 160
"""its values with a byte below are the same,"""
_VARIED = 208
"""and those below this one are in the other case."""
NULL = 64
"""A foreign key that may be NULL is, with a byte below."""
_CIRCLE = 216
"""Where a key refers to its own table, the row that it points at points back with a byte that is not below,"""
_SELF = 240
"""and with one that is not below this one, a row points at itself."""


def assembled(order: FillOrder, learned: Learned, max_rows: int, present: Parents) -> SearchStrategy[Dataset]:
    """Datasets of the tables in this order, from what was learned of them.

    :param present: rows that are in the tables already, and may be referred to
    """
    present = {**learned.present, **present}
    one = _drawn(_Common(plans_of(order, learned), present, fixtures_of(order, learned), learned.past), max_rows)
    # Hypothesis varies each example a few times by copying parts of it onto others, which our rows do on their own;
    # it does not so within elements that have to be unique. Without this, two thirds of the examples are copies.
    return st.lists(one, min_size=1, max_size=1, unique_by=id).map(itemgetter(0))


def plans_of(order: FillOrder, learned: Learned) -> list[Plan]:
    """How the rows of each table are made, in order; without those that cannot be filled."""
    return [
        Plan.of(order, table, learned)
        for table in order.tables
        if table.qualified_name in learned.pools and table.qualified_name not in learned.unfilled
    ]


def fixtures_of(order: FillOrder, learned: Learned) -> tuple[str, ...]:
    """The files of rows that users give for the tables."""
    names = [table.qualified_name for table in order.tables]
    return tuple(fixture for name in names if name in learned.given and (fixture := learned.given[name].fixture))


@dataclass(frozen=True, slots=True, repr=False)
class _Common:
    """What all datasets share. Hypothesis would spell it out, and the plans may be hundreds."""

    plans: Sequence[Plan]
    present: Parents
    fixtures: tuple[str, ...]
    past: Unproven


@st.composite
def _drawn(draw: DrawFn, common: _Common, max_rows: int) -> Dataset:
    plans = common.plans
    counts = draw(st.binary(min_size=len(plans), max_size=len(plans)))
    if max_rows * sum(plan.width for plan in plans) <= _MOST_BYTES:
        bytes_of = [[draw(plan.bytes) for _ in range(max_rows)] for plan in plans]
    else:
        size = max(1, min(4, _MOST_BYTES // len(plans)))
        seeds = st.binary(min_size=size, max_size=size)
        bytes_of = [stretched(draw(seeds), plan.width, max_rows) for plan in plans]
    given = {plan.name: [draw(plan.given) for _ in range(max_rows)] for plan in plans if plan.given is not None}
    wanted = {plan.name: count * (max_rows + 1) >> 8 for plan, count in zip(plans, counts, strict=True)}
    # Some have rows from before the constraints that are not validated, in the others all rows hold them.
    older = bool(common.past) and draw(st.booleans())
    data = fitted(plans, wanted, max_rows, bytes_of, given, common.present)
    return replace(data, fixtures=common.fixtures, past=common.past if older else {})


def fitted(
    plans: Sequence[Plan],
    wanted: dict[str, int],
    max_rows: int,
    bytes_of: Sequence[Sequence[bytes]],
    given: Mapping[str, Sequence[Row]],
    present: Parents,
) -> Dataset:
    """The dataset that these bytes stand for.

    :param wanted: rows of each table
    :param bytes_of: of each row of each table, as its plan has it
    :param given: the beginning of each row, for tables with a strategy of the user's
    :param present: rows that are in the tables already, and may be referred to
    """
    _require_parents(plans, wanted, max_rows, present)
    assembly = _Assembly(present, given)
    for plan, each in zip(plans, bytes_of, strict=True):
        assembly.fill(plan, each[: wanted[plan.name]])
    for plan in plans:
        if plan.broken:
            assembly.close(plan)
    return assembly.dataset(plans)


def stretched(seed: bytes, width: int, count: int) -> list[bytes]:
    """The bytes of so many rows from a few; zeros stay zeros."""
    if not any(seed):
        return [bytes(width)] * count
    chance = random.Random(seed)
    return [chance.randbytes(width) for _ in range(count)]


def _require_parents(plans: Sequence[Plan], wanted: dict[str, int], max_rows: int, present: Parents) -> None:
    """Give every table a row that a row of another one must refer to; none to those that would have to refer to one
    that is left out.
    """
    changed = True
    while changed:
        changed = False
        for plan in reversed(plans):
            for name in plan.required:
                if wanted[plan.name] and not wanted.get(name) and not present.get(name):
                    possible = name in wanted and max_rows > 0
                    wanted[name if possible else plan.name] = 1 if possible else 0
                    changed = True


@dataclass(slots=True)
class _Assembly:
    present: Parents
    given: Mapping[str, Sequence[Row]]
    made: dict[str, Growing] = field(default_factory=dict)
    later: dict[str, frozenset[str]] = field(default_factory=dict)
    offered: dict[tuple[str, tuple[str, ...]], tuple[int, list[Cells]]] = field(default_factory=dict)
    """By table and columns: of how many rows which values are offered to keys."""
    turn: int = 0
    """How often a row was tried; its keys go through the rows that they may refer to."""

    def fill(self, plan: Plan, bytes_of: Sequence[bytes]) -> None:
        made = self.made[plan.name] = Growing(seen=[set() for _ in plan.unique])
        for row in self.present.get(plan.name, ()):
            note(plan, made, row)
        before: Sequence[int] = ()
        like = bytes(plan.width)
        for slot, own in enumerate(bytes_of):
            kin = bool(before) and own[0] >= KIN
            places = [
                wheel.places[byte]
                if not kin or byte >= _VARIED
                else before[number]
                if byte < _COPIED
                else wheel.others[before[number]]
                for number, (wheel, byte) in enumerate(zip(plan.wheels, own[1:], strict=False))
            ]
            if kin:
                own = bytes(old if new < _COPIED else new for old, new in zip(like, own, strict=True))
            before, like = places, own
            start = self.given[plan.name][slot] if plan.given is not None else {}
            self._add(plan, made, start, places, own)
        self._tie(plan, made)
        self.offered.clear()

    def _add(self, plan: Plan, made: Growing, start: Row, places: list[int], own: bytes) -> None:
        """Add a row, with other values where its keys are taken."""
        most = 1 + max((len(wheel.values) for wheel in plan.wheels), default=0) + 8
        turned = False
        for turn in range(most):
            self.turn = turn
            row = self._row(plan, start, places, own)
            if row is None:
                return
            taken = taken_by(plan, made, row)
            if taken is None:
                note(plan, made, row)
                made.rows.append(row)
                made.bytes.append(own)
                return
            for number, wheel in enumerate(plan.wheels):
                if taken.intersection(wheel.columns):
                    places = [*places[:number], (places[number] + 1) % len(wheel.values), *places[number + 1 :]]
                    turned = True
                    break
            if self.turn and not turned:
                # The keys have been through all that they may refer to.
                return

    def _row(self, plan: Plan, start: Row, places: Sequence[int], own: bytes) -> Fields | None:
        """A row; None where it would have to refer to one that is not there."""
        row: Fields = dict(start)
        for wheel, place in zip(plan.wheels, places, strict=True):
            row.update(zip(wheel.columns, wheel.values[place], strict=True))
        settled: set[str] = set(start)
        first = 1 + len(plan.wheels)
        for number, key in enumerate(plan.keys):
            if settled.issuperset(key.columns):
                continue
            if not self._point(key, row, settled, own[first + number]):
                return None
        complete = all(self._complete(key, row, own[first + number]) for number, key in enumerate(plan.keys))
        return row if complete else None

    def _point(self, key: Key, row: Fields, settled: set[str], byte: int) -> bool:
        """Point a key at a row, or let it be NULL; whether that was possible."""
        if key.nullable:
            nulls = _nulls(key, row, settled, byte)
            candidates = [] if nulls is not None else self._candidates(key, row, settled)
            if not candidates:
                if nulls is None:
                    nulls = tuple(name for name in key.nullable if name not in settled)
                row.update(dict.fromkeys(nulls))
                settled.update(nulls)
                return True
            byte = (byte - NULL) * 4 // 3 if byte >= NULL else byte
        else:
            candidates = self._candidates(key, row, settled)
            if not candidates and key.own:
                # The first row of a table that refers to itself.
                own = tuple(row.get(name, DEFAULT) for name in key.referenced)
                candidates = [] if DEFAULT in own or None in own else [own]
        if not candidates:
            return False
        chosen = candidates[((byte * len(candidates) >> 8) + self.turn) % len(candidates)]
        # The next key goes on where this one has been through all.
        self.turn //= len(candidates)
        row.update(zip(key.columns, chosen, strict=True))
        settled.update(key.columns)
        return True

    def _complete(self, key: Key, row: Fields, byte: int) -> bool:
        """Give those columns of a key a value that are not NULL with the others; whether one is known."""
        missing = [(place, name) for place, name in enumerate(key.columns) if name not in row]
        candidates = self._candidates(key, row, set()) if missing else []
        chosen = candidates[byte * len(candidates) >> 8] if candidates else key.spare
        for place, name in missing:
            if chosen[place] is not DEFAULT:
                row[name] = chosen[place]
            elif name in key.nullable:
                row[name] = None
            else:
                return False
        return True

    def _candidates(self, key: Key, row: Fields, settled: set[str]) -> list[Cells]:
        """The values that the key may have: different ones, that agree with what is settled."""
        found = self._offered(key)
        fixed = [(place, row[name]) for place, name in enumerate(key.columns) if name in settled]
        return [values for values in found if all(values[place] == value for place, value in fixed)] if fixed else found

    def _offered(self, key: Key) -> list[Cells]:
        """The values of all rows that the key may refer to; they are collected anew when there are more of these."""
        made = self.made[key.references].rows if key.references in self.made else []
        count, found = self.offered.get((key.references, key.referenced), (-1, []))
        if count != len(made):
            parents: list[Mapping[str, Value | Default]] = [*self.present.get(key.references, ()), *made]
            cells = dict.fromkeys(tuple(parent.get(name, DEFAULT) for name in key.referenced) for parent in parents)
            found = [values for values in cells if None not in values and DEFAULT not in values]
            self.offered[key.references, key.referenced] = len(made), found
        return found

    def close(self, plan: Plan) -> None:
        """Point the keys of a circle at rows of tables that came later."""
        made = self.made[plan.name]
        self.turn = 0
        bound = {name for key in plan.keys for name in key.columns}
        kept = []
        for row, own in zip(made.rows, made.bytes, strict=True):
            settled = bound | {name for key in plan.broken for name in key.columns if name in bound}
            possible = True
            for number, key in enumerate(plan.broken):
                byte = own[1 + len(plan.wheels) + len(plan.keys) + number]
                settable = key.deferrable or self._updatable(plan, row)
                possible &= self._point(key, row, settled, byte if settable else 0)
                if not key.deferrable:
                    added = frozenset(key.nullable) - bound
                    self.later[plan.name] = self.later.get(plan.name, frozenset()) | added
                possible &= self._complete(key, row, byte)
            if possible:
                kept.append(row)
        made.rows = kept
        self.offered.clear()

    def _tie(self, plan: Plan, made: Growing) -> None:
        """Let some rows of a table that refers to itself point at themselves, and some at one that points at them."""
        updatable = all(self._updatable(plan, row) for row in made.rows)
        for number, key in enumerate(plan.keys):
            if not key.own:
                continue
            others = {name for other in plan.keys if other is not key for name in other.columns}
            kept = others.union(plan.primary, key.referenced)
            for row, own in zip(made.rows, made.bytes, strict=True):
                byte = own[1 + len(plan.wheels) + number]
                itself = tuple(row.get(name, DEFAULT) for name in key.referenced)
                if byte < _CIRCLE or None in itself or DEFAULT in itself:
                    continue
                if byte >= _SELF:
                    exchange(plan, made, row, dict(zip(key.columns, itself, strict=True)), kept)
                elif key.deferrable or (key.nullable and updatable):
                    parent = parent_of(key, made, row)
                    tied = parent is not None and exchange(
                        plan, made, parent, dict(zip(key.columns, itself, strict=True)), kept
                    )
                    if tied and not key.deferrable:
                        self.later[plan.name] = self.later.get(plan.name, frozenset()) | set(key.nullable) - kept

    def _updatable(self, plan: Plan, row: Fields) -> bool:
        """Whether an UPDATE would find the row."""
        return bool(plan.primary) and all(row.get(name, DEFAULT) is not DEFAULT for name in plan.primary)

    def dataset(self, plans: Sequence[Plan]) -> Dataset:
        return Dataset(
            {plan.name: tuple(self.made[plan.name].rows) for plan in plans},
            {plan.name: plan.table for plan in plans},
            self.later,
        )


def _nulls(key: Key, row: Fields, settled: set[str], byte: int) -> tuple[str, ...] | None:
    """The columns of a key that become NULL; None: it points at a row."""
    bound = [name for name in key.columns if name in row and name not in settled]
    null = tuple(name for name in key.columns if name in row and row[name] is None)
    free = tuple(name for name in key.nullable if name not in settled)
    if key.full:
        return free if null or (byte < NULL and not bound and len(free) == len(key.columns)) else None
    # What a CHECK constraint reads has its value already.
    free = tuple(name for name in free if name not in bound)
    if null:
        chosen = (*patterns(free), ())
        return null + chosen[byte * len(chosen) >> 8]
    if not free or byte >= NULL:
        return None
    chosen = patterns(free)
    return chosen[byte * len(chosen) // NULL]
