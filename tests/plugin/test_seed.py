"""What was found is found again, with the options that are printed."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.support.projects import run, write_chain

CHAIN = {
    "001_people.sql": "create table people (id int primary key, email text, age int);\n",
    "002_email.sql": "create unique index people_email on people (lower(email), age);\n",
}
OPTIONS = re.compile(r"generated databases \((--hypothesis-seed=.*)\)")


def finding(pytester: pytest.Pytester, *arguments: str) -> tuple[str, str]:
    """The header's options, and what a finding says from its first line to its last."""
    # What an earlier run has found would be tried first.
    shutil.rmtree(pytester.path / ".hypothesis", ignore_errors=True)
    text = run(pytester, "--migrations=db", "-k", "fails-on-data", *arguments).stdout.str()
    header = re.search(r"^migrate-validate: rows are drawn with (.*)$", text, re.MULTILINE)
    start = text.index("002_email.sql:1:1: error[fails-on-data]")
    assert header is not None
    return header[1], text[start : text.index("fix:", start)]


@pytest.mark.parametrize("given", ["", "--hypothesis-seed=7"])
def test_the_printed_options_find_the_same(pytester: pytest.Pytester, given: str) -> None:
    write_chain(pytester, "db", CHAIN)
    header, first = finding(pytester, *given.split())
    printed = OPTIONS.search(first)
    assert printed is not None
    assert printed[1] == header == (given or "--hypothesis-seed=0")
    again = finding(pytester, *printed[1].split())
    # On a busy machine fewer databases are tried.
    assert re.sub(r"\d+ of \d+ generated", "generated", again[1]) == re.sub(r"\d+ of \d+ generated", "generated", first)
    assert again[0] == header


def test_without_a_header_the_summary_says_it(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", {"001_people.sql": CHAIN["001_people.sql"]})
    result = run(pytester, "--migrations=db", "--no-header", "--hypothesis-seed=3", "--hypothesis-profile=thorough")
    said = "rows are drawn with --hypothesis-seed=3 --hypothesis-profile=thorough"
    result.stdout.fnmatch_lines(["*migrations of db*", said])
