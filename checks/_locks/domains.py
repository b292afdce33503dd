"""Domains whose new constraints are checked against every table that uses them."""

from __future__ import annotations

from migrate_validate.catalog.model import Catalog
from migrate_validate.syntax import Node, enum_name, parse, quote, sql_of

from .altering import copied, expression, name_of, named, of_column
from .locking import Work

_ADDS, _NOT_NULL, _VALIDATES = "C", "O", "V"
_LOOK = "-- every new value is checked from then on; what was there can be looked at beside readers and writers:"
_VALIDATE = "-- to have it VALID, when few write, for the tables are read while writers wait:"


def domain(work: Work, catalog: Catalog | None) -> list[str]:
    """How a constraint of a domain is added without reading its tables under a lock; empty for other work."""
    tree = work.tree
    if tree is None or work.kind != "alter_domain":
        return []
    names = [each.string.sval for each in tree.type_name]
    name = ".".join(map(quote, names))
    if tree.subtype == _VALIDATES:
        condition = _condition(catalog, names, tree.name)
        return [
            "-- the tables are read while writers wait: leave it NOT VALID, for new values, and look at the others:",
            *_looks(work, catalog, names, condition),
        ]
    made = _not_valid(tree, names[-1])
    if made is None:
        return []
    added = getattr(made, "def").constraint
    return [
        f"{sql_of(made)};",
        _LOOK,
        *_looks(work, catalog, names, added.raw_expr),
        _VALIDATE,
        f"-- ALTER DOMAIN {name} VALIDATE CONSTRAINT {quote(added.conname)};",
    ]


def _not_valid(tree: Node, name: str) -> Node | None:
    """The same constraint for new values only."""
    made = copied(tree)
    added = getattr(made, "def").constraint
    given = added.conname
    if tree.subtype == _NOT_NULL or enum_name("ConstrType", added.contype) == "CONSTR_NOTNULL":
        made = parse("ALTER DOMAIN x ADD CONSTRAINT y CHECK (value IS NOT NULL)")[0].node
        del made.type_name[:]
        made.type_name.extend(tree.type_name)
        added = getattr(made, "def").constraint
        given = given or named(name, [], "not_null")
    elif tree.subtype != _ADDS:
        return None
    added.conname = given or named(name, [], "check")
    added.skip_validation, added.initially_valid = True, False
    return made


def _condition(catalog: Catalog | None, names: list[str], constraint: str) -> Node | None:
    for each in catalog.domains if catalog is not None else ():
        if each.name == names[-1] and names[:-1] in ([], [each.schema]):
            for own in each.constraints:
                if own.name == constraint:
                    table = parse(f"ALTER TABLE x ADD {own.definition}")[0].node
                    return getattr(table.cmds[0].alter_table_cmd, "def").constraint.raw_expr
    return None


def _looks(work: Work, catalog: Catalog | None, names: list[str], condition: Node | None) -> list[str]:
    """Queries for the values that the condition refuses."""
    found = []
    for each in work.occupied if condition is not None else ():
        table = catalog.tables_by_name.get(each.relation) if catalog is not None else None
        for column in table.columns if table is not None else ():
            if column.type.rpartition(".")[2].strip('"') == names[-1]:
                about = copied(condition)
                of_column(about, column.name)
                found.append(f"SELECT count(*) FROM {name_of(each.relation)} WHERE NOT ({expression(about)});")
    return found or ["-- SELECT count(*) FROM ... WHERE NOT (...);"]
