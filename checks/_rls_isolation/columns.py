"""Columns that give power to whoever may change them, and what they could be changed to."""

from __future__ import annotations

import re

from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.syntax import GrammarError, node_name, parse_expression, walk

_WORDS = frozenset(
    (
        *("admin", "superuser", "superadmin", "staff", "moderator", "role", "roles", "approved"),
        *("permission", "permissions", "privilege", "privileges", "scopes", "entitlements"),
        *("plan", "tier", "credit", "credits", "balance", "quota"),
    )
)
"""Words of names; whoever may write such a column of the own row gives it to himself."""
_MORE = "1000000"


def privileged(column: Column) -> bool:
    """Whether the name of a column says that it gives power or money."""
    return not _WORDS.isdisjoint(re.split(r"[_\d]+", column.name.lower())) and not column.generated


def other_values(catalog: Catalog, table: Table, column: Column, present: str | None) -> tuple[str, ...]:
    """Values that a privileged column could be given: all that its type or CHECK constraints name, or more of it."""
    if column.type == "boolean":
        return ("false",) if present == "true" else ("true",)
    labels = _labels(catalog, column)
    if labels:
        return tuple(f"{{{label}}}" for label in labels) if column.type.endswith("[]") else labels
    words = _checked(table, column)
    if column.type.endswith("[]"):
        return tuple(f"{{{word}}}" for word in (*words, "admin"))[:4]
    if column.type.startswith(("smallint", "integer", "bigint", "numeric", "real", "double")):
        return ("30000",) if column.type == "smallint" else (_MORE,)
    if column.type.startswith(("text", "character")):
        return words or ("admin", "owner")
    return ()


def _labels(catalog: Catalog, column: Column) -> tuple[str, ...]:
    name = column.type.removesuffix("[]").replace('"', "")
    for enum in catalog.enums:
        if name in (enum.name, f"{enum.schema}.{enum.name}"):
            return enum.labels
    return ()


def _checked(table: Table, column: Column) -> tuple[str, ...]:
    """The constants of CHECK constraints on the column alone."""
    found: dict[str, None] = {}
    for constraint in table.constraints:
        if constraint.kind != "check" or constraint.columns != (column.name,):
            continue
        try:
            tree = parse_expression(constraint.definition.removeprefix("CHECK "))
        except GrammarError:
            continue
        for node in walk(tree):
            if node_name(node) == "A_Const" and node.WhichOneof("val") == "sval" and node.sval.sval:
                found[str(node.sval.sval)] = None
    return tuple(found)
