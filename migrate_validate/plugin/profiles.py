"""The profile of Hypothesis for those who have time."""

from __future__ import annotations

import hypothesis

NAME = "thorough"
EXAMPLES = 1000
"""Ten times as many as by default, and as much time."""


def register() -> None:
    """Make ``--hypothesis-profile=thorough`` known, unless the user has one of this name."""
    try:
        hypothesis.settings.get_profile(NAME)
    except hypothesis.errors.InvalidArgument:
        hypothesis.settings.register_profile(NAME, max_examples=EXAMPLES)
