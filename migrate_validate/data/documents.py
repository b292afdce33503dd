"""JSON documents like those that scripts ask for: with the keys that they name, and with more inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Step = str | int
"""The key of an object, or the place of an element in an array."""
_MORE = "other"
_LONGEST = 4
"""Elements of an array at most."""


def with_path(steps: Sequence[Step], inner: str = '"a"') -> str:
    """The smallest document that has something at the end of a path: ``{"address": {"street": "a"}}``.

    :param inner: what it has there; a text that is no JSON stands for any text
    """
    try:
        found: Any = json.loads(inner)
    except ValueError:
        found = "a"
    for step in reversed(steps):
        found = [found] * min(step + 1, _LONGEST) if isinstance(step, int) and step >= 0 else {str(step): found}
    return json.dumps(found, ensure_ascii=False)


def steps_of(text: str) -> list[Step]:
    """The steps of a path as ``#>`` and jsonb_set() write it: ``{items,0,price}``."""
    parts = [each.strip().strip('"') for each in text.strip("{}").split(",") if each.strip()]
    return [int(each) if each.isdigit() else each for each in parts]


def grown(text: str) -> list[str]:
    """A document and one with more inside of each object and array of it; nothing where it is no object."""
    try:
        document = json.loads(text)
    except ValueError:
        return []
    if not isinstance(document, dict) or not document:
        return []
    more = _grown(document, top=True)
    return [json.dumps(each, ensure_ascii=False) for each in ([document] if more == document else [document, more])]


def _grown(value: Any, *, top: bool = False) -> Any:
    if isinstance(value, dict):
        inside = {key: _grown(each) for key, each in value.items()}
        return inside if top else {**inside, _MORE: 1}
    if isinstance(value, list):
        return [*map(_grown, value), "b"]
    return value
