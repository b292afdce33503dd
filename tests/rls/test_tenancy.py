"""What a tenant is, found in schemas on real servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import DeclaredTenancy
from migrate_validate.errors import ConfigError
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import NotApplicable
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.settings import load_settings
from tests.rls.places import discover, place

ROOT = Path(__file__).parents[2]


def names(tables: Any) -> set[str]:
    return {name.removeprefix("public.") for name in tables}


def test_membership(server: Server) -> None:
    with place(server, "membership") as at:
        found = at.discover()
    (members,) = found.memberships
    assert (found.kind, found.root, found.root_key) == ("membership", "public.organizations", ("id",))
    assert (found.people.table, found.people.key, dict(found.people.also)) == (
        "auth.users",
        ("id",),
        {"public.profiles": ("id",)},
    )
    assert members.table == "public.organization_members"
    assert (members.person_columns, members.tenant_columns) == (("user_id",), ("organization_id",))
    assert (members.role_column, members.roles, members.exclusive) == ("role", ("owner", "editor", "viewer"), False)
    # A like is no membership, though its key looks like one.
    assert names(found.scoped) == {"organizations", "organization_members", "projects", "tasks", "likes"}
    assert [hop.columns for hop in found.scoped["public.tasks"]] == [("project_id",), ("organization_id",)]
    assert names(found.personal) == {"profiles", "preferences"}
    assert names(found.shared) == {"plans", "audit"}
    (link,) = found.links
    assert (link.table, link.columns, link.references, link.declared) == (
        "public.preferences",
        ("user_id",),
        "auth.users",
        False,
    )
    assert found.wanted["public.organization_members"]["status"] == ("active",)
    assert found.why == (
        "people: auth.users (people are those whom auth.uid() names)",
        'public.preferences.user_id is a person (policy "own" on public.preferences)',
        "tenants: public.organizations (4 tables lead to it by foreign keys and policies)",
        "members: public.organization_members (person user_id, tenant organization_id, role role (owner, editor, "
        "viewer))",
        "rows of tenants: public.likes, public.organization_members, public.organizations, public.projects, "
        "public.tasks",
        "rows of people: public.preferences, public.profiles",
        "rows of nobody, the same for all: public.audit, public.plans",
    )


def test_keys_of_all_kinds(server: Server) -> None:
    with place(server, "bigint") as at:
        found = at.discover()
        assert (found.kind, found.root) == ("membership", "public.workspaces")
        (members,) = found.memberships
        assert (members.table, members.role_column, members.roles) == (
            "public.workspace_users",
            "is_admin",
            ("true", "false"),
        )
    with place(server, "composite") as at:
        found = at.discover()
        assert (found.root, found.root_key) == ("public.tenants", ("code",))
        assert found.memberships[0].roles == ("admin", "user")
        assert names(found.scoped) >= {"customers", "invoices", "a_circle", "b_circle"}


def test_one_tenant_for_a_person(server: Server) -> None:
    with place(server, "home") as at:
        found = at.discover()
    (members,) = found.memberships
    assert (found.kind, found.root) == ("membership", "public.companies")
    assert (members.table, members.exclusive, members.roles) == ("public.profiles", True, ("staff", "manager"))
    assert [hop.columns for hop in found.scoped["public.shifts"]] == [("worker",), ("company_id",)]
    # No foreign key says whose site it is; the policy does, by way of a function.
    assert [hop.declared for hop in found.scoped["public.sites"]] == [False]


def test_people_are_tenants(server: Server) -> None:
    with place(server, "person") as at:
        found = at.discover()
    assert (found.kind, found.root, found.memberships) == ("person", None, ())
    assert names(found.personal) == {"profiles", "posts", "post_likes", "follows", "diary"}
    assert names(found.shared) == {"topics"}


def test_claims(server: Server) -> None:
    with place(server, "claim") as at:
        found = at.discover()
        assert (found.kind, found.root, found.claim) == ("claim", "public.orgs", "app_metadata.org_id")
        assert names(found.scoped) == {"orgs", "reports", "report_lines"}
        assert names(found.personal) == {"notes"}
        assert found.claim_words == (("app_metadata.role", ("admin",)),)
        assert any(line.startswith("the claim app_metadata.org_id says which tenant asks") for line in found.why)
    with place(server, "claims without table") as at:
        found = at.discover()
        assert (found.kind, found.root, found.claim, found.claim_many) == ("claim", None, "app_metadata.tenants", True)
        assert names(found.tenant_columns) == {"events", "quota"}
        assert names(found.scoped) == {"events", "event_files", "quota"}


def test_claims_of_the_user_are_no_tenant(server: Server) -> None:
    text = """
    CREATE TABLE public.a (id int PRIMARY KEY, org text, owner uuid REFERENCES auth.users);
    CREATE POLICY p ON public.a USING (org = (auth.jwt() -> 'user_metadata' ->> 'org'));
    """
    with place(server, "supabase", text) as at:
        found = at.discover()
    assert (found.kind, found.claim) == ("person", None)


def test_settings(server: Server) -> None:
    with place(server, "setting") as at:
        found = at.discover()
        assert (found.kind, found.root, found.setting, found.people) == (
            "setting",
            "public.account",
            "app.tenant",
            None,
        )
        assert names(found.scoped) == {"account", "ticket", "ticket_comment"}
    with place(server, "setting of person") as at:
        found = at.discover()
        assert (found.kind, found.root, found.person_setting) == ("membership", "public.club", "app.user_id")
        assert found.people.table == "public.member"


def test_no_tenancy(server: Server) -> None:
    with place(server, "none") as at:
        found = at.discover()
        assert found == NotApplicable("no tenancy: no table belongs to a person (auth.users) or to a table of tenants")
    with place(server, "nobody asks") as at:
        found = at.discover()
        assert isinstance(found, NotApplicable)
        assert "nothing in the database says which row of public.users asks" in found.reason
    with place(server, "plain", "CREATE TABLE a (id int)") as at:
        found = at.discover()
        assert isinstance(found, NotApplicable)
        assert found.reason.startswith("no tenancy: no table of people was found")
    with place(server, "plain") as at:
        assert at.discover() == NotApplicable("no tenancy: the chain leaves no table behind")


def test_what_is_declared_wins(server: Server) -> None:
    with place(server, "membership") as at:
        found = at.discover(DeclaredTenancy(root=""))
        assert (found.kind, found.root) == ("person", None)
        assert "tenants: people (declared)" in found.why
        found = at.discover(DeclaredTenancy(public_read=("public.plans",), cross_tenant=("public.task_counts",)))
        assert (found.public_read, found.cross_tenant) == ({"public.plans"}, {"public.task_counts"})
        found = at.discover(DeclaredTenancy(root="public.tasks", memberships=("public.likes",)))
        assert (found.kind, found.root) == ("membership", "public.tasks")
        assert [each.table for each in found.memberships] == ["public.likes"]
        with pytest.raises(ConfigError) as raised:
            at.discover(DeclaredTenancy(root="public.orgs"))
        with pytest.raises(ConfigError, match=r"root names public\.projects, and nothing says who belongs to it"):
            at.discover(DeclaredTenancy(root="public.projects"))
        with pytest.raises(
            ConfigError, match=r"memberships names public\.plans, which does not say who belongs to whom"
        ):
            at.discover(DeclaredTenancy(memberships=("public.plans",)))
    text = str(raised.value)
    assert "[tool.migrate_validate.tenancy] root names public.orgs, which the migrated schema does not have" in text
    assert "public.organizations" in text
    assert "name a table that the chain leaves behind, as schema.name" in text


def test_staff_is_found_or_declared(server: Server) -> None:
    text = (ROOT / "tests/rls/bases/staff.sql").read_text(encoding="utf-8")
    with place(server, "supabase", text) as at:
        labels = [
            [each.label for each in at.discover(DeclaredTenancy(staff=said)).staff]
            for said in (None, (), ("public.profiles",))
        ]
        with pytest.raises(ConfigError, match=r"staff names public\.bosses, which the migrated schema does not have"):
            at.discover(DeclaredTenancy(staff=("public.bosses",)))
    assert labels == [
        ["admins", "user_roles.role = moderator", "app_metadata.role = admin"],
        ["app_metadata.role = admin"],
        ["profiles", "app_metadata.role = admin"],
    ]


def test_functions_are_followed(server: Server) -> None:
    text = """
    CREATE TABLE public.a (id int PRIMARY KEY, mine uuid, yours uuid, theirs uuid, ours uuid, role text);
    CREATE FUNCTION public.me() RETURNS uuid LANGUAGE plpgsql AS $$
    DECLARE found uuid;
    BEGIN SELECT auth.uid() INTO STRICT found; RETURN found; END $$;
    CREATE FUNCTION public.is_me(who uuid) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE me CONSTANT uuid := auth.uid();
    BEGIN
        RETURN EXISTS (SELECT 1 FROM public.a x WHERE x.yours = me) AND who = auth.uid();
    END $$;
    CREATE FUNCTION public.sub() RETURNS uuid LANGUAGE sql
        RETURN (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid;
    CREATE POLICY one ON public.a USING (mine = public.me());
    CREATE POLICY two ON public.a USING (public.is_me(theirs));
    CREATE POLICY three ON public.a USING (ours = (SELECT public.sub()) AND (auth.jwt() ->> 'user_role') = 'boss');
    """
    with place(server, "supabase", text) as at:
        found = at.discover()
    assert {hop.columns[0] for hop in found.links} == {"mine", "yours", "theirs", "ours"}
    assert found.claim_words == (("user_role", ("boss",)),)


def test_policies_that_cannot_be_followed(server: Server) -> None:
    text = """
    CREATE TABLE public.a (id int PRIMARY KEY, owner uuid);
    CREATE FUNCTION public.f(x int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN public.f(x); END';
    CREATE FUNCTION public.g() RETURNS uuid LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'SELECT ' || 1; RETURN (SELECT auth.uid()); END $$;
    CREATE FUNCTION public.h() RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT true; END;
    CREATE POLICY r ON public.a USING (public.f(id) AND public.h());
    CREATE POLICY o ON public.a USING (owner = public.g());
    """
    with place(server, "supabase", text) as at:
        found = at.discover()
    assert (found.kind, names(found.personal)) == ("person", {"a"})


SAMPLES = {
    "org_tables": ("public.organizations", ["public.org_members"], ("owner", "admin", "member")),
    "organizational_model": (
        "public.organizations",
        ["public.profiles"],
        ("admin", "coach", "therapist", "practitioner"),
    ),
    "learning_platform": ("public.organizations", ["public.users"], ()),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    folder = ROOT / "sample_migrations" / name
    settings = load_settings(folder, ROOT)
    evaluation = Evaluation(read_chain(folder, settings, rootdir=ROOT), settings, ServerOptions())
    try:
        found = discover(evaluation.catalog, settings.tenancy, api_roles=evaluation.timeline.api_roles)
    finally:
        evaluation.close()
    root, members, roles = SAMPLES[name]
    assert (found.kind, found.root) == ("membership", root)
    assert [each.table for each in found.memberships] == members
    assert found.memberships[0].roles == roles
