"""yoyo: ``x.sql`` with ``-- depends: a b`` and ``-- transactional: false`` at its top, ``x.rollback.sql`` beside it.

What is called ``post-apply*`` is run behind all others, each time. Migrations in Python are steps.
"""

from __future__ import annotations

import ast
import configparser
import hashlib
import heapq
import importlib.util
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import add_steps, beginning, entries, refused, set_aside
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.queries import as_sent
from migrate_validate.chain.model import Migration, Records, Script, Sends, SetAside
from migrate_validate.chain.python import read_python
from migrate_validate.chain.traced import Program, Traced
from migrate_validate.errors import ChainError

_DIRECTIVE = re.compile(r"\s*--\s*(?P<key>depends|transactional)\s*:\s*(?P<value>.*?)\s*")
_YOYO = re.compile(r"^\s*(?:from|import)\s+yoyo\b", re.MULTILINE)
_CONFIG = "yoyo.ini"
_ROLLBACK = ".rollback.sql"
_AFTERWARDS = "post-apply"
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class _Step:
    """One migration, before it is put in order."""

    id: str
    path: Path
    depends: frozenset[str]
    transactional: bool = True


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    if (path / _CONFIG).is_file():
        return Recognition(f"{_CONFIG} is yoyo's", specific=True)
    files = entries(path)
    for each in [each for each in files if each.name.endswith(_ROLLBACK)][:1]:
        return Recognition(f"{each.name} is named as yoyo names its way back", specific=True)
    for each in [each for each in files if each.suffix in (".sql", ".py")][:_LOOKED_AT]:
        text = beginning(each)
        if each.suffix == ".sql" and (directives := _directives(text)):
            return Recognition(f"{each.name} says `-- {next(iter(directives))}:`", specific=True)
        if each.suffix == ".py" and _YOYO.search(text):
            return Recognition(f"{each.name} imports yoyo", specific=True)
    return None


def _read(path: Path, reading: Reading) -> Contents:
    directory, table = _configured(path)
    contents = Contents(records=_records(table))
    steps: list[_Step] = []
    unrun: list[tuple[SetAside, int]] = []
    rollbacks: dict[str, Path] = {}
    for each in entries(directory):
        if each in reading.taken:
            continue
        if each.name.endswith(_ROLLBACK):
            rollbacks[each.name.removesuffix(_ROLLBACK)] = each
        elif each.is_file() and each.suffix in (".sql", ".py") and each.name != "__init__.py":
            steps.append(_step(each, reading))
        else:
            contents.set_aside.append(set_aside(each, reading.root, "no migration: neither SQL nor Python"))
    ordered = _ordered(steps, directory)
    order = json.dumps([each.id for each in ordered if not each.id.startswith(_AFTERWARDS)])
    program = Program("yoyo", path, (("directory", str(directory)), ("order", order)))
    for step in ordered:
        if step.path.suffix == ".sql":
            contents.migrations.append(_migration(step, rollbacks.pop(step.id, None), reading))
        elif importlib.util.find_spec("yoyo") is not None:
            contents.migrations.append(_in_python(step, program, reading))
        else:
            reason = "a migration in Python, which is run where yoyo-migrations is installed"
            unrun.append((set_aside(step.path, reading.root, reason, step=True), len(contents.migrations)))
    add_steps(contents, unrun)
    for stem, rollback in rollbacks.items():
        reason = f"a rollback script without its migration: there is no {stem}.sql"
        contents.set_aside.append(set_aside(rollback, reading.root, reason))
    if directory != path:
        for each in entries(path):
            if each not in (directory, *reading.taken) and each not in directory.parents:
                reason = "the configuration of yoyo" if each.name == _CONFIG else f"not in {relative(directory, path)}/"
                contents.set_aside.append(set_aside(each, reading.root, reason))
    return contents


def _configured(path: Path) -> tuple[Path, str]:
    """The directory of the migrations and the table of the applied ones, as ``yoyo.ini`` says."""
    config = path / _CONFIG
    if not config.is_file():
        return path, "_yoyo_migration"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(config.read_text(encoding="utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ChainError(f"{_CONFIG} cannot be read: {error}", looked=[str(config)], remedy="repair it") from None
    table = parser.get("DEFAULT", "migration_table", fallback="_yoyo_migration")
    sources = parser.get("DEFAULT", "sources", fallback="").replace("%(here)s", ".").split()
    found = [directory for source in sources for directory in sorted(path.glob(source)) if directory.is_dir()]
    if len(found) != 1:
        told = f"{len(found)} directories" if found else "no directory that exists"
        raise ChainError(
            f"{_CONFIG} says sources = {' '.join(sources)}: {told}",
            looked=[str(config)],
            remedy="name one directory of migrations",
        )
    return found[0], table


def _step(path: Path, reading: Reading) -> _Step:
    script = read_script(path, reading.root)
    if path.suffix == ".py":
        return _Step(path.stem, path, _python_depends(script))
    directives = _directives(script.text)
    transactional = directives.get("transactional", "true").lower()
    if transactional not in ("true", "false"):
        raise ChainError(
            f"{script.file} says `-- transactional: {transactional}`, and yoyo knows only true and false",
            looked=[str(path)],
            remedy="write -- transactional: false, or remove the line",
        )
    return _Step(path.stem, path, frozenset(directives.get("depends", "").split()), transactional == "true")


def _directives(text: str) -> dict[str, str]:
    """What the comments above the first statement say."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        directive = _DIRECTIVE.fullmatch(line)
        if directive is not None:
            found[directive["key"]] = f"{found.get(directive['key'], '')} {directive['value']}".strip()
        elif line.strip() and not line.strip().startswith("--"):
            break
    return found


def _python_depends(script: Script) -> frozenset[str]:
    """What a module calls ``__depends__``, where it is written as strings."""
    try:
        tree = ast.parse(script.text)
    except SyntaxError:
        return frozenset()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "__depends__" for each in node.targets):
            strings = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            return frozenset(each for each in strings if isinstance(each, str))
    return frozenset()


def _ordered(steps: list[_Step], directory: Path) -> list[_Step]:
    """By dependencies, and by name where these leave it open; what is run afterwards comes last."""
    last = [each for each in steps if _repeats(each)]
    first = [each for each in steps if each not in last]
    known = {each.id: place for place, each in enumerate(first)}
    problems = [
        f"{each.path.name} depends on {name}, which does not exist"
        for each in steps
        for name in sorted(each.depends - known.keys())
    ]
    twice = {each.id for each in first if first[known[each.id]] is not each}
    problems += [f"{name}.sql and {name}.py are both there" for name in sorted(twice)]
    if problems:
        remedy = "correct the name behind -- depends:, or restore the file"
        raise refused("yoyo refuses these migrations", problems, directory, remedy)
    return [*_sorted(first, known, directory), *last]


def _sorted(steps: list[_Step], known: dict[str, int], directory: Path) -> Iterable[_Step]:
    waiting = {each.id: set(each.depends) for each in steps}
    ready = [known[each.id] for each in steps if not each.depends]
    heapq.heapify(ready)
    ordered: list[_Step] = []
    while ready:
        step = steps[heapq.heappop(ready)]
        ordered.append(step)
        for other, depends in waiting.items():
            if step.id in depends:
                depends.discard(step.id)
                if not depends:
                    heapq.heappush(ready, known[other])
    if len(ordered) < len(steps):
        circle = ", ".join(each.path.name for each in steps if waiting[each.id])
        raise refused(
            "yoyo cannot order these migrations, which depend on each other", [circle], directory, "cut the circle"
        )
    return ordered


def _hash(step: _Step) -> str:
    """What tells migrations apart in yoyo's table."""
    return hashlib.sha256(step.id.encode()).hexdigest()


def _repeats(step: _Step) -> bool:
    """Whether it is run each time, behind all others."""
    return step.id.startswith(_AFTERWARDS)


def _migration(step: _Step, rollback: Path | None, reading: Reading) -> Migration:
    sends = Sends.TRANSACTION if step.transactional else Sends.STATEMENTS
    down = as_sent(replace(read_script(rollback, reading.root), sends=sends)) if rollback else None
    up = as_sent(replace(read_script(step.path, reading.root), sends=sends))
    return Migration(step.id, "", up, down, _hash(step), repeats=_repeats(step))


def _in_python(step: _Step, program: Program, reading: Reading) -> Migration:
    up = read_python(step.path, reading.root, Traced(program, step.id))
    returns = any(_returns(node) for node in ast.walk(ast.parse(read_script(step.path, reading.root).text)))
    down = replace(up, traced=Traced(program, step.id)) if returns else None
    return Migration(step.id, "", up, down, _hash(step), repeats=_repeats(step))


def _returns(node: ast.AST) -> bool:
    """Whether it is a step with a way back."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", getattr(node.func, "attr", "")) != "step":
        return False
    return len(node.args) > 1 or any(keyword.arg == "rollback" for keyword in node.keywords)


def _records(table: str) -> Records:
    quoted = '"' + table.replace('"', '""') + '"'
    return Records(
        table=table,
        create=f"""
            CREATE TABLE IF NOT EXISTS {quoted} (
                migration_hash varchar(64) PRIMARY KEY, migration_id varchar(255), applied_at_utc timestamp
            )""",
        applied=f"""
            INSERT INTO {quoted.replace("%", "%%")} (migration_hash, migration_id, applied_at_utc)
            VALUES (%(checksum)s, %(version)s, timezone('UTC', now()))""",
        reverted=f"DELETE FROM {quoted.replace('%', '%%')} WHERE migration_hash = %(checksum)s",
    )


FORMAT = Format(
    "yoyo",
    "yoyo",
    "`name.sql` with `-- depends:` and `-- transactional:`, `name.rollback.sql`; steps in Python (extra `yoyo`)",
    _recognizes,
    _read,
)
