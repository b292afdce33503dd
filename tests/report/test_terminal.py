"""The tables of the summary."""

from __future__ import annotations

from typing import Any

from migrate_validate.findings import Finding, Location, Severity
from migrate_validate.report.terminal import about_lines, findings_table, migrations_table, unproven_lines
from migrate_validate.report.text import finding_text


def finding(**values: Any) -> dict[str, Any]:
    plain = {"severity": "warning", "rule": "some-rule", "check": "c", "object": None, "file": None, "line": None}
    return plain | values


def result(*findings: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"rule": "some-rule", "file": None, "verdict": "warned", "reason": None, "findings": findings} | values


def run(file: str, **values: Any) -> dict[str, Any]:
    plain = {"outcome": "applied", "duration_ms": 3.2, "statements": 2, "total_statements": 2, "locked": []}
    return {"file": file} | plain | values


def test_findings_fit_the_terminal_errors_first() -> None:
    table = findings_table(
        [
            result(finding(message="public.a has " + "many words " * 20, object="public.a")),
            result(finding(message="2.sql cannot be applied: why", severity="error", file="2.sql", line=7)),
            result(finding(message="it is late", severity="info", object="public.b")),
            result(finding(message="x is set aside", rule="set-aside-file", severity="info", file="x")),
        ],
        width=72,
    )
    lines = table.splitlines()
    assert max(map(len, lines)) <= 72
    assert lines[2].split("  ")[-1] == "2.sql:7: cannot be applied: why"
    assert lines[3].split("  ")[-1].startswith("public.a has many words")
    assert lines[-1].split("  ")[-1] == "public.b: it is late"
    assert "set aside" not in table
    assert findings_table([result()], width=72) == ""


def test_a_line_a_script() -> None:
    locks = [{"relation": f"public.table_{number}", "rewritten": number == 0} for number in range(5)]
    table = migrations_table(
        {
            "base": [run("base.sql")],
            "migrations": [
                run("001_a.sql", locked=locks, version="001"),
                run("002_b.sql", outcome="failed", statements=1, version="002"),
                run("003_c.sql", outcome="not-reached", version="003"),
            ],
            "seeds": [run("seed.sql", before=None)],
        },
        width=100,
    )
    assert max(map(len, table.splitlines())) <= 100
    cells = [line.split() for line in table.splitlines()[2:]]
    assert cells[0] == ["base.sql", "(base)", "applied", "3", "ms", "2"]
    assert cells[1][:6] == ["001_a.sql", "applied", "3", "ms", "2", "public.table_0"]
    assert "public.table_0 (rewritten), public.table_1," in table
    assert "2 more" in table
    assert ["002_b.sql", "failed", "3", "ms", "1", "of", "2"] in cells
    assert ["003_c.sql", "not-reached"] in cells


def test_what_stands_above_the_table() -> None:
    chain = {
        "server": {"version": "PostgreSQL 18.1", "source": "somewhere"},
        "environment": "plain",
        "stand_ins": ["pgcrypto: " + "not real " * 20],
        "notes": [],
        "set_aside": [{"file": "README.md", "reason": "Markdown"}],
    }
    lines = about_lines(chain, 80)
    assert lines[0] == "PostgreSQL 18.1 (somewhere), environment plain"
    assert lines[-2:] == ["set aside:", "  README.md: Markdown"]
    assert max(map(len, lines)) <= 80


def test_unproven() -> None:
    assert unproven_lines([result(verdict="unproven", reason="no data"), result()], 80) == ["  some-rule: no data"]


def test_a_finding_names_its_file_once() -> None:
    told = Finding(
        "a.sql cannot be applied: it is wrong",
        location=Location("a.sql", 3, 1),
        statement="\n".join(["select 1"] * 20),
        evidence={"sqlstate": "42P01", "applied": ["0.sql"], "empty": None, "counts": {"a": 1}},
        fix="drop it",
        severity=Severity.ERROR,
        rule="applies",
    )
    lines = finding_text(told).splitlines()
    assert lines[:2] == ["a.sql:3:1: error[applies]", "  cannot be applied: it is wrong"]
    assert "    ... (8 more lines)" in lines
    assert lines[-2:] == ["  fix:", "    drop it"]
    assert "  sqlstate: 42P01" in lines
    assert not any("empty" in line for line in lines)


def test_a_seed_before_a_migration_stands_before_it() -> None:
    chain = {
        "base": [],
        "migrations": [run("001_a.sql", version="001"), run("002_b.sql", version="002")],
        "seeds": [run("late.sql", before=None), run("early.sql", before="002")],
    }
    files = [line.split()[0] for line in migrations_table(chain, width=100).splitlines()[2:]]
    assert files == ["001_a.sql", "early.sql", "002_b.sql", "late.sql"]
