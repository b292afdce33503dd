"""One transaction a file, unless the file wants it otherwise; nothing of a session is left to the next file."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import TransactionMode
from migrate_validate.postgres import Server
from tests.replay.chains import failure_of, only, outcomes, query, replayed, timeline


def test_a_failure_takes_its_whole_file_back(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_first.sql": "create table kept (id int primary key);",
        "002_second.sql": "insert into kept values (1);\ncreate table gone ();\nselect 1 / 0;\nselect 2;",
        "003_third.sql": "create table never ();",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "failed", "not-reached"]
        assert query(replay, "select array_agg(tablename::text) from pg_tables where schemaname = 'public'") == ["kept"]
        assert query(replay, "select count(*) from kept") == 0
        second = replay.timeline.steps[1]
        assert second.applied_before == ("001_first.sql",)
        assert [run.statement.kind for run in second.run.statements] == ["insert", "create"]
        assert second.run.total_statements == 4
        assert failure_of(second.run).sqlstate == "22012"
        assert not replay.timeline.migrated


def test_a_file_that_writes_begin_keeps_what_it_committed(server: Server, tmp_path: Path) -> None:
    text = "begin;\ncreate table one ();\ncommit;\nbegin;\ncreate table two ();\nselect 1 / 0;\ncommit;"
    with replayed(server, tmp_path, {"001_only.sql": text}) as replay:
        run = replay.timeline.steps[0].run
        assert run.mode is TransactionMode.OWN
        assert run.mode_reason == "it writes BEGIN itself (line 1)"
        assert query(replay, "select array_agg(tablename::text) from pg_tables where schemaname = 'public'") == ["one"]


def test_a_file_that_ends_inside_its_transaction_fails(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"001_a.sql": "begin;\ncreate table one ();", "002_b.sql": "select 1;"}
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["failed", "not-reached"]
        failure = failure_of(replay.timeline.steps[0].run)
        assert (
            failure.message == "the file ends inside a transaction that it opened: nothing since its last BEGIN is kept"
        )
        assert failure.hint == "End the file with COMMIT."
        assert str(failure.location) == "001_a.sql:2:1"
        assert query(replay, "select count(*) from pg_tables where schemaname = 'public'") == 0


def test_what_cannot_run_in_a_transaction_runs_outside_of_one(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_table.sql": "create table t (id int); create type mood as enum ('sad'); create table m (mood mood);",
        "002_index.sql": "create index concurrently t_id on t (id);",
        "003_vacuum.sql": "vacuum analyze t;",
        "004_enum.sql": "alter type mood add value 'glad';\ninsert into m values ('glad');",
    }
    happened = timeline(server, tmp_path, files)
    assert outcomes(happened) == ["applied"] * 4
    modes = [step.run.mode for step in happened.steps]
    assert modes == [TransactionMode.FILE, *[TransactionMode.NONE] * 3]
    assert "CREATE INDEX CONCURRENTLY (line 1)" in happened.steps[1].run.mode_reason
    assert "used on line 2" in happened.steps[3].run.mode_reason


def test_a_label_whose_use_cannot_be_seen_is_tried_again_without_a_transaction(server: Server, tmp_path: Path) -> None:
    run = only(
        server,
        tmp_path,
        "create type mood as enum ('sad');\ncommit;\nbegin;\nalter type mood add value 'glad';\n"
        "select ('gl' || 'ad')::mood;\ncommit;",
    )
    assert failure_of(run).sqlstate == "55P04"  # Its own transactions are its own affair.
    files: dict[str, str | bytes] = {
        "001_type.sql": "create type mood as enum ('sad');",
        "002_use.sql": "alter type mood add value 'glad';\nselect ('gl' || 'ad')::mood;",
    }
    (tmp_path / "001_only.sql").unlink()
    step = timeline(server, tmp_path, files).steps[1]
    assert step.run.mode is TransactionMode.NONE
    assert step.run.mode_reason == "it uses an enum label in the transaction that added it"


def test_a_procedure_may_commit(server: Server, tmp_path: Path) -> None:
    text = """create table t (id int);
create procedure fill() language plpgsql as $$ begin insert into t values (1); commit; end $$;
call fill();"""
    with replayed(server, tmp_path, {"001_only.sql": text}) as replay:
        run = replay.timeline.steps[0].run
        assert (run.outcome, run.mode) == ("applied", TransactionMode.NONE)
        assert run.mode_reason == "it calls code that ends the transaction"
        assert query(replay, "select count(*) from t") == 1


def test_a_deferred_constraint_fails_at_the_commit(server: Server, tmp_path: Path) -> None:
    text = """create table p (id int primary key);
create table c (id int references p deferrable initially deferred);
insert into c values (1);"""
    run = only(server, tmp_path, text)
    failure = failure_of(run)
    assert (failure.sqlstate, failure.statement, str(failure.location)) == (
        "23503",
        "insert into c values (1)",
        "001_only.sql:3:1",
    )
    assert len(run.statements) == 3


def test_nothing_of_a_session_is_left_to_the_next_file(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_role.sql": "do $$ begin if not exists (select from pg_roles where rolname = 'mv_weak') then"
        " create role mv_weak; end if; end $$; create schema app; create table t (id int); insert into t values (1);",
        "002_path.sql": "set search_path = app; set statement_timeout = 0; create temp table scratch (id int);"
        " insert into scratch values (1); select pg_advisory_lock(7); prepare q as select 1;",
        "003_role.sql": "set role mv_weak;",
        "004_session.sql": "set session authorization mv_weak;",
        "005_dump.sql": "select pg_catalog.set_config('search_path', '', false); set row_security = off;",
        "006_look.sql": """create table found as select current_user::text as who, session_user::text as session,
  current_setting('search_path') as path, current_setting('statement_timeout') as timeout,
  to_regclass('pg_temp.scratch') is null as clean, (select count(*) from pg_prepared_statements
    where name !~ '^migrate_validate_') as prepared,
  (select count(*) from pg_locks where locktype = 'advisory') as advisory;""",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 6
        assert replay.timeline.steps[3].run.rows_after == {"public.t": 1}
        with replay.database.connect() as connection:
            found = connection.execute("select * from found").fetchone()
    assert found == (server.user, server.user, '"$user", public', "20s", True, 0, 0)


def test_settings_that_last_are_those_of_the_migration(server: Server, tmp_path: Path) -> None:
    run = only(
        server, tmp_path, "deallocate all;\nselect 1;\nset search_path = nowhere;\ncreate table pg_catalog_t ();"
    )
    assert failure_of(run).message == "no schema has been selected to create in"


def test_a_temporary_table_lives_as_long_as_its_file(server: Server, tmp_path: Path) -> None:
    text = "create temp table s as select 1 as id;\ncreate table kept as select * from s;\ndrop table s;"
    with replayed(server, tmp_path, {"001_only.sql": text}) as replay:
        assert query(replay, "select count(*) from kept") == 1
