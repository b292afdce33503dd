"""Django: the migrations of a project's own apps, in the order of its loader.

What the migrations of other apps send is applied before them, and not judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.model import Migration, Records, Script, Seed
from migrate_validate.chain.programs import told_by
from migrate_validate.chain.python import read_python
from migrate_validate.chain.traced import Program, Traced
from migrate_validate.errors import ChainError

_MANAGE = "manage.py"
_MIGRATIONS = "migrations"
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)[\"']")
_UPWARDS = 5
"""How many directories above an app's migrations are looked into for manage.py."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Planned:
    """One migration, as Django's loader knows it."""

    key: str
    app: str
    name: str
    path: Path
    reversible: bool
    after: tuple[str, ...]
    """The keys of those that come before it."""


def _recognizes(path: Path) -> Recognition | None:
    if path.name == _MANAGE and path.is_file():
        return Recognition(f"{_MANAGE} sets DJANGO_SETTINGS_MODULE", specific=True) if _module(path) else None
    if path.is_dir() and (path / _MANAGE).is_file() and _module(path / _MANAGE):
        return Recognition(f"it holds Django's {_MANAGE}", specific=True)
    if path.name == _MIGRATIONS and (path / "__init__.py").is_file() and (manage := _manage_above(path)):
        return Recognition(f"{manage.parent.name}/{_MANAGE} is above it", specific=True, around=True)
    return None


def _manage_above(path: Path) -> Path | None:
    places = (above / _MANAGE for above in path.parents[:_UPWARDS])
    return next((place for place in places if place.is_file() and _module(place)), None)


def _module(manage: Path) -> str:
    """The settings that manage.py names."""
    found = _SETTINGS.search(manage.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else ""


def _read(path: Path, reading: Reading) -> Contents:
    manage = path if path.is_file() else path / _MANAGE if (path / _MANAGE).is_file() else _manage_above(path)
    if manage is None:
        raise ChainError(
            f"{path} is not laid out as Django wants it",
            looked=[str(path / _MANAGE)],
            remedy=f"name {_MANAGE}, its directory, or the migrations/ of an app below it",
        )
    program = Program("django", manage.parent, (("settings", _module(manage)),))
    told = told_by(program)
    plan = [Planned(**{**each, "path": Path(each["path"]), "after": tuple(each["after"])}) for each in told["plan"]]
    own = [each for each in plan if _own(each, path)]
    return _contents(plan, own, program, reading, told["table"])


def _own(planned: Planned, path: Path) -> bool:
    """Whether it is a migration of the user: of the app that was named, or of any that is not installed."""
    if path.name == _MIGRATIONS and path.is_dir():
        return planned.path.parent == path.resolve()
    return not _INSTALLED & set(planned.path.parts)


def _contents(
    plan: Sequence[Planned], own: Sequence[Planned], program: Program, reading: Reading, table: str
) -> Contents:
    late = _after(plan, {each.key for each in own})
    first = [each for each in plan if each not in own and each.key not in late]
    order = [*first, *(each for each in plan if each not in first)]
    program = replace(program, arguments=(*program.arguments, ("order", json.dumps([each.key for each in order]))))
    contents = Contents(records=Records("django_migrations", create=table, applied="", reverted=""))
    waiting: list[Script] = []
    for each in order:
        script = read_python(each.path, reading.root, Traced(program, each.key, foreign=each not in own))
        if installed := _INSTALLED.intersection(each.path.parts):
            script = replace(script, file=each.path.as_posix().rpartition(f"/{min(installed)}/")[2])
        if each in first:
            contents.base.append(script)
        elif each in own:
            contents.seeds += [Seed(before, each.key) for before in waiting]
            waiting.clear()
            down = replace(script, traced=Traced(program, each.key)) if each.reversible else None
            contents.migrations.append(Migration(each.key, "", script, down))
        else:
            waiting.append(script)
    contents.seeds += [Seed(script) for script in waiting]
    return contents


def _after(plan: Sequence[Planned], own: set[str]) -> set[str]:
    """The keys of all that come after one of these."""
    found = set(own)
    for each in plan:
        if found.intersection(each.after):
            found.add(each.key)
    return found


FORMAT = Format(
    "django",
    "Django",
    "`manage.py` or its directory, or the `migrations/` of one app, run through Django (extra `django`)",
    _recognizes,
    _read,
)
