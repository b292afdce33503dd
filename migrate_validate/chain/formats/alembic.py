"""Alembic: revisions in Python below ``versions/``, in the order that they name themselves."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.model import Migration, Records, Script
from migrate_validate.chain.python import read_python
from migrate_validate.chain.traced import Program, Traced
from migrate_validate.errors import ChainError

_INI = "alembic.ini"
_ENV = "env.py"
_SIMPLE = re.compile(
    r"^(revision|down_revision|branch_labels|depends_on)\b[^=\n]*=[ \t]*((?:[\"'][^\"'\n]*[\"']|None)[ \t]*)(?:#.*)?$",
    re.M,
)
_VERSION_TABLE = re.compile(r"\bversion_table\s*=\s*[\"'](\w+)[\"']")
_VERSION_SCHEMA = re.compile(r"\bversion_table_schema\s*=\s*[\"'](\w+)[\"']")
_SENDS = re.compile(r"\.(?:execute|exec_driver_sql)\(")
_UPWARDS = 4
"""How many directories above the revisions are looked into for alembic.ini."""


@dataclass(frozen=True, slots=True)
class _Project:
    """Where a project of Alembic has its parts."""

    location: Path
    """The directory of env.py."""
    versions: tuple[Path, ...]
    ini: Path | None
    section: str = "alembic"

    @property
    def program(self) -> Program:
        """What runs it."""
        if self.ini is None:
            # Beside the package that it is in, which env.py is likely to import.
            above = next(each for each in self.location.parents if not (each / "__init__.py").is_file())
            return Program("alembic", above, (("location", str(self.location)),))
        arguments = (("ini", str(self.ini)), ("section", self.section))
        if self.ini.parent == self.location:
            return Program("alembic", self.location.parent, (*arguments, ("location", str(self.location))))
        return Program("alembic", self.ini.parent, arguments)


@dataclass(frozen=True, slots=True)
class _Revision:
    """What a file says of itself."""

    path: Path
    revision: str
    down: tuple[str, ...]
    depends: tuple[str, ...]
    labels: tuple[str, ...]
    returns: bool
    """Whether it has a way back."""
    refusal: tuple[int, str] | None = None
    """The line on which its downgrade refuses to do anything, and what it says."""


def _recognizes(path: Path) -> Recognition | None:
    if path.is_file():
        named = path.suffix == ".ini" and _mentions(path, "script_location")
        return Recognition(f"{path.name} names a script_location", specific=True) if named else None
    if (path / _INI).is_file():
        return Recognition(f"it holds {_INI}", specific=True)
    directory = path if (path / _ENV).is_file() else path.parent
    if directory != path and not any(_mentions(each, "down_revision") for each in _files(path)[:1]):
        return None
    if _mentions(directory / _ENV, "alembic"):
        return Recognition(f"{directory.name}/{_ENV} uses Alembic", specific=True)
    return None


def _mentions(path: Path, word: str) -> bool:
    return path.is_file() and word in path.read_text(encoding="utf-8", errors="replace")


def _read(path: Path, reading: Reading) -> Contents:
    if importlib.util.find_spec("alembic") is None:
        raise ChainError(
            f"{path} is a project of Alembic, and Alembic is not installed here",
            remedy="install migrate-validate[alembic] in the environment of the project, and run it there",
        )
    project = _project(path)
    revisions = [_revision(each) for directory in project.versions for each in _files(directory)]
    _check(revisions)
    contents = Contents(records=_records(project.location / _ENV))
    program, text = project.program, _text(project.location / _ENV)
    if _SENDS.search(text):
        contents.base.append(read_python(project.location / _ENV, reading.root, Traced(program, "setup")))
    for each in _ordered(revisions):
        up = read_python(each.path, reading.root, Traced(program, each.revision))
        down = replace(up, traced=Traced(program, each.revision)) if each.returns else None
        up = _irreversible(up, *each.refusal) if each.refusal else up
        contents.migrations.append(Migration(each.revision, _name(each), up, down))
    return contents


def _irreversible(up: Script, line: int, reason: str) -> Script:
    """A downgrade that only raises says what the comment says."""
    lines = up.text.split("\n")
    lines[line - 1] = f"-- migrate-validate: irreversible: {reason}"
    return replace(up, text="\n".join(lines))


def _project(path: Path) -> _Project:
    if path.is_file():
        return _of_ini(path)
    if (path / _INI).is_file():
        return _of_ini(path / _INI)
    location = path if (path / _ENV).is_file() else path.parent
    if not (location / _ENV).is_file():
        raise ChainError(
            f"{path} is not laid out as Alembic wants it",
            looked=[str(path / _INI), str(path / _ENV), str(path.parent / _ENV)],
            remedy=f"name the {_INI}, the directory of {_ENV}, or the versions/ in it",
        )
    for above in (location, *location.parents[:_UPWARDS]):
        if (above / _INI).is_file() or _mentions(above / "pyproject.toml", "[tool.alembic]"):
            project = _of_ini(above / _INI)
            if project.location == location:
                return project
    return _Project(location, (location / "versions",), None)


def _of_ini(ini: Path) -> _Project:
    """What its configuration says; where that is more than a directory, Alembic reads it."""
    parser = configparser.ConfigParser({"here": str(ini.parent)})
    parser.read(ini, encoding="utf-8")
    section = "alembic" if parser.has_section("alembic") or not parser.sections() else parser.sections()[0]
    place = parser.get(section, "script_location", fallback="") if parser.has_section(section) else ""
    if not place and (ini.parent / _ENV).is_file():
        # Flask-Migrate keeps it beside env.py, and says itself where that is.
        return _Project(ini.parent, (ini.parent / "versions",), ini, section)
    plain = not parser.has_option(section, "version_locations") if place else False
    if plain and ":" not in place and not parser.has_option(section, "recursive_version_locations"):
        location = (ini.parent / place).resolve()
        return _Project(location, (location / "versions",), ini, section)
    return _asked(ini, section)


def _asked(ini: Path, section: str) -> _Project:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    toml = ini.parent / "pyproject.toml"
    try:
        config = Config(ini, ini_section=section, toml_file=toml if toml.is_file() else None)
        found = ScriptDirectory.from_config(config)
        places = [*map(Path, found._version_locations)]
    except (CommandError, ImportError) as error:
        raise ChainError(
            f"Alembic cannot use this configuration: {error}", looked=[str(ini)], remedy="correct the configuration"
        ) from None
    deep = config.get_main_option("recursive_version_locations", "") in ("true", "True", "1")
    below = [each for place in places for each in place.rglob("*") if each.is_dir()] if deep else []
    return _Project(Path(found.dir).resolve(), tuple(each.resolve() for each in (*places, *below)), ini, section)


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return sorted(each for each in directory.glob("*.py") if not each.name.startswith((".#", "__init__")))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _revision(path: Path) -> _Revision:
    text = _text(path)
    said: dict[str, Any] = {name: ast.literal_eval(value.strip()) for name, value in _SIMPLE.findall(text)}
    returns, refusal = True, None
    if not {"revision", "down_revision"} <= said.keys() or "raise" in text or len(said) < 4:
        said, returns, refusal = _parsed(path, text)
    if not isinstance(said.get("revision"), str):
        raise ChainError(
            f"{path.name} names no revision that can be read",
            looked=[str(path)],
            remedy='write `revision = "..."` in it, as `alembic revision` does, or move it out of the directory',
        )
    down, depends, labels = (_texts(said.get(name)) for name in ("down_revision", "depends_on", "branch_labels"))
    return _Revision(path, said["revision"], down, depends, labels, returns, refusal)


def _parsed(path: Path, text: str) -> tuple[dict[str, Any], bool, tuple[int, str] | None]:
    """What the file says in a longer way, whether it has a way back, and how its downgrade refuses to be one."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ChainError(
            f"{path.name} cannot be read as Python: {error}", looked=[str(path)], remedy="correct the file"
        ) from None
    said: dict[str, Any] = {}
    returns, refusal = False, None
    for each in module.body:
        targets = (
            each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(each, ast.Assign | ast.AnnAssign) and each.value:
                try:
                    said[target.id] = ast.literal_eval(each.value)
                except ValueError:
                    said[target.id] = said.get(each.value.id) if isinstance(each.value, ast.Name) else None
        if isinstance(each, ast.FunctionDef) and each.name == "downgrade":
            told = [line for line in each.body if not isinstance(line, ast.Expr | ast.Pass) or _calls(line)]
            returns = not (told and isinstance(told[0], ast.Raise))
            refusal = (told[0].lineno, _reason(told[0])) if told and isinstance(told[0], ast.Raise) else None
    return said, returns, refusal


def _reason(refusal: ast.Raise) -> str:
    """What it says, else what it raises."""
    texts = [each.value for each in ast.walk(refusal) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return " ".join(" ".join(texts).split()) or f"downgrade() raises {ast.unparse(refusal).removeprefix('raise ')}"


def _calls(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and not isinstance(line.value, ast.Constant)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value)) if isinstance(value, Iterable) else ()


def _check(revisions: Sequence[_Revision]) -> None:
    """Refuse what Alembic would refuse."""
    by_name: dict[str, list[_Revision]] = defaultdict(list)
    for each in revisions:
        by_name[each.revision].append(each)
    for name, same in by_name.items():
        if len(same) > 1:
            raise ChainError(
                f"{len(same)} files are the revision {name}",
                looked=[str(each.path) for each in same],
                remedy="give one of them another revision",
            )
    labels = {label for each in revisions for label in each.labels}
    for each in revisions:
        for wanted in (*each.down, *each.depends):
            if _resolved(wanted, by_name) is None and wanted.partition("@")[0] not in labels:
                raise ChainError(
                    f"{each.path.name} comes after the revision {wanted}, which no file is",
                    looked=[str(each.path)],
                    remedy=f"restore the file of {wanted}, or correct down_revision",
                )


def _resolved(name: str, known: Iterable[str]) -> str | None:
    """The revision of this name, which may be its beginning."""
    if name in known:
        return name
    found = [each for each in known if each.startswith(name)]
    return found[0] if len(found) == 1 else None


def _ordered(revisions: Sequence[_Revision]) -> Iterator[_Revision]:
    """In the order of `alembic upgrade heads`.

    :raises ChainError: several heads that nobody has named, or a circle
    """
    by_name = {each.revision: each for each in revisions}
    after: dict[str, list[_Revision]] = defaultdict(list)
    for each in revisions:
        for down in each.down or ("",):
            after[_resolved(down, by_name) or down].append(each)
    if all(len(each) == 1 for each in after.values()) and not any(len(e.down) > 1 or e.depends for e in revisions):
        here = after.get("", [])
        line: list[_Revision] = []
        while here:
            line.append(here[0])
            here = after.get(here[0].revision, [])
        if len(line) == len(revisions):
            yield from line
            return
    yield from (by_name[name] for name in _planned(revisions))


def _planned(revisions: Sequence[_Revision]) -> list[str]:
    from alembic.script.revision import Revision, RevisionError, RevisionMap

    told = [Revision(each.revision, each.down or None, each.depends or None, each.labels or None) for each in revisions]
    plan = RevisionMap(lambda: told)
    try:
        heads = plan.heads
        _check_heads(plan, revisions, heads)
        return [each.revision for each in plan.iterate_revisions("heads", (), implicit_base=True)][::-1]
    except RevisionError as error:
        raise ChainError(
            f"Alembic cannot bring the revisions into an order: {error}", remedy="correct down_revision or depends_on"
        ) from None


def _check_heads(plan: Any, revisions: Sequence[_Revision], heads: Sequence[str]) -> None:
    """Refuse heads of one branch: two people have added a revision to the same one."""
    by_name = {each.revision: each for each in revisions}
    named: dict[frozenset[str], list[str]] = defaultdict(list)
    for head in heads:
        named[frozenset(plan.get_revision(head).branch_labels)].append(head)
    for labels, same in named.items():
        bases = [frozenset(e.revision for e in plan.iterate_revisions(each, "base") if e.is_base) for each in same]
        if len(same) > 1 and len(set(bases)) < len(bases):
            raise ChainError(
                f"the revisions{' of the branch ' + '/'.join(sorted(labels)) if labels else ''} have"
                f" {len(same)} heads, and `alembic upgrade head` refuses to choose: {', '.join(same)}",
                looked=[str(by_name[each].path) for each in same],
                remedy=[
                    f"join them: alembic merge {' '.join(same)}",
                    "give the branches names of their own, where both are meant: branch_labels",
                ],
            )


def _records(env: Path) -> Records:
    text = _text(env) if env.is_file() else ""
    table, schema = _VERSION_TABLE.search(text), _VERSION_SCHEMA.search(text)
    name = table[1] if table else "alembic_version"
    full = f"{schema[1]}.{name}" if schema else name
    create = f"""
        CREATE TABLE {full} (
            version_num VARCHAR(32) NOT NULL, CONSTRAINT {name}_pkc PRIMARY KEY (version_num)
        )
    """
    return Records(table=full, create=create, applied="", reverted="")


def _name(revision: _Revision) -> str:
    return revision.path.stem.removeprefix(revision.revision).removesuffix(revision.revision).strip("_")


FORMAT = Format(
    "alembic",
    "Alembic",
    "`alembic.ini`, or the directory of `env.py`: revisions in Python, run through Alembic (extra `alembic`)",
    _recognizes,
    _read,
)
