"""The fixtures with which people test their own policies."""

from __future__ import annotations

import pytest

from tests.support.projects import run, write_chain

CHAIN = {
    "20240101000000_notes.sql": """
create table public.orgs (id uuid primary key, name text not null);
create table public.members (
    org_id uuid references public.orgs, user_id uuid references auth.users,
    role text not null check (role in ('owner', 'guest')), primary key (org_id, user_id)
);
create table public.notes (id bigint generated always as identity primary key, org_id uuid not null
    references public.orgs, body text not null);
alter table public.notes enable row level security;
create policy members on public.notes to authenticated using (org_id in (
    select m.org_id from public.members m where m.user_id = (select auth.uid())));
"""
}


def test_tenants_and_acting_as(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", CHAIN)
    pytester.makepyfile(
        """
        import pytest
        from migrate_validate import MigrateValidateError

        def count(db):
            return db.execute("select count(*) from notes").fetchone()[0]

        def test_tenants(migrated_db, tenants):
            two = tenants(migrated_db)
            assert (two.kind, two.unfilled, set(two.keys)) == ("membership", {}, {"A", "B"})
            assert any(line.startswith("members: public.members") for line in two.why)
            seen = {}
            for name, who in two.identities.items():
                with two.acting_as(name):
                    seen[name] = count(migrated_db)
            assert seen == {
                "member of A as owner": 2, "member of A as guest": 2, "member of B as owner": 2,
                "member of B as guest": 2, "member of A as owner and of B as guest": 4, "outsider": 0,
                "anon": 0, "service": 4,
            }
            assert [row["org_id"] for row in two.rows("notes", "A")] == [two.keys["A"]] * 2
            with pytest.raises(MigrateValidateError, match="nobody is called 'the king'"):
                two.acting_as("the king")

        def test_declared(migrated_db, tenants):
            with pytest.raises(MigrateValidateError, match="root names public.nowhere, which the migrated schema"):
                tenants(migrated_db, root="public.nowhere")
            assert tenants(migrated_db, root="").kind == "person"

        def test_acting_as(migrated_db, acting_as):
            before = migrated_db.execute("select current_user").fetchone()
            with acting_as(migrated_db, "authenticated", sub="00000000-0000-4000-8000-000000000001"):
                assert count(migrated_db) == 0
                assert migrated_db.execute("select auth.role()").fetchone() == ("authenticated",)
            assert migrated_db.execute("select current_user").fetchone() == before
        """
    )
    result = run(pytester, "--migrations=db", "test_tenants_and_acting_as.py", "-k", "tenants or declared or acting")
    result.assert_outcomes(passed=3, deselected=result.parseoutcomes().get("deselected", 0))


def test_no_tenants(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", {"001_weather.sql": "create table weather (day date primary key);"})
    pytester.makepyfile("def test_it(migrated_db, tenants):\n    tenants(migrated_db)\n")
    result = run(pytester, "--migrations=db", "test_no_tenants.py", "-k", "test_it")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines(["*no tenants can be made: no tenancy: no table of people was found*"])
