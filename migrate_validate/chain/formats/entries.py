"""What the modules of conventions have in common: entries of directories that are no migrations, names, bad input."""

from __future__ import annotations

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.model import Contents
from migrate_validate.chain.formats.sql import CONFIGURATION
from migrate_validate.chain.model import Script, SetAside
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_ABOVE = 2
_MANY = 20
_CHARACTERS = 8_000


def entries(directory: Path) -> list[Path]:
    """What a directory holds, by name; nothing where there is no such directory.

    :raises OSError: when it cannot be listed
    """
    return sorted(directory.iterdir(), key=lambda path: path.name) if directory.is_dir() else []


def directories(path: Path) -> list[Path]:
    """The directories in a directory, by name, without asking the disk about each file; nothing where it is none.

    :raises OSError: when it cannot be listed
    """
    if not path.is_dir():
        return []
    with os.scandir(path) as found:
        # A link that leads in a circle is no directory to Path, and an error to scandir.
        names = [each.name for each in found if (Path(each).is_dir() if each.is_symlink() else each.is_dir())]
    return [path / name for name in sorted(names)]


def beginning(path: Path) -> str:
    """The first characters of a file; nothing where it cannot be read."""
    return read_script(path, path.parent).text[:_CHARACTERS]


def nearest(directory: Path, *names: str) -> Path | None:
    """A file of one of these names, in a directory or the two above it, where the project around it may begin."""
    places = (directory, *directory.parents[:_ABOVE])
    return next((each for place in places for name in names if (each := place / name).is_file()), None)


def read_toml(path: Path, remedy: str = "repair it") -> dict[str, Any]:
    """What a file of TOML says.

    :raises ChainError: when it cannot be read
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChainError(f"{path.name} cannot be read: {error}", looked=[str(path)], remedy=remedy) from None


def twice(named: Iterable[tuple[str, str]], why: str) -> list[str]:
    """What is wrong with versions that several files have.

    :param named: the version and the name of each file
    :param why: what the tool makes of that
    """
    by_version: dict[str, list[str]] = defaultdict(list)
    for version, name in named:
        by_version[version].append(name)
    return [
        f"version {version} is there more than once{why}: {', '.join(names)}"
        for version, names in by_version.items()
        if len(names) > 1
    ]


def set_aside(path: Path, root: Path, reason: str, *, step: bool = False) -> SetAside:
    """An entry that is not part of the chain; what is none in any convention has a reason of its own."""
    return SetAside(relative(path, root), _everywhere(path) or reason, step)


def add_steps(contents: Contents, steps: Iterable[tuple[SetAside, int]]) -> None:
    """Set steps aside that are not run here, when all migrations are known.

    :param steps: each with the number of the migrations that come before it
    """
    versions = [each.version for each in contents.migrations]
    contents.set_aside += [replace(step, before=(versions[place:] or [""])[0]) for step, place in steps]


def split_version(stem: str) -> tuple[str, str]:
    """Version and name of ``20250102_name``."""
    version, _, name = stem.partition("_")
    return version, name


def in_schemas(made: Iterable[str], search_path: Iterable[str], path: Path, root: Path, line: int = 1) -> Script:
    """What a tool does for the schemas that it is told of, for whoever connects from then on.

    :param made: the schemas that it makes where they do not exist
    :param search_path: where names without a schema lead
    :param path: the file that tells it; the statements stand in the line that does
    """
    makes = "".join(f"CREATE SCHEMA IF NOT EXISTS {quote(name)}; " for name in dict.fromkeys(made))
    setting = ", ".join(map(quote, search_path)).replace("'", "''").replace("%", "%%")
    text = (
        f"{makes}DO $schemas$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = {setting}', "
        "current_database()); END $schemas$;"
    )
    return Script(path, relative(path, root), "\n" * (line - 1) + text)


def listed(problems: Sequence[str]) -> str:
    """Problems as lines, the first twenty of them."""
    more = [f"... and {len(problems) - _MANY} more"] if len(problems) > _MANY else []
    return "\n".join(f"  {line}" for line in [*problems[:_MANY], *more])


def refused(what: str, problems: Iterable[str], looked: Path, remedy: str) -> ChainError:
    """The error that lists everything that keeps a tool from running a chain.

    :param what: the sentence in front of the list, without a colon
    """
    lines = list(problems)
    told = f"{what}: {lines[0]}" if len(lines) == 1 else f"{what}:\n{listed(lines)}"
    return ChainError(told, looked=[str(looked)], remedy=remedy)


def _everywhere(path: Path) -> str:
    if path.name == CONFIGURATION:
        return "the configuration of this tool"
    if path.name.startswith("."):
        return "hidden: its name begins with a dot"
    if path.suffix.lower() in (".md", ".markdown"):
        return "Markdown: a text for people"
    return ""
