"""Deletes rows that others refer to without a constraint, and sees what becomes of the references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog
from migrate_validate.data import Row
from migrate_validate.data.values import literal
from migrate_validate.syntax import quote

from .._playground import Known, Link, Scene, attempt, build, calls, same, table_name
from .._shared import Connection


@dataclass(frozen=True, slots=True)
class Orphaning:
    """A way to delete the row that another refers to."""

    said: str
    """What the statement does, in words."""
    statement: str
    script: tuple[str, ...]
    """The statements from the rows on, and the query that shows the orphan."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one reference."""

    orphanings: tuple[Orphaning, ...] = ()
    unproven: str = ""
    """Why it could not be tried."""


def tried(connection: Connection, catalog: Catalog, link: Link, known: Known) -> Tried:
    """Try all ways to delete the parent of a generated row; everything is rolled back.

    :param link: the reference, of one column
    :raises psycopg.Error: when the connection is lost
    """
    with connection.transaction(force_rollback=True):
        scene = build(connection, catalog.whole, link, known)
        if isinstance(scene, str):
            return Tried(unproven=scene)
        found: dict[str, tuple[Orphaning, Row, Row]] = {}
        # One of the parents may be referred to by others, so that it cannot be deleted.
        for parent in scene.data.rows[link.parent.qualified_name]:
            child = {**scene.children[0], **link.to(parent)}
            for said, statement in _deletes(catalog, scene, parent):
                if said not in found and _dangles(connection, (scene.put(child), statement), link, parent):
                    found[said] = (Orphaning(said, statement, ()), parent, child)
    with connection.transaction(force_rollback=True):
        return Tried(tuple(_told(connection, scene, *each) for each in found.values()))


def _deletes(catalog: Catalog, scene: Scene, parent: Row) -> Iterator[tuple[str, str]]:
    """Statements that may delete a parent: itself, through another table, by a function."""
    link = scene.link
    name = link.parent.qualified_name
    yield f"a DELETE from {name}", f"DELETE FROM {table_name(link.parent)} WHERE {same(parent, link.keys)}"
    for key in link.parent.foreign_keys:
        above = catalog.whole.table(key.references or "")
        cascades = key.on_delete == "cascade" and above is not None and above != link.parent
        if above is None or not cascades or any(parent.get(column) is None for column in key.columns):
            continue
        pairs = zip(key.columns, key.referenced_columns, strict=True)
        which = " AND ".join(f"{quote(of)} = {literal(parent[own])}" for own, of in pairs)
        said = f"a DELETE from {above.qualified_name}, which {key.name} carries on to {name}"
        yield said, f"DELETE FROM {table_name(above)} WHERE {which}"
    for statement in calls(catalog.functions, link.parent, link.keys[0], parent, {}):
        yield f"{statement.partition(' ')[2].partition('(')[0]}()", statement


def _dangles(
    connection: Connection, statements: tuple[str, ...], link: Link, parent: Row, *, start: Sequence[str] = ()
) -> bool:
    """Whether the last statement leaves the reference without a row; what the schema refuses does not."""
    answers = attempt(connection, statements, _question(link, parent), start=start)
    return not isinstance(answers, str) and (answers[-2], answers[-1]) == ([("0",)], [("1",)])


def _question(link: Link, parent: Row) -> str:
    """The query for the number of rows that refer to this row, and it is not there."""
    value = literal(parent[link.keys[0]])
    column, key = quote(link.columns[0]), quote(link.keys[0])
    gone = f"NOT EXISTS (SELECT FROM {table_name(link.parent)} AS p WHERE p.{key} = c.{column})"
    return f"SELECT count(*) FROM {table_name(link.child)} AS c WHERE c.{column} = {value} AND {gone}"


def _told(connection: Connection, scene: Scene, found: Orphaning, parent: Row, child: Row) -> Orphaning:
    """The same with its script, of the fewest rows that show it."""
    last = (scene.put(child), found.statement)
    rows = scene.script((parent,), (child,))
    if not _dangles(connection, last, scene.link, parent, start=rows):
        rows = scene.script((parent,), (child,), whole=True)
    return Orphaning(found.said, found.statement, (*rows, *last, _question(scene.link, parent)))
