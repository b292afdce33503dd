"""Diesel: ``<version>_<name>/up.sql`` and ``down.sql``, with a ``metadata.toml`` for what runs in no transaction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import entries, nearest, read_toml, refused, set_aside, twice
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Script, Sends
from migrate_validate.errors import ChainError

_UP, _DOWN, _METADATA = "up.sql", "down.sql", "metadata.toml"
_CONFIG = "diesel.toml"
_MIGRATIONS = "migrations"
_SETUP = "00000000000000_diesel_initial_setup"
_IN_TRANSACTION = "run_in_transaction"
_RECORDS = Records(
    table="__diesel_schema_migrations",
    create="""
        CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
            version varchar(50) PRIMARY KEY NOT NULL,
            run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
        )""",
    applied="INSERT INTO __diesel_schema_migrations (version) VALUES (%(version)s)",
    reverted="DELETE FROM __diesel_schema_migrations WHERE version = %(version)s",
)


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    directory = _directory(path)
    migrations = [each for each in entries(directory) if _is_migration(each)]
    if not migrations:
        return None
    config = nearest(path, _CONFIG)
    if config is not None:
        return Recognition(f"{relative(config, path)} is Diesel's", specific=True, around=config.parent != path)
    for each in migrations:
        if each.name == _SETUP or (each / _METADATA).is_file():
            what = f"{relative(each, path)}/" if each.name == _SETUP else relative(each / _METADATA, path)
            return Recognition(f"{what} is Diesel's", specific=True)
    return Recognition(f"{relative(migrations[0], path)}/ holds {_UP}", specific=False)


def _is_migration(path: Path) -> bool:
    return path.name[:1].isdigit() and (path / _UP).is_file()


def _directory(path: Path) -> Path:
    """Where the migrations lie: the path itself, or the directory in it that diesel.toml names, or ``migrations/``."""
    if not (path / _CONFIG).is_file():
        below = path / _MIGRATIONS
        return below if below.is_dir() and not any(map(_is_migration, path.iterdir())) else path
    named = read_toml(path / _CONFIG).get("migrations_directory", {})
    directory = named.get("dir", _MIGRATIONS) if isinstance(named, dict) else None
    if not isinstance(directory, str):
        raise ChainError(
            f"{_CONFIG}: migrations_directory.dir is no text",
            looked=[str(path / _CONFIG)],
            remedy="write the path of a directory",
        )
    return path / directory


def _read(path: Path, reading: Reading) -> Contents:
    directory = _directory(path)
    if not directory.is_dir():
        raise ChainError(
            f"{path.name} is not laid out as Diesel wants it",
            looked=[str(directory)],
            remedy=f"name the directory that holds the directories with {_UP}",
        )
    contents = Contents(records=_RECORDS)
    problems: list[str] = []
    for each in entries(directory):
        if each in reading.taken:
            continue
        reason = _no_migration(each)
        if reason:
            contents.set_aside.append(set_aside(each, reading.root, reason))
        else:
            contents.migrations += _migration(each, reading.root, problems)
    contents.migrations.sort(key=lambda migration: migration.version)
    named = ((each.version, f"{each.up.path.parent.name}/") for each in contents.migrations)
    problems += twice(named, ", and Diesel would run one of them only")
    if problems:
        raise refused("Diesel refuses the migrations", problems, directory, "repair them")
    if (path / _CONFIG).is_file():
        contents.set_aside.append(set_aside(path / _CONFIG, reading.root, "the configuration of Diesel"))
    return contents


def _no_migration(path: Path) -> str:
    if path.is_dir() and not path.name.startswith("."):
        return "" if any(path.iterdir()) else "an empty directory"
    return f"Diesel reads only directories with {_UP}"


def _migration(path: Path, root: Path, problems: list[str]) -> list[Migration]:
    up = read_script(path / _UP, root)
    if not (path / _UP).exists():
        problems.append(f"{relative(path, root)}/ holds no {_UP}")
        return []
    written, _, name = path.name.partition("_")
    sends = _sends(path / _METADATA, root, problems)
    if not written[:1].isdigit():
        problems.append(f"{relative(path, root)}/ begins with no version: Diesel would order it as text")
    if not up.text and not up.problem:
        problems.append(f"{up.file} is empty, which Diesel refuses: a comment is enough")
    down = read_script(path / _DOWN, root) if (path / _DOWN).exists() else None
    version = written.replace("-", "")
    return [Migration(version, name, _sent(up, sends), _sent(down, sends) if down else None)]


def _sent(script: Script, sends: Sends) -> Script:
    return as_sent(replace(script, sends=sends))


def _sends(metadata: Path, root: Path, problems: list[str]) -> Sends:
    """How both scripts are sent. A ``metadata.toml`` that says nothing of it means: in no transaction."""
    if not metadata.exists():
        return Sends.TRANSACTION
    inside: object
    try:
        inside = read_toml(metadata).get(_IN_TRANSACTION, False)
    except ChainError as error:
        problems.append(f"{relative(metadata, root)}: {error.what}; Diesel would ignore it without a word")
        return Sends.TRANSACTION
    if not isinstance(inside, bool):
        said = f"{_IN_TRANSACTION} is neither true nor false; Diesel would ignore it without a word"
        problems.append(f"{relative(metadata, root)}: {said}")
    return Sends.TRANSACTION if inside else Sends.MESSAGE


FORMAT = Format(
    name="diesel",
    title="Diesel",
    layout="`<version>_<name>/up.sql` and `down.sql`, `metadata.toml`",
    recognizes=_recognizes,
    read=_read,
    alone="write `run_in_transaction = false` into metadata.toml beside the file",
)
