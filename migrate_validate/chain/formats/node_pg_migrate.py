"""node-pg-migrate: ``<timestamp>_name.sql`` with ``-- Up Migration`` and ``-- Down Migration``.

Files of JavaScript may lie among them. By default it applies everything that is pending in one transaction.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import (
    add_steps,
    beginning,
    entries,
    in_schemas,
    nearest,
    refused,
    set_aside,
    split_version,
)
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.package_json import PACKAGE, options, parsed
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.model import Migration, Records, Script, Sends
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_UP = re.compile(r"^\s*--[\s-]*up\s+migration", re.IGNORECASE | re.MULTILINE)
_DOWN = re.compile(r"^\s*--[\s-]*down\s+migration", re.IGNORECASE | re.MULTILINE)
_MARK = re.compile(r"^\s*--[\s-]*up\s+migration\s*$", re.IGNORECASE | re.MULTILINE)
"""Nothing else stands on the line where node-pg-migrate has written it: others have titles there."""
_PGM = re.compile(r"\bpgm\b|node-pg-migrate")
_CODE = frozenset({".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"})
_NUMBER = re.compile(r"\d+")
_UTC_DIGITS = 17
_OPTIONS = {
    "--create-schema": "create-schema",
    "--ignore-pattern": "ignore-pattern",
    "--migrations-schema": "migrations-schema",
    "--migrations-table": "migrations-table",
    "-t": "migrations-table",
    "--no-single-transaction": "no-single-transaction",
    "--schema": "schema",
    "-s": "schema",
}
_FLAGS = ("create-schema", "no-single-transaction")
_CONFIG = "config/default.json"
_CONFIG_KEY = "db"
_CONFIG_CODE = ("config/default.js", "config/default.ts", "config/default.cjs", "config/default.mjs")
_CONFIGURES = re.compile(r"\b(?:schema|migrations-schema|migrations-table|ignore-pattern)\b")
_TITLE = "node-pg-migrate"
_TABLE = "pgmigrations"
_LOOKED_AT = 20
_HIDDEN = r"\..*"
"""Files that it leaves out where nothing else is said."""


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one migration."""

    stem: str
    up: Path
    down: Path | None = None


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    numbered = [each for each in entries(path) if _NUMBER.match(each.name) and each.is_file()]
    for each in [each for each in numbered if each.suffix == ".sql"][:_LOOKED_AT]:
        if mark := _MARK.search(beginning(each)):
            return Recognition(f"{each.name} says `{mark[0].strip()}`", specific=True)
    for each in [each for each in numbered if each.suffix in _CODE][:_LOOKED_AT]:
        if _PGM.search(beginning(each)):
            return Recognition(f"{each.name} uses node-pg-migrate", specific=True)
    package = nearest(path, PACKAGE)
    if package and numbered and f'"{_TITLE}"' in read_script(package, package.parent).text:
        return Recognition(f"{relative(package, path)} names {_TITLE}", specific=True, around=package.parent != path)
    return None


@dataclass(frozen=True, slots=True)
class _Told:
    """What the project tells it."""

    path: Path
    """Where that is written."""
    values: Mapping[str, Any]
    """By the long names of its options."""

    def text(self, name: str, default: str = "") -> str:
        """A text; the default where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) and value else default

    @property
    def schemas(self) -> list[str]:
        """Where names without a schema lead; empty: nothing is said of it."""
        value = self.values.get("schema")
        return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each]


def _told(path: Path, root: Path, contents: Contents) -> _Told:
    """What its configuration says, else the commands in package.json."""
    given = options(path, _TITLE, _OPTIONS, _FLAGS)
    contents.notes += given.notes(root)
    values: dict[str, Any] = dict.fromkeys(_FLAGS, False) | {
        name: name in _FLAGS or value for name, value in given.values.items()
    }
    config = nearest(path, _CONFIG)
    written = parsed(config).get(_CONFIG_KEY) if config else None
    for code in filter(None, (nearest(path, name) for name in _CONFIG_CODE)):
        if _CONFIGURES.search(read_script(code, code.parent).text):
            contents.notes.append(
                f"{relative(code, root)} configures {_TITLE} in code, which is not run: what it says of schemas, of "
                "files to leave out and of the table of applied versions is not known here; write it into "
                f"{_CONFIG}, or as options into the commands of package.json"
            )
    if config and isinstance(written, dict):
        return _Told(config, values | written)
    return _Told(given.path or path, values)


def _records(told: _Told) -> Records:
    first = told.schemas[0] if told.schemas else ""
    parts = (told.text("migrations-schema", first), told.text("migrations-table", _TABLE))
    table = ".".join(quote(part) for part in parts if part)
    written = table.replace("%", "%%")
    return Records(
        table=table,
        create=f"""
            CREATE TABLE IF NOT EXISTS {table} (
                id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL
            )""",
        applied=f"""
            INSERT INTO {written} (name, run_on)
            VALUES (concat_ws('_', %(version)s::text, nullif(%(name)s::text, '')), now())""",
        reverted=f"DELETE FROM {written} WHERE name = concat_ws('_', %(version)s::text, nullif(%(name)s::text, ''))",
    )


def _read(path: Path, reading: Reading) -> Contents:
    contents = Contents()
    told = _told(path, reading.root, contents)
    contents.together, contents.records = not told.values["no-single-transaction"], _records(told)
    if told.schemas:
        made = told.schemas if told.values["create-schema"] else ()
        contents.base.append(in_schemas(made, told.schemas, told.path, reading.root))
    ignored = _pattern(told)
    steps: list[Path] = []
    queries: list[Path] = []
    unnumbered: list[str] = []
    for each in entries(path):
        if each in reading.taken:
            continue
        code = each.suffix in _CODE and not each.name.endswith(".d.ts")
        if each.name.startswith(".") or not each.is_file() or not (code or each.suffix == ".sql"):
            contents.set_aside.append(set_aside(each, reading.root, "no migration: neither SQL nor JavaScript"))
        elif ignored.fullmatch(each.name):
            reason = f"{relative(told.path, reading.root)} says to ignore it ({ignored.pattern})"
            contents.set_aside.append(set_aside(each, reading.root, reason))
        elif not _NUMBER.match(each.name):
            unnumbered.append(f"{relative(each, reading.root)} does not begin with a number")
        else:
            (steps if code else queries).append(each)
    if unnumbered:
        remedy = "rename it, or move it out of the directory: node-pg-migrate cannot tell when to run it"
        raise refused("node-pg-migrate stops at these files", unnumbered, path, remedy)
    found = _paired(queries, path)
    for files in found:
        contents.migrations.append(_migration(files, reading))
    places = [_order(files.up) for files in found]
    unrun = [(set_aside(each, reading.root, _step(each), step=True), bisect(places, _order(each))) for each in steps]
    add_steps(contents, unrun)
    return contents


def _pattern(told: _Told) -> re.Pattern[str]:
    """The names of files that are left out."""
    written = told.text("ignore-pattern", _HIDDEN)
    try:
        return re.compile(written)
    except re.error:
        raise ChainError(
            f"ignore-pattern {written!r} is no regular expression here",
            looked=[str(told.path)],
            remedy="write it so that Python and JavaScript both know it",
        ) from None


def _step(path: Path) -> str:
    """Why a file of JavaScript is set aside."""
    return f"a migration in {'TypeScript' if path.suffix.endswith('ts') else 'JavaScript'}, which is not run here"


def _order(path: Path) -> tuple[int, str]:
    """By number, 17 digits as a time in milliseconds as the others are; equal ones by name."""
    digits = _NUMBER.match(path.name)
    assert digits is not None
    number = int(digits[0])
    if len(digits[0]) == _UTC_DIGITS:
        try:
            moment = datetime.strptime(digits[0][:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            number = int(moment.timestamp()) * 1000 + int(digits[0][14:])
        except ValueError:
            pass  # 17 digits that are no time
    return number, re.sub(r"\d+", lambda run: run[0].zfill(20), path.name.lower())


def _paired(paths: Sequence[Path], directory: Path) -> list[_Files]:
    """The migrations in their order; ``x.up.sql`` and ``x.down.sql`` are one."""
    singles = {each.stem: each for each in paths if Path(each.stem).suffix not in (".up", ".down")}
    ups = {Path(each.stem).stem: each for each in paths if Path(each.stem).suffix == ".up"}
    downs = {Path(each.stem).stem: each for each in paths if Path(each.stem).suffix == ".down"}
    problems = [f"{downs[stem].name} has no {stem}.up.sql" for stem in sorted(downs.keys() - ups.keys())]
    problems += [f"{stem}.sql and {ups[stem].name} are both there" for stem in sorted(singles.keys() & ups.keys())]
    if problems:
        raise refused("node-pg-migrate refuses these files", problems, directory, "give each migration one way up")
    found = [_Files(stem, path) for stem, path in singles.items()]
    found += [_Files(stem, path, downs.get(stem)) for stem, path in ups.items()]
    return sorted(found, key=lambda files: _order(files.up))


def _migration(files: _Files, reading: Reading) -> Migration:
    script = replace(read_script(files.up, reading.root), sends=Sends.TRANSACTION)
    version, name = split_version(files.stem)
    if Path(files.up.stem).suffix == ".up":
        down = replace(read_script(files.down, reading.root), sends=Sends.TRANSACTION) if files.down else None
    else:
        script, down = _sections(script)
    return Migration(version, name, as_sent(script), as_sent(down) if down else None)


def _sections(script: Script) -> tuple[Script, Script | None]:
    """Both ways of one file. Each begins at its comment and ends at the other's; without comments all of it is up."""
    text = script.text
    up, down = (_line_of(mark.search(text), text) for mark in (_UP, _DOWN))
    if down is None:
        return script, None
    if up is None:
        raise ChainError(
            f"{script.file} says `-- Down Migration` and nowhere `-- Up Migration`: node-pg-migrate takes the whole"
            " file, the way back included, for the way up",
            looked=[str(script.path)],
            remedy="write -- Up Migration above the statements of the way up",
        )
    end = text.count("\n") + 2
    upwards = range(up, down if down > up else end)
    downwards = range(down, up if up > down else end)
    back = replace(script, text=section(text, [downwards]))
    return replace(script, text=section(text, [upwards])), back if _says_something(back.text) else None


def _line_of(mark: re.Match[str] | None, text: str) -> int | None:
    """The line, counted from 1, on which the dashes of a comment stand."""
    return None if mark is None else text.count("\n", 0, text.index("--", mark.start())) + 1


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("--") for line in text.splitlines())


FORMAT = Format(
    _TITLE,
    _TITLE,
    "`<timestamp>_name.sql` with `-- Up Migration` and `-- Down Migration`, or `.up.sql` and `.down.sql`",
    _recognizes,
    _read,
)
