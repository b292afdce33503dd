"""What exclusion constraints demand of the rows that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.syntax import Node, node_name, quote, unwrap

_ONE, _OTHER = "one", "other"


def compared(constraint: Node) -> Iterator[tuple[Node, str]]:
    """The keys of an exclusion constraint, as index elements, each with the operator that is never to be true."""
    for each in map(unwrap, constraint.exclusions):
        element, names = (unwrap(item) for item in each.items)
        operator = [unwrap(part).sval for part in names.items]
        plain = operator[-1] if len(operator) == 1 else f"operator({'.'.join(operator)})"
        yield element, plain


def apart(keys: Sequence[tuple[str, str]], where: str, table: Table, name: str) -> str | None:
    """The assumption that no two rows are at odds.

    :param keys: SQL over the columns of the table, and its operator
    :param where: of which rows it is said; empty: of all
    :param table: for its primary key
    :param name: what an assumption calls the table
    :returns: None where a part of it cannot be read
    """
    if all(operator == "=" for _, operator in keys):
        return f"unique {', '.join(key for key, _ in keys)} on {name}" + (f" where {where}" if where else "")
    own = [quote(column) for column in table.primary_key.columns] if table.primary_key else ["ctid"]
    first, second = ([f"{alias}.{column}" for column in own] for alias in (_ONE, _OTHER))
    row = "{}" if len(own) == 1 else "({})"
    conditions = [f"{row.format(', '.join(first))} < {row.format(', '.join(second))}"]
    for key, operator in keys:
        conditions.append(f"{_of(key, _ONE)} {operator} {_of(key, _OTHER)}")
    rest = f" where {_of(where, _ONE)} and {_of(where, _OTHER)}" if where else ""
    joined = " and ".join(conditions)
    return f"no rows: select {_ONE}.* from {name} {_ONE} join {name} {_OTHER} on {joined}{rest}"


def between(keys: Sequence[tuple[str, str, str]], where: str, name: str, other: str) -> str:
    """The assumption that no row is at odds with one of another table.

    :param keys: SQL over the columns of the table, the operator, and SQL over those of the other
    :param where: of which rows it is said; empty: of all
    :param name: what an assumption calls the table
    :param other: the same for the other
    """
    joined = " and ".join(f"{_of(own, _ONE)} {operator} {_of(theirs, _OTHER)}" for own, operator, theirs in keys)
    rest = f" where {_of(where, _ONE)}" if where else ""
    return f"no rows: select {_ONE}.* from {name} {_ONE} join {other} {_OTHER} on {joined}{rest}"


def _of(expression: str, alias: str) -> str:
    """An expression over the columns of one of the two rows."""
    holder: Any = syntax.parse(f"SELECT {expression}")[0].node.target_list[0].res_target
    owner: Any = syntax.parse(f"SELECT {alias}.x")[0].node.target_list[0].res_target.val.column_ref.fields[0]
    for each in syntax.walk(holder.val):
        if node_name(each) == "ColumnRef":
            last = type(owner)()
            last.CopyFrom(each.fields[-1])
            del each.fields[:]
            each.fields.extend([owner, last])
    return syntax.sql_of_node(holder.val)
