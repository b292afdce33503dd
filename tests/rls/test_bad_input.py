"""Policies that fail, tables that cannot be filled, and what would stop a breach: in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from migrate_validate.config import Settings
from migrate_validate.findings import Finding
from migrate_validate.postgres import ServerOptions, open_server
from tests.rls.planting import Bases
from tests.support.servers import available_majors

_PACKAGE = "migrate_validate.checks._rls_isolation"
_probes: Any = import_module(f"{_PACKAGE}.probes")
_prove: Any = import_module(f"{_PACKAGE}.proving").prove
_finding: Any = import_module(f"{_PACKAGE}.telling").finding

RAISING = """
CREATE FUNCTION public.{name}() RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN {body} END $$;
CREATE POLICY broken ON public.reports FOR SELECT TO authenticated USING (public.{name}());
"""
ERRORS = {
    "recurses": (
        "CREATE POLICY broken ON public.reports FOR SELECT TO authenticated "
        "USING (EXISTS (SELECT 1 FROM public.reports r WHERE r.org_id = reports.org_id));",
        'SELECT ends in an error: infinite recursion detected in policy for relation "reports" (SQLSTATE 42P17); it '
        'comes from policy "broken"',
        "look up rows of the same table in a SECURITY DEFINER function, which no policy binds",
    ),
    "raises": (
        RAISING.format(name="shout", body="RAISE EXCEPTION 'not today';"),
        'SELECT ends in an error: not today (SQLSTATE P0001); it comes from policy "broken"',
        "make the expression one that holds for every row and every claim",
    ),
    "calls a missing function": (
        RAISING.format(name="forward", body="RETURN public.nowhere();"),
        "SELECT ends in an error: function public.nowhere() does not exist (SQLSTATE 42883); it comes from policy "
        '"broken"',
        "make the expression one that holds for every row and every claim",
    ),
    "calls what the role may not": (
        "CREATE FUNCTION public.closed() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'; "
        "REVOKE EXECUTE ON FUNCTION public.closed() FROM PUBLIC, anon, authenticated; "
        "CREATE POLICY broken ON public.reports FOR SELECT TO authenticated USING (public.closed());",
        "SELECT ends in an error: permission denied for function closed (SQLSTATE 42501); it comes from policy "
        '"broken"',
        "grant what the policy uses (EXECUTE on its functions, SELECT on its tables) to the role that it is for",
    ),
    "casts what may be no key": (
        "CREATE POLICY broken ON public.reports FOR SELECT TO authenticated "
        "USING (org_id = (auth.jwt() ->> 'email')::uuid);",
        "SELECT ends in an error: invalid input syntax for type uuid:",
        "look at a claim before it is cast",
    ),
    "sleeps": (
        "CREATE POLICY broken ON public.reports FOR SELECT TO authenticated USING (pg_sleep(60) IS NULL);",
        "SELECT takes too long, and is cancelled; it comes from one of the policies",
        "make the expression one that holds for every row and every claim",
    ),
}


FEW = 6
"""Rows that a script needs: those of a person, a tenant and what belongs to it."""


@pytest.fixture(scope="module")
def bases() -> Iterator[Bases]:
    """The correct schemas on the newest version."""
    with (
        open_server(ServerOptions(major=available_majors()[-1])) as server,
        contextlib.closing(Bases(server)) as made,
    ):
        yield made


def told(bases: Bases, base: str, text: str) -> tuple[Any, list[Finding]]:
    """What is proven of a schema, and the findings as people see them."""
    with bases.planted(base, text) as (connection, catalog):
        proof = _prove(connection, catalog, Settings(api_roles=bases.roles(base)))
    return proof, [_finding(proof.ground, each) for each in proof.told]


@pytest.mark.parametrize("what", ERRORS)
def test_a_policy_that(bases: Bases, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, message, fix = ERRORS[what]
    monkeypatch.setattr(_probes, "TIMEOUT", 0.4)
    _, findings = told(bases, "claims", text)
    (found,) = [each for each in findings if each.object == "public.reports"]
    assert message in found.message
    assert fix in (found.fix or "")
    script = found.evidence["script"]
    assert "SET LOCAL ROLE authenticated;" in script
    assert script.count("INSERT INTO") <= FEW or what == "sleeps"


FIXES = {
    "a role anywhere": (
        "organizations",
        "ALTER POLICY projects_delete ON public.projects USING (public.is_member(organization_id) AND EXISTS (SELECT 1 "
        "FROM public.organization_members m WHERE m.user_id = (SELECT auth.uid()) AND m.role = 'owner'));",
        "ALTER POLICY projects_delete ON public.projects USING (...);  -- look for the role in the tenant of the row "
        "(organization_id), in no other one",
    ),
    "itself among staff": (
        "staff",
        "CREATE POLICY more ON public.admins FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()));",
        "ALTER POLICY more ON public.admins WITH CHECK (...);  -- let nobody add itself",
    ),
    "rows of a fellow member": (
        "members",
        "CREATE POLICY more ON public.letters FOR SELECT TO authenticated "
        "USING (club_id IN (SELECT public.my_clubs('{admin,member}')));",
        "ALTER POLICY more ON public.letters USING (...);  -- compare sender or recipient with who asks",
    ),
    "a sequence": (
        "app_setting",
        "GRANT UPDATE ON SEQUENCE ticket_number TO ticket_app;",
        "REVOKE UPDATE ON SEQUENCE public.ticket_number FROM ticket_app;",
    ),
}


@pytest.mark.parametrize("what", FIXES)
def test_what_would_stop(bases: Bases, what: str) -> None:
    base, text, fix = FIXES[what]
    _, findings = told(bases, base, text)
    assert (findings[0].fix or "").splitlines()[0] == fix


def test_a_table_that_cannot_be_filled(bases: Bases) -> None:
    text = """
    CREATE TABLE public.impossible (id int PRIMARY KEY CHECK (id < 0 AND id > 0),
        org_id uuid NOT NULL REFERENCES public.orgs);
    ALTER TABLE public.impossible ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON public.impossible TO authenticated USING (org_id = (SELECT public.current_org()));
    REVOKE TRUNCATE ON public.impossible FROM anon, authenticated;
    """
    proof, findings = told(bases, "claims", text)
    assert findings == []
    (why,) = [why for table, why in proof.unproven.items() if table == "public.impossible"]
    assert why.startswith("it could not be filled with rows of two tenants: the constraint impossible_id_check allows")


def test_tenants_without_members(bases: Bases) -> None:
    text = """
    CREATE FUNCTION public.nobody() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'we take nobody'; END $$;
    CREATE TRIGGER nobody BEFORE INSERT ON public.workspace_users FOR EACH ROW EXECUTE FUNCTION public.nobody();
    """
    proof, findings = told(bases, "workspaces_bigint", text)
    assert findings == []
    assert proof.unproven["public.workspace_users"] == (
        "it could not be filled with rows of two tenants: we take nobody"
    )
    assert proof.unproven["public.documents"] == (
        "nobody sees a row of its own there, so that others see none proves nothing"
    )


def test_no_tenancy_at_all(bases: Bases) -> None:
    text = """
    DROP TABLE public.reports, public.report_lines, public.orgs CASCADE;
    CREATE TABLE public.weather (day date PRIMARY KEY, celsius numeric);
    ALTER TABLE public.weather ENABLE ROW LEVEL SECURITY;
    CREATE POLICY all_of_it ON public.weather FOR SELECT USING (true);
    """
    proof, _ = told(bases, "claims", text)
    assert proof.nothing == "no tenancy: no table belongs to a person (auth.users) or to a table of tenants"
