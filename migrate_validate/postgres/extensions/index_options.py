"""What the stand-in for ``vector`` cannot take: options of its indexes (``lists``, ``m``, ``ef_construction``).

Only C can declare options of an access method. So they are blanked out of what is sent to a server with the stand-in,
inside bodies and strings that hold a CREATE INDEX too; all else stays at its place. Options that the real extension
refuses are left to the server, which refuses them as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.abc import Params, Query
from psycopg.rows import TupleRow

from migrate_validate import syntax

_RANGES = {
    "ivfflat": {"lists": range(1, 32769)},
    "hnsw": {"m": range(2, 101), "ef_construction": range(4, 1001)},
}
_METHOD = re.compile(r"\b(?:ivfflat|hnsw)\b", re.IGNORECASE)
_BODY = re.compile(r"(\$[^$]*\$)(.*)\1|[eE]?'(.*)'", re.DOTALL)


def cursor_for(offered: Path | None, own: Path) -> type[psycopg.Cursor[TupleRow]]:
    """What sends statements to a server.

    :param offered: the folder of stand-ins that it has, if any
    :param own: the folder of its own extensions
    """
    stood_in = offered is not None and _has_vector(offered) and not _has_vector(own)
    return BlankingCursor if stood_in else psycopg.Cursor


def _has_vector(directory: Path) -> bool:
    return (directory / "extension" / "vector.control").exists()


class BlankingCursor(psycopg.Cursor[TupleRow]):
    """Sends statements without the options of vector's indexes."""

    def execute(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """As the cursor of psycopg does."""
        if isinstance(query, bytes | str):
            query = blank(query if isinstance(query, str) else query.decode()).encode()
        # The types of psycopg allow templates in another version of this method only.
        whole: Any = query
        return super().execute(whole, params, prepare=prepare, binary=binary)


def as_sent(connection: psycopg.Connection[Any], statements: Sequence[bytes]) -> Sequence[bytes]:
    """Statements as a connection sends them, for those that do not go through a cursor."""
    if not issubclass(connection.cursor_factory, BlankingCursor):
        return statements
    return [blank(statement.decode()).encode() for statement in statements]


def blank(text: str) -> str:
    """The same text, of the same length, with blanks in place of the options that the real extension takes."""
    if _METHOD.search(text) is None:
        return text
    try:
        tokens = [token for token in syntax.scan(text) if not token.comment]
    except syntax.GrammarError:
        return text
    words = [text[token.start : token.end] for token in tokens]
    result = list(text)
    for token, word in zip(tokens, words, strict=True):
        body = _BODY.fullmatch(word)
        if body is not None:
            group = 2 if body[2] is not None else 3
            start = token.start + body.start(group)
            result[start : start + len(body[group])] = blank(body[group])
    for place, word in enumerate(words):
        if word.lower() == "using":
            for number in _options(words, place + 1):
                start, end = tokens[number].start, tokens[number].end
                result[start:end] = " " * (end - start)
    return "".join(result)


def _options(words: Sequence[str], method: int) -> range:
    """The tokens from WITH to its last parenthesis, in an index with this method; none where they must stay."""
    known = _RANGES.get(words[method].lower().strip('"')) if method < len(words) else None
    start = _after(words, method + 1)
    if known is None or start is None:
        return range(0)
    if words[start : start + 1] and words[start].lower() == "include":
        start = _after(words, start + 1) or start
    end = _after(words, start + 1)
    if end is None or words[start].lower() != "with":
        return range(0)
    given = "".join(words[start + 2 : end - 1]).lower().split(",")
    for option in given:
        name, _, value = option.partition("=")
        value = value.strip("'")
        if not value.isdigit() or int(value) not in known.get(name.strip('"'), ()):
            return range(0)
    return range(start, end)


def _after(words: Sequence[str], opening: int) -> int | None:
    """The place behind the parenthesis that closes the one here; None where none opens, or none closes."""
    depth = 0
    for place in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[place], 0)
        if depth == 0:
            return place + 1 if place > opening else None
    return None
