"""A few rows for some tables, beside those that they have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import strategies as st

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import read
from migrate_validate.data import Given, learn
from migrate_validate.data.filling import ROWS, Filled, fill
from migrate_validate.data.hints import Hints
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
CREATE TABLE first (id integer PRIMARY KEY, second integer NOT NULL);
CREATE TABLE second (id integer PRIMARY KEY, first integer NOT NULL REFERENCES first);
ALTER TABLE first ADD FOREIGN KEY (second) REFERENCES second;
CREATE TABLE silent (id integer PRIMARY KEY);
CREATE RULE drops AS ON INSERT TO silent DO INSTEAD NOTHING;
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
    result = filled(connection, "refers", "odd", "first", "silent")
    assert result.rows == {}
    assert "never_id_check allows none of" in result.refused["public.never"]
    assert "public.never, which it refers to, has no rows (" in result.refused["public.refers"]
    assert "can neither be NULL nor is it DEFERRABLE" in result.refused["public.first"]
    assert "its column place has the type txid_snapshot" in result.refused["public.odd"]
    assert "a trigger or a rule dropped the row without a word" in result.refused["public.silent"]


def test_tables_that_need_each_other_are_filled_where_a_key_is_checked_late(
    connection: psycopg.Connection[Any],
) -> None:
    assert filled(connection, "hens").rows == {"public.eggs": ROWS, "public.hens": ROWS}


def test_rows_hold_what_is_assumed(connection: psycopg.Connection[Any]) -> None:
    catalog = Catalog.read(connection)
    stated = (read("not null bio on profiles"), read("no rows: SELECT * FROM people WHERE head IS NOT NULL"))
    result = fill(connection, catalog, ["public.profiles"], assumptions=stated)
    assert result.rows["public.profiles"]
    assert count(connection, "profiles WHERE bio IS NULL") == 0
    assert count(connection, "people WHERE head IS NOT NULL") == 0


def test_rows_that_cannot_be_made_to_hold_it_are_not_there(connection: psycopg.Connection[Any]) -> None:
    catalog = Catalog.read(connection)
    stated = (read("no rows: SELECT count(*) FROM other HAVING count(*) > 0"),)
    result = fill(connection, catalog, ["public.other"], assumptions=stated)
    assert result.rows == {}
    assert result.refused["public.other"] == f"no rows could be made that hold 'assume {stated[0]}'"
    assert count(connection, "other") == 0


def test_what_users_give_is_respected(connection: psycopg.Connection[Any]) -> None:
    catalog = Catalog.read(connection)
    given = {
        "public.other": Given(fixture="INSERT INTO other VALUES (41), (42)"),
        "public.profiles": Given(st.just({"bio": "from a strategy"})),
    }
    learned = learn(connection, catalog, ["public.other", "public.profiles"], given=given)
    result = fill(connection, catalog, ["public.other", "public.profiles"], learned=learned)
    assert result.rows["public.other"] == count(connection, "other WHERE id > 40") == 2
    assert count(connection, "profiles WHERE bio = 'from a strategy'") == result.rows["public.profiles"]


def test_what_scripts_name_is_among_the_values(connection: psycopg.Connection[Any]) -> None:
    catalog = Catalog.read(connection)
    hints = {"profiles": {"bio": Hints(literals=("told of",))}}
    learned = learn(connection, catalog, ["public.profiles"], hints=hints)
    assert any(("told of",) in pool.values for pool in learned.pools["public.profiles"])


def test_another_draw_gives_other_rows(connection: psycopg.Connection[Any]) -> None:
    contents = []
    for draw in (0, 0, 1):
        with connection.transaction(force_rollback=True):
            fill(connection, Catalog.read(connection), ["public.profiles"], draw=draw)
            contents.append(connection.execute("SELECT bio FROM profiles ORDER BY person").fetchall())
    assert contents[0] == contents[1] != contents[2]


def test_in_a_transaction_it_can_be_undone(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        filled(connection, "people")
        assert count(connection, "people") == ROWS
    assert count(connection, "people") == 0
