"""The grammar of PostgreSQL, behind one facade.

postgast binds libpg_query, the parser of PostgreSQL 18 itself. This is the only module that imports it, so that it can
be exchanged. Positions of libpg_query are byte offsets into UTF-8; those of this module are character offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
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


class _Offsets:
    """Turns byte offsets into character offsets; free for ASCII."""

    def __init__(self, text: str) -> None:
        self._bytes = None if text.isascii() else text.encode()

    def char(self, byte: int) -> int:
        return byte if self._bytes is None else len(self._bytes[:byte].decode(errors="replace"))


def parse(text: str) -> list[Parsed]:
    """Split and parse a text of SQL.

    :raises GrammarError: if any part of it is no SQL of PostgreSQL 18
    """
    try:
        result = postgast.parse(text)
    except postgast.PgQueryError as error:
        offset = _Offsets(text).char(error.cursorpos - 1) if error.cursorpos else None
        raise GrammarError(error.message, offset) from None
    offsets = _Offsets(text)
    statements = []
    for raw in result.stmts:
        start = raw.stmt_location
        length = raw.stmt_len or len(text.encode()) - start
        name = raw.stmt.WhichOneof("node")
        statements.append(
            Parsed(
                offsets.char(start),
                offsets.char(start + length),
                getattr(raw.stmt, name),
                name.removesuffix("_stmt"),
            )
        )
    return statements


def parse_expression(text: str) -> Node:
    """The tree of one expression, as it stands in a CHECK, a default or a policy.

    :raises GrammarError: if it is no expression of PostgreSQL 18
    """
    statement = parse(f"SELECT ({text})")[0]
    return unwrap(statement.node.target_list[0].res_target.val)


def scan(text: str) -> list[Token]:
    """The tokens of a text, comments included; works on text that is no valid SQL.

    :raises GrammarError: on an unterminated string or comment
    """
    try:
        result = postgast.scan(text)
    except postgast.PgQueryError as error:
        offset = _Offsets(text).char(error.cursorpos - 1) if error.cursorpos else None
        raise GrammarError(error.message, offset) from None
    offsets = _Offsets(text)
    names = postgast.pg_query_pb2.Token
    return [Token(offsets.char(t.start), offsets.char(t.end), names.Name(t.token)) for t in result.tokens]


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
    queue = [unwrap(node)]
    while queue:
        current = queue.pop(0)
        if not isinstance(current, Message):
            continue
        found.append(current)
        for field, value in current.ListFields():
            if field.type != field.TYPE_MESSAGE:
                continue
            children = [value] if isinstance(value, Message) else list(value)
            queue.extend(unwrap(child) for child in children)
    return found


def quote(name: str) -> str:
    """The identifier as SQL writes it: quoted only where it must be."""
    plain = name.isidentifier() and name.isascii() and name == name.lower() and "$" not in name
    if plain:
        try:
            tokens = scan(name)
        except GrammarError:
            tokens = []
        if len(tokens) == 1 and tokens[0].name == "IDENT":
            return name
        # Unreserved keywords (name, status, role, ...) need no quotes either.
        try:
            parse(f"SELECT 1 FROM {name}")
        except GrammarError:
            pass
        else:
            return name
    return '"' + name.replace('"', '""') + '"'
