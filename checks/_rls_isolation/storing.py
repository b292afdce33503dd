"""Files of two universes in the storage of Supabase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.values import literal

from .choosing import token
from .people import Connection
from .world import A, Actor, B, SeededRow

OBJECTS = "storage.objects"
_BUCKETS = "SELECT id FROM storage.buckets WHERE NOT coalesce(public, false) ORDER BY id LIMIT 4"


def store(
    connection: Connection, catalog: Catalog, actors: Sequence[Actor], keys: Mapping[str, str]
) -> tuple[SeededRow, ...]:
    """Put files into the private buckets that the chain has made, where it has policies for them.

    Each person has one in a folder named by its own key, each tenant one in a folder named by the tenant's. The files
    of public buckets are left out: who knows their names reads them without the database.

    :param keys: by universe the tenant's key
    :raises psycopg.Error: when the connection is lost
    """
    table = catalog.whole.table(OBJECTS)
    if table is None or not table.policies or not actors:
        return ()
    found: list[SeededRow] = []
    try:
        with connection.transaction():
            for (bucket,) in connection.execute(_BUCKETS).fetchall():
                for universe, folder, owner in _files(actors, keys):
                    found.append(_put(connection, str(bucket), universe, folder, owner))
    except psycopg.Error:
        if connection.closed:
            raise
        return ()
    return tuple(found)


def _files(actors: Sequence[Actor], keys: Mapping[str, str]) -> Iterator[tuple[str, str, Actor]]:
    for actor in actors:
        yield actor.universe, actor.sub, actor
    for universe in (A, B):
        owner = next((actor for actor in actors if actor.universe == universe), None)
        if universe in keys and owner is not None:
            yield universe, keys[universe], owner


def _put(connection: Connection, bucket: str, universe: str, folder: str, owner: Actor) -> SeededRow:
    name = f"{folder}/{token(universe)}.txt"
    values = {"bucket_id": bucket, "name": name, "owner": owner.sub, "owner_id": owner.sub}
    listed = ", ".join(literal(each) for each in values.values())
    row = connection.execute(
        f"INSERT INTO storage.objects ({', '.join(values)}) VALUES ({listed}) RETURNING id::text".encode()
    ).fetchone()
    key = {"id": str(row[0]) if row else ""}
    return SeededRow(OBJECTS, key, universe, {**key, **values}, frozenset({owner.sub}))
