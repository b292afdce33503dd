"""The record of applied migrations that Supabase's command line keeps, written as it does: a chain may read it."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import psycopg

from migrate_validate.chain.model import Migration
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.postgres.environments import SUPABASE, Environment

_NAMED = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.sql", re.DOTALL)
"""Files of any other name are not recorded: the command line does not apply them."""
_RECORD = """
    insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)
    on conflict (version) do update set name = excluded.name, statements = excluded.statements
"""


def record(connection: psycopg.Connection[Any], environment: Environment, migration: Migration) -> None:
    """Write down that a migration has been applied; nothing where no command line of Supabase would do so.

    A chain that has dropped or rebuilt the table is not stopped by it.

    :param connection: in autocommit mode, as the role that migrations are applied as
    """
    named = _NAMED.fullmatch(migration.up.path.name)
    if environment.name != SUPABASE.name or named is None:
        return
    with contextlib.suppress(psycopg.DatabaseError, ScriptError):
        texts = [statement.sql for statement in statements(migration.up)]
        connection.execute(_RECORD, (named["version"], named["name"], texts), prepare=False)


def forget(connection: psycopg.Connection[Any], environment: Environment, migration: Migration) -> None:
    """Take the record of a migration back, when it was rolled back."""
    named = _NAMED.fullmatch(migration.up.path.name)
    if environment.name != SUPABASE.name or named is None:
        return
    with contextlib.suppress(psycopg.DatabaseError):
        query = "delete from supabase_migrations.schema_migrations where version = %s"
        connection.execute(query, (named["version"],), prepare=False)
