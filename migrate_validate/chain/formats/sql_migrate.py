"""sql-migrate: files with ``-- +migrate Up`` and ``-- +migrate Down``, in the directory that ``dbconfig.yml`` names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import entries, refused, set_aside
from migrate_validate.chain.formats.lines import AnnotationError, one_way
from migrate_validate.chain.formats.marks import marked
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import kept_in_transaction
from migrate_validate.chain.formats.sql_migrate_sections import DOWN, STARTS, UP, Direction, cut
from migrate_validate.chain.model import Migration, Records, Script
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_CONFIG = "dbconfig.yml"
_DIRECTORY = "migrations"
_TABLE = "gorp_migrations"
_POSTGRES = "postgres"
_DEFAULT = "development"
_NUMBERED = re.compile(r"(?P<version>\d+)(?P<name>.*)", re.DOTALL)
_ENVIRONMENT = re.compile(r"(?P<name>[^\s:#][^:]*):\s*(?:#.*)?")
_SETTING = re.compile(r"""\s+(?P<key>\w+)\s*:\s*(?P<quote>["']?)(?P<value>.*?)(?P=quote)\s*(?:\s#.*)?""")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the migrations lie and are written down."""

    directory: Path
    table: str = _TABLE
    schema: str = ""


def _recognizes(path: Path) -> Recognition | None:
    if (path / _CONFIG).is_file():
        return Recognition(f"{_CONFIG} is sql-migrate's", specific=True)
    name = marked(path, STARTS)
    return Recognition(f"{name} says `-- +migrate Up`", specific=True) if name else None


def _read(path: Path, reading: Reading) -> Contents:
    place = _place(path)
    contents = Contents(records=_records(place))
    migrations: list[tuple[tuple[int, int, str], Migration]] = []
    problems: list[str] = []
    for each in [path] if path.is_file() else entries(place.directory):
        if each in reading.taken:
            continue
        if each.suffix != ".sql" or each.is_dir():
            reason = "a directory" if each.is_dir() else "no SQL"
            contents.set_aside.append(set_aside(each, reading.root, reason))
            continue
        try:
            migrations.append((_order(each.name), _migration(each, reading.root)))
        except AnnotationError as error:
            problems.append(f"{relative(each, reading.root)}:{error.line}: {error.message}")
    if problems:
        raise refused("sql-migrate refuses the migrations", problems, place.directory, "repair the files")
    contents.migrations += [migration for _, migration in sorted(migrations, key=lambda each: each[0])]
    if path != place.directory and (path / _CONFIG).is_file():
        contents.set_aside.append(set_aside(path / _CONFIG, reading.root, "the configuration of sql-migrate"))
    return contents


def _order(name: str) -> tuple[int, int, str]:
    """By the number at the beginning, names without one last; equal ones by the whole name."""
    numbered = _NUMBERED.fullmatch(name)
    return (0, int(numbered["version"]), name) if numbered else (1, 0, name)


def _migration(path: Path, root: Path) -> Migration:
    script = read_script(path, root)
    numbered = _NUMBERED.fullmatch(path.stem)
    version, name = (numbered["version"], numbered["name"].lstrip("_-.")) if numbered else (path.stem, path.stem)
    if script.problem is not None:
        return Migration(version, name, script)
    ways = cut(script.text)
    up, down = ways[UP], ways[DOWN]
    if down.queries:
        return Migration(version, name, _one_way(script, up), _one_way(script, down))
    # A section without statements is no way back; what it says of that belongs to the migration.
    return Migration(version, name, _one_way(script, replace(up, lines=[*up.lines, *down.lines])))


def _one_way(script: Script, way: Direction) -> Script:
    part = one_way(script, way.queries, way.lines, transaction=way.transaction)
    return kept_in_transaction(part, "sql-migrate", "write `notransaction` behind the annotation")


def _records(place: _Place) -> Records:
    name = ".".join(quote(part) for part in (place.schema, place.table) if part)
    schema = f"CREATE SCHEMA IF NOT EXISTS {quote(place.schema)};" if place.schema else ""
    return Records(
        table=name,
        create=f"{schema} CREATE TABLE IF NOT EXISTS {name} (id text PRIMARY KEY NOT NULL, applied_at timestamptz)",
        applied=f"INSERT INTO {name} (id, applied_at) VALUES (%(file)s, now())",
        reverted=f"DELETE FROM {name} WHERE id = %(file)s",
    )


def _place(path: Path) -> _Place:
    """What dbconfig.yml says of the path: in it, it names a directory; above it, it names a table of versions."""
    if (path / _CONFIG).is_file():
        return _chosen(path / _CONFIG)
    directory = path.parent if path.is_file() else path
    for above in directory.parents[:2]:
        if (above / _CONFIG).is_file():
            for place in _places(above / _CONFIG).values():
                if place.directory == directory:
                    return place
    return _Place(directory)


def _chosen(config: Path) -> _Place:
    """The environment ``development``, as where none is named, else the only one of PostgreSQL."""
    places = _places(config)
    chosen = places.get(_DEFAULT) or (next(iter(places.values())) if len(places) == 1 else None)
    if chosen is None:
        found = f"environments of PostgreSQL: {', '.join(places)}" if places else "no environment of PostgreSQL"
        raise ChainError(
            f"{_CONFIG} does not tell where the migrations lie",
            looked=[f"{config}: {found}"],
            remedy="name the directory with the migrations",
        )
    if not chosen.directory.is_dir():
        raise ChainError(
            f"the directory of migrations that {_CONFIG} names does not exist",
            looked=[str(config), str(chosen.directory)],
            remedy="correct dir in it, or name the directory with the migrations",
        )
    return chosen


def _places(config: Path) -> dict[str, _Place]:
    """By environment, those of PostgreSQL; what is not written plainly, one key a line, is not understood."""
    settings: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in read_script(config, config.parent).text.splitlines():
        if named := _ENVIRONMENT.fullmatch(line):
            current = settings.setdefault(named["name"].strip("\"' "), {})
        elif setting := _SETTING.fullmatch(line):
            current[setting["key"]] = setting["value"]
    return {
        name: _Place(
            Path(os.path.normpath(config.parent / (values.get("dir") or _DIRECTORY))),
            values.get("table") or _TABLE,
            values.get("schema", ""),
        )
        for name, values in settings.items()
        if values.get("dialect") == _POSTGRES
    }


FORMAT = Format(
    name="sql-migrate",
    title="sql-migrate",
    layout="`x.sql` with `-- +migrate Up` and `-- +migrate Down`, `dbconfig.yml`",
    recognizes=_recognizes,
    read=_read,
    alone="write `-- +migrate Up notransaction`",
    block="-- +migrate Statement",
)
