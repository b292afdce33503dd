"""Fixtures for other test suites: databases that a chain has made.

What they do is imported when a test asks for them, as this module is imported in every run of pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from psycopg import Connection

    from migrate_validate.plugin.databases import MigrationDriver, PostgresqlProcess


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
