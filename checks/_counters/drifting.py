"""Tries the operations on a counter's children, and compares the counter with the count after each."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from migrate_validate.catalog.model import Catalog
from migrate_validate.data import Row
from migrate_validate.data.values import literal
from migrate_validate.syntax import quote

from .._playground import Known, Measured, Scene, attempt, build, mentions, roomy, table_name
from .._shared import Connection
from .counting import DECLARE, Count
from .operations import MOST_KINDS, Operation, Operations

SECONDS = 5.0
"""For the operations on one counter; they take a tenth of it."""
MOST_STATES = 8
"""Values of the columns that may tell whether a child counts."""


_LITERAL = re.compile(r"'((?:[^']|'')*)'")
UNTOLD = (
    "which rows it counts cannot be told: after an INSERT it is neither the number of all rows nor of those in a state "
    f"that its functions speak of; {DECLARE}"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """An operation after which a counter is wrong, or more wrong than before."""

    operation: Operation
    before: tuple[str | None, str]
    """What the counter said, and how many children there were."""
    after: tuple[str | None, str]
    condition: str
    """Which children count."""
    script: tuple[str, ...]
    """The statements from the rows on."""

    @property
    def by(self) -> int | None:
        """How much it says too much; None where it became NULL."""
        return _excess(self.after)

    @property
    def effect(self) -> tuple[int | None, int]:
        """How much the counter and the count went up."""
        said = None if self.before[0] is None or self.after[0] is None else int(self.after[0]) - int(self.before[0])
        return said, int(self.after[1]) - int(self.before[1])


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one counter."""

    drifts: tuple[Drift, ...] = ()
    unproven: str = ""
    """Why it could not be told whether it drifts."""


def tried(connection: Connection, catalog: Catalog, count: Count, known: Known) -> Tried:
    """Try everything on one counter, in a transaction that is rolled back.

    :raises psycopg.Error: when the connection is lost
    """
    fixed = {count.column: 0}
    with connection.transaction(force_rollback=True):
        scene = build(connection, catalog.whole, count.link, known, fixed)
        if isinstance(scene, str):
            return Tried(unproven=scene)
        trying = _Trying(connection, catalog, count, roomy(connection, scene))
        outcome = trying.run()
    with connection.transaction(force_rollback=True):
        drifts = tuple(trying.told(drift) for drift in outcome.drifts)
    return Tried(drifts, outcome.unproven)


@dataclass(slots=True)
class _Trying:
    connection: Connection
    catalog: Catalog
    count: Count
    scene: Scene
    conditions: tuple[str, ...] = ()
    """Those of the counter that still may be meant."""
    doubtful: str = ""
    """An operation that changes the counter, though no child began or ceased to count."""
    drifts: dict[str, Drift] = field(default_factory=dict)
    """By kind of operation."""

    def run(self) -> Tried:
        """Find out what is counted, then try everything."""
        self.conditions = self._possible()
        if not self.conditions:
            said = f"({self.count.conditions[0]}) cannot be evaluated" if self.count.declared else UNTOLD
            return Tried(unproven=said)
        children = self._varied()
        operations = Operations(self.count, self.scene, self.catalog, self.conditions[0], self._state())
        kinds = self._inserted(operations, children)
        if isinstance(kinds, str):
            return Tried(tuple(self.drifts.values()), unproven=kinds)
        started = time.monotonic()
        for operation in operations.others(kinds, self.scene.children):
            if time.monotonic() - started > SECONDS:
                return Tried(tuple(self.drifts.values()), f"not all was tried in {SECONDS:g} s")
            if operation.kind not in self.drifts and not self.drifts.keys() & set(operation.base):
                self._try(operation)
        return Tried(tuple(self.drifts.values()), "" if self.drifts else self.doubtful)

    def _possible(self) -> tuple[str, ...]:
        """The conditions that PostgreSQL can evaluate; a word may be no label of an enumerated type."""
        parents = self.scene.parents

        def fine(conditions: Collection[str]) -> bool:
            return not isinstance(attempt(self.connection, ("SELECT",), question(self.count, parents, conditions)), str)

        every = self.count.conditions
        return every if every and fine(every) else tuple(each for each in every if fine((each,)))

    def _state(self) -> tuple[str, ...]:
        """The columns that may tell whether a child counts, and those whose values go together with theirs."""
        link = self.count.link
        spoken = {
            column.name
            for column in link.child.columns
            if column.name not in link.columns and any(mentions(each, column.name) for each in self.count.conditions)
        }
        primary = link.child.primary_key.columns if link.child.primary_key else ()
        for pool in self.scene.learned.pools[link.child.qualified_name]:
            if spoken & set(pool.columns):
                spoken |= set(pool.columns)
        return tuple(
            each.name
            for each in link.child.columns
            if each.name in spoken - {*link.columns, *primary} and not each.generated
        )

    def _varied(self) -> list[Row]:
        """The scene's children, and the first of them in all the states that the conditions speak of."""
        state = self._state()
        first = self.scene.children[0]
        found: list[Row] = [first]
        for pool in self.scene.learned.pools[self.count.link.child.qualified_name]:
            if not set(pool.columns) <= set(state):
                continue
            states: dict[tuple[object, ...], Row] = {}
            for cells in pool.values:
                row = {**first, **dict(zip(pool.columns, cells, strict=True))}
                states.setdefault(tuple(self._told_apart(row, state)), row)
            found += list(states.values())[:MOST_STATES]
        # What the conditions name; what a column does not take is refused.
        spoken = ((each, text) for each in self.count.conditions for text in _LITERAL.findall(each))
        pairs = ((name, text) for each, text in spoken for name in state if mentions(each, name))
        found += [{**first, name: text.replace("''", "'")} for name, text in dict.fromkeys(pairs)]
        return [*found, *self.scene.children[1:]]

    def _inserted(self, operations: Operations, children: Sequence[Row]) -> tuple[Row, ...] | str:
        """Insert each child, keep the conditions that hold then, and return children of different states.

        :returns: why it cannot be told what is counted
        """
        told: list[tuple[Operation, list[Measured]]] = []
        for operation in operations.inserts(children):
            answers = attempt(self.connection, operation.statements, self._question(operation.parents))
            if not isinstance(answers, str):
                told.append((operation, answers))
        if not told:
            return f"no row of {self.count.link.child.qualified_name} could be inserted a second time"
        if self.count.declared:
            for operation, answers in told:
                self._judge(operation, answers)
            return self._kinds(told, operations.state)
        last = [answers[-1] for _, answers in told]
        held = [place for place in range(len(self.conditions)) if all(_holds(rows, place) for rows in last)]
        counted = [place for place in held if any(int(row[2 + place] or 0) for rows in last for row in rows)]
        if not counted:
            return UNTOLD
        self.conditions = tuple(self.conditions[place] for place in counted)
        return self._kinds(told, operations.state)

    def _kinds(self, told: Sequence[tuple[Operation, list[Measured]]], state: Collection[str]) -> tuple[Row, ...]:
        """A few children in different states: first one for each answer that the conditions gave, then others."""
        groups: dict[object, dict[object, Row]] = {}
        # Those that count come first.
        for operation, answers in sorted(
            told, key=lambda each: -max((int(row[1] or 0) for row in each[1][-1]), default=0)
        ):
            row = operation.children[0]
            group = groups.setdefault(tuple(each[2:] for each in answers[-1]), {})
            group.setdefault(tuple(self._told_apart(row, state)), row)
        turns = itertools.zip_longest(*(group.values() for group in groups.values()))
        every = (row for turn in turns for row in turn if row is not None)
        return tuple(itertools.islice(every, MOST_KINDS))

    def _told_apart(self, row: Row, columns: Collection[str]) -> Iterator[object]:
        """What tells the states of children apart: of moments and amounts only whether there is one."""
        for name in columns:
            column = self.count.link.child.column(name)
            value = row.get(name)
            plain = column is not None and re.match(r"timestamp|date|time|numeric|double|real|uuid|json", column.type)
            yield (value is None) if plain else value

    def _try(self, operation: Operation) -> None:
        answers = attempt(self.connection, operation.statements, self._question(operation.parents))
        # What the schema refuses lets nothing drift.
        if not isinstance(answers, str):
            self._judge(operation, answers)

    def _judge(self, operation: Operation, answers: Sequence[Measured]) -> None:
        """Keep the drift that an operation has shown, if it has."""
        if not self.count.keepers and not operation.kind.startswith("call"):
            return
        places = range(2, 2 + len(self.conditions))
        before = {row[0]: row for row in answers[-2]} if len(answers) > 1 else {}
        for row in answers[-1]:
            old = before.get(row[0], (row[0], "0", *("0" for _ in places)))
            if any(_excess((old[1], old[place])) != 0 or _excess((row[1], row[place])) == 0 for place in places):
                continue
            # It changes where nothing that counts did: its functions may mean something else than we do.
            if not self.count.declared and operation.event in ("UPDATE", "") and self._strange(operation, old, row):
                self.doubtful = f"{operation.said} changes it, though as many rows count as before"
                continue
            spot = places[0]
            pair = (old[1], str(old[spot])), (row[1], str(row[spot]))
            self.drifts.setdefault(operation.kind, Drift(operation, *pair, self.conditions[0], ()))
            return

    def _strange(self, operation: Operation, old: tuple[str | None, ...], new: tuple[str | None, ...]) -> bool:
        """Whether the counter changed, no child began or ceased to count, and that is not plainly wrong."""
        if old[1] == new[1] or old[2:] != new[2:]:
            return False
        if not operation.event:
            return "true" in self.conditions
        columns = set(operation.columns)
        spoken = any(mentions(each, name) for each in self.conditions for name in columns)
        return not spoken and not columns & set(self.count.link.columns)

    def _question(self, parents: Collection[Row]) -> str:
        return question(self.count, parents, self.conditions)

    def told(self, drift: Drift) -> Drift:
        """The same with the fewest rows that show it, and the script."""
        operation = drift.operation
        for parents, whole in ((operation.parents[:1], False), (operation.parents, False), (operation.parents, True)):
            asked = question(self.count, parents, (drift.condition,))
            rows = self.scene.script(parents, operation.children, whole=whole)
            answers = attempt(self.connection, operation.statements, asked, start=rows)
            if not isinstance(answers, str) and any((row[1], row[2]) == drift.after for row in answers[-1]):
                break
        return replace(drift, script=(*rows, *operation.statements, asked))


def question(count: Count, parents: Collection[Row], conditions: Collection[str]) -> str:
    """The query for key, counter and, for each condition, count of these parents."""
    link = count.link
    key = ", ".join(f"mv_parent.{quote(name)}" for name in link.keys)
    which = " OR ".join(
        "(" + " AND ".join(f"mv_parent.{quote(name)} = {literal(row[name])}" for name in link.keys) + ")"
        for row in parents
    )
    pairs = zip(link.columns, link.keys, strict=True)
    joined = " AND ".join(f"{quote(link.child.name)}.{quote(own)} = mv_parent.{quote(of)}" for own, of in pairs)
    counted = ", ".join("count(*)" + ("" if each == "true" else f" FILTER (WHERE {each})") for each in conditions)
    return (
        f"SELECT concat_ws(', ', {key}), mv_parent.{quote(count.column)}, counted.* "
        f"FROM {table_name(link.parent)} AS mv_parent, "
        f"LATERAL (SELECT {counted} FROM {table_name(link.child)} WHERE {joined}) AS counted WHERE {which} ORDER BY 1"
    )


def _holds(rows: Measured, place: int) -> bool:
    return all(row[1] == row[2 + place] for row in rows)


def _excess(pair: tuple[str | None, str | None]) -> int | None:
    return None if pair[0] is None or pair[1] is None else int(pair[0]) - int(pair[1])
