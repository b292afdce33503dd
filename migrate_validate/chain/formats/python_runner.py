"""A runner of a project's own: a module that lists its migrations by name, or a directory of ``001_name.py``.

    MIGRATIONS = [("001_users", create_users), ("002_names", add_names, drop_names)]

The list may hold dicts as well, with the callables below ``up`` and ``down``, or statements below ``sql``: those are
read where they stand, wherever in the module that is. A file of the directory has ``up(connection)``, and
``down(connection)`` where there is a way back. A migration of a list is called ``module.py[name]``.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrate_validate import syntax
from migrate_validate.chain.files import read_script
from migrate_validate.chain.formats.entries import add_steps, beginning, entries, set_aside, split_version
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.model import Migration, Records, Sends, SetAside, Statement
from migrate_validate.chain.python import read_python, visible_sql
from migrate_validate.chain.traced import Program, Traced
from migrate_validate.errors import ChainError
from migrate_validate.findings import Location

_RUNNERS = ("migration_runner.py", "migrations.py", "run_migrations.py", "migrate.py", "runner.py")
"""What the module of a directory may be called."""
_LISTED = re.compile(r"\bmigrations\b[^=\n]*=\s*[\[{(]", re.IGNORECASE)
_NUMBERED = re.compile(r"[vVmM]?_?\d+.*")
_FUNCTIONS = {
    "up": ("up", "upgrade", "apply", "migrate", "run", "forward", "forwards"),
    "down": ("down", "downgrade", "rollback", "revert", "backward", "backwards"),
}
_NAMES = ("name", "version", "id", "key")
_OTHERS = re.compile(r"^\s*(?:from|import)\s+(?:alembic|django|yoyo)\b", re.MULTILINE)
_TABLE = re.compile(
    r"create\s+table\s+(?:if\s+not\s+exists\s+)?(?P<table>\"?\w*migration\w*\"?)\s*"
    r"\((?P<columns>(?:[^();]|\([^();]*\))*)\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Listed:
    """One entry of a list of migrations."""

    name: str
    line: int
    sql: tuple[ast.expr, ...] | None
    """What it holds below ``sql``; None: it has callables."""
    returns: bool
    lines: tuple[range, ...] = ()
    """Where it stands, with the functions that it names."""


@dataclass(frozen=True, slots=True)
class _List:
    """A list of migrations in a module."""

    variable: str
    top: bool
    """Whether it can be imported."""
    entries: tuple[_Listed, ...]


def _recognizes(path: Path) -> Recognition | None:
    runner = _runner(path)
    if runner is not None:
        return Recognition(f"{runner.name} lists migrations by name", specific=True)
    if path.is_dir() and (files := _numbered(path)):
        return Recognition(f"{files[0].name} has a function up(connection)", specific=True)
    return None


def _runner(path: Path) -> Path | None:
    """The module that lists migrations."""
    places = [path] if path.is_file() else [path / name for name in _RUNNERS]
    return next((each for each in places if each.suffix == ".py" and each.is_file() and _list(each)), None)


def _numbered(directory: Path) -> list[Path]:
    """Files that are a migration each."""
    files = [each for each in entries(directory) if each.suffix == ".py" and _NUMBERED.fullmatch(each.stem)]
    if not files or _OTHERS.search(beginning(files[0])):
        return []
    return [each for each in files if _functions(each)["up"]]


def _functions(path: Path) -> dict[str, bool]:
    """Which ways a file has."""
    text = read_script(path, path.parent).text
    return {
        way: re.search(rf"^(?:async\s+)?def\s+(?:{'|'.join(names)})\s*\(\s*\w", text, re.MULTILINE) is not None
        for way, names in _FUNCTIONS.items()
    }


def _read(path: Path, reading: Reading) -> Contents:
    runner = _runner(path)
    if runner is not None:
        return _of_module(runner, reading)
    files = _numbered(path) if path.is_dir() else []
    if not files:
        raise ChainError(
            f"{path} holds no migrations in Python",
            looked=[str(path), *(str(path / name) for name in _RUNNERS if path.is_dir())],
            remedy="name a module with a list MIGRATIONS of (name, up), or a directory of 001_x.py with up(connection)",
        )
    return _of_files(path, files, reading)


def _of_files(path: Path, files: Sequence[Path], reading: Reading) -> Contents:
    files = sorted(
        files, key=lambda each: [int(part) if part.isdigit() else -1 for part in re.split(r"(\d+)", each.stem)]
    )
    told = json.dumps([(each.stem, str(each)) for each in files])
    program = Program("python", path.parent, (("files", told),))
    contents = Contents()
    for each in files:
        up = read_python(each, reading.root, Traced(program, each.stem))
        down = replace(up, traced=Traced(program, each.stem)) if _functions(each)["down"] else None
        contents.migrations.append(Migration(*split_version(each.stem), up, down, each.stem))
    for each in entries(path):
        if each not in files and each not in reading.taken and each.name not in ("__init__.py", "__pycache__"):
            contents.set_aside.append(set_aside(each, reading.root, "no migration: no 001_name.py with up(connection)"))
    return contents


def _of_module(runner: Path, reading: Reading) -> Contents:
    found = _list(runner)
    assert found is not None
    whole = read_script(runner, reading.root)
    visible = visible_sql(whole.text)
    contents = Contents(records=_records(_outside(found, whole.text)))
    program = Program("python", runner.parent, tuple(_arguments(runner, found, contents.records)))
    known: set[str] = set()
    unrun: list[tuple[SetAside, int]] = []
    for each in found.entries:
        if each.name in known:
            raise ChainError(
                f"{runner.name} lists {each.name} twice", looked=[str(runner)], remedy="give one of them another name"
            )
        known.add(each.name)
        version, name = split_version(each.name)
        # What a migration is called has to be unique.
        script = replace(whole, file=f"{whole.file}[{each.name}]", text=section(visible, each.lines))
        if each.sql is not None:
            statements = tuple(_statements(script.file, each.sql))
            if len(statements) < len(each.sql):
                reason = f"{each.name} (line {each.line}): its SQL does not stand in the module"
                unrun.append((SetAside(whole.file, reason, step=True), len(contents.migrations)))
                continue
            up = replace(script, statements=statements, sends=Sends.TRANSACTION)
            contents.migrations.append(Migration(version, name, up, None, each.name))
        elif not found.top:
            reason = f"{each.name} (line {each.line}): the list {found.variable} is made in a function"
            unrun.append((SetAside(whole.file, reason, step=True), len(contents.migrations)))
        else:
            up = replace(script, traced=Traced(program, each.name))
            down = replace(up, traced=Traced(program, each.name)) if each.returns else None
            contents.migrations.append(Migration(version, name, up, down, each.name))
    add_steps(contents, unrun)
    return contents


def _arguments(runner: Path, found: _List, records: Records | None) -> Iterator[tuple[str, str]]:
    yield from (("file", str(runner)), ("variable", found.variable))
    if records is not None:
        yield from (("create", records.create), ("applied", records.applied))


def _outside(found: _List, text: str) -> str:
    """What of a module is no migration: a table that one of them makes is not the runner's to make."""
    taken = {number for each in found.entries for lines in each.lines for number in lines}
    return "\n".join("" if number in taken else line for number, line in enumerate(text.split("\n"), 1))


def _list(path: Path) -> _List | None:
    """The list of migrations that a module has."""
    text = read_script(path, path.parent).text
    if not _LISTED.search(text) or _OTHERS.search(text):
        return None
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(module):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if "migrations" in name.lower():
                found = tuple(
                    replace(each, lines=tuple(_lines(each, member, module, text.split("\n"))))
                    for each, member in _entries(value)
                )
                if found:
                    return _List(name, node in module.body, found)
    return None


def _lines(entry: _Listed, member: ast.expr, module: ast.Module, lines: Sequence[str]) -> Iterator[range]:
    """The lines of an entry and of the functions of the module that it names, with the comments right above them."""
    yield _with_comments(member.lineno, member, lines)
    named = {each.id for each in ast.walk(member) if isinstance(each, ast.Name)} if entry.sql is None else set()
    for each in module.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name in named:
            yield _with_comments(min(node.lineno for node in (each, *each.decorator_list)), each, lines)


def _with_comments(first: int, node: ast.stmt | ast.expr, lines: Sequence[str]) -> range:
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return range(first, (node.end_lineno or first) + 1)


def _entries(value: ast.expr) -> Iterator[tuple[_Listed, ast.expr]]:
    """What a list or a dict holds, each with the part of the text that says so."""
    match value:
        case ast.List(elts=members) | ast.Tuple(elts=members):
            for each in members:
                yield from ((entry, each) for entry in _entry(each))
        case ast.Dict(keys=keys, values=values):
            for key, one in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and not isinstance(one, ast.Constant):
                    yield _Listed(key.value, key.lineno, None, isinstance(one, ast.Tuple) and len(one.elts) > 1), one


def _entry(each: ast.expr) -> Iterator[_Listed]:
    match each:
        case ast.Tuple(elts=[ast.Constant(value=str(name)), ast.Name() | ast.Attribute() | ast.Lambda(), *rest]):
            yield _Listed(name, each.lineno, None, bool(rest) and not isinstance(rest[0], ast.Constant))
        case ast.Dict(keys=keys, values=values):
            said = {key.value: one for key, one in zip(keys, values, strict=True) if isinstance(key, ast.Constant)}
            called = next((said[key] for key in _NAMES if key in said), None)
            if isinstance(called, ast.Constant) and isinstance(called.value, str):
                yield from _of_dict(called.value, each.lineno, said)
        case ast.Call(args=arguments, keywords=keywords):
            named = {keyword.arg: keyword.value for keyword in keywords}
            first = next((named[key] for key in _NAMES if key in named), arguments[0] if arguments else None)
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                returns = any(way in named for way in _FUNCTIONS["down"]) or len(arguments) > 2
                yield _Listed(first.value, each.lineno, None, returns)


def _of_dict(name: str, line: int, said: Mapping[Any, ast.expr]) -> Iterator[_Listed]:
    if "sql" in said:
        sql = said["sql"]
        yield _Listed(name, line, tuple(sql.elts) if isinstance(sql, ast.List | ast.Tuple) else (sql,), False)
    elif any(way in said for way in _FUNCTIONS["up"]):
        yield _Listed(name, line, None, any(way in said for way in _FUNCTIONS["down"]))


def _statements(file: str, parts: Sequence[ast.expr]) -> Iterator[Statement]:
    """The statements of constants, each on its own line; a constant may hold several."""
    for part in parts:
        if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
            continue
        text = part.value
        try:
            parsed = syntax.parse(text)
        except syntax.GrammarError:
            yield Statement(text.strip().rstrip(";"), Location(file, part.lineno), "unparsed")
            continue
        for each in parsed:
            line = part.lineno + text.count("\n", 0, each.start)
            yield Statement(text[each.start : each.end].rstrip(), Location(file, line), each.kind)


def _records(text: str) -> Records | None:
    """The table of names and statuses, where the module makes it in so many words."""
    found = _TABLE.search(text)
    if found is None:
        return None
    columns = [words[0].strip('"').lower() for part in found["columns"].split(",") if (words := part.split())]
    column = next((each for each in ("name", "version", "migration_name", "migration", "id") if each in columns), None)
    if column is None:
        return None
    table = found["table"]
    state = ("status", "'completed'") if "status" in columns else None
    names, values = [column, *([state[0]] if state else [])], ["%(checksum)s", *([state[1]] if state else [])]
    return Records(
        table=table.strip('"'),
        create=found[0],
        applied=f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)}) ON CONFLICT DO NOTHING",
        reverted=f"DELETE FROM {table} WHERE {column} = %(checksum)s",
    )


FORMAT = Format(
    "python",
    "Python runner",
    "a module with a list `MIGRATIONS` of `(name, up)`, or `001_name.py` with `up(connection)`, `down(connection)`",
    _recognizes,
    _read,
)
