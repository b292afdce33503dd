"""accepts-generated-rows, where one file of SQL is not enough to tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import psycopg
import pytest

from migrate_validate.findings import Finding, Result
from migrate_validate.postgres import Server
from migrate_validate.rules import Registry

RULE = next(rule for rule in Registry.load() if rule.name == "accepts-generated-rows")


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("generated") as database, database.connect() as opened:
        yield opened


def judged(connection: psycopg.Connection[Any], tables: str, **triggers: str) -> list[Result]:
    """What the rule says of tables; by name of one of them: what a trigger of it does before a row is inserted."""
    connection.execute(tables.encode(), prepare=False)
    for table, body in triggers.items():
        connection.execute(f"""
            CREATE FUNCTION {table}_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
            CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_trigger();
        """.encode())  # fmt: skip
    return list(RULE.function(connection))


def scripts(results: list[Result]) -> list[str]:
    assert all(isinstance(each, Finding) for each in results), results
    return [str(each.statement) for each in results if isinstance(each, Finding)]


def test_a_trigger_that_refuses_what_a_constraint_forbids_too_is_none_of_its_own(
    connection: psycopg.Connection[Any],
) -> None:
    tables = "CREATE TABLE stays (starts date NOT NULL, ends date NOT NULL, CHECK (ends >= starts), {})"
    body = "IF NEW.ends < NEW.starts THEN RAISE EXCEPTION 'it ends before it starts'; END IF;"
    assert judged(connection, tables.format("id serial PRIMARY KEY"), stays=body) == []


def test_what_triggers_put_right_is_tried_as_it_is(connection: psycopg.Connection[Any]) -> None:
    tables = """
        CREATE TABLE lines (id integer PRIMARY KEY, line text NOT NULL, sum text NOT NULL CHECK (sum = md5(line)));
        CREATE TABLE slugs (slug text PRIMARY KEY CHECK (slug LIKE 'p-%'));
        CREATE TABLE pages (id integer PRIMARY KEY, slug text NOT NULL REFERENCES slugs, kind text NOT NULL
            CHECK (kind IN ('x', 'y')));
    """
    found = judged(
        connection,
        tables,
        lines="IF NEW.line = 'a' THEN RAISE EXCEPTION 'no a'; END IF; NEW.sum := md5(NEW.line);",
        slugs="NEW.slug := 'p-' || NEW.slug;",
        pages="IF NEW.kind = 'y' THEN RAISE EXCEPTION 'no y'; END IF;",
    )
    assert [script.rpartition("INTO public.")[2][:5] for script in scripts(found)] == ["lines", "pages"]
    for script in scripts(found):
        with pytest.raises(psycopg.errors.RaiseException), connection.transaction():
            connection.execute(script.encode(), prepare=False)


def test_a_script_has_all_the_rows_that_it_takes(connection: psycopg.Connection[Any]) -> None:
    tables = """
        CREATE TABLE teams (id integer PRIMARY KEY);
        CREATE TABLE members (id integer PRIMARY KEY, team integer NOT NULL REFERENCES teams);
    """
    full = "IF (SELECT count(*) FROM members WHERE team = NEW.team) >= 2 THEN RAISE EXCEPTION 'full'; END IF;"
    (script,) = scripts(judged(connection, tables, members=full))
    assert (script.count("INTO public.teams"), script.count("INTO public.members")) == (1, 3)
    with pytest.raises(psycopg.errors.RaiseException, match="full"), connection.transaction():
        connection.execute(script.encode(), prepare=False)


def test_the_same_seed_finds_the_same(connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    body = "IF NEW.price > 5 OR length(NEW.name) > 2 THEN RAISE EXCEPTION '% %', NEW.price, NEW.name; END IF;"
    table = "CREATE TABLE goods (id serial PRIMARY KEY, price numeric(8, 2), name text)"
    monkeypatch.setattr(hypothesis.core, "global_force_seed", 5)
    first = judged(connection, table, goods=body)
    assert first == list(RULE.function(connection)) != []


def test_deferred_triggers_have_no_say(connection: psycopg.Connection[Any]) -> None:
    connection.execute("""
        CREATE TABLE entries (id integer PRIMARY KEY, amount integer NOT NULL);
        CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
        CREATE CONSTRAINT TRIGGER never AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION never();
    """)
    assert list(RULE.function(connection)) == []


def test_a_table_that_has_many_rows_gets_more(connection: psycopg.Connection[Any]) -> None:
    tables = """
        CREATE TABLE users (id serial PRIMARY KEY, name text);
        INSERT INTO users SELECT number FROM generate_series(1, 70) AS number;
        CREATE TABLE posts (id serial PRIMARY KEY, author integer NOT NULL REFERENCES users);
    """
    (script,) = scripts(judged(connection, tables, users="IF NEW.name = 'A' THEN RAISE EXCEPTION 'no A'; END IF;"))
    assert script == "INSERT INTO public.users (name) VALUES ('A');"
