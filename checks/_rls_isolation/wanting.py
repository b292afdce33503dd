"""Which rows are wanted of each table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data.values import Value

from .choosing import parts_filled
from .model import Person, Tenancy
from .people import Part, fixed_of_user
from .world import BOTH, SHARED, STAFF, A, Actor, B, SeededRow

ROWS = 2
"""Of a table in each universe, at least."""
MOST = 4
"""And at most, where rows refer to people."""
USERS = "auth.users"


@dataclass(frozen=True, slots=True)
class Want:
    """A row that is wanted."""

    universe: str
    people: tuple[Actor, ...] = ()
    """Whom it refers to, the most important one first."""
    fixed: Mapping[str, Value] = field(default_factory=dict)
    part: Part | None = None
    """The person that it makes."""
    place: int = 0
    """Which one it is in its universe."""


@dataclass(slots=True)
class Wanting:
    """Knows who is there so far, and says whom the next table's rows are about."""

    catalog: Catalog
    tenancy: Tenancy
    parts: Sequence[Part]
    rows: Mapping[str, Sequence[SeededRow]]
    actors: list[Actor] = field(default_factory=list)
    part_of: dict[str, Part] = field(default_factory=dict)
    """By the key of the person."""
    keys: dict[str, str] = field(default_factory=dict)
    """By universe, the tenant's key."""

    @property
    def people(self) -> Person | None:
        """The table of people."""
        return self.tenancy.people

    def of(self, table: Table) -> Iterator[Want]:
        """The rows that are wanted of a table."""
        name = table.qualified_name
        own = self.people.columns_of(name) if self.people else ()
        if self.people is not None and name == self.people.table:
            for number, part in enumerate(self.parts):
                fixed = dict(fixed_of_user(part, number)) if name == USERS else {}
                yield Want(part.universe, (), {**fixed, **self._role(name, part, part.universe)}, part, number)
        elif own:
            for number, actor in enumerate(self._in(name)):
                role = self._role(name, self.part_of[actor.sub], actor.universe)
                yield Want(actor.universe, (actor,), {own[0]: actor.sub, **role}, None, number)
        elif any(each.table == name for each in self.tenancy.memberships):
            yield from self._memberships(name)
        elif name == self.tenancy.root:
            for universe in (A, B):
                yield Want(universe, self.members(universe))
        elif name in self.tenancy.scoped:
            for universe in (A, B):
                yield from self._rows_of(table, universe, self.members(universe))
        elif name in self.tenancy.personal:
            each_has = parts_filled(self.catalog, table)
            for number, actor in enumerate(actor for actor in self._in(name) for _ in range(each_has)):
                others = tuple(each for each in self.members(actor.universe) if each != actor)
                role = self._role(name, self.part_of[actor.sub], actor.universe)
                yield Want(actor.universe, (actor, *others), role, None, number)
        elif name in self.tenancy.circles:
            for universe in dict.fromkeys(each.universe for each in self.actors if each.universe not in (BOTH, STAFF)):
                yield Want(universe, self.members(universe))
        elif len(self.rows.get(name, ())) < ROWS:
            yield from (Want(SHARED, (), {}, None, number) for number in range(ROWS))

    def _rows_of(self, table: Table, universe: str, members: tuple[Actor, ...]) -> Iterator[Want]:
        personal = sum(self.is_person(key.references) for key in table.foreign_keys)
        if personal > 1:
            # What two people have with each other is nothing to a third.
            members = (*members, *self.members(BOTH))
        count = max(ROWS, min(MOST, len(members))) if personal else ROWS
        count = max(count, parts_filled(self.catalog, table))
        alone = self.tenancy.tenant_columns.get(table.qualified_name)
        fixed: dict[str, Value] = {alone: self.keys[universe]} if alone and universe in self.keys else {}
        # A table of tenants with no key but the tenant has one row for each.
        one = table.primary_key is not None and table.primary_key.columns == (alone,)
        for number in range(1 if one else count):
            turned = members[number % len(members) :] + members[: number % len(members)] if members else ()
            yield Want(universe, turned, fixed, None, number)

    def members(self, universe: str) -> tuple[Actor, ...]:
        """The people of a universe."""
        return tuple(actor for actor in self.actors if actor.universe == universe)

    def _in(self, name: str) -> list[Actor]:
        """Those who have rows in a table of people: of a table for staff nobody else."""
        if not any(each.table == name and each.only for each in self.tenancy.staff):
            return self.actors
        return [each for each in self.actors if (above := self.part_of[each.sub].staff) and above.table == name]

    def _memberships(self, name: str) -> Iterator[Want]:
        for number, actor in enumerate(self.actors):
            part = self.part_of[actor.sub]
            membership = part.membership
            if membership is None or membership.table != name or membership.exclusive:
                continue
            for universe in (A, B) if actor.universe == BOTH else (actor.universe,):
                fixed = {membership.person_columns[0]: actor.sub, **self._role(name, part, universe)}
                others = tuple(each for each in self.members(universe) if each != actor)
                yield Want(universe, (actor, *others), fixed, None, number)

    def _role(self, name: str, part: Part, universe: str) -> dict[str, Value]:
        """The role that a row about a person gives."""
        if part.staff is not None and part.staff.table == name:
            return {part.staff.column: part.staff.word} if part.staff.column is not None else {}
        membership, role = part.membership, part.role_in(universe)
        if membership is None or membership.table != name or membership.role_column is None or role is None:
            return {}
        column = self.catalog.tables_by_name[name].column(membership.role_column)
        array = column is not None and column.type.endswith("[]")
        return {membership.role_column: "{" + json.dumps(role) + "}" if array else role}

    def is_person(self, table: str | None) -> bool:
        """Whether rows of a table are people."""
        return self.people is not None and bool(self.people.columns_of(table or ""))
