"""Where migrations lie instead, for a directory that holds none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.formats.model import Format
from migrate_validate.errors import MigrateValidateError

_USUAL = (
    "supabase",
    "migrations",
    "supabase/migrations",
    "db/migrations",
    "db/migrate",
    "db/migration",
    "prisma/migrations",
    "src/main/resources/db/migration",
)
"""Where migrations lie in the directories of projects."""
_FOREIGN = frozenset({"node_modules", "venv", "site-packages", "target", "vendor", "__pycache__"})
"""Directories whose migrations are not the project's own."""
_DEPTH = 3
_MOST = 300
"""Directories that are looked at."""


def usual(directory: Path) -> Path | None:
    """The directory where migrations usually lie in a project, if it is there."""
    return next((directory / name for name in _USUAL if (directory / name).is_dir()), None)


def marked_below(directory: Path) -> Path | None:
    """What lies below a directory and has a mark of a tool: a module of Python that lists migrations, or a directory.

    What cannot be read is passed over.
    """
    for below in islice(_below(directory), _MOST):
        format = next((each for each in FORMATS if _marks(each, below)), None)
        if format is not None:
            modules = sorted(below.glob("*.py"))
            return next((each for each in modules if _marks(format, each)), below)
    return None


def _below(directory: Path) -> Iterator[Path]:
    """The directories below one, those nearer to it first."""
    level = [directory]
    for _ in range(_DEPTH):
        level = [each for above in level for each in _directories(above)]
        yield from level


def _directories(directory: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        found = sorted(each for each in directory.iterdir() if each.is_dir() and not each.is_symlink())
        return [each for each in found if each.name not in _FOREIGN and not each.name.startswith(".")]
    return []


def _marks(format: Format, path: Path) -> bool:
    with contextlib.suppress(OSError, MigrateValidateError):
        recognition = format.recognizes(path)
        return recognition is not None and recognition.specific and not recognition.around
    return False
