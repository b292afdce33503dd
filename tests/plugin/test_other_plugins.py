"""The plugin beside those that people have installed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.projects import BAD, GOOD, WARNED, run, statuses, write_chain


class TestDjango:
    def test_pytest_starts_with_both(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile("def test_it():\n    pass\n")
        pytester.runpytest_subprocess().assert_outcomes(passed=1)

    def test_migrations_path_works(self, pytester: pytest.Pytester) -> None:
        write_chain(pytester, "db", GOOD)
        result = pytester.runpytest_subprocess("--migrations-path=db", "-k", "applies")
        assert result.ret == 0
        result.stdout.fnmatch_lines(["plugins:*django*", "*migrations of db*", "001_shop.sql * applied*"])

    @pytest.mark.parametrize("arguments", [["--migrations=db"], ["--migrations", "db"]])
    def test_the_conflict_is_explained(self, pytester: pytest.Pytester, arguments: list[str]) -> None:
        write_chain(pytester, "db", GOOD)
        result = pytester.runpytest_subprocess(*arguments)
        assert result.ret == 4
        result.stderr.fnmatch_lines(
            [
                "ERROR: --migrations=PATH is not available here: pytest-django is installed and has an option *",
                "  - write --migrations-path=PATH, *",
                "  - leave pytest-django out of this run: pytest -p no:django --migrations=PATH",
            ]
        )
        assert "Traceback" not in result.stderr.str()

    def test_the_conflict_is_explained_where_the_configuration_has_the_option(self, pytester: pytest.Pytester) -> None:
        write_chain(pytester, "db", GOOD)
        pytester.makeini("[pytest]\naddopts = --migrations=db\n")
        result = pytester.runpytest_subprocess()
        assert result.ret == 4
        result.stderr.fnmatch_lines(["ERROR: --migrations=PATH is not available here*"])


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if not key.endswith("_ms")}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_xdist_gives_the_same_report_and_summary(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", WARNED)
    write_chain(pytester, "bad", BAD)
    both = ("--migrations=db", "--migrations=bad")
    alone = run(pytester, *both, "--migrations-report=alone.json")
    spread = run(pytester, *both, "--migrations-report=spread.json", "-n", "2")
    assert (alone.ret, spread.ret) == (1, 1)
    reports = [json.loads((pytester.path / f"{name}.json").read_text()) for name in ("alone", "spread")]
    for report in reports:
        report["chains"].sort(key=lambda chain: chain["path"])
    assert without_times(reports[0]) == without_times(reports[1])
    for result in (alone, spread):
        text = result.stdout.str()
        assert text.count("migrations of db") == text.count("migrations of bad") == 1
        result.stdout.fnmatch_lines(["error * applies * 002_broken.sql:2:*"])
        result.stdout.fnmatch_lines(["warning * duplicate-index *"])


def test_a_random_order_gives_the_same_verdicts(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", BAD)
    ordered = run(pytester, "--migrations=db", "-v")
    shuffled = pytester.runpytest_subprocess("-p", "no:django", "--migrations=db", "-v", "-p", "randomly")
    shuffled.stdout.fnmatch_lines(["Using --randomly-seed=*"])
    assert statuses(shuffled) == statuses(ordered)


def test_coverage_is_measured(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    pytester.makepyfile(shop="def price():\n    return 1\n")
    pytester.makepyfile(
        test_shop="""
        import shop

        def test_price(migrated_db):
            assert shop.price() == 1
        """
    )
    result = run(pytester, "--migrations=db", "--cov=shop", "test_shop.py")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["shop.py * 100%"])


def test_defaults_of_pytest_postgresql_are_no_wish_and_what_is_written_is(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    pytester.makeini("[pytest]\npostgresql_host = 127.0.0.1\npostgresql_port = 1\n")
    result = run(pytester, "--migrations=db", "-k", "001_shop and applies")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["Could not connect to the database postgres as postgres:*"])
