"""Asking as somebody, on real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from migrate_validate.acting import acting_as, check_actor, claims_of
from migrate_validate.errors import ConfigError
from migrate_validate.postgres import Server
from migrate_validate.postgres.databases import Database
from migrate_validate.postgres.environments import SUPABASE, prepare

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000001"

SCHEMA = f"""
CREATE TABLE public.note (id int PRIMARY KEY, owner uuid NOT NULL, text text);
ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.note USING (owner = (SELECT auth.uid()));
GRANT ALL ON public.note TO anon, authenticated;
INSERT INTO public.note VALUES (1, '{ALICE}', 'a'), (2, '{BOB}', 'b');
"""

Connection = psycopg.Connection[Any]


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with server.create_database("acting") as made:
        prepare(SUPABASE, made)
        with made.connect() as connection:
            connection.execute(SCHEMA)
        yield made


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect() as opened:
        yield opened


def seen(connection: Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT id FROM note ORDER BY id").fetchall()]


def state(connection: Connection) -> tuple[Any, ...] | None:
    return connection.execute(
        "SELECT current_user, current_setting('request.jwt.claims', true), current_setting('search_path'),"
        " coalesce(current_setting('app.tenant', true), '')"
    ).fetchone()


@pytest.mark.parametrize("autocommit", [True, False])
def test_each_sees_what_is_his_and_afterwards_all_is_as_before(connection: Connection, autocommit: bool) -> None:
    before = state(connection)
    connection.rollback()
    connection.autocommit = autocommit
    with acting_as(connection, "authenticated", sub=ALICE, settings={"app.tenant": "7"}) as same:
        assert same is connection
        assert seen(connection) == [1]
        assert connection.execute("SELECT auth.uid()::text, auth.role(), auth.email()").fetchone() == (
            ALICE,
            "authenticated",
            f"{ALICE}@example.com",
        )
        assert connection.execute("SELECT current_setting('app.tenant')").fetchone() == ("7",)
        assert connection.execute("SHOW search_path").fetchone() == ("public, extensions",)
        connection.execute("UPDATE note SET text = 'changed'")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    after = state(connection)
    assert before is not None
    assert after is not None
    assert after[1] in ("", None)
    assert (before[0], *before[2:]) == (after[0], *after[2:])
    assert connection.execute("SELECT text FROM note ORDER BY id").fetchall() == [("changed",), ("b",)]


def test_inside_a_transaction_that_is_rolled_back(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("INSERT INTO note VALUES (3, %s, 'c')", [ALICE])
        before = state(connection)
        with acting_as(connection, "authenticated", sub=ALICE):
            assert seen(connection) == [1, 3]
            connection.execute("DELETE FROM note")
        assert state(connection) == (*(before or ())[:1], "", *(before or ())[2:])
        assert seen(connection) == [2]
        with acting_as(connection, "anon"):
            assert seen(connection) == []
    assert seen(connection) == [1, 2]


def test_nested(connection: Connection) -> None:
    with acting_as(connection, "authenticated", sub=ALICE):
        with acting_as(connection, "anon"):
            assert connection.execute("SELECT current_user, auth.uid()").fetchone() == ("anon", None)
            with acting_as(connection, "authenticated", sub=BOB, claims={"aal": "aal2"}):
                assert seen(connection) == [2]
                assert connection.execute("SELECT auth.jwt() ->> 'aal'").fetchone() == ("aal2",)
            assert connection.execute("SELECT current_user, auth.uid()").fetchone() == ("anon", None)
        assert seen(connection) == [1]
        assert connection.execute("SELECT current_user").fetchone() == ("authenticated",)


def test_what_fails_inside_is_taken_back(connection: Connection) -> None:
    before = state(connection)
    with acting_as(connection, "authenticated", sub=ALICE):
        connection.execute("UPDATE note SET text = 'lost'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO note VALUES (3, %s, 'c')", [BOB])
    assert seen(connection) == [1, 2]
    assert connection.execute("SELECT text FROM note WHERE id = 1").fetchone() == ("a",)
    with pytest.raises(ZeroDivisionError), acting_as(connection, "anon"):
        raise ZeroDivisionError
    assert before is not None
    assert (state(connection) or ())[0] == before[0]


def test_rows_as_dictionaries_and_an_old_setting_that_stands_in_the_way(connection: Connection) -> None:
    connection.row_factory = dict_row
    connection.execute(f"SELECT set_config('request.jwt.claim.sub', '{BOB}', false)")
    with acting_as(connection, "authenticated", sub=ALICE):
        assert connection.execute("SELECT auth.uid()::text AS uid").fetchone() == {"uid": ALICE}
        assert check_actor(connection, role="authenticated", sub=ALICE) == ()
    assert connection.execute("SELECT auth.uid()::text AS uid").fetchone() == {"uid": BOB}


def test_a_role_that_nobody_can_be(connection: Connection) -> None:
    with pytest.raises(ConfigError) as raised, acting_as(connection, "ghost"):
        pass
    text = str(raised.value)
    assert 'nobody can act as the role ghost: role "ghost" does not exist' in text
    assert "name a role that exists, and connect as a superuser or as a member of it" in text
    assert seen(connection) == [1, 2]


def test_claims() -> None:
    token = claims_of("authenticated", ALICE, {"email": "a@b.co", "app_metadata": {"org_id": "7"}})
    assert set(token) >= {"sub", "role", "aud", "email", "aal", "session_id", "is_anonymous", "user_metadata"}
    assert token["app_metadata"] == {"provider": "email", "providers": ["email"], "org_id": "7"}
    assert token["email"] == "a@b.co"
    assert claims_of("anon") == {"iss": "supabase", "role": "anon"}
    assert json.loads(json.dumps(token)) == token


def test_actors_that_prove_nothing(connection: Connection) -> None:
    (superuser,) = connection.execute("SELECT current_user::text").fetchone() or ("",)
    assert f"{superuser} is a superuser, whom no policy binds" in check_actor(connection)
    connection.execute("ALTER TABLE note OWNER TO authenticated")
    with acting_as(connection, "authenticated", sub=ALICE):
        (reason,) = check_actor(connection, sub=ALICE)
        assert reason.startswith("authenticated is the owner of public.note, whose policies do not bind the owner")
    connection.execute("ALTER TABLE note FORCE ROW LEVEL SECURITY")
    with acting_as(connection, "authenticated", sub=ALICE):
        assert check_actor(connection, sub=ALICE) == ()
        assert check_actor(connection, sub=BOB) == (f"auth.uid() is {ALICE}, not {BOB}",)
        assert check_actor(connection, role="anon", sub=ALICE) == ("the acting role is authenticated, not anon",)
    with acting_as(connection, "anon", settings={"row_security": "off"}):
        assert check_actor(connection) == ("row_security is off: queries that policies would shorten fail instead",)
    with acting_as(connection, "service_role"):
        assert "service_role has BYPASSRLS, so no policy binds it" in check_actor(connection)
    with acting_as(connection, "authenticated", sub="no key"):
        (reason,) = check_actor(connection, sub="no key")
        assert reason.startswith("auth.uid() fails: invalid input syntax for type uuid")


def test_without_supabase(server: Server) -> None:
    with server.create_database("plain") as database, database.connect() as connection:
        connection.execute(
            """
            CREATE ROLE mv_app_reader; CREATE SCHEMA own; CREATE TABLE own.note (id int, tenant text);
            ALTER TABLE own.note ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON own.note USING (tenant = current_setting('app.tenant', true));
            GRANT USAGE ON SCHEMA own TO mv_app_reader; GRANT SELECT ON own.note TO mv_app_reader;
            INSERT INTO own.note VALUES (1, 'a'), (2, 'b');
            SET search_path = own;
            """
        )
        try:
            with acting_as(connection, "mv_app_reader", settings={"app.tenant": "b"}):
                assert seen(connection) == [2]
                assert check_actor(connection, role="mv_app_reader") == ()
            with acting_as(connection, "mv_app_reader"):
                assert seen(connection) == []
            assert connection.execute("SHOW search_path").fetchone() == ("own",)
        finally:
            connection.execute("DROP OWNED BY mv_app_reader; DROP ROLE mv_app_reader")
