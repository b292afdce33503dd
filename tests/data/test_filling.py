"""A few rows for some tables, beside those that they have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.filling import ROWS, Filled, fill
from migrate_validate.postgres import Server

SCHEMA = """
CREATE TABLE teams (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (id serial PRIMARY KEY, team integer NOT NULL REFERENCES teams, head integer REFERENCES people);
CREATE TABLE profiles (person integer PRIMARY KEY REFERENCES people, bio text);
CREATE TABLE never (id integer PRIMARY KEY, CHECK (id > 0 AND id < 0));
CREATE TABLE refers (never integer NOT NULL REFERENCES never);
CREATE TABLE eggs (id integer PRIMARY KEY, hen integer NOT NULL);
CREATE TABLE hens (id integer PRIMARY KEY, egg integer NOT NULL REFERENCES eggs);
ALTER TABLE eggs ADD FOREIGN KEY (hen) REFERENCES hens DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE odd (id integer PRIMARY KEY, place txid_snapshot NOT NULL);
CREATE TABLE other (id integer PRIMARY KEY);
INSERT INTO teams (name) VALUES ('red');
"""


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("filling") as database, database.connect() as connected:
        connected.execute(SCHEMA)
        yield connected


def filled(connection: psycopg.Connection[Any], *names: str) -> Filled:
    return fill(connection, Catalog.read(connection), {f"public.{name}" for name in names})


def count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else -1


def test_tables_get_rows_and_their_numbers_stay_free(connection: psycopg.Connection[Any]) -> None:
    assert filled(connection, "people").rows == {"public.people": ROWS}
    assert count(connection, "teams") == 1, "it had a row to refer to"
    assert count(connection, "other") == 0
    connection.execute("INSERT INTO people (team) SELECT id FROM teams")
    assert filled(connection, "people").rows == {"public.people": ROWS}


def test_one_row_has_null_wherever_it_is_allowed(connection: psycopg.Connection[Any]) -> None:
    filled(connection, "people", "profiles")
    assert count(connection, "people WHERE head IS NULL") > 0
    assert count(connection, "profiles WHERE bio IS NULL") > 0


def test_what_can_be_referred_to_once_is_made_anew(connection: psycopg.Connection[Any]) -> None:
    for _ in range(2):
        assert filled(connection, "profiles").rows.keys() == {"public.people", "public.profiles"}
    assert count(connection, "people") == 2 * ROWS


def test_a_table_that_gets_none_says_why(connection: psycopg.Connection[Any]) -> None:
    result = filled(connection, "refers", "hens", "odd")
    assert result.rows == {}
    assert result.refused["public.refers"] == "public.never, which it refers to, has no rows"
    assert 'violates check constraint "never_id_check"' in result.refused["public.never"]
    assert "which it refers to, has no rows" in result.refused["public.eggs"]
    assert "its column place has the type txid_snapshot" in result.refused["public.odd"]


def test_in_a_transaction_it_can_be_undone(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        filled(connection, "people")
        assert count(connection, "people") == ROWS
    assert count(connection, "people") == 0
