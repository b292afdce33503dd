"""What is found by whom: a correct schema with one fault each."""

from __future__ import annotations

import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.rls.scene import probes, scene

NOTES = "public.notes"
MEMBERS = "public.members"
ORGS = "public.orgs"
READ = "CREATE POLICY r ON notes FOR SELECT TO authenticated USING (org_id IN (SELECT my_orgs()));"
TABLE_OF = "RETURNS SETOF notes LANGUAGE sql SECURITY DEFINER SET search_path = ''"


def everybody(rule: str, name: str) -> set[tuple[str, str, str]]:
    return {(rule, name, kind) for kind in ("member", "outsider")}


FAULTS = {
    "open to read": (
        "CREATE POLICY x ON notes FOR SELECT USING (true)",
        everybody("cross-tenant-read", NOTES) | {("anonymous-read", NOTES, "anon")},
    ),
    "blind delete behind a policy for select": (
        "CREATE POLICY x ON notes FOR DELETE TO authenticated USING (true)",
        everybody("cross-tenant-write", NOTES),
    ),
    "blind update": (
        "CREATE POLICY x ON notes FOR UPDATE TO authenticated USING (true) WITH CHECK (true)",
        everybody("cross-tenant-write", NOTES) | {("row-moved", NOTES, "member")},
    ),
    "taking over": (
        "CREATE POLICY x ON notes FOR UPDATE TO authenticated USING (true) WITH CHECK (org_id IN (SELECT my_orgs()))",
        {("cross-tenant-write", NOTES, "member")},
    ),
    "moving": (
        f"DROP POLICY notes_all ON notes; {READ} CREATE POLICY u ON notes FOR UPDATE TO authenticated "
        "USING (org_id IN (SELECT my_orgs())) WITH CHECK (true)",
        {("row-moved", NOTES, "member")},
    ),
    "author only": (
        "CREATE POLICY x ON notes FOR INSERT TO authenticated WITH CHECK (author = auth.uid())",
        everybody("cross-tenant-insert", NOTES),
    ),
    "joining": (
        "CREATE POLICY x ON members FOR INSERT TO authenticated WITH CHECK (user_id = auth.uid())",
        everybody("cross-tenant-insert", MEMBERS),
    ),
    "own role": (
        "CREATE POLICY x ON members FOR UPDATE TO authenticated USING (user_id = auth.uid()) "
        "WITH CHECK (user_id = auth.uid() AND org_id IN (SELECT my_orgs()))",
        {("privilege-escalation", MEMBERS, "member"), ("privilege-escalation", MEMBERS, "both")},
    ),
    "view of its owner": (
        "CREATE VIEW v AS SELECT id, body FROM notes; REVOKE ALL ON v FROM anon, authenticated; "
        "GRANT SELECT ON v TO authenticated",
        everybody("cross-tenant-read", "public.v"),
    ),
    "materialized view": (
        "CREATE MATERIALIZED VIEW v AS SELECT 'canary-B-note'::text AS body; REVOKE ALL ON v FROM anon, authenticated; "
        "GRANT SELECT ON v TO anon",
        {("anonymous-read", "public.v", "anon")},
    ),
    "function that reads": (
        f"CREATE FUNCTION f(p_org_id uuid) {TABLE_OF} AS 'SELECT * FROM public.notes WHERE org_id = p_org_id'; "
        "REVOKE EXECUTE ON FUNCTION f FROM PUBLIC, anon",
        everybody("cross-tenant-read", "public.f"),
    ),
    "function whose guard lets those without a name through": (
        f"CREATE FUNCTION f(p_org_id uuid) {TABLE_OF} AS 'SELECT * FROM public.notes WHERE org_id = p_org_id "
        "AND (auth.uid() IS NULL OR org_id IN (SELECT public.my_orgs()))'",
        {("anonymous-read", "public.f", "anon")},
    ),
    "function that deletes": (
        "CREATE FUNCTION f(p_note_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' "
        "AS 'DELETE FROM public.notes WHERE id = p_note_id'; REVOKE EXECUTE ON FUNCTION f FROM PUBLIC, anon",
        everybody("cross-tenant-write", "public.f"),
    ),
    "recursion": (
        "CREATE POLICY x ON members FOR SELECT TO authenticated "
        "USING (EXISTS (SELECT FROM members m WHERE m.org_id = members.org_id))",
        {("policy-error", MEMBERS, kind) for kind in ("member", "both", "outsider")},
    ),
    "helper that may not be called": (
        "REVOKE EXECUTE ON FUNCTION owned_orgs() FROM authenticated",
        {("policy-error", MEMBERS, kind) for kind in ("member", "both", "outsider")},
    ),
    "open to those without a name": (
        "CREATE POLICY x ON orgs FOR UPDATE TO anon USING (true)",
        {("anonymous-write", "public.orgs", "anon")},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(server: Server, name: str) -> None:
    change, expected = FAULTS[name]
    with scene(server, change) as stage:
        assert stage.breaches() == expected


def test_a_tenant_of_its_own_may_be_added_and_is_nobody_elses(server: Server) -> None:
    with scene(server, "CREATE POLICY x ON orgs FOR INSERT TO authenticated WITH CHECK (true)") as stage:
        found = stage.examined()
    assert found.breaches == ()
    words = {each.identity: each.word for each in found.accesses if (each.object, each.command) == (ORGS, "INSERT")}
    assert words["member of A as member"] == "own"
    assert words["anon"] == "none"


LOGGED = """
CREATE TABLE log (org_id uuid NOT NULL); ALTER TABLE log ENABLE ROW LEVEL SECURITY;
REVOKE TRUNCATE ON log FROM anon, authenticated;
CREATE FUNCTION first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO public.log VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER first AFTER INSERT ON orgs FOR EACH ROW EXECUTE FUNCTION first();
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql {rights} AS $$ BEGIN {body} RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION noted();
"""
READS = "IF NOT EXISTS (SELECT FROM public.log WHERE org_id = NEW.org_id) THEN RAISE 'none'; END IF;"
WRITES = "INSERT INTO public.log VALUES (NEW.org_id);"
REFUSES = "IF auth.uid() IS NOT NULL THEN RAISE 'not now'; END IF;"


@pytest.mark.parametrize(
    ("body", "rights", "warned"),
    [
        (READS, "", True),
        (WRITES, "", True),
        (READS, "SECURITY DEFINER", False),
        (WRITES, "SECURITY DEFINER", False),
        (REFUSES, "", False),
    ],
)
def test_a_trigger_that_fails_because_of_policies_is_warned_of(
    server: Server, body: str, rights: str, warned: bool
) -> None:
    with scene(server, LOGGED.format(body=body, rights=rights)) as stage:
        found = stage.examined().breaches
    # An outsider has no row to add, and who is not asked for at all is stopped by the table's own policies.
    expected = {("policy-error", NOTES, kind, "noted", Severity.WARNING) for kind in ("member", "both")}
    assert {(each.rule, each.object, each.identity.kind, each.trigger, each.severity) for each in found} == (
        expected if warned else set()
    )


def test_the_correct_schema_has_none(server: Server) -> None:
    with scene(server) as stage:
        found = stage.examined()
    assert found.breaches == ()
    assert found.unproven == {}
    words = {(each.object, each.command, each.identity): each.word for each in found.accesses}
    assert words[NOTES, "SELECT", "member of A as member"] == "own"
    assert words[NOTES, "DELETE", "anon"] == "none"
    assert words[MEMBERS, "INSERT", "member of A as member"] == "none"
    assert words[MEMBERS, "INSERT", "member of A as owner"] == "own"
    assert words[NOTES, "TRUNCATE", "anon"] == "others"


def test_a_view_for_whoever_asks_and_a_guarded_function_are_none(server: Server) -> None:
    guarded = (
        f"CREATE FUNCTION f(p_org_id uuid) {TABLE_OF} AS 'SELECT * FROM public.notes WHERE org_id = p_org_id "
        "AND org_id IN (SELECT public.my_orgs())'; REVOKE EXECUTE ON FUNCTION f FROM PUBLIC, anon; "
        "CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM notes"
    )
    with scene(server, guarded) as stage:
        assert stage.breaches() == set()


def test_where_nobody_sees_a_row_of_its_own_nothing_is_proven(server: Server) -> None:
    with scene(server, "ALTER POLICY notes_all ON notes USING (org_id IN (SELECT my_orgs()) AND body = 'x')") as stage:
        found = stage.examined()
    assert found.breaches == ()
    assert found.unproven == {
        NOTES: "nobody sees a row of its own there, so that others see none proves nothing",
    }


def test_a_table_that_is_closed_to_all_needs_no_control(server: Server) -> None:
    with scene(server, "DROP POLICY notes_all ON notes") as stage:
        assert stage.examined().unproven == {}


def test_a_policy_that_sleeps_is_an_error_and_leaves_the_rest_unproven(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "TIMEOUT", 0.5)
    with scene(server, "CREATE POLICY x ON notes FOR SELECT TO authenticated USING (pg_sleep(60) IS NULL)") as stage:
        found = stage.examined()
    assert {(each.rule, each.object) for each in found.breaches} == {("policy-error", NOTES)}
    assert "time ran out" in found.unproven[NOTES]


def test_truncate_is_told_where_it_was_granted_and_not_by_default(server: Server) -> None:
    no_more = "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE TRUNCATE ON TABLES FROM anon, authenticated"
    with scene(server, no_more) as stage:
        assert ("anonymous-write", NOTES, "anon") in stage.breaches()


def test_who_can_draw_read_and_set_a_sequence_is_in_the_matrix_and_nothing_is_done_to_it(server: Server) -> None:
    made = (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM anon, authenticated; "
        "CREATE SEQUENCE numbers START 7; GRANT USAGE ON SEQUENCE numbers TO authenticated; "
        "CREATE SEQUENCE all_numbers; GRANT ALL ON SEQUENCE all_numbers TO authenticated; CREATE SEQUENCE none_numbers"
    )
    with scene(server, made) as stage:
        found = stage.examined()
        after = stage.connection.execute("SELECT last_value, is_called FROM numbers").fetchone()
    words = {(each.object, each.identity): each.word for each in found.accesses if each.command == "USAGE"}
    assert after == (7, False)
    assert words["public.numbers", "member of A as member"] == "nextval, currval"
    assert words["public.numbers", "anon"] == "-"
    assert words["public.all_numbers", "outsider"] == "nextval, currval, setval, read"
    assert "public.none_numbers" not in {name for name, _ in words}
    assert {(each.rule, each.object) for each in found.breaches} == {("cross-tenant-write", "public.all_numbers")}


def test_a_procedure_that_ends_transactions_is_unproven(server: Server) -> None:
    made = (
        "CREATE PROCEDURE ends(n int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN COMMIT; END'; "
        "CREATE PROCEDURE raises(n int) LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'"
    )
    with scene(server, made) as stage:
        found = stage.examined()
    words = {(each.object, each.identity): each.word for each in found.accesses if each.command == "EXECUTE"}
    assert found.unproven == {
        "public.ends()": "it ends transactions itself, and cannot be tried in one that is taken back"
    }
    assert words["public.raises()", "anon"] == "error P0001"
