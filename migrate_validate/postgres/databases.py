"""Databases that are ours: made with a name of our own, written, cloned, dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from migrate_validate.postgres.server import Server

PREFIX = "mv_"

_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Database:
    """One database on a server; as a context manager it is dropped at the end."""

    server: Server
    name: str

    def connect(self, user: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """A new connection in autocommit mode.

        :param user: the role to connect as; None: the server's superuser
        :raises ServerError: the server does not answer or refuses
        """
        return self.server.connect(self.name, user)

    def clone(self, hint: str, *, owner: str | None = None) -> Database:
        """A copy of this database, under a new name. Nobody may be connected to this one meanwhile.

        :param hint: words that make the name recognizable
        :param owner: the role that owns the copy; None: the server's superuser
        :raises ServerError: somebody is connected, or the server refuses
        """
        return self.server.create_database(hint, template=self, owner=owner)

    def drop(self) -> None:
        """Remove the database and end the connections to it; nothing happens where it is gone already.

        :raises ServerError: the server does not answer
        """
        self.server.drop_database(self)

    def __enter__(self) -> Database:
        """The database itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop it."""
        self.drop()


def database_name(run: str, number: int, hint: str) -> str:
    """A name that no other run uses: the prefix, the run, a number and the hint."""
    words = re.sub(r"[^a-z0-9]+", "_", hint.lower()).strip("_")
    return f"{PREFIX}{run}_{number}_{words}"[:_LONGEST_NAME].rstrip("_")


def run_of(name: str) -> str | None:
    """The run that a database was made by; None where the name is not one of ours."""
    match = re.fullmatch(rf"{PREFIX}([0-9a-f]{{12}})_\d+(_.*)?", name)
    return match and match.group(1)
