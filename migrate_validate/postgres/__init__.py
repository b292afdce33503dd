"""Where migrations run: finding PostgreSQL, starting it, databases on it."""

from migrate_validate.postgres.binaries import Binaries, available_majors, find_binaries
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.server import Server, ServerOptions, died, open_server

__all__ = [
    "Binaries",
    "Database",
    "Server",
    "ServerOptions",
    "available_majors",
    "died",
    "find_binaries",
    "open_server",
]
