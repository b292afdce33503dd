"""Migrations that take something for granted, and which assumption is named for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.assuming import broken
from tests.checks.test_naming import candidates, outcome
from tests.support.scripts import script

Connection = psycopg.Connection[Any]

PLACES = "create table places (id int primary key, a int, b int, x bigint, n numeric, t text, at date, j jsonb);"
PLACE = "insert into places values ({id}, {a}, {b}, {x}, {n}, {t}, {at}, {j});"
GOOD = {"a": "6", "b": "3", "x": "5", "n": "2.5", "t": "'12'", "at": "'2024-01-01'", "j": "'{}'"}


def place(number: int = 1, **values: str) -> str:
    """One more place, good but for these values."""
    return PLACE.format(id=number, **(GOOD | values))


@dataclass(frozen=True)
class Case:
    """A migration that takes something for granted."""

    schema: str
    migration: str
    fine: str
    """Rows that it takes, some of them nearly bad."""
    bad: str
    """Rows that it does not take."""
    named: str


def adds(kind: str, expression: str) -> str:
    """A migration that adds a column to places and fills it."""
    return f"alter table places add y {kind}; update places set y = {expression};"


def named_best(connection: Connection, case: Case) -> None:
    """The first candidate that good rows hold and bad ones break is the one that is wanted."""
    up = script(case.migration)
    with connection.transaction(force_rollback=True):
        connection.execute(case.schema.encode())
        catalog = Catalog.read(connection)
        with connection.transaction(force_rollback=True):
            connection.execute(case.bad.encode())
            failed = None
            try:
                with connection.transaction():
                    failed = outcome(connection, up)
                    raise psycopg.Rollback
            except psycopg.Error:
                pass
            assert failed is not None
            found = candidates(failed[0], failed[1], catalog, up)
            likely = [each for each in found if broken(connection, [each], catalog)]
        with connection.transaction(force_rollback=True):
            connection.execute(case.fine.encode())
            named = [str(each) for each in likely if not broken(connection, [each], catalog)]
            assert outcome(connection, up) is None
    assert named[:1] == [case.named], [str(each) for each in found]
