"""What a trial on a copy of a database leaves behind on its server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.postgres.defaults import Default, restoring, shared_defaults
from migrate_validate.postgres.server import Server
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class ServerState:
    """What belongs to the whole server: what a trial changes of it would be there for the next one."""

    roles: frozenset[str]
    defaults: frozenset[Default]

    @classmethod
    def of(cls, server: Server) -> ServerState:
        """That of a server now."""
        with server.connect("postgres") as connection:
            return cls.read(connection)

    @classmethod
    def read(cls, connection: Connection) -> ServerState:
        """That of the server that this is connected to."""
        names = frozenset(name for (name,) in connection.execute("select rolname from pg_roles"))
        return cls(names, shared_defaults(connection))

    def restore(self, server: Server) -> None:
        """Drop the roles that came, and give the others the settings that they had."""
        with server.connect("postgres") as connection:
            now = ServerState.read(connection)
            kept = frozenset(each for each in now.defaults if each.role is None or each.role in self.roles)
            for statement in restoring(self.defaults, kept):
                with contextlib.suppress(psycopg.Error):
                    connection.execute(statement)
            for name in now.roles - self.roles:
                with contextlib.suppress(psycopg.Error):
                    connection.execute(f"drop role if exists {quote(name)}".encode())
