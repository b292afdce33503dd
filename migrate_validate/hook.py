"""The git hook that validates before a push."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from migrate_validate.errors import ConfigError
from migrate_validate.git.repository import Repository
from migrate_validate.settings import load_project

_MARK = "# installed by migrate-validate install-hook"

_HOOK = """\
#!/bin/sh
{mark}
# Validates the migrations before each push; skip it once with `git push --no-verify`.
command -v migrate-validate >/dev/null && exec migrate-validate {command}
# No virtual environment is active: the one that installed this hook will do.
exec {python} -m migrate_validate {command}
"""


def install_hook(directory: Path, paths: Sequence[str], since: str | None = None) -> str:
    """Write a git pre-push hook that runs migrate-validate on these chains; honours core.hooksPath.

    :param directory: a place inside the repository
    :param paths: the chains, relative to ``directory``; empty: those of the configuration
    :param since: the reference of Git since which migrations are new; None: that of the configuration, if any. It is
        looked up at each push
    :returns: what was done, for people
    :raises ConfigError: outside a repository, without chains, for a path that does not exist, or where a hook stands
        that is not ours
    :raises GitError: there is no such reference
    """
    top = Path(_git(directory, "rev-parse", "--show-toplevel"))
    chains = [_below(top, directory, path) for path in paths] or list(load_project(top).migrations)
    if not chains:
        raise ConfigError(
            "no chain of migrations is named",
            looked=[f"{top / 'pyproject.toml'} [tool.migrate_validate] migrations"],
            remedy="name it: migrate-validate install-hook PATH",
        )
    hook = (top / _git(top, "rev-parse", "--git-path", "hooks")).absolute() / "pre-push"
    if since is not None:
        Repository.around(top, "leave --since out").known_commit(since)
    command = shlex.join([*chains, *([f"--since={since}"] if since else [])])
    if os.path.lexists(hook) and _MARK not in _text(hook):
        raise ConfigError(
            f"{hook} exists and is not ours: it was left as it is",
            remedy=f"add this line to it: migrate-validate {command}",
        )
    hook.parent.mkdir(parents=True, exist_ok=True)
    script = _HOOK.format(mark=_MARK, python=shlex.quote(sys.executable), command=command)
    hook.write_text(script, encoding="utf-8")
    hook.chmod(0o755)
    return f"{hook} now runs: migrate-validate {command}"


def _below(top: Path, directory: Path, path: str) -> str:
    """The path as the hook needs it, which git runs at the top of the repository."""
    chain = (directory / path).resolve()
    if not chain.exists():
        raise ConfigError(
            f"{path} does not exist", looked=[str(chain)], remedy="name the directory of migrations as seen from here"
        )
    return Path(os.path.relpath(chain, top.resolve())).as_posix()


def _text(hook: Path) -> str:
    try:
        return hook.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _git(directory: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise ConfigError("git is not installed", remedy="install git, or run migrate-validate PATH by hand") from None
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"{directory} is no git repository: {error.stderr.strip()}", remedy="run this inside a repository"
        ) from None
    return run.stdout.strip()
