"""Flyway: ``V1_2__name.sql``, its undo, baseline and repeatable migrations, in all locations that are configured."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.flyway_names import (
    CALLBACK,
    SURE,
    WHEN_MIGRATING,
    Kind,
    Named,
    parsed,
    refuse_twice,
)
from migrate_validate.chain.formats.flyway_settings import (
    Flyway,
    configuration,
    configured,
    script_settings,
    truth,
)
from migrate_validate.chain.formats.model import Contents, Format, Reading, Recognition
from migrate_validate.chain.formats.placeholders import Unknown, refuse_unknown, replace_placeholders
from migrate_validate.chain.formats.sql import CONFIGURATION
from migrate_validate.chain.model import Migration, Records, Script, Sends, SetAside
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.errors import ChainError

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
_MAY_REFUSE = re.compile(r"concurrently|vacuum|database|tablespace|subscription|system|reindex|discard", re.IGNORECASE)
"""Words without which Flyway runs all statements of a file in one transaction."""
_REFUSES = re.compile(
    r"(?:(?:create|drop)\s+(?:database|tablespace|subscription|(?:unique\s+)?index\s+concurrently)|alter\s+system|vacuum"
    r"|reindex\s+(?:verbose\s+)?(?:schema|database|system)|discard\s+all)\b",
    re.IGNORECASE,
)
"""The statements of which Flyway knows that they cannot run in one: not all that there are."""
_TABLE = "flyway_schema_history"


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
    return _Reader(reading, flyway).read(_locations(path, flyway))


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
    contents: Contents = field(default_factory=Contents)
    unknown: list[tuple[str, Unknown]] = field(default_factory=list)
    steps: list[tuple[Named | None, Path, str]] = field(default_factory=list)

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
        self.contents.migrations += [
            migration
            for each in (*versioned, *repeatable)
            if (migration := self._migration(each, downs.pop(each.numbers, None) if each.version else None))
        ]
        for each in downs.values():
            self._aside(each.path, f"it undoes version {each.version}, which there is not")
        self._place_steps(versioned)
        self._schemas()
        refuse_unknown(self.unknown, ["or as flyway.placeholders.name in Flyway's configuration"])
        self.contents.records = _records(self.flyway)
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
        if WHEN_MIGRATING.match(event):
            self.steps.append((None, path, f"a callback, which Flyway runs at {event}"))
        else:
            self._aside(path, f"a callback, which Flyway runs at {event}, never for migrate")

    def _step(self, path: Path) -> bool:
        """Whether a file is a migration in another language; it is noted then."""
        language = _LANGUAGES.get(path.suffix.lower())
        said = parsed(path, path.stem, self.flyway)
        if language is None or isinstance(said, str) or said.kind is Kind.UNDO:
            return False
        self.steps.append((said, path, f"a migration: {language}"))
        return True

    def _place_steps(self, versioned: Sequence[Named]) -> None:
        """Say of each step that is not run which migration comes after it."""
        for named, path, reason in self.steps:
            if named is None:
                later = [] if path.name.startswith("after") else versioned
            else:
                later = [each for each in versioned if named.version and each.numbers > named.numbers]
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

    def _migration(self, named: Named, undo: Named | None) -> Migration | None:
        written = read_script(named.path, self.reading.root)
        up = self._script(written)
        if up is None:
            self._aside(named.path, f"shouldExecute in {named.path.name}.conf says false")
            return None
        version = named.version or named.path.stem
        # The texts of versioned migrations are compared as they are written, those of repeatable ones as they are sent.
        number = checksum(written.text if named.version else up.text)
        down = self._script(read_script(undo.path, self.reading.root)) if undo else None
        return Migration(version, named.description, up, down, str(number), repeats=not named.version)

    def _script(self, script: Script) -> Script | None:
        """The file as Flyway sends it; None where its configuration says that it is not to run."""
        path = script.path
        own = script_settings(
            path.with_name(path.name + ".conf"),
            {
                "executeInTransaction": lambda entry: truth(entry, "executeInTransaction"),
                "placeholderReplacement": lambda entry: truth(entry, "placeholderReplacement"),
                "shouldExecute": lambda entry: entry,
            },
        )
        values = self._values(path)
        if "shouldExecute" in own:
            entry = own["shouldExecute"]
            condition, unknown = self._replaced(str(entry.value), values)
            self.unknown += [
                (relative(entry.path, self.reading.root), replace(each, line=entry.line)) for each in unknown
            ]
            if not unknown and not _holds(condition):
                return None
        if own.get("placeholderReplacement", self._replaces):
            text, unknown = self._replaced(script.text, values)
            self.unknown += [(script.file, each) for each in unknown]
            script = replace(script, text=text)
        return self._sent(script, own.get("executeInTransaction"))

    def _sent(self, script: Script, wanted: bool | None) -> Script:
        """The script with the transactions that Flyway gives it.

        :param wanted: whether it is to be one, where its own configuration says so
        """
        together = self.flyway.flag("executeInTransaction", default=True) if wanted is None else wanted
        if not together:
            return replace(script, sends=Sends.STATEMENTS)
        if script.problem is not None or wanted or not _MAY_REFUSE.search(script.text):
            return replace(script, sends=Sends.TRANSACTION)
        try:
            parts = statements(script)
        except ScriptError:
            return script
        alone = [part for part in parts if _REFUSES.match(part.sql)]
        if not alone:
            return replace(script, sends=Sends.TRANSACTION)
        if len(alone) < len(parts) and not self.flyway.flag("mixed", default=False):
            other = next(part for part in parts if part not in alone)
            lines = f"line {alone[0].location.line}", f"line {other.location.line}"
            problem = (
                f"Flyway refuses it: {lines[0]} cannot run in a transaction, {lines[1]} can, flyway.mixed is not set:"
                " put them into files of their own"
            )
            return replace(script, text="", problem=problem)
        return replace(script, sends=Sends.STATEMENTS)

    @property
    def _replaces(self) -> bool:
        wanted = self.reading.settings.placeholders is not False
        return wanted and self.flyway.flag("placeholderReplacement", default=True)

    def _replaced(self, text: str, values: dict[str, str]) -> tuple[str, tuple[Unknown, ...]]:
        return replace_placeholders(
            text,
            values,
            prefix=self.flyway.text("placeholderPrefix", "${"),
            suffix=self.flyway.text("placeholderSuffix", "}"),
        )

    def _values(self, path: Path) -> dict[str, str]:
        given = self.reading.settings.placeholders or {}
        separator = self.flyway.text("placeholderSeparator", ":")
        schemas = self.flyway.texts("schemas")
        usual = {
            "environment": "default",
            "defaultschema": self.flyway.text("defaultSchema", schemas[0] if schemas else "public"),
            "filename": path.name,
            "table": self.flyway.text("table", _TABLE),
            "timestamp": "2000-01-01 00:00:00",
            "user": "CURRENT_USER",
            "workingdirectory": str(path.parent),
        }
        return (
            {f"flyway{separator}{name}": text for name, text in usual.items()}
            | self.flyway.placeholders
            | {name.lower(): text for name, text in given.items()}
        )

    def _schemas(self) -> None:
        """Flyway makes the schemas that it is told of, and the first of them is where names without a schema lead."""
        entry = self.flyway.entries.get("schemas") or self.flyway.entries.get("defaultschema")
        schemas = self.flyway.texts("schemas")
        first = self.flyway.text("defaultSchema", schemas[0] if schemas else "")
        if entry is None or not first or (first == "public" and len(schemas) < 2):
            return
        made = " ".join(f"CREATE SCHEMA IF NOT EXISTS {_quoted(name)};" for name in dict.fromkeys((first, *schemas)))
        setting = f'{_quoted(first)}, "$user", public'
        text = (
            f"{made} DO $flyway$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = {setting}', "
            "current_database()); END $flyway$;"
        )
        file = relative(entry.path, self.reading.root)
        self.contents.base.append(Script(entry.path, file, "\n" * ((entry.line or 1) - 1) + text))

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


def _holds(condition: str) -> bool:
    """Whether a condition of ``shouldExecute`` does: ``true``, ``a==b``, ``a!=b``."""
    for sign, wanted in (("==", True), ("!=", False)):
        if sign in condition:
            left, _, right = condition.partition(sign)
            return (left.strip() == right.strip()) is wanted
    return condition.strip().lower() != "false"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _records(flyway: Flyway) -> Records:
    table = flyway.text("table", _TABLE)
    name = _quoted(table)
    return Records(
        table=table,
        create=f"""
            CREATE TABLE IF NOT EXISTS {name} (
                installed_rank int NOT NULL CONSTRAINT {_quoted(table + "_pk")} PRIMARY KEY,
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
            CREATE INDEX IF NOT EXISTS {_quoted(table + "_s_idx")} ON {name} (success)
        """,
        applied=f"""
            INSERT INTO {name} (installed_rank, version, description, type, script, checksum, installed_by,
                execution_time, success)
            SELECT coalesce(max(installed_rank), 0) + 1, nullif(%(version)s, regexp_replace(%(file)s, '[.][^.]*$', '')),
                %(name)s, 'SQL', %(file)s, %(checksum)s::int, current_user, 0, true
            FROM {name}
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
