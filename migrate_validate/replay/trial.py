"""A database in one of the states of a chain, on which a rule may try what it likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.chain.model import Script, Statement
from migrate_validate.postgres.databases import Database
from migrate_validate.replay.runner import Runner
from migrate_validate.replay.timeline import Failure, ScriptRun

Connection = psycopg.Connection[Any]


class StageLost(Exception):
    """A migration cannot be tried in the state before it: why."""


class Trial:
    """A database in one state. Whatever is done to it is undone, or dropped with it."""

    def __init__(
        self, connection: Connection, runner: Runner, reader: CatalogReader, database: Database | None
    ) -> None:
        """Try something over this connection.

        :param database: the copy that it is connected to; None: everything happens in one transaction
        """
        self.connection = connection
        """In the trial's transaction, or in autocommit mode on a copy."""
        self.database = database
        """The copy; None where all is done in one transaction that is rolled back."""
        self._runner = runner
        self._reader = reader

    def apply(self, script: Script) -> ScriptRun:
        """Apply a script; what goes wrong is in the result."""
        return self._runner.apply_inside(script) if self.database is None else self._runner.apply(script)

    def rehearse(self, script: Script, meanwhile: Callable[[], object] = lambda: None) -> bool:
        """Whether a script goes through, in a trial that is one transaction; see :meth:`Runner.rehearse`."""
        return self._runner.rehearse(script, meanwhile)

    def each(
        self, script: Script, after: Callable[[Statement], None] = lambda _: None
    ) -> tuple[tuple[Statement, Failure], ...]:
        """Try every statement of a script in turn; those that fail, which leave nothing, and why.

        On a copy a script that is one transaction is taken back at the end.

        :param after: is called when a statement has run, in the state that it left
        """
        return self._runner.pieces.each(script, after)

    def interrupt(self, script: Script, count: int, *, within: bool = False) -> Failure | None:
        """Apply the first statements of a script that is no single transaction, on a copy, and lose the session then.

        :param count: how many statements
        :param within: stop within the last of them, where it waits for other transactions, as CREATE INDEX
            CONCURRENTLY does in the middle of its work
        :return: why the last one ended; None where all went well
        """
        assert self.database is not None
        if not within:
            return self._runner.pieces.part(script, count)
        with self.database.connect() as other:
            return self._runner.pieces.held_up(script, count, other)

    def catalog(self) -> Catalog:
        """The schema as it is now; only what has changed since the last time is read."""
        return self._reader.read(self.connection)
