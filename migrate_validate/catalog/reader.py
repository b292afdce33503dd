"""Reads a ``Catalog`` out of pg_catalog: one query a kind of object, all sent together.

Not read: what initdb made (but privileges on it that have changed are); TOAST and temporary schemas; members of
extensions (but changed privileges on them are), comments on both; row and array types, and what comes with a range
type; internal triggers, as long as they fire; what sequences and large objects hold; passwords; the server's
configuration; other databases. The settings, privileges and comment of the database itself are read, though CREATE
DATABASE ... TEMPLATE does not copy them.

Decided here, so that the same definitions give the same picture on every supported server version:

- ``Column.not_null`` is the truth about NOT NULL. PostgreSQL 18 keeps a constraint for each of them, older versions do
  not; such a constraint is listed only where it says more: it was named by hand, has a comment, or is NOT VALID or NO
  INHERIT. A name that ends in ``_not_null`` counts as the server's own.
- A constraint trigger is listed among the triggers, not among the constraints.
- Grants are those in force, whether stored or implied, without those that an owner has anyway; a privilege that was
  taken from an owner is listed as ``no SELECT``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from migrate_validate.catalog.assembly import Row, assemble, catalog_of
from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.prepared import execute
from migrate_validate.catalog.versions import REST

T = TypeVar("T")

KINDS = (
    "schemas",
    "tables",
    "columns",
    "constraints",
    "indexes",
    "policies",
    "triggers",
    "rules",
    "views",
    "sequences",
    "functions",
    "enums",
    "domains",
    "composites",
    "ranges",
    "event_triggers",
    "extensions",
    "publications",
    "default_privileges",
    "grants",
    "other_cluster",
    "other_marks",
    "other_parameters",
    "other_remote",
    "other_texts",
    "other_types",
)
"""The queries, each the name of a file in ``queries/``."""

KEYS = {
    **dict.fromkeys(("columns", "constraints", "indexes", "policies", "triggers", "rules", "grants"), "parent"),
    **dict.fromkeys(("tables", "views", "sequences", "functions", "enums", "domains", "composites", "ranges"), "oid"),
}
"""The kinds of which there may be many, and the column of their answers that holds the oid of the whole object."""


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read the catalog of the connection's database, in a fixed number of queries.

    The reading happens in a transaction, or a savepoint of the caller's transaction, that is rolled back at the end:
    ``search_path`` is restored by it, and a failure leaves the caller's transaction usable.

    :param connection: idle (autocommit or not) or in an open transaction, which is left open.
    :raises psycopg.Error: what the server says, for instance when the caller's transaction has failed already.
    """
    return catalog_of(connection.info.server_version, assemble(fetch(connection)))


def fetch(connection: psycopg.Connection[Any]) -> Mapping[str, Sequence[Row]]:
    """The answers to all queries, all sent together; see :func:`read_catalog`."""
    version = connection.info.server_version
    with connection.transaction(force_rollback=True), connection.pipeline():
        connection.execute("SELECT set_config('search_path', '', true)")
        cursors = {kind: connection.cursor(row_factory=dict_row).execute(_query(kind, version)) for kind in KINDS}
        return {kind: cursor.fetchall() for kind, cursor in cursors.items()}


def fetch_some(
    connection: psycopg.Connection[Any], only: list[int], kinds: Iterable[str] = KINDS
) -> Mapping[str, Sequence[Row]]:
    """The answers for the objects with these oids; of the kinds of which there are few, for all.

    :param connection: in a transaction with ``search_path`` empty; :func:`queries_of` are prepared in its session
    :param only: the oids; with :data:`~migrate_validate.catalog.versions.REST` among them come the privileges on what
        there is little of
    :param kinds: the queries that are sent, all together
    """
    answers = {}
    cursor = connection.cursor(row_factory=dict_row)
    cursor.execute(b";".join(execute(kind, only) for kind in kinds))
    for kind in kinds:
        answers[kind] = cursor.fetchall()
        cursor.nextset()
    return answers


def queries_of(server_version: int) -> Mapping[str, bytes]:
    """The queries that :func:`fetch_some` runs, by kind."""
    return {kind: _query_of(kind, server_version) for kind in KINDS}


def leave_out_schemas(catalog: Catalog, names: frozenset[str]) -> Catalog:
    """The same picture without the schemas of these names, what is in them, and default privileges in them.

    Objects without a schema (event triggers, extensions, publications) stay.
    """

    def kept(objects: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(thing for thing in objects if getattr(thing, "schema", None) not in names)

    return replace(
        catalog,
        schemas=tuple(schema for schema in catalog.schemas if schema.name not in names),
        tables=kept(catalog.tables),
        views=kept(catalog.views),
        sequences=kept(catalog.sequences),
        functions=kept(catalog.functions),
        enums=kept(catalog.enums),
        domains=kept(catalog.domains),
        composites=kept(catalog.composites),
        ranges=kept(catalog.ranges),
        default_privileges=kept(catalog.default_privileges),
        others=kept(catalog.others),
    )


@cache
def _query(kind: str, server_version: int) -> bytes:
    """The text of a kind's query; ``publications_14.sql`` instead of ``publications.sql`` on version 14."""
    folder = resources.files("migrate_validate.catalog") / "queries"
    older = folder / f"{kind}_{server_version // 10000}.sql"
    return (older if older.is_file() else folder / f"{kind}.sql").read_bytes()


@cache
def _query_of(kind: str, server_version: int) -> bytes:
    """A kind's query, for objects with given oids; with REST among them come privileges on what there is little of."""
    query = _query(kind, server_version)
    if kind not in KEYS:
        return query
    rest = b""
    if kind == "grants":
        rest = b" OR %d = ANY ($1) AND parent_catalog NOT IN ('pg_class', 'pg_proc', 'pg_type')" % REST
    return b"SELECT * FROM (%s) AS listed WHERE %s = ANY ($1)%s" % (query, KEYS[kind].encode(), rest)
