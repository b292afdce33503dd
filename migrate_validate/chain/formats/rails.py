"""Rails: ``db/structure.sql``, what pg_dump makes of a migrated database, is the chain; migrations in Ruby are not run.

The file ends with the versions that it contains: ``INSERT INTO "schema_migrations" (version) VALUES ('2025...'), ...``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import add_steps, entries, set_aside
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.model import Migration, Sends
from migrate_validate.errors import ChainError

_STRUCTURE = "structure.sql"
_MIGRATE = "migrate"
_INSERT = re.compile(r'INSERT\s+INTO\s+"?schema_migrations"?\s*\(\s*"?version"?\s*\)\s*VALUES\s*(?P<rows>[^;]*);', re.I)
_VERSION = re.compile(r"'(\d+)'")
_RUBY = re.compile(r"(?P<version>\d+)_.+\.rb")


def _recognizes(path: Path) -> Recognition | None:
    base = path if path.is_dir() else path.parent
    for directory in (base / _MIGRATE, base / "db" / _MIGRATE):
        ruby = next((each for each in entries(directory) if _RUBY.fullmatch(each.name)), None)
        if ruby is not None and (path.is_dir() or _structure(path)):
            return Recognition(f"{relative(ruby, base)} is a migration of Rails", specific=True)
    structure = _structure(path)
    if structure is None or not _INSERT.search(read_script(structure, structure.parent).text):
        return None
    return Recognition(f"{_STRUCTURE} ends with the versions of schema_migrations", specific=True)


def _structure(path: Path) -> Path | None:
    """The file: the path itself, or in it, or in the ``db/`` in it."""
    if path.is_file():
        return path if path.name.endswith(_STRUCTURE) else None
    return next((each for each in (path / _STRUCTURE, path / "db" / _STRUCTURE) if each.is_file()), None)


def _read(path: Path, reading: Reading) -> Contents:
    structure = _structure(path)
    if structure is None:
        raise ChainError(
            f"{path.name} is not laid out as Rails wants it: there is no {_STRUCTURE}",
            looked=[str(path), str(path / "db" / _STRUCTURE)],
            remedy="name db/ or the file; with config.active_record.schema_format = :sql Rails writes it, by"
            " `bin/rails db:schema:dump`; migrations in Ruby are not run here",
        )
    script = replace(read_script(structure, reading.root), sends=Sends.STATEMENTS, by_psql=True)
    # 001_users.rb has the version 1.
    contained = {int(version) for rows in _INSERT.finditer(script.text) for version in _VERSION.findall(rows["rows"])}
    newest = str(max(contained)) if contained else "structure"
    contents = Contents(migrations=[Migration(newest, "structure", script)])
    _set_aside_ruby(structure.parent / _MIGRATE, contained, reading, contents)
    if path.is_dir():
        for directory in dict.fromkeys((structure.parent, path)):
            for each in entries(directory):
                if each not in (structure, structure.parent, structure.parent / _MIGRATE, *reading.taken):
                    contents.set_aside.append(set_aside(each, reading.root, _reason(each)))
    return contents


def _set_aside_ruby(directory: Path, contained: set[int], reading: Reading, contents: Contents) -> None:
    """Migrations that the file does not contain are steps that are missing; of the others it is told once."""
    known = 0
    for each in entries(directory):
        ruby = _RUBY.fullmatch(each.name)
        if ruby is not None and int(ruby["version"]) in contained:
            known += 1
        elif ruby is not None:
            reason = f"a migration in Ruby, which is not run here, and {_STRUCTURE} does not contain its version"
            add_steps(contents, [(set_aside(each, reading.root, reason, step=True), 1)])
        else:
            contents.set_aside.append(set_aside(each, reading.root, "no migration"))
    if known:
        reason = f"{known} migrations in Ruby whose versions {_STRUCTURE} contains"
        contents.set_aside.append(set_aside(directory, reading.root, reason.replace("1 migrations", "1 migration")))


def _reason(path: Path) -> str:
    if path.name.endswith(_STRUCTURE):
        return "the structure of another database of the application"
    if path.suffix == ".rb":
        return "Ruby: it is not run here"
    return f"only {_STRUCTURE} is read"


FORMAT = Format(
    "rails",
    "Rails structure.sql",
    "`db/structure.sql`, whose last lines name the versions in it; a chain of one, or a file for `base`",
    _recognizes,
    _read,
)
