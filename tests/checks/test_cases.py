"""Every rule by example: tests/cases/<rule>/ holds SQL that it reports, SQL that it does not, and a near miss.

Each of ``bad``, ``good`` and ``near_miss`` is one of these:

- a file, ``bad.sql``: a rule of the schema or of the data judges what it makes; ``case.toml`` may hold expectations;
- a directory, ``bad/``: a chain as users write it, with down scripts, seeds and ``migrate_validate.toml`` as far as it
  wants them. It is applied on a server of its own, and the rule judges each migration or the whole chain. Chains that
  are not bad have to be applied to the end.

``expected.txt`` has what the rule says of ``bad``: written by a run with MIGRATE_VALIDATE_WRITE_CASES=1, then read by
people.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements
from migrate_validate.config import (
    Amount,
    Backfill,
    Counter,
    Expectations,
    ExpectedIndex,
    ExpectedPolicy,
    ExpectedTable,
    Settings,
    Unique,
)
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, NotApplicable, Result, Unproven, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import Registry, Rule, Scope
from migrate_validate.settings import load_settings
from tests.support.scripts import script_of

CASES = Path(__file__).parents[1] / "cases"
REWRITE = "MIGRATE_VALIDATE_WRITE_CASES"
"""The environment variable that makes this test write expected.txt instead of comparing."""

TESTED_ELSEWHERE = {
    "applies": "tests/checks/test_chain_rules.py",
    "base-applies": "tests/checks/test_chain_rules.py",
    "seed-applies": "tests/checks/test_chain_rules.py",
    "passed-over": "tests/chain/formats/drizzle/test_drizzle.py",
    "verifies": "tests/checks/test_verification.py",
    "verifies-itself": "tests/chain/formats/sqitch/test_sqitch.py",
    "duplicate-version": "tests/checks/test_chain_rules.py",
    "file-without-statements": "tests/checks/test_chain_rules.py",
    "set-aside-file": "tests/checks/test_chain_rules.py",
    "unusable-file": "tests/checks/test_chain_rules.py",
    "rows-conserved": "tests/checks/test_rows_conserved.py",
    "blocked-while": "tests/checks/test_blocked_while.py",
    "squawk": "tests/checks/test_squawk.py",
    "access-changed": "tests/rls/test_matrix.py",
    "edited-applied-migration": "tests/checks/test_history.py",
    "out-of-order": "tests/checks/test_history.py",
    "version-collision": "tests/checks/test_history.py",
}
"""Rules over the files and the replay, where the case is more than one file of SQL."""

RULES = {rule.name: rule for rule in Registry.load()}
FOLDERS = sorted(path.name for path in CASES.iterdir() if path.is_dir() and path.name in RULES)
WHICH = ("bad", "good", "near_miss")


def expectations(case: dict[str, Any]) -> Expectations:
    return Expectations(
        counts={kind: _amount(text) for kind, text in case.get("counts", {}).items()},
        tables=tuple(
            ExpectedTable(each["name"], each.get("columns", {}), _amount(each["rows"]) if "rows" in each else None)
            for each in case.get("tables", ())
        ),
        indexes=tuple(ExpectedIndex(**each) for each in case.get("indexes", ())),
        policies=tuple(ExpectedPolicy(**each) for each in case.get("policies", ())),
        counters=tuple(Counter(**each) for each in case.get("counters", ())),
        backfills=tuple(
            Backfill(each["column"], float(each["at_least"].rstrip("%")) / 100, each["where"])
            for each in case.get("backfills", ())
        ),
        unique=tuple(Unique(each["table"], tuple(each["columns"])) for each in case.get("unique", ())),
    )


def _amount(text: str) -> Amount:
    return Amount(int(text.rstrip("+")), text.endswith("+"))


def run(rule: Rule, connection: psycopg.Connection[Any], case: dict[str, Any]) -> list[Result]:
    chain = Chain("case", CASES, "sql", ())
    expect = expectations(case)
    supplied: dict[type, object] = {
        Chain: chain,
        Expectations: expect,
        Settings: Settings(expect=expect, suspected_orphans_ignore=tuple(case.get("suspected_orphans_ignore", ()))),
        Timeline: Timeline(chain, "plain", "PostgreSQL", api_roles=tuple(case.get("api_roles", ()))),
        Catalog: Catalog.read(connection),
        psycopg.Connection: connection,
    }
    wanted = {name: supplied[kind] for name, kind in rule.parameters.items() if kind in supplied}
    return list(rule.function(**wanted))


def run_chain(rule: Rule, folder: Path, major: int) -> list[Result]:
    """What a rule says of a chain: of every migration in turn, or of the whole."""
    settings = load_settings(folder, folder)
    chain = read_chain(folder, settings, rootdir=folder)
    files = [migration.file for migration in chain.migrations] if rule.scope.of_migration else [None]
    results: list[Result] = []
    with contextlib.closing(Evaluation(chain, settings, ServerOptions(major=major))) as evaluation:
        for file in files:
            judged = evaluation.evaluate(rule, file)
            results += judged.findings
            if judged.reason:
                skipped = judged.verdict is Verdict.SKIPPED
                results.append(NotApplicable(judged.reason) if skipped else Unproven(judged.reason, file))
        assert folder.name == "bad" or rule.scope is Scope.CHAIN or evaluation.timeline.migrated
    return results


def render(result: Result) -> str:
    if isinstance(result, Finding):
        fix = f"\n  fix: {result.fix}" if result.fix else ""
        about = " ".join(str(each) for each in (result.location, result.object) if each)
        return f"{result.severity} {result.rule} {about}\n  {result.message}{fix}"
    kind = "unproven" if isinstance(result, Unproven) else "not applicable"
    return f"{kind}: {result.reason}"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The speed of the machine makes no difference to what a search finds."""
    monkeypatch.setattr("migrate_validate.checks._existing_data.budget.SECONDS", 60.0)


@pytest.fixture(scope="module")
def roles(server: Server) -> Iterator[None]:
    """The roles that cases grant privileges to; roles belong to the whole server."""
    names = ("mv_case_anon", "mv_case_staff", "mv_case_user", "mv_case_service")
    with server.connect("postgres") as connection:
        connection.execute(
            "CREATE ROLE mv_case_anon; CREATE ROLE mv_case_staff; "
            "CREATE ROLE mv_case_user IN ROLE mv_case_staff; CREATE ROLE mv_case_service BYPASSRLS"
        )
    yield
    with server.connect("postgres") as connection:
        for name in reversed(names):
            connection.execute(f"DROP ROLE {name}".encode())


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("name", FOLDERS)
def test_case(server: Server, name: str, which: str) -> None:
    folder = CASES / name
    if (folder / which).is_dir():
        results = run_chain(RULES[name], folder / which, server.version // 10000)
    else:
        settings = folder / "case.toml"
        case = tomllib.loads(settings.read_text()) if settings.exists() else {}
        with server.create_database(name) as database, database.connect() as connection:
            for statement in statements(script_of(folder / f"{which}.sql")):
                connection.execute(statement.sql.encode())
            results = run(RULES[name], connection, case)
    if which == "bad":
        text = "\n".join(map(render, results)) + "\n"
        if os.environ.get(REWRITE):
            (folder / "expected.txt").write_text(text)
        assert text == (folder / "expected.txt").read_text()
        assert any(isinstance(result, Finding) for result in results)
    else:
        assert [render(result) for result in results if not isinstance(result, NotApplicable)] == []


def test_every_rule_has_its_case() -> None:
    walked = {path.name for path in CASES.iterdir() if path.is_dir()}
    ours = {rule.name for rule in RULES.values() if rule.function.__module__.startswith("migrate_validate.checks.")}
    assert ours - walked - TESTED_ELSEWHERE.keys() == set()
    assert walked - ours == set(), "a folder without a rule"
    for rule, place in TESTED_ELSEWHERE.items():
        assert rule in ours
        text = (CASES.parents[1] / place).read_text()
        assert rule in text or rule.replace("-", "_") in text, rule
    for name in FOLDERS:
        files = {path.name for path in (CASES / name).iterdir()}
        assert "expected.txt" in files, name
        for which in WHICH:
            assert len({which, f"{which}.sql"} & files) == 1, (name, which)


def test_names_and_aliases_are_unique() -> None:
    names = [name for rule in RULES.values() for name in (rule.name, *rule.aliases)]
    assert sorted(names) == sorted(set(names))
