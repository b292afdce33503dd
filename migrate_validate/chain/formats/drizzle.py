"""Drizzle: ``meta/_journal.json`` names the files and their order.

Since version 1 there are directories ``<timestamp>_<name>/migration.sql`` instead. The migrator sends what lies between
two marks ``--> statement-breakpoint`` as one query, and applies everything that is pending in one transaction.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migrate_validate.chain.files import read_script
from migrate_validate.chain.formats.entries import directories, entries, refused, set_aside, split_version
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import Query, as_sent, statements_of
from migrate_validate.chain.model import Migration, Records, Script, Sends
from migrate_validate.errors import ChainError

_META = "meta"
_JOURNAL = "_journal.json"
_UP = "migration.sql"
_SNAPSHOT = "snapshot.json"
_MARK = "--> statement-breakpoint"
_DIALECTS = ("postgresql", "pg")
_STAMPED = re.compile(r"\d{14}")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One migration as Drizzle knows it."""

    tag: str
    when: int
    """Milliseconds since 1970; it goes into the table of applied migrations."""
    path: Path


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    if (path / _META / _JOURNAL).is_file():
        return Recognition(f"{_META}/{_JOURNAL} is Drizzle's journal", specific=True)
    for each in directories(path):
        if (each / _UP).is_file() and (each / _SNAPSHOT).is_file():
            because = f"{each.name}/ holds {_UP} and {_SNAPSHOT}, as Drizzle writes them"
            return Recognition(because, specific=True)
    return None


def _read(path: Path, reading: Reading) -> Contents:
    journal = path / _META / _JOURNAL
    found = _named(journal, path) if journal.is_file() else _folders(path)
    if not found:
        raise ChainError(
            f"{path.name} is not laid out as Drizzle wants it: neither {_META}/{_JOURNAL} names migrations, nor are"
            f" there directories <timestamp>_<name>/{_UP}",
            looked=[str(journal), str(path)],
            remedy="name the directory that `out` in drizzle.config.ts names",
        )
    contents = Contents(together=True, records=_records(found))
    latest: _Entry | None = None
    for each in found:
        script = read_script(each.path, reading.root)
        contents.migrations.append(
            Migration(
                *split_version(each.tag),
                _cut(replace(script, sends=Sends.TRANSACTION)),
                checksum=hashlib.sha256(script.text.encode()).hexdigest(),
                passed_over=_passed_over(each, latest),
            )
        )
        latest = each if latest is None or each.when > latest.when else latest
    _set_aside_rest(path, {each.path for each in found}, reading, contents)
    return contents


def _passed_over(entry: _Entry, latest: _Entry | None) -> str:
    """Why a database that has the migrations before it never gets this one; empty: it does."""
    if latest is None or entry.when > latest.when:
        return ""
    return (
        f"its `when` in {_META}/{_JOURNAL} ({entry.when}) is not later than that of {latest.tag} ({latest.when}), which"
        " comes before it: drizzle takes it for applied where that one is"
    )


def _named(journal: Path, directory: Path) -> list[_Entry]:
    """What the journal names, in its order."""
    written = _parsed(journal)
    dialect = written.get("dialect", _DIALECTS[0])
    if dialect not in _DIALECTS:
        raise ChainError(
            f"{_META}/{_JOURNAL} says that these migrations are for {dialect}, not for postgresql",
            looked=[str(journal)],
            remedy="name migrations of the dialect postgresql: no other database is run here",
        )
    listed = written.get("entries")
    if not isinstance(listed, list) or not all(_complete(each) for each in listed):
        what = f"{_META}/{_JOURNAL} is no journal: `entries` is not a list of objects with `tag` and `when`"
        raise ChainError(what, looked=[str(journal)], remedy="restore it from the history of the project")
    found = [_Entry(each["tag"], int(each["when"]), directory / f"{each['tag']}.sql") for each in listed]
    problems = [f"{each.path.name} does not exist" for each in found if not each.path.is_file()]
    tags = [each.tag for each in found]
    problems += [f"{tag}.sql is named twice" for tag in dict.fromkeys(tags) if tags.count(tag) > 1]
    if problems:
        remedy = "restore the file, or take its entry out of the journal: drizzle stops there"
        raise refused(f"{_META}/{_JOURNAL} names what is not there, or twice", problems, journal, remedy)
    return found


def _parsed(journal: Path) -> dict[str, Any]:
    try:
        written = json.loads(journal.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        remedy = "repair it (after a merge, keep the entries of both sides)"
        raise ChainError(f"{_META}/{_JOURNAL} is no JSON: {error}", looked=[str(journal)], remedy=remedy) from None
    return written if isinstance(written, dict) else {}


def _complete(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("tag"), str) and isinstance(entry.get("when"), int | float)


def _folders(directory: Path) -> list[_Entry]:
    """The directories of version 1, by name."""
    folders = [each for each in directories(directory) if (each / _UP).is_file()]
    unstamped = [f"{each.name}/" for each in folders if not _STAMPED.match(each.name)]
    if unstamped:
        remedy = "let the name begin with the 14 digits of a time, as 20250102030405_name"
        raise refused("drizzle cannot tell when these migrations were made", unstamped, directory, remedy)
    return [_Entry(each.name, _milliseconds(each.name[:14]), each / _UP) for each in folders]


def _milliseconds(stamp: str) -> int:
    """The time that 14 digits say; what is none, such as a month 13, counts as the number that it is."""
    try:
        return int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return int(stamp)


def _cut(script: Script) -> Script:
    """The script as its chunks are sent: a statement ends at a mark, even where it has no semicolon."""
    chunks = script.text.split(_MARK)
    if script.problem is not None or all(chunk.rstrip().endswith(";") for chunk in chunks[:-1]):
        return as_sent(script)
    queries: list[Query] = []
    sent = 0
    for chunk in chunks:
        start = sent + len(chunk) - len(chunk.lstrip())
        line_start = script.text.rfind("\n", 0, start) + 1
        queries.append(Query(chunk.strip(), script.text.count("\n", 0, start) + 1, start - line_start + 1))
        sent += len(chunk) + len(_MARK)
    return replace(script, statements=statements_of(queries, script.file, script.sends))


def _records(found: list[_Entry]) -> Records:
    times = ", ".join(f"('{each.tag}', {each.when})" for each in found)
    times = times.replace("%", "%%")
    return Records(
        table="drizzle.__drizzle_migrations",
        create="""
            CREATE SCHEMA IF NOT EXISTS drizzle;
            CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (
                id serial PRIMARY KEY, hash text NOT NULL, created_at bigint
            )""",
        applied=f"""
            INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
            SELECT %(checksum)s, made.at FROM (VALUES {times}) AS made (tag, at)
            WHERE made.tag = concat_ws('_', %(version)s::text, nullif(%(name)s::text, ''))""",
        reverted="DELETE FROM drizzle.__drizzle_migrations WHERE hash = %(checksum)s",
    )


def _set_aside_rest(directory: Path, used: set[Path], reading: Reading, contents: Contents) -> None:
    for each in entries(directory):
        if each in used | set(reading.taken) or each / _UP in used:
            continue
        if each.name == _META:
            reason = "the journal, and snapshots of what the migrations lead to"
        elif each.suffix == ".sql":
            reason = f"{_META}/{_JOURNAL} does not name it: drizzle never applies it"
        elif each.suffix == ".ts":
            reason = "TypeScript: a declaration, not a step"
        else:
            reason = "no migration of Drizzle's"
        contents.set_aside.append(set_aside(each, reading.root, reason))
    for path in sorted(used):
        if path.name == _UP:
            contents.set_aside += [
                set_aside(each, reading.root, "a snapshot of what the migration leads to")
                for each in entries(path.parent)
                if each != path and each not in reading.taken
            ]


FORMAT = Format(
    "drizzle",
    "Drizzle",
    "`0000_name.sql` in the order of `meta/_journal.json`, or `<timestamp>_<name>/migration.sql` and `snapshot.json`",
    _recognizes,
    _read,
)
