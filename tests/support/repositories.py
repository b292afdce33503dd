"""Small Git repositories with migrations."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_NOBODY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(directory: Path, *arguments: str) -> str:
    """What git answers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _NOBODY
    run = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def write(directory: Path, files: Mapping[str, str | None]) -> None:
    """Write these files, by their paths; None removes one."""
    for name, text in files.items():
        path = directory / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")


def commit(directory: Path, files: Mapping[str, str | None]) -> str:
    """Write these files, commit everything, and return the commit's hash."""
    write(directory, files)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", "change")
    return git(directory, "rev-parse", "HEAD")


def repository(directory: Path, files: Mapping[str, str | None]) -> Path:
    """A new repository whose branch ``main`` has these files; the branch ``feature`` is checked out."""
    directory.mkdir(parents=True, exist_ok=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    commit(directory, files)
    git(directory, "checkout", "--quiet", "-b", "feature")
    return directory


def commit_to_main(directory: Path, files: Mapping[str, str | None]) -> str:
    """Commit these files to ``main`` alone, while the working tree is clean, and come back."""
    git(directory, "checkout", "--quiet", "main")
    made = commit(directory, files)
    git(directory, "checkout", "--quiet", "feature")
    return made
