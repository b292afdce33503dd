"""Constraints that are NOT VALID: rows that were there before them may break them, though no new row may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrate_validate.catalog.model import Catalog, Constraint, Domain, Table
from migrate_validate.data.assuming import sql_name
from migrate_validate.syntax import quote

Unproven = Mapping[str, tuple[Constraint, ...]]
"""By ``schema.name`` of a table: its constraints that rows may break, as they were there before."""


def unproven(catalog: Catalog) -> Unproven:
    """The constraints of all tables and domains that were added NOT VALID, and were not validated since.

    Those that a table has from another one are left out, as they cannot be dropped from it alone.
    """
    found = {table.qualified_name: tuple(filter(_is_unproven, table.constraints)) for table in catalog.tables}
    found |= {_name(domain): tuple(filter(_is_unproven, domain.constraints)) for domain in catalog.domains}
    return {name: constraints for name, constraints in found.items() if constraints}


def without(catalog: Catalog, constraints: Unproven) -> Catalog:
    """The schema as it was before these constraints."""
    if not constraints:
        return catalog
    tables = tuple(_without(table, constraints.get(table.qualified_name, ())) for table in catalog.tables)
    domains = tuple(
        replace(each, constraints=tuple(c for c in each.constraints if c not in constraints.get(_name(each), ())))
        for each in catalog.domains
    )
    return replace(catalog, tables=tables, domains=domains)


def restored(table: Table, constraints: Unproven) -> Table:
    """A table of such a schema with its constraints."""
    own = constraints.get(table.qualified_name, ())
    return replace(table, constraints=(*table.constraints, *own)) if own else table


def drops(constraints: Unproven, tables: Mapping[str, Table]) -> list[str]:
    """Statements that take constraints away from some of the tables, and from the domains that these use."""
    return [f"{altered} DROP CONSTRAINT {quote(each.name)}" for altered, each in _of_these(constraints, tables)]


def adds(constraints: Unproven, tables: Mapping[str, Table]) -> list[str]:
    """Statements that put them back, as they were: NOT VALID."""
    return [
        f"{altered} ADD CONSTRAINT {quote(each.name)} {each.definition}"
        for altered, each in _of_these(constraints, tables)
    ]


def _of_these(constraints: Unproven, tables: Mapping[str, Table]) -> Iterator[tuple[str, Constraint]]:
    """What alters the owner of each constraint, and the constraint."""
    used = {column.type.removesuffix("[]") for table in tables.values() for column in table.columns}
    for name, own in constraints.items():
        for each in own:
            if name in tables:
                yield f"ALTER TABLE {sql_name(tables[name])}", each
            elif name in used:
                yield f"ALTER DOMAIN {name}", each


def _name(domain: Domain) -> str:
    """A domain as format_type() prints it where no search_path helps."""
    return f"{quote(domain.schema)}.{quote(domain.name)}"


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
