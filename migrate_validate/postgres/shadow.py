"""A second prefix for the programs of a PostgreSQL, whose folder of extensions can be added to.

Before version 18 a server looks for extensions in its share folder only, and finds that by the position of its own
program. So a copy of the program in a tree like the original finds the folders of that tree; all that is not changed is
a link to the original, which keeps libraries, time zones and dictionaries where they are expected.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from migrate_validate.errors import ServerError
from migrate_validate.postgres import embedded
from migrate_validate.postgres.binaries import PROGRAMS, Binaries
from migrate_validate.postgres.cache import keep
from migrate_validate.postgres.installation import identity

CONTROL_PATH_SINCE = 18
"""The first major version that offers further folders of extensions by itself, with ``extension_control_path``."""


def with_extensions(binaries: Binaries, offered: Path, cache: Path) -> Binaries:
    """The same programs at a place where they find the extensions of ``offered`` behind their own.

    :param offered: a folder that holds ``extension/*.control`` and the scripts; nothing is made where it has none
    :param cache: where the place is kept; the same extensions have the same one
    :raises ServerError: the place cannot be made
    """
    files = sorted((offered / "extension").glob("*"))
    if not files:
        return binaries
    digest = hashlib.sha256(str((binaries.share / "extension").stat().st_mtime_ns).encode())
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    path = cache / f"shadow-{identity(binaries)}-{digest.hexdigest()[:16]}"

    def make(target: Path) -> None:
        _add(offered / "extension", mirror(binaries, target).share / "extension")

    try:
        keep(path, make)
    except OSError as error:
        raise ServerError(
            f"PostgreSQL {binaries.version} could not be offered stand-ins for extensions: {error}",
            looked=[str(binaries.directory), str(binaries.share), str(path)],
            remedy=[
                "see that there is room in the cache, or set XDG_CACHE_HOME to another folder",
                "install the extensions that the migrations name",
                f"use PostgreSQL {CONTROL_PATH_SINCE} or later: {embedded.INSTALL_COMMAND}",
            ],
        ) from error
    return _moved(binaries, _top(binaries), path)


def mirror(binaries: Binaries, target: Path) -> Binaries:
    """A tree of links like the original, with programs and a folder of extensions of its own.

    :param target: a folder that is empty, or does not exist
    :returns: the programs there
    """
    top = _top(binaries)
    _link(top, target, (binaries.directory, binaries.share / "extension"))
    moved = _moved(binaries, top, target)
    for name in PROGRAMS:
        # The server follows links to its program before it looks where it is.
        program = moved.program(name)
        program.unlink()
        shutil.copy2(binaries.program(name), program)
    return moved


def _top(binaries: Binaries) -> Path:
    """The folder below which all is found by relative paths."""
    libraries = embedded.bundled_libraries(binaries.directory)
    return Path(os.path.commonpath([binaries.directory, binaries.share, *libraries]))


def _moved(binaries: Binaries, top: Path, target: Path) -> Binaries:
    return replace(
        binaries,
        directory=target / binaries.directory.relative_to(top),
        share=target / binaries.share.relative_to(top),
    )


def _link(source: Path, target: Path, folders: Collection[Path]) -> None:
    """Fill ``target`` with links to what ``source`` holds; ``folders`` and what leads to them become real folders."""
    target.mkdir(exist_ok=True)
    target.chmod(0o755)
    for path in source.iterdir():
        inner = [folder for folder in folders if folder.is_relative_to(path)]
        if inner:
            _link(path, target / path.name, inner)
        else:
            (target / path.name).symlink_to(path)


def _add(offered: Path, folder: Path) -> None:
    """Copy the extensions that the folder does not have."""
    for control in offered.glob("*.control"):
        if not (folder / control.name).exists():
            for file in (control, *offered.glob(f"{control.stem}--*.sql")):
                target = folder / file.name
                target.unlink(missing_ok=True)
                shutil.copyfile(file, target)
                target.chmod(0o644)
