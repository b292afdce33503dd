"""graphile-migrate: ``committed/000001.sql``, each with the hash of the one before it, and ``current.sql`` behind them.

What ``.gmrc`` says of placeholders and of scripts around the migrations is obeyed, where it is JSON.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import add_steps, beginning, entries, listed, refused, set_aside
from migrate_validate.chain.formats.gmrc import GMRC, Gmrc, placeholders_of, read_gmrc, unset
from migrate_validate.chain.formats.graphile_sending import INCLUDE, Sending
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.model import Migration, Records, Script, Seed, Sends, SetAside
from migrate_validate.errors import ChainError

_COMMITTED = "committed"
_CURRENT = "current"
_FIXTURES = "fixtures"
_BEFORE = ("afterReset", "beforeAllMigrations")
_FILE = re.compile(r"(?P<number>\d+)(?:-(?P<name>[-\w]*))?\.sql")
_HEADER = re.compile(r"--! (?P<key>[A-Z]\w*)(?::(?P<value>.*))?")
_NO_TRANSACTION = re.compile(r"--!\s*no-transaction\b")
_RECORDS = Records(
    table="graphile_migrate.migrations",
    create="""
        CREATE SCHEMA IF NOT EXISTS graphile_migrate;
        CREATE TABLE IF NOT EXISTS graphile_migrate.migrations (
            hash text PRIMARY KEY, previous_hash text REFERENCES graphile_migrate.migrations,
            filename text NOT NULL, date timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS graphile_migrate.current (
            filename text PRIMARY KEY DEFAULT 'current.sql', content text NOT NULL,
            date timestamptz NOT NULL DEFAULT now()
        )""",
    applied="""
        INSERT INTO graphile_migrate.migrations (hash, previous_hash, filename)
        SELECT %(checksum)s, (SELECT hash FROM graphile_migrate.migrations ORDER BY filename DESC LIMIT 1),
            %(version)s::text || '.sql'
        WHERE %(checksum)s::text <> ''""",
    reverted="DELETE FROM graphile_migrate.migrations WHERE hash = %(checksum)s",
)


@dataclass(frozen=True, slots=True)
class _Committed:
    """One committed file, cut into its header and the rest."""

    script: Script
    version: str
    name: str
    headers: dict[str, str]
    body: str
    blank: bool
    """Whether an empty line stands between the two."""

    @property
    def previous(self) -> str:
        """The hash of the migration before it, as the header says; empty for the first one."""
        written = self.headers.get("Previous", "")
        return "" if written == "-" else written

    @property
    def hash(self) -> str:
        """What the header should say."""
        content = f"{self.previous}\n{self.body.strip()}".strip() + "\n"
        return "sha1:" + hashlib.sha1(content.encode(), usedforsecurity=False).hexdigest()


def _recognizes(path: Path) -> Recognition | None:
    directory = _directory(path)
    if directory is None:
        return None
    for each in entries(directory / _COMMITTED):
        if _FILE.fullmatch(each.name) and beginning(each).startswith("--! "):
            return Recognition(f"{relative(each, path)} begins with a header of graphile-migrate", specific=True)
    for place in (path, directory.parent):
        if (place / GMRC).is_file() or (place / f"{GMRC}.js").is_file():
            return Recognition(f"{GMRC} is graphile-migrate's", specific=True, around=place != path)
    for each in (directory / f"{_CURRENT}.sql", directory / _CURRENT):
        if each.exists():
            beside = f"{relative(each, path)} lies beside {_COMMITTED}/, as graphile-migrate has it"
            return Recognition(beside, specific=True)
    return None


def _directory(path: Path) -> Path | None:
    """The directory of the migrations: what the path is, or has in it."""
    configured = read_gmrc(path).folder if (path / GMRC).is_file() else None
    places = (path / configured if configured else path, path, path / "migrations")
    return next((each for each in places if (each / _COMMITTED).is_dir()), None)


def _read(path: Path, reading: Reading) -> Contents:
    directory = _directory(path)
    if directory is None:
        raise ChainError(
            f"{path.name} is not laid out as graphile-migrate wants it: there is no {_COMMITTED}/",
            looked=[str(path / _COMMITTED), str(path / "migrations" / _COMMITTED)],
            remedy=f"name the project (where {GMRC} lies), or the directory that holds {_COMMITTED}/",
        )
    gmrc = read_gmrc(next((place for place in (path, directory.parent) if (place / GMRC).is_file()), path))
    contents = Contents(records=_RECORDS)
    committed = _read_committed(directory, reading, contents)
    _check_chain(committed, directory)
    current = _read_current(directory, reading)
    values = placeholders_of(gmrc, reading.settings.placeholders or {})
    _check_placeholders(gmrc, values, [*(each.script for each in committed), *current], directory)
    sending = Sending(directory / _FIXTURES, values, gmrc.settings)
    for each in committed:
        up = sending.sent(each.script, _sends(each.body))
        contents.migrations.append(Migration(each.version, each.name, up, None, each.hash))
    for script in current:
        up = sending.sent(script, _sends(_cut(script.text)[1]))
        version = up.path.stem if len(current) > 1 else _CURRENT
        contents.migrations.append(Migration(version, "", up, repeats=True))
    _read_actions(gmrc, sending, directory, reading, contents)
    _set_aside_rest(path, directory, reading, contents)
    return contents


def _read_committed(directory: Path, reading: Reading, contents: Contents) -> list[_Committed]:
    found: list[_Committed] = []
    for each in entries(directory / _COMMITTED):
        named = _FILE.fullmatch(each.name)
        if each in reading.taken:
            continue
        if named is None:
            contents.set_aside.append(set_aside(each, reading.root, "its name is no number with .sql"))
        else:
            script = read_script(each, reading.root)
            found.append(_Committed(script, named["number"], named["name"] or "", *_cut(script.text)))
    return sorted(found, key=lambda each: each.version)


def _cut(text: str) -> tuple[dict[str, str], str, bool]:
    """The header, the rest, and whether an empty line stands between them."""
    lines = text.split("\n")
    headers: dict[str, str] = {}
    number = 0
    for line in lines:
        header = _HEADER.fullmatch(line.rstrip("\r"))
        if header is None:
            break
        headers[header["key"]] = (header["value"] or "").strip()
        number += 1
    return headers, "\n".join(lines[number:]).strip() + "\n", number < len(lines) and not lines[number]


def _check_chain(committed: list[_Committed], directory: Path) -> None:
    """Refuse what graphile-migrate refuses before it applies anything."""
    problems: list[str] = []
    before: _Committed | None = None
    for each in committed:
        if not each.script.problem:
            problems += [f"{each.script.file}: {problem}" for problem in _wrong(each, before)]
        before = each
    if problems:
        remedy = (
            "restore the files from the history; `graphile-migrate uncommit` and `commit` write the headers anew, and a"
            " header --! AllowInvalidHash lets a file pass that was changed on purpose"
        )
        raise refused("graphile-migrate refuses these migrations", problems, directory / _COMMITTED, remedy)


def _wrong(each: _Committed, before: _Committed | None) -> list[str]:
    missing = [key for key in ("Previous", "Hash") if not each.headers.get(key)]
    if missing:
        return [f"its header has no line --! {key}:" for key in missing]
    if not each.blank:
        ends = " (its lines end in CR LF: tell Git to leave them alone)" if "\r\n" in each.script.text else ""
        return [f"no empty line stands behind its header{ends}"]
    problems = []
    expected = before.headers.get("Hash", "") if before else ""
    if each.previous != expected:
        of = f"{before.script.file} has the hash {expected}" if before else "it is the first one"
        problems.append(f"its header says that {each.previous or 'nothing'} comes before it, but {of}")
    written, allowed = each.headers["Hash"], "AllowInvalidHash" in each.headers
    if written != each.hash and not allowed:
        problems.append(f"it was changed after it was committed: its hash is {each.hash}, its header says {written}")
    if written == each.hash and allowed:
        problems.append("its header allows an invalid hash, but the hash is valid")
    return problems


def _check_placeholders(gmrc: Gmrc, values: Mapping[str, str], scripts: list[Script], directory: Path) -> None:
    missing = [(each.file, name) for each in scripts for name in unset(gmrc, values, each.text)]
    if not missing:
        return
    names = list(dict.fromkeys(name[1:] for _, name in missing))
    raise ChainError(
        "placeholders have no value here:\n" + listed([f"{file}: {name}" for file, name in missing]),
        looked=[str(gmrc.path or directory)],
        remedy=[
            f"set {' and '.join(names)} in the environment",
            f'in migrate_validate.toml beside the migrations: [placeholders], {names[0].lower()} = "..."',
        ],
    )


def _sends(body: str) -> Sends:
    """In a transaction, unless the first line behind the header forbids it: then as one message."""
    return Sends.MESSAGE if _NO_TRANSACTION.match(body) else Sends.TRANSACTION


def _read_current(directory: Path, reading: Reading) -> list[Script]:
    """``current.sql``, or the files of ``current/``, where they hold statements."""
    file, folder = directory / f"{_CURRENT}.sql", directory / _CURRENT
    if file.is_file() and folder.is_dir():
        raise ChainError(
            f"{file.name} and {_CURRENT}/ are both there: graphile-migrate takes only one of them",
            looked=[str(file), str(folder)],
            remedy="remove one of the two",
        )
    paths = [file] if file.is_file() else sorted(filter(_is_part, entries(folder)), key=_number)
    numbers = [_number(each) for each in paths]
    clashes = [each.name for each in paths if each != file and numbers.count(_number(each)) > 1]
    if clashes:
        what = f"several files of {_CURRENT}/ have the same number: {', '.join(clashes)}"
        raise ChainError(what, looked=[str(folder)], remedy="renumber them")
    scripts = [read_script(each, reading.root) for each in paths if each not in reading.taken]
    return [each for each in scripts if each.problem or _says_something(each.text)]


def _is_part(path: Path) -> bool:
    return _FILE.fullmatch(path.name) is not None


def _number(path: Path) -> int:
    named = _FILE.fullmatch(path.name)
    return int(named["number"]) if named else 0


def _says_something(text: str) -> bool:
    lines = re.sub(r"/\*.*?\*/", "", INCLUDE.sub("include", text), flags=re.DOTALL).splitlines()
    return any(line.strip() and not line.strip().startswith("--") for line in lines)


def _read_actions(gmrc: Gmrc, sending: Sending, directory: Path, reading: Reading, contents: Contents) -> None:
    """What is run before the migrations is a base, what is run behind them a seed."""
    steps: list[tuple[SetAside, int]] = []
    for action in gmrc.actions:
        place = 0 if action.event in _BEFORE else len(contents.migrations)
        if action.command:
            reason = f"{action.event} runs a command of the shell, which is not run here: {action.command}"
            steps.append((SetAside(relative(gmrc.path or directory, reading.root), reason, step=True), place))
            continue
        script = read_script(directory / action.file, reading.root)
        missing = unset(gmrc, sending.values, script.text)
        if missing:
            reason = f"{action.event} runs it, but {' and '.join(missing)} has no value here"
            steps.append((SetAside(script.file, reason, step=True), place))
        elif action.event in _BEFORE:
            contents.base.append(sending.sent(script, Sends.MESSAGE))
        elif action.event == "afterAllMigrations":
            contents.seeds.append(Seed(sending.sent(script, Sends.MESSAGE)))
        else:
            contents.set_aside.append(SetAside(script.file, f"{action.event} runs it, in development only"))
    add_steps(contents, steps)


def _set_aside_rest(path: Path, directory: Path, reading: Reading, contents: Contents) -> None:
    used = {each.up.path for each in contents.migrations} | {each.path for each in contents.base}
    used |= {each.script.path for each in contents.seeds} | set(reading.taken)
    told = {each.file for each in contents.set_aside}
    above = {directory, *directory.parents}
    for place in dict.fromkeys((directory, directory / _CURRENT, path)):
        for each in entries(place):
            if each in used | above or each.name == _COMMITTED or relative(each, reading.root) in told:
                continue
            if each == directory / _CURRENT and entries(each):
                continue
            contents.set_aside.append(SetAside(relative(each, reading.root), _reason(each)))


def _reason(path: Path) -> str:
    if path.name == GMRC:
        return "the configuration of graphile-migrate"
    if path.name.startswith(f"{GMRC}."):
        return "the configuration of graphile-migrate in JavaScript, which is not run: placeholders stay as they are"
    if path.name in (f"{_CURRENT}.sql", _CURRENT) or (path.parent.name == _CURRENT and _is_part(path)):
        return "it holds no statement: nothing is in the works"
    if path.name == _FIXTURES:
        return "files that migrations include"
    return f"neither in {_COMMITTED}/ nor {_CURRENT}.sql"


FORMAT = Format(
    "graphile-migrate",
    "graphile-migrate",
    "`committed/000001.sql` with `--! Previous:` and `--! Hash:`, then `current.sql`; `.gmrc` is obeyed",
    _recognizes,
    _read,
)
