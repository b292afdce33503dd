"""What partitions demand of the rows that are there when they are made or attached."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.catalog.model import Table
from migrate_validate.data.bounds import outside, within
from migrate_validate.data.demand import CHECK, Demand, demand
from migrate_validate.data.names import Names, Sources
from migrate_validate.syntax import Node, enum_name, quote, unwrap


def attached(command: Node, parent: Node, names: Names, sources: Sources) -> Iterator[Demand]:
    """What ATTACH PARTITION demands of the rows of the new partition, and of those of the default one.

    :param command: an AlterTableCmd
    :param parent: the RangeVar of the partitioned table
    """
    about = unwrap(getattr(command, "def"))
    table = names.table(about.name)
    if table is not None:
        condition = belongs(parent, about.bound, names)
        yield from _holds(condition, table, sources)
    yield from _left_by_default(parent, about.bound, names, sources)


def created(node: Node, names: Names) -> Iterator[Demand]:
    """What CREATE TABLE ... PARTITION OF demands of the rows of the default partition.

    :param node: a CreateStmt
    """
    if node.HasField("partbound") and names.table(node.relation) is None:
        sources = Sources(node, names)
        yield from _left_by_default(unwrap(node.inh_relations[0]), node.partbound, names, sources)


def belongs(parent: Node, bound: Node, names: Names) -> str | None:
    """What is true of the rows of a partition, in the names of now; None: it is not known.

    :param parent: the RangeVar of the partitioned table
    """
    key = names.made.key_of(parent)
    if key is None or not _computable(key, parent, names):
        return None
    name = ".".join(quote(each) for each in (parent.schemaname, parent.relname) if each)
    if not bound.is_default:
        return within(key, bound, name)
    others = [
        within(key, each, name, given=True) for each in names.made.bounds_of(parent).values() if not each.is_default
    ]
    return outside(each for each in others if each) if others else None


def has_a_place(parent: Node, names: Names) -> str | None:
    """What is true of the rows that some partition takes; None: it is not known, or one takes all.

    :param parent: the RangeVar of the partitioned table
    """
    bounds = list(names.made.bounds_of(parent).values())
    if any(each.is_default for each in bounds):
        return None
    conditions = [belongs(parent, each, names) for each in bounds]
    if not conditions or None in conditions:
        return None
    return " or ".join(f"({each})" if len(conditions) > 1 else str(each) for each in conditions)


def _left_by_default(parent: Node, bound: Node, names: Names, sources: Sources) -> Iterator[Demand]:
    """The default partition may have no rows that belong into the new one."""
    key = names.made.key_of(parent)
    spelled = ".".join(quote(each) for each in (parent.schemaname, parent.relname) if each)
    known = key is not None and _computable(key, parent, names)
    condition = within(key, bound, spelled, given=True) if known else None
    for name, other in names.made.bounds_of(parent).items():
        table = names.catalog.table(name)
        if condition and other.is_default and table is not None:
            yield from _holds(outside([condition]), table, sources)


def _computable(key: Node, parent: Node, names: Names) -> bool:
    """Whether it can be said before the migration: a hash needs the partitioned table."""
    hashed = enum_name("PartitionStrategy", key.strategy) == "PARTITION_STRATEGY_HASH"
    return not hashed or names.table(parent) is not None


def _holds(condition: str | None, table: Table, sources: Sources) -> Iterator[Demand]:
    """A condition in the names of now, of the rows of a table."""
    old = condition and sources.in_names_of(condition, table)
    if old:
        yield from demand(CHECK, table, f"check ({old}) on {sources.name_of(table)}")
