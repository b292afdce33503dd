"""The git hook that validates before a push."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from migrate_validate.errors import ConfigError
from migrate_validate.settings import load_project

_MARK = "# installed by migrate-validate install-hook"

_HOOK = """\
#!/bin/sh
{mark}
# Validates the migrations before each push; skip it once with `git push --no-verify`.
exec migrate-validate {paths}
"""


def install_hook(directory: Path, paths: Sequence[str]) -> str:
    """Write a git pre-push hook that runs migrate-validate on these chains; honours core.hooksPath.

    :param directory: a place inside the repository
    :param paths: the chains, relative to the repository's top; empty: those of the configuration
    :returns: what was done, for people
    :raises ConfigError: outside a repository, without chains, or where a hook stands that is not ours
    """
    top = Path(_git(directory, "rev-parse", "--show-toplevel"))
    chains = list(paths) or list(load_project(top).migrations)
    if not chains:
        raise ConfigError(
            "no chain of migrations is named",
            looked=[f"{top / 'pyproject.toml'} [tool.migrate_validate] migrations"],
            remedy="name it: migrate-validate install-hook PATH",
        )
    hook = (top / _git(top, "rev-parse", "--git-path", "hooks")).absolute() / "pre-push"
    if hook.exists() and _MARK not in hook.read_text(encoding="utf-8", errors="replace"):
        raise ConfigError(
            f"{hook} exists and is not ours: it was left as it is",
            remedy=f"add this line to it: migrate-validate {shlex.join(chains)}",
        )
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(_HOOK.format(mark=_MARK, paths=shlex.join(chains)), encoding="utf-8")
    hook.chmod(0o755)
    return f"{hook} now runs: migrate-validate {shlex.join(chains)}"


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
