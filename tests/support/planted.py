"""The planted defects: a folder of tests/planted/ has a chain that does harm to rows, and one that does not.

- ``bad/`` and ``good/``: chains of the same ``001_base.sql`` and of a migration that comes next. Both can be applied to
  an empty database;
- ``breaks.sql``: at most three rows that the base allows, to which the bad migration does harm, and the good one none;
- ``expected.toml``: what has to be found.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "planted"


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted defect, as ``expected.toml`` has it."""

    folder: Path
    rules: tuple[str, ...]
    """The rule that has to report it; where the rows decide which of several it is, all of them."""
    file: str
    line: int
    object: str
    """``schema.table`` or ``schema.table.column``."""
    words: tuple[str, ...]
    """What the message has to hold."""
    sqlstates: tuple[str, ...] = ()
    """How the migration fails: one of these; empty where it does not."""
    intact: str = ""
    """A query that says whether the rows of ``breaks.sql`` are as they should be; empty where the migration fails."""

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def breaks(self) -> Path:
        """The rows to which the bad migration does harm."""
        return self.folder / "breaks.sql"


def planted() -> tuple[Planted, ...]:
    """All of them, by name."""
    return tuple(_read(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir())


def _read(folder: Path) -> Planted:
    expected = tomllib.loads((folder / "expected.toml").read_text())
    return Planted(
        folder,
        rules=(expected["rule"], *expected.get("or", ())),
        file=expected["file"],
        line=expected["line"],
        object=expected["object"],
        words=tuple(expected["words"]),
        sqlstates=tuple(expected.get("sqlstates", ())),
        intact=expected.get("intact", ""),
    )
