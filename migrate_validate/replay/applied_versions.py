"""The record of applied migrations that a tool keeps, written as it does: a chain may read it."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg

from migrate_validate.chain.model import Chain, Migration, Records, Script
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.postgres.environments import SUPABASE, Environment

_SUPABASE = Records(
    table="schema_migrations",
    create="",
    # Files of any other name are not recorded: the command line does not apply them.
    applied="""
        insert into supabase_migrations.schema_migrations (version, name, statements)
        select %(version)s, %(name)s, %(statements)s
        where %(file)s ~ '^[0-9]+_.*[.]sql$'
        on conflict (version) do update set name = excluded.name, statements = excluded.statements
    """,
    reverted="delete from supabase_migrations.schema_migrations where version = %(version)s",
)
"""The environment has the table."""
_FOUND = """
    select n.nspname || '.' || c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = pg_catalog.to_regclass(%s)
"""


class AppliedVersions:
    """The table of applied versions, on any database that goes through a chain.

    A chain that has dropped or rebuilt the table is not stopped by it.
    """

    def __init__(self, chain: Chain, environment: Environment) -> None:
        """Nothing is written where the tool keeps no table, or no script of the chain mentions it."""
        self._migrations = chain.migrations
        self._base = chain.base
        self._records: Records | None = None
        if chain.records is not None and _mentioned(chain.records, chain):
            self._records = chain.records
        elif chain.records is None and environment.name == SUPABASE.name:
            self._records = _SUPABASE

    def begin(self, connection: psycopg.Connection[Any]) -> frozenset[str]:
        """Make the table, before the first migration.

        :param connection: in autocommit mode, as the role that migrations are applied as
        :return: ``schema.name`` of the table; empty where none was made, or there was one already
        """
        if self._records is None or not self._records.create or connection.closed:
            return frozenset()
        before = _found(connection, self._records)
        with contextlib.suppress(psycopg.DatabaseError):
            connection.execute(self._records.create.encode(), prepare=False)
        for script in self._base:
            _repeat(connection, script)
        return _found(connection, self._records) - before

    def announce(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Write what the tool writes before it applies a migration."""
        if self._records is not None:
            self._execute(connection, self._records.before, migration)

    def record(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Write down that a migration has been applied."""
        if self._records is not None:
            self._execute(connection, self._records.applied, migration)
            _repeat(connection, migration.up)

    def forget(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Take the record of a migration back, when it was rolled back."""
        if self._records is not None:
            self._execute(connection, self._records.reverted, migration)
            _repeat(connection, migration.down)

    def _execute(self, connection: psycopg.Connection[Any], query: str, migration: Migration) -> None:
        if not query:
            return
        at = next((number for number, each in enumerate(self._migrations) if each is migration), 0)
        with contextlib.suppress(psycopg.DatabaseError, ScriptError):
            asked = "%(statements)s" in query
            values = {
                "version": migration.version,
                "previous": self._migrations[at - 1].version if at else None,
                "name": migration.name,
                "file": migration.up.path.name,
                "checksum": migration.checksum,
                "statements": [statement.sql for statement in statements(migration.up)] if asked else [],
            }
            # The values go into the text: a query may be several statements.
            psycopg.ClientCursor(connection).execute(query.encode(), values)


def _mentioned(records: Records, chain: Chain) -> bool:
    """Whether migrations could look at it. What those in Python look at is not known."""
    name = records.table.rpartition(".")[2]
    return any(script.traced is not None or name in script.text for script in chain.all_scripts)


def _found(connection: psycopg.Connection[Any], records: Records) -> frozenset[str]:
    rows = connection.execute(_FOUND, (records.table,), prepare=False).fetchall()
    return frozenset(name for (name,) in rows)


def _repeat(connection: psycopg.Connection[Any], script: Script | None) -> None:
    """Write what the tool has written when it ran a script in Python."""
    if script is not None and script.traced is not None:
        with contextlib.suppress(psycopg.DatabaseError):
            for query in script.traced.get(script.file).records:
                connection.execute(query.encode(), prepare=False)
