"""How far sequences have come: the one thing that a rollback does not take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

_POSITIONS = "select schemaname, sequencename, last_value, start_value from pg_sequences"
_SET = """
select setval(format('%%I.%%I', schema, name)::regclass, value, called)
from unnest(%s::text[], %s::text[], %s::bigint[], %s::boolean[]) as moved (schema, name, value, called)
"""
Positions = Mapping[tuple[str, str], tuple[int | None, int]]


def positions(connection: psycopg.Connection[Any]) -> Positions:
    """The last and the first value of every sequence, by schema and name; no last value: it was never used."""
    return {(schema, name): (last, start) for schema, name, last, start in connection.execute(_POSITIONS)}


def restore(connection: psycopg.Connection[Any], before: Positions) -> None:
    """Set back the sequences that have moved since."""
    moved = sorted(before.items() - positions(connection).items())
    if moved:
        schemas, names = zip(*(name for name, _ in moved), strict=True)
        values = [start if last is None else last for _, (last, start) in moved]
        connection.execute(_SET, [list(schemas), list(names), values, [last is not None for _, (last, _) in moved]])
