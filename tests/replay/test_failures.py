"""What a failure says: where, what, and what PostgreSQL says of it."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import Server
from tests.replay.chains import failure_of, only, query, replayed, timeline, write


def test_the_place_is_that_of_the_error_inside_of_the_statement(server: Server, tmp_path: Path) -> None:
    text = "-- before\ncreate table t (id int);\n\n  select id,\n         ünknown\n  from t;\n"
    failure = failure_of(only(server, tmp_path, text))
    assert str(failure.location) == "001_only.sql:5:10"
    assert failure.sqlstate == "42703"
    assert failure.statement == "select id,\n         ünknown\n  from t"


def test_the_place_on_the_first_line_counts_from_the_statement(server: Server, tmp_path: Path) -> None:
    failure = failure_of(only(server, tmp_path, "select 1; select 'é', nix;"))
    assert str(failure.location) == "001_only.sql:1:23"


def test_detail_hint_and_names(server: Server, tmp_path: Path) -> None:
    text = "create table t (id int constraint only_one unique);\ninsert into t values (1), (1);"
    failure = failure_of(only(server, tmp_path, text))
    assert failure.sqlstate == "23505"
    assert failure.detail == "Key (id)=(1) already exists."
    assert (failure.schema, failure.table, failure.constraint) == ("public", "t", "only_one")
    assert str(failure.location) == "001_only.sql:2:1"
    raised = "do $$ begin raise 'so what' using hint = 'Do this.', detail = 'Because.', errcode = 'P0042'; end $$"
    failure = failure_of(only(server, tmp_path, raised))
    assert (failure.message, failure.hint, failure.detail) == ("so what", "Do this.", "Because.")
    assert failure.sqlstate == "P0042"
    assert "inline_code_block line 1 at RAISE" in (failure.context or "")


def test_what_the_grammar_refuses_the_server_judges(server: Server, tmp_path: Path) -> None:
    failure = failure_of(only(server, tmp_path, "select 1;\ncreate tabel x ();"))
    assert (failure.sqlstate, str(failure.location)) == ("42601", "001_only.sql:2:8")
    assert failure.message == 'syntax error at or near "tabel"'


def test_copy_reads_the_rows_that_follow(server: Server, tmp_path: Path) -> None:
    text = "create table t (id int, name text);\ncopy t (id, name) from stdin;\n1\tone\n2\t\\N\n\\.\nselect 1;"
    with replayed(server, tmp_path, {"001_only.sql": text}) as replay:
        assert query(replay, "select string_agg(id || coalesce(name, '?'), ',' order by id) from t") == "1one,2?"
        assert replay.timeline.steps[0].run.statements[1].rows == 2
        assert replay.timeline.steps[0].run.rows_after == {"public.t": 2}


def test_a_wrong_row_is_named_by_its_line(server: Server, tmp_path: Path) -> None:
    text = "create table t (id int);\ncopy t\n  from stdin;\n1\n2\ntwo\n\\.\n"
    failure = failure_of(only(server, tmp_path, text))
    assert failure.sqlstate == "22P02"
    assert str(failure.location) == "001_only.sql:6"
    assert 'COPY t, line 3, column id: "two"' in (failure.context or "")


def test_what_is_copied_out_goes_nowhere(server: Server, tmp_path: Path) -> None:
    text = "copy (select generate_series(1, 1000)) to stdout;\ncopy (select 1) to '/dev/null'; -- stdout\nselect 1;"
    run = only(server, tmp_path, text)
    assert (run.outcome, len(run.statements)) == ("applied", 3)
    assert run.statements[0].rows == 1000
    bad = failure_of(only(server, tmp_path, "select 1;\ncopy nowhere to stdout;"))
    assert (bad.sqlstate, bad.location.line) == ("42P01", 2)


def test_an_included_file_is_applied_and_blamed(server: Server, tmp_path: Path) -> None:
    write(tmp_path, {"parts/types.sql": "create type mood as enum ('sad');\nselect nix;"})
    failure = failure_of(only(server, tmp_path, "\\i parts/types.sql\nselect 1;"))
    assert str(failure.location) == "parts/types.sql:2:8"


def test_a_meta_command_is_refused_by_name_and_line(server: Server, tmp_path: Path) -> None:
    run = only(server, tmp_path, "create table t ();\n\\gexec\n")
    failure = failure_of(run)
    assert "\\gexec is refused" in failure.message
    assert str(failure.location).startswith("001_only.sql:2")
    assert failure.sqlstate is None
    assert run.statements == ()


def test_bytes_that_are_no_text(server: Server, tmp_path: Path) -> None:
    failure = failure_of(only(server, tmp_path, b"select 'caf\xe9';"))
    assert failure.message == "it is not UTF-8: 0xe9 at byte 11, line 1; save it as UTF-8"
    failure = failure_of(only(server, tmp_path, b"select 1;\nselect '\0';"))
    assert failure.message == "it holds a NUL byte at byte 18, line 2: it is no text"


def test_unusual_text_arrives_as_written(server: Server, tmp_path: Path) -> None:
    text = '\ufeffcreate table "t%s 😀" (c text);\r\n'
    text += "insert into \"t%s 😀\" values (E'\\x41\\u00e9'), ('50% {x} \x01');\r\n"
    with replayed(server, tmp_path, {"001_only.sql": text}) as replay:
        assert query(replay, "select string_agg(c, '|') from \"t%s 😀\"") == "Aé|50% {x} \x01"


def test_notices_belong_to_their_statement(server: Server, tmp_path: Path) -> None:
    text = "do $$ begin raise notice 'one'; raise warning 'two'; end $$;\nselect 1;\ndrop table if exists nix;"
    run = only(server, tmp_path, text)
    assert [statement.notices for statement in run.statements] == [
        ("one", "two"),
        (),
        ('table "nix" does not exist, skipping',),
    ]


def test_what_was_dropped_along_is_told_from_other_notices(server: Server, tmp_path: Path) -> None:
    objects = "create table a (); create view b as select from a; create view c as select from a;"
    text = f"""{objects} drop table a cascade;
{objects} drop view b; drop table if exists a, nix cascade; create table d ();
do $$ begin raise notice 'drop cascades to nothing'; drop table if exists nix; end $$;"""
    run = only(server, tmp_path, text)
    told = [(len(statement.notices), statement.cascades) for statement in run.statements if statement.notices]
    assert told == [(1, 1), (2, 1), (2, 0)]


def test_the_database_of_the_run_cannot_be_dropped(server: Server, tmp_path: Path) -> None:
    text = "select 1;\ndo $$ begin execute format('drop database %I', current_database()); end $$;"
    failure = failure_of(only(server, tmp_path, text))
    assert failure.sqlstate == "25001"


def test_roles_that_are_changed(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_role.sql": "create role mv_changed login; alter role mv_changed set search_path = nowhere;",
        "002_drop.sql": "drop role mv_changed;",
    }
    assert timeline(server, tmp_path, files).complete


def test_an_empty_file_is_applied(server: Server, tmp_path: Path) -> None:
    run = only(server, tmp_path, "-- nothing yet\n")
    assert (run.outcome, run.total_statements) == ("applied", 0)
