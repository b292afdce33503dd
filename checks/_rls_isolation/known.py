"""Which rows that are stored are those that were chosen for the universes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from .universes import Universes


class Known:
    """Which universe a stored row is of."""

    def __init__(self, universes: Universes, filled: str) -> None:
        """Of one table.

        :param filled: the table that was filled, which it may be part of
        """
        seeded = universes.rows.get(filled, ())
        self._by_key: dict[str, str] = {}
        self._keys: list[Sequence[str]] = []
        for row in seeded:
            columns = tuple(row.key) or tuple(row.values)
            if columns not in self._keys:
                self._keys.append(columns)
            same = _text(columns, row.key or row.values)
            # Rows of children by inheritance may have the key of others: whose such a row is cannot be told.
            told_apart = self._by_key.setdefault(same, row.universe) == row.universe
            self._by_key[same] = row.universe if told_apart else ""

    def universe(self, values: Mapping[str, str | None]) -> str:
        """That of a row with these values; empty where it is of none, or cannot be told."""
        for columns in self._keys:
            if found := self._by_key.get(_text(columns, values)):
                return found
        return ""


def _text(columns: Sequence[str], values: Mapping[str, str | None]) -> str:
    return json.dumps([(column, values.get(column)) for column in columns])
