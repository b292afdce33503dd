"""The rules about the history of a chain, in real repositories: bad, good and nearly bad."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Severity, Verdict
from migrate_validate.postgres import ServerOptions
from migrate_validate.settings import load_settings
from tests.checks.histories import RULES, SHOP, project
from tests.support.repositories import commit, commit_to_main, git, write

# edited_applied_migration


def test_an_edited_migration(tmp_path: Path) -> None:
    its = project(tmp_path)
    write(
        its.top,
        {"db/003_purchase.sql": str(SHOP["db/003_purchase.sql"]).replace("on purchase", "on purchase using hash")},
    )
    (finding,) = its.found("edited-applied-migration")
    assert finding.message == (
        f"003_purchase.sql is not what it is in {its.named}: a tool that records versions never applies it again"
    )
    assert str(finding.location) == "003_purchase.sql:2:1"
    assert finding.statement == "create index on purchase using hash (customer_id)"
    assert finding.evidence == {"base": its.base, "was": "create index on purchase (customer_id)"}
    assert finding.severity is Severity.ERROR
    assert finding.fix == (
        f"restore the file as it is in {its.base[:12]} (003_purchase.sql), and put the change into a new migration"
    )


def test_what_was_committed_on_the_branch_counts_as_what_is_in_the_working_tree(tmp_path: Path) -> None:
    its = project(tmp_path)
    commit(its.top, {"db/001_customer.sql": "create table customer (id bigint primary key);\n"})
    assert [each[:2] for each in its.told("edited-applied-migration")] == [("error", "001_customer.sql:1:1")]


def test_only_the_writing_was_changed(tmp_path: Path) -> None:
    its = project(tmp_path)
    text = "-- customers\r\nCREATE TABLE customer (\r\n  id integer primary key, email text /* lower case */);\r\n"
    write(its.top, {"db/001_customer.sql": text})
    assert its.told("edited-applied-migration") == [
        (
            "info",
            "001_customer.sql",
            f"001_customer.sql is written otherwise than in {its.named}, in comments, blanks or the case of words: "
            "its statements are the same",
        )
    ]


def test_a_comment_in_a_string_is_no_comment(tmp_path: Path) -> None:
    files = {"db/001_f.sql": "create function f() returns int language sql as $$ select 1 $$;\n"}
    its = project(tmp_path, files)
    write(its.top, {"db/001_f.sql": files["db/001_f.sql"].replace("select 1", "select 1 -- one\n")})
    assert [each[0] for each in its.told("edited-applied-migration")] == ["error"]


def test_a_migration_is_gone(tmp_path: Path) -> None:
    its = project(tmp_path)
    write(its.top, {"db/003_purchase.sql": None})
    (finding,) = its.found("edited-applied-migration")
    assert (str(finding.severity), str(finding.location)) == ("error", "003_purchase.sql")
    assert finding.message == (
        f"003_purchase.sql is gone, and {its.named} has it: databases that have applied it keep what it made"
    )
    assert finding.fix.endswith("and undo what it did in a new migration")


def test_all_migrations_are_gone(tmp_path: Path) -> None:
    its = project(tmp_path)
    write(its.top, {**dict.fromkeys(SHOP), "db/100_baseline.sql": "create table everything ();\n"})
    assert its.told("edited-applied-migration") == [
        (
            "error",
            "001_customer.sql",
            f"all 2 migrations that {its.named} has are gone, from 001_customer.sql to 003_purchase.sql: "
            "databases that have applied them keep what they made",
        )
    ]


def test_a_migration_is_renamed(tmp_path: Path) -> None:
    its = project(tmp_path)
    text = SHOP["db/003_purchase.sql"]
    write(its.top, {"db/003_purchase.sql": None, "db/003_purchases.sql": text})
    says = f"003_purchase.sql, which {its.named} has, is called 003_purchases.sql now: it does the same"
    assert its.told("edited-applied-migration") == [("info", "003_purchases.sql", says)]
    write(its.top, {"db/003_purchases.sql": None, "db/004_purchase.sql": text})
    says = (
        f"003_purchase.sql, which {its.named} has, is called 004_purchase.sql now: "
        "databases that have applied it take it for a new one, and apply it again"
    )
    assert its.told("edited-applied-migration") == [("warning", "004_purchase.sql", says)]
    write(its.top, {"db/004_purchase.sql": "create table purchase ();\n"})
    assert [each[:2] for each in its.told("edited-applied-migration")] == [("error", "003_purchase.sql")]


def test_down_scripts(tmp_path: Path) -> None:
    its = project(tmp_path)
    write(its.top, {"db/001_customer_rollback.sql": "drop table if exists customer;\n"})
    write(its.top, {"db/003_purchase_rollback.sql": "drop table purchase;\n"})
    assert its.told("edited-applied-migration") == [
        ("info", "001_customer_rollback.sql", f"the way back of 001_customer.sql is not what it is in {its.named}"),
        ("info", "003_purchase_rollback.sql", f"the way back of 003_purchase.sql is new, and {its.named} has none"),
    ]
    write(its.top, {"db/001_customer_rollback.sql": None, "db/003_purchase_rollback.sql": None})
    assert its.told("edited-applied-migration") == [
        ("info", "001_customer_rollback.sql", f"the way back of 001_customer.sql is gone: it stands in {its.named}")
    ]


def test_nothing_was_changed(tmp_path: Path) -> None:
    its = project(tmp_path)
    # Nearly: new files, another one's text, seeds, and what the other branch has changed meanwhile.
    commit_to_main(its.top, {"db/001_customer.sql": "create table customer (id bigint primary key);\n"})
    write(its.top, {"db/004_more.sql": "create table more ();\n", "db/seed.sql": "select 1;\n", "db/README.md": "x"})
    assert its.found("edited-applied-migration") == []


def test_a_migration_that_is_a_directory_is_all_of_its_files(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "diesel.toml": "",
        "db/2024-01-01-000000_a/up.sql": "create table a ();\n",
        "db/2024-01-01-000000_a/down.sql": "drop table a;\n",
        "db/2024-01-02-000000_b/up.sql": "create table b ();\n",
        "db/2024-01-02-000000_b/down.sql": "drop table b;\n",
    }
    its = project(tmp_path, files)
    assert its.found("edited-applied-migration") == []
    write(its.top, {"db/2024-01-02-000000_b/metadata.toml": "run_in_transaction = false\n"})
    told = its.told("edited-applied-migration")
    assert [each[:2] for each in told] == [
        ("error", "2024-01-02-000000_b/up.sql"),
        ("info", "2024-01-02-000000_b/down.sql"),
        ("info", "2024-01-02-000000_b/metadata.toml"),
    ]
    assert told[0][2].endswith("diesel migration run never applies it again, for its version is recorded")
    assert told[2][2] == (
        f"2024-01-02-000000_b/metadata.toml, beside 2024-01-02-000000_b/up.sql, is not what it is in {its.named}"
    )


def test_sections_of_one_file_are_told_apart(tmp_path: Path) -> None:
    text = "-- +goose Up\ncreate table a ();\n\n-- +goose Down\ndrop table a;\n"
    its = project(tmp_path, {"db/00001_a.sql": text, "db/00002_b.sql": text.replace(" a", " b")})
    write(its.top, {"db/00001_a.sql": text.replace("drop", "-- gone\ndrop")})
    write(its.top, {"db/00002_b.sql": text.replace(" a", " b").replace("drop table", "drop table if exists")})
    assert [each[:2] for each in its.told("edited-applied-migration")] == [
        ("info", "00001_a.sql"),
        ("info", "00002_b.sql"),
    ]
    write(its.top, {"db/00001_a.sql": "-- +goose NO TRANSACTION\n" + text})
    told = its.told("edited-applied-migration")
    assert [each[:2] for each in told] == [
        ("error", "00001_a.sql"),
        ("info", "00001_a.sql"),
        ("info", "00002_b.sql"),
    ]


def test_tools_that_compare_texts_and_migrations_that_are_meant_to_change(tmp_path: Path, on: ServerOptions) -> None:
    files: dict[str, str | None] = {
        "db/flyway.conf": "flyway.locations=filesystem:.\n",
        "db/V1__a.sql": "create table a ();\n",
        "db/R__view.sql": "create or replace view v as select 1 as one;\n",
    }
    its = project(tmp_path, files)
    write(
        its.top, {"db/V1__a.sql": "create table a (); -- a\n", "db/R__view.sql": "create view v as select 2 as two;\n"}
    )
    (told,) = its.told("edited-applied-migration")
    assert told[:2] == ("warning", "V1__a.sql")
    assert told[2].endswith("flyway migrate stops there: the checksum does not match")
    write(its.top, {"db/V1__a.sql": files["db/V1__a.sql"], "db/V1__a.sql.conf": "shouldExecute=true\n"})
    says = f"V1__a.sql.conf, beside V1__a.sql, is not what it is in {its.named}"
    assert its.told("edited-applied-migration") == [("info", "V1__a.sql.conf", says)]
    # Repeatable migrations run last: a new versioned one is not late for them.
    write(its.top, {"db/V2__b.sql": "create table b ();\n"})
    assert its.found("out-of-order", on) == []


# version_collision


def test_both_sides_have_taken_a_version(tmp_path: Path) -> None:
    its = project(tmp_path)
    tip = commit_to_main(its.top, {"db/0004_refund.sql": "create table refund ();\n"})
    write(its.top, {"db/004_reward.sql": "create table reward ();\n"})
    (finding,) = its.found("version-collision")
    assert finding.message == (
        f"004_reward.sql has the version 004, which 0004_refund.sql has in main (both since {its.base[:12]})"
    )
    assert (str(finding.severity), str(finding.location)) == ("error", "004_reward.sql")
    assert finding.evidence == {"tip": tip, "other": "0004_refund.sql", "version": "004"}
    assert finding.fix == "give 004_reward.sql a version above 0004"


def test_both_sides_have_added_one_file(tmp_path: Path) -> None:
    its = project(tmp_path)
    commit_to_main(its.top, {"db/004_refund.sql": "create table refund (id int);\n"})
    write(its.top, {"db/004_refund.sql": "create table refund (id bigint);\n"})
    (finding,) = its.found("version-collision")
    assert finding.message == (
        f"004_refund.sql was added here and in main, with another text there (both since {its.base[:12]})"
    )


def test_no_version_is_taken_twice(tmp_path: Path) -> None:
    its = project(tmp_path)
    assert its.judged("version-collision").reason == f"main has added no migration since {its.named}"
    # Nearly: the same file on both sides, as after a cherry-pick, and a letter behind the number.
    commit_to_main(its.top, {"db/004_refund.sql": "create table refund ();\n"})
    write(its.top, {"db/004_refund.sql": "create table  refund ();\n"})
    assert its.judged("version-collision").reason == f"HEAD has added no migration since {its.named}"
    write(its.top, {"db/004b_reward.sql": "create table reward ();\n", "db/003b_x.sql": "select 1;\n"})
    assert its.judged("version-collision").verdict is Verdict.PASSED


def test_both_sides_make_no_chain_together(tmp_path: Path) -> None:
    changes = "%syntax-version=1.0.0\n%project=shop\n\n{}"
    line = "{} 2024-01-0{}T00:00:00Z a <a@example.org> # x\n"
    files: dict[str, str | None] = {
        "db/sqitch.conf": "[core]\n\tengine = pg\n",
        "db/sqitch.plan": changes.format(line.format("one", 1)),
        "db/deploy/one.sql": "create table one ();\n",
    }
    its = project(tmp_path, files)
    commit_to_main(
        its.top,
        {
            "db/sqitch.plan": changes.format(line.format("one", 1) + line.format("two", 2)),
            "db/deploy/two.sql": "create table two ();\n",
        },
    )
    write(
        its.top,
        {
            "db/sqitch.plan": changes.format(line.format("one", 1) + line.format("mine", 3)),
            "db/deploy/mine.sql": "create table mine ();\n",
        },
    )
    # The plan says the order, and both sides have written it: Git itself tells of that.
    assert its.judged("version-collision").verdict is Verdict.PASSED


# all of them


@pytest.mark.parametrize("rule", ["edited-applied-migration", "version-collision", "out-of-order"])
def test_nothing_to_compare_with(tmp_path: Path, rule: str, on: ServerOptions) -> None:
    its = project(tmp_path, {"README.md": "x"})
    write(its.top, SHOP)
    assert its.judged(rule, on).reason == f"{its.named} has no migrations here"
    settings = load_settings(its.top / "db", its.top)
    chain = read_chain(its.top / "db", settings, rootdir=its.top)
    with contextlib.closing(Evaluation(chain, settings, on)) as evaluation:
        result = evaluation.evaluate(RULES[rule])
    assert result.verdict is Verdict.SKIPPED
    assert result.reason == "no --migrations-since=REF says what the chain is compared with"


def test_a_base_that_cannot_be_read(tmp_path: Path) -> None:
    its = project(tmp_path, {"db/00001_a.sql": "-- +goose Up\n-- +goose StatementBegin\nselect 1;\n"})
    write(its.top, {"db/00001_a.sql": "-- +goose Up\nselect 1;\n"})
    result = its.judged("edited-applied-migration")
    assert result.verdict is Verdict.UNPROVEN
    assert result.reason.startswith(f"the chain of {its.named} cannot be read: ")


def test_a_chain_at_a_reference_is_compared_from_there(tmp_path: Path) -> None:
    its = project(tmp_path)
    commit(its.top, {"db/001_customer.sql": "create table customer ();\n"})
    git(its.top, "tag", "v2")
    commit(its.top, {"db/001_customer.sql": SHOP["db/001_customer.sql"]})
    assert its.found("edited-applied-migration") == []
    (finding,) = its.judged("edited-applied-migration", chain="v2:db").findings
    assert str(finding.location) == "001_customer.sql:1:1"
