"""Environments that users write: a file of SQL with the roles and schemas of their own platform.

    -- migrate-validate: migration-role acme_deployer

A comment like this says which of its roles migrations are applied as, with the rights that the file gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import ScriptError, comments, statements
from migrate_validate.errors import ConfigError
from migrate_validate.syntax import quote

if TYPE_CHECKING:
    from migrate_validate.postgres.databases import Database

ENDING = ".sql"
"""What tells the path of a file from the name of an environment."""
_MARK = re.compile(r"migrate-validate:\s*(?P<word>\S*)\s*(?P<rest>.*)", re.DOTALL)
_ROLE = "migration-role"
_NAME = re.compile(r'(?P<plain>[a-z_][a-z0-9_$]*)|"(?P<quoted>(?:[^"]|"")+)"')


def is_file(wanted: str) -> bool:
    """Whether this names a file of the user, and no environment of ours."""
    return wanted.lower().endswith(ENDING)


def read(path: Path) -> tuple[Statement, ...]:
    """The statements of an environment's file.

    :param path: absolute
    :raises ConfigError: when it cannot be read as SQL
    """
    with _readable(path):
        return statements(read_script(path, path.parent))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except ScriptError as error:
        raise ConfigError(
            f"the file of the environment cannot be used: {error}",
            looked=[str(path)],
            remedy="correct the path, which is relative to the file that names it, or correct the file",
        ) from None


def migration_role(path: Path) -> str | None:
    """The role that an environment's file wants migrations to be applied as; None: it says nothing.

    :param path: absolute
    :raises ConfigError: when the file cannot be read, or a comment for us cannot be understood
    """
    found = set()
    with _readable(path):
        for comment in comments(read_script(path, path.parent)):
            mark = _MARK.fullmatch(comment.text)
            if mark is None:
                continue
            name = _NAME.fullmatch(mark["rest"].strip())
            if mark["word"] != _ROLE or name is None:
                raise ConfigError(
                    f"{comment.location}: this comment means nothing in the file of an environment: {comment.text}",
                    looked=[str(path)],
                    remedy=f"write it like this: -- migrate-validate: {_ROLE} acme_deployer",
                )
            found.add(name["plain"] or name["quoted"].replace('""', '"'))
    if len(found) > 1:
        raise ConfigError(
            f"the file of the environment names several roles to apply migrations as: {', '.join(sorted(found))}",
            looked=[str(path)],
            remedy="keep one of the comments: migrations are applied as one role",
        )
    return next(iter(found), None)


def hand_over(database: Database, role: str, path: Path) -> None:
    """Make a database that a file has surrounded the migration role's own.

    :raises ConfigError: when the role does not exist, or may not log in
    """
    with database.connect() as connection:
        found = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if found is None or not found[0]:
            raise ConfigError(
                f'migrations are to be applied as the role "{role}", '
                + ("which does not exist once the file has run" if found is None else "which may not log in"),
                looked=[str(path)],
                remedy=f"let the file make it, with its rights in production: CREATE ROLE {quote(role)} LOGIN; ...",
            )
        connection.execute(f"ALTER DATABASE {quote(database.name)} OWNER TO {quote(role)}".encode())


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
