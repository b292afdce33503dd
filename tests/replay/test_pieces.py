"""A script in pieces: each statement whatever becomes of the others, or only the first ones."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Statement
from migrate_validate.postgres import Server
from tests.replay.test_stages import Files, count, script, stages_of

FILES: Files = {
    "001_table.sql": "create table t (id int primary key, n int);\ninsert into t values (1, 1), (2, 2);",
    "002_more.sql": "select 1;",
}


def test_all_statements_that_fail_are_told(server: Server, tmp_path: Path) -> None:
    text = "create table t ();\ninsert into t values (3, 3);\nset search_path = nowhere;\nselect * from t;\nselect 1;"
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        for clone in (False, True):
            with second.trial(clone=clone) as trial:
                seen: list[Statement] = []
                failed = trial.each(script(tmp_path, text), seen.append)
                assert [str(why.location) for _, why in failed] == ["extra.sql:1:1", "extra.sql:4:15"]
                assert [why.sqlstate for _, why in failed] == ["42P07", "42P01"]
                assert [statement.kind for statement, _ in failed] == ["create", "select"]
                kinds = [statement.kind for statement in seen]
                assert kinds == ["create", "insert", "variable_set", "select", "select"]
                assert count(trial) == (2 if clone else 3), "what is one transaction is taken back on a copy"


def test_a_script_with_its_own_transactions_keeps_what_it_commits(server: Server, tmp_path: Path) -> None:
    text = (
        "begin;\ncreate table t ();\ninsert into t values (3, 3);\ncommit;\ncopy t from stdin;\n4\t4\n\\.\nselect 1/0;"
    )
    with (
        stages_of(server, tmp_path, FILES) as (stages, replay),
        stages.before(replay.timeline.steps[1]).trial(clone=True) as trial,
    ):
        failed = trial.each(script(tmp_path, text))
        assert [why.sqlstate for _, why in failed] == ["42P07", "22012"]
        assert count(trial) == 4


def test_only_the_first_statements(server: Server, tmp_path: Path) -> None:
    text = "insert into t values (3, 3);\nbegin;\ninsert into t values (4, 4);\ncommit;"
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        for statements, rows in ((0, 2), (1, 3), (3, 3), (4, 4)):
            with second.trial(clone=True) as trial:
                assert trial.interrupt(script(tmp_path, text), statements) is None
                assert count(trial) == rows


def test_an_index_is_interrupted_while_it_is_built(server: Server, tmp_path: Path) -> None:
    text = "set lock_timeout = 0;\ncreate index concurrently t_n on t (n);"
    with stages_of(server, tmp_path, FILES) as (stages, replay):
        second = stages.before(replay.timeline.steps[1])
        with second.trial(clone=True) as trial:
            why = trial.interrupt(script(tmp_path, text), 2, within=True)
            assert why is not None
            assert why.sqlstate == "55P03"
            (index,) = [index for index in trial.catalog().tables[0].indexes if index.name == "t_n"]
            assert not index.valid
        with second.trial(clone=True) as trial:
            assert trial.interrupt(script(tmp_path, text), 1, within=True) is None


def test_work_that_rules_share_is_done_once(server: Server, tmp_path: Path) -> None:
    done: list[int] = []

    def work() -> int:
        done.append(len(done))
        return done[-1]

    with stages_of(server, tmp_path, FILES) as (stages, replay):
        steps = replay.timeline.steps
        assert [stages.before(step).once("work", work) for step in (*steps, *steps)] == [0, 1, 0, 1]
    assert done == [0, 1]
