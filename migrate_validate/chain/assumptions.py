"""What a migration takes for granted of the rows that it meets, stated by its author.

In its script, or in the configuration (``assume = [{ migration = "003", that = "unique lower(email) on users" }]``)::

    -- migrate-validate: assume not null email on users
    -- migrate-validate: assume unique lower(email) on users where deleted_at is null
    -- migrate-validate: assume amount between 0 and 100 on orders
    -- migrate-validate: assume phone matches '^[0-9]+$' on users
    -- migrate-validate: assume plan_id exists in plans(id) on users
    -- migrate-validate: assume check (starts < ends) on bookings
    -- migrate-validate: assume drafts is empty
    -- migrate-validate: assume no rows: select u.id from users u join bans b on b.email = u.email

It is about the state just before the migration, and uses the names of then. The grammar::

    assumption: rows "on" TABLE ["where" CONDITION] | TABLE "is empty" | "no rows:" QUERY
    rows:       "not null" COLUMN, ...
              | "unique" ["nulls not distinct"] EXPRESSION, ...
              | EXPRESSION ("between" LOW "and" HIGH | (">=" | ">" | "<=" | "<" | "=" | "<>") VALUE | "in" (VALUE, ...))
              | EXPRESSION "matches" 'REGULAR EXPRESSION'
              | COLUMN, ... "exists in" TABLE [(COLUMN, ...)]          the primary key where no column is named
              | "check" (CONDITION)

``where`` restricts it to some rows; QUERY returns the rows that break it. Expressions are PostgreSQL's. As in a CHECK
constraint, a condition that is NULL is not broken; as in a unique index, NULLs are not equal. A reason may follow
behind a colon and a blank. A comment of several lines has to be one of the kind ``/* ... */``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from migrate_validate import syntax
from migrate_validate.chain.assumption import Assumption, Kind
from migrate_validate.chain.model import Migration, Script
from migrate_validate.chain.statements import ScriptError, comments
from migrate_validate.config import Assume
from migrate_validate.findings import Location
from migrate_validate.syntax import GrammarError, node_name, unwrap

__all__ = [
    "FORMS",
    "Assumption",
    "Kind",
    "Unread",
    "Unreadable",
    "assumed_of",
    "assumptions",
    "entry_of",
    "read",
    "stated",
]

FORMS = (
    "not null COLUMN on TABLE",
    "unique EXPRESSION, ... on TABLE",
    "EXPRESSION between LOW and HIGH on TABLE (or >=, >, <=, <, =, <>, in (...))",
    "EXPRESSION matches 'REGULAR EXPRESSION' on TABLE",
    "COLUMN exists in TABLE(COLUMN) on TABLE",
    "check (CONDITION) on TABLE",
    "TABLE is empty",
    "no rows: QUERY",
)
"""How an assumption can be written; ``where CONDITION`` may follow ``on TABLE``."""

_MARK = re.compile(r"migrate-validate:\s*(?P<word>\w+)\b(?P<text>.*)", re.DOTALL)
_MARKED = "migrate-validate:"
_WORD = "assume"
_NO_ROWS = re.compile(r"no\s+rows\s*:\s*(?P<query>.*)", re.DOTALL | re.IGNORECASE)
_REASON = re.compile(r":(?=\s|$)")
_KEYWORDS = ("not null", "unique", "between", "matches", "exists", "check", "empty", "no rows")
_OPENING, _CLOSING = ("ASCII_40", "ASCII_91"), ("ASCII_41", "ASCII_93")
_RANGES = frozenset({"AEXPR_OP", "AEXPR_IN", "AEXPR_BETWEEN"})
_COMPARED = frozenset({">=", ">", "<=", "<", "=", "<>", "BETWEEN", "IN"})
_HOLDS_QUERY = frozenset({"select"})


class Unread(Exception):
    """A text is no assumption: why."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A comment or an entry that states nothing that can be read."""

    text: str
    """Behind the word ``assume``."""
    problem: str
    location: Location | None = None
    origin: str = ""


def assumptions(script: Script) -> tuple[Assumption, ...]:
    """What the comments of a script state, in their order; those that cannot be read are left out."""
    return tuple(each for each in stated(script) if isinstance(each, Assumption))


@lru_cache(maxsize=1024)
def stated(script: Script) -> tuple[Assumption | Unreadable, ...]:
    """The same with those that cannot be read; empty for a script that cannot be cut."""
    if _MARKED not in script.text and "\\i" not in script.text:
        return ()
    try:
        found = comments(script)
    except ScriptError:
        return ()
    marked = ((_MARK.fullmatch(comment.text), comment.location) for comment in found)
    read_all = (_marked(matched["word"], matched["text"], location) for matched, location in marked if matched)
    return tuple(each for each in read_all if each is not None)


def _marked(word: str, text: str, location: Location) -> Assumption | Unreadable | None:
    """What a comment for this tool states; None: it is about something else."""
    if word == _WORD:
        return _stated(text, location)
    if get_close_matches(word.lower(), [_WORD], cutoff=0.75):
        said = " ".join(text.split())
        return Unreadable(f"{word} {said}", f"did you mean {_WORD!r} by {word!r}?", location)
    return None


def assumed_of(migration: Migration, configured: Sequence[Assume] = ()) -> tuple[Assumption, ...]:
    """What is stated of a migration in its script and in the configuration, each once.

    :param configured: the entries of all migrations
    """
    entries = (entry_of(each) for each in configured if each.migration in (migration.version, migration.file))
    read = (*assumptions(migration.up), *(each for each in entries if isinstance(each, Assumption)))
    return tuple(dict.fromkeys(read))


def entry_of(entry: Assume) -> Assumption | Unreadable:
    """What an entry of the configuration states."""
    return _stated(entry.that, None, entry.origin)


def _stated(text: str, location: Location | None, origin: str = "") -> Assumption | Unreadable:
    try:
        return replace(read(text), location=location, origin=origin)
    except Unread as error:
        return Unreadable(" ".join(text.split()), str(error), location, origin)


def read(text: str) -> Assumption:
    """The assumption that a text states.

    :param text: what stands behind ``assume``
    :raises Unread: when it is none; says why
    """
    said, reason = _without_reason(text)
    if queried := _NO_ROWS.fullmatch(said):
        return Assumption(Kind.NO_ROWS, condition=_query(queried["query"]), reason=reason)
    words = _Words(said)
    if not said:
        raise Unread("it says nothing")
    if words.texts[-2:] == ["is", "empty"]:
        return Assumption(Kind.EMPTY, _table(words.between(0, -2)), reason=reason)
    on = words.find("on")
    if on is None:
        raise Unread(_guess(words) or "it does not say of which table: 'on TABLE' is missing")
    restriction = words.find("where", on)
    table = _table(words.between(on + 1, restriction))
    where = None if restriction is None else _expression(words.between(restriction + 1))
    return replace(_rows(words.until(on)), table=table, where=where, reason=reason)


class _Words:
    """The tokens of a text that stand in no parentheses count as words of the grammar."""

    def __init__(self, text: str) -> None:
        try:
            tokens = [each for each in syntax.scan(text) if not each.name.endswith("COMMENT")]
        except GrammarError as error:
            raise Unread(error.message) from None
        self.text, self.tokens = text, tokens
        self.texts: list[str] = []
        depth = 0
        for token in tokens:
            depth -= token.name in _CLOSING
            self.texts.append("" if depth else text[token.start : token.end].lower())
            depth += token.name in _OPENING
            if depth < 0:
                break
        if depth:
            raise Unread("a parenthesis has no partner")

    def find(self, word: str, start: int = 0) -> int | None:
        """The first place of a word."""
        return self.texts.index(word, start) if word in self.texts[start:] else None

    def between(self, start: int, end: int | None = None) -> str:
        """The text of these tokens."""
        tokens = self.tokens[start:end]
        return self.text[tokens[0].start : tokens[-1].end] if tokens else ""

    def until(self, end: int) -> _Words:
        """The tokens before this one."""
        return _Words(self.between(0, end))

    def list(self, start: int = 0, end: int | None = None) -> Iterator[str]:
        """The texts between commas."""
        stop = len(self.tokens) if end is None else end
        for place in [*(i for i in range(start, stop) if self.texts[i] == ","), stop]:
            yield self.between(start, place)
            start = place + 1


def _rows(words: _Words) -> Assumption:
    """What is said of the rows, without the table."""
    if words.texts[:2] == ["not", "null"]:
        return Assumption(Kind.NOT_NULL, subject=tuple(map(_column, words.list(2))))
    if words.texts[:1] == ["unique"]:
        nulls = words.texts[1:4] == ["nulls", "not", "distinct"]
        return Assumption(
            Kind.UNIQUE, subject=tuple(map(_expression, words.list(4 if nulls else 1))), nulls_not_distinct=nulls
        )
    if words.texts[:1] == ["check"]:
        if words.texts[1:2] != ["("] or words.find(")") != len(words.texts) - 1:
            raise Unread("the condition behind 'check' has to stand in parentheses")
        return Assumption(Kind.CHECK, condition=_expression(words.between(1)))
    if (verb := words.find("exists")) is not None and words.texts[verb + 1 : verb + 2] == ["in"]:
        references, columns = _reference(words.between(verb + 2))
        own = tuple(map(_column, words.list(0, verb)))
        if columns and len(columns) != len(own):
            raise Unread(f"{len(own)} of its own columns cannot exist in {len(columns)} of {references}")
        return Assumption(Kind.EXISTS, subject=own, references=references, referenced_columns=columns)
    if "matches" in words.texts:
        verb = len(words.texts) - 1 - words.texts[::-1].index("matches")
        return Assumption(
            Kind.MATCHES, subject=(_expression(words.between(0, verb)),), condition=_text(words.between(verb + 1))
        )
    guess = _guess(words)
    try:
        condition, node = _parsed(words.text)
    except Unread as error:
        raise Unread(guess or str(error)) from None
    if node_name(node) != "A_Expr" or not _is_range(node):
        raise Unread(guess or "it is none of these forms; any other condition is written as 'check (CONDITION)'")
    # Where no string may hold these words, they are spelled as a sentence is.
    plain = condition if "'" in condition or '"' in condition else condition.lower()
    return Assumption(Kind.IN_RANGE, condition=plain)


def _is_range(node: syntax.Node) -> bool:
    kind = syntax.enum_name("A_Expr_Kind", node.kind)
    return kind in _RANGES and unwrap(node.name[-1]).sval in _COMPARED


def _guess(words: _Words) -> str:
    for text in words.texts:
        near = get_close_matches(text, _KEYWORDS, n=1, cutoff=0.75) if text.isalpha() else []
        if near and near[0] != text:
            return f"did you mean {near[0]!r} by {text!r}?"
    return ""


def _without_reason(text: str) -> tuple[str, str]:
    """The text up to the first colon that no string and no parentheses hold, and what follows it."""
    said = text.strip()
    asked = _NO_ROWS.match(said)
    for mark in _REASON.finditer(said, asked.start("query") if asked else 0):
        try:
            _Words(said[: mark.start()])
        except Unread:
            continue
        return said[: mark.start()].strip(), " ".join(said[mark.end() :].split())
    return said, ""


def _parsed(text: str) -> tuple[str, Any]:
    """An expression in PostgreSQL's own spelling, and its tree."""
    if not text.strip():
        raise Unread("an expression is missing")
    try:
        return syntax.sql_of_expression(f"({text})"), syntax.parse_expression(text)
    except GrammarError as error:
        raise Unread(f"{text!r} is no expression of PostgreSQL: {error.message}") from None


def _expression(text: str) -> str:
    return _parsed(text)[0]


def _column(text: str) -> str:
    node = _parsed(text)[1]
    if node_name(node) != "ColumnRef" or len(node.fields) != 1 or node_name(unwrap(node.fields[0])) != "String":
        raise Unread(f"{text!r} is not the name of a column")
    return str(unwrap(node.fields[0]).sval)


def _text(text: str) -> str:
    node = _parsed(text)[1]
    if node_name(node) != "A_Const" or node.WhichOneof("val") != "sval":
        raise Unread(f"{text!r} is not a regular expression in quotation marks")
    return str(node.sval.sval)


def _table(text: str) -> str:
    try:
        found = syntax.parse(f"SELECT FROM {text}")[0].node.from_clause
    except GrammarError:
        found = []
    named = [unwrap(each) for each in found]
    if len(named) != 1 or node_name(named[0]) != "RangeVar" or named[0].HasField("alias") or named[0].catalogname:
        raise Unread(f"{text!r} is not the name of a table" if text else "the name of a table is missing")
    return ".".join(part for part in (named[0].schemaname, named[0].relname) if part)


def _reference(text: str) -> tuple[str, tuple[str, ...]]:
    words = _Words(text)
    opening = words.find("(")
    if opening is None:
        return _table(text), ()
    inside = _Words(words.between(opening + 1, -1))
    return _table(words.between(0, opening)), tuple(map(_column, inside.list()))


def _query(text: str) -> str:
    query = text.strip().rstrip(";").rstrip()
    try:
        parsed = syntax.parse(query)
    except GrammarError as error:
        raise Unread(f"the query is no SQL of PostgreSQL: {error.message}") from None
    if len(parsed) != 1 or parsed[0].kind not in _HOLDS_QUERY:
        raise Unread("'no rows:' wants one SELECT that returns the rows that break it")
    below = {node_name(each) for each in syntax.walk(parsed[0].node)}
    if below & {"IntoClause", "LockingClause", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}:
        raise Unread("the query behind 'no rows:' may only read")
    return query
