"""Hasura: ``migrations/<database>/<version>_<name>/up.sql`` and ``down.sql``; before version 2 without the database.

The engine runs each file in a transaction.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import (
    add_steps,
    beginning,
    directories,
    entries,
    refused,
    set_aside,
    split_version,
)
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Script, Seed, Sends, SetAside
from migrate_validate.errors import ChainError

_MIGRATIONS = "migrations"
_METADATA = "metadata"
_CONFIG = "config.yaml"
_CONFIGURES = re.compile(
    r"metadata_directory"
    r"""|^version:\s*["']?[123]["']?\s*^(?:.*\n)*(?:endpoint|migrations_directory|seeds_directory):""",
    re.MULTILINE,
)
"""What config.yaml says where it is the command line's."""
_DATABASE = "default"
"""The name of the first database."""
_SEEDS = "seeds"
_NAMED = re.compile(r"\d+_.*|\d+")
_STAMPED = re.compile(r"\d{13}(?:_.*)?")
_UP, _DOWN = "up.sql", "down.sql"
_YAML = ("up.yaml", "up.yml")


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    project = _project(path)
    for directory in _databases(path):
        each = next(filter(_is_migration, directories(directory)))
        named = f"{relative(each, path)}/"
        if project is not None:
            return Recognition(f"{named} lies in a project of Hasura ({_told(project)})", True, project != path)
        if _STAMPED.fullmatch(each.name):
            return Recognition(f"{named} begins with the 13 digits of Hasura's versions", specific=True)
        if directory.name == _DATABASE and directory.parent.name == _MIGRATIONS:
            whole = f"{_MIGRATIONS}/{_DATABASE}/{each.name}/"
            return Recognition(f"{whole} is where Hasura's first database has its migrations", True, around=True)
        if directory.parent.name == _MIGRATIONS:
            return Recognition(f"{named} lies in the directory of a database, as Hasura has it", specific=False)
    return None


def _project(path: Path) -> Path | None:
    """The project around a path: it has ``metadata/``, or a ``config.yaml`` that says so."""
    for directory in (path, *path.parents[:2]):
        if directory == path or path.is_relative_to(directory / _MIGRATIONS):
            config = beginning(directory / _CONFIG)
            if (directory / _METADATA / "version.yaml").is_file() or _CONFIGURES.search(config):
                return directory
    return None


def _told(project: Path) -> str:
    return _CONFIG if (project / _CONFIG).is_file() else f"{_METADATA}/version.yaml"


def _databases(path: Path) -> list[Path]:
    """The directories with migrations: the path, ``migrations/`` in it, or those of the databases in one of them."""
    for directory in (path, path / _MIGRATIONS):
        inside = directories(directory)
        if any(map(_is_migration, inside)):
            return [directory]
        below = [each for each in inside if any(map(_is_migration, directories(each)))]
        if below:
            return below
    return []


def _is_migration(path: Path) -> bool:
    return bool(_NAMED.fullmatch(path.name)) and any((path / name).is_file() for name in (_UP, _DOWN, *_YAML))


def _read(path: Path, reading: Reading) -> Contents:
    databases = _databases(path)
    if not databases:
        raise ChainError(
            f"{path.name} is not laid out as Hasura wants it: no directory <version>_<name>/{_UP} in it",
            looked=[str(path), str(path / _MIGRATIONS)],
            remedy="name the project, or migrations/<database>",
        )
    if len(databases) > 1:
        names = [relative(each, path) for each in databases]
        raise ChainError(
            f"{path.name} holds migrations of {len(databases)} databases: {', '.join(names)}",
            looked=[str(each) for each in databases],
            remedy=[f"name one of them: {relative(each, reading.root.parent)}" for each in databases],
        )
    contents = Contents(records=_records(databases[0].name))
    _read_migrations(databases[0], reading, contents)
    project = _project(path)
    if project is not None:
        _read_seeds(project, databases[0].name, reading, contents)
    above = {databases[0], *databases[0].parents}
    for each in entries(path):
        if each not in (databases[0], *reading.taken) and each not in above and path not in databases:
            contents.set_aside.append(set_aside(each, reading.root, _reason(each)))
    return contents


def _read_migrations(directory: Path, reading: Reading, contents: Contents) -> None:
    unnumbered: list[str] = []
    steps: list[tuple[SetAside, int]] = []
    for each in sorted(entries(directory), key=_order):
        if each in reading.taken:
            continue
        if not each.is_dir() or each.name.startswith("."):
            contents.set_aside.append(set_aside(each, reading.root, "no directory of a migration"))
        elif not _NAMED.fullmatch(each.name):
            unnumbered.append(f"{relative(each, reading.root)}/ does not begin with a version")
        elif (each / _UP).is_file():
            _read_migration(each, reading, contents)
        elif any((each / name).is_file() for name in _YAML):
            reason = "a migration in YAML, which is not run here: `hasura migrate squash` makes SQL of it"
            steps.append((set_aside(each, reading.root, reason, step=True), len(contents.migrations)))
        else:
            contents.set_aside.append(set_aside(each, reading.root, f"there is no {_UP} in it"))
    if unnumbered:
        remedy = "rename it to <version>_<name>, or move it out of the directory"
        raise refused("Hasura cannot tell when to run these migrations", unnumbered, directory, remedy)
    add_steps(contents, steps)


def _order(path: Path) -> tuple[int, str]:
    version = re.match(r"\d+", path.name)
    return (int(version[0]) if version else 0, path.name)


def _read_migration(directory: Path, reading: Reading, contents: Contents) -> None:
    down = directory / _DOWN
    contents.migrations.append(
        Migration(
            *split_version(directory.name),
            _script(directory / _UP, reading),
            _script(down, reading) if down.is_file() else None,
        )
    )
    for each in entries(directory):
        if each.name not in (_UP, _DOWN) and each not in reading.taken:
            contents.set_aside.append(set_aside(each, reading.root, f"Hasura reads {_UP} and {_DOWN} there"))


def _script(path: Path, reading: Reading) -> Script:
    return as_sent(replace(read_script(path, reading.root), sends=Sends.TRANSACTION))


def _read_seeds(project: Path, database: str, reading: Reading, contents: Contents) -> None:
    directory = project / _SEEDS / database
    for each in entries(directory if directory.is_dir() else project / _SEEDS):
        if each.suffix == ".sql" and each.is_file() and each not in reading.taken:
            contents.seeds.append(Seed(_script(each, reading)))


def _reason(path: Path) -> str:
    if path.name == _METADATA:
        return "metadata of Hasura: what its API shows of the tables, not a step"
    if path.name == _SEEDS:
        return "its files are loaded as seeds, those of the database where they lie apart"
    return "the configuration of Hasura" if path.name == _CONFIG else f"not in {_MIGRATIONS}/"


def _records(database: str) -> Records:
    """What the command line writes down since version 2: a document of all databases in one row."""
    name = database.replace("'", "''").replace("%", "%%")
    path = f"ARRAY['migrations', '{name}', %(version)s::text]"
    return Records(
        table="hdb_catalog.hdb_version",
        create="""
            CREATE SCHEMA IF NOT EXISTS hdb_catalog;
            CREATE TABLE IF NOT EXISTS hdb_catalog.hdb_version (
                hasura_uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), version text NOT NULL,
                upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL DEFAULT '{}',
                console_state jsonb NOT NULL DEFAULT '{}'
            );
            INSERT INTO hdb_catalog.hdb_version (version, upgraded_on)
            SELECT '48', now() WHERE NOT EXISTS (SELECT FROM hdb_catalog.hdb_version)""",
        applied=f"""
            UPDATE hdb_catalog.hdb_version SET cli_state = jsonb_set(
                jsonb_build_object('migrations', jsonb_build_object('{name}', jsonb_build_object())) || cli_state,
                {path}, 'false')""",
        reverted=f"UPDATE hdb_catalog.hdb_version SET cli_state = cli_state #- {path}",
    )


FORMAT = Format(
    "hasura",
    "Hasura",
    "`migrations/<database>/<version>_<name>/up.sql` and `down.sql`; `seeds/<database>/*.sql` are seeds",
    _recognizes,
    _read,
)
