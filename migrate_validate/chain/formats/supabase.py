"""A ``supabase/`` directory: ``migrations/``, ``seed.sql`` and what ``config.toml`` says of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import read_toml
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.sql import CONFIGURATION, read_directory
from migrate_validate.chain.model import Seed, SetAside
from migrate_validate.errors import ChainError

MIGRATIONS = "migrations"
_CONFIG = "config.toml"
_SEED = "seed.sql"


def _recognizes(path: Path) -> Recognition | None:
    """A directory that is laid out as Supabase's, or the ``migrations/`` in it."""
    directory = path.parent if path.name == MIGRATIONS else path
    if not (directory / MIGRATIONS).is_dir():
        return None
    if directory.name == "supabase":
        return Recognition("the directory is called supabase", specific=True)
    if directory != path and "project_id" not in read_script(directory / _CONFIG, directory).text:
        return None  # Many projects have a config.toml or a seed.sql beside their migrations.
    marks = [name for name in (_CONFIG, _SEED) if (directory / name).is_file()]
    return Recognition(f"{marks[0]} lies beside {MIGRATIONS}/", specific=False) if marks else None


def _read(path: Path, reading: Reading) -> Contents:
    if (path / MIGRATIONS).is_dir():
        return _read_project(path, reading)
    if path.name == MIGRATIONS and path.is_dir():
        contents = read_directory(path, reading.root, reading.taken)
        _sort_named(path.parent, reading.root, contents, reading.taken)
        return contents
    raise ChainError(
        f"{path.name} is not laid out as the format supabase wants it",
        looked=[str(path / MIGRATIONS)],
        remedy='name the supabase/ directory, or use the format "sql"',
    )


def _read_project(root: Path, reading: Reading) -> Contents:
    contents = read_directory(root / MIGRATIONS, reading.root, reading.taken)
    used = _sort_named(root, reading.root, contents, reading.taken)
    _set_aside_rest(root, contents, used | {root / MIGRATIONS} | set(reading.taken))
    return contents


def _sort_named(directory: Path, root: Path, contents: Contents, taken: Collection[Path]) -> set[Path]:
    """Add the files that config.toml names to the contents; returns them."""
    config = _config(directory)
    named = _Named(directory, root, contents, taken)
    named.schemas(_strings(directory, config, "db", "migrations", "schema_paths", default=[]))
    contents.exposes_new_tables = _exposes(directory, config)
    seed = _table(directory, config, "db", "seed")
    patterns = _strings(directory, config, "db", "seed", "sql_paths", default=[f"./{_SEED}"])
    if seed.get("enabled", True):
        named.seeds(patterns, declared="sql_paths" in seed)
    else:
        named.switched_off(patterns)
    return named.used


class _Named:
    """The files that config.toml names, by what it names them for."""

    def __init__(self, directory: Path, root: Path, contents: Contents, taken: Collection[Path]) -> None:
        self._directory = directory
        self._root = root
        self._contents = contents
        self.used: set[Path] = set()
        self._taken = set(taken)

    def seeds(self, patterns: list[str], *, declared: bool) -> None:
        for pattern in patterns:
            matches = self._matches(pattern)
            if not matches and declared:
                reason = f"{_CONFIG} names it in db.seed.sql_paths, but there is no such file"
                self._contents.set_aside.append(SetAside(relative(self._directory / pattern, self._root), reason))
            for path in matches:
                if path not in self.used | self._taken:
                    self._contents.seeds.append(Seed(read_script(path, self._root)))
                self.used.add(path)

    def switched_off(self, patterns: list[str]) -> None:
        self._put_aside(patterns, f"a seed, but {_CONFIG} says db.seed.enabled = false")

    def schemas(self, patterns: list[str]) -> None:
        self._put_aside(
            patterns,
            f"a declared schema ({_CONFIG}, db.migrations.schema_paths): where the migrations lead, not a step",
        )

    def _put_aside(self, patterns: list[str], reason: str) -> None:
        for pattern in patterns:
            for path in self._matches(pattern):
                if path not in self.used | self._taken:
                    self._contents.set_aside.append(SetAside(relative(path, self._root), reason))
                self.used.add(path)

    def _matches(self, pattern: str) -> list[Path]:
        found = glob.glob(pattern, root_dir=self._directory, recursive=True)  # noqa: PTH207 - Path.glob refuses "../"
        paths = {Path(os.path.normpath(self._directory / name)) for name in found}
        return sorted(path for path in paths if path.is_file())


def _set_aside_rest(root: Path, contents: Contents, used: set[Path]) -> None:
    for path in sorted(root.iterdir(), key=lambda path: path.name):
        if path in used:
            continue
        if path.name == _CONFIG:
            reason = "the configuration of Supabase"
        elif path.name == CONFIGURATION:
            reason = "the configuration of this tool"
        elif path.name.startswith("."):
            reason = "hidden: its name begins with a dot"
        elif path.is_dir():
            reason = f"a directory: only {MIGRATIONS}/ and the seeds are read"
        else:
            reason = f"neither in {MIGRATIONS}/ nor a seed"
        contents.set_aside.append(SetAside(relative(path, root), reason))


def _config(root: Path) -> dict[str, Any]:
    path = root / _CONFIG
    return read_toml(path) if path.exists() else {}


def _table(root: Path, config: dict[str, Any], *keys: str) -> dict[str, Any]:
    table: object = config
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise _wrong(root, keys, "a table")
    return table


def _strings(root: Path, config: dict[str, Any], *keys: str, default: list[str]) -> list[str]:
    value = _table(root, config, *keys[:-1]).get(keys[-1], default)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(root, keys, "a list of paths")
    return value


def _exposes(root: Path, config: dict[str, Any]) -> bool:
    keys = ("api", "auto_expose_new_tables")
    value = _table(root, config, "api").get(keys[-1], True)
    if not isinstance(value, bool):
        raise _wrong(root, keys, "true or false")
    return value


def _wrong(root: Path, keys: tuple[str, ...], wanted: str) -> ChainError:
    return ChainError(
        f"{_CONFIG}: {'.'.join(keys)} is not {wanted}", looked=[str(root / _CONFIG)], remedy=f"write {wanted}"
    )


FORMAT = Format(
    "supabase",
    "Supabase",
    "a directory `supabase/` with `migrations/`, `seed.sql` and `config.toml`, or the `migrations/` in it",
    _recognizes,
    _read,
)
