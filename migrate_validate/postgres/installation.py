"""A copy of PostgreSQL's programs for an account that may not enter the folder they are in."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from migrate_validate.postgres import embedded
from migrate_validate.postgres.accounts import Account
from migrate_validate.postgres.binaries import Binaries
from migrate_validate.postgres.cache import keep

_NOT_NEEDED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "man")


def identity(binaries: Binaries) -> str:
    """A short name of exactly these programs: another path, version or build has another."""
    program = binaries.program("postgres")
    status = program.stat()
    text = f"{program}|{binaries.version}|{status.st_mtime_ns}|{status.st_size}"
    return f"{binaries.major}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def usable_by(binaries: Binaries, account: Account, cache: Path) -> Binaries:
    """The same programs at a place where ``account`` may run them.

    :param cache: where a copy is kept when one is needed
    """
    readable = binaries.share / "postgres.bki"
    if not account.is_lent or account.may_use(run=[binaries.program("postgres")], read=[readable]):
        return binaries
    root = binaries.directory.parent
    libraries = embedded.bundled_libraries(binaries.directory)
    # Libraries are reached by relative paths, so the copy keeps the positions relative to the common parent.
    top = root.parent.parent if libraries else root.parent

    def copy(target: Path) -> None:
        for name in ("bin", "lib", "lib64", "share"):
            _copy_tree(root / name, target / root.relative_to(top) / name)
        for library in libraries:
            _copy_tree(library, target / library.relative_to(top))
        _open_to_all(target)

    kept = keep(cache / f"installation-{identity(binaries)}", copy) / root.relative_to(top)
    share = kept / binaries.share.relative_to(root) if binaries.share.is_relative_to(root) else binaries.share
    return replace(binaries, directory=kept / binaries.directory.name, share=share)


def _copy_tree(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=_NOT_NEEDED)


def _open_to_all(top: Path) -> None:
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode & 0o777
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
