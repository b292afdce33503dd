"""db-migrate: ``<timestamp>-name.js`` beside ``sqls/<timestamp>-name-up.sql`` and ``-down.sql``.

The files of JavaScript decide what is run and when. Those that only send a file of ``sqls/``, as ``db-migrate create
--sql-file`` writes them, are understood; any other is a step that is not run here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import add_steps, entries, nearest, refused, set_aside
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.package_json import options, parsed
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Script, Sends, SetAside
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_SQLS = "sqls"
_MIGRATIONS = "migrations"
_WAY = r"exports\.{way}\s*=\s*(?:async\s+)?(?:function\b[^{{]*|\([^)]*\)\s*=>\s*)\{{(?P<body>.*?)^\s*\}}\s*;?\s*$"
_WAYS = {way: re.compile(_WAY.format(way=way), re.DOTALL | re.MULTILINE) for way in ("up", "down")}
_NAMED = re.compile(r"""['"`](?:/?sqls/)?(?P<name>[^'"`/]+\.sql)['"`]""")
_USES = re.compile(r"\bdb\s*\.\s*(\w+)")
_SENDS = re.compile(r"\bdb\s*\.\s*runSql\s*\(\s*\w+\s*[,)]")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:'\"])//[^\n]*", re.DOTALL)
_OPTIONS = {
    "--table": "table",
    "--migration-table": "table",
    "-t": "table",
    "--non-transactional": "non-transactional",
}
_FLAGS = ("non-transactional",)
_CONFIG = ".db-migraterc"
_TABLE = "migrations"


@dataclass(frozen=True, slots=True)
class _Told:
    """What the project tells it."""

    table: str
    """Of applied versions."""
    sends: Sends


def _recognizes(path: Path) -> Recognition | None:
    directory = _directory(path)
    if directory is None:
        return None
    for each in entries(directory / _SQLS):
        if each.name.endswith("-up.sql"):
            return Recognition(f"{relative(each, path)} is named as db-migrate names its files of SQL", specific=True)
    return None


def _directory(path: Path) -> Path | None:
    """The directory of the migrations: the path itself, or the ``migrations/`` in it."""
    return next((each for each in (path, path / _MIGRATIONS) if (each / _SQLS).is_dir()), None)


def _read(path: Path, reading: Reading) -> Contents:
    directory = _directory(path)
    if directory is None:
        raise ChainError(
            f"{path.name} is not laid out as db-migrate wants it: no directory {_SQLS}/ in it",
            looked=[str(path / _SQLS), str(path / _MIGRATIONS / _SQLS)],
            remedy="name the directory of the migrations, the one that holds the files of JavaScript",
        )
    contents = Contents()
    told = _told(directory, reading.root, contents)
    contents.records = _records(told.table)
    missing: list[str] = []
    steps: list[tuple[SetAside, int]] = []
    used: set[Path] = set()
    for each in entries(directory):
        if each in reading.taken or each == directory / _SQLS:
            continue
        if each.suffix != ".js" or not each.is_file():
            contents.set_aside.append(set_aside(each, reading.root, "no migration: its name does not end in .js"))
            continue
        up, down = (_sent(each, way) for way in _WAYS)
        if up is None:
            reason = f"a migration in JavaScript that does more than send a file of {_SQLS}/: it is not run here"
            steps.append((set_aside(each, reading.root, reason, step=True), len(contents.migrations)))
            continue
        used |= {sent for sent in (up, down) if sent}
        if not up.is_file():
            missing.append(f"{relative(each, reading.root)} sends {_SQLS}/{up.name}, which does not exist")
            continue
        contents.migrations.append(_migration(each, up, down, told.sends, reading, contents))
    if missing:
        raise refused("db-migrate cannot run these migrations", missing, directory, "restore the files of SQL")
    add_steps(contents, steps)
    _set_aside_rest(path, directory, used, reading, contents)
    return contents


def _told(directory: Path, root: Path, contents: Contents) -> _Told:
    """What .db-migraterc says, else the commands in package.json."""
    given = options(directory, "db-migrate", _OPTIONS, _FLAGS)
    contents.notes += given.notes(root)
    config = nearest(directory, _CONFIG)
    written = parsed(config) if config else {}
    if config and not written:
        contents.notes.append(
            f"{relative(config, root)} is not written as JSON and was not read: what it says of the table of applied "
            "versions and of transactions is not known here; write it as JSON"
        )
    table = written.get("table", given.values.get("table"))
    apart = written.get("non-transactional", "non-transactional" in given.values)
    return _Told(table if isinstance(table, str) and table else _TABLE, Sends.MESSAGE if apart else Sends.TRANSACTION)


def _records(name: str) -> Records:
    table = quote(name)
    written = table.replace("%", "%%")
    return Records(
        table=table,
        create=f"""
            CREATE TABLE IF NOT EXISTS {table} (
                id serial PRIMARY KEY NOT NULL, name varchar(255) NOT NULL, run_on timestamp NOT NULL
            )""",
        applied=f"""
            INSERT INTO {written} (name, run_on)
            VALUES (concat('/', %(version)s::text, nullif(concat('-', %(name)s::text), '-')), now())""",
        reverted=f"""
            DELETE FROM {written}
            WHERE name = concat('/', %(version)s::text, nullif(concat('-', %(name)s::text), '-'))""",
    )


def _sent(path: Path, way: str) -> Path | None:
    """The file of SQL that is sent on the way; None where there is none, or where something else happens as well."""
    body = _WAYS[way].search(_COMMENT.sub("", read_script(path, path.parent).text))
    if body is None:
        return None
    named = {each["name"] for each in _NAMED.finditer(body["body"])}
    sends = _USES.findall(body["body"]) == ["runSql"] and _SENDS.search(body["body"])
    return path.parent / _SQLS / named.pop() if len(named) == 1 and sends else None


def _migration(
    path: Path, up: Path, down: Path | None, sends: Sends, reading: Reading, contents: Contents
) -> Migration:
    version, _, name = path.stem.partition("-")
    if down is not None and not down.is_file():
        reason = f"{path.name} sends it on the way back, but there is no such file"
        contents.set_aside.append(SetAside(relative(down, reading.root), reason))
        down = None

    def script(file: Path) -> Script:
        return as_sent(replace(read_script(file, reading.root), sends=sends))

    return Migration(version, name, script(up), script(down) if down else None)


def _set_aside_rest(path: Path, directory: Path, used: set[Path], reading: Reading, contents: Contents) -> None:
    for each in entries(directory / _SQLS):
        if each not in used | set(reading.taken):
            contents.set_aside.append(set_aside(each, reading.root, "no file of JavaScript sends it"))
    for each in entries(path) if path != directory else ():
        if each not in (directory, *reading.taken):
            contents.set_aside.append(set_aside(each, reading.root, f"not in {_MIGRATIONS}/"))


FORMAT = Format(
    "db-migrate",
    "db-migrate",
    "`<timestamp>-name.js` that sends `sqls/<timestamp>-name-up.sql` and `-down.sql`",
    _recognizes,
    _read,
)
