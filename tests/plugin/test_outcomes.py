"""Exit statuses, words, and what people read when something is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.projects import BAD, GOOD, WARNED, run, run_here, statuses, write_chain


def test_a_good_chain_passes(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    result = run(pytester, "--migrations=db", "-v", "-rs")
    assert result.ret == 0
    words = statuses(result)
    assert words["db/001_shop.sql::applies"] == "PASSED"
    assert set(words.values()) == {"PASSED", "SKIPPED"}
    result.stdout.fnmatch_lines(
        [
            f"collecting ... collected {len(words)} items",
            "*migrations of db*",
            "PostgreSQL * (*), environment plain",
            "001_shop.sql * applied * ms * 1*",
            "seed.sql (seed) * applied*",
            "SKIPPED [[]1[]] db::chain::verifies: the chain has no verification script",
        ]
    )
    assert "\x1b" not in result.stdout.str()


def test_a_failure_shows_findings_and_no_traceback(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", BAD)
    result = run(pytester, "--migrations=db", "--junitxml=junit.xml", "--migrations-report=out/report.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "002_broken.sql:2:15: error[[]applies[]]",
            '  cannot be applied: relation "nowhere" does not exist (SQLSTATE 42P01)*',
            "002_broken.sql * failed * 1 of 2*",
            "003_later.sql * not-reached*",
            "error * applies * 002_broken.sql:2: cannot be applied*",
            "FAILED db/002_broken.sql::applies*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*migrate_validate/*.py*")

    cases = {
        f"{case.get('classname')}::{case.get('name')}": case
        for case in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    }
    failed = [name for name, case in cases.items() if case.find("failure") is not None]
    assert len(failed) == 1
    assert failed[0].endswith("::applies")
    assert "nowhere" in (cases[failed[0]].find("failure").text or "")  # type: ignore[union-attr]

    report = json.loads((pytester.path / "out/report.json").read_text())
    (chain,) = report["chains"]
    assert [each["outcome"] for each in chain["migrations"]] == ["applied", "failed", "not-reached"]
    finding = next(each for each in chain["findings"] if each["rule"] == "applies")
    assert (finding["file"], finding["line"], finding["severity"]) == ("002_broken.sql", 2, "error")
    assert finding["statement"].strip().startswith("select * from nowhere")


def test_warned_is_a_word_of_its_own_and_strict_fails_it(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", WARNED)
    result = run(pytester, "--migrations=db", "-v")
    assert result.ret == 0
    assert statuses(result)["db::indexes::duplicate-index"] == "WARNED"
    result.stdout.fnmatch_lines(["warning * duplicate-index *", "*passed*1 warned*"])
    strict = run(pytester, "--migrations=db", "-v", "--migrations-strict")
    assert strict.ret == 1
    assert statuses(strict)["db::indexes::duplicate-index"] == "FAILED"


def test_infos_are_told_with_v_and_what_failed_is_told_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    write_chain(pytester, "db", BAD)
    selected = ("--migrations=db", "-k", "applies or not-rerunnable")
    result = run(pytester, *selected)
    result.stdout.fnmatch_lines(
        [
            "002_broken.sql:2:15: error[[]applies]",
            '  cannot be applied: relation "nowhere" does not exist',
            "error    applies  002_broken.sql:2: cannot be applied: re...",
            "1 info: 1 not-rerunnable (-v shows it)",
        ]
    )
    result.stdout.no_fnmatch_line("info * not-rerunnable *")
    result = run(pytester, *selected, "-v", "--tb=no")
    result.stdout.fnmatch_lines(
        [
            "error    applies  002_broken.sql:2: cannot be applied:",
            '         relation "nowhere" does not exist (SQLSTATE 42P01)',
            "info     not-rerunnable  001_shop.sql:1: *",
        ]
    )
    assert not any("infos:" in line for line in result.outlines)


def test_the_short_summary_and_junit_have_a_line_of_what_failed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On CI pytest repeats the whole message in its short summary.
    monkeypatch.setenv("CI", "true")
    write_chain(pytester, "db", BAD)
    line = '002_broken.sql:2: cannot be applied: relation "nowhere" does not exist (SQLSTATE 42P01)'
    for more in ((), ("-n", "1")):
        result = run(pytester, "--migrations=db", "-k", "applies", "--junitxml=junit.xml", *more)
        assert result.outlines[-2] == f"FAILED db/002_broken.sql::applies - {line}"
        assert result.stdout.str().count("select * from nowhere") == 1
        (failure,) = ElementTree.parse(pytester.path / "junit.xml").iter("failure")
        assert failure.get("message") == line
        assert "select * from nowhere" in (failure.text or "")


def test_nothing_is_summarized_where_there_was_no_server(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    result = run(pytester, "--migrations=db", "-k", "applies", "--postgresql-exec=/nowhere/pg_ctl")
    assert result.ret == 3
    result.stdout.no_fnmatch_line("*migrations of db*")
    result.stdout.fnmatch_lines(["ERROR db/001_shop.sql::applies - --postgresql-exec=/nowhere/pg_ctl does not*"])


def test_what_could_not_be_evaluated_is_never_shown_as_passed(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    pytester.makepyfile(
        my_rules="""
        from collections.abc import Iterator
        from migrate_validate.catalog.model import Catalog
        from migrate_validate.findings import Severity, Unproven
        from migrate_validate.rules import rule

        @rule(severity=Severity.ERROR)
        def undecided(catalog: Catalog) -> Iterator[Unproven]:
            '''Cannot be said.

            Why: nobody knows.
            Fix: none.
            '''
            yield Unproven("the moon is not visible")

        @rule(severity=Severity.ERROR)
        def crashes(catalog: Catalog) -> Iterator[Unproven]:
            '''Has a fault of its own.

            Why: it happens.
            Fix: none.
            '''
            raise ZeroDivisionError("a fault of the rule")
            yield
        """
    )
    pytester.makepyprojecttoml(
        "[tool.migrate_validate]\nrules = ['my_rules']\n[tool.pytest.ini_options]\npythonpath='.'"
    )
    result = run(pytester, "--migrations=db", "-v", "-k", "undecided", "--migrations-report=r.json")
    assert result.ret == 0
    assert statuses(result) == {"db::my_rules::undecided": "UNPROVEN"}
    result.stdout.fnmatch_lines(["could not be evaluated:", "  undecided: the moon is not visible", "*1 unproven*"])
    report = json.loads((pytester.path / "r.json").read_text())
    assert report["chains"][0]["rules"] == [
        {
            "rule": "undecided",
            "check": "my_rules",
            "file": None,
            "verdict": "unproven",
            "reason": "the moon is not visible",
        }
    ]
    strict = run(pytester, "--migrations=db", "-v", "-k", "undecided", "--migrations-strict")
    assert strict.ret == 1
    assert statuses(strict) == {"db::my_rules::undecided": "FAILED"}
    trouble = run(pytester, "--migrations=db", "-v", "-k", "crashes")
    assert trouble.ret == 3
    assert statuses(trouble) == {"db::my_rules::crashes": "ERROR"}
    trouble.stdout.fnmatch_lines(["*ZeroDivisionError: a fault of the rule*"])


def test_no_server_is_an_error_that_is_told_once(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest repeats whole messages in its short summary where it believes to run in CI.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    write_chain(pytester, "db", GOOD)
    result = run_here(pytester, "--migrations=db", "--postgresql-exec=/nowhere/pg_ctl", "-v")
    assert result.ret == 3
    words = statuses(result)
    assert words["db/001_shop.sql::applies"] == "ERROR"
    assert words["db::chain::duplicate-version"] == "PASSED"
    assert "FAILED" not in words.values()
    # One error tells it; the other rules could not be evaluated.
    assert [word for word in words.values() if word == "ERROR"] == ["ERROR"]
    assert words["db::indexes::unindexed-foreign-key"] == "UNPROVEN"
    text = result.stdout.str()
    assert text.count("looked at:") == 1
    assert text.count("what to do: give the path of a pg_ctl") == 1
    assert len(result.stdout.lines) < len(words) + 40
    assert "could not be evaluated" not in text
    assert "Traceback" not in text
    assert "runner.py" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--migrations=nowhere"], ["ERROR: nowhere does not exist", "looked at:", "  */nowhere", "what to do: *"]),
        (
            ["--migrations=db", "--migrations-report=report.xyz"],
            [
                "ERROR: --migrations-report=report.xyz: there is no report format for .xyz",
                "what to do: use a file that ends in .json*",
            ],
        ),
        (["--migrations=db", "--migrations-environment=moon"], ["ERROR: *moon*", "*plain*"]),
        (["--migrations=db", "--migrations-seed=lost.sql"], ["ERROR: seeds: *lost.sql does not exist"]),
        (
            ["--migrations=wrong"],
            ["ERROR: the configuration cannot be used:", "*enviroment: unknown key; did you mean*"],
        ),
    ],
)
def test_a_wrong_path_or_configuration_is_a_usage_error(
    pytester: pytest.Pytester, arguments: list[str], message: list[str]
) -> None:
    write_chain(pytester, "db", GOOD)
    write_chain(pytester, "wrong", GOOD | {"migrate_validate.toml": "enviroment = 'plain'\n"})
    result = run_here(pytester, *arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines(message)
    assert "Traceback" not in result.stderr.str()


def test_the_json_report_keeps_its_contract(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", WARNED)
    assert run(pytester, "--migrations=db", "--migrations-report=report.json").ret == 0
    report = json.loads((pytester.path / "report.json").read_text())
    assert list(report) == ["schema", "tool", "server", "chains", "summary"]
    assert report["schema"] == 1
    assert set(report["tool"]) == {"name", "version"}
    assert set(report["server"]) == {"version", "source"}
    (chain,) = report["chains"]
    assert {"path", "format", "environment", "migrations", "rules", "findings"} <= set(chain)
    assert (chain["path"], chain["environment"]) == ("db", "plain")
    for migration in chain["migrations"]:
        assert {"file", "version", "name", "outcome", "duration_ms", "statements"} <= set(migration)
    assert [(m["file"], m["version"], m["outcome"]) for m in chain["migrations"]] == [
        ("001_shop.sql", "001", "applied"),
        ("002_orders.sql", "002", "applied"),
        ("003_twice.sql", "003", "applied"),
    ]
    for rule in chain["rules"]:
        assert set(rule) == {"rule", "check", "file", "verdict", "reason"}
        assert rule["file"] is None or rule["file"] in WARNED
    for finding in chain["findings"]:
        assert list(finding) == [
            *("rule", "check", "severity", "message", "object", "file", "path", "line", "statement", "evidence", "fix")
        ]
    assert [each["rule"] for each in chain["findings"] if each["severity"] == "warning"] == ["duplicate-index"]
    keys = (
        "migrations",
        "passed",
        "failed",
        "warned",
        "unproven",
        "skipped",
        "errors",
        "warnings",
        "ignored",
        "duration_ms",
    )
    assert tuple(report["summary"]) == keys
    counted = {key: report["summary"][key] for key in ("migrations", "failed", "warned", "errors", "warnings")}
    assert counted == {"migrations": 3, "failed": 0, "warned": 1, "errors": 0, "warnings": 1}
    assert sum(report["summary"][key] for key in ("passed", "warned", "unproven", "skipped")) == len(chain["rules"])


@pytest.fixture
def open_directory() -> Path:
    """A directory that the account of the server may write into."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o777)
    return directory


WHERE = "copy (select current_setting('data_directory'), pg_backend_pid()) to '{}';\n"


@pytest.mark.parametrize(
    "files",
    [
        {"001_where.sql": WHERE, "002_sleep.sql": "select pg_sleep(50);\n"},
        {"001_a.sql": "create table t (a int);\n", "001_a_rollback.sql": f"{WHERE}select pg_sleep(50);\n"},
    ],
    ids=["in the replay", "in a state before a migration"],
)
def test_an_interrupt_leaves_nothing(pytester: pytest.Pytester, open_directory: Path, files: Mapping[str, str]) -> None:
    trace = open_directory / "where"
    write_chain(pytester, "db", {name: text.replace("{}", str(trace)) for name, text in files.items()})
    command = [sys.executable, "-m", "pytest", "-p", "no:django", "--migrations=db"]
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 20
    while not (trace.exists() and trace.read_text().endswith("\n")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    data, backend = trace.read_text().split()
    trace.unlink()
    open_directory.rmdir()
    assert process.returncode == 2, output
    assert "KeyboardInterrupt" in output
    assert not Path(data).parent.exists()
    assert not Path(f"/proc/{backend}").exists()


def test_everything_wrong_with_the_configuration_is_told_at_once(pytester: pytest.Pytester) -> None:
    for name in ("one", "two"):
        write_chain(pytester, name, GOOD)
    (pytester.path / "one" / "schema.sql").write_text("select 1;")
    (pytester.path / "one" / "migrate_validate.toml").write_text(
        'base = ["shema.sql", "nix/a.sql"]\nstrict = 3\nenvironment = "supabas"\nformat = "sq"\nrules = ["no_module"]\n'
        'seeds = [{path = "seed.sql", before = "02"}, "seeds.sql"]\n'
        '[severity]\nunindexed-keys = "off"\nxyz = "info"\nduplicate-index = "loud"\n'
    )
    (pytester.path / "two" / "migrate_validate.toml").write_text('[severity]\norphaned-row = "off"\n')
    pytester.makepyprojecttoml('[tool.migrate_validate]\nmigrations = ["one", "two", "three"]\nstrikt = true\n')
    result = run_here(pytester, "--collect-only", "--migrations-report=report.doc")
    assert result.ret == 4
    project, one, two = "pyproject.toml [tool.migrate_validate]", "one", "two"
    assert [line for line in str(result.stderr).replace(f"{pytester.path}/", "").splitlines() if line] == [
        "ERROR: the configuration cannot be used:",
        f"  {project}: strikt: unknown key; did you mean 'strict'?",
        "  --migrations-report=report.doc: there is no report format for .doc; use a file that ends in .json",
        f"  {one}/migrate_validate.toml: strict: 3 is not true or false",
        f"  {one}/migrate_validate.toml: severity.duplicate-index: 'loud' is not one of error, warning, info, off",
        f'  {one}: there is no environment "supabas"; did you mean "supabase"?; '
        "set environment to one of: plain, supabase; or to the path of a .sql file",
        f"  {one}: there is no format 'sq'; did you mean 'sql'?",
        f"  {one}: base: shema.sql does not exist (looked at one/shema.sql, shema.sql); did you mean schema.sql?",
        f"  {one}: base: nix/a.sql does not exist (looked at one/nix/a.sql, nix/a.sql); "
        "correct the path, or remove it from base",
        f"  {one}: seeds: seeds.sql does not exist (looked at one/seeds.sql, seeds.sql); did you mean seed.sql?",
        f"  {one}: seeds: seed.sql: before = '02': no migration has this version (looked at one); did you mean '002'?",
        "  three does not exist (looked at three); name a directory of migrations (001_x.sql, 20250102_x.sql), "
        "a supabase/ directory, or one SQL file",
        "  the module 'no_module' cannot be imported: No module named 'no_module' "
        "(looked at rules in the configuration); check the name, and that the module is on the Python path",
        f"  {one}: severity.unindexed-keys: there is no such rule; did you mean 'unindexed-foreign-key'?",
        f"  {two}: severity.orphaned-row: there is no such rule; did you mean 'orphaned-rows'?",
        "what to do: correct these; README.md lists all keys",
    ]


def test_names_of_rules_that_resemble_none(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    (pytester.path / "db" / "migrate_validate.toml").write_text('[severity]\nxyz = "info"\n')
    result = run_here(pytester, "--migrations=db", "--collect-only")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: severity.xyz: there is no such rule", "what to do: see the list of rules in README.md"]
    )
