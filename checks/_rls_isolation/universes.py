"""Rows of two tenants."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.data import Given, learn
from migrate_validate.data.candidates import Mined
from migrate_validate.data.order import ancestors, fill_order

from .choosing import TOKENS
from .model import Tenancy
from .people import Connection, cast
from .references import own_tables, with_links
from .sowing import Sowing
from .storing import OBJECTS, store
from .world import BOTH, OUTSIDE, SHARED, STAFF, A, Actor, B, SeededRow

__all__ = ["BOTH", "OUTSIDE", "SHARED", "STAFF", "A", "Actor", "B", "SeededRow", "Universes", "seed"]

TIMEOUT = 4000
"""Milliseconds that a statement may take."""
_SERVICE = """
SELECT rolname FROM pg_roles
WHERE rolbypassrls AND NOT rolsuper AND NOT rolcanlogin AND rolname LIKE '%service%' ORDER BY 1 LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Universes:
    """What was put into the tables."""

    rows: Mapping[str, tuple[SeededRow, ...]]
    """By ``schema.name``; rows that were there before are told only of tables that belong to nobody."""
    unfilled: Mapping[str, str]
    """By ``schema.name`` of a table that lacks rows of a universe: why."""
    actors: tuple[Actor, ...]
    keys: Mapping[str, str]
    """By universe, the tenant's key as text: ``{"A": ..., "B": ...}``."""
    canaries: Mapping[str, str] = field(default_factory=lambda: dict(TOKENS))
    """By universe, what every canary of it starts with."""
    service_role: str | None = None
    """The role with BYPASSRLS that the service itself uses, where there is one."""


def seed(
    connection: Connection,
    catalog: Catalog,
    tenancy: Tenancy,
    *,
    hints: Mined | None = None,
    given: Mapping[str, Given] | None = None,
) -> Universes:
    """Put rows of two tenants into the tables, and those of one who belongs to both, and of one who belongs to none.

    It happens in a transaction, or in a savepoint of the one that is open. Foreign keys lead to rows of the same
    tenant only; texts name the tenant wherever a column takes them. Rows that triggers make are adopted, materialized
    views are refreshed.

    :param connection: as a superuser, so that no policy takes part
    :param catalog: the migrated schema without what the environment made
    :param hints: literals that scripts name, see :func:`~migrate_validate.data.mined`
    :param given: by ``schema.name`` what the user says about the rows of a table
    :raises psycopg.Error: when the connection is lost
    """
    tables = own_tables(catalog)
    if tenancy.people is not None:
        tables |= {tenancy.people.table: catalog.whole.tables_by_name[tenancy.people.table]}
    above = ancestors(catalog.whole, tables)
    tables |= {name: catalog.whole.tables_by_name[name] for name in above - tables.keys()}
    linked = with_links(catalog, tables, tenancy.links)
    order = fill_order(linked)
    with connection.transaction(), _limited(connection):
        learned = learn(connection, linked, hints=hints, given=given, trials=False)
        parts = cast(connection, linked, tenancy)
        sowing = Sowing(connection, linked, tenancy, learned, order, parts)
        sowing.run()
        unfilled = sowing.unfilled()
        files = store(connection, catalog, sowing.wanting.actors, sowing.wanting.keys)
        for view in catalog.views:
            if view.kind == "materialized view" and (why := _refreshed(connection, view.schema, view.name)):
                unfilled[view.qualified_name] = why
        row = connection.execute(_SERVICE).fetchone()
    return Universes(
        {name: tuple(rows) for name, rows in sowing.rows.items() if rows} | ({OBJECTS: files} if files else {}),
        unfilled,
        tuple(sowing.wanting.actors),
        dict(sowing.wanting.keys),
        service_role=None if row is None else str(row[0]),
    )


@contextlib.contextmanager
def _limited(connection: Connection) -> Iterator[None]:
    """Let no trigger sleep for long."""
    (before,) = connection.execute("SELECT current_setting('statement_timeout')").fetchone() or ("0",)
    connection.execute(f"SET LOCAL statement_timeout = {TIMEOUT}")
    yield
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def _refreshed(connection: Connection, schema: str, name: str) -> str | None:
    try:
        with connection.transaction():
            connection.execute(
                psycopg.sql.SQL("REFRESH MATERIALIZED VIEW {}").format(psycopg.sql.Identifier(schema, name))
            )
    except psycopg.Error as error:
        if connection.closed:
            raise
        return f"it cannot be refreshed: {error.diag.message_primary or error}"
    return None
