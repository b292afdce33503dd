"""The tables of the summary."""

from __future__ import annotations

from typing import Any

from migrate_validate.findings import Finding, Location, Severity
from migrate_validate.report.terminal import about_lines, findings_lines, migrations_table, unproven_lines
from migrate_validate.report.text import finding_text


def finding(**values: Any) -> dict[str, Any]:
    plain = {"severity": "warning", "rule": "some-rule", "check": "c", "object": None, "file": None, "line": None}
    return plain | values


def result(*findings: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"rule": "some-rule", "file": None, "verdict": "warned", "reason": None, "findings": findings} | values


def run(file: str, **values: Any) -> dict[str, Any]:
    plain = {"outcome": "applied", "duration_ms": 3.2, "statements": 2, "total_statements": 2, "locked": []}
    return {"file": file} | plain | values


FOUND = [
    result(finding(message="public.a has " + "many words " * 20, object="public.a")),
    result(
        finding(message="2.sql cannot be applied: " + "why " * 20, severity="error", file="2.sql", line=7), failed=True
    ),
    result(finding(message="it is late", severity="info", object="public.b")),
    result(finding(message="x is set aside", rule="set-aside-file", severity="info", file="x")),
]


def test_findings_fit_the_terminal_errors_first() -> None:
    lines = findings_lines(FOUND, width=72, infos=True, brief=False)
    assert max(map(len, lines)) <= 72
    assert lines[0].startswith("error    some-rule  2.sql:7: cannot be applied: why why")
    assert lines[1].startswith("         why")
    assert lines[2].startswith("warning  some-rule  public.a has many words")
    assert lines[-1] == "info     some-rule  public.b: it is late"
    assert "set aside" not in "\n".join(lines)
    assert findings_lines([result()], width=72, infos=False, brief=False) == []


def test_infos_are_counted_and_what_failed_takes_a_line() -> None:
    lines = findings_lines(
        [*FOUND, result(*[finding(message=f"no {n}", rule="other", severity="info") for n in (1, 2)])],
        width=60,
        infos=False,
        brief=True,
    )
    assert lines[0] == "error    some-rule  2.sql:7: cannot be applied: why why w..."
    assert lines[1].startswith("warning  some-rule  public.a has")
    assert lines[-1] == "3 infos: 2 other, 1 some-rule (-v shows them)"
    measured = result(finding(message="readers were stopped", rule="blocked-while", severity="info"))
    assert findings_lines([measured], width=60, infos=False, brief=True) == [
        "info     blocked-while  readers were stopped"
    ]


def test_what_a_message_announces_is_told_with_it() -> None:
    parts = [result(finding(message="x differs:\n  a: extra\n  b: missing")), result(finding(message="y is\n  late"))]
    assert findings_lines(parts, width=72, infos=False, brief=False) == [
        "warning  some-rule  x differs: a: extra, and 1 more",
        "warning  some-rule  y is",
    ]


def test_places_of_one_message_are_told_together() -> None:
    alike = [finding(message="an index is built", file="1.sql", line=line) for line in (12, 3)]
    other = finding(message="an index is built", file="2.sql", line=1)
    assert findings_lines([result(*alike, other)], width=72, infos=False, brief=False) == [
        "warning  some-rule  1.sql:3, 12: an index is built",
        "warning  some-rule  2.sql:1: an index is built",
    ]


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


def test_what_comes_with_libraries_is_one_line() -> None:
    locks = [{"relation": "public.auth_user", "rewritten": False}]
    apps = [{**run(f"django/contrib/{number}.py", locked=locks), "foreign": True} for number in range(3)]
    failed = {**run("django/contrib/3.py", outcome="failed", statements=1), "foreign": True}
    chain = {"base": [*apps, failed], "seeds": [], "migrations": [run("001_a.sql", version="001")]}
    assert [" ".join(line.split()) for line in migrations_table(chain, width=78).splitlines()[2:]] == [
        "3 migrations of installed apps (base) applied 10 ms 6",
        "django/contrib/3.py (base) failed 3 ms 1 of 2",
        "001_a.sql applied 3 ms 2",
    ]


def test_locks_stand_below_the_file_where_the_terminal_is_narrow() -> None:
    locks = [{"relation": f"public.table_{number}", "rewritten": False} for number in range(2)]
    chain = {"base": [], "seeds": [], "migrations": [run("001_a_name_of_some_length.sql", locked=locks, version="001")]}
    assert [line.rstrip() for line in migrations_table(chain, width=78).splitlines()[2:]] == [
        "001_a_name_of_some_length.sql  applied    3 ms             2",
        "(locked against others:",
        "public.table_0,",
        "public.table_1)",
    ]


def test_what_stands_above_the_table() -> None:
    chain = {
        "server": {"version": "PostgreSQL 18.1", "source": "somewhere"},
        "environment": "plain",
        "recognized": "001_a.sql says `-- +goose Up`",
        "format": "goose",
        "stand_ins": ["pgcrypto: " + "not real " * 20],
        "notes": [],
        "set_aside": [{"file": "README.md", "reason": "Markdown"}],
    }
    lines = about_lines(chain, 80)
    assert lines[:2] == [
        "PostgreSQL 18.1 (somewhere), environment plain",
        "format goose: 001_a.sql says `-- +goose Up`",
    ]
    assert lines[-2:] == ["set aside:", "  README.md: Markdown"]
    assert max(map(len, lines)) <= 80


def test_unproven() -> None:
    assert unproven_lines([result(verdict="unproven", reason="no data"), result()], 80) == ["  some-rule: no data"]
    several = [result(rule=name, verdict="unproven", reason="no data") for name in ("one", "other", "one")]
    assert unproven_lines(several, 80) == ["  one, other: no data"]


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


def test_advice_in_words_fits_the_terminal_and_sql_stays_on_its_lines() -> None:
    words = (
        "goose ends a statement with each line that ends with a semicolon: write `-- +goose StatementBegin` before it."
    )
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS purchase_amount ON purchase (amount) WHERE amount > 100 AND paid;"
    comment = "-- migrate-validate: assume a long condition that is stated in one line whatever the terminal's width is"
    told = finding_text(Finding("it fails", fix=f"{words}\n{sql}\n{comment}"), width=80).splitlines()
    assert told[-5:] == [
        "  fix:",
        "    goose ends a statement with each line that ends with a semicolon: write",
        "    `-- +goose StatementBegin` before it.",
        f"    {sql}",
        f"    {comment}",
    ]


def test_evidence_is_words_and_long_lists_are_cut() -> None:
    evidence = {
        "places": [{"line": 1, "within": True, "left": ["index a", "index b"], "invalid": []}],
        "example": [None, {"id": 2}],
        "lines": [str(line) for line in range(2000)],
    }
    told = finding_text(Finding("it fails", evidence=evidence)).splitlines()
    assert told[2:6] == ["  places:", "    line: 1, within: yes, left: index a; index b", "  example:", "    id: 2"]
    assert told[-2:] == ["    49", "    and 1950 more"]
