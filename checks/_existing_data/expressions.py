"""What an expression of a migration does to the value of a column: carries it, casts or cuts it, or makes another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from migrate_validate.syntax import GrammarError, Node, enum_name, node_name, parse, sql_of, unwrap, walk

CUTTING = frozenset(
    ("timezone", "left", "right", "substr", "substring", "round", "trunc", "floor", "ceil", "ceiling", "date_trunc")
)
"""Functions that keep a part of a value, or shift it: what they leave can be measured against what it was."""


class Way(StrEnum):
    """How the value of an expression comes about."""

    CARRIED = "carried"
    """It is the value of one column."""
    CAST = "cast"
    """It is the value of one column, cast to another type or cut."""
    CONSTANT = "constant"
    """No column is asked."""
    COMPUTED = "computed"
    """Anything else: what the migration says in so many words."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The column of a table that a value comes from."""

    table: str
    """Its identity, see :class:`.deeds.Words`."""
    column: str
    """Its identity."""
    way: Way


def referred(expression: Node) -> tuple[Node | None, Way]:
    """The ``ColumnRef`` whose value an expression gives, and in which way; None where it is not that of one column."""
    node = unwrap(expression)
    match node_name(node):
        case "ColumnRef":
            return node, Way.CARRIED
        case "CollateClause":
            return referred(node.arg)
        case "TypeCast":
            found, way = referred(node.arg)
            return found, Way.CAST if found is not None else way
        case "FuncCall" if unwrap(node.funcname[-1]).sval in CUTTING:
            found = next((ref for ref, _ in map(referred, node.args) if ref is not None), None)
            if found is not None:
                return found, Way.CAST
    columns = any(node_name(each) in ("ColumnRef", "SubLink") for each in walk(node))
    return None, Way.COMPUTED if columns else Way.CONSTANT


def strings(expression: Node) -> Iterator[str]:
    """The texts that stand in an expression as constants."""
    return (each.sval.sval for each in walk(expression) if node_name(each) == "A_Const" and each.HasField("sval"))


def functions(expression: Node) -> Iterator[str]:
    """The bare names of the functions that it calls."""
    return (unwrap(each.funcname[-1]).sval for each in walk(expression) if node_name(each) == "FuncCall")


def operators(expression: Node) -> Iterator[str]:
    """The operators that it uses."""
    return (unwrap(each.name[-1]).sval for each in walk(expression) if node_name(each) == "A_Expr" and each.name)


def speaks_of_null(expression: Node) -> bool:
    """Whether it says in so many words that the value may be NULL: by the constant, or by ``NULLIF``."""
    return any(
        (node_name(each) == "A_Const" and each.isnull)
        or (node_name(each) == "A_Expr" and enum_name("A_Expr_Kind", each.kind) == "AEXPR_NULLIF")
        for each in walk(expression)
    )


def columns_of(expression: Node) -> Iterator[tuple[str, str]]:
    """Qualifier, which may be empty, and name of the columns that it mentions."""
    for each in walk(expression):
        if node_name(each) == "ColumnRef":
            parts = [unwrap(part) for part in each.fields]
            if node_name(parts[-1]) == "String":
                yield parts[-2].sval if len(parts) > 1 else "", parts[-1].sval


def conjuncts(condition: Node | None) -> list[Node]:
    """The parts of a condition that all have to hold."""
    node = unwrap(condition) if condition is not None else None
    if node is None:
        return []
    if (
        node_name(node) == "BoolExpr"
        and node.boolop == node.DESCRIPTOR.fields_by_name["boolop"].enum_type.values_by_name["AND_EXPR"].number
    ):
        return [part for each in node.args for part in conjuncts(each)]
    return [node]


def text_of(expression: Node) -> str:
    """The expression as SQL."""
    select = parse("SELECT 1")[0].node
    target = select.target_list[0].res_target.val
    own = node_name(unwrap(expression))
    field = next(each.name for each in target.DESCRIPTOR.fields if each.message_type and each.message_type.name == own)
    getattr(target, field).CopyFrom(unwrap(expression))
    try:
        return sql_of(select).removeprefix("SELECT ")
    except GrammarError:
        return "..."


def renamed(names: Mapping[str, str], column: str) -> str:
    """The name that a column has by now."""
    return names.get(column, column)
