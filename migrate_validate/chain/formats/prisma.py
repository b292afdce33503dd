"""Prisma Migrate: ``migrations/<timestamp>_<name>/migration.sql``, beside a ``migration_lock.toml``."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import (
    add_steps,
    directories,
    entries,
    read_toml,
    refused,
    set_aside,
    split_version,
)
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Sends, SetAside
from migrate_validate.errors import ChainError

_LOCK = "migration_lock.toml"
_UP = "migration.sql"
_DOWN = "down.sql"
_SNAPSHOT = "snapshot.json"
_MIGRATIONS = "migrations"
_CODE = frozenset({".ts", ".mts", ".js", ".mjs", ".cjs", ".sh", ".py"})
_PROVIDERS = ("postgresql", "postgres")

_NAME = "concat_ws('_', %(version)s::text, nullif(%(name)s::text, ''))"
_RECORDS = Records(
    table="_prisma_migrations",
    create="""
        CREATE TABLE IF NOT EXISTS _prisma_migrations (
            id varchar(36) PRIMARY KEY NOT NULL,
            checksum varchar(64) NOT NULL,
            finished_at timestamptz,
            migration_name varchar(255) NOT NULL,
            logs text,
            rolled_back_at timestamptz,
            started_at timestamptz NOT NULL DEFAULT now(),
            applied_steps_count integer NOT NULL DEFAULT 0
        )""",
    before=f"""
        INSERT INTO _prisma_migrations (id, checksum, migration_name)
        VALUES (gen_random_uuid()::text, %(checksum)s, {_NAME})""",
    applied=f"""
        UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1
        WHERE migration_name = {_NAME} AND finished_at IS NULL""",
    reverted=f"DELETE FROM _prisma_migrations WHERE migration_name = {_NAME}",
)


def _recognizes(path: Path) -> Recognition | None:
    directory = _directory(path)
    if directory is None:
        return None
    if (directory / _LOCK).is_file():
        return Recognition(f"{relative(directory / _LOCK, path)} is Prisma's", specific=True)
    for each in directories(directory):
        if (each / _UP).is_file() and not (each / _SNAPSHOT).is_file():
            return Recognition(f"{relative(each / _UP, path)} is named as Prisma names its migrations", specific=True)
    return None


def _directory(path: Path) -> Path | None:
    """The directory of the migrations: the path itself, or the ``migrations/`` in it."""
    for directory in (path, path / _MIGRATIONS):
        if directory.is_dir() and (
            (directory / _LOCK).is_file() or any((each / _UP).is_file() for each in directories(directory))
        ):
            return directory
    return None


def _read(path: Path, reading: Reading) -> Contents:
    directory = _directory(path)
    if directory is None:
        raise ChainError(
            f"{path.name} is not laid out as Prisma wants it: no directory <timestamp>_<name>/{_UP} in it",
            looked=[str(path), str(path / _MIGRATIONS)],
            remedy="name the directory prisma/ or prisma/migrations/",
        )
    _check_provider(directory / _LOCK)
    contents = Contents(records=_RECORDS)
    missing: list[str] = []
    steps: list[tuple[SetAside, int]] = []
    for each in entries(directory):
        if each in reading.taken:
            continue
        if each.is_dir() and not each.name.startswith("."):
            if not (each / _UP).is_file():
                code = next((other.name for other in entries(each) if other.suffix in _CODE), None)
                if code is None:
                    missing.append(f"{relative(each, reading.root)}/ holds no {_UP}")
                else:
                    reason = f"{code} instead of {_UP}: a runner of the project itself runs it, which is not run here"
                    steps.append((set_aside(each, reading.root, reason, step=True), len(contents.migrations)))
                continue
            contents.migrations.append(_migration(each, reading))
            _set_aside_beside(each, reading, contents)
        else:
            reason = "it names the provider, and is no migration" if each.name == _LOCK else "no directory of Prisma's"
            contents.set_aside.append(set_aside(each, reading.root, reason))
    if missing:
        remedy = "restore the file, or remove the directory: prisma stops there (P3015)"
        raise refused("Prisma Migrate refuses these migrations", missing, directory, remedy)
    add_steps(contents, steps)
    if directory != path:
        _set_aside_project(path, directory, reading, contents)
    return contents


def _check_provider(lock: Path) -> None:
    if not lock.is_file():
        return
    remedy = 'repair it: prisma writes a line such as provider = "postgresql"'
    provider = read_toml(lock, remedy).get("provider")
    if provider not in _PROVIDERS:
        raise ChainError(
            f"{_LOCK} says that these migrations are for {provider}, not for postgresql",
            looked=[str(lock)],
            remedy='name migrations of the provider "postgresql": no other database is run here',
        )


def _migration(directory: Path, reading: Reading) -> Migration:
    version, name = split_version(directory.name)
    up = as_sent(replace(read_script(directory / _UP, reading.root), sends=Sends.MESSAGE))
    down = directory / _DOWN
    return Migration(
        version,
        name,
        up,
        as_sent(replace(read_script(down, reading.root), sends=Sends.MESSAGE)) if down.is_file() else None,
        hashlib.sha256(up.text.encode()).hexdigest(),
    )


def _set_aside_beside(directory: Path, reading: Reading, contents: Contents) -> None:
    for each in entries(directory):
        if each.name not in (_UP, _DOWN) and each not in reading.taken:
            contents.set_aside.append(set_aside(each, reading.root, f"prisma reads nothing but {_UP} there"))


def _set_aside_project(path: Path, migrations: Path, reading: Reading, contents: Contents) -> None:
    for each in entries(path):
        if each == migrations or each in reading.taken:
            continue
        if each.suffix == ".prisma":
            reason = "the schema that is declared: where the migrations lead, not a step"
        else:
            reason = f"not in {_MIGRATIONS}/"
        contents.set_aside.append(set_aside(each, reading.root, reason))


FORMAT = Format(
    "prisma",
    "Prisma Migrate",
    "`migrations/<timestamp>_<name>/migration.sql` and `migration_lock.toml`; a `down.sql` beside is the way back",
    _recognizes,
    _read,
)
