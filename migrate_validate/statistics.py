"""How large and how busy the tables of the real database are, and what that means for a finding about locks.

``migrate-validate stats`` writes the file; ``statistics = "stats.json"`` in the configuration names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from migrate_validate.errors import ConfigError
from migrate_validate.findings import Finding, Severity

SCHEMA = 1
"""The version of the file's layout."""
CHECK = "locks"
"""The check module whose findings are weighed by it."""
_ABOUT = ("relation", "relations", "others")
"""Where a finding's evidence names relations, besides its ``object``."""


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """One table of the real database, its partitions included."""

    rows: int | None
    """As the planner estimates; None: not known."""
    bytes: int
    """With its indexes and TOAST."""
    heap_bytes: int
    """Without its indexes."""
    index_bytes: int
    writes_per_second: float
    """Rows inserted, updated and deleted."""
    reads_per_second: float
    """Scans that were started, of the table or of an index."""

    def __str__(self) -> str:
        """``41 million rows, 12 GB, 120 writes/s``."""
        rows = "an unknown number of rows" if self.rows is None else f"{_number(self.rows)} row{'s' * (self.rows != 1)}"
        return f"{rows}, {_size(self.bytes)}, {_rate(self.writes_per_second)} writes/s"


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a table is small and quiet, or big or busy."""

    small_rows: int = 10_000
    """A table with at most so many rows ..."""
    quiet_writes: float = 1.0
    """... and at most so many writes a second: what would be a warning is info."""
    big_rows: int = 1_000_000
    """A table with at least so many rows ..."""
    busy_writes: float = 50.0
    """... or at least so many writes a second: what would be a warning is an error."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was read from the real database, and the limits by which it is judged."""

    file: str
    """As the user wrote it."""
    taken_at: str
    """ISO 8601."""
    tables: Mapping[str, TableStatistics] = field(default_factory=dict)
    """By ``schema.name``."""
    limits: Limits = field(default_factory=Limits)


def load_statistics(file: str, limits: Limits, directories: Sequence[Path]) -> Statistics:
    """Read a statistics file.

    :param file: its path, looked for below these directories in turn
    :raises ConfigError: when it does not exist or is none
    """
    looked = list(dict.fromkeys(directory / file for directory in directories))
    path = next((each for each in looked if each.is_file()), None)
    if path is None:
        raise ConfigError(
            f"statistics: {file} does not exist",
            looked=[str(each) for each in looked],
            remedy=f"write it from the real database: migrate-validate stats {file}",
        )
    try:
        return _read(file, json.loads(path.read_text(encoding="utf-8")), limits)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError):
        problem = f"is no statistics file of schema {SCHEMA}"
    raise ConfigError(
        f"statistics: {path} {problem}", remedy=f"write it from the real database: migrate-validate stats {file}"
    )


def _read(file: str, content: Any, limits: Limits) -> Statistics:
    if content["schema"] != SCHEMA:
        raise ValueError(content["schema"])
    tables = {name: _table(table) for name, table in content["tables"].items()}
    return Statistics(file, str(content["taken_at"]), tables, limits)


def _table(content: Mapping[str, Any]) -> TableStatistics:
    values = {each.name: content[each.name] for each in fields(TableStatistics)}
    for name, value in values.items():
        if not isinstance(value, int | float) and not (name == "rows" and value is None):
            raise TypeError(name)
    return TableStatistics(**values)


def scaled(finding: Finding, statistics: Statistics | None) -> Finding:
    """A finding about locks, weighed by the tables that it locks in the real database.

    Its message and its evidence (``production``) say the numbers. A warning becomes an error where one of the tables is
    big or busy, and info where all of them are small and quiet; nothing else changes its severity. A table that the
    statistics do not know (it does not exist there yet, or under another name) weighs nothing.
    """
    if statistics is None or finding.check != CHECK:
        return finding
    known = {name: statistics.tables[name] for name in _relations(finding) if name in statistics.tables}
    if not known:
        return finding
    told = "; ".join(f"{name}: {table}" for name, table in known.items())
    return replace(
        finding,
        message=f"{finding.message} (in production {told})",
        evidence={
            **finding.evidence,
            "production": {name: f"{table}, {_rate(table.reads_per_second)} scans/s" for name, table in known.items()},
            "production_as_of": f"{statistics.taken_at} ({statistics.file})",
        },
        severity=_severity(finding.severity, known.values(), statistics.limits),
    )


def _relations(finding: Finding) -> Iterator[str]:
    """The relations that a finding names, each once."""
    named: list[str] = [finding.object] if finding.object else []
    for key in _ABOUT:
        value = finding.evidence.get(key, ())
        named += [value] if isinstance(value, str) else [str(each) for each in value]
    yield from dict.fromkeys(named)


def _severity(present: Severity | None, tables: Iterable[TableStatistics], limits: Limits) -> Severity | None:
    weights = [_weight(table, limits) for table in tables]
    if present is not Severity.WARNING:
        return present
    if Severity.ERROR in weights:
        return Severity.ERROR
    return Severity.INFO if all(weight is Severity.INFO for weight in weights) else present


def _weight(table: TableStatistics, limits: Limits) -> Severity:
    """What a warning about this table becomes."""
    rows, writes = table.rows, table.writes_per_second
    if writes >= limits.busy_writes or (rows is not None and rows >= limits.big_rows):
        return Severity.ERROR
    small = rows is not None and rows <= limits.small_rows and writes <= limits.quiet_writes
    return Severity.INFO if small else Severity.WARNING


def _number(count: int) -> str:
    for unit, name in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:,}".replace(",", " ")


def _size(count: int) -> str:
    for unit, name in ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


def _rate(rate: float) -> str:
    if 0 < rate < 0.01:
        return "under 0.01"
    return f"{rate:.0f}" if rate >= 100 else f"{rate:.2g}"
