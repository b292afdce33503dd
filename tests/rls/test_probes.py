"""Statements that are run as somebody: what comes back, and that nothing stays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server
from tests.rls.scene import NOTE, ORG, Scene, probes, scene

ANON = probes.Acting("anon", {"search_path": "public, extensions"})


@pytest.fixture(scope="module")
def stage(server: Server) -> Iterator[Scene]:
    """The correct schema."""
    with scene(server) as opened:
        yield opened


def test_a_statement_is_run_as_the_role_with_its_settings(stage: Scene) -> None:
    prober = probes.Prober(stage.connection)
    member = stage.acting["member of A as member"]
    query = "SELECT jsonb_build_array(current_user, session_user <> current_user, auth.uid())::text"
    told = prober.one(member, probes.Probe(query, returns=True)).told
    assert told == ["authenticated", True, "aaaaaaaa-0000-4000-8000-0000000000a2"]
    row = stage.connection.execute("SELECT current_user = session_user").fetchone()
    assert row == (True,)


def test_nothing_stays(stage: Scene) -> None:
    prober = probes.Prober(stage.connection)
    count = "SELECT count(*)::text FROM public.notes"
    outcome = prober.one(stage.acting["member of A as owner"], probes.Probe("DELETE FROM notes", look=count))
    assert (outcome.done, outcome.affected, outcome.looked) == (True, 1, 1)
    assert stage.connection.execute(count.encode()).fetchone() == ("2",)


def test_what_the_actor_sees_afterwards(stage: Scene) -> None:
    prober = probes.Prober(stage.connection)
    then = "SELECT count(*)::text FROM notes"
    probe = probes.Probe("DELETE FROM notes", then=then, before=f"DELETE FROM notes WHERE id = '{NOTE['B']}'")
    outcome = prober.one(stage.acting["member of A as owner"], probe)
    assert (outcome.affected, outcome.shown) == (1, 0)


def test_a_constraint_says_that_policies_let_it_through_and_42501_that_they_did_not(stage: Scene) -> None:
    prober = probes.Prober(stage.connection)
    owner = stage.acting["member of A as owner"]
    twice = "INSERT INTO notes (id, org_id, body) VALUES ('{}', '{}', 'x')"
    own, foreign = prober.run(owner, [probes.Probe(twice.format(NOTE[side], ORG[side])) for side in ("A", "B")])
    assert (own.sqlstate, own.let_through) == ("23505", True)
    assert (foreign.sqlstate, foreign.let_through) == ("42501", False)


def test_errors_inside_functions_name_them(stage: Scene) -> None:
    stage.connection.execute(
        "CREATE FUNCTION pg_temp.fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    outcome = probes.Prober(stage.connection).one(ANON, probes.Probe("SELECT pg_temp.fails()"))
    assert outcome.sqlstate == "P0001"
    assert "fails()" in outcome.context
    assert "mv_probe" not in outcome.context


def test_what_sleeps_is_stopped_and_the_others_are_run(stage: Scene) -> None:
    prober = probes.Prober(stage.connection, timeout=0.3)
    started = time.monotonic()
    texts = ["SELECT 'a'", "SELECT pg_sleep(30)", "SELECT 'b'", "SELECT pg_sleep(30)", "SELECT 'c'"]
    outcomes = prober.run(ANON, [probes.Probe(text) for text in texts])
    assert [each.sqlstate for each in outcomes] == [None, "57014", None, "57014", "57014"]
    assert outcomes[-1].message == "not tried: others took too long"
    assert time.monotonic() - started < 5


def test_a_thousand_probes_take_less_than_three_seconds(stage: Scene) -> None:
    prober = probes.Prober(stage.connection, timeout=30)
    member = stage.acting["member of A as member"]
    started = time.monotonic()
    prober.run(member, [probes.Probe("UPDATE notes SET body = 'x'")] * 1000)
    assert time.monotonic() - started < 3
