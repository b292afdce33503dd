"""What a migration that fails takes for granted: told by the rows on which it fails and those on which it does not."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import Assumption
from migrate_validate.chain.model import Statement
from migrate_validate.data import Dataset, load
from migrate_validate.data.assuming import NotThere, broken
from migrate_validate.replay.timeline import Failure

from .._shared import Connection
from .naming import candidates

COMPARED = 12
"""Datasets of either kind that are looked at."""
_SAVEPOINT = b"migrate_validate_supposing"


def supposed(
    connection: Connection,
    before: Catalog,
    failure: Failure,
    statement: Statement | None,
    passed: Sequence[Dataset],
    failed: Sequence[Dataset],
) -> Assumption | None:
    """The first of the likely assumptions that every dataset that passed holds and every one that failed breaks.

    :param connection: in a transaction, in the state before the migration; nothing stays
    """
    likely = [each for each in candidates(failure, statement, before) if _understood(connection, before, each)]
    for data in failed[:COMPARED]:
        if likely:
            violated = _broken(connection, before, data, likely)
            likely = [each for each in likely if each in violated]
    for data in sorted(passed, key=lambda each: -sum(map(len, each.rows.values())))[:COMPARED]:
        if likely:
            violated = _broken(connection, before, data, likely)
            likely = [each for each in likely if each not in violated]
    return likely[0] if likely else None


def _understood(connection: Connection, before: Catalog, assumption: Assumption) -> bool:
    """Whether PostgreSQL can ask for the rows that break it, before the migration has made what it makes."""
    try:
        with connection.transaction():
            broken(connection, (assumption,), before)
    except (psycopg.Error, NotThere):
        return False
    return True


def _broken(
    connection: Connection, before: Catalog, data: Dataset, assumptions: Sequence[Assumption]
) -> tuple[Assumption, ...]:
    connection.execute(b"SAVEPOINT %s" % _SAVEPOINT)
    try:
        load(connection, data, raise_refusals=False)
        return broken(connection, assumptions, before)
    finally:
        connection.execute(b"ROLLBACK TO SAVEPOINT %s; RELEASE SAVEPOINT %s" % (_SAVEPOINT, _SAVEPOINT))
