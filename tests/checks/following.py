"""What became of rows in a migration, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.statements import statements
from tests.support.scripts import script

# Imported by name: type checkers do not follow the editable installation of checks/.
following: Any = import_module("migrate_validate.checks._existing_data.following")
words: Any = import_module("migrate_validate.checks._existing_data.words")

Connection = psycopg.Connection[Any]


@contextmanager
def rolled_back(connection: Connection) -> Iterator[None]:
    """Everything is taken back at the end."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def followed(connection: Connection, before: str, migration: str) -> list[Any]:
    """The harms that a migration does to the rows of all tables.

    :param before: what makes the tables and their rows
    """
    with rolled_back(connection):
        connection.execute(before.encode())
        catalog = Catalog.read(connection)
        told = words.words_of(script(migration), catalog)
        shown = following.followed_views(connection, catalog, [each.qualified_name for each in catalog.tables], told)
        kept = following.Following(connection, catalog, shown, told)
        for each in statements(script(migration)):
            connection.execute(each.sql.encode())
        return list(kept.harms(Catalog.read(connection)))


def lines(harms: list[Any]) -> list[str]:
    """Each harm as one line: how much it weighs, the rule, and what happened."""
    return [f"{each.severity or 'error'} {each.rule} {'/'.join(each.about)}: {each.message}" for each in harms]


def beyond(harms: list[Any]) -> list[tuple[str, ...]]:
    """Rule and identity of those harms that are more than information."""
    return [each.identity for each in harms if each.severity is None]
