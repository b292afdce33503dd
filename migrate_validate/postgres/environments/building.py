"""How an environment is built in a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrate_validate.postgres.environments.custom import hand_over, run_file
from migrate_validate.postgres.environments.environment import Environment
from migrate_validate.postgres.roles import all_roles, marked
from migrate_validate.syntax import quote

if TYPE_CHECKING:
    import psycopg

    from migrate_validate.postgres.databases import Database
    from migrate_validate.postgres.server import Server

_FILES = {
    "supabase": ("roles", "schemas", "auth", "storage", "realtime", "functions", "migrations", "privileges"),
}
_UNEXPOSED = "unexposed"
"""What Supabase's tools run before the first migration where new tables are not exposed."""
_PROJECT = "postgres"
_SEARCH_PATH = '"$user", public, extensions'
_AFTERWARDS = {
    "pg_net": b"GRANT USAGE ON SCHEMA net TO supabase_functions_admin, postgres, anon, authenticated, service_role",
}
"""What the service runs when it has installed an extension."""
_SCHEMAS = """
    select nspname from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A new database with its environment."""

    database: Database
    notes: tuple[str, ...] = ()
    """For people: what could not be had, what was added to a server of the user."""
    schemas: frozenset[str] = frozenset()
    """The environment's own, which are not the chain's."""


def build(environment: Environment, server: Server, hint: str) -> Built:
    """Make a database with an environment: built the first time, copied from a template where it is wanted again.

    A file of the user is run once a server, for the roles that it makes belong to all of it.

    :param hint: words that make the database's name recognizable
    :raises ConfigError: when the environment's file cannot be run
    :raises ServerError: when the server does not answer or refuses
    """
    role = environment.migration_role
    if environment not in server.templates and environment.file is None:
        server.templates[environment] = None
        return _build(environment, server, hint)
    template = server.templates.get(environment) or _build(environment, server, "environment")
    server.templates[environment] = template
    copy = template.database.clone(hint, owner=role)
    if role is not None and environment.promotes and server.ours:
        with copy.connect() as connection:
            _promote(connection, role)
    return Built(copy, template.notes, template.schemas)


def _build(environment: Environment, server: Server, hint: str) -> Built:
    owner = environment.migration_role if environment.file is None else None
    database = server.create_database(hint, owner=owner)
    notes = prepare(environment, database)
    if environment.file is None:
        return Built(database, notes, environment.schemas)
    with database.connect() as connection:
        return Built(database, notes, frozenset(str(name) for (name,) in connection.execute(_SCHEMAS)))


def prepare(environment: Environment, database: Database) -> tuple[str, ...]:
    """Build an environment in an empty database; a role that it promotes is a superuser until :func:`settle`.

    The database becomes the migration role's. Roles belong to the whole server: on one of ours its settings apply to
    every database, clones included; on a server of the user only this database is touched, roles that exist already
    keep attributes and memberships, and those that are made are dropped at the end of the run.

    :returns: notes for people: what could not be had, what was added to a server of the user
    :raises ConfigError: when the environment's file cannot be run
    """
    if environment.file is not None:
        notes_of_file = run_file(environment.file, database)
        if environment.migration_role is not None:
            hand_over(database, environment.migration_role, environment.file)
        return notes_of_file
    if environment.migration_role is None:
        return ()
    notes: list[str] = []
    ours = database.server.ours
    with database.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL client_min_messages = error")
        before = all_roles(connection) - marked(connection)
        connection.execute("SELECT set_config('migrate_validate.ours', %s, true)", ["on" if ours else "off"])
        if ours:
            _promote(connection, environment.migration_role)
        for name in _FILES[environment.name]:
            connection.execute(_sql(environment.name, name))
        if not environment.exposes_new_tables:
            connection.execute(_sql(environment.name, _UNEXPOSED))
        # Scripts of a project name its database, which is called postgres: no other is, but its owner may do the same.
        for name in (database.name, *([_PROJECT] if ours else [])):
            owner = f"ALTER DATABASE {quote(name)} OWNER TO {quote(environment.migration_role)}"
            connection.execute(owner.encode())
        notes += _install(connection, environment)
    if not ours:
        notes += _told_roles(environment, environment.migration_role, database.server, before)
    return tuple(notes)


def _told_roles(environment: Environment, role: str, server: Server, before: frozenset[str]) -> Iterator[str]:
    """What became of the roles of a server that is not ours."""
    wanted = environment.roles | {role}
    made = server.claim_roles(wanted)
    if made:
        yield f"roles were added to {server.description}, and are dropped at the end: {', '.join(made)}"
    kept = sorted(wanted & before)
    if kept:
        yield (
            f"roles that {server.description} has already are left as they are, with attributes, settings and "
            f"memberships that may not be those of {environment.name}: {', '.join(kept)}"
        )
    yield (
        f"{server.description} is not ours: migrations and tests run as the role {role} as it is, "
        "a superuser perhaps, whom no policy and no missing privilege stops"
    )


def settle(environment: Environment, database: Database) -> None:
    """Make a promoted migration role what it is in production, after the last seed. Only done on a server of ours."""
    if environment.migration_role is None or not environment.promotes or not database.server.ours:
        return
    with database.server.connect("postgres") as connection:
        role = quote(environment.migration_role)
        connection.execute(f"ALTER ROLE {role} NOSUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS".encode())


def empower(environment: Environment, server: Server) -> None:
    """Make the migration role a superuser for good, on a server of ours where its rights have been tried already."""
    if environment.migration_role is not None and server.ours:
        with server.connect("postgres") as connection:
            connection.execute(f"ALTER ROLE {quote(environment.migration_role)} SUPERUSER".encode())


def _promote(connection: psycopg.Connection, role: str) -> None:
    """Let the role do everything until it is settled, and give every session on the server its search path."""
    connection.execute(f"ALTER ROLE {quote(role)} SUPERUSER".encode())
    connection.execute(f"ALTER ROLE {quote(role)} SET search_path = {_SEARCH_PATH}".encode())
    connection.execute(f"ALTER ROLE ALL SET search_path = {_SEARCH_PATH}".encode())


def _install(connection: psycopg.Connection, environment: Environment) -> list[str]:
    """Install what the server offers; a note for each extension that it does not."""
    offered = {str(name) for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
    notes = []
    connection.execute("SET LOCAL ROLE supabase_admin")
    for name in environment.extensions:
        if name in offered:
            schema = environment.extension_schemas[name]
            connection.execute(f"CREATE EXTENSION {quote(name)} SCHEMA {quote(schema)}".encode())
            connection.execute(_AFTERWARDS.get(name, b""))
        else:
            notes.append(f'extension "{name}" of the environment {environment.name} is not available on this server')
    connection.execute("RESET ROLE")
    return notes


def _sql(environment: str, name: str) -> bytes:
    return (Path(__file__).parent / environment / f"{name}.sql").read_bytes()
