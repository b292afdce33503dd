"""What is measured while a migration is applied."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.postgres import Server
from tests.replay.chains import only, outcomes, timeline

TABLES = """create table t (id int, c varchar(10)); create table u (id int); create table empty ();
insert into t select generate_series(1, 10); insert into u values (1);"""


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        ("select * from t;", []),
        ("insert into t values (1); update u set id = 2;", []),
        ("create table fresh (id int); alter table fresh alter id type bigint;", []),
        ("create index on t (id);", [("public.t", "ShareLock", False)]),
        ("alter table t add d int;", [("public.t", "AccessExclusiveLock", False)]),
        ("alter table t alter c type text;", [("public.t", "AccessExclusiveLock", False)]),
        ("alter table t alter id type bigint;", [("public.t", "AccessExclusiveLock", True)]),
        ("alter table t add d float default random();", [("public.t", "AccessExclusiveLock", True)]),
        ("truncate u;", [("public.u", "AccessExclusiveLock", True)]),
        ("alter table t rename to s;", [("public.t", "AccessExclusiveLock", False)]),
        ("drop table t;", [("public.t", "AccessExclusiveLock", False)]),
        ("do $$ begin execute 'dr' || 'op table t'; end $$;", []),
        ("set local role pg_monitor; reset role; lock table u;", [("public.u", "AccessExclusiveLock", False)]),
    ],
)
def test_locks_and_rewrites(server: Server, tmp_path: Path, text: str, locked: list[tuple[str, str, bool]]) -> None:
    happened = timeline(server, tmp_path, {"001_tables.sql": TABLES, "002_change.sql": text})
    assert outcomes(happened) == ["applied", "applied"]
    strongest = {(each.relation, each.mode, each.rewritten) for each in happened.steps[1].run.locked}
    assert set(locked) <= strongest
    assert {name for name, _, _ in strongest} == {name for name, _, _ in locked}
    assert {each.relation for each in happened.steps[1].run.locked if each.rewritten} == {
        name for name, _, rewritten in locked if rewritten
    }


def test_rows_are_counted_around_every_migration(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_tables.sql": TABLES,
        "002_delete.sql": "delete from t where id > 4;",
        "003_own.sql": "begin; delete from u; commit;",
        "004_rename.sql": "alter table t rename to s; create schema app; alter table s set schema app;",
        "005_copy.sql": "create table v as select * from app.s; select * into w from app.s where id < 3;",
        "006_fails.sql": "delete from app.s; select 1 / 0;",
    }
    steps = timeline(server, tmp_path, files).steps
    assert [dict(step.run.rows_after) for step in steps] == [
        {"public.t": 10, "public.u": 1},
        {"public.t": 4, "public.u": 1},
        {"public.t": 4},
        {"app.s": 4},
        {"app.s": 4, "public.v": 4, "public.w": 2},
        {"app.s": 4, "public.v": 4, "public.w": 2},
    ]
    assert steps[0].run.rows_before == {}
    assert steps[1].run.rows_before == {"public.t": 10, "public.u": 1}


def test_statements_say_how_many_rows(server: Server, tmp_path: Path) -> None:
    run = only(server, tmp_path, "create table t (id int);\ninsert into t values (1), (2);\nupdate t set id = 3;")
    assert [statement.rows for statement in run.statements] == [None, 2, 2]
    assert all(statement.duration_ms > 0 for statement in run.statements)
    assert run.duration_ms >= sum(statement.duration_ms for statement in run.statements)


def test_what_a_statement_reads_and_writes(server: Server, tmp_path: Path) -> None:
    text = """
        update t set c = 'x';
        select from empty;
        insert into t (id) values (1), (2);
        delete from t where c is null;
    """
    files: dict[str, str | bytes] = {"001_tables.sql": TABLES, "002_change.sql": text, "003_own.sql": _owned(text)}
    for step in timeline(server, tmp_path, files).steps[1:]:
        # What earlier scripts and transactions have read and written is not counted again.
        assert [
            [(each.relation, each.scans, each.rows_read, each.inserted, each.updated, each.deleted)]
            for run in step.run.statements
            for each in run.touched
        ] == [
            [("public.t", 1, 10, 0, 10, 0)],
            [("public.empty", 1, 0, 0, 0, 0)],
            [("public.t", 0, 0, 2, 0, 0)],
            [("public.t", 1, 12, 0, 0, 2)],
        ]


def _owned(text: str) -> str:
    """Each of its statements in a transaction that the file opens."""
    return "".join(f"begin; {statement}; commit;" for statement in text.split(";")[:-1])


@pytest.mark.parametrize("proven", [True, False])
def test_a_valid_check_saves_the_scan_of_set_not_null(server: Server, tmp_path: Path, proven: bool) -> None:
    check = "alter table t add constraint c_given check (c is not null);" if proven else ""
    files: dict[str, str | bytes] = {
        "001_tables.sql": f"{TABLES} update t set c = 'x'; {check}",
        "002_change.sql": "alter table t alter c set not null;",
    }
    (touched,) = timeline(server, tmp_path, files).steps[1].run.statements[0].touched
    assert (touched.locks, touched.scans, touched.rows_read) == (
        ("AccessExclusiveLock",),
        0 if proven else 1,
        0 if proven else 10,
    )
