"""The state before a migration can be had again and again, and is never changed by what is tried in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_validate.catalog.diff import compare
from migrate_validate.chain.model import Script
from migrate_validate.config import Settings
from migrate_validate.postgres import Database, Server, ServerOptions, open_server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from migrate_validate.replay.stages import Stage, Stages
from migrate_validate.replay.timeline import Outcome
from migrate_validate.replay.trial import StageLost, Trial
from tests.replay.chains import FAST, chain_at, seeded

Files = dict[str, str | bytes]


@contextlib.contextmanager
def stages_of(server: Server, folder: Path, files: Files, settings: Settings = FAST) -> Iterator[tuple[Stages, Replay]]:
    """The stages of these files, on another server of the same major version."""
    chain = chain_at(folder, files, settings)
    replay = replay_chain(chain, settings, server, ENVIRONMENTS["plain"])

    @contextlib.contextmanager
    def start() -> Iterator[Database]:
        with open_server(ServerOptions(major=server.version // 10000)) as other:
            yield other.create_database("stages")

    stages = Stages(chain, settings, ENVIRONMENTS["plain"], start)
    try:
        with replay.database:
            yield stages, replay
    finally:
        stages.close()


def script(folder: Path, text: str) -> Script:
    """A script that is no part of the chain."""
    return Script(folder / "extra.sql", "extra.sql", text)


def count(trial: Trial, table: str = "t") -> int:
    """The rows of a table."""
    row = trial.connection.execute(f"select count(*) from {table}".encode()).fetchone()
    return int(row[0]) if row else -1


FILES: Files = {
    "001_table.sql": "create table t (id int generated always as identity primary key, n int);",
    "002_rows.sql": "insert into t (n) values (1), (2);",
    "003_more.sql": "alter table t add column late text; insert into t (n) values (3);",
}


def test_a_trial_sees_the_state_before_and_changes_nothing(server: Server, tmp_path: Path) -> None:
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        third = stages.before(replay.timeline.steps[2])
        for clone in (False, True, False):
            with third.trial(third.migration.up, clone=clone) as trial:
                assert (trial.database is not None) is clone
                before = trial.catalog()
                assert count(trial) == 2
                run = trial.apply(third.migration.up)
                assert run.failure is None, run.failure
                assert [each.rows for each in run.statements] == [None, 1]
                assert count(trial) == 3
                assert trial.connection.execute("select max(id) from t").fetchone() == (3,)
                after = trial.catalog()
                assert after != before
                assert after.table("public.t") != before.table("public.t")
        with pytest.raises(ZeroDivisionError), third.trial() as trial:
            print(1 / (count(trial) - 2))
        with third.trial() as trial:
            assert trial.catalog() == before


def test_a_look_back_begins_anew(server: Server, tmp_path: Path) -> None:
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        for index, rows in ((2, 2), (1, 0), (2, 2)):
            with stages.before(replay.timeline.steps[index]).trial() as trial:
                assert count(trial) == rows


def test_what_fails_can_be_followed_by_more(server: Server, tmp_path: Path) -> None:
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        for clone in (False, True):
            with stages.before(replay.timeline.steps[2]).trial(clone=clone) as trial:
                run = trial.apply(script(tmp_path, "insert into t (n) values (9);\nselect 1 / 0;"))
                assert run.outcome is Outcome.FAILED
                assert run.failure is not None
                assert str(run.failure.location) == "extra.sql:2:1"
                assert count(trial) == 2
                assert trial.apply(script(tmp_path, "insert into t (n) values (9);")).outcome is Outcome.APPLIED
                assert count(trial) == 3


def test_settings_and_temporary_tables_do_not_outlive_a_script(server: Server, tmp_path: Path) -> None:
    text = "set search_path = nowhere; create temp table scratch (); set role pg_monitor; set statement_timeout = 0;"
    look = """do $$ begin
        assert current_setting('search_path') = '"$user", public', current_setting('search_path');
        assert current_setting('statement_timeout') = '20s', current_setting('statement_timeout');
        assert current_user = session_user and to_regclass('pg_temp.scratch') is null;
    end $$;"""
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        for clone in (False, True):
            with stages.before(replay.timeline.steps[1]).trial(clone=clone) as trial:
                assert trial.apply(script(tmp_path, text)).outcome is Outcome.APPLIED
                run = trial.apply(script(tmp_path, look))
                assert run.failure is None, run.failure


def test_what_cannot_be_one_transaction_gets_a_copy(server: Server, tmp_path: Path) -> None:
    files = FILES | {"003_more.sql": "create index concurrently t_n on t (n);"}
    with stages_of(server, tmp_path, files) as (stages, replay):
        third = stages.before(replay.timeline.steps[2])
        with third.trial(third.migration.up) as trial:
            assert trial.database is not None
            assert trial.apply(third.migration.up).outcome is Outcome.APPLIED


def test_roles_can_be_made_again(server: Server, tmp_path: Path) -> None:
    name = f"mv_stage_{server.version}"
    files = FILES | {"002_rows.sql": f"create role {name}; grant select on t to {name};"}
    try:
        with stages_of(server, tmp_path, files) as (stages, replay):
            second = stages.before(replay.timeline.steps[1])
            for clone in (True, False, True):
                with second.trial(clone=clone) as trial:
                    assert trial.apply(second.migration.up).outcome is Outcome.APPLIED
            with stages.before(replay.timeline.steps[2]).trial() as trial:
                assert trial.connection.execute("select from pg_roles where rolname = %s", [name]).fetchone() == ()
    finally:
        with server.connect("postgres") as connection:
            connection.execute(f"drop role if exists {name}".encode())


def test_roles_are_on_the_server_what_they_were_before_a_copy(server: Server, tmp_path: Path) -> None:
    files: Files = {
        "001_roles.sql": "create role app; create role old; create role lost login; create role staff;\n"
        "grant staff to old with admin option; comment on role app is 'who comes from outside';",
        "002_later.sql": "select 1;",
    }
    damage = """
        grant staff to app; revoke staff from old; alter role app login createdb connection limit 3;
        comment on role app is 'other'; alter role old rename to new; alter role app set work_mem = '8MB';
        drop role lost; create role made; grant made to app
    """
    try:
        with stages_of(server, tmp_path, files) as (stages, replay):
            stage = stages.before(replay.timeline.steps[1])
            with stage.trial() as trial:
                before = trial.catalog()
            for clone in (True, True, False):
                with stage.trial(clone=clone) as trial:
                    assert not compare(before, trial.catalog())
                    trial.connection.execute(damage)
                    assert trial.catalog() != before
    finally:
        with server.connect("postgres") as connection:
            connection.execute("drop role if exists app, old, lost, staff")


def test_seeds_that_come_before_a_migration_are_there(server: Server, tmp_path: Path) -> None:
    files = FILES | {"early.sql": "insert into t (n) values (7);"}
    with stages_of(server, tmp_path, files, seeded(early="002")) as (stages, replay):
        with stages.before(replay.timeline.steps[1]).trial() as trial:
            assert count(trial) == 1
        with stages.before(replay.timeline.steps[2]).trial() as trial:
            assert count(trial) == 3


def test_a_migration_that_failed_has_a_state_before_it_and_none_after(server: Server, tmp_path: Path) -> None:
    files = FILES | {"002_rows.sql": "select 1 / 0;"}
    with stages_of(server, tmp_path, files) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        with second.trial(second.migration.up) as trial:
            assert trial.apply(second.migration.up).outcome is Outcome.FAILED
        third = stages.before(replay.timeline.steps[2])
        for _ in range(2):
            with pytest.raises(StageLost, match=r"^002_rows.sql could not be applied a second time"), third.trial():
                pass


def test_a_session_that_is_lost_is_replaced(server: Server, tmp_path: Path) -> None:
    ends = script(tmp_path, "select pg_terminate_backend(pg_backend_pid());")
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        for clone in (False, True):
            with second.trial(ends, clone=clone) as trial:
                assert trial.apply(ends).outcome is Outcome.FAILED
                assert trial.connection.closed
            with second.trial() as trial:
                assert count(trial) == 0


def test_what_is_found_in_a_transaction_is_looked_at_again_on_a_copy(server: Server, tmp_path: Path) -> None:
    places: list[bool] = []

    def examine(stage: Stage, finds: bool) -> tuple[str, ...]:
        def examination(trial: Trial) -> Iterator[str]:
            places.append(trial.database is not None)
            if finds:
                yield "found"

        return stage.examine([stage.migration.up], examination)

    with stages_of(server, tmp_path, FILES) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        assert examine(second, finds=False) == ()
        assert examine(second, finds=True) == ("found",)
    assert places == [False, False, True]
