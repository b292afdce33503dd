"""Texts for regular expressions."""

from __future__ import annotations

import random
import re

import pytest

from migrate_validate.data.matching import matching


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z]+@[a-z]+\.[a-z]{2,3}\Z",
        r"^#[0-9a-f]{6}\Z",
        r"a",
        r"^(x|yy)-\1\Z",
        r"(?i)^abc[^d-f\d]?\Z",
        r"^\w+\s\W\S\D\Z",
        r"^(?=.*\d)[a-z0-9]{3,}\Z",
        r"^[ä-ü]|[éß]\Z",
        r"^(?>a+)b*+.[^x]\Z",
        r"^[^\n]+?(?:-[A-Z]{2})*\Z",
    ],
)
def test_texts_match(pattern: str) -> None:
    found = matching(pattern, 20, random.Random(1))
    assert len(found) == len(set(found)) >= 2
    assert all(re.search(pattern, each) for each in found)
    assert found == matching(pattern, 20, random.Random(1))


def test_what_nothing_matches_has_none() -> None:
    assert matching(r"a\Zb", 20, random.Random(1)) == []
