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

    def __init__(self, chain: Chain, environment: Environment, *, late: bool = False) -> None:
        """Nothing is written where the tool keeps no table, or no script of the chain mentions it.

        :param late: whether the chain is applied to one database only, and :meth:`settle` is called: what no script has
            looked at by then is written there, all at once
        """
        self._migrations = chain.migrations
        self._base = chain.base
        self._records: Records | None = None
        if chain.records is not None and _mentioned(chain.records, chain):
            self._records = chain.records
        elif chain.records is None and environment.name == SUPABASE.name:
            self._records = _SUPABASE
        # What migrations in Python look at is known only when they have run.
        self._waits = late and self._records is not None and not _in_text(self._records, chain)
        self._waiting: list[bytes] = []

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
            self._repeat(connection, script)
        return _found(connection, self._records) - before

    def announce(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Write what the tool writes before it applies a migration, and what it could look at."""
        if self._records is not None:
            if self._waits and _sends(migration.up, _name(self._records)):
                self.settle(connection)
                self._waits = False
            self._execute(connection, self._records.before, migration)

    def record(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Write down that a migration has been applied."""
        if self._records is not None:
            self._execute(connection, self._records.applied, migration)
            self._repeat(connection, migration.up)

    def forget(self, connection: psycopg.Connection[Any], migration: Migration) -> None:
        """Take the record of a migration back, when it was rolled back."""
        if self._records is not None:
            self._execute(connection, self._records.reverted, migration)
            self._repeat(connection, migration.down)

    def settle(self, connection: psycopg.Connection[Any]) -> None:
        """Write what was not written yet."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            connection.execute(b";".join(waiting), prepare=False)
        except psycopg.DatabaseError:
            for query in waiting:
                with contextlib.suppress(psycopg.DatabaseError):
                    connection.execute(query, prepare=False)

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
            self._write(connection, psycopg.ClientCursor(connection).mogrify(query.encode(), values).encode())

    def _repeat(self, connection: psycopg.Connection[Any], script: Script | None) -> None:
        """Write what the tool has written when it ran a script in Python."""
        if script is not None and script.traced is not None:
            with contextlib.suppress(psycopg.DatabaseError):
                for query in script.traced.get(script.file).records:
                    self._write(connection, query.encode())

    def _write(self, connection: psycopg.Connection[Any], query: bytes) -> None:
        if self._waits:
            self._waiting.append(query)
        else:
            connection.execute(query, prepare=False)


def _mentioned(records: Records, chain: Chain) -> bool:
    """Whether migrations could look at it."""
    return any(script.traced is not None for script in chain.all_scripts) or _in_text(records, chain)


def _in_text(records: Records, chain: Chain) -> bool:
    """Whether a script of SQL mentions it."""
    return any(_name(records) in script.text for script in chain.all_scripts if script.traced is None)


def _sends(script: Script, name: str) -> bool:
    """Whether a script in Python sends something that mentions a name."""
    trace = script.traced.get(script.file) if script.traced is not None else None
    return trace is not None and any(name in statement.sql for statement in trace.statements)


def _name(records: Records) -> str:
    return records.table.rpartition(".")[2]


def _found(connection: psycopg.Connection[Any], records: Records) -> frozenset[str]:
    rows = connection.execute(_FOUND, (records.table,), prepare=False).fetchall()
    return frozenset(name for (name,) in rows)
