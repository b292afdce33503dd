"""Columns that a migration adds and fills, all or in part, and columns that a cascade takes along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.following import Connection, followed

PEOPLE = (
    "CREATE TABLE p (id int PRIMARY KEY, first text, last text); INSERT INTO p VALUES (1, 'a', 'b'), (2, 'a', NULL)"
)


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("columns") as database, database.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    "filling",
    [
        "UPDATE p SET name = first || ' ' || last",
        "UPDATE p SET name = first WHERE last IS NOT NULL",
        "UPDATE p SET name = first WHERE first LIKE 'a%' AND last IS NOT NULL",
        "UPDATE p SET name = o.first FROM p AS o WHERE o.id = p.id AND o.last IS NOT NULL",
        "DO $$ BEGIN UPDATE p SET name = first WHERE last IS NOT NULL; END $$",
    ],
)
def test_a_column_that_is_filled_in_part(connection: Connection, filling: str) -> None:
    (harm,) = followed(connection, PEOPLE, f"ALTER TABLE p ADD name text; {filling}")
    assert harm.identity == ("backfill-incomplete", "public.p", "name", "")
    assert harm.message == "public.p.name is added and filled, and still NULL in 1 of 2 rows"
    assert harm.object == "public.p.name"
    assert harm.statement.sql == filling


def test_a_column_that_is_filled_in_rows_that_are_named(connection: Connection) -> None:
    filling = "UPDATE p SET name = first WHERE id IN (1) AND last IS NOT NULL"
    (harm,) = followed(connection, PEOPLE, f"ALTER TABLE p ADD name text; {filling}")
    assert (harm.rule, harm.severity) == ("backfill-incomplete", Severity.INFO)
    assert harm.message.endswith("still NULL in 1 of 2 rows: WHERE says which are filled")


@pytest.mark.parametrize(
    "filling",
    [
        "UPDATE p SET name = coalesce(first, '') || coalesce(last, '')",
        "UPDATE p SET name = last",
        "UPDATE p SET name = CASE WHEN last = 'x' THEN 'y' ELSE NULL END",
        "UPDATE p SET name = nullif(first, 'Ada')",
        "SELECT 1",
        "UPDATE p SET first = 'x'",
    ],
)
def test_a_column_that_is_filled_or_left(connection: Connection, filling: str) -> None:
    harms = followed(connection, PEOPLE, f"ALTER TABLE p ADD name text; {filling}")
    assert [each for each in harms if each.rule == "backfill-incomplete"] == []


@pytest.mark.parametrize(
    ("made", "migration", "statement"),
    [
        ("CREATE DOMAIN word AS text", "CREATE TABLE x (); DROP DOMAIN word CASCADE", "DROP DOMAIN word CASCADE"),
        ("CREATE TYPE word AS ENUM ('a')", "DROP TYPE IF EXISTS word, other CASCADE", None),
        ("CREATE SCHEMA s; CREATE DOMAIN s.word AS text", "DROP SCHEMA s CASCADE", None),
        ("CREATE EXTENSION citext; CREATE DOMAIN word AS citext", "DROP EXTENSION citext CASCADE", None),
        (
            "CREATE DOMAIN other AS text; CREATE DOMAIN word AS text",
            "DROP DOMAIN other CASCADE; DROP DOMAIN word CASCADE",
            "DROP DOMAIN word CASCADE",
        ),
        ("CREATE DOMAIN word AS text", "DO $$ BEGIN DROP DOMAIN word CASCADE; END $$", None),
    ],
)
def test_what_a_cascade_takes_along_is_told_of_its_statement(
    connection: Connection, made: str, migration: str, statement: str | None
) -> None:
    word = "s.word" if "s.word" in made else "word"
    before = f"{made}; CREATE TABLE t (id int PRIMARY KEY, v {word}); INSERT INTO t VALUES (1, 'a'), (2, NULL)"
    (harm,) = followed(connection, before, migration)
    assert harm.identity == ("values-changed", "public.t", "v", "dropped along")
    assert harm.statement.sql == (statement or migration)


def test_a_cascade_that_takes_no_column(connection: Connection) -> None:
    before = "CREATE DOMAIN word AS text; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')"
    assert followed(connection, before, "DROP DOMAIN word CASCADE") == []
