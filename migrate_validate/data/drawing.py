"""Drawing from a strategy outside of a test: the same in every run, unless the user gave a seed."""

from __future__ import annotations

import math
import random
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")

AT_ONCE = 5
"""Values in one example. Those of the first are all the simplest one."""


def drawn(candidates: SearchStrategy[Drawn], count: int) -> list[Drawn]:
    """So many values, or a few more; the simplest ones come first."""
    found: list[Drawn] = []

    @_drawing(math.ceil(count / AT_ONCE))
    @hypothesis.given(st.lists(candidates, min_size=AT_ONCE, max_size=AT_ONCE))
    def collect(each: list[Drawn]) -> None:
        found.extend(each)

    collect()
    return found


def _drawing(examples: int) -> settings:
    """Settings for draws that take their time and leave nothing behind.

    :param examples: how many are drawn at most
    """
    return settings(
        max_examples=examples,
        phases=[Phase.generate],
        # A seed that the user gave is to be followed; without one, every run is alike.
        derandomize=not seed(),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def chance(*numbers: int) -> random.Random:
    """Chance for draws without Hypothesis: the same in every run, unless the user gave a seed."""
    return random.Random(repr((*numbers, seed() or None)))


def seed() -> Any:
    """The user's ``--hypothesis-seed``; 0 stands for the draws of all runs without one."""
    return getattr(hypothesis.core, "global_force_seed", None) or 0


def repeating() -> str:
    """The options with which another run draws the same."""
    found = f"--hypothesis-seed={seed()}"
    if settings().max_examples == settings.get_profile("default").max_examples:
        return found
    return f"{found} --hypothesis-profile={settings.get_current_profile_name()}"
