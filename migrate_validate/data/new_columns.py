"""What a column that is added demands of the rows that are there: they all get its default, or what it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.data.demand import CHECK, FOREIGN_KEY, NOT_NULL, UNIQUE, Demand, demand
from migrate_validate.data.made import of_column
from migrate_validate.data.names import Sources
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

_SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})
_NOT_NULL = frozenset({"CONSTR_NOTNULL", "CONSTR_PRIMARY"})


def added(definition: Node, sources: Sources, table: Table) -> Iterator[Demand]:
    """What a new column demands.

    :param definition: a ColumnDef
    :param table: as it was before
    """
    name = sources.name_of(table)
    constraints = {enum_name("ConstrType", unwrap(each).contype): unwrap(each) for each in definition.constraints}
    computed = constraints.get("CONSTR_GENERATED")
    own = computed or constraints.get("CONSTR_DEFAULT")
    value = sources.sql(own.raw_expr) if own is not None else "NULL"
    serial = unwrap(definition.type_name.names[-1]).sval in _SERIAL or "CONSTR_IDENTITY" in constraints
    if serial or value is None:
        return
    domain = sources.names.made.domain(definition.type_name)
    if _NOT_NULL & constraints.keys() or (domain and domain.not_null):
        yield from demand(NOT_NULL, table, _filled(value, table, name, computed=computed is not None))
    if own is not None and computed is None and any(node_name(each) == "FuncCall" for each in syntax.walk(own)):
        # A sequence or a clock gives each row another value, and asking changes it.
        return
    if domain and not (domain.not_null and value == "NULL"):
        kept = [f"({each})" for each in domain.of(value if computed else f"({value})::{domain.base_text}")]
        if kept:
            yield from demand(CHECK, table, f"no rows: select * from {name} where not ({' and '.join(kept)})")
    if own is None:
        return
    if "CONSTR_CHECK" in constraints:
        condition = of_column(constraints["CONSTR_CHECK"].raw_expr, definition.colname, own.raw_expr)
        said = sources.sql(condition)
        yield from demand(CHECK, table, said and f"check ({said}) on {name}")
    if computed is None and constraints.keys() & {"CONSTR_UNIQUE", "CONSTR_PRIMARY"} and value != "NULL":
        yield from demand(UNIQUE, table, f"no rows: select * from {name} offset 1")
    if computed is None and "CONSTR_FOREIGN" in constraints and value != "NULL":
        yield from demand(FOREIGN_KEY, table, _present(constraints["CONSTR_FOREIGN"], value, sources, name))


def _filled(value: str, table: Table, name: str, *, computed: bool) -> str | None:
    """What keeps the new column from being NULL; None: nothing has to."""
    if value == "NULL":
        return f"{name} is empty"
    if not computed:
        return None
    plain = any(quote(column.name) == value for column in table.columns)
    return f"not null {value} on {name}" if plain else f"check (({value}) is not null) on {name}"


def _present(constraint: Node, value: str, sources: Sources, name: str) -> str | None:
    """There is the row that a default refers to."""
    target = sources.names.table(constraint.pktable)
    if target is None:
        return None
    named = [unwrap(each).sval for each in constraint.pk_attrs]
    keys = named or (list(target.primary_key.columns) if target.primary_key else [])
    if len(keys) != 1:
        return None
    there = f"select from {sources.name_of(target)} where {quote(keys[0])} = {value}"
    return f"no rows: select * from {name} where not exists ({there})"
