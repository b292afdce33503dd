"""Rows of two tenants where triggers stand in their way, where there are rows already, and where tables are many."""

from __future__ import annotations

import time

import pytest
from hypothesis import strategies as st

from migrate_validate.data import Given
from migrate_validate.postgres import Server
from tests.rls.places import counted, place, seed


def test_triggers_that_refuse_or_change_or_swallow_rows(server: Server) -> None:
    text = """
    CREATE TABLE public.things (
        id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users, name text NOT NULL, size int NOT NULL
    );
    CREATE FUNCTION public.check_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.name LIKE '%canary%' THEN RAISE 'no birds'; END IF;
        NEW.size := 7;
        RETURN NEW;
    END $$;
    CREATE TRIGGER check_it BEFORE INSERT ON public.things FOR EACH ROW EXECUTE FUNCTION public.check_it();
    CREATE TABLE public.closed (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users);
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed for ever'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON public.closed FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TABLE public.swallowed (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users);
    CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER swallow BEFORE INSERT ON public.swallowed FOR EACH ROW EXECUTE FUNCTION public.swallow();
    CREATE TABLE public.keyless (owner uuid REFERENCES auth.users, note text);
    """
    with place(server, "supabase", text) as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert counted(universes, "things") == {"A": 2, "B": 2, "outside": 1}
        assert {row.values["size"] for row in universes.rows["public.things"]} == {"7"}
        assert universes.unfilled == {
            "public.closed": "closed for ever",
            "public.swallowed": "a trigger or a rule dropped the row without a word",
        }
        assert counted(universes, "keyless") == {"A": 2, "B": 2, "outside": 1}
        assert all(row.key == {} for row in universes.rows["public.keyless"])


def test_a_trigger_that_sleeps(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    CREATE TABLE public.slow (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users);
    CREATE FUNCTION public.sleep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
    CREATE TRIGGER sleep BEFORE INSERT ON public.slow FOR EACH ROW EXECUTE FUNCTION public.sleep();
    """
    with place(server, "person", text) as at:
        monkeypatch.setattr("migrate_validate.checks._rls_isolation.universes.TIMEOUT", 300)
        started = time.perf_counter()
        universes = at.seed(at.discover())
        assert time.perf_counter() - started < 20
        assert universes.unfilled == {"public.slow": "canceling statement due to statement timeout"}
        assert at.connection.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_rows_of_the_users_own_strategy(server: Server) -> None:
    text = """
    CREATE TABLE public.codes (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users, code text NOT NULL);
    CREATE FUNCTION public.only_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF md5(NEW.code) <> md5('sesame') THEN RAISE 'wrong code'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER only_some BEFORE INSERT ON public.codes FOR EACH ROW EXECUTE FUNCTION public.only_some();
    """
    with place(server, "person", text) as at:
        tenancy = at.discover()
        with at.connection.transaction(force_rollback=True):
            assert at.seed(tenancy).unfilled == {"public.codes": "wrong code"}
        given = {"public.codes": Given(st.just({"code": "sesame"}))}
        universes = seed(at.connection, at.catalog, tenancy, given=given)
        assert counted(universes, "codes") == {"A": 2, "B": 2, "outside": 1}


def test_rows_that_were_there_are_left_alone(server: Server) -> None:
    text = """
    INSERT INTO public.plans VALUES ('free', 'Free');
    INSERT INTO public.organizations (name, slug, plan_id) VALUES ('Old', 'old', 'free');
    """
    with place(server, "membership", text) as at:
        tenancy = at.discover()
        with at.connection.transaction(force_rollback=True):
            universes = at.seed(tenancy)
            assert counted(universes, "organizations") == {"A": 1, "B": 1}
            assert counted(universes, "plans") == {"shared": 3}
            assert at.connection.execute("SELECT count(*) FROM organizations").fetchone() == (3,)
        assert at.connection.execute("SELECT slug FROM organizations").fetchall() == [("old",)]
        assert at.connection.execute("SELECT coalesce(current_setting('request.jwt.claims', true), '')").fetchone() == (
            "",
        )


def test_many_tables(server: Server) -> None:
    with place(server, "large") as at:
        tenancy = at.discover()
        started = time.perf_counter()
        universes = at.seed(tenancy)
        seconds = time.perf_counter() - started
    assert universes.unfilled == {}
    assert len(universes.rows) == 103
    # It takes about one second where nothing else runs.
    assert seconds < 10
