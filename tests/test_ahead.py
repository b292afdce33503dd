"""Answers found on a thread beside those that are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from migrate_validate.ahead import Ahead

SOON = 5.0
"""Seconds after which a test that hangs fails."""


def finding(found: list[tuple[str, bool]], act: Callable[[str], None] = lambda _: None) -> Callable[[str], str]:
    """Answers with capitals, and notes what was asked for and whether on another thread than the test's."""
    home = threading.current_thread()

    def find(question: str) -> str:
        act(question)
        found.append((question, threading.current_thread() is not home))
        return question.upper()

    return find


def test_without_a_beginning_each_is_answered_once_when_it_is_asked() -> None:
    found: list[tuple[str, bool]] = []
    ahead = Ahead(finding(found))
    assert [ahead.answer(each) for each in "aba"] == ["A", "B", "A"]
    assert found == [("a", False), ("b", False)]


def test_those_beside_are_found_on_the_thread_and_the_others_meanwhile() -> None:
    found: list[tuple[str, bool]] = []
    others = threading.Event()

    def act(question: str) -> None:
        if question == "a":
            assert others.wait(SOON)
        if question == "z":
            others.set()

    ahead = Ahead(finding(found, act))
    ahead.begin("ab", "yz")
    assert ahead.answer("a") == "A"
    assert found[:3] == [("y", False), ("z", False), ("a", True)]
    assert [ahead.answer(each) for each in "byz"] == ["B", "Y", "Z"]
    assert len(found) == len("abyz")
    ahead.end(lambda: None)


def test_an_answer_of_the_thread_may_ask_for_others() -> None:
    ahead: Ahead[int, int] = Ahead(lambda number: number and number + ahead.answer(number - 1))
    ahead.begin([3, 1, 0], [])
    assert ahead.answer(3) == 6
    assert ahead.answer(1) == 1
    ahead.end(lambda: None)


def test_who_asks_for_an_answer_of_the_thread_is_not_asked_meanwhile() -> None:
    waiting = threading.Event()

    def find(question: str) -> str:
        if question == "a":
            assert waiting.wait(SOON)
        if question == "y":
            waiting.set()
            return ahead.answer("a") + "y"
        return ahead.answer("y") + "z" if question == "z" else question

    ahead: Ahead[str, str] = Ahead(find)
    ahead.begin("a", "yz")
    assert [ahead.answer(each) for each in "ayz"] == ["a", "ay", "ayz"]
    ahead.end(lambda: None)


@pytest.mark.parametrize("beside", ["a", ""])
def test_what_goes_wrong_is_raised_where_it_is_asked_for(beside: str) -> None:
    def act(_: str) -> None:
        raise OSError("no room")

    ahead = Ahead(finding([], act))
    ahead.begin(beside, "")
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            ahead.answer("a")
    ahead.end(lambda: None)


def test_an_interrupt_leaves_others_unanswered() -> None:
    def act(question: str) -> None:
        if question == "y":
            raise KeyboardInterrupt

    held = threading.Event()
    ahead = Ahead(finding([], lambda each: act(each) if each == "y" else assert_held(held)))
    ahead.begin("a", "yz")
    with pytest.raises(KeyboardInterrupt):
        ahead.answer("a")
    held.set()
    ahead.end(lambda: None)


def assert_held(held: threading.Event) -> None:
    """Wait for somebody to let go."""
    assert held.wait(SOON)


def test_the_end_interrupts_what_runs_and_begins_nothing_more() -> None:
    found: list[tuple[str, bool]] = []
    begun, over = threading.Event(), threading.Event()

    def act(_: str) -> None:
        begun.set()
        assert over.wait(SOON)

    ahead = Ahead(finding(found, act))
    ahead.begin("ab", "")
    assert begun.wait(SOON)
    ahead.end(over.set)
    assert found == [("a", True)]
    assert not any(thread.name == "migrate-validate-ahead" for thread in threading.enumerate())
