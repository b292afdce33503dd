"""Generated parents and children, on which operations are tried one after the other and taken back."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import psycopg

from migrate_validate.catalog.model import Catalog, Constraint, Function, Table
from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.model import Script
from migrate_validate.config import Settings
from migrate_validate.data import DEFAULT, Dataset, Given, Row, accepted, learn, load, mined
from migrate_validate.data.candidates import Mined
from migrate_validate.data.given import given_rows
from migrate_validate.data.learned import Learned
from migrate_validate.data.order import ancestors, fill_order
from migrate_validate.data.sampling import sample
from migrate_validate.data.values import literal
from migrate_validate.data.writing import insert
from migrate_validate.findings import Location
from migrate_validate.syntax import quote, without_comments

from ._shared import Connection

ROWS = 8
"""Generated rows of a table."""
ATTEMPTS = 4
"""Datasets that are drawn until one gives parents that can have children."""
TIMEOUT = "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '2s'"
"""For functions of the chain, which may wait for anything."""
_SAVE = "SAVEPOINT migrate_validate_attempt"
_TAKE_BACK = "ROLLBACK TO SAVEPOINT migrate_validate_attempt; RELEASE SAVEPOINT migrate_validate_attempt"

Measured = list[tuple[str | None, ...]]
"""The rows that the question about the state gives, as text."""


@dataclass(frozen=True, slots=True)
class Link:
    """How rows of one table refer to rows of another, with or without a constraint."""

    child: Table
    columns: tuple[str, ...]
    parent: Table
    keys: tuple[str, ...]

    @property
    def nullable(self) -> bool:
        """Whether a row may refer to nothing."""
        primary = self.child.primary_key.columns if self.child.primary_key else ()
        columns = [self.child.column(name) for name in self.columns]
        return any(column and not column.not_null and column.name not in primary for column in columns)

    def to(self, parent: Row) -> Row:
        """The values with which a child refers to this row."""
        return {own: parent[key] for own, key in zip(self.columns, self.keys, strict=True)}


@dataclass(frozen=True, slots=True)
class Scene:
    """Rows that are in the tables, and children that can be put beside them."""

    link: Link
    data: Dataset
    """All rows but the children."""
    learned: Learned
    parents: tuple[Row, ...]
    """One or two."""
    children: tuple[Row, ...]
    """They refer to the first parent; none is in the table."""
    upsert: bool = False
    """Whether something else makes the children's rows, so that they can only be overwritten."""

    def put(self, *children: Row) -> str:
        """The statement that inserts children."""
        text = insert(self.link.child, children)
        if not self.upsert or self.link.child.primary_key is None:
            return text
        keys = self.link.child.primary_key.columns
        given = [name for row in children[:1] for name, value in row.items() if name not in keys and value != DEFAULT]
        new = ", ".join(f"{quote(name)} = EXCLUDED.{quote(name)}" for name in given)
        return f"{text} ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {new}"

    def script(self, parents: Collection[Row], children: Collection[Row], *, whole: bool = False) -> tuple[str, ...]:
        """The statements that make these parents, and all that they and the children refer to.

        :param whole: with all other rows, too
        """
        if whole:
            return self.data.statements()
        needed: dict[str, list[Row]] = {}
        waiting = [(self.link.parent, row) for row in parents] + [(self.link.child, row) for row in children]
        for table, row in waiting:
            if row in self.data.rows.get(table.qualified_name, ()):
                if any(row is other for other in needed.get(table.qualified_name, ())):
                    continue
                needed.setdefault(table.qualified_name, []).append(row)
            for key in table.foreign_keys:
                for other in self.data.rows.get(key.references or "", ()):
                    pairs = zip(key.columns, key.referenced_columns, strict=True)
                    if all(row.get(own) is not None and row.get(own) == other.get(of) for own, of in pairs):
                        waiting.append((self.data.tables[key.references or ""], other))
        # In the order of the dataset: parents first.
        rows = {
            name: tuple(row for row in all_ if row in needed.get(name, ())) for name, all_ in self.data.rows.items()
        }
        return replace(self.data, rows=rows).statements()


class _Simple(random.Random):
    """Gives bytes of which about half are zero, which stands for the simplest value."""

    def randbytes(self, n: int) -> bytes:
        return bytes(each if each & 1 else 0 for each in super().randbytes(n))


@dataclass(frozen=True, slots=True)
class Known:
    """What helps to make rows."""

    hints: Mined
    """Values that the chain's scripts name."""
    given: Mapping[str, Given]
    """By ``schema.name``: what the user says about the rows of a table."""

    @classmethod
    def of(cls, scripts: Collection[Script], settings: Settings | None, catalog: Catalog) -> Known:
        """All that is known.

        :raises ConfigError: when rows that users give cannot be had
        """
        return cls(mined(scripts), given_rows(settings.data, catalog.whole) if settings else {})


def build(connection: Connection, catalog: Catalog, link: Link, known: Known, fixed: Row | None = None) -> Scene | str:
    """Load generated rows, and find children that the tables take beside them.

    To be called in a transaction that is rolled back.

    :param catalog: with all schemas
    :param fixed: values that all parents have
    :returns: why there is none, where no parent or no child could be made
    """
    catalog = _linked(catalog, link)
    tables = (link.parent.qualified_name, link.child.qualified_name)
    learned = learn(connection, catalog, tables, hints=known.hints, given=known.given)
    for name in tables:
        if name not in learned.pools:
            return f"no row can be made for {name}: {learned.unfilled.get(name, 'its rows are given by a fixture')}"
    # A table whose rows a trigger on another one makes takes none, but its rows can be overwritten.
    learned = replace(learned, unfilled={name: why for name, why in learned.unfilled.items() if name not in tables})
    order = fill_order(catalog, ancestors(catalog, tables))
    given = [known.given[table.qualified_name] for table in order.tables if table.qualified_name in known.given]
    fixtures = tuple(each.fixture.strip().removesuffix(";") for each in given if each.fixture)
    reason = ""
    for attempt in range(ATTEMPTS):
        drawn = replace(sample(order, learned, ROWS, _Simple(attempt)), fixtures=fixtures)
        found = _loaded(connection, _without_children(drawn, link, fixed or {}), drawn, link, learned)
        if isinstance(found, Scene):
            return found
        reason = found
    return reason


def _linked(catalog: Catalog, link: Link) -> Catalog:
    """The catalog with the link as a foreign key, in which the children's keys are never left to the database."""
    added: list[Constraint] = []
    if not any(key.columns == link.columns and key.enforced for key in link.child.foreign_keys):
        name = link.parent.qualified_name
        added.append(Constraint("migrate_validate_link", "foreign key", "", link.columns, name, link.keys, "simple"))
    if link.child.primary_key:
        keys, name = link.child.primary_key.columns, link.child.qualified_name
        identity = Constraint("migrate_validate_identity", "foreign key", "", keys, name, keys, "simple")
        added.append(replace(identity, enforced=False))
    child = replace(link.child, constraints=(*link.child.constraints, *added))
    return replace(catalog, tables=tuple(child if each == link.child else each for each in catalog.tables))


def _without_children(drawn: Dataset, link: Link, fixed: Row) -> Dataset:
    """The dataset without rows of the child's table, unless parents stand in it."""
    own = link.child.qualified_name
    rows = dict(drawn.rows)
    if link.child == link.parent:
        rows[own] = tuple({**row, **dict.fromkeys(link.columns), **fixed} for row in rows.get(own, ())[: ROWS // 2])
        return replace(drawn, rows=rows)
    rows.pop(own, None)
    for name, table in drawn.tables.items():
        pointing = [column for key in table.foreign_keys if key.references == own for column in key.columns]
        values = {**dict.fromkeys(pointing), **(fixed if name == link.parent.qualified_name else {})}
        if name in rows and values:
            rows[name] = tuple({**row, **values} for row in rows[name])
    return replace(drawn, rows=rows, later={name: each for name, each in drawn.later.items() if name in rows})


def _loaded(connection: Connection, data: Dataset, drawn: Dataset, link: Link, learned: Learned) -> Scene | str:
    """The scene, whose rows stay in the tables; or why there is none."""
    with connection.transaction() as savepoint:
        found = _scene(connection, data, drawn, link, learned)
        if isinstance(found, str):
            raise psycopg.Rollback(savepoint)
    return found


def _scene(connection: Connection, data: Dataset, drawn: Dataset, link: Link, learned: Learned) -> Scene | str:
    refused = load(connection, data, raise_refusals=False)
    data = accepted(data, refused)
    parents = data.rows.get(link.parent.qualified_name, ())[:2]
    if not parents:
        said = next((each.message for each in refused), "none could be made")
        return f"no row can be made for {link.parent.qualified_name}: {said}"
    waiting = drawn.rows.get(link.child.qualified_name, ())
    waiting = waiting[ROWS // 2 :] if link.child == link.parent else waiting
    children = tuple({**row, **link.to(parents[0])} for row in waiting)
    scene = Scene(link, data, learned, parents, children)
    taken, said = _taken(connection, scene)
    if not taken and link.child.primary_key:
        scene = replace(scene, upsert=True)
        taken, _ = _taken(connection, scene)
    if not taken:
        return f"no row of {link.child.qualified_name} refers to one of {link.parent.qualified_name}: {said}"
    return replace(scene, children=taken)


def roomy(connection: Connection, scene: Scene) -> Scene:
    """The scene with parents that can have two children at once, where there are such."""
    link, two = scene.link, scene.children[:2]
    every = scene.data.rows[link.parent.qualified_name]
    puts = [(parent, scene.put(*({**row, **link.to(parent)} for row in two))) for parent in every]
    room = [parent for parent, put in puts if not isinstance(attempt(connection, (put,), "SELECT 1"), str)]
    if not room:
        return scene
    parents = (*room, *(parent for parent in every if parent not in room))[:2]
    children = tuple({**row, **link.to(parents[0])} for row in scene.children)
    taken, _ = _taken(connection, replace(scene, parents=parents, children=children))
    return replace(scene, parents=parents, children=taken) if taken else scene


def _taken(connection: Connection, scene: Scene) -> tuple[tuple[Row, ...], str]:
    """The children that the table takes, each on its own; and what was said of another."""
    taken = []
    said = "none could be made"
    for row in scene.children:
        outcome = attempt(connection, (scene.put(row),), "SELECT 1")
        if isinstance(outcome, str):
            said = outcome
        else:
            taken.append(row)
    return tuple(taken), said


def attempt(
    connection: Connection, statements: Sequence[str], question: str, *, start: Sequence[str] = ()
) -> list[Measured] | str:
    """Run statements and ask a question after each, and take all back: one message, within a transaction.

    What is deferred is done before each question.

    :param start: statements that are run first, without a question
    :returns: the answers; what PostgreSQL says where it refuses any of the statements
    """
    asked = "; ".join(f"{each}; SET CONSTRAINTS ALL IMMEDIATE; {question}" for each in statements)
    opening = f"{_SAVE};\n" + "".join(f"{each};\n" for each in start)
    cursor = connection.cursor(row_factory=psycopg.rows.tuple_row)
    try:
        # What is prepared may be one statement only.
        if start:
            cursor.execute(opening.encode(), prepare=False)
            opening = ""
        cursor.execute(f"{opening}{TIMEOUT}; {asked}; {_TAKE_BACK}".encode(), prepare=False)
    except psycopg.Error as error:
        if error.sqlstate is None or connection.closed:
            raise
        connection.execute(_TAKE_BACK)
        return error.diag.message_primary or str(error)
    for _ in range(2 if start else 3):
        cursor.nextset()
    answers: list[Measured] = []
    for _ in statements:
        cursor.nextset()
        cursor.nextset()
        answers.append([tuple(None if v is None else str(v) for v in row) for row in cursor.fetchall()])
        cursor.nextset()
    return answers


def same(row: Row, columns: Collection[str]) -> str:
    """The condition of a row, told by these columns."""
    return " AND ".join(f"{quote(name)} = {literal(row[name])}" for name in columns)


def table_name(table: Table) -> str:
    """``schema.name`` as SQL writes it."""
    return f"{quote(table.schema)}.{quote(table.name)}"


def calls(functions: Collection[Function], table: Table, key: str, row: Row, other: Mapping[str, str]) -> Iterator[str]:
    """Statements that call each of these functions with the key of a row as the first argument.

    :param key: a column of the table, whose type the argument must have
    :param other: by type, what is passed for further arguments that have no default; NULL for all others
    """
    column = table.column(key)
    for function in functions:
        types = function.arguments.split(", ") if function.arguments else []
        if column is None or not types or types[0] != column.type or function.volatility != "volatile":
            continue
        if function.kind not in ("function", "procedure") or function.returns in ("trigger", "event_trigger"):
            continue
        if not mentions(function.body, table.name):
            continue
        required = types[: len(types) - len(re.findall(r"\bDEFAULT\b", function.signature))]
        further = (f"{other.get(each, 'NULL')}::{each}" for each in required[1:])
        arguments = ", ".join((f"{literal(row[key])}::{types[0]}", *further))
        verb = "CALL" if function.kind == "procedure" else "SELECT"
        yield f"{verb} {quote(function.schema)}.{quote(function.name)}({arguments})"


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in the text of a function as a word."""
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", plain(text), re.IGNORECASE) is not None


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """The text without comments."""
    return without_comments(text)


def location_of(scripts: Collection[Script], kind: str, name: str, table: str | None = None) -> Location | None:
    """The last statement of the chain that makes an object of this kind and name.

    :param table: of a column
    """
    found = None
    for script in scripts:
        for created in created_objects(script):
            named = (created.kind, created.name) == (kind, name) and (table is None or created.table == table)
            if named and not created.maybe:
                found = created.location
    return found
