"""A script of several transactions as if it were one: what it does to rows is the same, and can be taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from migrate_validate import syntax
from migrate_validate.chain.model import Script, Sends, Statement, TransactionMode
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.chain.transactions import runs_alone, transaction_mode

_MAINTAINS = frozenset({"vacuum", "reindex", "cluster", "discard"})
"""Kinds of statements that rows make no difference to, nor they to rows."""
_BOUNDARIES = ("TRANS_STMT_BEGIN", "TRANS_STMT_START", "TRANS_STMT_COMMIT")


def together(script: Script) -> Script | None:
    """The script as one transaction: each statement at its place, without CONCURRENTLY, BEGIN, COMMIT and VACUUM.

    A script that is one transaction comes back as it is.

    :returns: None where it cannot be one, or nothing is known of it
    """
    try:
        own = statements(script)
    except ScriptError:
        return None
    if transaction_mode(own, script.sends)[0] is TransactionMode.FILE:
        return script
    starts = list(accumulate((len(line) for line in script.text.splitlines(keepends=True)), initial=0))
    text = script.text
    for each in own:
        changed = _inside(each, own)
        place = each.location
        if changed is None or place.file != script.file or place.line is None or place.column is None:
            return None
        start = starts[place.line - 1] + place.column - 1
        if text[start : start + len(each.sql)] != each.sql:
            return None
        text = text[:start] + changed + text[start + len(each.sql) :]
    return replace(script, text=text, sends=Sends.AS_NEEDED)


def _inside(statement: Statement, own: Sequence[Statement]) -> str | None:
    """The statement as it can stand in a transaction, of the same length; None where it cannot."""
    if statement.kind == "transaction":
        node = syntax.parse(statement.sql)[0].node
        kind = syntax.enum_name("TransactionStmtKind", node.kind)
        return _blank(statement.sql) if kind in _BOUNDARIES else None
    if not runs_alone(statement):
        # A label that is added and used would have to be committed in between.
        return statement.sql if statement.kind != "alter_enum" or statement is own[-1] else None
    if statement.kind in _MAINTAINS:
        return _blank(statement.sql)
    words = [token for token in syntax.scan(statement.sql) if token.name == "CONCURRENTLY"]
    if not words:
        return None
    word = words[0]
    return statement.sql[: word.start] + " " * (word.end - word.start) + statement.sql[word.end :]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
