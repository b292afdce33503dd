"""What statements that change a schema demand of the rows that are there, read off the statements alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Constraint, Table
from migrate_validate.chain.model import Statement
from migrate_validate.data import domains, exclusions, new_columns, partitions
from migrate_validate.data.casts import NUMBERS, conditions
from migrate_validate.data.demand import CHECK, EXCLUSION, FOREIGN_KEY, NOT_NULL, UNIQUE, Demand, demand
from migrate_validate.data.made import condition_of, of_column
from migrate_validate.data.names import Names, Sources
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

CASTS = frozenset({"22P02", "22007", "22008", "22003", "22001", "22P03", "22023"})
"""SQLSTATE of values that a type does not take."""
_TESTS = frozenset(
    {"=", "<>", "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "@>", "<@", "&&", "?"}
)
_NAMES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "bool": "boolean",
}
"""By internal name of a type: what format_type() calls it."""


def demands(statement: Statement, names: Names, enums: dict[str, tuple[str, ...]] | None = None) -> Iterator[Demand]:
    """What the schema demands of rows that are there: NOT NULL, unique, CHECK, foreign keys, casts, new columns, ...

    :param names: what was called how, when all statements before this one have gone by
    :param enums: labels by name, of the enums that the script itself makes
    """
    if statement.kind not in ("alter_table", "index", "alter_domain", "create"):
        return
    node: Any = syntax.parse(statement.sql)[0].node
    if statement.kind == "alter_domain":
        yield from domains.altered(node, names)
        return
    if statement.kind == "create":
        yield from partitions.created(node, names)
        return
    if statement.kind == "alter_table":
        for command in map(unwrap, node.cmds):
            yield from of_command(command, node, names, enums)
        return
    table = names.table(node.relation)
    if table is not None and node.unique:
        yield from demand(UNIQUE, table, _unique_index(node, _alone(node, names, table), table))


def of_command(
    command: Node, node: Node, names: Names, enums: dict[str, tuple[str, ...]] | None = None
) -> Iterator[Demand]:
    """What one command of an ALTER TABLE demands.

    :param command: an AlterTableCmd
    :param node: the AlterTableStmt
    """
    kind, table = enum_name("AlterTableType", command.subtype), names.table(node.relation)
    if kind == "AT_AttachPartition":
        yield from partitions.attached(command, node.relation, names, Sources(node, names))
    elif table is not None and kind in _READERS:
        yield from _READERS[kind](command, _alone(node, names, table), table, enums or {})


def _alone(node: Node, names: Names, table: Table) -> Sources:
    sources = Sources(node, names)
    sources.relations = {node.relation.relname: table}
    return sources


def _unique_index(node: Node, sources: Sources, table: Table) -> str | None:
    keys = [_index_key(unwrap(each), sources, table) for each in node.index_params]
    where = sources.sql(node.where_clause) if node.HasField("where_clause") else ""
    if None in keys or where is None:
        return None
    nulls = "nulls not distinct " if node.nulls_not_distinct else ""
    listed = ", ".join(str(key) for key in keys)
    return f"unique {nulls}{listed} on {sources.name_of(table)}" + (f" where {where}" if where else "")


def _index_key(element: Node, sources: Sources, table: Table) -> str | None:
    if element.HasField("expr"):
        return sources.sql(element.expr)
    return _column(sources, table, element.name)


def _column(sources: Sources, table: Table, name: str) -> str | None:
    old = sources.names.column(table, name)
    return quote(old) if old else None


def _columns(sources: Sources, table: Table, parts: Any) -> str | None:
    names = [_column(sources, table, unwrap(each).sval) for each in parts]
    return None if None in names else ", ".join(str(name) for name in names)


def _set_not_null(command: Node, sources: Sources, table: Table, _: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    column = _column(sources, table, command.name)
    if column:
        yield from demand(NOT_NULL, table, f"not null {column} on {sources.name_of(table)}")


def _add_column(command: Node, sources: Sources, table: Table, _: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    definition = unwrap(getattr(command, "def"))
    if command.missing_ok and sources.names.column(table, definition.colname):
        return
    yield from new_columns.added(definition, sources, table)


def _add_constraint(command: Node, sources: Sources, table: Table, _: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    constraint = unwrap(getattr(command, "def"))
    name = sources.name_of(table)
    if constraint.skip_validation:
        return
    match enum_name("ConstrType", constraint.contype):
        case "CONSTR_CHECK":
            condition = sources.sql(constraint.raw_expr)
            yield from demand(CHECK, table, condition and f"check ({condition}) on {name}")
        case "CONSTR_UNIQUE" if constraint.keys:
            keys = _columns(sources, table, constraint.keys)
            nulls = "nulls not distinct " if constraint.nulls_not_distinct else ""
            yield from demand(UNIQUE, table, keys and f"unique {nulls}{keys} on {name}")
        case "CONSTR_PRIMARY" if constraint.keys:
            keys = _columns(sources, table, constraint.keys)
            yield from demand(UNIQUE, table, keys and f"unique {keys} on {name}")
            yield from demand(NOT_NULL, table, keys and f"not null {keys} on {name}")
        case "CONSTR_NOTNULL":
            keys = _columns(sources, table, constraint.keys)
            yield from demand(NOT_NULL, table, keys and f"not null {keys} on {name}")
        case "CONSTR_EXCLUSION":
            yield from demand(EXCLUSION, table, _apart(constraint, sources, table))
        case "CONSTR_FOREIGN":
            yield from demand(FOREIGN_KEY, table, _exists(constraint, sources, table))


def _apart(constraint: Node, sources: Sources, table: Table) -> str | None:
    keys = [(_index_key(element, sources, table), operator) for element, operator in exclusions.compared(constraint)]
    where = sources.sql(constraint.where_clause) if constraint.HasField("where_clause") else ""
    known = [(key, operator) for key, operator in keys if key is not None]
    if len(known) < len(keys) or where is None:
        return None
    return exclusions.apart(known, where, table, sources.name_of(table))


def _exists(constraint: Node, sources: Sources, table: Table) -> str | None:
    own = _columns(sources, table, constraint.fk_attrs)
    target = sources.names.table(constraint.pktable)
    if own is None or target is None:
        return None
    their = _columns(sources, target, constraint.pk_attrs)
    if their is None:
        return None
    return f"{own} exists in {sources.name_of(target)}{f'({their})' if their else ''} on {sources.name_of(table)}"


def _validate(command: Node, sources: Sources, table: Table, _: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    found = next((each for each in table.constraints if each.name == command.name), None)
    if found is not None and not found.validated:
        yield from of_constraint(found, sources, table)


def of_constraint(constraint: Constraint, sources: Sources, table: Table) -> Iterator[Demand]:
    """What a constraint that was there before demands of its table's rows."""
    name = sources.name_of(table)
    own = ", ".join(map(quote, constraint.columns))
    match constraint.kind:
        case "check":
            condition = condition_of(constraint)
            yield from demand(CHECK, table, f"check ({syntax.sql_of_node(condition)}) on {name}")
        case "not null":
            yield from demand(NOT_NULL, table, f"not null {own} on {name}")
        case "unique" | "primary key":
            yield from demand(UNIQUE, table, f"unique {own} on {name}")
        case "foreign key":
            target = sources.names.catalog.table(constraint.references or "")
            if target is not None:
                their = ", ".join(map(quote, constraint.referenced_columns))
                yield from demand(FOREIGN_KEY, table, f"{own} exists in {sources.name_of(target)}({their}) on {name}")


def _alter_type(command: Node, sources: Sources, table: Table, enums: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    definition = unwrap(getattr(command, "def"))
    old = sources.names.column(table, command.name)
    column = table.column(old) if old else None
    if column is None:
        return
    expression = quote(column.name)
    if definition.HasField("raw_default"):
        yield from casts(definition.raw_default, sources, enums)
        written = sources.sql(definition.raw_default)
        if written is None:
            return
        expression = written
        yield from _checked_anew(column.name, definition.raw_default, sources, table)
    name, domain = sources.name_of(table), sources.names.made.domain(definition.type_name)
    if domain is not None:
        yield from domains.becomes(domain, expression, table, name)
    else:
        source = type_of_expression(expression, table)
        if definition.HasField("raw_default") and (source not in NUMBERS or _is(source, definition.type_name)):
            return
        texts = conditions(expression, source, definition.type_name, explicit=False)
        yield from demand("22", table, *(f"{text} on {name}" for text in texts))


def _checked_anew(column: str, value: Node, sources: Sources, table: Table) -> Iterator[Demand]:
    """The CHECK constraints of before that a column has to meet with its new values."""
    for each in table.constraints:
        if each.kind == "check" and column in each.columns and each.validated:
            condition = sources.sql(of_column(condition_of(each), column, value))
            yield from demand(CHECK, table, condition and f"check ({condition}) on {sources.name_of(table)}")


def _is(source: str, type_name: Node) -> bool:
    """Whether a type is the same as the one of an expression, and has no limits of its own."""
    return not type_name.typmods and _NAMES.get(unwrap(type_name.names[-1]).sval, "") == source


def casts(tree: Node, sources: Sources, enums: dict[str, tuple[str, ...]]) -> Iterator[Demand]:
    """What the casts of an expression or a statement demand of the columns in them.

    :param enums: as for :func:`demands`
    """
    for each in syntax.walk(tree):
        if node_name(each) != "TypeCast":
            continue
        table = sources.table_of(each.arg)
        text = sources.sql(each.arg) if table else None
        if table is None or text is None:
            continue
        domain, target = sources.names.made.domain(each.type_name), each.type_name
        if domain is not None:
            yield from domains.becomes(domain, text, table, sources.name_of(table))
            # The server may not know the domain yet.
            target = domain.base if domain.base is not None else target
        kinds = {other.name: other.labels for other in sources.names.catalog.enums} | enums
        texts = conditions(
            text,
            type_of_expression(text, table),
            target,
            explicit=True,
            labels=kinds.get(unwrap(target.names[-1]).sval, ()),
            version=sources.names.catalog.server_version,
        )
        yield from demand("22", table, *(f"{text} on {sources.name_of(table)}" for text in texts))


def type_of_expression(expression: str, table: Table) -> str:
    """The type of an expression, as far as its columns tell it: a column's own, a number of numbers, else text."""
    plain = next((each for each in table.columns if quote(each.name) == expression), None)
    if plain is not None:
        return plain.type
    tree = syntax.parse_expression(expression)
    if node_name(tree) == "TypeCast":
        name = unwrap(tree.type_name.names[-1]).sval
        return "other" if tree.type_name.array_bounds else _NAMES.get(name, name)
    if node_name(tree) in ("BoolExpr", "NullTest") or (
        node_name(tree) == "A_Expr" and unwrap(tree.name[-1]).sval in _TESTS
    ):
        return "boolean"
    names = [unwrap(each.fields[-1]).sval for each in syntax.walk(tree) if node_name(each) == "ColumnRef"]
    columns = [column for column in map(table.column, names) if column]
    return "numeric" if all(each.type.partition("(")[0] in NUMBERS for each in columns) else "text"


_Reader = Callable[[Node, Sources, Table, dict[str, tuple[str, ...]]], Iterator[Demand]]
_READERS: dict[str, _Reader] = {
    "AT_SetNotNull": _set_not_null,
    "AT_AddColumn": _add_column,
    "AT_AddConstraint": _add_constraint,
    "AT_ValidateConstraint": _validate,
    "AT_AlterColumnType": _alter_type,
}
