"""How far sequences have come: the one thing that a rollback does not take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

_POSITIONS = "select schemaname, sequencename, last_value, start_value from pg_sequences"
Positions = Mapping[tuple[str, str], tuple[int | None, int]]


def positions(connection: psycopg.Connection[Any]) -> Positions:
    """The last and the first value of every sequence, by schema and name; no last value: it was never used."""
    return {(schema, name): (last, start) for schema, name, last, start in connection.execute(_POSITIONS)}


def restore(connection: psycopg.Connection[Any], before: Positions) -> None:
    """Set back the sequences that have moved since."""
    for (schema, name), (last, start) in before.items() - positions(connection).items():
        connection.execute(
            "select setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s, %s)",
            [schema, name, start if last is None else last, last is not None],
        )
