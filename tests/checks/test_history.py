"""The rules about the history of a chain, in real repositories: bad, good and nearly bad."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Severity, Verdict
from migrate_validate.git.history import read_history
from migrate_validate.git.places import Places
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from tests.support.repositories import commit, commit_to_main, git, repository, write
from tests.tracing.projects import alembic, django

RULES = Registry.load()
SHOP: dict[str, str | None] = {
    "db/001_customer.sql": "create table customer (id int primary key, email text);\n",
    "db/001_customer_rollback.sql": "drop table customer;\n",
    "db/003_purchase.sql": (
        "create table purchase (id int primary key, customer_id int not null references customer);\n"
        "create index on purchase (customer_id);\n"
    ),
}


@dataclass
class Project:
    """A repository with a chain in ``db``."""

    top: Path
    base: str
    """The first commit."""

    @property
    def named(self) -> str:
        return f"main (merge base {self.base[:12]})"

    def judged(self, rule: str, options: ServerOptions | None = None, *, chain: str = "db") -> RuleResult:
        settings = replace(load_settings(self.top / chain, self.top), since="main")
        with Places() as places:
            place = places.find(chain, self.top)
            read = read_chain(place.source, settings, rootdir=place.rootdir)
            history = read_history(read, place, settings, "main", places)
            with contextlib.closing(Evaluation(read, settings, options or ServerOptions(), history)) as evaluation:
                return evaluation.evaluate(RULES[rule])

    def found(self, rule: str, options: ServerOptions | None = None, *, chain: str = "db") -> list[Finding]:
        result = self.judged(rule, options, chain=chain)
        assert result.verdict is not Verdict.UNPROVEN, result.reason
        return list(result.findings)

    def told(self, rule: str, options: ServerOptions | None = None) -> list[tuple[str, str, str]]:
        return [(str(each.severity), str(each.location), each.message) for each in self.found(rule, options)]


def project(tmp_path: Path, files: Mapping[str, str | None] = SHOP) -> Project:
    top = repository(tmp_path / "project", files)
    return Project(top, git(top, "rev-parse", "HEAD"))


@pytest.fixture
def on(server: Server) -> ServerOptions:
    """The tests' server, for rules that need one."""
    return ServerOptions(host=server.host, port=server.port, user=server.user)


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


# out_of_order


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


def text_files(files: Mapping[str, str | bytes]) -> dict[str, str | None]:
    return {name: str(text) for name, text in files.items()}


REVISION = """
def upgrade():
    op.execute("create table {0} (id int)")

def downgrade():
    op.execute("drop table {0}")
"""


def test_revisions_of_alembic(tmp_path: Path) -> None:
    first = {"a": REVISION.format("a")}
    its = project(tmp_path, text_files(alembic(first)))
    write(its.top, text_files(alembic({"a": REVISION.format("a").replace("drop table", "drop table if exists")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert (finding.severity, finding.message) == (
        Severity.INFO,
        f"the way back of db/versions/a_it.py is not what it is in {its.named}",
    )
    write(its.top, text_files(alembic({"a": REVISION.format("a").replace("create table a", "create table b")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert finding.message == (
        f"db/versions/a_it.py is not what it is in {its.named}: "
        "alembic upgrade never applies it again, for its version is recorded"
    )
    write(its.top, text_files(alembic({"a": "# only said\n" + REVISION.format("a")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert finding.severity is Severity.INFO
    write(its.top, text_files(alembic(first)))
    commit_to_main(its.top, text_files(alembic({"theirs after a": REVISION.format("theirs")})))
    write(its.top, text_files(alembic({"ours after a": REVISION.format("ours")})))
    (finding,) = its.found("version-collision", chain=".")
    assert str(finding.location) == "db/versions/ours_it.py"
    assert finding.message.startswith(
        f"the chain cannot be read together with what main has gained since {its.base[:12]}: "
    )
    assert "heads" in finding.message


def test_migrations_of_django(tmp_path: Path, on: ServerOptions) -> None:
    sql = 'class Migration(migrations.Migration):\n    dependencies = {}\n    operations = [migrations.RunSQL("{}")]\n'
    first = {"0001_a": sql.format([], "create table a (id int primary key)")}
    its = project(tmp_path, text_files(django(first)))
    gained = {"0002_gone": sql.format([("shop", "0001_a")], "alter table a rename to b")}
    commit_to_main(its.top, text_files(django(gained)))
    ours = sql.format([("shop", "0001_a")], "alter table a add x int")
    write(its.top, text_files(django({"0002_column": ours})))
    (finding,) = its.found("version-collision", chain=".")
    assert finding.location is not None
    assert finding.location.file == "shop/migrations/0002_column.py"
    git(its.top, "merge", "--quiet", "main")
    both = sql.format([("shop", "0001_a")], "alter table a add x int")
    late = gained["0002_gone"].replace("'0001_a'", "'0002_column'")
    write(its.top, text_files(django({"0002_column": both, "0002_gone": late})))
    assert [str(each.location) for each in its.found("edited-applied-migration", chain=".")] == [
        "shop/migrations/0002_gone.py"
    ]
    (finding,) = its.found("out-of-order", on, chain=".")
    assert finding.message.endswith('relation "a" does not exist (SQLSTATE 42P01)')


def test_a_runner_of_ones_own_lists_several_migrations_in_one_file(tmp_path: Path) -> None:
    text = """
def one(connection):
    connection.execute("create table one (id int)")

def no_one(connection):
    connection.execute("drop table one")

def two(connection):
    connection.execute("create table two (id int)")

def three(connection):
    connection.execute("create table three (id int)")

MIGRATIONS = [("001_one", one, no_one), ("002_two", two)]
"""
    its = project(tmp_path, {"db/migration_runner.py": text})
    added = text.replace('("002_two", two)', '("002_two", two), ("003_three", three)')
    write(its.top, {"db/migration_runner.py": "# more\n" + added})
    assert its.found("edited-applied-migration") == []
    changed = added.replace("create table two", "create table if not exists two").replace("drop", "-- \\n drop")
    write(its.top, {"db/migration_runner.py": changed})
    assert [each[:2] for each in its.told("edited-applied-migration")] == [
        ("info", "migration_runner.py[001_one]"),
        ("error", "migration_runner.py[002_two]"),
    ]
    write(its.top, {"db/migration_runner.py": text.replace("002_two", "002_second")})
    (renamed,) = its.found("edited-applied-migration")
    assert (renamed.severity, renamed.fix) == (Severity.WARNING, "give it its name back: in migration_runner.py")


def test_every_convention_says_what_its_tool_does() -> None:
    from importlib import import_module

    tools = import_module("migrate_validate.checks._history.tools")
    plain = {"sql", "rails", "python"}
    assert {each.name for each in FORMATS} - tools.TOOLS.keys() - plain == set()
