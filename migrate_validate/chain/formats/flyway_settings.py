"""What Flyway is told: by ``flyway.conf``, ``flyway.toml``, ``pom.xml``, or Spring's ``application.properties``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from migrate_validate.chain.formats.entries import read_toml
from migrate_validate.chain.formats.flyway_builds import GRADLE, MAVEN, by_maven, of_gradle, of_maven
from migrate_validate.chain.formats.spring import properties, resolved, yaml
from migrate_validate.errors import ChainError

SPRING = ("application.yaml", "application.yml", "application.properties")
PROPERTIES = ("conf/flyway.conf", "flyway.conf")
TOML = ("conf/flyway.toml", "flyway.toml", "flyway.user.toml")
_FARTHEST = 12
"""Directories above the migrations in which a configuration is looked for."""
_RESOURCES = ("", "src/main/resources", "src/test/resources", "resources", "target/classes", "build/resources/main")
"""Where the class path may begin, below the directory of a configuration."""
_VENDOR = "postgresql"
_ENVIRONMENT = "FLYWAY_PLACEHOLDERS_"


@dataclass(frozen=True, slots=True)
class Entry:
    """One value, and where it was written."""

    value: Any
    path: Path
    line: int | None = None


@dataclass(frozen=True)
class Flyway:
    """The configuration of one chain."""

    files: tuple[Path, ...] = ()
    """Where it was written, the farthest first."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By name, in small letters, without the ``flyway.`` before it; nearer files win."""
    notes: tuple[str, ...] = ()
    """What it is told and is not known here, and what to do about it."""

    def text(self, name: str, default: str) -> str:
        """A text."""
        entry = self.entries.get(name.lower())
        return default if entry is None else str(entry.value)

    def flag(self, name: str, *, default: bool) -> bool:
        """A truth value.

        :raises ChainError: when it is none
        """
        entry = self.entries.get(name.lower())
        return default if entry is None else truth(entry, name)

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list, which properties write with commas."""
        entry = self.entries.get(name.lower())
        if entry is None:
            return default
        values = entry.value if isinstance(entry.value, list) else str(entry.value).split(",")
        return tuple(text for each in values if (text := str(each).strip()))

    @cached_property
    def placeholders(self) -> dict[str, str]:
        """The values of placeholders by name, in small letters: Flyway makes no difference."""
        start = "placeholders."
        found = {name.removeprefix(start): str(e.value) for name, e in self.entries.items() if name.startswith(start)}
        given = {name: text for name, text in os.environ.items() if name.startswith(_ENVIRONMENT)}
        return found | {name.removeprefix(_ENVIRONMENT).lower(): text for name, text in given.items()}

    def locations(self) -> list[Path]:
        """The directories that hold migrations, as far as they exist; class paths as a build would lay them out."""
        entry = self.entries.get("locations")
        if entry is None:
            return []
        found = (place for location in self.texts("locations") for place in _places(location, entry.path.parent))
        return list(dict.fromkeys(found))


def truth(entry: Entry, name: str) -> bool:
    """Read a truth value.

    :raises ChainError: when it is none
    """
    known = {"true": True, "false": False, "on": True, "off": False, "yes": True, "no": False}
    word = str(entry.value).strip().lower()
    if word not in known:
        place = f"{entry.path}:{entry.line}" if entry.line else str(entry.path)
        raise ChainError(f"{name} is {entry.value!r}", looked=[place], remedy="write true or false")
    return known[word]


def configured(directory: Path) -> bool:
    """Whether a directory has a configuration of Flyway's own, or a build that has one."""
    return any((directory / name).is_file() for name in (*PROPERTIES, *TOML)) or by_maven(directory / MAVEN)


def configuration(directory: Path) -> Flyway:
    """What is configured for the migrations of a directory: beside it, or above it where that leads here.

    :raises ChainError: when a file of the configuration cannot be read
    """
    files: list[Path] = []
    entries: dict[str, Entry] = {}
    notes: list[str] = []
    above = [directory, *directory.parents][:_FARTHEST]
    for place in reversed(above):
        for path in (place / name for name in (MAVEN, *SPRING, *PROPERTIES, *TOML)):
            if not path.is_file():
                continue
            read = _read(path, notes)
            if read and _leads_to(directory, Flyway((path,), read)):
                files.append(path)
                entries |= read
        notes += filter(None, (of_gradle(place / name) for name in GRADLE))
    return Flyway(tuple(files), entries, tuple(notes))


def _read(path: Path, notes: list[str]) -> dict[str, Entry]:
    if path.name == MAVEN:
        return {name.lower(): Entry(value, path) for name, value in of_maven(path, notes).items()}
    return _toml(path) if path.suffix == ".toml" else _settings(path)


def _leads_to(directory: Path, flyway: Flyway) -> bool:
    """Whether a configuration is meant for a directory: it is in it, names it, or names nothing."""
    home = flyway.files[0].parent
    if "locations" not in flyway.entries or directory in (home, home.parent if home.name == "conf" else home):
        return True
    return any(directory == place or place in directory.parents for place in flyway.locations())


def _places(location: str, home: Path) -> Iterator[Path]:
    """The directories that a location stands for, seen from the directory of the file that names it."""
    kind, colon, name = location.partition(":")
    if not colon or kind not in ("filesystem", "classpath"):
        kind, name = ("classpath", location) if not colon else (kind, "")
    name = name.replace("{vendor}", _VENDOR).strip("/") if kind == "classpath" else name.replace("{vendor}", _VENDOR)
    homes = [home.parent, home] if home.name == "conf" else [home]
    below = _RESOURCES if kind == "classpath" else ("",)
    if not name:
        return
    fixed = re.split(r"(?:^|/)[^/]*[*?]", name)[0] or "."
    for place in (Path(os.path.normpath(base / start / fixed)) for base in homes for start in below):
        if place.is_dir():
            yield place


def _settings(path: Path) -> dict[str, Entry]:
    """The entries of Flyway's own properties, or those that Spring passes on to it."""
    ours = path.name in SPRING
    start = "spring.flyway." if ours else "flyway."
    found: dict[str, Entry] = {}
    for setting in (yaml if path.suffix in (".yml", ".yaml") else properties)(_text(path)):
        if not setting.name.startswith(start):
            continue
        name = setting.name.removeprefix(start)
        # Spring writes placeholder-prefix for placeholderPrefix; the names of placeholders are as they are.
        name = name if name.startswith("placeholders.") else name.replace("-", "")
        value: Any = setting.value
        if ours and isinstance(value, str):
            value = value if name.startswith("placeholder") and "." not in name else resolved(value)
        if value is not None:
            found[name.lower()] = Entry(value, path, setting.line)
    return found


def _toml(path: Path) -> dict[str, Entry]:
    whole = read_toml(path)
    general = _table(whole, "flyway")
    chosen = str(general.get("environment", "default"))
    special = _table(_table(_table(whole, "environments"), chosen), "flyway")
    entries = {name: Entry(value, path) for name, value in (*_flat(general), *_flat(special))}
    schemas = _table(_table(whole, "environments"), chosen).get("schemas")
    return ({"schemas": Entry(schemas, path)} if schemas else {}) | entries


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}".lower(), str(value).lower() if isinstance(value, bool) else value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ChainError(f"{path.name} cannot be read: {error}", looked=[str(path)], remedy="repair it") from None


def script_settings(path: Path, known: Mapping[str, Callable[[Entry], Any]]) -> dict[str, Any]:
    """What the ``.conf`` beside one script says, by name; names that are not known are left out.

    :param path: ``V1__x.sql.conf``, which need not exist
    """
    if not path.is_file():
        return {}
    found: dict[str, Any] = {}
    for setting in properties(_text(path)):
        name = setting.name.removeprefix("flyway.")
        if name in known:
            found[name] = known[name](Entry(setting.value, path, setting.line))
    return found
