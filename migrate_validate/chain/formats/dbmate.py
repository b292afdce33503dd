"""dbmate: ``N_name.sql`` with ``-- migrate:up`` and ``-- migrate:down``, in ``db/migrations``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import beginning, entries, nearest, refused, set_aside, twice
from migrate_validate.chain.formats.marks import marked
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.package_json import options
from migrate_validate.chain.formats.queries import as_sent, kept_in_transaction
from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.model import Migration, Records, Script, Sends, SetAside
from migrate_validate.syntax import quote

_MIGRATIONS = "migrations"
_SCHEMA = "schema.sql"
_UP = re.compile(r"^--\s*migrate:up(\s*$|\s+\S+)", re.MULTILINE | re.ASCII)
_DOWN = re.compile(r"^--\s*migrate:down(\s*$|\s+\S+)", re.MULTILINE | re.ASCII)
_DIRECTIVE = re.compile(r"--\s*migrate:(?:up|down)", re.ASCII)
_VERSIONED = re.compile(r"(?P<version>[0-9]+)(?P<name>.*)\.sql")
_BLANK = re.compile(r"\s*(--.*)?")
_ENV = ".env"
_VARIABLE = "DBMATE_MIGRATIONS_TABLE"
_ENV_TABLE = re.compile(rf"""^\s*(?:export\s+)?{_VARIABLE}\s*=\s*["']?(?P<name>[^"'\s#]+)""", re.MULTILINE)
_OPTIONS = {"--migrations-table": "migrations-table"}
_TABLE = "schema_migrations"


class _Refused(Exception):
    """What dbmate refuses, and on which line."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One direction of a file."""

    first: int
    """The line of its directive, from 1."""
    end: int
    """The line after its last one."""
    sends: Sends


def _recognizes(path: Path) -> Recognition | None:
    directory = _directory(path)
    name = marked(directory, _UP)
    if not name:
        return None
    return Recognition(f"{relative(directory / name, _base(path))} says `-- migrate:up`", specific=True)


def _directory(path: Path) -> Path:
    """Where the migrations lie: the path itself, or ``migrations/`` in it where dbmate's files are there."""
    below = path / _MIGRATIONS
    return below if below.is_dir() and not marked(path, _UP) else path


def _base(path: Path) -> Path:
    return path.parent if path.is_file() else path


def _read(path: Path, reading: Reading) -> Contents:
    directory = _directory(path)
    given = options(_base(directory), "dbmate", _OPTIONS)
    name = given.values.get("migrations-table") or _table_of_environment(_base(directory)) or _TABLE
    contents = Contents(records=_records(name), notes=given.notes(reading.root))
    problems: list[str] = []
    for each in [path] if path.is_file() else entries(directory):
        if each in reading.taken:
            continue
        matched = _VERSIONED.fullmatch(each.name)
        if matched is None or each.is_dir():
            contents.set_aside.append(set_aside(each, reading.root, _no_migration(each)))
            continue
        try:
            up, down = _scripts(read_script(each, reading.root))
        except _Refused as refusal:
            problems.append(f"{relative(each, reading.root)}:{refusal}")
            continue
        contents.migrations.append(Migration(matched["version"], matched["name"].lstrip("_-"), up, down))
    named = ((each.version, each.up.path.name) for each in contents.migrations)
    problems += twice(named, ", and dbmate can write it down only once")
    if problems:
        raise refused("dbmate refuses the migrations", problems, directory, "repair the files")
    contents.set_aside += _around(path, directory, reading)
    return contents


def _table_of_environment(directory: Path) -> str:
    """The table of applied versions that the environment names, or the nearest .env, which dbmate reads; else empty."""
    file = nearest(directory, _ENV)
    named = _ENV_TABLE.search(beginning(file)) if file else None
    return os.environ.get(_VARIABLE) or (named["name"] if named else "")


def _records(name: str) -> Records:
    schema, dot, table = name.rpartition(".")
    full = f"{quote(schema or 'public')}.{quote(table)}"
    written = full.replace("%", "%%")
    home = f"create schema if not exists {quote(schema)}; " if dot else ""
    return Records(
        table=full,
        create=f"{home}create table if not exists {full} (version varchar primary key)",
        applied=f"insert into {written} (version) values (%(version)s)",
        reverted=f"delete from {written} where version = %(version)s",
    )


def _no_migration(path: Path) -> str:
    if path.is_dir():
        return "a directory: dbmate reads only the files beside the migrations"
    if path.suffix != ".sql":
        return "no SQL"
    if path.name == _SCHEMA:
        return "the schema that dbmate dumps: where the migrations lead, not a step"
    return "its name does not begin with a number: dbmate leaves it out"


def _around(path: Path, directory: Path, reading: Reading) -> Iterable[SetAside]:
    """The files of SQL beside the directory of the migrations."""
    if path.is_file():
        return
    if directory == path:
        dumped = path.parent / _SCHEMA
        beside = [dumped] if path.name == _MIGRATIONS and dumped.is_file() else []
    else:
        beside = [each for each in entries(path) if each.suffix == ".sql"]
    for each in beside:
        if each not in reading.taken:
            reason = _no_migration(each) if each.name == _SCHEMA else f"not in {_MIGRATIONS}/"
            yield set_aside(each, reading.root, reason)


def _scripts(script: Script) -> tuple[Script, Script | None]:
    """Both directions of a file.

    :raises _Refused: where dbmate does not take it
    """
    if script.problem is not None:
        return script, None
    up, down = _blocks(script.text)
    # Comments before the first directive are no part of what is sent, but they may speak to us. dbmate wants a block
    # also where there is no way back; what it says of that belongs to the migration.
    lines = script.text.split("\n")
    if all(map(_BLANK.fullmatch, lines[down.first - 1 : down.end - 1])):
        return _one_way(script, range(1, down.end), up.sends), None
    return _one_way(script, range(1, up.end), up.sends), _one_way(script, range(down.first, down.end), down.sends)


def _one_way(script: Script, lines: range, sends: Sends) -> Script:
    part = as_sent(replace(script, text=section(script.text, [lines]), sends=sends))
    return kept_in_transaction(part, "dbmate", "write `transaction:false` behind the directive")


def _blocks(text: str) -> tuple[_Block, _Block]:
    ups = [_line(text, match) for match in _UP.finditer(text)]
    downs = [_line(text, match) for match in _DOWN.finditer(text)]
    lines = text.split("\n")
    if not ups:
        raise _Refused("1: there is no `-- migrate:up`")
    before = [number for number, line in enumerate(lines[: ups[0] - 1], 1) if not _BLANK.fullmatch(line)]
    if downs and downs[0] < ups[0]:
        raise _Refused(f"{downs[0]}: `-- migrate:down` comes before `-- migrate:up`")
    if before:
        raise _Refused(f"{before[0]}: SQL before `-- migrate:up`")
    if len(ups) > 1:
        raise _Refused(
            f"{ups[1]}: a second `-- migrate:up`: dbmate applies both, and fails where it writes the version down twice"
        )
    if not downs:
        raise _Refused(f"{len(lines)}: there is no `-- migrate:down`; it may be empty, but has to be there")
    if len(downs) > 1:
        raise _Refused(f"{downs[1]}: a second `-- migrate:down`")
    up = _Block(ups[0], downs[0], _sends(lines[ups[0] - 1]))
    return up, _Block(downs[0], len(lines) + 1, _sends(lines[downs[0] - 1]))


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _sends(directive: str) -> Sends:
    """How a block is sent: its options follow the directive, each ``name:value``."""
    options = dict(pair for word in _DIRECTIVE.sub("", directive, count=1).split() if len(pair := word.split(":")) == 2)
    return Sends.MESSAGE if options.get("transaction") == "false" else Sends.TRANSACTION


FORMAT = Format(
    name="dbmate",
    title="dbmate",
    layout="`N_name.sql` with `-- migrate:up` and `-- migrate:down`",
    recognizes=_recognizes,
    read=_read,
    alone="write `-- migrate:up transaction:false`",
)
