"""Paths that are read as they are at a reference of Git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import ChainError, ConfigError, GitError
from migrate_validate.git.places import Places
from tests.support.repositories import commit, git, repository, write

FILES: dict[str, str | None] = {
    "db/001_a.sql": "create table a ();\n",
    "db/002_b.sql": "\\i ../shared/b.sql\n",
    "shared/b.sql": "create table b ();\n",
    "apps/api/migrations/001_x.sql": "select 1;\n",
}


def text_of(places: Places, named: str, base: Path) -> dict[str, str]:
    place = places.find(named, base)
    chain = read_chain(place.source, Settings(), rootdir=place.rootdir)
    return {each.file: each.up.text for each in chain.migrations}


def trouble(named: str, base: Path) -> str:
    with Places() as places, pytest.raises(GitError) as raised:
        places.find(named, base)
    return str(raised.value)


def test_a_chain_is_read_as_it_is_at_a_reference(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    first = git(top, "rev-parse", "HEAD")
    commit(top, {"db/001_a.sql": "create table changed ();\n", "db/003_c.sql": "select 3;\n"})
    git(top, "tag", "v1")
    write(top, {"db/004_d.sql": "select 4;\n"})
    old = {"001_a.sql": "create table a ();\n", "002_b.sql": "\\i ../shared/b.sql\n"}
    with Places() as places:
        assert text_of(places, "main:db", top) == text_of(places, f"{first[:9]}:db/", top) == old
        assert text_of(places, "HEAD~1:./db", top) == text_of(places, "main:../db", top / "shared") == old
        assert list(text_of(places, "v1:db", top)) == ["001_a.sql", "002_b.sql", "003_c.sql"]
        assert text_of(places, "main:db/001_a.sql", top) == {"001_a.sql": "create table a ();\n"}
        place = places.find("main:db", top)
        assert place.path == top / "main:db"
        assert place.source.parent.name.startswith(first[:12])
        # What a migration includes from elsewhere in the repository is there, too.
        assert (place.source / "../shared/b.sql").read_text() == "create table b ();\n"
        assert place.rootdir == place.source.parent
    assert not place.source.exists()


def test_a_file_of_that_name_wins(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    write(top, {"main:db/001_own.sql": "select 'own';\n"})
    with Places() as places:
        assert text_of(places, "main:db", top) == {"001_own.sql": "select 'own';\n"}
        assert places.find("main:db", top).checkout is None
        assert places.find(":db", top).checkout is None
        assert places.find("db", tmp_path / "nowhere").source == tmp_path / "nowhere" / "db"


def test_the_working_tree_and_the_index_are_left_alone(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    write(top, {"db/001_a.sql": "changed\n", "db/new.sql": "new\n"})
    git(top, "add", "db/001_a.sql")
    before = git(top, "status", "--porcelain"), (top / ".git" / "index").read_bytes()
    with Places() as places:
        text_of(places, "main:db", top)
    assert (git(top, "status", "--porcelain"), (top / ".git" / "index").read_bytes()) == before


def test_what_git_sets_for_its_hooks_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = repository(tmp_path / "a", FILES)
    repository(tmp_path / "b", {"db/001_other.sql": "select 1;\n"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "b" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "b" / ".git" / "index"))
    with Places() as places:
        assert list(text_of(places, "main:db", top)) == ["001_a.sql", "002_b.sql"]


def test_line_ends_are_those_of_a_checkout_and_large_files_of_others_are_left_out(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        ".gitattributes": "*.sql text eol=crlf\n",
        "db/001_a.sql": "select 1;\n",
        "movie.bin": "x" * (1024 * 1024 + 1),
        "dump.sql": "-" * (1024 * 1024 + 1),
    }
    top = repository(tmp_path, files)
    (top / "db" / "link.txt").symlink_to("001_a.sql")
    commit(top, {})
    with Places() as places:
        source = places.find("feature:db", top).source
        assert (source / "001_a.sql").read_bytes() == b"select 1;\r\n"
        assert (source / "link.txt").is_symlink()
        assert sorted(path.name for path in source.parent.iterdir()) == [".gitattributes", "db", "dump.sql"]


def test_an_unknown_reference(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    assert trouble("mian:db", top) == (
        "mian:db does not exist here, and Git knows no reference 'mian'\n"
        f"looked at:\n  branches, tags and commits of {top}\n"
        "what to do: did you mean main?"
    )
    assert trouble("origin/release:db", top) == (
        "origin/release:db does not exist here, and Git knows no reference 'origin/release'\n"
        f"looked at:\n  branches, tags and commits of {top}\n"
        "what to do, one of:\n"
        "  - fetch it: git fetch origin release:refs/remotes/origin/release\n"
        "  - name a branch, a tag or a commit that is here"
    )
    # What looks like an option is none.
    assert "knows no reference '--all'" in trouble("--all:db", top)


def test_a_path_that_the_reference_does_not_have(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    short = git(top, "rev-parse", "HEAD")[:12]
    about = "a path behind the colon begins at the top of the repository, as in Git"
    assert trouble("main:dbs", top) == (
        f"main:dbs does not exist: main is the commit {short}, which has no dbs\n"
        "looked at:\n  main: has apps, db, shared\n"
        f"what to do: did you mean main:db? ({about})"
    )
    assert trouble("main:migrations", top / "apps" / "api") == (
        f"main:migrations does not exist: main is the commit {short}, which has no migrations\n"
        "looked at:\n  main: has apps, db, shared\n"
        f"what to do: did you mean main:./migrations? ({about})"
    )
    assert trouble("main:db/none/001.sql", top).splitlines()[2] == "  main:db has 001_a.sql, 002_b.sql"
    assert "which has no .." in trouble("main:./../../x", top / "db")
    assert "which has no /etc" in trouble("main:/etc", top)


def test_outside_of_a_repository(tmp_path: Path) -> None:
    text = trouble("main:db", tmp_path)
    assert text.startswith(
        f"{tmp_path} is not in a Git repository, or not in the working tree of one\nlooked at:\n  fatal:"
    )
    assert text.endswith("what to do: run this inside of one, or name a directory of migrations that exists")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = repository(tmp_path, FILES)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trouble("main:db", top) == (
        "git is not installed\nlooked at:\n  PATH\n"
        "what to do: install git, or name a directory of migrations that exists"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = repository(tmp_path / "top", FILES)
    for path in (top, top / ".git"):
        os.chown(path, 65534, 65534)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert trouble("main:db", top) == (
        f"Git does not trust the repository of {top}: it belongs to another user\n"
        f"what to do: git config --global --add safe.directory '{top}', or '*' in a container of CI"
    )


def test_messages_name_files_by_the_reference(tmp_path: Path) -> None:
    top = repository(tmp_path, {"db/notes.md": "none\n", "db/x.toml": ""})
    with Places() as places:
        place = places.find("main:db", top)
        with pytest.raises(ChainError) as raised, place.naming():
            read_chain(place.source, Settings(), rootdir=place.rootdir)
        assert str(raised.value).startswith("main:db holds no migrations\nlooked at:\n  main:db\n")
        with pytest.raises(ConfigError) as refused, place.naming():
            raise ConfigError.of([f"{place.source}/migrate_validate.toml: no: unknown key"])
        assert refused.value.problems == ("main:db/migrate_validate.toml: no: unknown key",)
        assert "  main:db/migrate_validate.toml: no: unknown key\n" in str(refused.value)
