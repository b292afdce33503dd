"""Whether a statement about rows looks for some of a table by a key, or needs them all."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from migrate_validate.syntax import Node, node_name, unwrap, walk

from .._shared import enum_name

_SOURCES = {
    "SelectStmt": ("from_clause",),
    "UpdateStmt": ("relation", "from_clause"),
    "DeleteStmt": ("relation", "using_clause"),
}
"""Statements with conditions, and where their tables stand."""


def by_key(tree: Node, relation: str, keys: Collection[str]) -> bool:
    """Whether each place that names the table asks for some value of one of these columns.

    Then an index finds the rows once the table is large, whatever the server does while it is small.

    :param relation: ``schema.name``
    :param keys: the columns that its indexes begin with
    """
    places = [(node, names) for node in walk(tree) if (names := _names(node, relation))]
    return bool(places) and all(
        any(_asks(condition, names, keys) for condition in _conditions(node.where_clause)) for node, names in places
    )


def _names(node: Node, relation: str) -> set[str]:
    """What the table is called in this statement; empty where it is no source of it."""
    schema, _, name = relation.partition(".")
    return {
        source.alias.aliasname if source.HasField("alias") else name
        for field in _SOURCES.get(node_name(node), ())
        for source in _sources(getattr(node, field))
        if source.relname == name and source.schemaname in ("", schema)
    }


def _sources(value: Node) -> Iterator[Node]:
    """The tables of a FROM clause, those of joins too, those of subqueries not."""
    for each in [value] if hasattr(value, "DESCRIPTOR") else value:
        node = unwrap(each)
        if node_name(node) == "RangeVar":
            yield node
        elif node_name(node) == "JoinExpr":
            yield from _sources([node.larg, node.rarg])


def _conditions(clause: Node) -> Iterator[Node]:
    """The conditions that all hold."""
    node = unwrap(clause)
    if node_name(node) == "BoolExpr" and enum_name(node, "boolop") == "AND_EXPR":
        for each in node.args:
            yield from _conditions(each)
    elif node is not None:
        yield node


def _asks(condition: Node, names: Collection[str], keys: Collection[str]) -> bool:
    """Whether it says that a key has some value, which hangs on no other column of the statement."""
    if node_name(condition) != "A_Expr" or [each.string.sval for each in condition.name] != ["="]:
        return False
    sides = (unwrap(condition.lexpr), unwrap(condition.rexpr))
    return any(_is_key(one, names, keys) and not _columns(other) for one, other in (sides, sides[::-1]))


def _is_key(node: Node, names: Collection[str], keys: Collection[str]) -> bool:
    if node_name(node) != "ColumnRef":
        return False
    parts = [unwrap(each) for each in node.fields]
    if any(node_name(part) != "String" for part in parts):
        return False
    *qualifier, column = [part.sval for part in parts]
    return column in keys and (not qualifier or qualifier[-1] in names)


def _columns(node: Node) -> bool:
    return any(node_name(each) == "ColumnRef" for each in walk(node))
