"""Git, asked read only: what a reference is, where two meet, and the files of a commit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from migrate_validate.errors import GitError

_LARGE = 1024 * 1024
"""Bytes of a file that is not written where nothing says that a chain needs it: images, dumps, archives."""
_LINK = "160000"
"""The mode of a submodule, which has no files in this repository."""
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What Git sets for its hooks, of which we may be one: all this is found anew."""
SHALLOW = (
    "this clone is shallow: git fetch --unshallow; in GitHub Actions, give actions/checkout `fetch-depth: 0`,"
    ' in GitLab CI set GIT_DEPTH: "0"'
)


class _Refused(Exception):
    """Git ended with an error, and these are its words."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository; nothing in it is ever changed."""

    top: Path
    """Of its working tree, resolved."""
    directory: Path
    """Git's own: ``.git`` for most."""

    @classmethod
    def around(cls, place: Path, otherwise: str) -> Repository:
        """The repository that a place belongs to.

        :param place: absolute; it need not exist
        :param otherwise: what a user can do who has no repository
        :raises GitError: there is none, Git does not trust it, or is not installed
        """
        start = next(each for each in (place, *place.parents) if each.is_dir())
        try:
            top, directory = _git(start, "rev-parse", "--show-toplevel", "--absolute-git-dir").splitlines()
        except FileNotFoundError:
            raise GitError("git is not installed", looked=["PATH"], remedy=f"install git, or {otherwise}") from None
        except _Refused as refused:
            said = str(refused)
            if "dubious ownership" in said:
                raise GitError(
                    f"Git does not trust the repository of {start}: it belongs to another user",
                    remedy=f"git config --global --add safe.directory '{start}', or '*' in a container of CI",
                ) from None
            raise GitError(
                f"{start} is not in a Git repository, or not in the working tree of one",
                looked=[said],
                remedy=f"run this inside of one, or {otherwise}",
            ) from None
        return cls(Path(top).resolve(), Path(directory))

    def commit(self, reference: str) -> str | None:
        """The hash of the commit that a reference means; None: there is no such reference."""
        if reference.startswith("-"):
            return None  # Git would take it for an option.
        try:
            return self._ask("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        except _Refused:
            return None

    def known_commit(self, reference: str) -> str:
        """The hash of the commit that a reference means.

        :raises GitError: there is no such reference; names those that resemble it
        """
        return self.commit(reference) or self._unknown(reference)

    def _unknown(self, reference: str) -> str:
        names = self._ask("for-each-ref", "--format=%(refname:short)").splitlines()
        near = get_close_matches(reference, names, n=3)
        remote = reference.partition("/")[2] or reference
        fetch = (
            f"fetch it: git fetch origin {remote}:{reference if remote == reference else f'refs/remotes/{reference}'}"
        )
        remedy = [f"did you mean {' or '.join(near)}?"] if near else []
        if not self._ask("rev-list", "--max-count=1", "--all"):
            remedy = ["commit something first"]
        elif self.is_shallow:
            remedy += [fetch, SHALLOW]
        elif not near:
            remedy += [fetch, "name a branch, a tag or a commit that is here"]
        raise GitError(
            f"Git knows no reference {reference!r}",
            looked=[f"branches, tags and commits of {self.top}"],
            remedy=remedy,
        )

    @property
    def is_shallow(self) -> bool:
        """Whether the clone lacks a part of the history."""
        return self._ask("rev-parse", "--is-shallow-repository") == "true"

    def merge_base(self, commit: str, other: str, *, names: tuple[str, str]) -> str:
        """The commit that two have in common, as late as possible.

        :param names: what the user calls the two
        :raises GitError: they have none
        """
        try:
            return self._ask("merge-base", commit, other)
        except _Refused:
            shallow = self.is_shallow
            raise GitError(
                f"{names[0]} and {names[1]} have no commit in common{', as far as this clone goes' if shallow else ''}",
                looked=[f"{names[0]}: {commit[:12]}", f"{names[1]}: {other[:12]}"],
                remedy=SHALLOW if shallow else f"name a branch or a tag that {names[0]} was made from",
            ) from None

    def write_files(self, commit: str, into: Path, folder: str) -> None:
        """Write the files of a commit as a checkout would, line ends and links included.

        What is large and lies elsewhere than in a folder is left out, unless it is SQL.

        :param into: a new directory, where the top of the repository will be
        :param folder: relative to the top, with forward slashes; ``.`` is all of it
        """
        into.mkdir(parents=True)
        listed = self._ask("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        wanted = [name for each in listed.split("\0") if each and (name := _wanted(each, folder))]
        index = into.parent / f"{into.name}.index"
        own = {"GIT_INDEX_FILE": str(index), "GIT_LFS_SKIP_SMUDGE": "1"}
        place = (f"--git-dir={self.directory}", f"--work-tree={into}")
        try:
            _git(self.top, *place, "read-tree", commit, **own)
            _git(into, *place, "checkout-index", "-z", "--stdin", given="\0".join(wanted), **own)
        except _Refused as refused:
            raise GitError(
                f"Git could not write the files of {commit[:12]}",
                looked=[str(refused)],
                remedy=f"see that there is room in {into.parent}, and that `git fsck` finds no fault",
            ) from None
        index.unlink()

    def names_in(self, commit: str, folder: str) -> list[str]:
        """The names of files and folders in a folder of a commit; empty where there is none."""
        inside = () if folder == "." else (f"{folder.rstrip('/')}/",)
        listed = self._ask("ls-tree", "--full-tree", "--name-only", "-z", commit, "--", *inside)
        return [Path(name).name for name in listed.split("\0") if name]

    def _ask(self, *arguments: str) -> str:
        return _git(self.top, *arguments)


def _wanted(entry: str, folder: str) -> str | None:
    """The path of an entry of ``git ls-tree -l``, where its file is to be written."""
    about, _, path = entry.partition("\t")
    mode, _, _, size = about.split()
    inside = folder == "." or path.startswith(f"{folder}/") or path == folder
    small = size.isdecimal() and int(size) <= _LARGE
    return path if mode != _LINK and (inside or small or path.endswith(".sql")) else None


def _git(directory: Path, *arguments: str, given: str | None = None, **variables: str) -> str:
    """What Git answers, without the newline at the end.

    :raises _Refused: it ends with an error
    :raises FileNotFoundError: it is not installed
    """
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    environment |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **variables}
    run = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=environment,
        input=given,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    if run.returncode:
        raise _Refused(run.stderr.strip() or f"git {arguments[0]} ended with {run.returncode}")
    return run.stdout.rstrip("\n")
