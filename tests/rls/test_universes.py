"""Rows of two tenants, put into tables of real servers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.acting import acting_as, check_actor
from migrate_validate.postgres import Server
from tests.rls.places import Place, counted, identities, place


def sees(at: Place, who: Any, table: str) -> int:
    """How many rows an identity sees; it has to be one that proves something."""
    with at.connection.transaction(force_rollback=True):
        at.connection.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{who.role}') THEN"
            f" CREATE ROLE {who.role}; END IF; END $$"
        )
        at.connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {who.role}")
        with acting_as(at.connection, who.role, sub=who.sub, claims=who.claims, settings=who.settings):
            supabase = "app.user_id" not in who.settings
            assert check_actor(at.connection, role=who.role, sub=who.sub if supabase else None) == ()
            (count,) = at.connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
            return int(count)


def assert_apart(at: Place, tenancy: Any, universes: Any) -> None:
    """No foreign key leads from one universe into the other, and every row has what was told of it."""
    placed = {
        (name, row.values[column]): row.universe
        for name, rows in universes.rows.items()
        for row in rows
        for column in row.values
        if row.universe in ("A", "B") and row.values[column] is not None and len(str(row.values[column])) > 4
    }
    for name, rows in universes.rows.items():
        table = at.catalog.whole.tables_by_name[name]
        for row in rows:
            for key in table.foreign_keys:
                if len(key.columns) == 1 and row.universe in ("A", "B"):
                    other = placed.get((key.references, row.values[key.columns[0]]))
                    assert other in (None, row.universe, "both"), (name, row)
            if row.key:
                where = " AND ".join(f'"{column}"::text = %s' for column in row.key)
                found = at.connection.execute(
                    f'SELECT count(*) FROM "{table.schema}"."{table.name}" WHERE {where}'.encode(),
                    list(row.key.values()),
                ).fetchone()
                assert found == (1,), (name, row)
    assert tenancy.root is None or set(universes.keys) == {"A", "B"}


def test_membership(server: Server) -> None:
    with place(server, "membership") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        who = at.identities(tenancy, universes)
        assert universes.unfilled == {}
        assert_apart(at, tenancy, universes)
        assert [each.label for each in universes.actors] == [
            *("A owner", "A editor", "A viewer", "B owner", "B editor", "B viewer", "A owner, B viewer", "outside")
        ]
        assert counted(universes, "organizations") == {"A": 1, "B": 1}
        # One of each role, and the one who is in both.
        assert counted(universes, "organization_members") == {"A": 4, "B": 4}
        assert {row.values["status"] for row in universes.rows["public.organization_members"]} == {"active"}
        # A trigger made the profiles, another the log.
        assert counted(universes, "profiles") == {"A": 3, "B": 3, "both": 1, "outside": 1}
        assert all(row.adopted for row in universes.rows["public.profiles"])
        assert counted(universes, "audit") == {"shared": 2, "A": 2, "B": 2}
        assert counted(universes, "plans") == {"shared": 2}
        for row in universes.rows["public.projects"]:
            assert row.values["title"].startswith(universes.canaries[row.universe])
            assert row.values["deleted_at"] is None
        assert at.connection.execute("SELECT count(*) FROM task_counts").fetchone() == (4,)
        assert list(who) == [
            *("member of A as owner", "member of A as editor", "member of A as viewer"),
            *("member of B as owner", "member of B as editor", "member of B as viewer"),
            *("member of A as owner and of B as viewer", "outsider", "anon", "service"),
        ]
        assert who["member of A as editor"].home == {"A", "both", "own of A editor"}
        assert [each.kind for each in who.values()][-4:] == ["both", "outsider", "anon", "service"]
        seen = {label: sees(at, each, "projects") for label, each in who.items() if each.kind != "service"}
        assert seen == {
            **dict.fromkeys(list(who)[:6], 2),
            "member of A as owner and of B as viewer": 4,
            "outsider": 0,
            "anon": 0,
        }
        assert sees(at, who["outsider"], "preferences") == 1


def test_bigint_keys_and_a_trigger_that_makes_the_first_member(server: Server) -> None:
    with place(server, "bigint") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        assert universes.unfilled == {}
        assert counted(universes, "workspace_users") == {"A": 3, "B": 3}
        flags = Counter((row.universe, row.values["is_admin"]) for row in universes.rows["public.workspace_users"])
        assert flags == {("A", "true"): 2, ("A", "false"): 1, ("B", "true"): 1, ("B", "false"): 2}
        assert sum(row.adopted for row in universes.rows["public.workspace_users"]) == 2
        who = at.identities(tenancy, universes)
        assert {label: sees(at, each, "documents") for label, each in who.items() if each.kind != "service"} == {
            "member of A as admin": 2,
            "member of A": 2,
            "member of B as admin": 2,
            "member of B": 2,
            "member of A as admin and of B": 4,
            "outsider": 0,
            "anon": 0,
        }


def test_composite_and_text_keys_circles_and_what_cannot_be_filled(server: Server) -> None:
    with place(server, "composite") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        assert universes.unfilled == {
            "public.impossible": "the constraint impossible_id_check allows none of 13 values of id"
        }
        assert counted(universes, "invoices") == {"A": 2, "B": 2}
        assert all(row.values["first_other"] for row in universes.rows["public.a_circle"])
        for row in universes.rows["public.invoices"]:
            assert row.key.keys() == {"tenant_code", "number"}
            assert row.people <= {actor.sub for actor in universes.actors if actor.universe == row.universe}
        who = at.identities(tenancy, universes)
        assert sees(at, who["member of A as user"], "invoices") == 2


def test_people_are_tenants(server: Server) -> None:
    with place(server, "person") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        assert universes.unfilled == {}
        for row in universes.rows["public.follows"]:
            assert row.values["follower"] != row.values["followed"]
        who = at.identities(tenancy, universes)
        assert list(who) == [
            *("person A", "partner of A", "person B", "partner of B", "outsider", "anon", "service"),
        ]
        assert {label: sees(at, each, "diary") for label, each in who.items() if each.kind != "service"} == {
            **dict.fromkeys(list(who)[:5], 1),
            "anon": 0,
        }


def test_one_tenant_for_a_person_and_rows_that_triggers_made_before(server: Server) -> None:
    with place(server, "home") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        profiles = {row.values["id"]: row for row in universes.rows["public.profiles"]}
        for actor in universes.actors:
            row = profiles[actor.sub]
            assert row.adopted
            assert row.values["company_id"] == universes.keys.get(actor.universe)
            assert row.values["role"] == (actor.role or "staff")
        who = at.identities(tenancy, universes)
        assert [sees(at, each, "sites") for each in who.values() if each.kind != "service"] == [2, 2, 2, 2, 0, 0]


def test_claims(server: Server) -> None:
    with place(server, "claim") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        who = at.identities(tenancy, universes)
        assert who["member of A"].claims["app_metadata"] == {"org_id": universes.keys["A"]}
        assert "app_metadata" not in who["outsider"].claims
        assert [sees(at, each, "reports") for each in who.values() if each.kind not in ("service", "staff")] == [
            2,
            2,
            2,
            2,
            0,
            0,
        ]
        (meta,) = at.connection.execute(
            "SELECT raw_app_meta_data::text FROM auth.users WHERE id = %s", [who["member of B"].sub]
        ).fetchone() or ("{}",)
        assert json.loads(meta)["org_id"] == universes.keys["B"]
    with place(server, "claims without table") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        who = at.identities(tenancy, universes)
        assert universes.keys == {"A": "tenant-a", "B": "tenant-b"}
        assert who["member of A and B"].claims["app_metadata"] == {"tenants": ["tenant-a", "tenant-b"]}
        assert [sees(at, each, "events") for each in who.values() if each.kind != "service"] == [2, 2, 2, 2, 4, 0, 0]


def test_staff_has_rows_of_its_own_and_nobody_else_is_among_it(server: Server) -> None:
    text = (Path(__file__).parent / "bases" / "staff.sql").read_text(encoding="utf-8")
    text += "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO authenticated;"
    with place(server, "supabase", text) as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert universes.unfilled == {}
        assert counted(universes, "admins") == {"staff": 1}
        assert [row.values["role"] for row in universes.rows["public.user_roles"]] == ["moderator"]
        who = at.identities(tenancy, universes)
        staff = [label for label, each in who.items() if each.kind == "staff"]
        named = ["admins", "user_roles.role = moderator", "app_metadata.role = admin"]
        assert staff == [f"staff ({each})" for each in named]
        assert [sees(at, who[label], "notes") for label in staff] == [8, 1, 1]
        assert [sees(at, who[label], "reports") for label in staff] == [1, 8, 8]
        assert who[staff[2]].claims["app_metadata"] == {"role": "admin"}
        assert "staff, of no tenant: admins, user_roles.role = moderator, app_metadata.role = admin" in tenancy.why


def test_settings(server: Server) -> None:
    with place(server, "setting") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert_apart(at, tenancy, universes)
        assert universes.actors == ()
        who = at.identities(tenancy, universes)
        assert who["tenant A"].settings == {"app.tenant": universes.keys["A"]}
        assert {label: sees(at, each, "ticket") for label, each in who.items() if each.kind != "service"} == {
            "tenant A": 2,
            "tenant B": 2,
            "anon (app)": 0,
        }
    with place(server, "setting of person") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        who = at.identities(tenancy, universes)
        assert who["member of A"].settings == {"app.user_id": who["member of A"].sub}
        seen = [sees(at, each, "fixture") for each in who.values() if each.kind not in ("service", "anon")]
        assert seen == [2, 2, 2, 2, 4, 0]


def test_a_tenant_that_a_trigger_makes_for_each_person(server: Server) -> None:
    text = """
    CREATE TABLE public.accounts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, owner uuid NOT NULL REFERENCES auth.users,
        personal boolean NOT NULL DEFAULT false
    );
    CREATE TABLE public.account_members (
        account_id uuid REFERENCES public.accounts, user_id uuid REFERENCES auth.users,
        account_role text NOT NULL CHECK (account_role IN ('owner', 'member')), PRIMARY KEY (user_id, account_id)
    );
    CREATE TABLE public.bills (id serial PRIMARY KEY, account_id uuid NOT NULL REFERENCES public.accounts, what text);
    CREATE FUNCTION public.new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO public.accounts (name, owner, personal) VALUES ('own', NEW.id, true); RETURN NEW; END $$;
    CREATE TRIGGER new_user AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.new_user();
    CREATE FUNCTION public.new_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN INSERT INTO public.account_members VALUES (NEW.id, NEW.owner, 'owner'); RETURN NEW; END $$;
    CREATE TRIGGER new_account AFTER INSERT ON public.accounts FOR EACH ROW EXECUTE FUNCTION public.new_account();
    """
    with place(server, "supabase", text) as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        assert tenancy.root == "public.accounts"
        assert universes.unfilled == {}
        own = {f"own of {actor.label}": 1 for actor in universes.actors}
        assert counted(universes, "accounts") == {"A": 1, "B": 1, **own}
        assert counted(universes, "account_members") == {"A": 3, "B": 3, **own}
        assert counted(universes, "bills") == {"A": 2, "B": 2}
        who = at.identities(tenancy, universes)
        assert "own of A owner" in who["member of A as owner"].home
        assert "own of A owner" not in who["member of A as member"].home


def test_partitions(server: Server) -> None:
    text = """
    CREATE TABLE public.events (
        id bigint GENERATED ALWAYS AS IDENTITY, owner uuid NOT NULL REFERENCES auth.users, at date NOT NULL,
        note text NOT NULL DEFAULT 'x', PRIMARY KEY (id, at)
    ) PARTITION BY RANGE (at);
    CREATE TABLE public.events_23 PARTITION OF public.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE public.events_24 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE public.events_25 PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
    CREATE TABLE public.spread (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES auth.users)
        PARTITION BY HASH (id);
    CREATE TABLE public.spread_0 PARTITION OF public.spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.spread_1 PARTITION OF public.spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    """
    with place(server, "supabase", text) as at:
        universes = at.seed(at.discover())
        assert universes.unfilled == {}
        for year in (23, 24, 25):
            rows = at.connection.execute(f"SELECT DISTINCT owner::text FROM events_{year}".encode()).fetchall()
            assert {sub[:8] for (sub,) in rows} >= {"aaaaaaaa", "bbbbbbbb"}
        assert at.connection.execute("SELECT count(*) FROM spread_0").fetchone() != (0,)


def test_files_in_private_buckets(server: Server) -> None:
    text = """
    INSERT INTO storage.buckets (id, name, public) VALUES ('documents', 'documents', false), ('logos', 'logos', true);
    CREATE POLICY own ON storage.objects FOR SELECT TO authenticated
        USING (bucket_id = 'documents' AND (storage.foldername(name))[1] = (auth.uid())::text);
    """
    with place(server, "person", text) as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        files = universes.rows["storage.objects"]
        assert Counter(row.universe for row in files) == {"A": 2, "B": 2, "outside": 1}
        assert {row.values["bucket_id"] for row in files} == {"documents"}
        who = at.identities(tenancy, universes)
        assert sees(at, who["person A"], "storage.objects") == 1
        assert sees(at, who["anon"], "storage.objects") == 0


@pytest.mark.parametrize("word", ["anon", "web_anon", "app_anonymous"])
def test_which_role_has_no_name(server: Server, word: str) -> None:
    with place(server, "setting") as at:
        tenancy = at.discover()
        universes = at.seed(tenancy)
        found = identities(universes, tenancy, (word, "app", "reporting"))
    assert [(each.label, each.role, each.kind) for each in found if each.kind != "service"] == [
        ("tenant A", "app", "member"),
        ("tenant B", "app", "member"),
        ("anon" if word == "anon" else f"anon ({word})", word, "anon"),
        ("reporting without a name", "reporting", "anon"),
    ]
