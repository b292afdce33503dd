"""Which rows belong into a partition, as conditions that people can read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from migrate_validate import syntax
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

_ENDS = ("minvalue", "maxvalue")
_COMPARED = {
    ("lower", ""): ">=",
    ("lower", "minvalue"): ">=",
    ("lower", "maxvalue"): ">",
    ("upper", ""): "<",
    ("upper", "minvalue"): "<",
    ("upper", "maxvalue"): "<=",
}
"""How a key compares with a bound, by the word that follows the values of the bound."""


def key_node(key: str) -> Node:
    """The tree of a partition key.

    :param key: as pg_get_partkeydef() prints it: ``RANGE (created_at)``
    """
    node: Any = syntax.parse(f"CREATE TABLE t (a int) PARTITION BY {key}")[0].node
    return node.partspec


def bound_node(bound: str) -> Node:
    """The tree of a partition's bound.

    :param bound: as pg_get_expr() prints it: ``FOR VALUES FROM (0) TO (10)``
    """
    node: Any = syntax.parse(f"CREATE TABLE t PARTITION OF p {bound}")[0].node
    return node.partbound


def within(key: Node, bound: Node, parent: str, *, given: bool = False) -> str | None:
    """What is true of each row that belongs into a partition, and false of all others.

    :param key: a PartitionSpec
    :param bound: a PartitionBoundSpec; None is returned for DEFAULT
    :param parent: the name of the partitioned table, as SQL
    :param given: leave out that keys are not NULL: then it is NULL for these
    """
    if bound.is_default:
        return None
    keys = [_text(unwrap(each)) for each in key.part_params]
    match enum_name("PartitionStrategy", key.strategy):
        case "PARTITION_STRATEGY_RANGE":
            parts = [] if given else [f"{each} is not null" for each in keys]
            parts += _side(keys, bound.lowerdatums, "lower") + _side(keys, bound.upperdatums, "upper")
            return " and ".join(parts)
        case "PARTITION_STRATEGY_LIST":
            return _listed(keys[0], [syntax.sql_of_node(each) for each in bound.listdatums], given=given)
        case _:
            name = parent.replace("'", "''")
            listed = ", ".join(keys)
            return f"satisfies_hash_partition('{name}'::regclass, {bound.modulus}, {bound.remainder}, {listed})"


def outside(conditions: Iterable[str]) -> str:
    """What is not false for each row that meets none of these.

    :param conditions: NULL for rows whose keys are NULL, unless they meet it
    """
    return " and ".join(f"not ({each})" for each in conditions)


def _text(element: Node) -> str:
    if element.HasField("expr"):
        text = syntax.sql_of_node(element.expr)
        return text if node_name(unwrap(element.expr)) == "FuncCall" else f"({text})"
    return quote(element.name)


def _side(keys: Sequence[str], datums: Any, side: str) -> list[str]:
    values: list[str] = []
    end = ""
    for each in datums:
        name = unwrap(each)
        word = unwrap(name.fields[-1]).sval if node_name(name) == "ColumnRef" else ""
        if word in _ENDS:
            end = word
            break
        values.append(syntax.sql_of_node(each))
    if not values:
        return []
    sign = _COMPARED[side, end]
    if len(values) == 1:
        return [f"{keys[0]} {sign} {values[0]}"]
    return [f"({', '.join(keys[: len(values)])}) {sign} ({', '.join(values)})"]


def _listed(key: str, values: Sequence[str], *, given: bool) -> str:
    others = [each for each in values if each.upper() != "NULL"]
    listed = f"{key} = {others[0]}" if len(others) == 1 else f"{key} in ({', '.join(others)})"
    if len(others) == len(values):
        return listed if given else f"{key} is not null and {listed}"
    return f"({key} is null or {listed})" if others else f"{key} is null"
