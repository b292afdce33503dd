"""Ignore comments in a run: counted, told, and missed where they are needed no longer."""

from __future__ import annotations

import json

import pytest

from tests.support.projects import GOOD, run, statuses, write_chain

IGNORED = GOOD | {
    "003_more.sql": (
        "-- migrate-validate: ignore duplicate-index, squawk:require-concurrent-index-creation: dropped soon\n"
        "create index again on purchase (customer_id);\n"
        "-- migrate-validate: ignore splinter:no_primary_key: a log\n"
        "create table log (line text);\n"
    ),
}
UNUSED = GOOD | {"003_more.sql": "-- migrate-validate: ignore duplicate-index: not any more\nselect 1;\n"}


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_ignored_findings_do_not_fail_and_are_counted(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    write_chain(pytester, "db", IGNORED)
    reported = (
        "--migrations-strict",
        "--migrations-report=report.json",
        "-k",
        "duplicate-index or lock or key or ignore",
    )
    result = run(pytester, "--migrations=db", *reported, *options)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "ignored by comments: 3 findings",
            "  003_more.sql:1: duplicate-index: dropped soon",
            "  003_more.sql:1: index-built-under-lock: dropped soon",
            "  003_more.sql:3: table-without-primary-key: a log",
        ]
    )
    report = json.loads((pytester.path / "report.json").read_text())
    assert report["summary"]["ignored"] == 3
    (chain,) = report["chains"]
    assert [each["rule"] for each in chain["findings"] if each["severity"] != "info"] == []
    assert {each["rule"]: each["ignored"] for each in chain["ignored"]} == {
        "duplicate-index": {"reason": "dropped soon", "file": "003_more.sql", "line": 1},
        "index-built-under-lock": {"reason": "dropped soon", "file": "003_more.sql", "line": 1},
        "table-without-primary-key": {"reason": "a log", "file": "003_more.sql", "line": 3},
    }


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_an_ignore_that_is_not_needed(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    write_chain(pytester, "db", UNUSED)
    selected = "unused-ignore or duplicate-index" if options else "unused-ignore"
    result = run(pytester, "--migrations=db", "-k", selected, *options)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["warning * unused-ignore * 003_more.sql:1: duplicate-index finds nothing here*"])


def test_a_rule_that_is_off_says_nothing_of_its_ignores(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", UNUSED | {"migrate_validate.toml": '[severity]\nduplicate-index = "off"\n'})
    words = statuses(run(pytester, "--migrations=db", "-v", "-k", "unused-ignore"))
    assert words == {"db::chain::unused-ignore": "PASSED"}


def test_aliases_are_names_in_the_configuration(pytester: pytest.Pytester) -> None:
    severity = '[severity]\n"splinter:no_primary_key" = "error"\n"splinter:duplicate_index" = "off"\n'
    chain = GOOD | {"003_log.sql": "create table log (line text);\n", "migrate_validate.toml": severity}
    write_chain(pytester, "db", chain)
    words = statuses(run(pytester, "--migrations=db", "-v", "-k", "primary-key or duplicate-index"))
    assert words == {"db::tables::table-without-primary-key": "FAILED"}
