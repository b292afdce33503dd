"""A running PostgreSQL that is ours to use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

from migrate_validate.errors import ServerError
from migrate_validate.postgres import roles
from migrate_validate.postgres.binaries import Binaries, find_binaries
from migrate_validate.postgres.clusters import SUPERUSER
from migrate_validate.postgres.copying import complete
from migrate_validate.postgres.databases import PREFIX, Database, database_name, run_of
from migrate_validate.postgres.extensions import cursor_for
from migrate_validate.postgres.process import PORT, OwnServer, running

if TYPE_CHECKING:
    from migrate_validate.postgres.environments import Built, Environment

_CONNECT_SECONDS = 10
_DEPARTURE_SECONDS = 1.0
_APPLICATION = "migrate-validate"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the user said about the server; nothing said: the newest PostgreSQL on the machine is started."""

    executable: str | None = None
    """A ``pg_ctl``, or the folder that holds it."""
    host: str | None = None
    """A server that runs already: a host name, an address, or the folder of its socket."""
    port: int | None = None
    user: str | None = None
    """The role on the running server; None: ``postgres``."""
    password: str | None = None
    dbname: str | None = None
    """The database of the running server that is connected to for making others; None: ``postgres``."""
    options: str = ""
    """Options of every connection, as in libpq's ``options``."""
    postgres_options: str = ""
    """More options of ``postgres`` where we start it."""
    major: int | None = None
    """The major version that is wanted; None: any."""


class Server:
    """A running PostgreSQL. Made by :func:`open_server`."""

    def __init__(
        self, options: ServerOptions, own: OwnServer | None, source: str, cursor: type[psycopg.Cursor] = psycopg.Cursor
    ) -> None:
        """Connect to the server.

        :param own: the server that we started; None: it is somebody else's
        :param source: where it comes from, for people
        :param cursor: what sends statements over its connections
        """
        self._own = own
        self._cursor = cursor
        self._options = options
        self._run = secrets.token_hex(6)
        self._numbers = count(1)
        self._maintenance: psycopg.Connection[tuple[Any, ...]] | None = None
        self._databases: dict[str, Database] = {}
        self.templates: dict[Environment, Built | None] = {}
        """Environments that were built here, each with the database that it is copied from, if there is one yet."""
        self._roles_before: frozenset[str] = frozenset()
        self._roles_made: set[str] = set()
        self.ours: bool = own is not None
        self.host: str = str(own.directory) if own is not None else options.host or ""
        self.port: int = PORT if own is not None else options.port or PORT
        self.user: str = SUPERUSER if own is not None else options.user or "postgres"
        self.password: str | None = None if own is not None else options.password
        self._english = ""
        info = self._administration().info
        # Only superusers may say so; of others' errors less is understood where the server has another language.
        self._english = "" if self.ours or info.parameter_status("is_superuser") != "on" else " -c lc_messages=C"
        self.version: int = info.server_version
        """As ``server_version_num``: 180001."""
        if not self.ours:
            roles.enter(self._administration())
            self._roles_before = roles.all_roles(self._administration())
        self.description: str = f"PostgreSQL {info.parameter_status('server_version')} ({source})"

    def connect(self, dbname: str, user: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """A new connection in autocommit mode.

        :param user: the role to connect as; None: ``self.user``
        :raises ServerError: the server does not answer or refuses
        """
        return self._connect(dbname, user or self.user, _APPLICATION)

    def create_database(self, hint: str, *, template: Database | None = None, owner: str | None = None) -> Database:
        """Make a database: empty, or a copy of another one that nobody is connected to.

        :param hint: words that make its name recognizable
        :param owner: the role that owns it; None: ``self.user``, and so where a server that is not ours lacks the role
        :raises ServerError: the server does not answer or refuses
        """
        if owner is not None and not self.ours and owner not in roles.all_roles(self._administration()):
            owner = None  # the environment makes the role, and gives it the database
        database = Database(self, database_name(self._run, next(self._numbers), hint))
        if template is not None:
            self._await_departure(template)
        # template0: on a server of somebody else template1 may hold anything.
        statement = sql.SQL("create database {} template {}{}{}{}").format(
            sql.Identifier(database.name),
            sql.Identifier(template.name if template else "template0"),
            sql.SQL("" if template else " encoding 'UTF8'"),
            sql.SQL(" owner {}").format(sql.Identifier(owner)) if owner else sql.SQL(""),
            # Measured without fsync: copying files takes two thirds of the time of copying through the log.
            sql.SQL(" strategy file_copy" if self.ours and self.version >= 150000 else ""),
        )
        self._administer(statement, f"The database {database.name} could not be made")
        self._databases[database.name] = database
        if template is not None:
            failed = f"Settings and privileges of the database {template.name} could not be copied"
            complete(partial(self._administer, failed=failed), template.name, database.name)
        return database

    def drop_database(self, database: Database) -> None:
        """Remove a database of ours and end the connections to it; nothing happens where it is gone already.

        :raises ServerError: the server does not answer, or the database is not ours
        """
        if run_of(database.name) != self._run:
            raise ServerError(
                f"The database {database.name} was not made by this run, so it is not dropped.",
                remedy=f"drop only databases that this run made; their names start with {PREFIX}{self._run}",
            )
        self._expel(database)
        statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database.name))
        self._administer(statement, f"The database {database.name} could not be dropped")
        self._databases.pop(database.name, None)

    def claim_roles(self, names: Iterable[str]) -> tuple[str, ...]:
        """Take those of these roles that this run has made; they are dropped at the end of the last run that uses them.

        Roles that existed before are never claimed, and nothing is on a server of ours, which vanishes as a whole.

        :param names: the roles that the caller knows to come from an environment or a chain
        :returns: the roles that were claimed now, in alphabetical order
        :raises ServerError: the server does not answer or refuses
        """
        if self.ours:
            return ()
        connection = self._administration()
        made = (roles.all_roles(connection) & frozenset(names)) - self._roles_before - roles.marked(connection)
        try:
            roles.mark(connection, made)
        except psycopg.Error as error:
            raise ServerError(
                f"The roles {', '.join(sorted(made))} could not be marked as made by this run: {str(error).strip()}",
                looked=[f"{self.description} at {self.host}"],
                remedy="see that the role may comment on roles: a superuser, or CREATEROLE",
            ) from error
        self._roles_made |= made
        return tuple(sorted(made))

    def new_roles(self) -> frozenset[str]:
        """The roles that did not exist when the run began, whoever made them; empty on a server of ours."""
        return frozenset() if self.ours else roles.all_roles(self._administration()) - self._roles_before

    def alive(self) -> bool:
        """Whether it still accepts connections."""
        if self._own is not None:
            return self._own.alive()
        try:
            self._connect(self._maintenance_name, self.user, _APPLICATION).close()
        except ServerError:
            return False
        return True

    def has_died(self) -> bool:
        """Whether it ended, or ends within two seconds; to be asked when a connection was lost.

        A server that loses a process takes a moment to give up, so :meth:`alive` may still be true just then.
        """
        return not self.alive() if self._own is None else self._own.ends()

    def end_sessions(self) -> None:
        """End all sessions in databases that were made here; whoever works in one of them loses the connection.

        :raises ServerError: the server does not answer
        """
        self._administer(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
            "The sessions could not be ended",
            [list(self._databases)],
        )

    def log_tail(self, lines: int = 20) -> tuple[str, ...]:
        """The last lines of its log, oldest first; empty where the server is not ours."""
        return () if self._own is None else self._own.log_tail(lines)

    def leave(self, target: Path) -> None:
        """End a server of ours in good order, and copy its data directory to this empty folder."""
        if self._own is not None:
            self._own.leave(target)

    def close(self) -> None:
        """Drop what is left of this run's databases and roles where the server lives on, and disconnect."""
        if not self.ours:
            for database in tuple(self._databases.values()):
                with suppress(ServerError):
                    database.drop()
            with suppress(ServerError, psycopg.Error):
                # Again: a chain may have written another comment.
                roles.mark(self._administration(), self._roles_made)
                roles.leave(self._administration())
        if self._maintenance is not None:
            self._maintenance.close()

    def sweep(self) -> None:
        """Drop the databases that runs which were killed left on a server that is not ours."""
        connection = self._administration()
        live = {
            row[0].rpartition(" ")[2]
            for row in connection.execute("select application_name from pg_stat_activity where usename = current_user")
        }
        # Only those of our own role: what others run cannot be seen in pg_stat_activity.
        for (name,) in connection.execute(
            "select datname from pg_database where datdba = current_user::regrole and starts_with(datname, %s)",
            [PREFIX],
        ).fetchall():
            run = run_of(name)
            if run is not None and run not in live:
                with suppress(psycopg.Error):
                    connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))

    @property
    def _maintenance_name(self) -> str:
        return (None if self.ours else self._options.dbname) or "postgres"

    def _administration(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection that makes and drops databases; its name shows other runs that this one lives."""
        if self._maintenance is None or self._maintenance.closed:
            self._maintenance = self._connect(self._maintenance_name, self.user, f"{_APPLICATION} {self._run}")
        return self._maintenance

    def _await_departure(self, template: Database) -> None:
        """Give connections that were just closed the moment that they need: PostgreSQL itself looks ten times a second.

        :raises ServerError: somebody stays connected
        """
        end = time.monotonic() + _DEPARTURE_SECONDS
        query = (
            "select format('process %%s, role %%s, %%s: %%s', pid, usename, coalesce(state, ''), left(query, 200))"
            " from pg_stat_activity where datname = %s and backend_type = 'client backend'"
        )
        while connected := self._administer(query, f"The database {template.name} cannot be copied", [template.name]):
            if time.monotonic() >= end:
                raise ServerError(
                    f"The database {template.name} cannot be copied while others are connected to it.",
                    looked=[row[0] for row in connected],
                    remedy="close every connection to a database before it is cloned",
                )
            time.sleep(0.002)

    def _expel(self, database: Database) -> None:
        """End the connections to a database, so that dropping it need not wait a tenth of a second for them."""
        end = time.monotonic() + _DEPARTURE_SECONDS
        query = (
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = %s and backend_type = 'client backend'"
        )
        failed = f"The connections to the database {database.name} could not be ended"
        while self._administer(query, failed, [database.name]) and time.monotonic() < end:
            time.sleep(0.002)

    def _administer(
        self, statement: sql.Composed | LiteralString, failed: str, values: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        try:
            cursor = self._administration().execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            if (
                self._own is not None
                and self._maintenance is not None
                and self._maintenance.closed
                and self._own.ends()
            ):
                raise died(self) from error
            raise ServerError(
                f"{failed}: {str(error).strip()}",
                looked=[f"{self.description} at {self.host}"],
                remedy="see that the role may create databases and that there is room",
            ) from error

    def _connect(self, dbname: str, user: str, application: str) -> psycopg.Connection[tuple[Any, ...]]:
        try:
            return psycopg.connect(
                host=self.host,
                port=self.port,
                dbname=dbname,
                user=user,
                password=self.password,
                options=self._options.options + (self._english if user == self.user else ""),
                connect_timeout=_CONNECT_SECONDS,
                application_name=application,
                client_encoding="utf8",
                autocommit=True,
                cursor_factory=self._cursor,
            )
        except psycopg.OperationalError as error:
            if self._own is not None and self._own.ends(wait=error.sqlstate is None):
                raise died(self) from error
            raise ServerError(
                f"Could not connect to the database {dbname} as {user}: {str(error).strip()}",
                looked=[f"host {self.host}, port {self.port}"],
                remedy="see that the server runs and lets this role in"
                if self.ours
                else [
                    "see that the server runs and lets this role in: --postgresql-host, --postgresql-port, "
                    "--postgresql-user, --postgresql-password",
                    "leave --postgresql-host out: a PostgreSQL of this machine is started",
                ],
            ) from error


def died(server: Server) -> ServerError:
    """The error for a server that ended in the middle of a run, with the last lines of its log."""
    lines = server.log_tail()
    log = "".join(f"\n  | {line}" for line in lines)
    return ServerError(
        f"{getattr(server, 'description', 'The PostgreSQL server')} died in the middle of the run."
        + (f" The last lines of its log:{log}" if lines else ""),
        looked=[server.host],
        remedy=[
            "look for a statement that crashes the server, or for a machine without memory",
            "name another PostgreSQL: --postgresql-exec=/path/to/bin/pg_ctl",
        ],
    )


def open_server(
    options: ServerOptions | None = None, *, extension_directory: Path | None = None, cluster: Path | None = None
) -> AbstractContextManager[Server]:
    """A server for the time of a ``with`` block: the running one that the user names, or else one of our own.

    Of our own nothing is left at the end; on a running one only databases that we made are written or dropped.

    :param extension_directory: a folder that holds ``extension/*.control``, offered to a server of our own
        behind the extensions that it has; it is copied
    :param cluster: the data directory that a server of our own runs on a copy of; None: one that nobody has used
    :raises ServerError: no PostgreSQL can be found, started or connected to
    """
    options = options if options is not None else ServerOptions()
    return _own(options, extension_directory, cluster) if options.host is None else _running(options)


@contextmanager
def _running(options: ServerOptions) -> Iterator[Server]:
    server = Server(options, None, f"running at {options.host}")
    try:
        _require_major(server, options.major)
        server.sweep()
        yield server
    finally:
        server.close()


@contextmanager
def _own(options: ServerOptions, extension_directory: Path | None, cluster: Path | None) -> Iterator[Server]:
    binaries: Binaries = find_binaries(major=options.major, executable=options.executable)
    with ExitStack() as stack:
        own = stack.enter_context(
            running(
                binaries,
                extension_directory=extension_directory,
                postgres_options=options.postgres_options,
                cluster=cluster,
            )
        )
        server = Server(options, own, binaries.source, cursor_for(extension_directory, binaries.share))
        stack.callback(server.close)
        yield server


def _require_major(server: Server, major: int | None) -> None:
    if major is not None and server.version // 10000 != major:
        raise ServerError(
            f"The running server is {server.description}, but PostgreSQL {major} is asked for.",
            looked=[f"host {server.host}, port {server.port}"],
            remedy=["name another server", "change or remove postgres = ... in the configuration"],
        )
