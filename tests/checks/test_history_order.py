"""Migrations that come before what others have applied, in real repositories: bad, good and nearly bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.findings import Severity, Verdict
from migrate_validate.postgres import ServerOptions
from tests.checks.histories import SHOP, Project, project
from tests.support.repositories import commit, commit_to_main, git, write


def test_a_late_migration_that_fails_behind_what_is_applied(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path)
    write(its.top, {"db/002_mail.sql": "alter table customer add mail text;\n"})
    commit(its.top, {})
    git(its.top, "checkout", "--quiet", "main")
    commit(its.top, {"db/003_purchase.sql": "alter table customer rename to client;\n"})
    its = Project(its.top, git(its.top, "rev-parse", "HEAD"))
    git(its.top, "checkout", "--quiet", "-b", "later")
    write(its.top, {"db/002_mail.sql": "alter table customer add mail text;\n"})
    (finding,) = its.found("out-of-order", on)
    assert finding.message == (
        "002_mail.sql comes before 003_purchase.sql, which main has, and cannot be applied behind it, as databases in "
        'use have to: relation "customer" does not exist (SQLSTATE 42P01)'
    )
    assert (str(finding.severity), str(finding.location)) == ("error", "002_mail.sql")
    assert finding.statement == "alter table customer add mail text"
    assert finding.fix == (
        "name it so that it comes behind 003_purchase.sql; as it is, a tool that records only the last version never "
        "applies it, one that records each applies it late"
    )


def test_a_late_migration_that_makes_a_difference(tmp_path: Path, on: ServerOptions) -> None:
    files: dict[str, str | None] = {
        "db/001_a.sql": "create table a (id int primary key, n int default 1);\ninsert into a values (1), (2);\n",
        "db/003_b.sql": "create table b as select id from a;\nalter table a alter n set default 3;\n",
    }
    its = project(tmp_path, files)
    write(its.top, {"db/002_late.sql": "alter table a alter n set default 2;\ninsert into a values (3);\n"})
    (finding,) = its.found("out-of-order", on)
    assert finding.message.splitlines() == [
        "002_late.sql comes before 003_b.sql, which main has; "
        "behind it, on databases in use, it leaves another schema:",
        "  table public.a column n: default: have 2, want 3",
        "  rows of public.b: have 2, want 3",
    ]
    assert finding.severity is Severity.ERROR


def test_a_late_migration_that_changes_the_order_of_columns(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path, {**SHOP, "db/004_name.sql": "alter table customer add name text;\n"})
    write(its.top, {"db/002_mail.sql": "alter table customer add mail text;\n"})
    (finding,) = its.found("out-of-order", on)
    assert finding.severity is Severity.WARNING
    assert finding.message.splitlines()[1] == (
        "  table public.customer: order of columns: have id, email, name, mail, want id, email, mail, name"
    )


def test_late_migrations_that_make_no_difference(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path)
    write(its.top, {"db/002_x.sql": "create table x (id int primary key);\n"})
    assert its.told("out-of-order", on) == [
        (
            "warning",
            "002_x.sql",
            "002_x.sql comes before 003_purchase.sql, which main has; behind it, it leaves the same schema, but a tool "
            "that records only the last version never applies it, one that records each applies it late",
        )
    ]


def test_each_tool_has_its_own_way_with_late_migrations(tmp_path: Path, on: ServerOptions) -> None:
    text = "-- migrate:up\ncreate table a ();\n\n-- migrate:down\ndrop table a;\n"
    its = project(tmp_path, {"db/001_a.sql": text, "db/003_c.sql": text.replace(" a", " c")})
    write(its.top, {"db/002_b.sql": text.replace(" a", " b")})
    assert its.told("out-of-order", on) == [
        (
            "info",
            "002_b.sql",
            "002_b.sql comes before 003_c.sql, which main has; behind it, it leaves the same schema, and dbmate up "
            "applies it late, and refuses it with --strict",
        )
    ]


def test_what_others_have_cannot_be_applied_without_the_late_migration(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path, {"db/001_a.sql": "select 1;\n", "db/003_c.sql": "select * from late;\n"})
    write(its.top, {"db/002_b.sql": "create table late ();\n"})
    result = its.judged("out-of-order", on)
    assert (result.verdict, result.reason) == (
        Verdict.UNPROVEN,
        "what main has cannot be applied without 002_b.sql, so that nobody can know what databases in use hold: "
        '003_c.sql:1:15: relation "late" does not exist',
    )


@pytest.mark.parametrize("late", ["create table b ();", "alter table a add b int;"], ids=["same", "order-of-columns"])
def test_a_tool_that_skips_late_migrations(tmp_path: Path, on: ServerOptions, late: str) -> None:
    sent = {1: "create table a ();", 3: "alter table a add c int;"}
    its = project(tmp_path, {f"db/00000{n}_a.{way}.sql": text for n, text in sent.items() for way in ("up", "down")})
    write(its.top, {"db/000002_b.up.sql": late, "db/000002_b.down.sql": "select 1;\n"})
    assert its.told("out-of-order", on) == [
        (
            "error",
            "000002_b.up.sql",
            "000002_b.up.sql comes before 000003_a.up.sql, which main has; databases in use never get it: "
            "migrate up skips it without a word: it goes on from the last version",
        )
    ]


def test_what_cannot_be_applied_twice_on_a_server_of_others(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path, {"db/001_a.sql": "create role mv_history_once;\n", "db/003_c.sql": "select 3;\n"})
    write(its.top, {"db/002_b.sql": "select 2;\n"})
    result = its.judged("out-of-order", on)
    assert (result.verdict, result.reason) == (
        Verdict.UNPROVEN,
        "the server is not ours, and the chain cannot be applied there a second time",
    )


def test_the_one_of_several_that_makes_the_difference(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path)
    write(
        its.top,
        {
            "db/002_harmless.sql": "create table harmless ();\n",
            "db/002b_loud.sql": (
                "do $$ begin if to_regclass('purchase') is null then create table early (); end if; end $$;\n"
            ),
            "db/004_behind.sql": "create table behind ();\n",
        },
    )
    told = its.told("out-of-order", on)
    assert [each[:2] for each in told] == [("warning", "002_harmless.sql"), ("error", "002b_loud.sql")]
    assert told[1][2].splitlines()[1:] == ["  table public.early: missing"]


def test_what_the_other_branch_has_gained_is_applied_first(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path)
    commit_to_main(its.top, {"db/005_gone.sql": "drop table purchase;\n"})
    write(its.top, {"db/004_note.sql": "alter table purchase add note text;\n"})
    (finding,) = its.found("out-of-order", on)
    assert finding.message == (
        "004_note.sql comes before 005_gone.sql, which main has, and cannot be applied behind it, as databases in use "
        'have to: relation "purchase" does not exist (SQLSTATE 42P01)'
    )


def test_what_comes_behind_is_not_late(tmp_path: Path, on: ServerOptions) -> None:
    its = project(tmp_path)
    assert its.judged("out-of-order", on).reason == f"no migration was added since {its.named}"
    # Nearly: an edited one, one of which the version is taken, and one that the other branch has gained.
    commit_to_main(its.top, {"db/004_refund.sql": "create table refund ();\n"})
    write(its.top, {"db/001_customer.sql": "create table customer (id bigint primary key);\n"})
    write(its.top, {"db/004_a.sql": "create table a ();\n", "db/005_b.sql": "create table b ();\n"})
    assert its.found("out-of-order", on) == []
