"""The order in which tables can be filled, parents first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Constraint, Table


@dataclass(frozen=True, slots=True)
class FillOrder:
    """Tables in the order of their foreign keys."""

    tables: tuple[Table, ...]
    broken: Mapping[str, frozenset[str]]
    """By table the foreign keys that point at a later table, because the tables refer to each other in a circle."""

    def unbound(self, table: Table) -> frozenset[str]:
        """The table's broken keys."""
        return self.broken.get(table.qualified_name, frozenset())


def fill_order(catalog: Catalog, names: Collection[str] | None = None) -> FillOrder:
    """Sort tables so that each follows those that it refers to.

    A circle is broken at a key that may be NULL, else at a deferrable one, else anywhere. Partitions are left out (they
    are filled through their table), and so are foreign tables.

    :param names: ``schema.name`` of the tables, all of the catalog's by default; names that it lacks are passed over
    """
    waiting = {
        table.qualified_name: table
        for table in catalog.tables
        if table.partition_of is None
        and table.kind != "foreign table"
        and (names is None or table.qualified_name in names)
    }
    broken: dict[str, set[str]] = {}
    ordered: list[Table] = []
    while waiting:
        ready = [name for name, table in waiting.items() if not _open_keys(table, waiting, broken)]
        if not ready:
            name, keys = _weakest(waiting, broken)
            broken.setdefault(name, set()).update(key.name for key in keys)
            continue
        ordered += [waiting.pop(name) for name in ready]
    return FillOrder(tuple(ordered), {name: frozenset(keys) for name, keys in broken.items()})


def nullable_key(table: Table, key: Constraint) -> bool:
    """Whether a row may leave the foreign key NULL."""
    primary = table.primary_key.columns if table.primary_key else ()
    free = [
        (column := table.column(name)) is not None and not column.not_null and name not in primary
        for name in key.columns
    ]
    return all(free) if key.match == "full" else any(free)


def ancestors(catalog: Catalog, names: Collection[str]) -> frozenset[str]:
    """These tables and all that their foreign keys lead to."""
    found: set[str] = set()
    queue = list(names)
    tables = catalog.tables_by_name
    while queue:
        name = queue.pop()
        if name in found or name not in tables:
            continue
        found.add(name)
        queue += [key.references for key in tables[name].foreign_keys if key.references]
    return frozenset(found)


def _open_keys(table: Table, waiting: Mapping[str, Table], broken: Mapping[str, Collection[str]]) -> list[Constraint]:
    name = table.qualified_name
    return [
        key
        for key in table.foreign_keys
        if key.references != name and key.references in waiting and key.name not in broken.get(name, ())
    ]


def _weakest(waiting: Mapping[str, Table], broken: Mapping[str, Collection[str]]) -> tuple[str, list[Constraint]]:
    """The table of a circle whose open keys are the easiest to do without."""

    def weight(name: str) -> tuple[int, str]:
        table = waiting[name]
        keys = [key for key in _open_keys(table, waiting, broken) if not nullable_key(table, key)]
        return (0 if not keys else 1 if all(key.deferrable for key in keys) else 2), name

    circle = [name for name in waiting if name in _reached(name, waiting, broken)]
    name = min(circle, key=weight)
    return name, _open_keys(waiting[name], waiting, broken)


def _reached(start: str, waiting: Mapping[str, Table], broken: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    queue = [start]
    while queue:
        for key in _open_keys(waiting[queue.pop()], waiting, broken):
            if key.references and key.references not in found:
                found.add(key.references)
                queue.append(key.references)
    return found


def partitions(catalog: Catalog, table: Table) -> list[Table]:
    """The partitions of a table, and theirs."""
    own = [part for part in catalog.tables if part.partition_of == table.qualified_name]
    return [*own, *(below for part in own for below in partitions(catalog, part))]
