"""Numbered files that hold their way back below a line, as a few tools have it that need nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.model import Migration

_BACK = re.compile(
    r"""^(?:
        ----\ create\ above\ /\ drop\ below\ ----   # tern
      | --\s*//\s*@UNDO                             # MyBatis
      | --\s*rambler\ down                          # rambler
      | \#\s*---\s*!Downs | --\s*!Downs             # Play
    )[ \t]*\r?$""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_THERE = re.compile(r"^(?:\#\s*---\s*!Ups|--\s*!Ups|--\s*rambler\ up)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


def divided(migration: Migration) -> Migration:
    """The migration with the part below such a line as its down script; as it is where there is none."""
    text = migration.up.text
    back = _BACK.search(text)
    if back is None:
        return migration
    there = _THERE.search(text, 0, back.start())
    first = _line(text, there.start()) + 1 if there else 1
    middle, last = _line(text, back.start()), text.count("\n") + 1
    return replace(
        migration,
        up=replace(migration.up, text=section(text, [range(first, middle)])),
        down=replace(migration.up, text=section(text, [range(middle + 1, last + 1)])),
    )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
