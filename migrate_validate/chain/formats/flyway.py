"""Flyway: ``V1_2__name.sql``, its undo, baseline and repeatable migrations, in all locations that are configured."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import in_schemas
from migrate_validate.chain.formats.flyway_names import (
    CALLBACK,
    ONCE,
    SURE,
    WHEN_MIGRATING,
    Kind,
    Named,
    parsed,
    refuse_twice,
)
from migrate_validate.chain.formats.flyway_scripts import TABLE, Scripts
from migrate_validate.chain.formats.flyway_settings import Flyway, configuration, configured
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.sql import CONFIGURATION
from migrate_validate.chain.model import Migration, Records, Script, SetAside
from migrate_validate.errors import ChainError
from migrate_validate.syntax import quote

_DEFAULT_PLACES = ("sql", "migrations", "src/main/resources/db/migration", "db/migration")
_LANGUAGES = {
    ".bash": "a shell script",
    ".bat": "a batch file",
    ".class": "compiled Java",
    ".cmd": "a batch file",
    ".groovy": "Groovy",
    ".java": "Java",
    ".kt": "Kotlin",
    ".ps1": "PowerShell",
    ".py": "Python",
    ".scala": "Scala",
    ".sh": "a shell script",
}
"""By the endings of their files."""


def _recognizes(path: Path) -> Recognition | None:
    if not path.is_dir():
        return None
    if configured(path):
        return Recognition("a configuration of Flyway lies in it", specific=True)
    for place in (path, *sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))):
        found = next((each.name for each in sorted(place.iterdir()) if SURE.fullmatch(each.name)), None)
        if found:
            return Recognition(f"{found} is named as Flyway names migrations", specific=True)
    return None


def _read(path: Path, reading: Reading) -> Contents:
    if not path.is_dir():
        raise ChainError(f"{path} is no directory of Flyway", looked=[str(path)], remedy="name the directory")
    flyway = configuration(path)
    return _Reader(reading, flyway, Scripts(reading, flyway)).read(_locations(path, flyway))


def _locations(path: Path, flyway: Flyway) -> list[Path]:
    """The directories that hold migrations.

    :raises ChainError: when there is none
    """
    named = flyway.locations()
    if any(path == place or place in path.parents for place in named):
        return named
    if not configured(path):
        return [path]
    found = named or [place for name in _DEFAULT_PLACES if (place := path / name).is_dir()][:1]
    if found:
        return found
    if any(SURE.fullmatch(each.name) for each in path.iterdir()):
        return [path]
    raise ChainError(
        f"no location of Flyway's configuration exists: {', '.join(flyway.texts('locations', _DEFAULT_PLACES))}",
        looked=[str(each) for each in flyway.files],
        remedy="correct flyway.locations, or name the directory of the migrations itself",
    )


@dataclass
class _Reader:
    """Reads the locations of one configuration."""

    reading: Reading
    flyway: Flyway
    scripts: Scripts
    contents: Contents = field(default_factory=Contents)
    steps: list[tuple[Named | None, Path, str]] = field(default_factory=list)
    callbacks: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    """By event, those that run once."""

    def read(self, locations: Iterable[Path]) -> Contents:
        paths = sorted({path for place in locations for path in _below(place)}, key=lambda path: path.name)
        named = [each for path in paths if path not in self.reading.taken and (each := self._named(path))]
        for place in _code_beside(locations):
            for path in sorted(path for path in _below(place) if path.suffix.lower() in _LANGUAGES):
                self._step(path)
        of: dict[Kind, list[Named]] = {kind: [each for each in named if each.kind is kind] for kind in Kind}
        for kind, same in of.items():
            refuse_twice(same, repeatable=kind is Kind.REPEATABLE)
        versioned, undo = self._since_baseline(of)
        versioned.sort(key=lambda each: each.numbers)
        repeatable = sorted(of[Kind.REPEATABLE], key=lambda each: each.description)
        downs = {each.numbers: each for each in undo}
        self._schemas()
        self.contents.base += [up for path in self.callbacks["beforeMigrate"] if (up := self._up(path))]
        for each in versioned:
            self._add(each, downs.pop(each.numbers, None))
        self._call("afterVersioned", "beforeRepeatables")
        for each in repeatable:
            self._add(each, None)
        self._call("afterMigrateApplied", "afterMigrate")
        for each in downs.values():
            self._aside(each.path, f"it undoes version {each.version}, which there is not")
        self._place_steps(versioned)
        self.scripts.refuse_unknown()
        self.contents.records = _records(self.flyway)
        self.contents.notes += self.flyway.notes
        return self.contents

    def _named(self, path: Path) -> Named | None:
        """What the name of a file says; None where the file is no part of the chain, which is noted then."""
        suffixes = self.flyway.texts("sqlMigrationSuffixes", (".sql",))
        suffix = next((each for each in suffixes if path.name.lower().endswith(each.lower())), None)
        if suffix is None:
            self._other(path)
            return None
        stem = path.name[: -len(suffix)]
        callback = CALLBACK.fullmatch(stem)
        if callback:
            self._callback(path, callback["event"])
            return None
        said = parsed(path, stem, self.flyway)
        if isinstance(said, str):
            self._aside(path, said)
            return None
        return said

    def _other(self, path: Path) -> None:
        ending = path.suffix.lower()
        if path.name == CONFIGURATION:
            self._aside(path, "the configuration of this tool")
        elif path.name.endswith((".conf", ".toml")):
            self._aside(path, "a configuration of Flyway")
        elif not self._step(path):
            self._aside(path, f"no SQL: its name ends in {ending}" if ending else "no SQL: its name has no ending")

    def _callback(self, path: Path, event: str) -> None:
        if event in ONCE:
            self.callbacks[event].append(path)
        elif event.endswith("Error"):
            self._aside(path, f"a callback, which Flyway runs at {event}: only where something fails")
        elif WHEN_MIGRATING.match(event):
            self.steps.append((None, path, f"a callback, which Flyway runs at {event}"))
        else:
            self._aside(path, f"a callback, which Flyway runs at {event}, never for migrate")

    def _step(self, path: Path) -> bool:
        """Whether a file is a migration in another language; it is noted then."""
        language = _LANGUAGES.get(path.suffix.lower())
        said = parsed(path, path.stem, self.flyway)
        if language is None or isinstance(said, str) or said.kind is Kind.UNDO:
            return False
        self.steps.append((said, path, f"a migration in {language}"))
        return True

    def _place_steps(self, versioned: Sequence[Named]) -> None:
        """Say of each step that is not run which migration comes after it."""
        for named, path, reason in self.steps:
            later = [each for each in versioned if named is None or (named.version and each.numbers > named.numbers)]
            before = later[0].version if later else ""
            self.contents.set_aside.append(
                SetAside(relative(path, self.reading.root), reason, step=True, before=before)
            )

    def _since_baseline(self, of: dict[Kind, list[Named]]) -> tuple[list[Named], list[Named]]:
        """The versioned migrations and undo scripts that a new database gets, behind its baseline."""
        baselines = sorted(of[Kind.BASELINE], key=lambda each: each.numbers)
        if not baselines:
            return of[Kind.VERSIONED], of[Kind.UNDO]
        chosen = baselines[-1]
        for each in (*baselines[:-1], *of[Kind.VERSIONED], *of[Kind.UNDO]):
            if each.numbers <= chosen.numbers:
                self._aside(each.path, f"{chosen.path.name} stands for it on a new database")
        behind = [[each for each in of[kind] if each.numbers > chosen.numbers] for kind in (Kind.VERSIONED, Kind.UNDO)]
        return [chosen, *behind[0]], behind[1]

    def _call(self, *events: str) -> None:
        """Add what Flyway runs at these events, each time."""
        for event in events:
            for path in self.callbacks[event]:
                if up := self._up(path):
                    self.contents.migrations.append(Migration(path.stem, event, up, repeats=True))

    def _up(self, path: Path) -> Script | None:
        script = self.scripts.read(path)
        if script is None:
            self._aside(path, f"shouldExecute in {path.name}.conf says false")
        return script

    def _add(self, named: Named, undo: Named | None) -> None:
        up = self._up(named.path)
        if up is None:
            return
        version = named.version or named.path.stem
        # The texts of versioned migrations are compared as they are written, those of repeatable ones as they are sent.
        number = checksum(read_script(named.path, self.reading.root).text if named.version else up.text)
        down = self.scripts.read(undo.path) if undo else None
        repeats = not named.version
        self.contents.migrations.append(Migration(version, named.description, up, down, str(number), repeats))

    def _schemas(self) -> None:
        """Flyway makes the schemas that it is told of, and the first of them is where names without a schema lead."""
        entry = self.flyway.entries.get("schemas") or self.flyway.entries.get("defaultschema")
        schemas = self.flyway.texts("schemas")
        first = self.flyway.text("defaultSchema", schemas[0] if schemas else "")
        if entry is None or not first or (first == "public" and len(schemas) < 2):
            return
        made, search_path = (first, *schemas), (first, "$user", "public")
        self.contents.base.append(in_schemas(made, search_path, entry.path, self.reading.root, entry.line or 1))

    def _aside(self, path: Path, reason: str) -> None:
        self.contents.set_aside.append(SetAside(relative(path, self.reading.root), reason))


def checksum(text: str) -> int:
    """The number by which Flyway sees that a file has changed: CRC-32 of its lines without their ends, with a sign."""
    number = 0
    for line in re.split(r"\r\n|\r|\n", text):
        number = zlib.crc32(line.encode(), number)
    return number - (1 << 32) if number >= 1 << 31 else number


def _below(directory: Path) -> list[Path]:
    """All files in a directory and below it; nothing that is hidden."""
    return [
        path
        for path in directory.rglob("*")
        if not path.is_dir() and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    ]


def _code_beside(locations: Iterable[Path]) -> list[Path]:
    """Where the migrations in other languages lie that belong to SQL among the resources of a build."""
    found = []
    for place in locations:
        parts = place.parts
        for at in (n for n, part in enumerate(parts) if part == "resources" and n):
            for language in ("java", "kotlin", "scala", "groovy"):
                other = Path(*parts[:at], language, *parts[at + 1 :])
                if other.is_dir():
                    found.append(other)
    return list(dict.fromkeys(found))


def _records(flyway: Flyway) -> Records:
    table = flyway.text("table", TABLE)
    name = quote(table)
    return Records(
        table=table,
        create=f"""
            CREATE TABLE IF NOT EXISTS {name} (
                installed_rank int NOT NULL CONSTRAINT {quote(table + "_pk")} PRIMARY KEY,
                version varchar(50),
                description varchar(200) NOT NULL,
                type varchar(20) NOT NULL,
                script varchar(1000) NOT NULL,
                checksum int,
                installed_by varchar(100) NOT NULL,
                installed_on timestamp NOT NULL DEFAULT now(),
                execution_time int NOT NULL,
                success boolean NOT NULL
            );
            CREATE INDEX IF NOT EXISTS {quote(table + "_s_idx")} ON {name} (success)
        """,
        applied=f"""
            INSERT INTO {name} (installed_rank, version, description, type, script, checksum, installed_by,
                execution_time, success)
            SELECT coalesce(max(installed_rank), 0) + 1, nullif(%(version)s, regexp_replace(%(file)s, '[.][^.]*$', '')),
                %(name)s, 'SQL', %(file)s, nullif(%(checksum)s, '')::int, current_user, 0, true
            FROM {name}
            HAVING %(checksum)s <> ''
        """,
        reverted=f"DELETE FROM {name} WHERE version = %(version)s",
    )


FORMAT = Format(
    "flyway",
    "Flyway",
    "`V1_2__name.sql`, `U1_2__name.sql`, `B1_2__name.sql`, `R__name.sql`, in the locations of `flyway.conf` or `.toml`",
    _recognizes,
    _read,
    alone="write executeInTransaction=false into a file of its name with .conf behind it (V1__x.sql.conf)",
)
