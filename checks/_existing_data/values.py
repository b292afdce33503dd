"""Whether a value of one type is still the same as a value of another: PostgreSQL casts it back and compares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from .._shared import Connection
from .pictures import Pictured, Row
from .scene import kind

_BACK = "(v.is_now::{now})::{was} IS NOT DISTINCT FROM v.was::{was}"
"""Cast back it is what it was: nothing was cut off or shifted."""
_FORWARD = "v.is_now::{now} IS NOT DISTINCT FROM v.was::{now}"
"""A text was only read, as one reads it that is no number: ``yes`` as true."""
_NUMBER = "(v.was::numeric = v.is_now::numeric AND v.was !~ '^\\s*[+-]?0[0-9]')"
"""A text that was read as a number, without zeros in front that would be gone."""
_MOMENT = "v.was::timestamptz = (v.is_now::{now})::timestamptz"
_JSON = "v.was::jsonb IS NOT DISTINCT FROM v.is_now::jsonb"


def changed(
    connection: Connection, was: Pictured, now: Pictured, pairs: Sequence[tuple[Row, Row]]
) -> list[tuple[Row, Row]]:
    """The pairs of rows in which the value of a column is another one now.

    A value whose type was changed is the same where it can be cast back to what it was; where a text was read as
    something else, where that is what the text means.
    """
    differing = [pair for pair in pairs if pair[0][was.number] != pair[1][now.number]]
    if not differing or was.type == now.type:
        return differing
    values = [(one[was.number], other[now.number]) for one, other in differing]
    same = _same(connection, was, now, values)
    return [pair for pair, equal in zip(differing, same, strict=True) if not equal]


def _same(
    connection: Connection, was: Pictured, now: Pictured, values: Sequence[tuple[str | None, str | None]]
) -> list[bool]:
    found = [one is None and other is None for one, other in values]
    for test in _tests(was.type, now.type):
        open_ = [place for place, equal in enumerate(found) if not equal and None not in values[place]]
        if not open_:
            break
        for place, equal in zip(
            open_, _answers(connection, test, was, now, [values[each] for each in open_]), strict=True
        ):
            found[place] = equal
    return found


def _tests(was: str, now: str) -> list[str]:
    tests = [_BACK]
    target = kind(now)
    if "json" in (kind(was), target):
        tests.append(_JSON)
    if kind(was) == "text":
        if target in ("number", "whole number"):
            # Casting back alone would take 007 for 7 where the text is short.
            tests = [_NUMBER]
        elif target == "moment":
            tests.append(_MOMENT)
        elif target != "text":
            tests.append(_FORWARD)
    return tests


def _answers(
    connection: Connection,
    test: str,
    was: Pictured,
    now: Pictured,
    values: Sequence[tuple[str | None, str | None]],
) -> list[bool]:
    """What a test says of each pair; no where PostgreSQL cannot cast one of the two."""
    said = _asked(connection, test, was, now, values)
    if said is not None:
        return said
    if len(values) == 1:
        return [False]
    return [answer for value in values for answer in _answers(connection, test, was, now, [value])]


def _asked(
    connection: Connection,
    test: str,
    was: Pictured,
    now: Pictured,
    values: Sequence[tuple[str | None, str | None]],
) -> list[bool] | None:
    condition = test.format(was=was.type, now=now.type) if test in (_BACK, _FORWARD, _MOMENT) else test
    query = (
        f"SELECT coalesce({condition}, false)"
        " FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS v (was, is_now, place) ORDER BY place"
    )
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL search_path = ''")
            rows = connection.execute(
                query.encode(), [[one for one, _ in values], [other for _, other in values]]
            ).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise
        return None
    return [answer for (answer,) in rows]


Path = tuple[str | int, ...]
"""Keys of objects and places in arrays, from the outside to the inside."""


def lost_keys(was: str | None, now: str | None) -> set[Path]:
    """The keys of JSON objects, and the elements of arrays, that another document does not have.

    What is inside of something that is gone, or that has become something of another kind, is not told apart from it.
    """
    one, other = json.loads(was) if was else None, json.loads(now) if now else None
    # Where nothing is left of an object, all its keys are gone.
    return set(_lost(one, other if isinstance(other, dict) else {}, ())) if isinstance(one, dict) else set()


def _lost(was: Any, now: Any, path: Path) -> Iterator[Path]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key, value in was.items():
            if key not in now:
                yield (*path, key)
            else:
                yield from _lost(value, now[key], (*path, key))
    elif isinstance(was, list) and isinstance(now, list):
        if len(now) < len(was):
            left = list(now)
            for place, value in enumerate(was):
                if value in left:
                    left.remove(value)
                else:
                    yield (*path, place)
        else:
            for place, (value, other) in enumerate(zip(was, now, strict=False)):
                yield from _lost(value, other, (*path, place))


def spelled(path: Path) -> str:
    """A path as people write it: ``address.street``, ``items[0].price``."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")
