"""What a script itself makes before a statement: types of columns, domains, partitions; with those of before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Constraint
from migrate_validate.data.bounds import bound_node, key_node
from migrate_validate.syntax import Node, enum_name, node_name, unwrap

_Value = TypeVar("_Value")
_VALUE = "value"


class Domain:
    """What a domain demands of its values."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.base: Node = None
        """A TypeName; None where it is not known."""
        self.not_null = False
        self.conditions: dict[str, Node] = {}
        """By name of the constraint: a generic node over VALUE."""

    @property
    def base_text(self) -> str:
        """Its base type, as SQL."""
        holder: Any = syntax.parse("SELECT NULL::text")[0].node.target_list[0].res_target
        holder.val.type_cast.type_name.CopyFrom(self.base or type_node("text"))
        return syntax.sql_of_node(holder.val).partition("::")[2]

    def add(self, constraint: Node) -> None:
        """One more constraint."""
        match enum_name("ConstrType", constraint.contype):
            case "CONSTR_NOTNULL":
                self.not_null = True
            case "CONSTR_CHECK":
                name = constraint.conname or f"check {len(self.conditions)}"
                self.conditions[name] = constraint.raw_expr

    def of(self, expression: str) -> Iterator[str]:
        """What each CHECK constraint says of an expression, as SQL."""
        for condition in self.conditions.values():
            yield of_value(condition, expression)


def of_value(condition: Node, expression: str) -> str:
    """The condition of a domain, of an expression instead of VALUE, as SQL.

    :param condition: a generic node
    :param expression: as SQL
    """
    value: Any = syntax.parse(f"SELECT {expression}")[0].node.target_list[0].res_target.val
    return syntax.sql_of_node(of_column(condition, _VALUE, value))


def of_column(condition: Node, name: str, value: Node) -> Node:
    """A condition in which a value stands instead of a column; all are generic nodes."""
    holder: Any = syntax.parse("SELECT NULL")[0].node.target_list[0].res_target
    holder.val.CopyFrom(condition)
    _exchange(holder, name, value)
    return holder.val


def _exchange(message: Any, name: str, value: Node) -> None:
    for field, found in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for each in [found] if hasattr(found, "ListFields") else list(found):
            inner = unwrap(each)
            parts = [unwrap(part) for part in inner.fields] if node_name(inner) == "ColumnRef" else []
            if each is not inner and parts and node_name(parts[-1]) == "String" and parts[-1].sval.lower() == name:
                each.CopyFrom(value)
            else:
                _exchange(each, name, value)


class Made:
    """Types of columns, domains and partitions at one moment of a script."""

    def __init__(self, catalog: Catalog) -> None:
        """As they are before its first statement."""
        self._catalog = catalog
        self._types: dict[str, dict[str, Node]] = {}
        self._domains: dict[str, Domain] = {}
        self._keys: dict[str, Node] = {}
        self._bounds: dict[str, dict[str, Node]] = {}
        for each in catalog.domains:
            self._domains[each.name] = domain = Domain()
            domain.base, domain.not_null = type_node(each.base_type), each.not_null
            for constraint in each.constraints:
                if constraint.kind == "check":
                    domain.conditions[constraint.name] = condition_of(constraint)
        for table in catalog.tables:
            if table.partition_key:
                self._keys[table.qualified_name] = key_node(table.partition_key)
            if table.partition_of and table.partition_bound:
                self._bounds.setdefault(table.partition_of, {})[table.qualified_name] = bound_node(
                    table.partition_bound
                )

    def copy(self) -> Made:
        """The same, which stays while this one goes on."""
        other = Made(Catalog(self._catalog.server_version))
        other._catalog, other._domains, other._keys = self._catalog, dict(self._domains), dict(self._keys)
        other._types = {name: dict(each) for name, each in self._types.items()}
        other._bounds = {name: dict(each) for name, each in self._bounds.items()}
        return other

    def domain(self, type_name: Node) -> Domain | None:
        """The domain that a TypeName means; None: it is none, or an array of one."""
        return None if type_name.array_bounds else self._domains.get(unwrap(type_name.names[-1]).sval)

    def type_of(self, relation: Node, column: str) -> Node | None:
        """The TypeName of a column that the script has added or made; None: it has not."""
        return (self._named(self._types, relation) or {}).get(column)

    def columns_of(self, relation: Node) -> list[str]:
        """The columns of a table that the script has made, in their order."""
        return list(self._named(self._types, relation) or {})

    def key_of(self, relation: Node) -> Node | None:
        """The PartitionSpec of a partitioned table."""
        return self._named(self._keys, relation)

    def bounds_of(self, relation: Node) -> Mapping[str, Node]:
        """By ``schema.name`` of its partitions: their PartitionBoundSpec."""
        return self._named(self._bounds, relation) or {}

    def follow(self, node: Node, kind: str) -> None:
        """Let a statement go by."""
        match kind:
            case "create":
                self._create(node)
            case "alter_table":
                for command in map(unwrap, node.cmds):
                    self._alter(node.relation, command)
            case "create_domain":
                self._domains[unwrap(node.domainname[-1]).sval] = domain = Domain()
                domain.base = node.type_name
                for each in node.constraints:
                    domain.add(unwrap(each))
            case "alter_domain":
                domain = self._domains.setdefault(unwrap(node.type_name[-1]).sval, Domain())
                if node.subtype == "O":
                    domain.not_null = True
                elif node.HasField("def"):
                    domain.add(unwrap(getattr(node, "def")))

    def _create(self, node: Node) -> None:
        name = _key(node.relation)
        if node.if_not_exists and (name in self._types or self._catalog.table(name)):
            return
        columns = [each for each in map(unwrap, node.table_elts) if node_name(each) == "ColumnDef"]
        self._types[name] = {each.colname: each.type_name for each in columns if each.HasField("type_name")}
        if node.HasField("partspec"):
            self._keys[name] = node.partspec
        if node.HasField("partbound"):
            parent = _key(unwrap(node.inh_relations[0]))
            self._bounds.setdefault(parent, {})[name] = node.partbound
            self._types[name] = dict(self._types.get(parent, {}))

    def _alter(self, relation: Node, command: Node) -> None:
        about: Any = unwrap(getattr(command, "def"))
        match enum_name("AlterTableType", command.subtype):
            case "AT_AddColumn":
                self._types.setdefault(_key(relation), {})[about.colname] = about.type_name
            case "AT_AlterColumnType":
                self._types.setdefault(_key(relation), {})[command.name] = about.type_name
            case "AT_AttachPartition":
                self._bounds.setdefault(_key(relation), {})[_key(about.name)] = about.bound
            case "AT_DetachPartition":
                self._bounds.get(_key(relation), {}).pop(_key(about.name), None)

    def _named(self, among: Mapping[str, _Value], relation: Node) -> _Value | None:
        """By its full name, or by the bare one where only one has it."""
        found = among.get(_key(relation))
        if found is None and not relation.schemaname:
            others = [each for name, each in among.items() if name.partition(".")[2] == relation.relname]
            return others[0] if len(others) == 1 else None
        return found


def condition_of(constraint: Constraint) -> Node:
    """The expression of a CHECK constraint, as a generic node."""
    tree = syntax.parse(f"ALTER TABLE t ADD {constraint.definition}")[0].node
    return next(each for each in syntax.walk(tree) if node_name(each) == "Constraint").raw_expr


def type_node(text: str) -> Node:
    """A TypeName.

    :param text: as format_type() prints it
    """
    return syntax.parse_expression(f"NULL::{text}").type_name


def _key(relation: Node) -> str:
    return f"{relation.schemaname or 'public'}.{relation.relname}"
