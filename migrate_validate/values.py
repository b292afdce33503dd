"""Values of the configuration, checked one by one; what is wrong is collected with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from migrate_validate.config import Amount

_SHORTEST, _LONGEST = 0.001, 2_000_000.0
"""Seconds: the bounds of PostgreSQL's own time limits, whole milliseconds in 32 bits."""
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(kw_only=True)
class Values:
    """Takes values by their type. One that cannot be used gives something harmless, and a problem."""

    problems: list[str] = field(default_factory=list)
    where: str = ""
    """The file that is read, for the problems."""

    def _wrong(self, path: str, value: Any, wanted: str) -> None:
        self._problem(f"{path}: {value!r} is not {wanted}")

    def _unknown(self, path: str, name: str, known: Any) -> None:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "valid here: " + ", ".join(known)
        self._problem(f"{path}: unknown key; {hint}")

    def _problem(self, text: str) -> None:
        line = f"{self.where}: {text}"
        if line not in self.problems:
            self.problems.append(line)

    def _string(self, path: str, value: Any) -> str:
        if not isinstance(value, str):
            self._wrong(path, value, "a string")
            return ""
        return value

    def _text(self, path: str, value: Any) -> str | None:
        if value == "":
            self._problem(f"{path}: an empty string")
        return self._string(path, value) or None

    def _list(self, path: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            self._wrong(path, value, "a list")
            return []
        return value

    def _strings(self, path: str, value: Any) -> tuple[str, ...]:
        items = (self._text(f"{path}[{number}]", item) for number, item in enumerate(self._list(path, value)))
        return tuple(item for item in items if item is not None)

    def _mapping(self, path: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._wrong(path, value, "a table")
            return {}
        return value

    def _table(
        self, path: str, value: Any, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        table = self._mapping(path, value)
        for key in table:
            if key not in required + optional:
                self._unknown(f"{path}.{key}", key, required + optional)
        for key in required:
            if key not in table:
                self._problem(f"{path}: the key {key!r} is missing")
        return table

    def _array(
        self, path: str, value: Any, required: tuple[str, ...], optional: tuple[str, ...], *, texts: tuple[str, ...]
    ) -> list[Mapping[str, Any]]:
        tables = [
            self._table(f"{path}[{number}]", entry, required=required, optional=optional)
            for number, entry in enumerate(self._list(path, value))
        ]
        for number, table in enumerate(tables):
            for key in texts:
                self._string(f"{path}[{number}].{key}", table.get(key, ""))
        return [table for table in tables if set(required) <= set(table) <= set(required + optional)]

    def _amount(self, path: str, value: Any) -> Amount:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return Amount(value)
        match = re.fullmatch(r"(\d+)(\+?)", value) if isinstance(value, str) else None
        if match is None:
            self._wrong(path, value, 'a count: 27, or "27+" for at least 27')
            return Amount(0, at_least=True)
        return Amount(int(match[1]), at_least=bool(match[2]))

    def _share(self, path: str, value: Any) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)%", value) if isinstance(value, str) else None
        if match is None or float(match[1]) > 100:
            self._wrong(path, value, 'a share such as "95%"')
            return 0.0
        return float(match[1]) / 100

    def _seconds(self, path: str, value: Any) -> float | None:
        seconds = 0.0
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        elif isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?) *(ms|s|min|)", value)):
            seconds = float(match[1]) * _UNITS[match[2]]
        if _SHORTEST <= seconds <= _LONGEST:
            return seconds
        self._wrong(path, value, 'a time such as "30s", "500ms" or "2min"')
        return None
