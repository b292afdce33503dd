"""What domains demand of the values that are there when they change, or become the type of a column."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.catalog.model import Table
from migrate_validate.data.demand import CHECK, NOT_NULL, Demand, demand
from migrate_validate.data.made import Domain, condition_of, of_value
from migrate_validate.data.names import Names, Sources
from migrate_validate.syntax import Node, enum_name, quote, unwrap


def altered(node: Node, names: Names) -> Iterator[Demand]:
    """What ALTER DOMAIN demands of each column of the domain.

    :param node: an AlterDomainStmt
    """
    domain = unwrap(node.type_name[-1]).sval
    condition = _condition(node, names)
    not_null = node.subtype == "O" or _forbids_null(node)
    sources = Sources(node, names)
    for table in names.catalog.tables:
        if table.kind == "foreign table":
            continue
        for column in table.columns:
            if column.type.rpartition(".")[2].strip('"') != domain:
                continue
            name, own = sources.name_of(table), quote(column.name)
            if not_null:
                yield from demand(NOT_NULL, table, f"not null {own} on {name}")
            if condition is not None:
                yield from demand(CHECK, table, f"check ({of_value(condition, own)}) on {name}")


def _condition(node: Node, names: Names) -> Node | None:
    """The CHECK that the values have to meet from then on, as a generic node."""
    domain = unwrap(node.type_name[-1]).sval
    if node.subtype == "C":
        constraint = unwrap(getattr(node, "def"))
        checks = enum_name("ConstrType", constraint.contype) == "CONSTR_CHECK" and not constraint.skip_validation
        return constraint.raw_expr if checks else None
    if node.subtype == "V":
        for each in (one for other in names.catalog.domains if other.name == domain for one in other.constraints):
            if each.name == node.name and each.kind == "check" and not each.validated:
                return condition_of(each)
    return None


def _forbids_null(node: Node) -> bool:
    if node.subtype != "C":
        return False
    return enum_name("ConstrType", unwrap(getattr(node, "def")).contype) == "CONSTR_NOTNULL"


def becomes(domain: Domain, expression: str, table: Table, name: str) -> Iterator[Demand]:
    """What a domain demands of an expression over the rows of a table.

    :param expression: as SQL
    :param name: of the table, as SQL
    """
    if domain.not_null:
        plain = any(quote(column.name) == expression for column in table.columns)
        text = f"not null {expression}" if plain else f"check (({expression}) is not null)"
        yield from demand(NOT_NULL, table, f"{text} on {name}")
    for condition in domain.of(expression):
        yield from demand(CHECK, table, f"check ({condition}) on {name}")
