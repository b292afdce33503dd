"""Down scripts that are worse than wrong, the rows that they meet, and when one is missing."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Severity, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from tests.replay.chains import FAST, write

RULES = {rule.name: rule for rule in Registry.load()}
SAMPLES = Path(__file__).parents[2] / "sample_migrations"
TABLE = "create table people (id integer generated always as identity primary key, name text not null, nick text);"

Files = dict[str, str | bytes]


@contextlib.contextmanager
def evaluated(server: Server, folder: Path, settings: Settings = FAST) -> Iterator[Evaluation]:
    """The chain in a folder, on a server of its own."""
    chain = read_chain(folder, settings, rootdir=folder)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        yield evaluation


def judged(server: Server, folder: Path, rule: str, files: Files) -> RuleResult:
    """What a rule says of ``002_change.sql``."""
    write(folder, {"001_people.sql": TABLE, **files})
    with evaluated(server, folder) as evaluation:
        return evaluation.evaluate(RULES[rule], "002_change.sql")


def change(up: str, down: str | bytes) -> Files:
    """One migration and its way back."""
    return {"002_change.sql": up, "002_change_down.sql": down}


INDEX = "create index people_name on people (name);"


BAD: dict[str, tuple[str | bytes, str, str]] = {
    "002": ("drop table t_002;\nselect pg_sleep(60);", ":2:1", "the statement ran longer than 0.5 s and was stopped"),
    "003": ("set statement_timeout = 0;\nselect pg_sleep(60);", ":2:1", "the statement ran longer than 0.5 s"),
    "004": ("select pg_terminate_backend(pg_backend_pid());", ":1:1", "terminating connection due to administrator"),
    "005": ("alter system set work_mem = '1MB';", ":1:1", "changes the settings of the server: it was not run"),
    "006": (b"drop table \xff;", "", "cannot be read: "),
    "007": ("drop table t_007; select 'open", ":1:26", "cannot be read: "),
    "008": ("drop table t_008; selekt;", ":1:19", "syntax error"),
}
"""By version: a down script, the place of what is wrong with it, and what is said."""


def test_a_bad_down_script_is_a_finding_and_the_run_goes_on(server: Server, tmp_path: Path) -> None:
    files: Files = {f"{version}_t.sql": f"create table t_{version} (id integer);" for version in (*BAD, "009")}
    files |= {f"{version}_t_down.sql": down for version, (down, _, _) in BAD.items()}
    write(tmp_path, {**files, "009_t_down.sql": "drop table t_009;"})
    started = time.monotonic()
    with evaluated(server, tmp_path, Settings(statement_timeout=0.5, lock_timeout=0.5)) as evaluation:
        for version, (_, place, message) in BAD.items():
            result = evaluation.evaluate(RULES["rollback-fails"], f"{version}_t.sql")
            (found,) = result.findings
            assert result.verdict is Verdict.FAILED
            assert message in found.message
            assert str(found.location) == f"{version}_t_down.sql{place}"
            assert evaluation.evaluate(RULES["rollback-loses-data"], f"{version}_t.sql").verdict is Verdict.SKIPPED
        assert evaluation.evaluate(RULES["rollback-fails"], "009_t.sql").verdict is Verdict.PASSED
    assert time.monotonic() - started < 20


def test_a_migration_that_fails_has_nothing_to_roll_back(server: Server, tmp_path: Path) -> None:
    result = judged(server, tmp_path, "rollback-leaves-trace", change("select 1 / 0;", "select 1;"))
    assert (result.verdict, result.reason) == (Verdict.SKIPPED, "the migration could not be applied")


def test_a_down_script_may_commit(server: Server, tmp_path: Path) -> None:
    down = "do $$ begin drop index people_name; commit; end $$;"
    assert judged(server, tmp_path, "rollback-leaves-trace", change(INDEX, down)).verdict is Verdict.PASSED


def test_a_role_is_a_trace(server: Server, tmp_path: Path) -> None:
    name = f"mv_rolled_back_{server.version}"
    files = change(f"create role {name};\ngrant select on people to {name};", f"revoke all on people from {name};")
    (found,) = judged(server, tmp_path, "rollback-leaves-trace", files).findings
    assert found.message.splitlines()[1:] == [f"  role {name}: extra"]
    assert found.evidence["made_by"] == "002_change.sql:1:1"
    assert found.fix == f"DROP ROLE {name};"


def test_a_membership_is_a_trace_in_every_try(server: Server, tmp_path: Path) -> None:
    files = change("grant readers to app;", "select 1;")
    files["001_people.sql"] = "create role readers; create role app;"
    (found,) = judged(server, tmp_path, "rollback-leaves-trace", files).findings
    assert "membership app in readers" in found.message
    assert found.evidence["made_by"] == "002_change.sql:1:1"


UNDONE = {
    "create materialized view mv as select 1 as x;": "DROP MATERIALIZED VIEW public.mv;",
    "create foreign table ft (a int) server sv;": "DROP FOREIGN TABLE public.ft;",
    "create procedure pr() language sql as 'select 1';": "DROP ROUTINE public.pr();",
    "alter table people add constraint named check (nick <> '');": "ALTER TABLE public.people DROP CONSTRAINT named;",
    "alter table people add born date;": "ALTER TABLE public.people DROP COLUMN born;",
    "alter table people rename nick to alias;": "ALTER TABLE public.people RENAME COLUMN alias TO nick;",
    "alter index people_pkey rename to pk;": "ALTER TABLE public.people RENAME CONSTRAINT pk TO people_pkey;",
    "alter index by_name rename to names;": "ALTER INDEX public.names RENAME TO by_name;",
    "alter policy p on people rename to q;": "ALTER POLICY q ON public.people RENAME TO p;",
    "alter table moved set schema aside;": "ALTER TABLE aside.moved SET SCHEMA public;",
    "alter function f() rename to g;": "ALTER FUNCTION public.g() RENAME TO f;",
}


def test_what_is_proposed_takes_back_what_was_made(server: Server, tmp_path: Path) -> None:
    base = f"""{TABLE} create table children () inherits (people); create index by_name on people (name);
        create policy p on people using (true); create schema aside; create table moved (id int);
        create function f() returns int language sql as 'select 1';
        create foreign data wrapper w; create server sv foreign data wrapper w;"""
    ups, fixes = list(UNDONE), list(UNDONE.values())
    files: Files = {"001_people.sql": base, **change("\n".join(ups), "select 1;")}
    found = judged(server, tmp_path / "proposed", "rollback-leaves-trace", files).findings
    assert sorted(each.fix for each in found) == sorted(fixes)
    repaired: Files = {"001_people.sql": base, **change("\n".join(ups), "\n".join(reversed(fixes)))}
    assert judged(server, tmp_path / "repaired", "rollback-leaves-trace", repaired).verdict is Verdict.PASSED


def test_an_order_of_columns_that_cannot_be_restored_is_an_info(server: Server, tmp_path: Path) -> None:
    files = change("alter table people drop column name;", "alter table people add column name text not null;")
    files["001_people.sql"] = "create table people (id integer, name text not null, nick text);"
    files["002_change_down.sql"] = (
        "alter table people add column name text;\nupdate people set name = '';\n"
        "alter table people alter column name set not null;"
    )
    (found,) = judged(server, tmp_path, "rollback-leaves-trace", files).findings
    assert found.severity is Severity.INFO
    assert "order of columns: have id, nick, name, want id, name, nick" in found.message


def test_generated_rows_are_there_before_the_migration(server: Server, tmp_path: Path) -> None:
    down = "drop index people_name; alter table people add constraint nobody check (length(name) > 10000);"
    result = judged(server, tmp_path, "rollback-fails", change(INDEX, down))
    (found,) = result.findings
    assert found.severity is Severity.ERROR
    assert 'check constraint "nobody" of relation "people" is violated by some row' in found.message


def test_rows_written_after_the_migration_only_warn(server: Server, tmp_path: Path) -> None:
    files = change("alter table people add column age integer not null;", "alter table people alter age type date;")
    files["002_change_down.sql"] = (
        "do $$ begin assert (select count(*) from people) = 0; end $$; alter table people drop column age;"
    )
    (found,) = judged(server, tmp_path, "rollback-fails", files).findings
    assert found.severity is Severity.WARNING
    assert "cannot take 002_change.sql back once rows were written after it: assertion failed" in found.message
    assert found.evidence["written"] == ["public.people"]


ADDED = change("alter table people add column age integer not null;", "alter table people drop column age;")


@pytest.mark.parametrize("severity", [{}, {"fails-on-data": "off"}])
def test_rows_that_a_migration_refuses_are_told_once(server: Server, tmp_path: Path, severity: dict[str, str]) -> None:
    """By fails-on-data; by the rules of rollback where that is off."""
    write(tmp_path, {"001_people.sql": TABLE, **ADDED})
    settings = replace(FAST, severity=severity)
    with evaluated(server, tmp_path, settings) as evaluation:
        lost, again = (
            evaluation.evaluate(RULES[name], "002_change.sql")
            for name in ("rollback-loses-data", "reapply-after-rollback-fails")
        )
    why = 'column "age" of relation "people" contains null values'
    told = "; fails-on-data tells it"
    empty = f"held no rows that could have been lost: 002_change.sql refuses generated rows: {why}"
    if severity:
        assert (lost.verdict, lost.reason) == (Verdict.UNPROVEN, f"public.people: it {empty}")
        assert (again.verdict, again.findings[0].severity) == (Verdict.WARNED, Severity.WARNING)
    else:
        assert (lost.verdict, lost.reason) == (Verdict.SKIPPED, f"public.people {empty}{told}")
        assert (again.verdict, again.reason) == (Verdict.SKIPPED, f"002_change.sql refuses rows: {why}{told}")


def test_what_only_a_lock_tells_of_is_found(server: Server, tmp_path: Path) -> None:
    down = """drop index people_name;
    do $$ begin
        execute 'alter table sec' || 'rets drop column word';
        execute 'alter table sec' || 'rets add column word text';
    end $$;"""
    files = change(INDEX, down)
    secrets = "create table secrets (id integer primary key, word text); insert into secrets values (1, 'sesame');"
    files["001_people.sql"] = TABLE + secrets
    (found,) = judged(server, tmp_path, "rollback-loses-data", files).findings
    assert found.object == "public.secrets.word"
    assert "1 row had another value, such as (id = 1, word = 'sesame'), where it is NULL now" in found.message


def test_rows_of_partitions_and_children_are_found(server: Server, tmp_path: Path) -> None:
    down = """drop index people_name;
    do $$ begin
        execute 'delete from pa' || 'rt';
        execute 'delete from chi' || 'ld';
    end $$;"""
    files = change(INDEX, down)
    files["001_people.sql"] = f"""{TABLE}
        create table whole (a integer primary key) partition by range (a);
        create table part partition of whole for values from (0) to (9);
        create table parent (b integer);
        create table child () inherits (parent);
        insert into whole values (1);
        insert into child values (2);"""
    found = judged(server, tmp_path, "rollback-loses-data", files).findings
    assert [each.message.partition(": ")[2] for each in found] == [
        "1 of 1 rows are gone or changed, such as (b = 2)",
        "1 of 1 rows are gone, such as (a = 1)",
    ]


def test_rows_of_foreign_tables_are_not_proven(server: Server, tmp_path: Path) -> None:
    loopback = """
        create extension postgres_fdw;
        do $$ begin
            execute format('create server here foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
                split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'),
                current_database());
            execute format('create user mapping for public server here options (user %L)', current_user);
        end $$;
        create foreign table elsewhere (name text) server here options (table_name 'people');"""
    files = change("create table t (); delete from elsewhere;", "drop table t;")
    files["001_people.sql"] = TABLE + loopback
    result = judged(server, tmp_path, "rollback-loses-data", files)
    assert result.verdict is Verdict.UNPROVEN
    assert "public.elsewhere: its rows could not be compared: it is a foreign table, whose rows are" in result.reason


def test_the_statement_that_made_a_difference_need_not_name_it(server: Server, tmp_path: Path) -> None:
    up = """create table other (name text); -- nick
do $$ begin execute 'alter table people alter ni' || 'ck set default 1'; end $$;
do $$ begin execute 'create index on people (ni' || 'ck)'; end $$;
comment on column people.nick is 'a nick';"""
    files = change(up, "drop table other; comment on column people.nick is null;")
    found = judged(server, tmp_path, "rollback-leaves-trace", files).findings
    assert [each.evidence["made_by"] for each in found] == ["002_change.sql:2:1", "002_change.sql:3:1"]


def test_of_a_long_migration_no_statement_is_blamed(server: Server, tmp_path: Path) -> None:
    up = "create table first (); " + "select 1; " * 200
    (found,) = judged(server, tmp_path, "rollback-leaves-trace", change(up, "select 1;")).findings
    assert found.evidence == {}


def test_what_cannot_hold_rows_is_not_proven(server: Server, tmp_path: Path) -> None:
    files = change("alter table never drop column b;", "alter table never add column b text;")
    files["001_people.sql"] = TABLE + "create table never (a integer not null check (a > 0 and a < 0), b text);"
    result = judged(server, tmp_path, "rollback-loses-data", files)
    assert result.verdict is Verdict.UNPROVEN
    assert result.reason.startswith(
        "public.never: it held no rows that could have been lost: the constraint never_a_check"
    )


@pytest.mark.parametrize(
    ("severity", "downs", "verdict"),
    [
        ({}, (), Verdict.SKIPPED),
        ({}, ("001",), Verdict.SKIPPED),
        ({}, ("001", "003"), Verdict.FAILED),
        ({"missing-rollback": "warning"}, (), Verdict.WARNED),
    ],
)
def test_a_down_script_is_missing_where_it_is_the_custom(
    server: Server, tmp_path: Path, severity: dict[str, str], downs: tuple[str, ...], verdict: Verdict
) -> None:
    files: Files = {f"{version}_t.sql": f"create table t{version} ();" for version in ("001", "002", "003")}
    files |= {f"{version}_t_rollback.sql": f"drop table t{version};" for version in downs}
    write(tmp_path, files)
    with evaluated(server, tmp_path, Settings(severity=severity)) as evaluation:
        result = evaluation.evaluate(RULES["missing-rollback"], "002_t.sql")
    assert result.verdict is verdict
    if verdict is Verdict.FAILED:
        assert result.findings[0].message == "002_t.sql has no down script; 2 of 2 other migrations have one"
        assert result.findings[0].fix == "write 002_t_rollback.sql"


@pytest.mark.parametrize(
    ("names", "missing", "fix"),
    [
        (["1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql"], "3_c.up.sql", "3_c.down.sql"),
        (["1_a/up.sql", "1_a/down.sql", "2_b/up.sql", "2_b/down.sql"], "3_c/up.sql", "3_c/down.sql"),
        (["1_a.sql", "2_b.sql"], "3_c.sql", "the way back into 3_c.sql, as 1_a.sql has it"),
    ],
)
def test_a_missing_down_script_is_called_as_the_others_are(
    server: Server, tmp_path: Path, names: list[str], missing: str, fix: str
) -> None:
    one_file = "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n" if "1_a.sql" in names else "select 1;"
    write(tmp_path, {**dict.fromkeys(names, one_file), missing: one_file.partition("-- +goose Down")[0]})
    with evaluated(server, tmp_path) as evaluation:
        (finding,) = evaluation.evaluate(RULES["missing-rollback"], missing).findings
    assert finding.fix == f"write {fix}"


def test_a_missing_down_script_is_called_as_those_in_the_same_language(server: Server, tmp_path: Path) -> None:
    """Where some are in Python, with both ways in one file, as yoyo allows."""
    steps = 'from yoyo import step\nsteps = [step("create table a (id int)", "drop table a")]\n'
    files = {"1_a.py": steps, "2_b.sql": "select 1;", "2_b.rollback.sql": "select 2;", "3_c.sql": "select 3;"}
    write(tmp_path, dict(files))
    with evaluated(server, tmp_path) as evaluation:
        (finding,) = evaluation.evaluate(RULES["missing-rollback"], "3_c.sql").findings
    assert finding.fix == "write 3_c.rollback.sql"


def test_a_way_back_in_the_same_file_is_called_so(server: Server, tmp_path: Path) -> None:
    text = "-- +goose Up\ncreate table t ();\n-- +goose Down\ndrop table other;\n"
    write(tmp_path, {"1_a.sql": text})
    with evaluated(server, tmp_path) as evaluation:
        (finding,) = evaluation.evaluate(RULES["rollback-fails"], "1_a.sql").findings
    assert finding.message.startswith("the way back in 1_a.sql cannot take 1_a.sql back: ")
    assert str(finding.location) == "1_a.sql:4:1"


GOOSE = "-- +goose Up\ncreate table t ();\n-- +goose Down\n{}\nselect 1;\nselect 2;\n"
DBMATE = "-- migrate:up\ncreate table t ();\n\n-- migrate:down\nselect 1;\n"


@pytest.mark.parametrize(
    ("name", "text", "line"), [("1_a.sql", GOOSE.format(""), 5), ("20240101000000_a.sql", DBMATE, 5)]
)
def test_a_way_back_in_the_same_file_has_its_line(
    server: Server, tmp_path: Path, name: str, text: str, line: int
) -> None:
    write(tmp_path, {name: text})
    with evaluated(server, tmp_path) as evaluation:
        (finding,) = evaluation.evaluate(RULES["rollback-leaves-trace"], name).findings
    assert str(finding.location) == f"{name}:{line}:1"
    assert finding.evidence["made_by"] == f"{name}:2:1"


def test_a_comment_anywhere_in_the_file_silences_what_is_said_of_the_way_back(server: Server, tmp_path: Path) -> None:
    comment = "-- migrate-validate: ignore rollback-leaves-trace: nobody goes back\n"
    rest = "create table t ();\n-- +goose Down\nselect 1;\n"
    for text in (f"{comment}-- +goose Up\n{rest}", f"-- +goose Up\n{comment}{rest}", GOOSE.format(comment)):
        write(tmp_path, {"1_a.sql": text})
        with evaluated(server, tmp_path) as evaluation:
            result = evaluation.evaluate(RULES["rollback-leaves-trace"], "1_a.sql")
        assert (result.verdict, result.findings, len(result.ignored)) == (Verdict.PASSED, (), 1)


def test_an_irreversible_migration_says_why(server: Server, tmp_path: Path) -> None:
    write(tmp_path, {"001_t.sql": "-- migrate-validate: irreversible: too much is deleted\ncreate table t ();"})
    with evaluated(server, tmp_path) as evaluation:
        reasons = [
            evaluation.evaluate(RULES[name], "001_t.sql").reason for name in ("missing-rollback", "rollback-fails")
        ]
    assert reasons == [
        "marked as irreversible: too much is deleted",
        "the migration has no down script: marked as irreversible: too much is deleted",
    ]


def rolled_back(server: Server, folder: Path) -> dict[str, RuleResult]:
    """What the rules say of the way back of a sample."""
    names = ("rollback-fails", "rollback-leaves-trace", "rollback-loses-data", "reapply-after-rollback-fails")
    with evaluated(server, folder, load_settings(folder, folder)) as evaluation:
        return {name: evaluation.evaluate(RULES[name], "20250102_organizational_model.sql") for name in names}


def test_the_way_back_of_the_sample_is_exact(server: Server) -> None:
    results = rolled_back(server, SAMPLES / "organizational_model")
    assert {(each.verdict, each.findings) for each in results.values()} == {(Verdict.PASSED, ())}


def test_what_is_left_out_of_the_way_back_of_the_sample_is_found(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    shutil.copytree(SAMPLES / "organizational_model", folder)
    down = folder / "20250102_organizational_model_rollback.sql"
    text = down.read_text()
    for gone in (
        "DROP FUNCTION public.reactivate_user(uuid);",
        "    DROP COLUMN is_active,\n",
        "GRANT INSERT, UPDATE ON public.profiles TO authenticated;",
    ):
        assert gone in text
        text = text.replace(gone, "")
    down.write_text(text)
    found = rolled_back(server, folder)["rollback-leaves-trace"].findings
    assert {line for each in found for line in each.message.splitlines()[1:] if " index " not in line} == {
        "  table public.profiles column is_active: extra",
        "  table public.profiles grant INSERT to authenticated: missing",
        "  table public.profiles grant UPDATE to authenticated: missing",
        "  function public.reactivate_user(uuid): extra",
    }
