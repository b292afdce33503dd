"""What the sample chains say of each other."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "sample_migrations"


@pytest.mark.parametrize("file", sorted(path.name for path in (SAMPLES / "organizational_model").glob("*.sql")))
def test_the_conflict_begins_with_the_chain_that_it_conflicts_with(file: str) -> None:
    first, second = SAMPLES / "organizational_model", SAMPLES / "organizational_model_conflict"
    assert (second / file).read_bytes() == (first / file).read_bytes()
