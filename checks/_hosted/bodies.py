"""Lets a DO block or a function go on behind a statement that was refused in it.

The statement is put into a block that catches the refusal, notes it, and does the statement as a superuser. Everything
stays on its line, so that what PostgreSQL says of places is true of the original.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

from migrate_validate import syntax

INLINE = "inline_code_block"
"""What PostgreSQL calls the body of a DO block."""
_FRAME = re.compile(
    r'^(?:SQL statement "(?P<sql>(?:(?!^SQL statement ").)*?)"\n)?'
    r"PL/pgSQL function (?P<function>[^\n]+) line (?P<line>\d+) at (?P<kind>[^\n]+)$",
    re.MULTILINE | re.DOTALL,
)
_DOLLAR_QUOTED = re.compile(r"(\$[^$]*\$)(.*)\1", re.DOTALL)
_OPENERS = frozenset({";", "begin", "then", "else", "loop", ">>"})
_KEYWORDS = {"PERFORM": "perform", "EXECUTE": "execute", "CALL": "call"}
# They are no single statement, or what comes after them in a block of their own would not be reached.
_COMPOUND = """
    begin case close commit continue declare else elsif end exception execute exit fetch for foreach get if loop move
    null open perform raise return rollback while <<
"""
_NOT_ALONE = frozenset(_COMPOUND.split())
_HEAD = (
    "DECLARE migrate_validate_state text; migrate_validate_message text; migrate_validate_context text; "
    "BEGIN LOOP BEGIN "
)
# LOOP, IF and EXECUTE leave FOUND as the statement has set it.
_TAIL = (
    " EXIT; EXCEPTION WHEN OTHERS THEN IF migrate_validate_state IS NOT NULL THEN RAISE; END IF;"
    " GET STACKED DIAGNOSTICS migrate_validate_state = RETURNED_SQLSTATE,"
    " migrate_validate_message = MESSAGE_TEXT, migrate_validate_context = PG_EXCEPTION_CONTEXT;"
    " EXECUTE 'SELECT migrate_validate_hosted.promote()'; END; END LOOP;"
    " IF migrate_validate_state IS NOT NULL THEN EXECUTE 'SELECT migrate_validate_hosted.demote()';"
    " EXECUTE 'SELECT migrate_validate_hosted.note($1, $2, $3)'"
    " USING migrate_validate_state, migrate_validate_message, migrate_validate_context; END IF; END;"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in a body where PostgreSQL stopped."""

    function: str
    """As it names it, with the types of its arguments; :data:`INLINE` for a DO block."""
    line: int
    """1-based, in the body."""
    kind: str
    """What stands there: ``SQL statement``, ``EXECUTE``, ``PERFORM``, ``assignment``, ..."""
    sql: str = ""
    """What was sent to PostgreSQL from there, where it says so."""


def frames(context: str | None) -> list[Frame]:
    """The places in bodies that a context names, the innermost first."""
    return [
        Frame(found["function"], int(found["line"]), found["kind"], found["sql"] or "")
        for found in _FRAME.finditer(context or "")
    ]


def body_of(statement: str) -> tuple[int, str] | None:
    """Where the body of a DO block begins, and the body; None: it is written in another way."""
    for token in syntax.scan(statement):
        quoted = _DOLLAR_QUOTED.fullmatch(statement[token.start : token.end])
        if quoted:
            return token.start + quoted.start(2), quoted[2]
    return None


def catching(body: str, frame: Frame) -> str | None:
    """The body with the statement at this place in a block that goes on; None: it cannot be put into one."""
    for start, stop in _statements(body, frame):
        if not body[:start].endswith(_HEAD):
            return body[:start] + _HEAD + body[start:stop] + _TAIL + body[stop:]
    return None


def written(statement: str, frame: Frame) -> str | None:
    """What stands at this place of a DO block; None: it cannot be told."""
    body = body_of(statement) if frame.function == INLINE else None
    found = _statements(body[1], frame) if body else []
    return body[1][slice(*found[0])] if body and found else None


def _statements(body: str, frame: Frame) -> list[tuple[int, int]]:
    """Where the statements begin and end that a frame may mean, the likeliest first."""
    try:
        tokens = [token for token in syntax.scan(body) if not token.comment]
    except syntax.GrammarError:
        return []
    words = [body[token.start : token.end].lower() for token in tokens]
    found = []
    declaring = False
    for place, token in enumerate(tokens):
        declaring = words[place] == "declare" or (declaring and words[place] != "begin")
        opens = not declaring and (place == 0 or words[place - 1] in _OPENERS)
        if opens and body.count("\n", 0, token.start) + 1 == frame.line and _fits(words[place], frame.kind):
            end = _end(words, place)
            if end is not None:
                found.append((token.start, tokens[end].end))
    return sorted(found, key=lambda each: -_alike(body[slice(*each)], frame.sql))


def _alike(written: str, sent: str) -> int:
    """How many letters two texts have in common at their beginnings."""
    pairs = zip("".join(written.split()), "".join(sent.split()), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fits(word: str, kind: str) -> bool:
    keyword = _KEYWORDS.get(kind)
    return word == keyword if keyword is not None else word not in _NOT_ALONE


def _end(words: list[str], start: int) -> int | None:
    """The semicolon that ends a statement; None where none does."""
    depth = 0
    for place in range(start, len(words)):
        depth += {"(": 1, ")": -1}.get(words[place], 0)
        if words[place] == ";" and depth == 0:
            return place
    return None
