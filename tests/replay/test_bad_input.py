"""Scripts that behave badly: each gives a failure with its place, and what comes after it goes on."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.model import TransactionMode
from migrate_validate.config import Settings
from migrate_validate.postgres import Server
from migrate_validate.replay.timeline import Outcome
from tests.replay.chains import FAST, failure_of, query, replayed
from tests.replay.test_stages import FILES, Files, count, script, stages_of

reapply: Any = import_module("migrate_validate.checks.reapply")
SHORT = Settings(statement_timeout=0.4, lock_timeout=0.2)
MANY = 2000
LINE = "x" * 1000
COPY = "copy t from stdin;\n" + "".join(f"{n}\t{LINE}\n" for n in range(10_500)) + "\\.\n"
"""A little more than 10 MB."""

BAD = [
    pytest.param("select pg_sleep(60);", "the statement ran longer than 0.4 s and was stopped", id="waits"),
    pytest.param(
        "set statement_timeout = 0;\ndo $$ begin loop perform 1; end loop; end $$;",
        "the statement ran longer than 0.4 s and was stopped",
        id="loops without a limit",
    ),
    pytest.param("drop database nowhere;", 'database "nowhere" does not exist', id="drops a database"),
    pytest.param(
        "do $$ begin execute format('drop database %I', current_database()); end $$;",
        "DROP DATABASE cannot ",
        id="drops its database",
    ),
    pytest.param("drop table t;\nselect 1 / 0;", "division by zero", id="fails half way"),
    pytest.param("commit;\nbegin;\ndrop table t;", "the file ends inside a transaction", id="does not end it"),
    pytest.param("set role nobody_at_all;", 'role "nobody_at_all" does not exist', id="becomes nobody"),
    pytest.param(
        "select pg_terminate_backend(pg_backend_pid());", "terminating connection due to", id="kills its session"
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_down_script_that_behaves_badly_fails_and_the_next_trial_is_fine(
    server: Server, tmp_path: Path, text: str, message: str
) -> None:
    with stages_of(server, tmp_path, FILES, SHORT) as (stages, replay):
        third = stages.before(replay.timeline.steps[2])
        down = script(tmp_path, text)
        for clone in (False, True):
            with third.trial(third.migration.up, down, clone=clone) as trial:
                assert trial.apply(third.migration.up).outcome is Outcome.APPLIED
                run = trial.apply(down)
                assert message in failure_of(run).message
                if not trial.connection.closed:
                    assert count(trial) == 3
        with third.trial() as trial:
            assert count(trial) == 2


@pytest.mark.parametrize(
    "text", ["commit;\ndrop table t;", "rollback;\ndrop table t;", "begin;\ndrop table t;\ncommit;"]
)
def test_a_down_script_that_ends_the_transaction_ends_that_of_a_copy(server: Server, tmp_path: Path, text: str) -> None:
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        third = stages.before(replay.timeline.steps[2])
        down = script(tmp_path, text)
        with third.trial(third.migration.up, down) as trial:
            assert trial.database is not None
            trial.apply(third.migration.up)
            assert trial.apply(down).outcome is Outcome.APPLIED
            assert trial.catalog().table("public.t") is None
        with third.trial(third.migration.up) as trial:
            assert count(trial) == 2


def test_a_procedure_that_commits_is_refused_inside_of_a_trial(server: Server, tmp_path: Path) -> None:
    text = """create or replace procedure gone() language plpgsql as $$ begin drop table t; commit; end $$;
call gone();"""
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        third = stages.before(replay.timeline.steps[2])
        with third.trial() as trial:
            assert failure_of(trial.apply(script(tmp_path, text))).sqlstate == "2D000"
            assert count(trial) == 2
        with third.trial(clone=True) as trial:
            assert trial.apply(script(tmp_path, text)).mode is TransactionMode.NONE
            assert trial.catalog().table("public.t") is None


def test_the_database_that_we_work_from_cannot_be_dropped(server: Server, tmp_path: Path) -> None:
    files: Files = {"001_drop.sql": "drop database postgres with (force);"}
    with replayed(server, tmp_path, files) as replay:
        assert failure_of(replay.timeline.steps[0].run).message == "cannot drop a template database"


def test_a_file_of_many_statements(server: Server, tmp_path: Path) -> None:
    tables = "".join(f"create table t{n} (id int);\n" for n in range(MANY))
    files: Files = {"001_many.sql": tables, "002_wrong.sql": tables.replace("table t", "table u") + "select 1 / 0;"}
    with stages_of(server, tmp_path, files) as (stages, replay):
        first, second = replay.timeline.steps
        assert len(first.run.statements) == MANY
        assert failure_of(second.run).location.line == MANY + 1
        (finding,) = reapply.not_rerunnable(stages.before(first), FAST)
        assert f"({MANY} of {MANY} statements fail: lines 1, 2, 3" in finding.message


def test_ten_megabytes_of_rows(server: Server, tmp_path: Path) -> None:
    files: Files = {"001_table.sql": "create table t (id int, text text);", "002_rows.sql": COPY}
    assert len(COPY) > 10_000_000
    with stages_of(server, tmp_path, files) as (stages, replay):
        assert query(replay, "select count(*) from t") == 10_500
        assert replay.timeline.steps[1].run.statements[0].rows == 10_500
        (finding,) = reapply.rerun_changes_data(stages.before(replay.timeline.steps[1]), FAST)
        assert "adds 10500 rows to public.t (10500 before, 21000 after" in finding.message


def test_a_wrong_row_at_the_end_of_ten_megabytes(server: Server, tmp_path: Path) -> None:
    files: Files = {
        "001_table.sql": "create table t (id int, text text);",
        "002_rows.sql": COPY[:-3] + "two\tlast\n\\.\n",
    }
    with replayed(server, tmp_path, files, replace(FAST, statement_timeout=60)) as replay:
        failure = failure_of(replay.timeline.steps[1].run)
        assert (failure.sqlstate, failure.location.line) == ("22P02", 10_502)
        assert query(replay, "select count(*) from t") == 0
