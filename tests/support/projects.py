"""Small projects with migrations, made in the directory of pytester."""

from __future__ import annotations

from pathlib import Path

import pytest

GOOD = {
    "001_shop.sql": "create table customer (id int primary key, email text not null);\n",
    "002_orders.sql": (
        "create table purchase (id int primary key, customer_id int not null references customer);\n"
        "create index on purchase (customer_id);\n"
    ),
    "seed.sql": "insert into customer values (1, 'a@example.org');\n",
}
BAD = {
    "001_shop.sql": GOOD["001_shop.sql"],
    "002_broken.sql": "create table purchase (id int primary key);\nselect * from nowhere;\n",
    "003_later.sql": "create table later (id int primary key);\n",
}
# Two indexes on the same column: a warning, and nothing worse.
WARNED = GOOD | {
    "003_twice.sql": (
        "create table refund (id int primary key, reason text);\n"
        "create index on refund (reason);\n"
        "create index again on refund (reason);\n"
    ),
}


def write_chain(pytester: pytest.Pytester, name: str, files: dict[str, str]) -> Path:
    """A directory with these files."""
    directory = pytester.path / name
    directory.mkdir(parents=True)
    for file, text in files.items():
        (directory / file).write_text(text)
    return directory


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Pytest in a process of its own, without pytest-django and in the order of the files."""
    return pytester.runpytest_subprocess("-p", "no:django", "-p", "no:randomly", *arguments, timeout=60)


def statuses(result: pytest.RunResult) -> dict[str, str]:
    """The word that ``pytest -v`` shows, by node id."""
    lines = [line.split() for line in result.outlines if "::" in line and "%]" in line]
    return {words[0]: words[1] for words in lines}


def run_here(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The same in this process, which is faster: for what starts no server."""
    return pytester.runpytest_inprocess("-p", "no:django", "-p", "no:randomly", *arguments)
