"""Databases with the schemas of tenancies, and what is found in them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import DeclaredTenancy
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import SUPABASE, prepare
from tests.rls.schemas import SCHEMAS

_PACKAGE = "migrate_validate.checks._rls_isolation"
identities: Any = import_module(f"{_PACKAGE}.identities").identities
discover: Any = import_module(f"{_PACKAGE}.tenancy").discover
seed: Any = import_module(f"{_PACKAGE}.universes").seed

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A database whose schema was migrated."""

    connection: Connection
    catalog: Catalog
    roles: tuple[str, ...]

    def discover(self, declared: DeclaredTenancy | None = None) -> Any:
        """Its tenancy."""
        return discover(self.catalog, declared, api_roles=self.roles)

    def seed(self, tenancy: Any) -> Any:
        """Its universes."""
        return seed(self.connection, self.catalog, tenancy)

    def identities(self, tenancy: Any, universes: Any) -> Mapping[str, Any]:
        """Who asks, by label."""
        return {each.label: each for each in identities(universes, tenancy, self.roles)}


@contextlib.contextmanager
def place(server: Server, name: str, more: str = "") -> Iterator[Place]:
    """A database with one of the schemas, or with a schema of SQL.

    :param name: of the schema, or the environment
    :param more: SQL that comes after it
    """
    environment, text = SCHEMAS.get(name, (name, ""))
    supabase = environment == "supabase"
    with server.create_database("tenancy") as database:
        if supabase:
            prepare(SUPABASE, database)
        with database.connect() as connection:
            connection.execute(text + more)
            catalog = Catalog.read(connection)
            yield Place(
                connection,
                catalog.without_schemas(SUPABASE.schemas) if supabase else catalog,
                ("anon", "authenticated") if supabase else ("app",),
            )


def counted(universes: Any, table: str) -> dict[str, int]:
    """How many rows of a table there are, by universe."""
    return dict(Counter(row.universe for row in universes.rows[f"public.{table}"]))
