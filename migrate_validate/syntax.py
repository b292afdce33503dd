"""The grammar of PostgreSQL, behind one facade.

postgast binds libpg_query, the parser of PostgreSQL 18 itself. This is the only module that imports it, so that it can
be exchanged. Positions of libpg_query are byte offsets into UTF-8; those of this module are character offsets.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import postgast
from google.protobuf.message import Message

Node = Any
"""A node of the parse tree: a protobuf message named and shaped like PostgreSQL's own (``CreateStmt``, ...)."""


class GrammarError(Exception):
    """The text is no SQL of PostgreSQL 18.

    ``offset`` is the 0-based character at which the parser stopped, or None where it did not say.
    """

    def __init__(self, message: str, offset: int | None) -> None:
        """Keep the parser's message and place."""
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement of a text: where it stands and its tree."""

    start: int
    """0-based offset of its first character, comments before it not included."""
    end: int
    """Offset after its last character, the semicolon not included."""
    node: Node
    """Its statement node, for example a ``CreateStmt``."""
    kind: str
    """The node's name in snake case without ``_stmt``, for example ``create`` or ``alter_table``."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a text."""

    start: int
    end: int
    name: str
    """libpg_query's name: ``IDENT``, ``SCONST``, ``ASCII_59`` for a semicolon, ``SQL_COMMENT``, ``C_COMMENT``, ..."""

    @property
    def comment(self) -> bool:
        """Whether it says nothing to PostgreSQL."""
        return self.name in ("SQL_COMMENT", "C_COMMENT")


class _Offsets:
    """Turns byte offsets into character offsets: free for ASCII, and one pass over the text for offsets that ascend."""

    def __init__(self, text: str) -> None:
        self._bytes = b"" if text.isascii() else text.encode()
        self.size = len(self._bytes) or len(text)
        self._byte = 0
        self._char = 0

    def char(self, byte: int) -> int:
        if not self._bytes:
            return byte
        if byte < self._byte:
            self._byte = self._char = 0
        self._char += len(self._bytes[self._byte : byte].decode(errors="replace"))
        self._byte = byte
        return self._char


def _grammar_error(error: postgast.PgQueryError) -> GrammarError:
    # Unlike all other positions of libpg_query, that of an error is counted in characters.
    return GrammarError(error.message, error.cursorpos - 1 if error.cursorpos else None)


def parse(text: str) -> list[Parsed]:
    """Split and parse a text of SQL.

    :raises GrammarError: if any part of it is no SQL of PostgreSQL 18
    """
    _refuse_nul(text)
    try:
        result = postgast.parse(text)
    except postgast.PgQueryError as error:
        raise _grammar_error(error) from None
    offsets = _Offsets(text)
    statements = []
    for raw in result.stmts:
        start = raw.stmt_location
        end = start + raw.stmt_len if raw.stmt_len else offsets.size
        name = raw.stmt.WhichOneof("node")
        statements.append(
            Parsed(offsets.char(start), offsets.char(end), getattr(raw.stmt, name), name.removesuffix("_stmt"))
        )
    return statements


def _refuse_nul(text: str) -> None:
    """libpg_query reads a C string: it would silently stop at a NUL."""
    if "\0" in text:
        raise GrammarError("a NUL character cannot stand in SQL", text.index("\0"))


def parse_expression(text: str) -> Node:
    """The tree of one expression, as it stands in a CHECK, a default or a policy.

    :raises GrammarError: if it is no expression of PostgreSQL 18
    """
    statement = parse(f"SELECT ({text})")[0]
    return unwrap(statement.node.target_list[0].res_target.val)


def sql_of(statement: Node) -> str:
    """The SQL of a statement's tree, in PostgreSQL's own spelling, without a semicolon.

    :raises GrammarError: if the tree is no statement
    """
    result = postgast.pg_query_pb2.ParseResult()
    getattr(result.stmts.add().stmt, _FIELDS[node_name(statement)]).CopyFrom(statement)
    try:
        return str(postgast.deparse(result))
    except postgast.PgQueryError as error:
        raise _grammar_error(error) from None


def sql_of_expression(text: str) -> str:
    """An expression in PostgreSQL's own spelling, without the parentheses that mean nothing.

    :raises GrammarError: if it is no expression of PostgreSQL 18
    """
    return _trimmed(sql_of(parse(f"SELECT {text}")[0].node).removeprefix("SELECT "))


def sql_of_node(expression: Node) -> str:
    """The SQL of an expression's tree, as it stands in a field of another node.

    :raises GrammarError: if the tree is no expression
    """
    select = parse("SELECT NULL")[0].node
    select.target_list[0].res_target.val.CopyFrom(expression)
    return _trimmed(sql_of(select).removeprefix("SELECT "))


def _trimmed(text: str) -> str:
    """The same text, where TRIM is spelled as people do: ``trim(a)`` for ``TRIM (BOTH  FROM a)``."""
    if "TRIM (" not in text:
        return text
    tokens = scan(text)
    names = [each.name for each in tokens]
    for place in reversed(range(len(tokens) - 3)):
        if names[place] == "TRIM" and names[place + 1] == "ASCII_40":
            side = text[tokens[place + 2].start : tokens[place + 2].end].lower()
            plain = names[place + 2 : place + 4] == ["BOTH", "FROM"]
            rest = tokens[place + (4 if plain else 3)].start
            text = f"{text[: tokens[place].start]}trim({'' if plain else f'{side} '}{text[rest:]}"
    return text


def parse_block(text: str) -> Any:
    """The PL/pgSQL of a DO statement or CREATE FUNCTION, as libpg_query gives it: lists and dictionaries.

    :raises GrammarError: if it is no PL/pgSQL
    """
    _refuse_nul(text)
    try:
        return postgast.parse_plpgsql(text)
    except postgast.PgQueryError as error:
        raise _grammar_error(error) from None
    except ValueError:
        # What libpg_query writes for some trigger functions is no JSON.
        raise GrammarError("the parser cannot tell what is inside", None) from None


def scan(text: str) -> list[Token]:
    """The tokens of a text, comments included; works on text that is no valid SQL.

    :raises GrammarError: on an unterminated string or comment
    """
    result = _scan(text)
    offsets = _Offsets(text)
    # A character that stands nowhere in SQL is a token without a name of its own.
    return [
        Token(offsets.char(t.start), offsets.char(t.end), _TOKENS.get(t.token, f"ASCII_{t.token}"))
        for t in result.tokens
    ]


def without_comments(text: str) -> str:
    """The same text with a blank for each comment; all of it where it ends inside a string or comment."""
    try:
        tokens = scan(text)
    except GrammarError:
        return text
    parts: list[str] = []
    position = 0
    for token in tokens:
        if token.comment:
            parts.append(text[position : token.start])
            position = token.end
    return " ".join([*parts, text[position:]])


def _scan(text: str) -> Any:
    _refuse_nul(text)
    try:
        return postgast.scan(text)
    except postgast.PgQueryError as error:
        raise _grammar_error(error) from None


def unwrap(node: Node) -> Node:
    """The message inside a generic ``Node``: ``node.column_ref`` and the like without naming the field."""
    if isinstance(node, Message) and node.DESCRIPTOR.name == "Node":
        name = node.WhichOneof("node")
        return getattr(node, name) if name else None
    return node


def node_name(node: Node) -> str:
    """The type of a node by PostgreSQL's name: ``ColumnRef``, ``FuncCall``, ``A_Const``, ..."""
    return str(node.DESCRIPTOR.name) if isinstance(node, Message) else ""


def walk(node: Node) -> list[Node]:
    """The node and everything below it, each unwrapped, parents before their children."""
    found: list[Node] = []
    queue = deque([unwrap(node)])
    while queue:
        current = queue.popleft()
        if not isinstance(current, Message):
            continue
        found.append(current)
        for field, value in current.ListFields():
            if field.type != field.TYPE_MESSAGE:
                continue
            children = [value] if isinstance(value, Message) else list(value)
            queue.extend(unwrap(child) for child in children)
    return found


def enum_name(enum: str, number: int) -> str:
    """The name of an enumerated value: ``enum_name("ObjectType", node.rename_type)`` is ``OBJECT_TABLE``, say."""
    return str(getattr(postgast.pg_query_pb2, enum).Name(number))


@lru_cache(maxsize=8192)
def quote(name: str) -> str:
    """The identifier as SQL writes it: quoted only where it must be, by the rule of PostgreSQL's ``quote_ident``."""
    if _PLAIN.fullmatch(name):
        tokens = _scan(name).tokens
        kinds = postgast.pg_query_pb2.KeywordKind
        free = (kinds.Value("NO_KEYWORD"), kinds.Value("UNRESERVED_KEYWORD"))
        if len(tokens) == 1 and tokens[0].keyword_kind in free:
            return name
    return '"' + name.replace('"', '""') + '"'


_FIELDS = {
    field.message_type.name: field.name for field in postgast.pg_query_pb2.Node.DESCRIPTOR.fields if field.message_type
}
"""The field of a generic ``Node`` by the type of what it holds."""
_TOKENS: dict[int, str] = {number: name for name, number in postgast.pg_query_pb2.Token.items()}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
