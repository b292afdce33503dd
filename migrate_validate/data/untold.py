"""Demands of statements that no query is known for: nothing is said to hold that was not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.chain.model import Statement
from migrate_validate.data.casts import KNOWS_VALID, NUMBERS, TEXTS
from migrate_validate.data.demands import demands, of_command
from migrate_validate.data.names import Names
from migrate_validate.syntax import Node, enum_name, unwrap

_WIDER = ("int2", "int4", "int8", "numeric")
"""Each takes all values of those before it."""
_TEXT = frozenset({"text", "varchar", "citext"})
_MOMENTS = frozenset({"timestamp", "timestamptz"})


def untold(statement: Statement, names: Names, made: frozenset[str]) -> Iterator[str]:
    """What a statement demands of rows that are there, as people say it, where :mod:`.demands` has no question for it.

    :param names: what was called how, when all statements before this one have gone by
    :param made: bare names of the domains that the migrations make
    """
    if statement.kind == "alter_domain":
        node: Any = syntax.parse(statement.sql)[0].node
        if node.subtype in ("C", "O", "V") and not any(demands(statement, names)):
            yield f"the values of the domain {unwrap(node.type_name[-1]).sval} are what it then allows"
        return
    if statement.kind != "alter_table":
        return
    node = syntax.parse(statement.sql)[0].node
    table = names.table(node.relation)
    if table is None:
        return
    domains = made | {each.name for each in names.catalog.domains}
    for command in map(unwrap, node.cmds):
        what = _of(command, table, names, domains)
        computed = enum_name("AlterTableType", command.subtype) == "AT_AddColumn" and _is_computed(command)
        if what and (computed or not any(of_command(command, node, names))):
            yield what


def _is_computed(command: Node) -> bool:
    definition: Any = unwrap(getattr(command, "def"))
    return any(enum_name("ConstrType", unwrap(each).contype) == "CONSTR_GENERATED" for each in definition.constraints)


def _of(command: Node, table: Table, names: Names, domains: frozenset[str]) -> str:
    name = table.qualified_name
    definition: Any = unwrap(getattr(command, "def")) if command.HasField("def") else None
    match enum_name("AlterTableType", command.subtype):
        case "AT_AddConstraint" if enum_name("ConstrType", definition.contype) == "CONSTR_EXCLUSION":
            return f"no two rows of {name} are at odds with the exclusion constraint {definition.conname}"
        case "AT_AttachPartition":
            return f"the rows of the new partition of {name} lie within its bounds"
        case "AT_AddColumn":
            return _of_column(f"{name}.{definition.colname}", definition, domains)
        case "AT_AlterColumnType" if not definition.HasField("raw_default"):
            old = names.column(table, command.name)
            column = table.column(old) if old else None
            if column and not _takes_all(column.type, definition) and not _asked(column.type, definition, names):
                return f"every value of {name}.{column.name} fits its new type"
    return ""


def _of_column(name: str, definition: Node, domains: frozenset[str]) -> str:
    kinds = {enum_name("ConstrType", unwrap(each).contype) for each in definition.constraints}
    if "CONSTR_GENERATED" in kinds:
        return f"the expression of {name} can be computed in every row"
    if kinds & {"CONSTR_CHECK", "CONSTR_UNIQUE"} and "CONSTR_DEFAULT" in kinds:
        return f"the default of {name} is allowed in every row"
    if unwrap(definition.type_name.names[-1]).sval in domains:
        return f"the domain of {name} allows what the rows get there"
    return ""


def _takes_all(source: str, definition: Node) -> bool:
    """Whether a type takes every value of another one."""
    target = unwrap(definition.type_name.names[-1]).sval
    sizes = bool(definition.type_name.typmods)
    base = source.partition("(")[0].strip()
    short = {"smallint": "int2", "integer": "int4", "bigint": "int8"}.get(base, base)
    if short in _WIDER and target in _WIDER:
        return _WIDER.index(short) <= _WIDER.index(target) and not sizes
    return (target in _TEXT and not sizes) or (base.startswith("timestamp") and target in _MOMENTS and not sizes)


def _asked(source: str, definition: Node, names: Names) -> bool:
    """Whether a question is known: of texts and numbers, see :func:`.casts.conditions`."""
    target = unwrap(definition.type_name.names[-1]).sval
    base = source.partition("(")[0].strip()
    known = {"int2", "int4", "int8", "numeric", "float4", "float8", "money", "bool", "uuid", "date", "time"}
    known |= _MOMENTS | {"varchar", "bpchar"}
    if base in TEXTS and names.catalog.server_version >= KNOWS_VALID:
        return True
    return (base in TEXTS and target in known) or (base in NUMBERS and target in {"int2", "int4", "int8", "numeric"})
