"""Fixtures for other test suites: databases that a chain has made.

What they do is imported when a test asks for them, as this module is imported in every run of pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from psycopg import Connection

    from migrate_validate.plugin.databases import MigrationDriver, PostgresqlProcess
    from migrate_validate.plugin.tenants import Tenants


@pytest.fixture
def migrated_db(request: pytest.FixtureRequest) -> Iterator[Connection[Any]]:
    """A connection to a fresh database, fully migrated and seeded, for each test.

    The chain is the one of ``--migrations`` or of the configuration; where there are several, mark the test with
    ``@pytest.mark.migrations("path")``. The connection commits nothing by itself; the database is dropped afterwards.
    """
    from migrate_validate.plugin.databases import migrated

    with migrated(request) as connection:
        yield connection


@pytest.fixture
def migrations(request: pytest.FixtureRequest) -> Iterator[MigrationDriver]:
    """The chain on a fresh database of its own, to be driven by the test: ``to(version)``, ``up()``, ``down()``."""
    from migrate_validate.plugin.databases import MigrationDriver, evaluation_of

    with MigrationDriver.open(evaluation_of(request)) as driver:
        yield driver


@pytest.fixture(scope="session")
def migrated_postgresql(request: pytest.FixtureRequest) -> Iterator[PostgresqlProcess]:
    """A migrated template, to be used as the process fixture of any client fixture of pytest-postgresql.

    ``my_db = pytest_postgresql.factories.postgresql("migrated_postgresql")``
    """
    from migrate_validate.plugin.databases import template

    with template(request.config) as process:
        yield process


@pytest.fixture
def acting_as() -> Callable[..., AbstractContextManager[Connection[Any]]]:
    """Ask the database as a role, with the claims of a token::

        def test_notes_are_private(migrated_db, acting_as):
            with acting_as(migrated_db, "authenticated", sub="00000000-0000-4000-8000-000000000001"):
                assert migrated_db.execute("select count(*) from notes").fetchone() == (0,)

    See :func:`migrate_validate.acting.acting_as`; it works with any connection of psycopg, and needs no chain.
    """
    from migrate_validate.acting import acting_as

    return acting_as


@pytest.fixture
def tenants(request: pytest.FixtureRequest) -> Callable[..., Tenants]:
    """Put rows of two tenants into a migrated database, and say who may ask for them::

        def test_orders_of_others(migrated_db, tenants):
            two = tenants(migrated_db)
            with two.acting_as("member of A as owner"):
                assert migrated_db.execute("select count(*) from orders").fetchone() == (len(two.rows("orders", "A")),)

    What a tenant is, is found out as the rules of ``rls_isolation`` do; further arguments declare it, in the words of
    ``[tool.migrate_validate.tenancy]``.
    """
    from migrate_validate.plugin.databases import evaluation_of
    from migrate_validate.plugin.tenants import make_tenants

    def make(connection: Connection[Any], **declared: Any) -> Tenants:
        return make_tenants(evaluation_of(request), connection, declared)

    return make
