"""``--migrations-rows``: tables are filled, and others are measured."""

from __future__ import annotations

import pytest

from tests.support.projects import run, statuses, write_chain

CHAIN = {
    "001_shop.sql": "create table customer (id int generated always as identity primary key, email text);",
    "002_name.sql": "alter table customer add column name text;",
}


def test_rows_are_asked_for_on_the_command_line(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", CHAIN)
    item = "db/002_name.sql::blocked-while"
    without = run(pytester, "--migrations=db", "-v", "-rs", "-k", "blocked-while")
    assert statuses(without)[item] == "SKIPPED"
    without.stdout.fnmatch_lines(["*no number of rows is given: --migrations-rows=100000, or rows in the config*"])
    asked = run(pytester, "--migrations=db", "--migrations-rows=500", "-v", "-k", "blocked-while")
    assert statuses(asked)[item] in ("PASSED", "WARNED")
    assert asked.ret == 0


def test_what_is_no_number_of_rows_is_refused(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", CHAIN)
    result = run(pytester, "--migrations=db", "--migrations-rows=many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--migrations-rows: 'many' is no number of rows such as 100000"])
