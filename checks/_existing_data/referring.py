"""What a statement takes for granted that deletes rows, or changes their keys, where others refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Constraint, Table
from migrate_validate.data.names import Sources
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import Node, node_name, quote, unwrap

_CLEARS = ("set null", "set default")


def still_referred(node: Node, sources: Sources, failure: Failure) -> Iterator[str | None]:
    """The rows that refer to those that go, best first.

    :param node: a DeleteStmt or an UpdateStmt
    """
    target = sources.names.table(node.relation)
    child = _child(failure, sources)
    if target is None or child is None:
        return
    name = sources.name_of(child)
    for key in child.foreign_keys:
        if failure.constraint not in (None, key.name):
            continue
        if failure.constraint is None and (key.on_delete not in _CLEARS or failure.column not in key.columns):
            continue
        going = _going(key, target, node, sources, ())
        if going is None:
            continue
        own = [quote(column) for column in key.columns]
        listed = own[0] if len(own) == 1 else f"({', '.join(own)})"
        if " where " not in going and len(own) == 1:
            yield f"check ({listed} is null) on {name}"
        yield f"no rows: select * from {name} where {listed} in ({going})"


def _child(failure: Failure, sources: Sources) -> Table | None:
    if not failure.table:
        return None
    found = sources.names.catalog.table(f"{failure.schema or 'public'}.{failure.table}")
    if found is not None:
        return found
    relation: Any = syntax.parse(f"SELECT FROM {quote(failure.table)}")[0].node.from_clause[0]
    return sources.names.table(unwrap(relation))


def _going(key: Constraint, target: Table, node: Node, sources: Sources, seen: Sequence[str]) -> str | None:
    """The keys of the rows that go and that a foreign key refers to, as a query; None: none of them goes.

    :param seen: the tables that were looked at on the way
    """
    if key.references == target.qualified_name:
        return _gone(key.referenced_columns, node, sources)
    middle = sources.names.catalog.table(key.references or "")
    if middle is None or middle.qualified_name in seen:
        return None
    for above in middle.foreign_keys:
        if above.on_delete == "cascade":
            rest = _going(above, target, node, sources, (*seen, middle.qualified_name))
            if rest is not None:
                mine = ", ".join(map(quote, above.columns))
                where = f"{mine if len(above.columns) == 1 else f'({mine})'} in ({rest})"
                listed = ", ".join(map(quote, key.referenced_columns))
                return f"select {listed} from {sources.name_of(middle)} where {where}"
    return None


def _gone(columns: Sequence[str], node: Node, sources: Sources) -> str | None:
    """The keys of the rows that a statement deletes, or gives other keys."""
    more = list(node.using_clause if node_name(node) == "DeleteStmt" else node.from_clause)
    relations = [sources.from_clause(unwrap(each)) if node_name(unwrap(each)) == "RangeVar" else None for each in more]
    own = sources.from_clause(node.relation)
    if own is None or None in relations:
        return None
    alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
    keys = [f"{quote(alias)}.{quote(each)}" if more else quote(each) for each in columns]
    conditions: list[str | None] = []
    if node.HasField("where_clause"):
        conditions.append(sources.sql(node.where_clause, qualified=bool(more)))
    if node_name(node) == "UpdateStmt" and not node.HasField("where_clause"):
        conditions += [_changed(columns, node, sources)]
    if None in conditions:
        return None
    where = " and ".join(f"({each})" if len(conditions) > 1 else str(each) for each in conditions)
    listed = ", ".join([own, *map(str, relations)])
    return f"select {', '.join(keys)} from {listed}" + (f" where {where}" if where else "")


def _changed(columns: Sequence[str], node: Node, sources: Sources) -> str | None:
    """Which rows get another key."""
    found = []
    table = sources.names.table(node.relation)
    for each in map(unwrap, node.target_list):
        old = sources.names.column(table, each.name) if table else None
        if old in columns:
            value = sources.sql(each.val, qualified=bool(node.from_clause))
            if value is None:
                return None
            alias = f"{quote(node.relation.relname)}." if node.from_clause else ""
            found.append(f"{alias}{quote(old or '')} is distinct from {value}")
    return " or ".join(found) or None
