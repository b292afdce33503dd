"""Roles on a server that is not ours: they belong to all of it, so those that runs make are marked, and dropped again.

A comment is the mark, so that a later run also finds what a killed one left. Every run holds a shared advisory lock
while it lives; who gets the exclusive one is alone and may drop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

MARK = "made by migrate-validate, which drops it when no run uses it"

_LOCK = 7_238_104_552_911

Connection = psycopg.Connection[tuple[Any, ...]]


def enter(connection: Connection) -> None:
    """Tell other runs that this one lives, as long as the connection does; waits while one of them drops roles."""
    connection.execute("select pg_advisory_lock_shared(%s)", [_LOCK])


def leave(connection: Connection) -> None:
    """Drop all marked roles that nothing depends on, unless other runs live: the last one does it."""
    connection.execute("select pg_advisory_unlock_shared(%s)", [_LOCK])
    row = connection.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if row == (True,):
        try:
            _drop(connection, sorted(marked(connection)))
        finally:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK])


def all_roles(connection: Connection) -> frozenset[str]:
    """The names of the roles of the server."""
    return frozenset(name for (name,) in connection.execute("select rolname from pg_roles"))


def marked(connection: Connection) -> frozenset[str]:
    """The names of the roles that runs made and that are still there."""
    query = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s"
    return frozenset(name for (name,) in connection.execute(query, [MARK]))


def mark(connection: Connection, names: Iterable[str]) -> None:
    """Mark roles that a run made, where they are still there."""
    for name in sorted(all_roles(connection) & frozenset(names)):
        connection.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(name), MARK))


def _drop(connection: Connection, names: list[str]) -> None:
    """Drop what can be: a role that granted a membership goes only after the roles that were given it."""
    while names:
        left = [name for name in names if not _dropped(connection, name)]
        if len(left) == len(names):
            return
        names = left


def _dropped(connection: Connection, name: str) -> bool:
    try:
        connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
    except psycopg.Error:
        # Somebody has come to use it, so it is no longer ours alone.
        if connection.closed:
            raise
        return False
    return True
