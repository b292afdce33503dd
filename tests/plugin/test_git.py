"""Chains at a reference of Git, and runs of what is new since one."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tests.plugin.test_collection import NO_SERVER, ids
from tests.support.projects import GOOD, run, run_here, statuses
from tests.support.repositories import git, repository, write

SHOP: dict[str, str | None] = {f"db/{name}": text for name, text in GOOD.items()}
LATER = "create table later (id int primary key);\n"


@pytest.fixture
def top(pytester: pytest.Pytester) -> Path:
    """A repository; the working tree has a third migration that is not added, and a broken second one."""
    made = repository(pytester.path, SHOP)
    write(made, {"db/003_later.sql": LATER})
    return made


def test_a_chain_at_a_reference(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"db/002_orders.sql": "broken;\n"})
    before = set(Path(tempfile.gettempdir()).glob("migrate-validate-*"))
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
    assert set(Path(tempfile.gettempdir()).glob("migrate-validate-*")) - before == set()


def test_its_items_can_be_selected(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"pyproject.toml": '[tool.migrate_validate]\nmigrations = ["main:db"]\n'})
    assert ids(run_here(pytester, NO_SERVER, "--collect-only", "-q", "main:db/002_orders.sql::applies")) == [
        "main:db/002_orders.sql::applies"
    ]


@pytest.mark.usefixtures("top")
def test_a_reference_that_is_not_there(pytester: pytest.Pytester) -> None:
    result = run_here(pytester, "--migrations=mian:db", "--migrations=db", NO_SERVER)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*mian:db does not exist here, and Git knows no reference 'mian'", "*did you mean main?"]
    )


def test_the_configuration_beside_the_chain_is_the_one_of_the_reference(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"db/migrate_validate.toml": "strikt = true\n"})
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=wrong")
    write(top, {"db/migrate_validate.toml": "strict = true\n"})
    result = run_here(pytester, "--migrations=feature:db", NO_SERVER)
    result.stderr.fnmatch_lines(["*feature:db/migrate_validate.toml: strikt: unknown key; did you mean 'strict'?"])


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


@pytest.mark.parametrize("file", ["pyproject.toml", "db/migrate_validate.toml"])
def test_the_configuration_can_say_it(pytester: pytest.Pytester, top: Path, file: str) -> None:
    table = "" if file.startswith("db/") else "[tool.migrate_validate]\n"
    write(top, {file: f'{table}since = "other"\n'})
    result = run_here(pytester, "--migrations=db", NO_SERVER)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*Git knows no reference 'other'"])


def test_workers_of_xdist_know_what_is_new(pytester: pytest.Pytester, top: Path) -> None:
    write(top, {"pyproject.toml": '[tool.migrate_validate]\nsince = "main"\n'})
    chains = ("--migrations=db", "--migrations=main:db")
    result = run(pytester, *chains, "-k", "edited-applied or (001 and rows-lost)", "-n", "2", "-p", "xdist")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*migrations of db*", "*", "1 of 3 migrations is new *"])
    result.stdout.fnmatch_lines(["*migrations of main:db*", "*", "0 of 2 migrations are new *"])
    result.assert_outcomes(passed=2, skipped=2)


@pytest.mark.usefixtures("top")
def test_without_it_there_is_nothing_to_compare_with(pytester: pytest.Pytester) -> None:
    result = run_here(pytester, "--migrations=db", NO_SERVER, "-k", "edited-applied", "-v", "-rs")
    assert statuses(result) == {"db::history::edited-applied-migration": "SKIPPED"}
    result.stdout.fnmatch_lines(["SKIPPED *no --migrations-since=REF says what the chain is compared with"])
