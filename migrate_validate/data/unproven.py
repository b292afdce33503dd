"""Constraints that are NOT VALID: rows that were there before them may break them, though no new row may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.data.assuming import sql_name
from migrate_validate.syntax import quote

Unproven = Mapping[str, tuple[Constraint, ...]]
"""By ``schema.name`` of a table: its constraints that rows may break, as they were there before."""


def unproven(catalog: Catalog) -> Unproven:
    """The constraints of all tables that were added NOT VALID, and were not validated since.

    Those that a table has from another one are left out, as they cannot be dropped from it alone.
    """
    found = {table.qualified_name: tuple(filter(_is_unproven, table.constraints)) for table in catalog.tables}
    return {name: constraints for name, constraints in found.items() if constraints}


def without(catalog: Catalog, constraints: Unproven) -> Catalog:
    """The schema as it was before these constraints."""
    if not constraints:
        return catalog
    return replace(
        catalog, tables=tuple(_without(table, constraints.get(table.qualified_name, ())) for table in catalog.tables)
    )


def restored(table: Table, constraints: Unproven) -> Table:
    """A table of such a schema with its constraints."""
    own = constraints.get(table.qualified_name, ())
    return replace(table, constraints=(*table.constraints, *own)) if own else table


def drops(constraints: Unproven, tables: Mapping[str, Table]) -> list[str]:
    """Statements that take constraints away from some of the tables."""
    return [
        f"ALTER TABLE {sql_name(tables[name])} DROP CONSTRAINT {quote(constraint.name)}"
        for name, own in constraints.items()
        for constraint in own
        if name in tables
    ]


def adds(constraints: Unproven, tables: Mapping[str, Table]) -> list[str]:
    """Statements that put them back, as they were: NOT VALID."""
    return [
        f"ALTER TABLE {sql_name(tables[name])} ADD CONSTRAINT {quote(constraint.name)} {constraint.definition}"
        for name, own in constraints.items()
        for constraint in own
        if name in tables
    ]


def _is_unproven(constraint: Constraint) -> bool:
    return constraint.enforced and not constraint.validated and not constraint.inherited


def _without(table: Table, constraints: tuple[Constraint, ...]) -> Table:
    if not constraints:
        return table
    free = {name for each in constraints if each.kind == "not null" for name in each.columns}
    return replace(
        table,
        constraints=tuple(each for each in table.constraints if each not in constraints),
        columns=tuple(replace(each, not_null=False) if each.name in free else each for each in table.columns),
    )
