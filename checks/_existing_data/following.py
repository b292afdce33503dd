"""Follows the rows of one dataset through a migration, by the numbers of tables and columns and by their keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.findings import Severity

from .._shared import Connection, count_of
from .backfill import unfilled
from .columns import altered
from .deeds import Words
from .dropped import gone
from .harm import Harm
from .joining import ambiguous
from .moves import Move, moves
from .moving import moved, values_left
from .pictures import Picture, View, album, views
from .rows import invented, lost, matched
from .scene import Followed, Scene, shown, usable_key


class Following:
    """The rows of some tables, as they were before a migration."""

    def __init__(self, connection: Connection, before: Catalog, shown: Sequence[View], words: Words) -> None:
        """Keep the rows, as they are now; nothing is left behind in the database or the session.

        :param connection: in a transaction or without one
        :param before: the schema as it is now
        :param shown: what is followed of the tables
        :param words: what the migration says
        :raises psycopg.Error: when the connection is lost, or is in a failed transaction
        """
        self._connection = connection
        self._before = before
        self._words = words
        asked = {name: query for name, query in words.questions.items() if name not in words.refused}
        self._was = album(connection, shown, asked)
        words.refused.update(name for name, code in self._was.refused.items() if code.startswith(("42", "3F")))

    @property
    def left_out(self) -> dict[str, str]:
        """By ``schema.name``: why the rows of a table are not followed."""
        return dict(self._was.left_out)

    @property
    def counts(self) -> dict[str, int]:
        """By ``schema.name``: how many rows a table has that is followed."""
        return {name: len(each.rows) for name, each in self._was.tables.items()}

    def harms(self, after: Catalog) -> tuple[Harm, ...]:
        """What the migration did to the rows, beyond its words, and with what it says the reach of that.

        To be called when it was applied, over the same connection.

        :param after: the schema as the migration leaves it
        :raises psycopg.Error: when the connection is lost, or is in a failed transaction
        """
        targets = (self._words.names.get(copy.target) for copy in self._words.copies)
        names = {*self._was.tables, *(name for name in targets if name is not None)}
        now = album(self._connection, views(self._connection, names, [each.oid for each in self._was.tables.values()]))
        scene = Scene(self._connection, self._before, after, self._words, self._was, now)
        return tuple(harm for each in self._was.tables.values() for harm in _of_table(scene, each))


def followed_views(connection: Connection, before: Catalog, tables: Collection[str], words: Words) -> tuple[View, ...]:
    """What is followed of some tables, and of those that the words of a migration name.

    :param before: the schema as it is now
    :param tables: ``schema.name``
    """
    named = {each.table for each in words.deeds} | {each.target for each in words.copies}
    wanted = [name for name in dict.fromkeys([*tables, *sorted(named)]) if before.table(name) is not None]
    return views(connection, wanted)


def _of_table(scene: Scene, was: Picture) -> Iterator[Harm]:
    table = scene.before.table(was.name)
    # The rows of a partition are told with those of the table that it belongs to.
    if table is None or was.name in scene.now.left_out or table.partition_of in scene.was.tables:
        return
    now = scene.now.by_oid(was.oid)
    made = moves(scene, table, was) if was.rows else []
    heir = scene.now.tables.get(was.name)
    if now is not None:
        # Where the old table lives on under another name, what goes by its name now has to have its rows, too.
        if heir is not None and heir.oid != was.oid:
            yield from moved(scene, was, [each for each in made if each.followed.now.oid == heir.oid])
        yield from _kept(scene, table, was, now, made)
    elif made:
        yield from moved(scene, was, made)
    elif was.rows:
        yield _dropped(scene, was)


def _kept(scene: Scene, table: Table, was: Picture, now: Picture, made: list[Move]) -> Iterator[Harm]:
    """A table that is still there, whatever it is called."""
    columns = {number: number for number in was.columns if number in now.columns}
    followed = Followed(table, was, now, columns, usable_key(scene, table, was, now, columns))
    found = matched(followed)
    yield from lost(scene, followed, found)
    yield from invented(scene, followed, found)
    if not found.pairs:
        return
    yield from ambiguous(scene, followed)
    yield from altered(scene, followed, found.pairs)
    yield from gone(scene, followed, found.pairs)
    yield from unfilled(scene, followed, found.pairs)
    for number, dropped in was.columns.items():
        if number not in now.columns:
            yield from values_left(scene, followed, made, dropped)


def _dropped(scene: Scene, was: Picture) -> Harm:
    deed = scene.words.deed(was.name, "drop")
    stated = deed is not None or bool(scene.words.unread) or _parent_dropped(scene, was.name)
    taken = f"is dropped with {count_of(len(was.rows), 'row')}"
    return Harm(
        "rows-lost",
        (was.name, "", "dropped"),
        f"{was.name} {taken}: it is stated" if stated else f"{was.name} {taken}, though no DROP TABLE says so",
        object=was.name,
        statement=deed.statement if deed else None,
        severity=Severity.INFO if stated else None,
        evidence={"lost": shown(was, was.rows)},
        fix=None if stated else f"keep {was.name}, or drop it in so many words",
    )


def _parent_dropped(scene: Scene, name: str) -> bool:
    table = scene.before.table(name)
    parent = table.partition_of if table else None
    return bool(parent) and (scene.words.deed(parent or "", "drop") is not None or _parent_dropped(scene, parent or ""))
