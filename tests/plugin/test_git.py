"""Chains at a reference of Git, and runs of what is new since one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.plugin.test_collection import NO_SERVER, ids
from tests.support.projects import GOOD, run, run_here, statuses
from tests.support.repositories import commit, git, repository, write

SHOP: dict[str, str | None] = {f"db/{name}": text for name, text in GOOD.items()}
LATER = "create table later (id int primary key);\n"


@pytest.fixture
def top(pytester: pytest.Pytester) -> Path:
    """A repository; the working tree has a third migration that is not added, and a broken second one."""
    made = repository(pytester.path, SHOP)
    write(made, {"db/003_later.sql": LATER})
    return made


def test_a_chain_at_a_reference(pytester: pytest.Pytester, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(top, {"db/002_orders.sql": "broken;\n", "scratch/.keep": ""})
    monkeypatch.setenv("TMPDIR", str(top / "scratch"))
    selected = ["-k", "applies or unindexed", "-v", "--migrations-report=r.json"]
    result = run(pytester, "--migrations=main:db", *selected)
    assert result.ret == 0
    assert statuses(result) == {
        "main:db/001_shop.sql::applies": "PASSED",
        "main:db/002_orders.sql::applies": "PASSED",
        "main:db::chain::base-applies": "SKIPPED",
        "main:db::chain::seed-applies": "PASSED",
        "main:db::indexes::unindexed-foreign-key": "PASSED",
        "main:db::rls_expressions::unindexed-policy-column": "SKIPPED",
    }
    (chain,) = json.loads((top / "r.json").read_text())["chains"]
    assert (chain["path"], [each["file"] for each in chain["migrations"]]) == (
        "main:db",
        ["001_shop.sql", "002_orders.sql"],
    )
    assert [path.name for path in (top / "scratch").iterdir()] == [".keep"]


def test_files_are_named_by_the_reference(pytester: pytest.Pytester, top: Path) -> None:
    commit(top, {"db/003_later.sql": "\\i ../gone.sql\n"})
    result = run(pytester, "--migrations=feature:db", "-k", "applies and 003")
    result.stdout.fnmatch_lines(
        [
            "003_later.sql:1:1: error[[]applies]",
            "  cannot be applied: *i ../gone.sql: feature:gone.sql: it does not exist",
        ]
    )


def test_its_items_can_be_selected(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"pyproject.toml": '[tool.migrate_validate]\nmigrations = ["main:db", "db"]\n'})
    found = ids(run_here(pytester, NO_SERVER, "--collect-only", "-q", "main:db/002_orders.sql::applies"))
    assert found == ["main:db/002_orders.sql::applies"]


def test_all_that_is_wrong_is_told_at_once(pytester: pytest.Pytester, top: Path) -> None:
    commit(top, {"db/migrate_validate.toml": "strikt = true\n"})
    # The configuration beside the migrations is the one that the reference has.
    write(top, {"db/migrate_validate.toml": 'since = "other"\n'})
    result = run_here(pytester, *(f"--migrations={path}" for path in ("mian:db", "feature:db", "db")), NO_SERVER)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*the configuration cannot be used:",
            "  mian:db does not exist here, and Git knows no reference 'mian' (looked at *); did you mean main?",
            "  feature:db/migrate_validate.toml: strikt: unknown key; did you mean 'strict'?",
            "  Git knows no reference 'other' (looked at *); fetch it: git fetch origin other:other, or name *",
        ]
    )


def test_expensive_rules_run_for_what_is_new(pytester: pytest.Pytester, top: Path) -> None:
    base = git(top, "rev-parse", "--short=12", "main")
    selected = ["-k", "not-rerunnable or applies or edited", "-v", "-rs", "--migrations-report=r.json"]
    result = run(pytester, "--migrations=db", "--migrations-since=main", *selected)
    assert statuses(result) == {
        "db/001_shop.sql::applies": "PASSED",
        "db/001_shop.sql::not-rerunnable": "SKIPPED",
        "db/002_orders.sql::applies": "PASSED",
        "db/002_orders.sql::not-rerunnable": "SKIPPED",
        "db/003_later.sql::applies": "PASSED",
        "db/003_later.sql::not-rerunnable": "PASSED",
        "db::chain::base-applies": "SKIPPED",
        "db::chain::seed-applies": "PASSED",
        "db::history::edited-applied-migration": "PASSED",
    }
    result.stdout.fnmatch_lines(
        [
            f"1 of 3 migrations is new since main (merge base {base}): expensive rules",
            "  run for it",
            f"SKIPPED * not new: it is as main (merge base {base}) has it",
        ]
    )
    (chain,) = json.loads((top / "r.json").read_text())["chains"]
    assert chain["since"]["new"] == ["003_later.sql"]
    assert (chain["since"]["reference"], chain["since"]["merge_base"][:12]) == ("main", base)


def test_workers_of_xdist_know_what_is_new(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"pyproject.toml": '[tool.migrate_validate]\nsince = "main"\n'})
    chains = ("--migrations=db", "--migrations=main:db")
    result = run(pytester, *chains, "-k", "edited-applied or (001 and rows-lost)", "-n", "2", "-p", "xdist")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*migrations of db*", "*", "1 of 3 migrations is new *"])
    result.stdout.fnmatch_lines(["*migrations of main:db*", "*", "0 of 2 migrations are new *"])
    result.assert_outcomes(passed=2, skipped=2)
