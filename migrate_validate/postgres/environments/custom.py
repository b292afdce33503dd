"""Environments that users write: a file of SQL with the roles and schemas of their own platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.errors import ConfigError

if TYPE_CHECKING:
    from migrate_validate.postgres.databases import Database

ENDING = ".sql"
"""What tells the path of a file from the name of an environment."""


def is_file(wanted: str) -> bool:
    """Whether this names a file of the user, and no environment of ours."""
    return wanted.lower().endswith(ENDING)


def read(path: Path) -> tuple[Statement, ...]:
    """The statements of an environment's file.

    :param path: absolute
    :raises ConfigError: when it cannot be read as SQL
    """
    try:
        return statements(read_script(path, path.parent))
    except ScriptError as error:
        raise ConfigError(
            f"the file of the environment cannot be used: {error}",
            looked=[str(path)],
            remedy="correct the path, which is relative to the file that names it, or correct the file",
        ) from None


def run_file(path: Path, database: Database) -> tuple[str, ...]:
    """Run an environment's file in an empty database, statement by statement, as the server's superuser.

    :returns: notes on the roles that were added to a server of the user
    :raises ConfigError: naming the statement that fails, with its line
    """
    server = database.server
    try:
        with database.connect() as connection:
            for statement in read(path):
                _send(connection, statement, path)
    finally:
        text = path.read_text(encoding="utf-8", errors="replace").lower() if path.is_file() else ""
        made = server.claim_roles(name for name in server.new_roles() if name.lower() in text)
    if not made:
        return ()
    return (f"roles were added to {server.description}, and are dropped at the end: {', '.join(made)}",)


def _send(connection: psycopg.Connection[tuple[object, ...]], statement: Statement, path: Path) -> None:
    try:
        if statement.copy_data is None:
            connection.execute(statement.sql.encode(), prepare=False)
        else:
            with connection.cursor().copy(statement.sql.encode()) as copy:
                copy.write(statement.copy_data)
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
        raise ConfigError(
            f"the environment could not be built: {statement.location}: {message}{hint}",
            looked=[f"{path}: {_first_line(statement.sql)}"],
            remedy="correct the file: it is run before the chain, in an empty database, as a superuser",
        ) from None


def _first_line(sql: str) -> str:
    line, *more = sql.splitlines()
    return f"{line} ..." if more else line
