"""What a search for rows may cost."""

from __future__ import annotations

from dataclasses import dataclass

import hypothesis

from migrate_validate.config import Settings
from migrate_validate.replay.stages import Stage

EXAMPLES = 50
"""Datasets for one migration."""
SECONDS = 0.9
"""That one migration may take, until something was found; what is found is shrunk afterwards."""
_LONGER = 20
"""So many times as long as in the replay a statement may take on rows, ..."""
_AT_LEAST = 1.0
"""... and so many seconds in any case."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Of the search before one migration."""

    examples: int
    """Datasets."""
    seconds: float
    statement: float
    """Seconds that one statement may take."""
    before: float
    """Seconds that the searches before it may have taken, for it to begin."""

    @classmethod
    def of(cls, stage: Stage, settings: Settings) -> Budget:
        """As the profile of Hypothesis says, whose own 100 examples stand for ours.

        Of a long chain the newest migrations, which are about to be deployed, have half of the time for all searches to
        themselves; the older ones share the rest.
        """
        scale = hypothesis.settings().max_examples / 100
        seconds = SECONDS * max(1, scale)
        half = settings.search_timeout / 2
        newest = int(half / seconds)
        all_of_them = stage.chain.migrations
        older = len(all_of_them) - newest
        old = all_of_them.index(stage.migration) < older
        return cls(
            max(1, round(EXAMPLES * scale)),
            min(seconds, half / older) if old else seconds,
            max(_AT_LEAST, _LONGER * stage.step.run.duration_ms / 1000),
            half if old else settings.search_timeout,
        )
