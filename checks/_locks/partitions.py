"""What a partition's bounds say of its rows, so that a CHECK can say it first, and no row is read under the lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.relations import Table
from migrate_validate.syntax import GrammarError, Node, node_name, parse, quote, unwrap

from .altering import LATER, expression, named, qualified
from .locking import Work

_DEFAULT = "DEFAULT"
_INFINITE = ("minvalue", "maxvalue")


def partition(work: Work, catalog: Catalog | None) -> list[str]:
    """How a partition is added without reading it, or the default partition, under the lock; empty for other work."""
    tree = work.tree
    found = _added(work)
    if tree is None or found is None:
        return []
    parent, table, bound = found
    whole = _table(catalog, parent)
    checks = []
    if table is not None:
        checks.append((qualified(table.schemaname, table.relname), table.relname, _own(catalog, whole, parent, bound)))
    default = _default(catalog, whole, table)
    if default is not None and not bound.is_default:
        condition = _condition(whole, parent, bound)
        name = qualified(default.schema if parent.schemaname else "", default.name)
        checks.append((name, default.name, f"NOT ({condition})" if condition else ""))
    lines = []
    for name, relname, condition in checks:
        if not condition:
            lines.append("-- a CHECK that says what the bounds say, NOT NULL included:")
        constraint = quote(named(relname, [], "bounds"))
        lines.append(f"ALTER TABLE {name} ADD CONSTRAINT {constraint} CHECK ({condition or '...'}) NOT VALID;")
    bounds = [(name, quote(named(relname, [], "bounds"))) for name, relname, _ in checks]
    return [
        *lines,
        LATER,
        *(f"ALTER TABLE {name} VALIDATE CONSTRAINT {constraint};" for name, constraint in bounds),
        "-- then:",
        f"{work.run.statement.sql};",
        *(f"ALTER TABLE {name} DROP CONSTRAINT {constraint};" for name, constraint in bounds),
    ]


def _added(work: Work) -> tuple[Node, Node | None, Node] | None:
    """The partitioned table, the table that becomes a partition where it was there before, and the bounds."""
    tree = work.tree
    for command in work.commands:
        if command.kind == "AT_AttachPartition":
            attached = getattr(command.node, "def").partition_cmd
            return tree.relation, attached.name, attached.bound  # type: ignore[union-attr]
    if work.kind == "create" and tree is not None and tree.HasField("partbound"):
        return tree.inh_relations[0].range_var, None, tree.partbound
    return None


def _own(catalog: Catalog | None, whole: Table | None, parent: Node, bound: Node) -> str:
    """What the rows of a partition are; for the default partition: not those of the others."""
    if not bound.is_default:
        return _condition(whole, parent, bound)
    others = list(_bounds_beside(catalog, whole))
    conditions = [_condition(whole, parent, each) for each in others]
    if not others or not all(conditions):
        return ""
    if others[0].strategy == "l":  # The server looks for all values in one list.
        values = [value for each in others for value in each.listdatums]
        del others[0].listdatums[:]
        others[0].listdatums.extend(values)
        return f"NOT ({_condition(whole, parent, others[0])})"
    return " AND ".join(f"NOT ({condition})" for condition in conditions)


def _bounds_beside(catalog: Catalog | None, whole: Table | None) -> Iterator[Node]:
    for each in catalog.tables if catalog is not None and whole is not None else ():
        if whole is not None and each.partition_of == whole.qualified_name and each.partition_bound != _DEFAULT:
            yield parse(f"CREATE TABLE x PARTITION OF y {each.partition_bound}")[0].node.partbound


def _default(catalog: Catalog | None, whole: Table | None, attached: Node | None) -> Table | None:
    """The default partition that is there."""
    if catalog is None or whole is None:
        return None
    name = attached.relname if attached is not None else ""
    siblings = [each for each in catalog.tables if each.partition_of == whole.qualified_name and each.name != name]
    return next((each for each in siblings if each.partition_bound == _DEFAULT), None)


def _table(catalog: Catalog | None, named_by: Node) -> Table | None:
    for each in catalog.tables if catalog is not None else ():
        if each.name == named_by.relname and named_by.schemaname in ("", each.schema) and each.partition_key:
            return each
    return None


def _condition(whole: Table | None, parent: Node, bound: Node) -> str:
    """The bounds as a condition in SQL, in the form that PostgreSQL compares with; empty where they are not known."""
    keys = _keys(whole)
    if not keys:
        return ""
    if bound.strategy == "h":
        arguments = ", ".join([str(bound.modulus), str(bound.remainder), *keys])
        literal = qualified(parent.schemaname, parent.relname).replace("'", "''")
        return f"satisfies_hash_partition('{literal}'::regclass, {arguments})"
    if bound.strategy == "l":
        return _one_of(keys[0], bound.listdatums)
    lower, upper = ([_value(each) for each in side] for side in (bound.lowerdatums, bound.upperdatums))
    return " AND ".join(_between(keys, lower, upper))


def _keys(whole: Table | None) -> list[str]:
    """The columns and expressions by which a table is partitioned, as SQL."""
    if whole is None or whole.partition_key is None:
        return []
    try:
        elements = parse(f"CREATE TABLE x () PARTITION BY {whole.partition_key}")[0].node.partspec.part_params
    except GrammarError:
        return []
    parts = [each.partition_elem for each in elements]
    return [quote(each.name) if each.name else f"({expression(each.expr)})" for each in parts]


def _one_of(key: str, values: Sequence[Node]) -> str:
    given = [expression(each) for each in values if not unwrap(each).isnull]
    listed = f"{key} = {given[0]}" if len(given) == 1 else f"{key} IN ({', '.join(given)})"
    if len(given) == len(values):
        return f"{key} IS NOT NULL AND {listed}"
    return f"{key} IS NULL OR {listed}" if given else f"{key} IS NULL"


def _value(node: Node) -> str:
    """A bound as SQL; ``minvalue`` or ``maxvalue`` without quotes."""
    value = unwrap(node)
    return unwrap(value.fields[0]).sval.lower() if node_name(value) == "ColumnRef" else expression(node)


def _between(keys: Sequence[str], lower: Sequence[str], upper: Sequence[str]) -> Iterator[str]:
    for key in keys:
        yield f"{key} IS NOT NULL"
    same = 0
    while same < len(keys) and lower[same] == upper[same] and lower[same] not in _INFINITE:
        yield f"{keys[same]} = {lower[same]}"
        same += 1
    yield from _side(keys[same:], lower[same:], ">", "minvalue")
    yield from _side(keys[same:], upper[same:], "<", "maxvalue")


def _side(keys: Sequence[str], values: Sequence[str], strict: str, reaches: str) -> Iterator[str]:
    """One end of a range.

    :param reaches: the infinite value with which a shorter bound includes its last value
    """
    alternatives: list[str] = []
    equal: list[str] = []
    for number, (key, value) in enumerate(zip(keys, values, strict=True)):
        if value in _INFINITE:
            break
        following = values[number + 1] if number + 1 < len(values) else None
        ends = following is None or following in _INFINITE
        includes = ends and (following == reaches or (following is None and strict == ">"))
        alternatives.append(" AND ".join([*equal, f"{key} {strict}{'=' if includes else ''} {value}"]))
        equal.append(f"{key} = {value}")
        if ends:
            break
    if alternatives:
        yield alternatives[0] if len(alternatives) == 1 else f"({' OR '.join(f'({each})' for each in alternatives)})"
