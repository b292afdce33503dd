"""What a user is told to do about a missing object, extension or row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.config import SeedEntry
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import SUPABASE
from migrate_validate.replay.advice import advice as about
from migrate_validate.replay.timeline import Outcome
from tests.replay.chains import FAST, failure_of, outcomes, query, replayed, seeded, timeline

BASE = (
    'Declare what stood in the database before the first migration: base = ["schema.sql"] in the configuration '
    "(pg_dump --schema-only of the real one, for instance)."
)


def advice(server: Server, folder: Path, *texts: str) -> tuple[str, ...]:
    """The advice of the first migration that failed."""
    files: dict[str, str | bytes] = {f"00{number}_file.sql": text for number, text in enumerate(texts, 1)}
    happened = timeline(server, folder, files)
    return next(step.advice for step in happened.steps if step.run.failure)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("select * from nix;", "nix"),
        ("drop table nix;", "nix"),
        ("select nix(1);", "nix"),
        ("select public.nix(1, 'a');", "public.nix"),
        ("create table t (c nix);", "nix"),
        ("create table t (c nix[]);", "nix"),
        ("select nix from pg_class;", "nix"),
        ("create table nix.t ();", "nix"),
        ("alter extension nix update;", "nix"),
        ("create table t (); alter table t drop constraint nix;", "nix"),
        ("create table t (c text); create index on t using gin (c gin_trgm_ops);", "gin_trgm_ops"),
    ],
)
def test_what_no_file_creates_is_for_base_files(server: Server, tmp_path: Path, text: str, name: str) -> None:
    assert advice(server, tmp_path, text) == (f'No file of the chain creates "{name}".', BASE)


@pytest.mark.parametrize(
    "text",
    [
        "alter table t alter column titel set not null;",
        "select x.titel from t as x;",
        "insert into t (titel) values ('a');",
        "create index on t (titel);",
        "alter table t add unique (titel);",
        "with other as (select 1) select titel from t, other;",
    ],
)
def test_the_nearest_column(server: Server, tmp_path: Path, text: str) -> None:
    assert advice(server, tmp_path, "create table o (titels int);\ncreate table t (id int, title text);", text) == (
        'No file of the chain creates the column "titel": did you mean "title" of the table "t" (001_file.sql:2)?',
    )


@pytest.mark.parametrize("text", ["select nix;", "create table t (a int); select nix from t;"])
def test_a_column_that_is_not_for_base_files(server: Server, tmp_path: Path, text: str) -> None:
    assert advice(server, tmp_path, text) == ('No file of the chain creates the column "nix".',)


def test_what_supabase_provides(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "select auth.uid();")[2:] == (
        'It belongs to Supabase: environment = "supabase" provides it.',
    )


def test_what_supabase_does_not_provide(server: Server, tmp_path: Path) -> None:
    happened = timeline(server, tmp_path, {"001_file.sql": "select auth.nix();"})
    script = happened.steps[0].migration.up
    told = about(failure_of(happened.steps[0].run), happened.chain, script, server, SUPABASE)
    assert told == ('No file of the chain creates "auth".', BASE)


def test_what_a_later_file_creates(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "select * from t;", "create table t ();") == (
        '"t" is created by 002_file.sql, which is applied later.',
        "Give that file an earlier version, or move the statement that needs it.",
    )
    column = "create table t (); comment on column t.c is '';", "alter table t add column c int;"
    assert advice(server, tmp_path, *column)[0] == '"c" is created by 002_file.sql, which is applied later.'


def test_a_name_of_another_kind_is_not_it(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "select * from t;", "create function t() returns int return 1;")[1] == BASE


def test_what_is_created_further_down(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "select 1;\nselect * from t;\ncreate table t ();") == (
        '"t" is created in this file, but only on line 3.',
    )


def test_what_is_in_another_schema(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "create schema app; create table app.t ();", "select * from t;") == (
        '"t" is created by 001_file.sql:1, which came before, in the schema "app", which is not in the search_path: '
        "write app.t.",
    )
    assert advice(server, tmp_path, "create schema app; create table app.t ();", "select * from public.t;") == (
        '001_file.sql creates "app.t", in another schema: name that one.',
    )


def test_what_came_before_and_is_gone(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "create table t ();", "drop table t;", "select * from t;") == (
        '"t" is created by 001_file.sql:1, which came before; it was dropped, renamed, or is in a schema that is not '
        "in the search_path.",
    )
    function = "create function f(int) returns int return $1;", "select f('a', 'b');"
    assert advice(server, tmp_path, *function) == (
        '"f" is created by 001_file.sql:1, which came before: look at the types of its arguments, and at its schema.',
    )


ELSEWHERE = "Run on a PostgreSQL that has it: --postgresql-exec or --postgresql-host name one."


def test_an_extension_that_the_server_lacks(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "create extension mv_nowhere;") == (
        f'{server.description} has no extension "mv_nowhere", and there is no stand-in for it.',
        ELSEWHERE,
    )


def test_an_extension_that_is_more_than_sql(server: Server, tmp_path: Path) -> None:
    absent = (
        f'{server.description} has no extension "postgis", and there is no stand-in for it: its types, operators and '
        "index support are C code over GEOS and PROJ.",
        ELSEWHERE.replace("has it", f"has it (Debian: apt install postgresql-{server.version // 10000}-postgis-3)"),
    )
    assert advice(server, tmp_path, "create extension if not exists postgis schema public;") == absent
    caught = "do $$ begin create extension postgis; exception when others then null; end $$;"
    assert advice(server, tmp_path, caught, "create table t (place geometry(Point, 4326));") == (
        '"geometry" belongs to the extension "postgis".',
        *absent,
    )
    table = "create table t (place point);"
    assert advice(server, tmp_path, table, "select st_distance(place, place) from t;")[1:] == absent


def test_a_type_that_the_chain_makes_itself_is_no_extension_s(server: Server, tmp_path: Path) -> None:
    assert advice(server, tmp_path, "create table t (c geometry);", "create type geometry as (x int, y int);") == (
        '"geometry" is created by 002_file.sql, which is applied later.',
        "Give that file an earlier version, or move the statement that needs it.",
    )


def test_an_extension_whose_name_is_not_written_out(server: Server, tmp_path: Path) -> None:
    text = "do $$ begin execute 'create extension ' || concat('pg_', 'cron'); end $$;"
    assert advice(server, tmp_path, text) == (
        f'{server.description} has no extension "pg_cron". A stand-in is offered where a CREATE EXTENSION names it, or '
        "an EXECUTE of a constant; here the name is put together only when the script runs.",
        "Write the name out: CREATE EXTENSION IF NOT EXISTS pg_cron.",
    )


TABLES = "create table p (id int primary key); create table c (id int references p);"


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (
            "insert into c values (1); insert into p values (1);",
            "",
            'Rows of "p" must be inserted first: this file inserts them after those of "c".',
        ),
        (
            "insert into p values (2);\ninsert into c values (1);",
            "",
            'Rows of "p" must be there first: this file inserts some before, but not this one.',
        ),
        (
            "insert into c values (1);",
            "copy public.p from stdin;\n1\n\\.\n",
            'Rows of "p" must be inserted first: two.sql inserts some, and is applied after this file.',
        ),
        (
            "insert into c values (1);",
            "",
            'Rows of "p" must be there first, and no file of the chain inserts any: add them to the seed.',
        ),
    ],
)
def test_a_seed_that_lacks_a_parent(server: Server, tmp_path: Path, one: str, two: str, said: str) -> None:
    files: dict[str, str | bytes] = {"001_tables.sql": TABLES, "one.sql": one, "two.sql": two}
    settings = replace(FAST, seeds=(SeedEntry("one.sql"), SeedEntry("two.sql")))
    happened = timeline(server, tmp_path, files, settings)
    failed = happened.seeds[0]
    assert failure_of(failed.run).sqlstate == "23503"
    assert failed.advice == (said,)
    assert happened.seeds[1].run.outcome is Outcome.APPLIED  # A seed that fails does not keep the next one back.
    assert happened.migrated
    assert not happened.complete


def test_a_parent_that_came_before_in_another_file(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_tables.sql": TABLES + "insert into p values (7);",
        "one.sql": "insert into c values (1);",
    }
    happened = timeline(server, tmp_path, files, replace(FAST, seeds=(SeedEntry("one.sql"),)))
    assert happened.seeds[0].advice == (
        'Rows of "p" must be there first: 001_tables.sql inserts some before, but not this one.',
    )


DEFERRED = TABLES.replace("references p", "references p deferrable initially deferred")


@pytest.mark.parametrize(
    ("tables", "two", "said"),
    [
        (
            DEFERRED,
            "insert into c values (1);",
            'Rows of "p" must be there at the COMMIT, and no migration inserts any: insert them in this file, or in an '
            "earlier one.",
        ),
        (
            DEFERRED,
            "insert into c values (1); insert into p values (2);",
            'Rows of "p" must be there at the COMMIT: this file inserts some, but not this one.',
        ),
        (
            TABLES,
            "insert into c values (1);",
            'Rows of "p" must be there first, and no migration inserts any: insert them further up in this file, or in '
            "an earlier one.",
        ),
    ],
)
def test_a_migration_does_not_need_the_seed(server: Server, tmp_path: Path, tables: str, two: str, said: str) -> None:
    (tmp_path / "seed.sql").write_text("insert into p values (1);")
    assert advice(server, tmp_path, tables, two) == (said,)


def test_seeds_before_a_migration(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_tables.sql": TABLES,
        "002_more.sql": "update p set id = id + 10;",
        "early.sql": "insert into p values (1);",
        "late.sql": "insert into p values (2);",
    }
    happened = timeline(server, tmp_path, files, seeded(early="002", late=None))
    assert happened.complete
    assert happened.steps[0].run.rows_after == {}
    assert happened.steps[1].run.rows_before == {"public.p": 1}
    assert happened.steps[1].applied_before == ("001_tables.sql", "early.sql")
    assert happened.seeds[1].run.rows_after == {"public.p": 2}
    (tmp_path / "early.sql").write_text("insert into c values (1);")
    happened = timeline(server, tmp_path, {}, seeded(early="002", late=None))
    assert outcomes(happened) == ["applied", "not-reached"]
    assert [str(seed.run.outcome) for seed in happened.seeds] == ["failed", "not-reached"]


def test_base_files_come_first(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"base.sql": "create table b ();", "001_a.sql": "alter table b add c int;"}
    settings = replace(FAST, base=("base.sql",))
    with replayed(server, tmp_path, files, settings) as replay:
        assert replay.timeline.complete
        assert query(replay, "select count(*) from information_schema.columns where table_name = 'b'") == 1
    happened = timeline(server, tmp_path, {"base.sql": "create tabel b ();"}, settings)
    assert failure_of(happened.base[0]).sqlstate == "42601"
    assert outcomes(happened) == ["not-reached"]


def test_up_to_a_version(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"001_a.sql": "select 1;", "002_b.sql": "select 1;", "seed.sql": "select 1;"}
    with replayed(server, tmp_path, files, upto="001") as replay:
        assert [step.migration.version for step in replay.timeline.steps] == ["001"]
        assert replay.timeline.seeds == ()
