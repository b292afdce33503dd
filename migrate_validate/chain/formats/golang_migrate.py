"""golang-migrate: ``N_name.up.sql`` and ``N_name.down.sql``, each sent as one message, in no transaction."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import entries, refused, set_aside, twice
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.formats.sql import SEED, VERIFIES, add_seed_beside
from migrate_validate.chain.model import Migration, Records, Script, Seed, Sends, SetAside
from migrate_validate.errors import ChainError

_NAMED = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.(?P<way>down|up)\.(?P<ending>.*)", re.DOTALL)
"""As golang-migrate has it (source/parse.go): any ending will do."""
_VERSIONED = re.compile(r"\d+[_.-].*\.sql", re.DOTALL)
_LARGEST = 2**64 - 1
_RECORDS = Records(
    table="schema_migrations",
    create="CREATE TABLE IF NOT EXISTS schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
    before="TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (%(version)s::bigint, true)",
    applied="TRUNCATE schema_migrations; INSERT INTO schema_migrations VALUES (%(version)s::bigint, false)",
    reverted="""
        TRUNCATE schema_migrations;
        INSERT INTO schema_migrations SELECT %(previous)s::bigint, false WHERE %(previous)s IS NOT NULL
    """,
)


def _recognizes(path: Path) -> Recognition | None:
    """A directory where each file with a version goes up or down, and one that goes up has its way down.

    SQLx, bun and others name files so, too; nothing in the names tells them apart.
    """
    if not path.is_dir():
        return None
    names = {each.name for each in path.iterdir() if _VERSIONED.fullmatch(each.name)}
    if not all(_NAMED.fullmatch(name) for name in names):
        return None
    pairs = (name for name in sorted(names) if name.endswith(".up.sql"))
    found = next((name for name in pairs if name.removesuffix(".up.sql") + ".down.sql" in names), None)
    because = f"{found} has a .down.sql beside it, and nothing says that they are for another tool with such names"
    return Recognition(because, specific=False) if found else None


def _read(path: Path, reading: Reading) -> Contents:
    if not path.is_dir():
        raise ChainError(f"{path} is no directory", looked=[str(path)], remedy="name the directory of the migrations")
    contents = Contents(records=_RECORDS)
    ways: dict[str, dict[int, list[Path]]] = {"up": defaultdict(list), "down": defaultdict(list)}
    for each in entries(path):
        if each in reading.taken:
            continue
        named = None if each.is_dir() else _NAMED.fullmatch(each.name)
        stem = each.stem if each.suffix == ".sql" else ""
        if named is None and SEED.fullmatch(stem):
            contents.seeds.append(Seed(read_script(each, reading.root)))
        elif named is None and VERIFIES.fullmatch(stem):
            contents.verifications.append(read_script(each, reading.root))
        elif named is None or int(named["version"]) > _LARGEST:
            contents.set_aside.append(set_aside(each, reading.root, _no_migration(each)))
        else:
            ways[named["way"]][int(named["version"])].append(each)
    add_seed_beside(path, reading, contents)
    problems: list[str] = []
    for way, files in ways.items():
        found = ((str(version), each.name) for version in sorted(files) for each in files[version])
        problems += twice(found, f" ({way})")
    if problems:
        raise refused("golang-migrate refuses the migrations", problems, path, "give each file a version of its own")
    downs = {version: paths[0] for version, paths in ways["down"].items()}
    contents.migrations += [
        _migration(paths[0], downs.pop(version, None), reading.root) for version, paths in sorted(ways["up"].items())
    ]
    contents.set_aside += [
        SetAside(relative(each, reading.root), "a way back without its migration") for each in downs.values()
    ]
    return contents


def _no_migration(path: Path) -> str:
    if path.is_dir():
        return "a directory: golang-migrate reads only the files beside the migrations"
    if not path.name.endswith(".sql"):
        return "no SQL"
    if re.match(r"\d+_", path.name):
        return "its name ends neither in .up.sql nor in .down.sql: golang-migrate passes over it"
    return "its name does not begin with a version and _: golang-migrate passes over it"


def _migration(up: Path, down: Path | None, root: Path) -> Migration:
    named = _NAMED.fullmatch(up.name)
    assert named is not None
    return Migration(named["version"], named["name"], _sent(up, root), _sent(down, root) if down else None)


def _sent(path: Path, root: Path) -> Script:
    return as_sent(replace(read_script(path, root), sends=Sends.MESSAGE))


FORMAT = Format(
    "golang-migrate",
    "golang-migrate",
    "`N_name.up.sql` with `N_name.down.sql`",
    _recognizes,
    _read,
)
