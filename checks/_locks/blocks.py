"""The statements inside of a DO block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from migrate_validate.syntax import GrammarError, node_name, parse, parse_block, parse_expression, walk

_BRANCHES = frozenset({"PLpgSQL_stmt_if", "PLpgSQL_stmt_case", "PLpgSQL_stmt_loop", "PLpgSQL_stmt_while",
                       "PLpgSQL_stmt_fori", "PLpgSQL_stmt_fors", "PLpgSQL_stmt_forc", "PLpgSQL_stmt_foreach_a",
                       "PLpgSQL_stmt_dynfors", "PLpgSQL_exception"})  # fmt: skip
"""Statements of PL/pgSQL that run others under a condition, or again and again."""


@dataclass(frozen=True, slots=True)
class Inner:
    """One SQL statement of a block."""

    sql: str
    """As it stands there; for a text that the block puts together, the expression that does."""
    kind: str
    """The parser's name for it; empty where it is put together, or uses variables of the block."""
    conditional: bool
    """Whether it runs under a condition, or in a loop."""


def inner_statements(sql: str) -> tuple[Inner, ...]:
    """The statements of a DO block, in order; none where its language is not PL/pgSQL.

    :param sql: the DO statement
    """
    try:
        blocks = parse_block(sql)
    except GrammarError:
        return ()
    found: list[Inner] = []
    for block in blocks:
        body = block.get("PLpgSQL_function", {})
        variables = {
            name for datum in body.get("datums", ()) for each in datum.values() if (name := each.get("refname"))
        } - {"found"}
        found += _below(body.get("action", {}), variables, conditional=False)
    return tuple(found)


def _below(node: Any, variables: set[str], *, conditional: bool) -> Iterator[Inner]:
    if isinstance(node, list):
        for each in node:
            yield from _below(each, variables, conditional=conditional)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("PLpgSQL_stmt_execsql", "PLpgSQL_stmt_perform"):
                yield _statement(_query(value, "sqlstmt") or _query(value, "expr"), variables, conditional)
            elif name == "PLpgSQL_stmt_dynexecute":
                yield _executed(_query(value, "query"), conditional)
            else:
                yield from _below(value, variables, conditional=conditional or name in _BRANCHES)


def _query(value: Mapping[str, Any], field: str) -> str:
    return str(value.get(field, {}).get("PLpgSQL_expr", {}).get("query", "")).strip()


def _statement(sql: str, variables: set[str], conditional: bool) -> Inner:
    try:
        parsed = parse(sql)[0]
    except (GrammarError, IndexError):
        return Inner(sql, "", conditional)
    names = {
        part.string.sval
        for each in walk(parsed.node)
        if node_name(each) == "ColumnRef"
        for part in each.fields
        if part.WhichOneof("node") == "string"
    }
    return Inner(sql, parsed.kind if names.isdisjoint(variables) else "", conditional)


def _executed(query: str, conditional: bool) -> Inner:
    """What EXECUTE runs, where it is one text."""
    try:
        literal = parse_expression(query)
        text = literal.sval.sval if node_name(literal) == "A_Const" else ""
        parsed = parse(text)
    except GrammarError:
        return Inner(query, "", conditional)
    if len(parsed) != 1:
        return Inner(query, "", conditional)
    return Inner(text[parsed[0].start : parsed[0].end], parsed[0].kind, conditional)
