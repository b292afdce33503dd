"""Reads ``[tool.migrate_validate]`` of pyproject.toml and ``migrate_validate.toml`` beside the migrations.

What stands beside the migrations wins over the project's, key by key. Every wrong key and value is collected and
refused at once, with its path and the nearest valid name.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from migrate_validate.config import (
    Amount,
    Assume,
    Backfill,
    Counter,
    DeclaredTenancy,
    Expectations,
    ExpectedIndex,
    ExpectedPolicy,
    ExpectedTable,
    SeedEntry,
    Settings,
    TableData,
    Unique,
)
from migrate_validate.errors import ConfigError, Trouble
from migrate_validate.values import Values

if TYPE_CHECKING:
    from migrate_validate.statistics import Statistics

NAME = "migrate_validate"
FILE_NAME = f"{NAME}.toml"

COUNTED = (
    "schemas",
    "tables",
    "columns",
    "views",
    "materialized_views",
    "enums",
    "domains",
    "functions",
    "triggers",
    "indexes",
    "policies",
    "sequences",
    "constraints",
    "foreign_keys",
    "extensions",
    "publications",
)
_SEVERITIES = ("error", "warning", "info", "off")


def load_settings(chain: Path, rootdir: Path) -> Settings:
    """The settings of one chain.

    :param chain: the path of the chain, a directory or a file; it need not exist
    :param rootdir: the directory whose pyproject.toml counts
    :raises ConfigError: naming every key that is wrong, with its file
    """
    trouble = Trouble()
    settings = read_settings(chain, rootdir, trouble)
    trouble.tell()
    return settings


def read_settings(chain: Path, rootdir: Path, trouble: Trouble) -> Settings:
    """The settings of one chain, as far as they can be used; what is wrong with the others is added to ``trouble``."""
    directory = chain if _leads_to(chain, Path.is_dir) else chain.parent
    reader = _Reader((directory, rootdir))
    values: dict[str, Any] = {}
    beside = directory / FILE_NAME
    for where, path, keys in (
        (f"{rootdir / 'pyproject.toml'} [tool.migrate_validate]", rootdir / "pyproject.toml", ("tool", NAME)),
        (str(beside), beside, ()),
    ):
        with trouble.collecting():
            reader.directory = path.parent
            read = reader.read(where, _table(path, keys))
            if path == beside and directory != rootdir and "migrations" in read:
                reader.misplaced("migrations", rootdir)
            values |= read
    if reader.problems:
        trouble.add(ConfigError.of(reader.problems))
    return Settings(**values)


def environment_in(directory: Path, wanted: str) -> str:
    """The environment that is meant: a name as it is, the path of a file as seen from this directory."""
    return os.path.normpath((directory / wanted).absolute()) if wanted.lower().endswith(".sql") else wanted


def load_project(rootdir: Path) -> Settings:
    """The settings of the project alone, for what is asked before a chain is known.

    :raises ConfigError: as :func:`load_settings`
    """
    return load_settings(rootdir / "no-such-chain", rootdir)


def _table(path: Path, keys: tuple[str, ...]) -> Any:
    """The part of a file that these keys lead to; empty where there is none."""
    if not _leads_to(path, Path.is_file):
        return {}
    table: Any = _toml(path)
    for key in keys:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    return table


def _leads_to(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except OSError:  # No permission, a name too long: whoever reads the chain says so in full.
        return False


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}", remedy="correct the file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", remedy="make it readable, encoded as UTF-8") from None


@dataclass
class _Reader(Values):
    """Checks tables key by key and collects what is wrong."""

    directories: tuple[Path, ...]
    """Where the files that it names are looked for."""
    directory: Path = Path()
    """Where the configuration stands that is being read."""

    def read(self, where: str, value: Any) -> dict[str, Any]:
        """What one file says, by the names that Settings has; a value that cannot be used is left out."""
        self.where = where
        values: dict[str, Any] = {}
        for key, entry in self._mapping(NAME, value).items():
            name = key.replace("-", "_")
            method = getattr(self, f"_key_{name}", None)
            if method is None:
                known = sorted(n.removeprefix("_key_") for n in dir(self) if n.startswith("_key_"))
                self._unknown(key, name, known)
            else:
                values[name] = method(key, entry)
        return {name: value for name, value in values.items() if value is not None}

    def misplaced(self, key: str, rootdir: Path) -> None:
        """Refuse a key of the whole project in the file of one chain, where nobody would read it."""
        self._problem(f"{key}: belongs into {rootdir / 'pyproject.toml'}, for it is no key of one chain")

    # One method a key of Settings.

    def _key_migrations(self, path: str, value: Any) -> tuple[str, ...]:
        return self._strings(path, value)

    def _key_format(self, path: str, value: Any) -> str | None:
        return self._text(path, value)

    def _key_environment(self, path: str, value: Any) -> str | None:
        text = self._text(path, value)
        return text and environment_in(self.directory, text)

    def _key_placeholders(self, path: str, value: Any) -> Mapping[str, str] | Literal[False]:
        if value is False:
            return False
        return {name: self._string(f"{path}.{name}", text) for name, text in self._mapping(path, value).items()}

    def _key_base(self, path: str, value: Any) -> tuple[str, ...]:
        return self._strings(path, value)

    def _key_seeds(self, path: str, value: Any) -> tuple[SeedEntry, ...]:
        entries = (self._seed(f"{path}[{number}]", entry) for number, entry in enumerate(self._list(path, value)))
        return tuple(entry for entry in entries if entry is not None)

    def _seed(self, path: str, value: Any) -> SeedEntry | None:
        table = {"path": value}
        where = f"{path}.path"
        if isinstance(value, str):
            where = path
        else:
            table = dict(self._table(path, value, required=("path",), optional=("before",)))
        file = self._text(where, table["path"]) if "path" in table else None
        before = self._text(f"{path}.before", table["before"]) if "before" in table else None
        return None if file is None else SeedEntry(file, before)

    def _key_postgres(self, path: str, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong(path, value, "a major version such as 17")
        return None

    def _key_statement_timeout(self, path: str, value: Any) -> float | None:
        return self._seconds(path, value)

    def _key_lock_timeout(self, path: str, value: Any) -> float | None:
        return self._seconds(path, value)

    def _key_search_timeout(self, path: str, value: Any) -> float | None:
        return self._seconds(path, value)

    def _key_rows(self, path: str, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self._wrong(path, value, "a number of rows such as 100000")
        return None

    def _key_strict(self, path: str, value: Any) -> bool | None:
        if isinstance(value, bool):
            return value
        self._wrong(path, value, "true or false")
        return None

    def _key_since(self, path: str, value: Any) -> str | None:
        return self._text(path, value)

    def _key_rules(self, path: str, value: Any) -> tuple[str, ...]:
        return self._strings(path, value)

    def _key_severity(self, path: str, value: Any) -> Mapping[str, str]:
        levels = self._mapping(path, value)
        for name, level in levels.items():
            if level not in _SEVERITIES:
                self._wrong(f"{path}.{name}", level, "one of " + ", ".join(_SEVERITIES))
        return levels

    def _key_api_roles(self, path: str, value: Any) -> tuple[str, ...]:
        return self._strings(path, value)

    def _key_suspected_orphans_ignore(self, path: str, value: Any) -> tuple[str, ...]:
        return self._strings(path, value)

    def _key_statistics(self, path: str, value: Any) -> Statistics | None:
        # Runs without chains read settings too, and need none of this.
        from migrate_validate.statistics import Limits, load_statistics

        keys = tuple(each.name for each in fields(Limits))
        table = (
            {"file": value} if isinstance(value, str) else self._table(path, value, required=("file",), optional=keys)
        )
        file = self._text(f"{path}.file", table["file"]) if "file" in table else None
        limits: dict[str, Any] = {key: entry for key, entry in table.items() if key in keys}
        for key, entry in limits.items():
            if isinstance(entry, bool) or not isinstance(entry, int | float) or entry < 0:
                self._wrong(f"{path}.{key}", entry, "a number of rows, or of writes a second")
                return None
        try:
            return load_statistics(file, Limits(**limits), self.directories) if file else None
        except ConfigError as error:
            self._problem("; ".join(error.brief))
            return None

    def _key_assume(self, path: str, value: Any) -> tuple[Assume, ...]:
        keys = ("migration", "that")
        return tuple(
            Assume(table["migration"], table["that"], f"{Path(self.where).name}: {path}[{number}]")
            for number, table in enumerate(self._array(path, value, keys, (), texts=keys))
        )

    def _key_data(self, path: str, value: Any) -> tuple[TableData, ...]:
        found = []
        for name, entry in self._mapping(path, value).items():
            here = f'{path}."{name}"'
            table = self._table(here, entry, optional=("strategy", "fixture"))
            if len(table.keys() & {"strategy", "fixture"}) != 1:
                self._problem(f"{here}: wants either a strategy or a fixture")
                continue
            strategy = self._text(f"{here}.strategy", table["strategy"]) if "strategy" in table else None
            if strategy is not None and not re.fullmatch(r"[\w.]+:[\w.]+", strategy):
                self._wrong(f"{here}.strategy", strategy, 'the place of a function such as "tests.data:prices"')
                continue
            fixture = self._text(f"{here}.fixture", table["fixture"]) if "fixture" in table else None
            file = None if fixture is None else self._file(f"{here}.fixture", fixture)
            if strategy or file:
                found.append(TableData(_qualified(name), strategy, file, f"{self.where}: {here}"))
        return tuple(found)

    def _file(self, path: str, name: str) -> str | None:
        places = [directory / name for directory in self.directories]
        for place in places:
            if _leads_to(place, Path.is_file):
                return str(place)
        self._problem(f"{path}: there is no file {' or '.join(dict.fromkeys(map(str, places)))}")
        return None

    def _key_tenancy(self, path: str, value: Any) -> DeclaredTenancy:
        names = ("root", "people", "claim", "setting", "person_setting")
        lists = ("memberships", "staff", "public_read", "cross_tenant")
        table = self._table(path, value, optional=(*names, *lists))
        found: dict[str, Any] = {}
        for key in (each for each in names if each in table):
            # An empty root says that there is none.
            take = self._string if key == "root" else self._text
            found[key] = take(f"{path}.{key}", table[key])
        for key in (each for each in lists if each in table):
            found[key] = tuple(map(_qualified, self._strings(f"{path}.{key}", table[key])))
        for key in ("root", "people"):
            if found.get(key):
                found[key] = _qualified(found[key])
        return DeclaredTenancy(**found)

    def _key_access_matrix(self, path: str, value: Any) -> str | None:
        # It need not be there: ``migrate-validate snapshot`` writes it.
        name = self._text(path, value)
        return None if name is None else str(self.directory / name)

    def _key_expect(self, path: str, value: Any) -> Expectations:
        known = {
            "counts": self._counts,
            "tables": self._expected_tables,
            "indexes": self._expected_indexes,
            "policies": self._expected_policies,
            "counters": self._counters,
            "backfills": self._backfills,
            "unique": self._unique,
        }
        values: dict[str, Any] = {}
        for key, entry in self._mapping(path, value).items():
            if key in known:
                values[key] = known[key](f"{path}.{key}", entry)
            else:
                self._unknown(f"{path}.{key}", key, known)
        return Expectations(**values)

    # The parts of [expect].

    def _counts(self, path: str, value: Any) -> Mapping[str, Amount]:
        amounts = {}
        for kind, entry in self._mapping(path, value).items():
            if kind not in COUNTED:
                self._unknown(f"{path}.{kind}", kind, COUNTED)
            amounts[kind] = self._amount(f"{path}.{kind}", entry)
        return amounts

    def _expected_tables(self, path: str, value: Any) -> tuple[ExpectedTable, ...]:
        tables = []
        for name, entry in self._mapping(path, value).items():
            here = f"{path}.{name}"
            table = self._table(here, entry, optional=("columns", "rows"))
            columns = {
                column: self._string(f"{here}.columns.{column}", kind)
                for column, kind in self._mapping(f"{here}.columns", table.get("columns", {})).items()
            }
            rows = self._amount(f"{here}.rows", table["rows"]) if "rows" in table else None
            tables.append(ExpectedTable(_qualified(name), columns, rows))
        return tuple(tables)

    def _expected_indexes(self, path: str, value: Any) -> tuple[ExpectedIndex, ...]:
        entries = self._mapping(path, value)
        return tuple(
            ExpectedIndex(_qualified(name), self._string(f"{path}.{name}", text)) for name, text in entries.items()
        )

    def _expected_policies(self, path: str, value: Any) -> tuple[ExpectedPolicy, ...]:
        return tuple(
            ExpectedPolicy(_qualified(table), name)
            for table, names in self._mapping(path, value).items()
            for name in self._strings(f"{path}.{table}", names)
        )

    def _counters(self, path: str, value: Any) -> tuple[Counter, ...]:
        keys = ("column", "counts", "by"), ("where", "key")
        return tuple(Counter(**table) for table in self._array(path, value, *keys, texts=(*keys[0], *keys[1])))

    def _backfills(self, path: str, value: Any) -> tuple[Backfill, ...]:
        found = []
        for number, table in enumerate(
            self._array(path, value, ("column", "at_least"), ("where",), texts=("column", "where"))
        ):
            share = self._share(f"{path}[{number}].at_least", table["at_least"])
            found.append(Backfill(table["column"], share, table.get("where", "true")))
        return tuple(found)

    def _unique(self, path: str, value: Any) -> tuple[Unique, ...]:
        found = []
        for number, table in enumerate(
            self._array(path, value, ("table", "columns"), ("where",), texts=("table", "where"))
        ):
            columns = self._strings(f"{path}[{number}].columns", table["columns"])
            found.append(Unique(table["table"], columns, table.get("where", "true")))
        return tuple(found)


def _qualified(name: str) -> str:
    return name if "." in name else f"public.{name}"
