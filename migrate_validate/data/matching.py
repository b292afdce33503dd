"""Texts that a regular expression is found in.

Hypothesis has such texts, too, but what its engine draws hangs on the constants of all modules of the user that happen
to be imported: ``pytest`` and ``migrate-validate`` would find different rows with the same seed. Those of rstr are
others in each process.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence

# How a regular expression is made up is told nowhere else; Hypothesis reads it there, too.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_LETTERS = string.digits + string.ascii_lowercase + string.ascii_uppercase + string.punctuation + " "
"""What stands for any character, the simplest first."""
_MORE = 4
"""How often something is repeated beyond what it has to be."""
_DRAWS = 5
"""Texts drawn for each that is wanted: some repeat others, and some do not match after all."""
_PADDED = 0.25
"""The share of those with other letters around."""

_CATEGORIES: Mapping[Any, Callable[[str], bool]] = {
    codes.CATEGORY_DIGIT: str.isdigit,
    codes.CATEGORY_NOT_DIGIT: lambda each: not each.isdigit(),
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_NOT_SPACE: lambda each: not each.isspace(),
    codes.CATEGORY_WORD: lambda each: each.isalnum() or each == "_",
    codes.CATEGORY_NOT_WORD: lambda each: not (each.isalnum() or each == "_"),
}


def matching(pattern: str, count: int, chance: random.Random) -> list[str]:
    """Different texts in which the expression is found; fewer, or none, where no more of them were met.

    :param pattern: as Python reads it
    :raises re.error: when it is none
    """
    tree, wanted = parser.parse(pattern), re.compile(pattern)
    found: dict[str, None] = {}
    for draw in range(count * _DRAWS):
        text = _Writer(chance, simple=not draw).text(tree)
        if chance.random() < _PADDED:
            text = f"{chance.choice(_LETTERS)}{text}{chance.choice(_LETTERS)}"
        if wanted.search(text):
            found[text] = None
        if len(found) == count:
            break
    return list(found)


class _Writer:
    """Writes one text."""

    def __init__(self, chance: random.Random, *, simple: bool) -> None:
        self._chance, self._simple = chance, simple
        self._groups: dict[int, str] = {}

    def text(self, tree: Any) -> str:
        """What a sequence of parts stands for."""
        return "".join(self._part(kind, about) for kind, about in tree)

    def _part(self, kind: Any, about: Any) -> str:
        if kind is codes.LITERAL:
            return chr(about)
        if kind is codes.NOT_LITERAL:
            return self._letter([each for each in _LETTERS if ord(each) != about])
        if kind is codes.ANY:
            return self._letter(_LETTERS)
        if kind is codes.IN:
            return self._letter(_members(about))
        if kind is codes.BRANCH:
            return self.text(about[1][0] if self._simple else self._chance.choice(about[1]))
        if kind is codes.SUBPATTERN:
            text = self.text(about[3])
            if about[0] is not None:
                self._groups[about[0]] = text
            return text
        if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            least, most, inside = about
            times = least if self._simple else self._chance.randint(least, min(int(most), least + _MORE))
            return "".join(self.text(inside) for _ in range(times))
        if kind is codes.ATOMIC_GROUP:
            return self.text(about)
        # Places and what is looked for ahead or behind take no room; whether they agree is seen in the end.
        return self._groups.get(about, "") if kind is codes.GROUPREF else ""

    def _letter(self, letters: Sequence[str]) -> str:
        if not letters:
            return ""
        return letters[0] if self._simple else self._chance.choice(letters)


def _members(items: Any) -> list[str]:
    """The letters of ``[...]``, those that it names itself among them."""
    named = [chr(about) for kind, about in items if kind is codes.LITERAL]
    letters = list(dict.fromkeys([*_LETTERS, *named]))
    negated = items[0][0] is codes.NEGATE
    return [each for each in letters if any(_is(each, kind, about) for kind, about in items) != negated]


def _is(letter: str, kind: Any, about: Any) -> bool:
    if kind is codes.LITERAL:
        return bool(ord(letter) == about)
    if kind is codes.RANGE:
        return bool(about[0] <= ord(letter) <= about[1])
    return bool(kind is codes.CATEGORY and _CATEGORIES[about](letter))
