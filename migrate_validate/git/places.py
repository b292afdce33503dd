"""Where a chain is read from: a path, or a path as it is at a reference of Git (``main:supabase/migrations``)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

from migrate_validate.errors import ConfigError, GitError, MigrateValidateError
from migrate_validate.git.repository import Repository
from migrate_validate.postgres.runs import scratch_directory


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of a commit, written aside."""

    repository: Repository
    reference: str
    """As the user wrote it."""
    commit: str
    top: Path
    """Where the top of the repository is."""

    @contextlib.contextmanager
    def naming(self) -> Iterator[None]:
        """Errors that are raised in the block name files by the reference, not by where they were written aside."""
        try:
            yield
        except MigrateValidateError as error:
            renamed = type(error)(
                self.named(error.what),
                looked=[self.named(line) for line in error.looked],
                remedy=[self.named(line) for line in error.remedy],
            )
            if isinstance(renamed, ConfigError) and isinstance(error, ConfigError):
                renamed.problems = tuple(map(self.named, error.problems))
            raise renamed from None

    def named(self, text: str) -> str:
        """A text in which files are named by the reference: ``main:supabase/config.toml``."""
        return text.replace(f"{self.top}/", f"{self.reference}:").replace(str(self.top), f"{self.reference}:")


@dataclass(frozen=True, slots=True)
class Place:
    """What a path on the command line or in the configuration leads to."""

    path: Path
    """As it was written, absolute; of a reference it exists nowhere, and only names the chain."""
    source: Path
    """Where the files are."""
    rootdir: Path
    """Where files are looked for that the project's configuration names."""
    checkout: Checkout | None = None
    """Of a reference: where its files are."""

    @contextlib.contextmanager
    def naming(self) -> Iterator[None]:
        """Errors that are raised in the block name files as the user does."""
        with self.checkout.naming() if self.checkout else contextlib.nullcontext():
            yield


class Places:
    """The places of a run; what is written aside for them is removed at its end."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._resources = contextlib.ExitStack()
        self._scratch: Path | None = None
        self._written: dict[tuple[Path, str, str], Path] = {}

    def __enter__(self) -> Places:
        """The places themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was written."""
        self.close()

    def close(self) -> None:
        """Remove what was written."""
        self._resources.close()
        self._scratch = None
        self._written.clear()

    def find(self, named: str, base: Path) -> Place:
        """Where a path leads to.

        :param named: a path, or ``REFERENCE:PATH`` with a path from the top of the repository (``REFERENCE:./PATH``:
            from ``base``), as Git has it. A file or directory of that name wins.
        :param base: where paths are seen from, absolute
        :raises GitError: the reference cannot be read, or does not have the path
        """
        path = (base / named).absolute()
        reference, colon, inside = named.partition(":")
        if not colon or not reference or os.path.lexists(path):
            return Place(path, path, base)
        repository = Repository.around(base, "name a directory of migrations that exists")
        commit = repository.commit(reference)
        if commit is None:
            with _saying(f"{named} does not exist here, and "):
                repository.known_commit(reference)
        assert commit is not None
        here = Path(os.path.relpath(base.resolve(), repository.top))
        folder = os.path.normpath(here / inside) if inside.startswith(("./", "../")) else os.path.normpath(inside)
        outside = folder.startswith(("..", "/"))
        top = self.written(repository, commit, "." if outside else folder)
        if outside or not os.path.lexists(top / folder):
            raise _missing(named, repository, reference, commit, folder, here)
        checkout = Checkout(repository, reference, commit, top)
        rootdir = base if ".." in here.parts else top / here
        return Place(path, top / folder, rootdir, checkout)

    def written(self, repository: Repository, commit: str, folder: str) -> Path:
        """Where the files of a commit are, written when they are first asked for; see Repository.write_files."""
        key = (repository.directory, commit, folder)
        if key not in self._written:
            top = self.new_directory(commit[:12])
            repository.write_files(commit, top, folder)
            self._written[key] = top
        return self._written[key]

    def new_directory(self, hint: str) -> Path:
        """The path of a directory that does not exist yet, and is removed at the end."""
        if self._scratch is None:
            self._scratch = self._resources.enter_context(scratch_directory())
        number = sum(1 for _ in self._scratch.iterdir())
        return self._scratch / f"{hint}-{number}"


@contextlib.contextmanager
def _saying(before: str) -> Iterator[None]:
    try:
        yield
    except GitError as error:
        raise GitError(before + error.what, looked=error.looked, remedy=error.remedy) from None


def _missing(named: str, repository: Repository, reference: str, commit: str, folder: str, here: Path) -> GitError:
    outside = folder.startswith(("..", "/"))
    parent = Path() if outside else Path(folder).parent
    while not repository.names_in(commit, str(parent)) and parent != Path():
        parent = parent.parent
    names = repository.names_in(commit, str(parent))
    wanted = Path(folder).name if outside else Path(os.path.relpath(folder, parent)).parts[0]
    near = [f"{reference}:{(parent / name).as_posix()}" for name in get_close_matches(wanted, names, n=3)]
    from_here = os.path.normpath(here / folder)
    if here != Path() and not outside and repository.names_in(commit, str(Path(from_here).parent)):
        near.insert(0, f"{reference}:./{folder}")
    about = "a path behind the colon begins at the top of the repository, as in Git"
    return GitError(
        f"{named} does not exist: {reference} is the commit {commit[:12]}, which has no {folder}",
        looked=[
            f"{reference}:{'' if parent == Path() else parent.as_posix()} has {', '.join(names[:20]) or 'no files'}"
        ],
        remedy=f"did you mean {' or '.join(near)}? ({about})" if near else f"correct the path: {about}",
    )
