"""A database with an object of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.postgres import Database, Server

EVERYTHING = (Path(__file__).parent / "everything.sql").read_text()
ROLES = ("reader", "writer")

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="session")
def everything(server: Server) -> Iterator[Database]:
    """The migrated database; tests roll back what they do in it."""
    with server.create_database("everything") as database:
        with closing(database.connect()) as connection:
            for role in ROLES:
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(f"CREATE ROLE {role}")
            connection.execute(EVERYTHING)
        yield database


@pytest.fixture(scope="session")
def reader() -> CatalogReader:
    """Reads what changes while the tests run, on one server after the other."""
    return CatalogReader()


@pytest.fixture
def picture(everything: Database, reader: CatalogReader) -> Catalog:
    """The catalog of the whole database; read for each test, because roles are the cluster's."""
    with closing(everything.connect()) as connection:
        return reader.read(connection)


@pytest.fixture
def connection(everything: Database) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back after the test."""
    with closing(everything.connect()) as opened, opened.transaction(force_rollback=True):
        yield opened


@pytest.fixture
def after(connection: Connection) -> Callable[[str], Catalog]:
    """Runs SQL and reads the catalog."""

    def run(sql: str) -> Catalog:
        connection.execute(sql)
        return Catalog.read(connection)

    return run
