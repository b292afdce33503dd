"""What the rules of locks say of single statements, and that their fixes are statements that run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, NotApplicable, Unproven
from migrate_validate.postgres import Server
from migrate_validate.replay.timeline import Step
from tests.replay.chains import timeline
from tests.support.scripts import script

# Imported by name: type checkers do not follow the editable installation of checks/.
locks: Any = import_module("migrate_validate.checks.locks")

REPORTING = (
    locks.table_rewrite,
    locks.index_built_under_lock,
    locks.constraint_validated_under_lock,
    locks.set_not_null_scan,
    locks.full_scan_under_lock,
    locks.lock_held_while,
    locks.lock_queue,
)
TABLES = """
create table t (id int primary key, c varchar(10), v int, p_id int);
create table p (id int primary key, n int);
create table "Odd Name" ("A b" int, c text);
create table part (id int, k int) partition by range (k);
create table part1 partition of part for values from (0) to (10);
create table part2 partition of part for values from (10) to (20);
create table free (id int, k int);
create index t_v on t (v);
create table no_key (a int, b int);
create schema "The App";
create table "The App"."T t" ("A b" int default 7, c text);
insert into "The App"."T t" values (1, 'long enough');
insert into p select generate_series(1, 5);
insert into t select n, 'x', n, n from generate_series(1, 5) as n;
insert into "Odd Name" values (1, 'long enough');
"""


def step(server: Server, folder: Path, text: str, tables: str = TABLES) -> Step:
    """A migration, applied after these tables were made."""
    return timeline(server, folder, {"001_tables.sql": tables, "002_change.sql": text}).steps[1]


def files_of(finding: Finding) -> dict[str, str | bytes]:
    """The tables, and what a finding proposes, each statement in a file of its own."""
    # Batches are for the user to choose.
    parts = statements(script(finding.fix.replace(" AND ...", ""), "002_fix.sql"))
    files: dict[str, str | bytes] = {"001_tables.sql": TABLES}
    return files | {f"{number:03}_fix.sql": f"{part.sql};" for number, part in enumerate(parts, start=2)}


def said(step: Step) -> list[Finding]:
    return [each for rule in REPORTING for each in rule(step) if isinstance(each, Finding)]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("alter table t add x int;", []),
        ("alter table t add x int not null default 0;", []),
        ("alter table t drop v;", []),
        ("alter table t rename v to w;", []),
        ("alter table t enable row level security; create policy own on t using (true);", []),
        ("create trigger r before insert on t for each row execute function suppress_redundant_updates_trigger();", []),
        ("alter table t alter c type text;", []),
        ("alter table t alter c type varchar(5);", ["table-rewrite"]),
        ("alter table t add constraint k check (v > 0), alter v set not null, add unique (v);",
         ["index-built-under-lock", "constraint-validated-under-lock", "set-not-null-scan"]),
        ("alter table no_key add primary key (a, b);", ["index-built-under-lock"]),
        ("alter table t add constraint k check (v > 0) not valid, add unique (v);", ["index-built-under-lock"]),
        ("alter table part alter k set not null;", ["set-not-null-scan"]),
        ("alter table part add foreign key (id) references p;", ["constraint-validated-under-lock"]),
        ("alter table t add x int; create index on t (x);", ["index-built-under-lock"]),
        ("alter table t add x int; update t set x = 1; update p set n = 1;", ["lock-held-while"]),
        ("do $$ begin alter table t add x int; perform count(*) from t; end $$;", ["full-scan-under-lock"]),
        ("lock table t in share mode; select count(*) from t;", []),
        ("lock table t; select count(*) from t;", ["lock-held-while"]),
    ],
)  # fmt: skip
def test_one_statement_is_reported_once(server: Server, tmp_path: Path, text: str, rules: list[str]) -> None:
    assert [each.rule for each in said(step(server, tmp_path, text))] == [*rules, "lock-queue"]


@pytest.mark.parametrize(
    "text",
    [
        "alter table t alter c type varchar(5);",
        "alter table t add x float not null default random(), add y int;",
        "alter table t add x bigserial;",
        """alter table "Odd Name" alter "A b" type bigint using "A b" + length(c);""",
        """alter table "Odd Name" add check (length(c) > 3 and "A b" > 0), add column q int unique;""",
        "alter table t add constraint u unique (v) include (id) deferrable;",
        "alter table no_key add primary key (a, b);",
        "create unique index on t (id, lower(c) text_pattern_ops) include (v) where v > 0;",
        "create index part_k on part using brin (k);",
        "alter table t add foreign key (p_id) references p on delete set null deferrable;",
        "alter table part add foreign key (id) references p;",
        "alter table t add x int default 1 references p;",
        "alter table t alter v set not null, alter c set default 'x';",
        "alter table t add constraint k check (v > 0) not valid, validate constraint k;",
        "reindex table t;",
        "alter table t add constraint k check (v > 0), alter v set not null, add unique (v), add w int, drop p_id;",
        "alter table t alter v set not null, add check (v > 0), add check (v < 9), add foreign key (v) references p",
        "alter table t add x int default 1 check (x > 0) references p, add y int unique;",
        "alter table t add x float default random() not null unique, add check (v > 0);",
        "alter table no_key add primary key (a, b), add check (a > 0), alter b set default 1;",
        "alter table t alter v drop default, alter v type bigint, alter v set default 9, add check (v > 0);",
        """alter table "The App"."T t" alter "A b" drop default, alter "A b" type bigint, alter "A b" set default 8,
           alter "A b" set not null, alter c set not null, add constraint "A k" check ("A b" > 0 and c <> '');""",
        """alter table "The App"."T t" add constraint "A k" check (c <> ''), alter c set not null, add unique ("A b"),
           add "N n" int default 1 references public.p, alter c set storage external;""",
        """alter table "The App"."T t" add "N n" bigserial, alter "A b" type text collate "C";""",
    ],
)
def test_fixes_run_and_are_not_reported(server: Server, tmp_path: Path, text: str) -> None:
    found = [each for each in said(step(server, tmp_path, text)) if each.rule != "lock-queue"]
    assert found
    for finding in found:
        files = files_of(finding)
        steps = timeline(server, tmp_path / finding.rule, files).steps
        assert [each.run.failure for each in steps] == [None] * len(files), finding.fix
        reported = {each.rule for each in found}
        assert [each for one in steps for each in said(one) if each.rule in reported] == [], finding.fix


def test_what_is_said_of_a_retyped_column_is_said_of_the_new_one(server: Server, tmp_path: Path) -> None:
    text = """alter table "The App"."T t" alter "A b" drop default, alter "A b" type bigint, alter "A b" set default 8,
        add constraint k check ("A b" > 0), alter "A b" set not null;"""
    (finding,) = locks.table_rewrite(step(server, tmp_path, text))
    check = """
        do $$ begin
            assert (select (data_type, column_default, is_nullable) = ('bigint', '8', 'NO')
                    from information_schema.columns where column_name = 'A b' and table_schema = 'The App');
            assert (select convalidated from pg_constraint where conname = 'k');
            assert (select "A b" = 1 from "The App"."T t");
        end $$;
    """
    files = {**files_of(finding), "999_check.sql": check}
    assert [each.run.failure for each in timeline(server, tmp_path / "fixed", files).steps] == [None] * len(files)


def test_no_fix_does_another_actions_work_under_a_lock(server: Server, tmp_path: Path) -> None:
    text = "alter table t add constraint k check (v > 0), alter v set not null, add unique (v), alter c set default 1;"
    found = [each for each in said(step(server, tmp_path, text)) if each.rule != "lock-queue"]
    assert {each.rule for each in found} == {
        "index-built-under-lock",
        "constraint-validated-under-lock",
        "set-not-null-scan",
    }
    for finding in found:
        assert finding.fix.startswith(
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT 1;\n"
            "ALTER TABLE t ADD CONSTRAINT k CHECK (v > 0) NOT VALID;\n"
            "-- in a later migration:\n"
            "ALTER TABLE t VALIDATE CONSTRAINT k;\n"
        )


def test_a_lock_that_is_strengthened_is_told_twice(server: Server, tmp_path: Path) -> None:
    text = "create table x (id int references t);\nalter table t add y int;\nselect 1;"
    (finding,) = locks.blocking_locks(step(server, tmp_path, text))
    assert finding.message == "keeps others from reading and writing public.t"
    told = [
        {**each, "held_ms": each["held_ms"] > 0, "commit_ms": each["commit_ms"] >= 0}
        for each in finding.evidence["locks"]
    ]
    place = {"relation": "public.t", "until_commit_after_line": 3, "held_ms": True, "commit_ms": True}
    assert told == [
        place | {"mode": "ShareRowExclusiveLock", "blocks": "writes", "from_line": 1},
        place | {"mode": "AccessExclusiveLock", "blocks": "reads and writes", "from_line": 2},
    ]


def test_a_lock_is_of_no_use_by_itself(server: Server, tmp_path: Path) -> None:
    done = step(server, tmp_path, "lock table t; select count(*) from t;")
    advice = "-- LOCK holds until COMMIT: leave it out, or take the weakest mode that serves, with little behind it"
    held, _ = said(done)
    assert held.fix.splitlines() == [advice, "select count(*) from t;"]
    (finding,) = locks.blocking_locks(done)
    assert finding.fix == advice


def test_transactions_of_a_file_are_apart(server: Server, tmp_path: Path) -> None:
    text = "begin;\nalter table t add x int;\ncommit;\nbegin;\nupdate t set x = 1;\nalter table t add y int;\ncommit;"
    done = step(server, tmp_path, text)
    assert [each.rule for each in said(done)] == ["lock-queue"]
    (finding,) = locks.blocking_locks(done)
    assert len(finding.evidence["locks"]) == 2


def test_what_writes_anew_outside_of_transactions_is_seen_by_the_files(server: Server, tmp_path: Path) -> None:
    text = """vacuum t;
vacuum (full off) t;
vacuum full t;
alter table t add y int;
reindex schema public;
alter table "Odd Name" add primary key ("A b");
cluster "Odd Name" using "Odd Name_pkey";
cluster;
reindex (concurrently) table t;"""
    done = step(server, tmp_path, text)
    told = [(each.rule, each.location.line, each.object) for each in said(done) if each.location]
    assert [each for each in told if each[0] != "lock-queue"] == [
        ("table-rewrite", 3, "public.t"),
        ("table-rewrite", 7, "public.Odd Name"),
        ("table-rewrite", 8, "public.Odd Name"),
        ("index-built-under-lock", 5, "public.p"),
        ("index-built-under-lock", 6, "public.Odd Name"),
    ]
    (finding,) = locks.blocking_locks(done)
    first = finding.evidence["locks"][0]
    assert (first["relation"], first["mode"]) == ("public.t", "AccessExclusiveLock")
    assert (first["from_line"], first["until_commit_after_line"]) == (3, 3)
    (vacuum, *_) = locks.table_rewrite(done)
    assert vacuum.message == (
        "public.t is written anew under AccessExclusiveLock: others can neither read nor write it meanwhile"
    )


def test_what_may_commit_outside_of_transactions_is_unproven(server: Server, tmp_path: Path) -> None:
    unproven, nothing = locks.blocking_locks(step(server, tmp_path, "vacuum t;\ndo $$ begin drop table t; end $$;"))
    assert isinstance(unproven, Unproven)
    assert unproven.reason == (
        "DO (line 2) ran outside of any transaction, because it may commit by itself: what it locked was gone before "
        "it could be looked at; put it into a file without statements that cannot run in one"
    )
    assert isinstance(nothing, NotApplicable)


DEFERRED = """
create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return null; end $$;
create constraint trigger later after insert on p deferrable initially deferred
    for each row execute function slowly();
"""


@pytest.mark.parametrize(
    "text",
    [
        "alter table t add y int;\ninsert into p values (9);",
        "begin;\nalter table t add y int;\ninsert into p values (9);\ncommit;",
        "alter table t add y int;\ncopy p from stdin;\n9\t1\n\\.\n",
    ],
)
def test_locks_are_held_until_the_commit_has_ended(server: Server, tmp_path: Path, text: str) -> None:
    (finding,) = locks.blocking_locks(step(server, tmp_path, text, TABLES + DEFERRED))
    (lock,) = finding.evidence["locks"]
    assert lock["commit_ms"] >= 200
    assert lock["held_ms"] >= lock["commit_ms"]


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        ("drop table no_key;", [("public.no_key", "AccessExclusiveLock")]),
        ("drop index t_v;", [("public.t", "AccessExclusiveLock"), ("public.t_v", "AccessExclusiveLock")]),
        ("drop view looked;", [("public.looked", "AccessExclusiveLock")]),
        ("drop table t cascade;", [("public.looked", "AccessExclusiveLock"), ("public.t", "AccessExclusiveLock")]),
        ('drop schema "The App" cascade;', [("The App.T t", "AccessExclusiveLock")]),
        ("drop table if exists nothing; create table x (); drop table x;", []),
    ],
)
def test_what_is_dropped_is_locked(server: Server, tmp_path: Path, text: str, locked: list[tuple[str, str]]) -> None:
    done = step(server, tmp_path, text, f"{TABLES} create view looked as select * from t;")
    told = [
        (lock["relation"], lock["mode"])
        for finding in locks.blocking_locks(done)
        if isinstance(finding, Finding)
        for lock in finding.evidence["locks"]
    ]
    assert told == locked


def test_work_under_the_lock_of_a_table_that_was_dropped(server: Server, tmp_path: Path) -> None:
    (finding,) = locks.lock_held_while(step(server, tmp_path, "drop table no_key;\nupdate t set v = 1;"))
    assert finding.message == (
        "AccessExclusiveLock on public.no_key (taken on line 1) is held while UPDATE (line 2) reads all of public.t"
    )


def test_relations_have_the_names_from_before_the_migration(server: Server, tmp_path: Path) -> None:
    text = """alter table t rename to t_old;
alter table no_key rename to t;
alter table t add check (b > 0);
alter schema "The App" rename to app;
alter table app."T t" alter c set not null;
drop table t_old;"""
    found = [each for each in said(step(server, tmp_path, text)) if each.rule != "lock-queue"]
    assert [(each.rule, each.object) for each in found] == [
        ("constraint-validated-under-lock", "public.no_key"),
        ("set-not-null-scan", "The App.T t"),
    ]


def test_a_migration_that_failed_is_not_judged(server: Server, tmp_path: Path) -> None:
    done = step(server, tmp_path, "alter table t alter c type int using c::int;")
    for rule in (*REPORTING, locks.blocking_locks):
        (result,) = rule(done)
        assert result == NotApplicable("002_change.sql was not applied")
