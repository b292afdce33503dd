"""Reads the catalog again and again, each time only what has changed since the last time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.catalog.assembly import Objects, assemble, catalog_of
from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.prepared import PLANNED, prepare
from migrate_validate.catalog.reader import KEYS, fetch_some, queries_of, read_catalog
from migrate_validate.catalog.versions import REST, Moment, dependents, moment, versions, versions_query

MANY = tuple(kind for kind, key in KEYS.items() if key == "oid")
"""The kinds of objects that are read one by one; of the others there is little, and all are read."""


@dataclass(frozen=True)
class _Known:
    """What a reading found."""

    moment: Moment
    versions: Mapping[int, int]
    objects: Objects
    catalog: Catalog


REMEMBERED = 3
"""Readings: what a script changes and another takes back is nearest to what was there before the two."""


class CatalogReader:
    """Reads the catalog as ``Catalog.read`` does, but keeps what it has read and reads only what has changed since.

    It may be used on all databases of one server in turn: copies of a database share what they share. What it takes for
    unchanged is unchanged, with one exception: renamed objects of the server itself (in pg_catalog, made by initdb) are
    still called by their old names where others refer to them. A role that is no superuser may not see all that is
    needed to tell what has changed: for it everything is read each time.
    """

    def __init__(self) -> None:
        """Nothing is known yet: the first reading reads everything."""
        self._known: tuple[_Known, ...] = ()

    def read(self, connection: psycopg.Connection[Any]) -> Catalog:
        """The catalog of the connection's database as it is now; the same object as before where nothing has changed.

        :param connection: as for ``Catalog.read``
        :raises psycopg.Error: what the server says, for instance when the caller's transaction has failed already
        """
        if connection.info.parameter_status("is_superuser") != "on":
            return read_catalog(connection)
        try:
            found = self._current(connection)
        except psycopg.errors.InvalidSqlStatementName:
            # The first time in this session, or a script has thrown away what was prepared.
            version = connection.info.server_version
            prepare(connection, {"versions": versions_query(version), **queries_of(version)})
            found = self._current(connection)
        # Of the same versions one reading is enough: the catalog was at other moments what it is now.
        others = (known for known in self._known if known.catalog is not found.catalog)
        self._known = (*others, found)[-REMEMBERED:]
        return found.catalog

    def _current(self, connection: psycopg.Connection[Any]) -> _Known:
        with connection.transaction(force_rollback=True):
            connection.execute(PLANNED)
            now = moment(connection)
            return next((known for known in self._known if known.moment == now), None) or self._look(connection, now)

    def _look(self, connection: psycopg.Connection[Any], now: Moment) -> _Known:
        # What changes while this reads is found by the next look, because the versions are the older part.
        present = versions(connection)
        nearest = min(
            (known for known in self._known if known.moment.run == now.run),
            key=lambda known: len(known.versions.items() ^ present.items()),
            default=None,
        )
        if nearest is not None and present == nearest.versions:
            return _Known(now, present, nearest.objects, nearest.catalog)
        objects = _changed_objects(connection, nearest, present) if nearest is not None else None
        if objects is None:
            # By the queries that the session keeps, which later looks find planned.
            objects = assemble(fetch_some(connection, list(present)))
        return _Known(now, present, objects, catalog_of(connection.info.server_version, objects))


def _changed_objects(connection: psycopg.Connection[Any], known: _Known, present: Mapping[int, int]) -> Objects | None:
    """The objects as they are now, where those that have changed can be read alone; None where they cannot.

    Definitions name other objects, so unchanged ones read differently when others are renamed. Who uses the columns of
    a table is on record; who uses other names is not, in all cases.
    """
    changed = {oid for oid in known.versions.keys() | present.keys() if known.versions.get(oid) != present.get(oid)}
    rest = REST in changed
    changed.discard(REST)
    shown = {oid for kind in MANY for oid in known.objects[kind]}
    if any(oid in known.versions and oid in present and oid not in shown for oid in changed):
        # Members of extensions, or types that come with tables: what is not shown may still be referred to.
        return None
    if not rest:
        found = assemble(fetch_some(connection, list(changed), KEYS))
        rest = _parts_have_lost_names(known.objects, found)
    if rest:
        found = assemble(fetch_some(connection, [*changed, REST]))
    if _names_have_changed(known.objects, found):
        return None
    # How a query is printed depends on all columns of the tables in it: aliases keep added ones apart.
    reshaped = _with_other_columns(known.objects, found)
    referring = dependents(connection, reshaped) - changed if reshaped else frozenset()
    if referring:
        changed |= referring
        more = assemble(fetch_some(connection, list(referring), KEYS))
        found = {kind: things | more[kind] for kind, things in found.items()}
    return {
        kind: {oid: thing for oid, thing in known.objects[kind].items() if oid not in changed} | things
        if kind in MANY
        else (things if rest else known.objects[kind])
        for kind, things in found.items()
    }


def _names_have_changed(before: Objects, found: Objects) -> bool:
    """Whether an object that was there before has lost a name that others may refer to, or pg_catalog has a new one."""
    for kind, things in found.items():
        for key, thing in things.items():
            old = before[kind].get(key)
            if getattr(thing, "schema", None) == "pg_catalog" and old is None and kind != "others":
                return True
            if old is not None and not _names(old) <= _names(thing):
                return True
    return False


def _parts_have_lost_names(before: Objects, found: Objects) -> bool:
    """Whether a part of an object has lost a name by which what there is little of may call it."""
    return any(
        not {part.name for part in getattr(before[kind][oid], parts)} <= {part.name for part in getattr(thing, parts)}
        for kind in ("tables", "views")
        for oid, thing in found[kind].items()
        if oid in before[kind]
        for parts in ("columns", "policies", "triggers", "rules")
        if hasattr(thing, parts)
    )


def _with_other_columns(before: Objects, found: Objects) -> list[int]:
    """The tables and views, known before, whose columns have been added to, dropped or renamed."""
    return [
        oid
        for kind in ("tables", "views")
        for oid, thing in found[kind].items()
        if oid in before[kind] and _columns(thing) != _columns(before[kind][oid])
    ]


def _columns(thing: Any) -> list[str]:
    return [column.name for column in thing.columns]


def _names(thing: Any) -> frozenset[tuple[str, ...]]:
    """Everything that definitions of other objects may call by a name, but columns: who uses those is on record."""
    own = (getattr(thing, "kind", ""), getattr(thing, "schema", None) or "", getattr(thing, "name", ""))
    return frozenset({own, *_part_names(thing)})


def _part_names(thing: Any) -> Iterable[tuple[str, ...]]:
    for parts in ("attributes", "constraints", "indexes"):
        yield from ((parts, part.name) for part in getattr(thing, parts, ()))
    yield from (("label", label) for label in getattr(thing, "labels", ()))
    yield ("multirange", getattr(thing, "multirange", ""))
