"""What is made ready on a thread reaches whoever enters it, and is left exactly once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from migrate_validate.errors import ServerError
from migrate_validate.postgres.early import Early


@contextlib.contextmanager
def told(events: list[str]) -> Iterator[int]:
    """Tells when it is entered and left, and gives the thread that entered it."""
    events.append("entered")
    try:
        yield threading.get_ident()
    finally:
        events.append("left")


def test_it_is_entered_on_another_thread_before_anybody_asks() -> None:
    events: list[str] = []
    begun = threading.Event()

    @contextlib.contextmanager
    def slow() -> Iterator[int]:
        begun.set()
        with told(events) as thread:
            yield thread

    early = Early(slow())
    assert begun.wait(10)
    with early as thread:
        assert thread != threading.get_ident()
        assert events == ["entered"]
    assert events == ["entered", "left"]
    early.discard()
    assert events == ["entered", "left"]


def test_what_nobody_asks_for_is_left() -> None:
    events: list[str] = []
    Early(told(events)).discard()
    assert events == ["entered", "left"]


def test_trouble_is_told_to_whoever_asks_and_to_nobody_else() -> None:
    @contextlib.contextmanager
    def with_room(room: int) -> Iterator[int]:
        if room == 0:
            raise ServerError("no room for a server.", remedy="make room")
        yield room

    early = Early(with_room(0))
    with pytest.raises(ServerError, match="no room for a server"), early:
        pass
    early.discard()
