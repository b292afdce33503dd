"""Every finding about locks says how to write this very statement; what it proposes was applied to real servers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding
from migrate_validate.postgres import Server
from migrate_validate.replay.timeline import Step
from tests.checks.test_cases import CASES, RULES, run_chain
from tests.replay.chains import replayed
from tests.support.scripts import script

# Imported by name: type checkers do not follow the editable installation of checks/.
locks: Any = import_module("migrate_validate.checks.locks")

REPORTING = (
    locks.table_rewrite,
    locks.index_built_under_lock,
    locks.constraint_validated_under_lock,
    locks.set_not_null_scan,
    locks.full_scan_under_lock,
)
TABLES = """
create extension if not exists btree_gist;
create schema "The App";
create domain small as int constraint small_max check (value < 1000);
create domain tiny as small check (value > -1000);
create domain word as text;
create table t (id int primary key, c varchar(10), v int, during int4range, w word, note text);
alter table t add constraint short check (length(c) < 9);
create table computed (id int primary key, v int, double int generated always as (v * 2) stored);
create table "The App"."T t" ("A b" int generated always as identity primary key, "C d" varchar(10));
create table part (id int, k int, s text) partition by range (k);
create table part1 partition of part for values from (0) to (10);
create table rest partition of part default;
create table loose (id int, k int, s text);
create table listed (id int, s text) partition by list (s);
create table listed_a partition of listed for values in ('a', null);
create table listed_rest (id int, s text);
create table twice (a int, b text) partition by range (a, b);
create table twice_loose (a int, b text);
create table twice_rest partition of twice default;
create table hashed (id int) partition by hash (id);
create table hashed_loose (id int);
insert into t select n, 'x', n, int4range(n, n + 1), 'w', 'n' from generate_series(1, 5) as n;
insert into computed select n, n from generate_series(1, 5) as n;
insert into "The App"."T t" ("C d") select 'x' from generate_series(1, 5);
insert into part select n, n, 's' from generate_series(0, 5) as n;
insert into rest select n, n, 's' from generate_series(50, 55) as n;
insert into loose select n, n, 's' from generate_series(10, 15) as n;
insert into listed_rest values (1, 'z');
insert into twice_loose values (1, 'm'), (2, 'a');
insert into twice_rest values (9, 'm'), (null, 'a');
"""


def applied(server: Server, folder: Path, files: dict[str, str | bytes]) -> tuple[list[Step], Catalog]:
    with replayed(server, folder, files) as replay, replay.database.connect() as connection:
        return list(replay.timeline.steps), Catalog.read(connection)


def said(steps: list[Step], catalog: Catalog) -> list[Finding]:
    return [each for one in steps for rule in REPORTING for each in rule(one, catalog) if isinstance(each, Finding)]


def files_of(fix: str) -> dict[str, str | bytes]:
    """The tables, and what is proposed: each remark begins a file; what builds an index beside others stands alone."""
    groups: list[list[str]] = [[]]
    for line in fix.replace(" AND ...", "").splitlines():
        if line.startswith("--") or " CONCURRENTLY" in line or "(CONCURRENTLY)" in line:
            groups.append([])
        groups[-1].append(line)
    texts = ["\n".join(group) for group in groups]
    texts = [text for text in texts if list(statements(script(text, "fix.sql")))]
    files: dict[str, str | bytes] = {"001_tables.sql": TABLES}
    return files | {f"{number:03}_fix.sql": text for number, text in enumerate(texts, start=2)}


PROVEN = [
    ("alter table t alter c type text;", "full-scan-under-lock"),
    ('alter table t alter c type varchar(20), alter v set default 1;', "full-scan-under-lock"),
    ("alter domain word add check (value <> '');", "full-scan-under-lock"),
    ("alter domain word set not null;", "full-scan-under-lock"),
    ("alter table part attach partition loose for values from (10) to (20);", "full-scan-under-lock"),
    ("create table part2 partition of part for values from (20) to (30);", "full-scan-under-lock"),
    ("alter table listed attach partition listed_rest default;", "full-scan-under-lock"),
    ("alter table twice attach partition twice_loose for values from (1, 'b') to (2, maxvalue);",
     "full-scan-under-lock"),
    ("alter table twice attach partition twice_loose for values from (1, minvalue) to (3, 'a');",
     "full-scan-under-lock"),
    ("create table twice2 partition of twice for values from (4, 'a') to (4, 'k');", "full-scan-under-lock"),
    ("alter table hashed attach partition hashed_loose for values with (modulus 1, remainder 0);",
     "full-scan-under-lock"),
    ("do $$ begin alter table t add check (v > 0); end $$;", "full-scan-under-lock"),
    ("do $$ begin alter table t add x int; update t set x = 1; end $$;", "full-scan-under-lock"),
    ("do $$ begin if 1 = 1 then execute 'create index on t (v)'; end if; end $$;", "full-scan-under-lock"),
    ("do $$ begin alter table t alter v type bigint; alter table t add y int default 1; end $$;", "table-rewrite"),
    ("alter table t add constraint apart exclude using gist (during with &&);", "index-built-under-lock"),
    ('alter table computed add exclude using gist (v with =), add x int;', "index-built-under-lock"),
    ('alter table "The App"."T t" add exclude (("C d" || "A b") with =);', "index-built-under-lock"),
    ("alter table part add unique (k, id);", "index-built-under-lock"),
    ("alter table part add constraint \"P k\" primary key (k);", "index-built-under-lock"),
    ("alter table t add n int generated always as identity (start 100 increment 10);", "table-rewrite"),
    ('alter table "The App"."T t" add x int default 3, alter "A b" drop identity, '
     'add "N n" bigint generated by default as identity unique;', "table-rewrite"),
    ("alter table t add g int generated always as (v + 1) stored not null, add y int;", "table-rewrite"),
    ("alter table t add g int not null generated always as (id + 1) stored unique;", "table-rewrite"),
    ("alter table t add s small default 5;", "table-rewrite"),
    ("alter table t add s small, add y int default 1;", "table-rewrite"),
    ("alter table t add s tiny default 7, drop note;", "table-rewrite"),
    ("alter table t set unlogged;", "table-rewrite"),
    ("alter table computed set unlogged, add y int, alter v set default 1;", "table-rewrite"),
    ("vacuum full t;", "table-rewrite"),
    ("reindex schema public;", "index-built-under-lock"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), PROVEN)
def test_fixes_run_and_stop_nobody(server: Server, tmp_path: Path, text: str, rule: str) -> None:
    steps, catalog = applied(server, tmp_path, {"001_tables.sql": TABLES, "002_change.sql": text})
    assert [each.run.failure for each in steps] == [None, None]
    found = said(steps, catalog)
    assert {each.rule for each in found} == {rule}
    files = files_of(found[0].fix)
    assert len(files) > 1, found[0].fix
    steps, catalog = applied(server, tmp_path / "fixed", files)
    assert [each.run.failure for each in steps] == [None] * len(files), found[0].fix
    assert said(steps, catalog) == [], found[0].fix


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("do $$ declare n text := 't'; begin execute format('alter table %I alter v type bigint', n); end $$;",
         "-- in a migration of its own: what the block makes of this\n"
         "-- format('alter table %I alter v type bigint', n)"),
        ("select retype();", "-- in a migration of its own, when few use public.t:\n"
         "SET lock_timeout = '5s';\nselect retype();"),
        ("alter domain small validate constraint late;",
         "-- the tables are read while writers wait: leave it NOT VALID, for new values, and look at the others:\n"
         "SELECT count(*) FROM public.sized WHERE NOT (size > 0);"),
        ("cluster sized using sized_pkey;",
         "-- nothing in PostgreSQL does this beside the table's users; pg_repack does"),
        ("alter table keyless set unlogged;",
         "-- without a primary key no new table can be kept like this one and take its place:\n"
         "-- keep others away on purpose, for a time that you have measured\n"
         "-- nothing in PostgreSQL does this beside the table's users; pg_repack does"),
    ],
)  # fmt: skip
def test_what_has_no_other_form(server: Server, tmp_path: Path, text: str, fix: str) -> None:
    tables = f"""{TABLES}
        create table sized (size small primary key);
        create table keyless (id int);
        alter domain small add constraint late check (value > 0) not valid;
        create function retype() returns void language sql as 'alter table t alter v type bigint';
    """
    steps, catalog = applied(server, tmp_path, {"001_tables.sql": tables, "002_change.sql": text})
    assert [each.run.failure for each in steps] == [None, None]
    assert [each.fix for each in said(steps, catalog)] == [fix]


def test_actions_of_which_any_may_write_the_table_are_told_apart(server: Server, tmp_path: Path) -> None:
    text = "alter table t add s small, add y int default 1;"
    steps, _ = applied(server, tmp_path, {"001_tables.sql": TABLES, "002_change.sql": text})
    (finding,) = locks.table_rewrite(steps[1])  # Without a catalog nobody knows the domain.
    assert finding.fix == (
        "-- each in a migration of its own, so that only what writes the table anew takes its time:\n"
        "ALTER TABLE t ADD COLUMN s small;\n"
        "ALTER TABLE t ADD COLUMN y int DEFAULT 1;"
    )


def test_a_column_gets_its_numbers_in_time(server: Server, tmp_path: Path) -> None:
    text = "alter table t add n int generated always as identity (start 100 increment 10);"
    steps, catalog = applied(server, tmp_path, {"001_tables.sql": TABLES, "002_change.sql": text})
    (finding,) = said(steps, catalog)
    check = """
        insert into t (id) values (77);
        do $$ begin
            assert (select min(n) = 100 and max(n) = 150 and count(distinct n) = 6 from t);
            assert (select n = 150 from t where id = 77);
            assert (select is_identity = 'YES' and identity_generation = 'ALWAYS'
                    from information_schema.columns where table_name = 't' and column_name = 'n');
        end $$;
    """
    steps, _ = applied(server, tmp_path / "fixed", files_of(finding.fix) | {"999_check.sql": check})
    assert [each.run.failure for each in steps] == [None] * len(steps)


def test_a_table_that_takes_the_place_has_the_rows(server: Server, tmp_path: Path) -> None:
    text = "alter table computed add constraint apart exclude using gist (v with =);"
    steps, catalog = applied(server, tmp_path, {"001_tables.sql": TABLES, "002_change.sql": text})
    (finding,) = said(steps, catalog)
    files = files_of(finding.fix)
    names = sorted(files)
    batch = next(name for name in names if "FOR SHARE" in str(files[name]))
    writes = """insert into computed values (6, 6);
        update computed set v = 70 where id = 1;
        delete from computed where id = 2;"""
    later = """insert into computed values (7, 7);
        update computed set id = 30, v = 9 where id = 3;
        delete from computed where id = 4;"""
    files |= {
        batch.replace("_fix", "_a"): writes,
        batch.replace("_fix", "_z"): later,
        "999_check.sql": """do $$ begin
            assert (select array_agg((id, v, double)::text order by id)
                    = '{"(1,70,140)","(5,5,10)","(6,6,12)","(7,7,14)","(30,9,18)"}' from computed);
            assert (select count(*) = 1 from pg_constraint where conname = 'apart' and conrelid = 'computed'::regclass);
        end $$;""",
    }
    steps, _ = applied(server, tmp_path / "fixed", files)
    assert [each.run.failure for each in steps] == [None] * len(steps)


FOLDERS = sorted({rule.name for rule in RULES.values() if rule.check == "locks"} - {"blocked-while"})


@pytest.mark.parametrize("name", FOLDERS)
def test_every_finding_says_the_safe_way(server: Server, name: str) -> None:
    results = run_chain(RULES[name], CASES / name / "bad", server.version // 10000)
    findings = [each for each in results if isinstance(each, Finding)]
    assert findings
    for finding in findings:
        code = [line for line in finding.fix.splitlines() if not line.startswith("--")]
        assert code or "pg_repack" in finding.fix, finding
        assert "..." not in finding.fix.replace(" AND ...", "") or name in ("lock-held-while", "blocking-locks")
