"""Texts of moments as the patterns of to_date() and to_timestamp() describe them, as regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TEXTS = {
    "YYYY": "[0-9]{4}",
    "YY": "[0-9]{2}",
    "MM": "(0[1-9]|1[0-2])",
    "DD": "(0[1-9]|[12][0-9]|3[01])",
    "HH24": "([01][0-9]|2[0-3])",
    "HH12": "(0[1-9]|1[0-2])",
    "HH": "(0[1-9]|1[0-2])",
    "MI": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "MS": "[0-9]{3}",
    "US": "[0-9]{6}",
}
"""By word of a pattern: the texts that it takes."""
_WORDS = re.compile("|".join(_TEXTS))
_FOURTH = "([02468][48]|[2468]0|[13579][26])"
_CALENDAR: tuple[Mapping[str, str], ...] = (
    {"MM": "(0[13578]|1[02])"},
    {"MM": "(0[469]|11)", "DD": "(0[1-9]|[12][0-9]|30)"},
    {"MM": "02", "DD": "(0[1-9]|1[0-9]|2[0-8])"},
    {"MM": "02", "DD": "29", "YYYY": f"([0-9]{{2}}{_FOURTH}|(00|{_FOURTH})00)", "YY": f"(00|{_FOURTH})"},
)
"""Of which words which texts go together to a day that there is."""


def shaped(pattern: str) -> str | None:
    """The texts that look as a pattern says, the 31st of November among them; None: it has words that are not known."""
    return None if re.search("[A-Za-z]", _WORDS.sub("", pattern)) or not _WORDS.search(pattern) else _said(pattern, {})


def existing(pattern: str) -> str | None:
    """The same without days that do not exist; None where the pattern does not say year, month and day."""
    words = _WORDS.findall(pattern)
    if shaped(pattern) is None or not {"MM", "DD"} <= {*words} or {"YYYY", "YY"}.isdisjoint(words):
        return None
    return f"({'|'.join(_said(pattern, texts) for texts in _CALENDAR)})"


def _said(pattern: str, texts: Mapping[str, str]) -> str:
    """The pattern with these texts, and the usual ones of all other words."""
    pieces, place = [], 0
    for found in _WORDS.finditer(pattern):
        pieces += [re.escape(pattern[place : found.start()]), texts.get(found[0], _TEXTS[found[0]])]
        place = found.end()
    # A backslash before a hyphen means nothing in a regular expression of PostgreSQL, and disturbs people.
    return "".join([*pieces, re.escape(pattern[place:])]).replace("\\-", "-").replace("\\ ", " ")
