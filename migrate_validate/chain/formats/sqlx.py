"""SQLx: ``N_name.sql``, or ``N_name.up.sql`` and ``N_name.down.sql``, in the crate of a program that uses it."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import entries, refused, set_aside, twice
from migrate_validate.chain.formats.marks import marked
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Script, Sends

_UP, _DOWN = ".up.sql", ".down.sql"
_NO_TRANSACTION = "-- no-transaction"
_OWN = (".sqlx", "sqlx-data.json", "sqlx.toml")
_CRATE = "Cargo.toml"
_OTHERS = ("package.json", "go.mod", "pyproject.toml", "config.toml")
"""What says, nearer than a crate, that a directory is not the crate's."""
_DEPENDS = re.compile(r"^\s*sqlx\s*(?:=|\.)|^\s*\[[^\]\n]*dependencies\.sqlx\]", re.MULTILINE)
_MARK = re.compile(rf"\A{_NO_TRANSACTION}")
_DIGITS = re.compile(r"[+-]?\d+", re.ASCII)
_LARGEST = 2**63 - 1
_LEVELS = 4
_RECORDS = Records(
    table="_sqlx_migrations",
    create="""
        CREATE TABLE IF NOT EXISTS _sqlx_migrations (
            version bigint PRIMARY KEY,
            description text NOT NULL,
            installed_on timestamptz NOT NULL DEFAULT now(),
            success boolean NOT NULL,
            checksum bytea NOT NULL,
            execution_time bigint NOT NULL
        )""",
    applied="""
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (%(version)s::bigint, replace(%(name)s, '_', ' '), true, decode(%(checksum)s, 'hex'), 0)""",
    reverted="DELETE FROM _sqlx_migrations WHERE version = %(version)s::bigint",
)


def _recognizes(path: Path) -> Recognition | None:
    name = marked(path, _MARK)
    if name:
        return Recognition(f"{name} begins with `{_NO_TRANSACTION}`", specific=True)
    directory = path if path.is_dir() else path.parent
    files = [path] if path.is_file() else path.glob("*.sql")
    if not any(_parts(each.name) for each in files):
        return None
    mark = _mark(directory)
    if mark is None:
        return None
    because = f"{relative(mark, directory)} is there for SQLx"
    return Recognition(because, specific=True, around=mark.parent != directory)


def _mark(directory: Path) -> Path | None:
    """What makes the project around a directory one that uses SQLx; None where another one is nearer."""
    for above in (directory, *directory.parents[:_LEVELS]):
        own = next((above / name for name in _OWN if (above / name).exists()), None)
        if own is not None:
            return own
        crate = read_script(above / _CRATE, above)
        if _DEPENDS.search(crate.text):
            return crate.path
        if (above / ".git").exists() or any((above / name).is_file() for name in _OTHERS):
            return None
    return None


def _parts(name: str) -> tuple[int, str] | None:
    """Version and the rest of the name of a migration; None where SQLx takes none."""
    version, separator, rest = name.partition("_")
    if not separator or not rest.endswith(".sql") or not _DIGITS.fullmatch(version) or int(version) > _LARGEST:
        return None
    return int(version), rest


def _read(path: Path, reading: Reading) -> Contents:
    contents = Contents(records=_RECORDS)
    problems: list[str] = []
    ups: dict[int, list[Path]] = defaultdict(list)
    downs: dict[int, list[Path]] = defaultdict(list)
    for each in _files(path):
        if each in reading.taken:
            continue
        reason = _no_migration(each)
        parts = _parts(each.name)
        if reason:
            contents.set_aside.append(set_aside(each, reading.root, reason))
        elif parts is None:
            problems.append(f"{each.name}: what stands before its first _ is no number")
        else:
            (downs if each.name.endswith(_DOWN) else ups)[parts[0]].append(each)
    for way, files in (("up", ups), ("down", downs)):
        named = ((str(version), each.name) for version, paths in files.items() for each in paths)
        problems += twice(named, f" ({way}), and SQLx can write it down only once")
    if problems:
        raise refused("SQLx refuses the migrations", problems, path, "rename the files")
    for version in sorted(ups):
        contents.migrations.append(_migration(ups[version][0], downs.get(version, [None])[0], reading.root))
    alone = [each for version in sorted(downs.keys() - ups.keys()) for each in downs[version]]
    contents.set_aside += [set_aside(each, reading.root, "a way back without its migration") for each in alone]
    return contents


def _files(path: Path) -> Iterable[Path]:
    """The entries of a directory, or one migration with its way back."""
    if path.is_dir():
        return entries(path)
    other = path.with_name(path.name.removesuffix(_UP) + _DOWN)
    return [path, other] if path.name.endswith(_UP) and other.is_file() else [path]


def _no_migration(path: Path) -> str:
    if path.is_dir():
        return "a directory: SQLx reads only the files beside the migrations"
    if not path.name.endswith(".sql"):
        return "no SQL"
    return "" if "_" in path.name else "its name has no _: SQLx leaves it out"


def _migration(up: Path, down: Path | None, root: Path) -> Migration:
    version, _, rest = up.name.partition("_")
    script = _sent(up, root)
    return Migration(
        version,
        rest.removesuffix(_UP).removesuffix(".sql"),
        script,
        _sent(down, root) if down else None,
        hashlib.sha384(script.text.encode()).hexdigest(),
    )


def _sent(path: Path, root: Path) -> Script:
    script = read_script(path, root)
    alone = script.text.startswith(_NO_TRANSACTION)
    return as_sent(replace(script, sends=Sends.MESSAGE if alone else Sends.TRANSACTION))


FORMAT = Format(
    name="sqlx",
    title="SQLx",
    layout="`N_name.sql`, or `N_name.up.sql` and `.down.sql`; `Cargo.toml` with sqlx, `.sqlx/`",
    recognizes=_recognizes,
    read=_read,
    alone="write `-- no-transaction` at the very beginning of the file",
)
