"""Numbered or timestamped SQL files in one directory: ``001_x.sql``, ``001b_x.sql``, ``20250102_x.sql``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from migrate_validate.chain.files import natural, read_script, relative
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.two_ways import divided
from migrate_validate.chain.model import Migration, Seed, SetAside

CONFIGURATION = "migrate_validate.toml"

_VERSIONED = re.compile(
    r"(?P<version>\d{4}-\d\d-\d\d(?:-\d{4,6})?|\d+(?:\.\d+)*[a-zA-Z]?)(?:[_.-](?P<name>.*))?", re.DOTALL
)
_DOWN = re.compile(r"(?P<stem>.+)(?:_rollback|[._]down)", re.IGNORECASE)
_UP = re.compile(r"(?P<stem>.+)[._]up", re.IGNORECASE)
VERIFIES = re.compile(r"(?:validate|verify)_.+|.+_(?:validate|verify)", re.IGNORECASE)
SEED = re.compile(r"seed.*", re.IGNORECASE)
_DOCUMENT_ENDINGS = {".md": "Markdown", ".markdown": "Markdown"}
# Upper case only: 007_add_testing.sql is a migration.
_EXAMPLES = {
    "_TESTING": "its name ends in _TESTING: statements to try out by hand",
    "_QUERY_EXAMPLES": "its name ends in _QUERY_EXAMPLES: queries to read, not to apply",
    "_EXAMPLE": "its name ends in _EXAMPLE: statements to read, not to apply",
    "_EXAMPLES": "its name ends in _EXAMPLES: statements to read, not to apply",
}

NO_VERSION = "its name does not begin with a version, so that it has no place in order"
"""Why a file of SQL is set aside that would be a migration by all else."""

Key = tuple[tuple[int, ...], str, str]


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir() and path.suffix.lower() != ".sql":
        return None
    return Recognition("it holds files of SQL" if path.is_dir() else "it is a file of SQL", specific=False)


def _read(path: Path, reading: Reading) -> Contents:
    if path.is_file():
        return read_single(path)
    contents = read_directory(path, reading.root, reading.taken)
    contents.migrations = [divided(migration) for migration in contents.migrations]
    add_seed_beside(path, reading, contents)
    return contents


def add_seed_beside(directory: Path, reading: Reading, contents: Contents) -> None:
    """Load ``seed.sql`` that lies beside a directory of migrations."""
    beside = directory.parent / "seed.sql"
    if beside.is_file() and beside not in reading.taken:
        contents.seeds.append(Seed(read_script(beside, reading.root)))


def read_directory(directory: Path, root: Path, taken: Collection[Path] = ()) -> Contents:
    """Every entry of a directory, as what it is.

    :param directory: absolute
    :param root: what the files' names are relative to
    :param taken: files with a use of their own (base files, declared seeds), which are left out
    :raises OSError: when the directory cannot be listed
    """
    contents = Contents()
    paths: list[Path] = []
    for path in sorted(directory.iterdir(), key=lambda path: path.name):
        if path in taken:
            continue
        reason = _no_sql(path)
        if reason:
            contents.set_aside.append(SetAside(relative(path, root), reason))
        else:
            paths.append(path)
    _sort_out(paths, root, contents)
    return contents


def read_single(path: Path) -> Contents:
    """A chain of one migration, with its down script where one lies beside it."""
    contents = Contents()
    beside = [other for other in path.parent.iterdir() if _DOWN.fullmatch(other.stem) and other != path]
    down = next((other for other in sorted(beside) if _down_stem(other) == _up_stem(path)), None)
    contents.migrations.append(_migration(path, down, path.parent))
    return contents


def order(path: Path) -> Key:
    """The natural order: by version (001 < 001b < 2 < 10), equal versions by name; names without one come first."""
    matched = _VERSIONED.fullmatch(path.stem)
    version = matched["version"] if matched else ""
    return (version_numbers(version), version.lstrip("0123456789.-").lower(), natural(path.name))


def version_numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version: ``001b`` -> (1,), ``1.10`` -> (1, 10)."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _no_sql(path: Path) -> str:
    """Why an entry is set aside at first sight; empty where it is SQL."""
    if path.name == CONFIGURATION:
        return "the configuration of this tool"
    if path.name.startswith("."):
        return "hidden: its name begins with a dot"
    if path.is_dir():
        return "a directory: only the files beside the migrations are read, not those below"
    ending = path.suffix.lower()
    if ending in _DOCUMENT_ENDINGS:
        return f"{_DOCUMENT_ENDINGS[ending]}: a text for people"
    if ending != ".sql":
        return f"no SQL: its name ends in {path.suffix}" if ending else "no SQL: its name has no ending"
    return next((reason for mark, reason in _EXAMPLES.items() if path.stem.endswith(mark)), "")


def _sort_out(paths: Iterable[Path], root: Path, contents: Contents) -> None:
    """Divide the SQL files into migrations, down scripts, verification scripts, seeds and the rest."""
    downs: list[Path] = []
    ups: list[Path] = []
    unclear: list[Path] = []
    for path in sorted(paths, key=order):
        if _DOWN.fullmatch(path.stem):
            downs.append(path)
        elif VERIFIES.fullmatch(path.stem):
            unclear.append(path)
        elif SEED.fullmatch(path.stem):
            contents.seeds.append(Seed(read_script(path, root)))
        elif _VERSIONED.fullmatch(path.stem):
            ups.append(path)
        else:
            contents.set_aside.append(SetAside(relative(path, root), NO_VERSION))
    stems = {_up_stem(path) for path in ups}
    for path in unclear:
        # 20250103_email_verify.sql verifies something only where the migration 20250103_email.sql exists.
        if _VERSIONED.fullmatch(path.stem) and re.sub(r"(?i)_(validate|verify)$", "", path.stem) not in stems:
            ups.append(path)
        else:
            contents.verifications.append(read_script(path, root))
    contents.verifications.sort(key=lambda script: natural(script.path.name))
    ups.sort(key=order)
    pairs, alone = _pair(ups, downs)
    contents.set_aside += [SetAside(relative(path, root), reason) for path, reason in alone]
    contents.migrations += [_migration(path, pairs.get(path), root) for path in ups]


def _migration(path: Path, down: Path | None, root: Path) -> Migration:
    return Migration(
        _version(path.stem) or path.stem,
        _name(path),
        read_script(path, root),
        read_script(down, root) if down else None,
    )


def _pair(ups: list[Path], downs: list[Path]) -> tuple[dict[Path, Path], list[tuple[Path, str]]]:
    """Down scripts by migration: by the same name, else by version, else by name without a version."""
    by_stem = {_up_stem(path): path for path in ups}
    by_version: dict[str, list[Path]] = defaultdict(list)
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in ups:
        by_version[_version(path.stem)].append(path)
        by_name[_name(path)].append(path)
    pairs: dict[Path, Path] = {}
    alone: list[tuple[Path, str]] = []
    for path in downs:
        stem = _down_stem(path)
        version = _version(stem)
        exact = by_stem.get(stem)
        candidates = [exact] if exact else by_version[version] if version else by_name[stem]
        if len(candidates) > 1:
            names = " or ".join(candidate.name for candidate in candidates)
            alone.append((path, f"a rollback script that could belong to {names}"))
        elif not candidates:
            alone.append((path, f"a rollback script without its migration: there is no {stem}.sql"))
        elif candidates[0] in pairs:
            first = pairs[candidates[0]].name
            alone.append((path, f"a second rollback script of {candidates[0].name}: {first} is used"))
        else:
            pairs[candidates[0]] = path
    return pairs, alone


def _version(stem: str) -> str:
    matched = _VERSIONED.fullmatch(stem)
    return matched["version"] if matched else ""


def _up_stem(path: Path) -> str:
    matched = _UP.fullmatch(path.stem)
    return matched["stem"] if matched else path.stem


def _down_stem(path: Path) -> str:
    matched = _DOWN.fullmatch(path.stem)
    return matched["stem"] if matched else path.stem


def _name(path: Path) -> str:
    stem = _up_stem(path)
    matched = _VERSIONED.fullmatch(stem)
    return (matched["name"] or "") if matched else stem


FORMAT = Format(
    "sql",
    "numbered SQL",
    "`001_name.sql`, `20250102_name.sql`, each with `_rollback` or `.down` beside it; or one file of SQL",
    _recognizes,
    _read,
)
