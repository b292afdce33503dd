"""The words of a script's code: comments and string constants left out, the bodies of functions and DO blocks kept.

A string constant that EXECUTE runs, by itself or through format(), is a body too.

Tokens suffice here, and they also work on text that the grammar refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from migrate_validate import syntax

_COPY_ROWS = re.compile(r"^(\s*copy\b[^;]*\bfrom\s+stdin\b[^;]*;)[^\n]*\n.*?^\\\.[ \t\r]*$", re.I | re.S | re.M)
_META_COMMAND = re.compile(r"^\\[^\n]*$", re.M)
_QUOTED = re.compile(r"e?'(.*)'", re.I | re.S)
_RUN = (["execute"], ["execute", "format", "("])
_DOLLAR_QUOTED = re.compile(r"(\$[^$]*\$)(.*)\1", re.S)

STRING = "''"
"""Stands for a string constant, whatever it says."""


@lru_cache(maxsize=256)
def statements(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of each statement, those inside bodies too; identifiers as PostgreSQL folds them.

    :param text: SQL as a script holds it; psql's meta-commands and COPY data are passed over
    """
    return tuple(_statements(_META_COMMAND.sub("", _COPY_ROWS.sub(r"\1", text))))


def _statements(text: str) -> Iterator[tuple[str, ...]]:
    words: list[str] = []
    bodies: list[str] = []
    for token in _tokens(text):
        raw = text[token.start : token.end]
        if token.comment:
            continue
        if raw == ";":
            yield tuple(words)
            words = []
        elif (body := _DOLLAR_QUOTED.fullmatch(raw)) is not None:
            bodies.append(body[2])
            words.append(STRING)
        elif raw.startswith('"'):
            words.append(raw[1:-1].replace('""', '"'))
        elif (text_of := _QUOTED.fullmatch(raw)) is not None:
            if words[-1:] in _RUN or words[-3:] in _RUN:
                bodies.append(text_of[1].replace("''", "'"))
            words.append(STRING)
        else:
            words.append(STRING if raw.endswith("'") else raw.lower())
    yield tuple(words)
    for inner in bodies:
        yield from _statements(inner)


def _tokens(text: str) -> list[syntax.Token]:
    """The tokens up to the place where the text stops being SQL (a body in another language, for instance)."""
    try:
        return syntax.scan(text)
    except syntax.GrammarError as error:
        if not error.offset:
            return []
        return _tokens(text[: min(error.offset, len(text) - 1)])
