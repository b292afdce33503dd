"""Migrations that say themselves that there is no way back.

-- migrate-validate: irreversible: the old hashes cannot be made again
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from migrate_validate.chain.model import Script
from migrate_validate.chain.statements import ScriptError, comments
from migrate_validate.findings import Location

_MARK = re.compile(r"migrate-validate:\s*irreversible\b\s*:?(?P<reason>.*)", re.DOTALL)
_WORD = "irreversible"


@dataclass(frozen=True, slots=True)
class Irreversible:
    """The comment that says so."""

    reason: str
    """Empty where it gives none: such a comment says nothing."""
    location: Location


@lru_cache(maxsize=1024)
def irreversible(up: Script) -> Irreversible | None:
    """What a migration says of it; None where it says nothing, or cannot be read."""
    if _WORD not in up.text:
        return None
    try:
        found = comments(up)
    except ScriptError:
        return None
    for comment in found:
        if matched := _MARK.fullmatch(comment.text):
            return Irreversible(" ".join(matched["reason"].split()), comment.location)
    return None
