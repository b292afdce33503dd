"""The git hook: written where git looks for it, never over somebody else's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from migrate_validate.errors import ConfigError, GitError
from migrate_validate.hook import install_hook
from tests.support.repositories import commit


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with two directories of migrations."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    top = tmp_path / "repository"
    for name in ("migrations", "sub/more migrations"):
        (top / name).mkdir(parents=True)
    git(top, "init", "--quiet")
    return top


def git(top: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=top, check=True)


def test_the_hook_runs_the_command(repository: Path) -> None:
    said = install_hook(repository, ["migrations", "sub/more migrations"])
    hook = repository / ".git/hooks/pre-push"
    assert said == f"{hook} now runs: migrate-validate migrations 'sub/more migrations'"
    assert hook.read_text().splitlines()[0] == "#!/bin/sh"
    assert "exec migrate-validate migrations 'sub/more migrations'\n" in hook.read_text()
    assert os.access(hook, os.X_OK)


def test_paths_are_seen_from_where_one_stands(repository: Path) -> None:
    install_hook(repository / "sub", ["more migrations", "../migrations"])
    text = (repository / ".git/hooks/pre-push").read_text()
    assert "exec migrate-validate 'sub/more migrations' migrations\n" in text
    with pytest.raises(ConfigError) as caught:
        install_hook(repository / "sub", ["migrations"])
    assert str(caught.value).splitlines() == [
        "migrations does not exist",
        "looked at:",
        f"  {repository}/sub/migrations",
        "what to do: name the directory of migrations as seen from here",
    ]


def test_what_is_new_since_a_reference(repository: Path) -> None:
    with pytest.raises(GitError) as caught:
        install_hook(repository, ["migrations"], "origin/main")
    assert str(caught.value).splitlines()[0] == "Git knows no reference 'origin/main'"
    assert not (repository / ".git/hooks/pre-push").exists()
    commit(repository, {"migrations/001_a.sql": "select 1;"})
    said = install_hook(repository, ["migrations"], "HEAD")
    assert said.endswith("now runs: migrate-validate migrations --since=HEAD")
    assert "-m migrate_validate migrations --since=HEAD\n" in (repository / ".git/hooks/pre-push").read_text()


def test_the_configured_chains(repository: Path) -> None:
    with pytest.raises(ConfigError, match="no chain of migrations is named"):
        install_hook(repository, [])
    (repository / "pyproject.toml").write_text('[tool.migrate_validate]\nmigrations = ["migrations"]')
    assert install_hook(repository, []).endswith("now runs: migrate-validate migrations")


def test_another_folder_of_hooks(repository: Path) -> None:
    git(repository, "config", "core.hooksPath", "my/hooks")
    install_hook(repository / "sub", ["../migrations"])
    assert (repository / "my/hooks/pre-push").exists()
    assert not (repository / ".git/hooks/pre-push").exists()


def test_our_own_hook_is_replaced_and_no_other(repository: Path) -> None:
    install_hook(repository, ["migrations"])
    install_hook(repository, ["sub"])
    hook = repository / ".git/hooks/pre-push"
    assert "exec migrate-validate sub\n" in hook.read_text()
    hook.write_text("#!/bin/sh\nmake test\n")
    with pytest.raises(ConfigError) as caught:
        install_hook(repository, ["migrations"])
    assert str(caught.value).splitlines() == [
        f"{hook} exists and is not ours: it was left as it is",
        "what to do: add this line to it: migrate-validate migrations",
    ]
    assert hook.read_text() == "#!/bin/sh\nmake test\n"
    hook.unlink()
    hook.symlink_to("nowhere")
    with pytest.raises(ConfigError, match="is not ours"):
        install_hook(repository, ["migrations"])


def test_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        install_hook(tmp_path, ["x"])
    assert str(caught.value).startswith(f"{tmp_path} is no git repository: ")
    assert str(caught.value).endswith("what to do: run this inside a repository")
