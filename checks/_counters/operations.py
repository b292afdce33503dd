"""What is done to the children of a counter: each operation on the fewest rows that show it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data import DEFAULT, Row
from migrate_validate.data.values import Default, Value, literal
from migrate_validate.data.writing import insert
from migrate_validate.syntax import quote

from .._playground import Scene, calls, same, table_name
from .counting import Count

MOST_KINDS = 6
"""Different states of a child that are tried."""
MOST_FUNCTIONS = 8


@dataclass(frozen=True, slots=True)
class Operation:
    """Statements, of which only the last is new."""

    kind: str
    """``insert``, ``update``, ``move``, ...; the same for the same operation on other rows."""
    said: str
    """What the last statement does, in words."""
    statements: tuple[str, ...]
    parents: tuple[Row, ...]
    """Those that are concerned."""
    children: tuple[Row, ...]
    event: str
    """``INSERT``, ``UPDATE``, ``DELETE``, ``TRUNCATE``; empty where a function does it."""
    columns: tuple[str, ...] = ()
    """That an UPDATE sets."""
    base: tuple[str, ...] = ()
    """The kinds of operations that do the same to fewer rows, or without the function."""


@dataclass(frozen=True, slots=True)
class Operations:
    """All that is tried with the children of a scene."""

    count: Count
    scene: Scene
    catalog: Catalog
    condition: str
    """Which children count, where it is known."""
    state: tuple[str, ...]
    """The columns that may tell whether a child counts, and those that change with them."""

    @property
    def child(self) -> Table:
        """The table whose rows are counted."""
        return self.count.link.child

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.child.qualified_name

    def inserts(self, rows: Sequence[Row]) -> Iterator[Operation]:
        """Each child on its own."""
        first = self.scene.parents[:1]
        for row in rows:
            said = f"an INSERT into {self.name}"
            yield Operation("insert", said, (self.scene.put(row),), first, (row,), "INSERT")

    def others(self, kinds: Sequence[Row], spare: Sequence[Row]) -> Iterator[Operation]:
        """All else.

        :param kinds: children in different states
        :param spare: children that can be there at the same time
        """
        for row in kinds:
            yield from self._of_one(row, kinds)
        for depth in (1, 2):
            for row in kinds:
                yield from self._calls(row, depth)
        two = _differing(self.child, spare)
        if len(two) > 1:
            yield from self._of_several(two, kinds)
        for row in kinds[:1]:
            yield from self._upserts(row, kinds)
            statement = f"TRUNCATE {table_name(self.child)}"
            yield self._after(row, "truncate", f"a TRUNCATE of {self.name}", statement, "TRUNCATE")

    def _after(
        self,
        row: Row,
        kind: str,
        said: str,
        statement: str | tuple[str, ...],
        event: str,
        *,
        columns: tuple[str, ...] = (),
        base: tuple[str, ...] = (),
        both: bool = False,
    ) -> Operation:
        parents = self.scene.parents if both else self.scene.parents[:1]
        statements = (statement,) if isinstance(statement, str) else statement
        return Operation(kind, said, (self.scene.put(row), *statements), parents, (row,), event, columns, base)

    def _of_one(self, row: Row, kinds: Sequence[Row]) -> Iterator[Operation]:
        link = self.count.link
        yield self._after(row, "delete", f"a DELETE from {self.name}", self._delete((row,)), "DELETE")
        for other in kinds:
            new = self._state_of(row, other)
            if new:
                said = f"an UPDATE of {self.name} ({', '.join(new)})"
                yield self._after(row, "update", said, self._update((row,), new), "UPDATE", columns=tuple(new))
        for target in self.scene.parents[1:]:
            away = link.to(target)
            said = f"an UPDATE that moves a row of {self.name} to another parent ({', '.join(away)})"
            moved = self._update((row,), away)
            yield self._after(row, "move", said, moved, "UPDATE", columns=tuple(away), both=True)
            for other in kinds:
                new = self._state_of(row, other)
                both = {**away, **new}
                if new:
                    told = f"an UPDATE that moves a row of {self.name} and changes it ({', '.join(both)})"
                    statement = self._update((row,), both)
                    yield self._after(
                        row, "move and update", told, statement, "UPDATE",
                        columns=tuple(both), base=("move", "update"), both=True,
                    )  # fmt: skip
        if link.nullable:
            none = dict.fromkeys(c for c in link.columns if (column := self.child.column(c)) and not column.not_null)
            said = f"an UPDATE that sets {', '.join(none)} of {self.name} to NULL"
            detached = self._update((row,), none)
            yield self._after(row, "detach", said, detached, "UPDATE", columns=tuple(none))
            loose = self.scene.put({**row, **none})
            back = self._update((row,), link.to(self.scene.parents[0]))
            said = f"an UPDATE that sets {', '.join(none)} of {self.name}, which was NULL"
            yield Operation("attach", said, (loose, back), self.scene.parents[:1], (row,), "UPDATE", tuple(none))
        for key in self.child.foreign_keys:
            table = self.catalog.whole.table(key.references or "")
            if table is None or table == link.parent or table == self.child or None in map(row.get, key.columns):
                continue
            pairs = zip(key.columns, key.referenced_columns, strict=True)
            condition = " AND ".join(f"{quote(of)} = {literal(row[own])}" for own, of in pairs)
            said = f"a DELETE from {table.qualified_name}, which {key.name} carries on to {self.name} ({key.on_delete})"
            event = "DELETE" if key.on_delete == "cascade" else "UPDATE"
            statement = f"DELETE FROM {table_name(table)} WHERE {condition}"
            yield self._after(row, f"delete {table.name}", said, statement, event, base=("delete", "update"))

    def _of_several(self, two: Sequence[Row], kinds: Sequence[Row]) -> Iterator[Operation]:
        link, parents = self.count.link, self.scene.parents
        put = self.scene.put(*two)
        rows = tuple(two)

        def several(
            kind: str, said: str, statements: tuple[str, ...], event: str, columns: tuple[str, ...] = ()
        ) -> Operation:
            told = f"{said} of 2 rows at once"
            return Operation(f"{kind} several", told, statements, parents, rows, event, columns, (kind,))

        yield several("insert", f"an INSERT into {self.name}", (put,), "INSERT")
        apart = (two[0], {**two[1], **link.to(parents[-1])})
        if len(parents) > 1:
            yield several(
                "insert", f"an INSERT into {self.name} under two parents", (self.scene.put(*apart),), "INSERT"
            )
        for those in (rows, *([apart] if len(parents) > 1 else [])):
            start = tuple(self.scene.put(row) for row in those)
            yield several("delete", f"a DELETE from {self.name}", (*start, self._delete(those)), "DELETE")
            for other in kinds:
                new = self._state_of(None, other)
                if new:
                    said = f"an UPDATE of {self.name} ({', '.join(new)})"
                    yield several("update", said, (*start, self._update(those, new)), "UPDATE", tuple(new))
        if len(parents) > 1:
            away = link.to(parents[1])
            said = f"an UPDATE of {self.name} ({', '.join(away)})"
            yield several(
                "move", said, (*(self.scene.put(row) for row in two), self._update(rows, away)), "UPDATE", tuple(away)
            )

    def _upserts(self, row: Row, kinds: Sequence[Row]) -> Iterator[Operation]:
        primary = self.child.primary_key
        if primary is None:
            return
        keys = ", ".join(map(quote, primary.columns))
        again = f"{insert(self.child, (row,))} ON CONFLICT ({keys}) DO NOTHING"
        said = f"an INSERT into {self.name} ON CONFLICT DO NOTHING of a row that is there"
        yield self._after(row, "conflict nothing", said, again, "INSERT", base=("insert",))
        targets = [self.count.link.to(parent) for parent in self.scene.parents]
        for other in kinds:
            for target in targets:
                new = {**self._state_of(row, other), **(target if target != targets[0] else {})}
                if not new:
                    continue
                changed = {**row, **new}
                values = ", ".join(f"{quote(name)} = {literal(value)}" for name, value in new.items())
                statement = f"{insert(self.child, (changed,))} ON CONFLICT ({keys}) DO UPDATE SET {values}"
                said = f"an INSERT into {self.name} ON CONFLICT DO UPDATE ({', '.join(new)})"
                yield self._after(
                    row, "conflict update", said, statement, "UPDATE",
                    columns=tuple(new), base=("insert", "update", "move"), both=True,
                )  # fmt: skip

    def _calls(self, row: Row, depth: int) -> Iterator[Operation]:
        """The chain's own functions, one after another."""
        primary = self.child.primary_key
        if primary is None or len(primary.columns) != 1:
            return
        link = self.count.link
        parent_key = link.parent.column(link.keys[0])
        other = {parent_key.type: literal(self.scene.parents[-1][link.keys[0]])} if parent_key else {}
        every = list(calls(self.catalog.functions, self.child, primary.columns[0], row, other))[:MOST_FUNCTIONS]
        start = () if self.count.keepers else (self._right(),)
        for statements in itertools.product(every, repeat=depth):
            names = tuple(map(_called, statements))
            said = (
                names[0] if depth == 1 else f"{names[0]}, called twice" if names[0] == names[1] else " and ".join(names)
            )
            base = tuple(f"call {name}" for name in names) if depth > 1 else ()
            yield self._after(row, f"call {said}", said, (*start, *statements), "", base=base, both=True)

    def _right(self) -> str:
        """The statement that makes the counter right where nothing but functions keeps it."""
        link = self.count.link
        parent, child = table_name(link.parent), table_name(self.child)
        pairs = zip(link.columns, link.keys, strict=True)
        joined = " AND ".join(f"mv_child.{quote(own)} = {quote(link.parent.name)}.{quote(of)}" for own, of in pairs)
        counting = f"SELECT * FROM {child} WHERE {self.condition}"
        counted = f"SELECT count(*) FROM ({counting}) AS mv_child WHERE {joined}"
        which = " OR ".join(same(row, link.keys) for row in self.scene.parents)
        return f"UPDATE {parent} SET {quote(self.count.column)} = ({counted}) WHERE {which}"

    def _state_of(self, row: Row | None, other: Row) -> dict[str, Value | Default]:
        """The columns of its state in which another child differs."""
        return {
            name: other.get(name, DEFAULT)
            for name in self.state
            if row is None or other.get(name, DEFAULT) != row.get(name, DEFAULT)
        }

    def _update(self, rows: Collection[Row], new: Row) -> str:
        values = ", ".join(f"{quote(name)} = {literal(value)}" for name, value in new.items())
        return f"UPDATE {table_name(self.child)} SET {values} WHERE {self._which(rows)}"

    def _delete(self, rows: Collection[Row]) -> str:
        return f"DELETE FROM {table_name(self.child)} WHERE {self._which(rows)}"

    def _which(self, rows: Collection[Row]) -> str:
        """The condition of these rows; without a primary key that of all children of their parents."""
        primary = self.child.primary_key
        columns = primary.columns if primary else self.count.link.columns
        return " OR ".join(dict.fromkeys(same(row, columns) for row in rows))


def _called(statement: str) -> str:
    """``schema.archive_user()`` of the statement that calls it."""
    return statement.partition(" ")[2].partition("(")[0] + "()"


def _differing(child: Table, spare: Sequence[Row]) -> tuple[Row, ...]:
    """Two children whose primary keys differ."""
    keys = child.primary_key.columns if child.primary_key else ()
    for other in spare[1:]:
        if not keys or any(other.get(name) != spare[0].get(name) for name in keys):
            return (spare[0], other)
    return tuple(spare[:1])
