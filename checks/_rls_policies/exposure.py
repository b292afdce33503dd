"""What can be reached from outside past row level security."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.findings import Finding, NotApplicable, Result

from .._shared import quoted
from .reach import Reach, told


def tables_without_rls(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Tables that are reached and have no row level security, those left out that a guarded table is above."""
    for table in catalog.tables:
        if table.kind == "foreign table" or table.row_security or guarded_above(catalog, table):
            continue
        privileges = reach.privileges(table.qualified_name)
        if privileges:
            part = f", a partition of {table.partition_of}," if table.partition_of else ""
            yield Finding(
                f"{table.qualified_name}{part} can be reached without row level security ({told(privileges)})",
                object=table.qualified_name,
                evidence={"privileges": {role: list(granted) for role, granted in privileges.items()}},
                fix=_enable(table),
            )


def children_without_rls(reach: Reach, catalog: Catalog) -> Iterator[Result]:
    """Partitions and children by inheritance that are reached past the policies of the table above them."""
    children = [table for table in catalog.tables if guarded_above(catalog, table)]
    if not children:
        yield NotApplicable("no table with row level security has a partition or a child")
    for table in children:
        privileges = reach.privileges(table.qualified_name)
        above = guarded_above(catalog, table)
        if privileges and above and not table.row_security and table.kind != "foreign table":
            what = "a partition of" if table.partition_of else "inherits from"
            yield Finding(
                f"{table.qualified_name} ({what} {above}) can be reached by itself, where the policies of {above} "
                f"do not hold ({told(privileges)})",
                object=table.qualified_name,
                evidence={"above": above, "privileges": {role: list(granted) for role, granted in privileges.items()}},
                fix=_enable(table),
            )


def guarded_above(catalog: Catalog, table: Table) -> str | None:
    """The nearest table above a partition or child that has row level security."""
    above = [name for name in (table.partition_of, *table.inherits) if name]
    seen: set[str] = set()
    while above:
        name = above.pop(0)
        parent = catalog.whole.table(name)
        if parent is None or name in seen:
            continue
        if parent.row_security:
            return name
        seen.add(name)
        above += [each for each in (parent.partition_of, *parent.inherits) if each]
    return None


def _enable(table: Table) -> str:
    return f"ALTER TABLE {quoted(table.qualified_name)} ENABLE ROW LEVEL SECURITY;"
