"""How much a script can have changed."""

from __future__ import annotations

from enum import IntEnum

UP = frozenset({"up", "upgrade", "apply", "migrate", "run", "forward", "forwards"})
DOWN = frozenset({"down", "downgrade", "rollback", "revert", "backward", "backwards"})
"""What functions of migrations in Python are called that lead one way."""


class Change(IntEnum):
    """How much a script was changed."""

    NONE = 0
    WRITING = 1
    """Comments, blanks, line ends, the case of keywords: the statements are the same."""
    STATEMENTS = 2
    """What it does, or how the tool sends it."""
