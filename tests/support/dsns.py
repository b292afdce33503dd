"""How a program of its own connects to a database of the tests."""

from __future__ import annotations

from migrate_validate.postgres import Server
from migrate_validate.postgres.databases import Database


def dsn_of(server: Server, database: Database, **more: str) -> str:
    """A connection string of libpq.

    :param more: what it has besides, or in place of ours
    """
    parts = {"host": server.host, "port": server.port, "user": server.user, "dbname": database.name} | more
    return " ".join(f"{key}={value}" for key, value in parts.items())
