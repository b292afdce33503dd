"""Findings about locks, weighed by the real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.config import Settings
from migrate_validate.errors import ConfigError
from migrate_validate.findings import Finding, Result, Severity, Verdict
from migrate_validate.judging import judge
from migrate_validate.rules import Rule, Scope
from migrate_validate.settings import load_settings
from migrate_validate.statistics import Limits, Statistics, TableStatistics, scaled
from tests.support.projects import run, write_chain


def table(rows: int | None, writes: float, size: int = 8192) -> TableStatistics:
    return TableStatistics(rows, size, size, 0, writes, 1.5)


TABLES = {
    "public.orders": table(41_234_567, 120.4, 12 << 30),
    "public.plans": table(40, 0.001),
    "public.queue": table(12, 300.0, 3 << 20),
    "public.users": table(54_321, 0.2),
    "public.never_analyzed": table(None, 0.0),
}
STATISTICS = Statistics("stats.json", "2026-01-02T03:04:05+00:00", TABLES)


def finding(name: str | None, severity: Severity = Severity.WARNING, **values: Any) -> Finding:
    return Finding("an index is built", object=name, severity=severity, check="locks", rule="r", **values)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("public.orders", Severity.ERROR),
        ("public.queue", Severity.ERROR),
        ("public.plans", Severity.INFO),
        ("public.users", Severity.WARNING),
        ("public.never_analyzed", Severity.WARNING),
        ("public.new", Severity.WARNING),
        (None, Severity.WARNING),
    ],
)
def test_a_warning_is_scaled_by_its_table(name: str | None, severity: Severity) -> None:
    assert scaled(finding(name), STATISTICS).severity is severity


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.INFO])
def test_nothing_but_warnings_is_scaled(severity: Severity) -> None:
    assert {scaled(finding(name, severity), STATISTICS).severity for name in TABLES} == {severity}


def test_the_numbers_are_told() -> None:
    told = scaled(finding("public.orders"), STATISTICS)
    assert told.message == ("an index is built (in production public.orders: 41.2 million rows, 12 GB, 120 writes/s)")
    assert told.evidence == {
        "production": {"public.orders": "41.2 million rows, 12 GB, 120 writes/s, 1.5 scans/s"},
        "production_as_of": "2026-01-02T03:04:05+00:00 (stats.json)",
    }
    assert str(TABLES["public.plans"]) == "40 rows, 8 kB, under 0.01 writes/s"
    assert str(table(1, 0.2)).startswith("1 row, 8 kB")
    assert str(TABLES["public.users"]) == "54 321 rows, 8 kB, 0.2 writes/s"
    assert str(TABLES["public.never_analyzed"]) == "an unknown number of rows, 8 kB, 0 writes/s"


def test_the_heaviest_of_several_tables_decides() -> None:
    def severity(**evidence: Any) -> Severity | None:
        return scaled(finding("public.plans", evidence=evidence), STATISTICS).severity

    assert severity(relations=["public.plans", "public.orders"]) is Severity.ERROR
    assert severity(others=["public.users"]) is Severity.WARNING
    assert severity(relation="public.queue") is Severity.ERROR
    assert severity(others=["public.new"]) is Severity.INFO


def test_other_checks_and_runs_without_statistics_are_left_alone() -> None:
    other = Finding("no primary key", object="public.orders", severity=Severity.WARNING, check="tables")
    assert scaled(other, STATISTICS) is other
    lock = finding("public.orders")
    assert scaled(lock, None) is lock


def test_limits_are_the_users() -> None:
    limits = Limits(small_rows=60_000, quiet_writes=1.0, big_rows=10**9, busy_writes=1000.0)
    statistics = Statistics("s", "t", TABLES, limits)
    severities = [scaled(finding(name), statistics).severity for name in TABLES]
    assert severities == [Severity.WARNING, Severity.INFO, Severity.WARNING, Severity.INFO, Severity.WARNING]


def test_what_the_configuration_says_of_the_rule_wins() -> None:
    def function() -> list[Result]:
        return [finding("public.orders")]

    rule = Rule("r", "locks", Severity.WARNING, (), Scope.CHAIN, {}, "", "", "", function)
    assert judge(rule, {}, Settings(statistics=STATISTICS)).verdict is Verdict.FAILED
    judged = judge(rule, {}, Settings(statistics=STATISTICS, severity={"r": "warning"}))
    assert judged.verdict is Verdict.WARNED
    assert "41.2 million rows" in judged.findings[0].message


def content(**tables: Any) -> str:
    plain = {"rows": 3, "bytes": 8192, "heap_bytes": 8192, "index_bytes": 0}
    rates = {"writes_per_second": 0.0, "reads_per_second": 0.0}
    listed = {f"public.{name}": plain | rates | values for name, values in tables.items()}
    return json.dumps({"schema": 1, "taken_at": "2026-01-02T03:04:05+00:00", "tables": listed})


def test_settings(tmp_path: Path) -> None:
    chain = tmp_path / "db"
    chain.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.migrate_validate]\nstatistics = "stats.json"\n')
    (tmp_path / "stats.json").write_text(content(a={"rows": 1}))
    statistics = load_settings(chain, tmp_path).statistics
    assert statistics is not None
    assert statistics.tables["public.a"].rows == 1
    assert statistics.limits == Limits()
    (chain / "stats.json").write_text(content(a={"rows": None}))
    (chain / "migrate_validate.toml").write_text(
        'statistics = { file = "stats.json", big_rows = 5, busy_writes = 0.5 }\n'
    )
    statistics = load_settings(chain, tmp_path).statistics
    assert statistics is not None
    assert statistics.tables["public.a"].rows is None
    assert statistics.limits == Limits(big_rows=5, busy_writes=0.5)


@pytest.mark.parametrize(
    ("text", "stats", "message"),
    [
        ('statistics = "no.json"', None, "statistics: no.json does not exist (looked at {0}/no.json); write it from"),
        ('statistics = "s.json"', "{", "statistics: {0}/s.json is no statistics file of schema 1; write it from"),
        ('statistics = "s.json"', "[]", "statistics: {0}/s.json is no statistics file of schema 1"),
        ('statistics = "s.json"', content(a={"rows": "many"}), "statistics: {0}/s.json is no statistics file"),
        ('statistics = "s.json"', '{"schema": 2}', "statistics: {0}/s.json is no statistics file of schema 1"),
        ("statistics = 3", None, "statistics: 3 is not a table"),
        ("[statistics]\nbig_rows = 3", None, "statistics: the key 'file' is missing"),
        ('[statistics]\nfile = "s.json"\nbig_row = 3', "", "statistics.big_row: unknown key; did you mean 'big_rows'?"),
        ('[statistics]\nfile = "s.json"\nbig_rows = "3"', "", "statistics.big_rows: '3' is not a number of rows"),
    ],
)
def test_statistics_that_cannot_be_used(tmp_path: Path, text: str, stats: str | None, message: str) -> None:
    (tmp_path / "migrate_validate.toml").write_text(text)
    if stats is not None:
        (tmp_path / "s.json").write_text(stats)
    with pytest.raises(ConfigError) as raised:
        load_settings(tmp_path, tmp_path)
    assert message.format(tmp_path) in str(raised.value)


def test_a_run_is_weighed(pytester: pytest.Pytester) -> None:
    chain = {
        "001_a.sql": "create table orders (id int primary key, a int);\n",
        "001b_a.sql": "create table plans (id int primary key, a int);\n",
        "002_b.sql": "create index on orders (a);\n",
        "003_c.sql": "create index on plans (a);\n",
        "migrate_validate.toml": 'statistics = "stats.json"\n',
        "stats.json": content(orders={"rows": 41_000_000, "writes_per_second": 120.0}, plans={"rows": 40}),
    }
    write_chain(pytester, "db", chain)
    result = run(pytester, "--migrations=db", "-v", "-k", "index-built-under-lock")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "db/002_b.sql::index-built-under-lock FAILED*",
            "db/003_c.sql::index-built-under-lock PASSED*",
            "002_b.sql:1:1: error[[]index-built-under-lock[]]",
            "*public.orders: 41 million rows, 8 kB, 120*writes/s)*",
        ]
    )
