"""What tables and columns were called before a script, while its statements go by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import UNPARSED
from migrate_validate.data.assuming import name_of, sql_name
from migrate_validate.data.made import Made
from migrate_validate.syntax import GrammarError, Node, enum_name, node_name, quote, unwrap

_WRITES = ("insert", "update", "delete", "merge", "copy", "truncate")
_UNSEEN = ("do", "call", UNPARSED)
"""Statements whose writes do not show."""


class Names:
    """The tables and columns that were there before, by their present names."""

    def __init__(self, catalog: Catalog) -> None:
        """Start before the first statement."""
        self.catalog = catalog
        self.made = Made(catalog)
        self._tables: dict[str, Table | None] = dict(catalog.tables_by_name)
        self._columns: dict[tuple[str, str], str | None] = {}
        self._written: set[str] = set()
        self._unseen = False

    def copy(self) -> Names:
        """The same, which stays while this one goes on."""
        other = Names(Catalog(self.catalog.server_version))
        other.catalog, other.made = self.catalog, self.made.copy()
        other._tables, other._columns = dict(self._tables), dict(self._columns)
        other._written, other._unseen = set(self._written), self._unseen
        return other

    def table(self, relation: Node) -> Table | None:
        """The table of before that a RangeVar means; None: there was none."""
        if relation.schemaname:
            return self._tables.get(f"{relation.schemaname}.{relation.relname}")
        if f"public.{relation.relname}" in self._tables:
            return self._tables[f"public.{relation.relname}"]
        found = [table for name, table in self._tables.items() if name.partition(".")[2] == relation.relname]
        return found[0] if len(found) == 1 else None

    def column(self, table: Table, name: str) -> str | None:
        """What a column was called before; None: it was not there.

        :param table: as it was before
        :param name: as it is called now
        """
        known = (table.qualified_name, name)
        if known in self._columns:
            return self._columns[known]
        return name if table.column(name) else None

    def written(self, table: Table) -> bool:
        """Whether statements that went by may have changed its rows."""
        return self._unseen or table.qualified_name in self._written

    def follow(self, statement: Statement) -> None:
        """Let a statement go by."""
        if statement.kind in _UNSEEN:
            self._unseen = True
            return
        node: Any = syntax.parse(statement.sql)[0].node
        self.made.follow(node, statement.kind)
        if statement.kind in _WRITES:
            relations = node.relations if statement.kind == "truncate" else [node.relation]
            tables = [self.table(unwrap(each)) for each in relations]
            self._written |= {table.qualified_name for table in tables if table}
        elif statement.kind == "select" and any(node_name(each) == "FuncCall" for each in syntax.walk(node)):
            self._unseen = True
        elif statement.kind in ("create", "create_table_as"):
            made = node.relation if statement.kind == "create" else node.into.rel
            if not (node.if_not_exists and self.table(made)):
                self._tables[f"{made.schemaname or 'public'}.{made.relname}"] = None
        elif statement.kind == "rename" and node.HasField("relation"):
            self._rename(node)
        elif statement.kind == "alter_object_schema" and node.HasField("relation"):
            self._move(node.relation, f"{node.newschema}.{node.relation.relname}")
        elif statement.kind == "alter_table":
            self._alter(node)

    def _rename(self, node: Node) -> None:
        table = self.table(node.relation)
        match enum_name("ObjectType", node.rename_type):
            case "OBJECT_TABLE":
                schema = table.schema if table else node.relation.schemaname or "public"
                self._move(node.relation, f"{schema}.{node.newname}")
            case "OBJECT_COLUMN" if table:
                old = self.column(table, node.subname)
                self._columns[table.qualified_name, node.subname] = None
                self._columns[table.qualified_name, node.newname] = old

    def _move(self, relation: Node, target: str) -> None:
        table = self.table(relation)
        for name in [name for name, each in self._tables.items() if each is table and table is not None]:
            self._tables[name] = None
        self._tables[target] = table

    def _alter(self, node: Node) -> None:
        table = self.table(node.relation)
        for command in map(unwrap, node.cmds):
            subtype = enum_name("AlterTableType", command.subtype)
            if table and subtype == "AT_AddColumn":
                name = unwrap(getattr(command, "def")).colname
                if not (command.missing_ok and self.column(table, name)):
                    self._columns[table.qualified_name, name] = None
            elif table and subtype == "AT_DropColumn":
                self._columns[table.qualified_name, command.name] = None


class Sources:
    """The tables that the expressions of a statement are about, by the names that they have in it."""

    def __init__(self, tree: Node, names: Names) -> None:
        """Of a whole statement."""
        self.names = names
        self.relations: dict[str, Table | None] = {}
        for each in syntax.walk(tree):
            if node_name(each) == "RangeVar":
                alias = each.alias.aliasname if each.HasField("alias") else each.relname
                self.relations[alias] = names.table(each)
        self._hidden = {each.ctename for each in syntax.walk(tree) if node_name(each) == "CommonTableExpr"}

    def table_of(self, expression: Node) -> Table | None:
        """The one table of before that an expression is about; None: several, none, or not sure."""
        found = {alias for reference in _references(expression) for alias in self._owners(reference)}
        return self.relations[found.pop()] if len(found) == 1 else None

    def sql(self, expression: Node, *, qualified: bool = False) -> str | None:
        """An expression in the names of before; None: it needs what was not there.

        :param expression: a generic ``Node``
        :param qualified: leave the names of tables before columns
        """
        copy = type(expression)()
        copy.CopyFrom(expression)
        inner = set()
        for each in syntax.walk(copy):
            if node_name(each) == "RangeVar":
                inner.add(each.alias.aliasname if each.HasField("alias") else each.relname)
                table = self.names.table(each)
                if table is None or each.relname in self._hidden:
                    return None
                each.schemaname, each.relname = "" if table.schema == "public" else table.schema, table.name
        for reference in _references(copy):
            last = unwrap(reference.fields[-1])
            if node_name(last) != "String":
                return None
            old = {self.names.column(table, last.sval) for table in self._tables(reference)}
            if len(old) != 1 or None in old:
                return None
            last.sval = old.pop()
            if not qualified and len(reference.fields) > 1 and inner:
                # Without its table, a column of the row would be one of the subquery.
                self._rename_owner(reference, inner)
            elif not qualified:
                del reference.fields[:-1]
        try:
            return syntax.sql_of_node(copy)
        except GrammarError:  # a tree that is no expression by itself, such as DEFAULT
            return None

    def in_names_of(self, condition: str, table: Table) -> str | None:
        """A condition over the columns of one table, in the names of before; None: it needs what was not there."""
        try:
            tree = syntax.parse(f"SELECT {condition}")[0].node.target_list[0].res_target.val
        except GrammarError:
            return None
        own = Sources(unwrap(tree), self.names)
        own.relations = {table.name: table}
        return own.sql(tree)

    def from_clause(self, relation: Node) -> str | None:
        """A RangeVar in the names of before, under the alias that it has; None: it was not there."""
        table = self.names.table(relation)
        alias = relation.alias.aliasname if relation.HasField("alias") else relation.relname
        if table is None or relation.relname in self._hidden:
            return None
        name = sql_name(table) if table.schema != "public" else quote(table.name)
        return name if alias == table.name else f"{name} AS {quote(alias)}"

    def name_of(self, table: Table) -> str:
        """What an assumption calls a table, as SQL writes it."""
        return ".".join(map(quote, name_of(self.names.catalog, table).split(".", 1)))

    def _rename_owner(self, reference: Node, inner: set[str]) -> None:
        """Name the table of a column as it is called without an alias, unless a subquery names it."""
        owner = unwrap(reference.fields[-2])
        table = self.relations.get(owner.sval) if owner.sval not in inner else None
        if table is not None:
            owner.sval = table.name

    def _tables(self, reference: Node) -> Iterator[Table]:
        for alias in self._owners(reference):
            table = self.relations[alias]
            if table is not None:
                yield table

    def _owners(self, reference: Node) -> list[str]:
        """The aliases that a column may belong to."""
        parts = [unwrap(each).sval for each in reference.fields if node_name(unwrap(each)) == "String"]
        if not parts:
            return []
        if len(parts) > 1:
            return [parts[-2]] if parts[-2] in self.relations else []
        known = {alias: table for alias, table in self.relations.items() if table}
        return [alias for alias, table in known.items() if self.names.column(table, parts[0])]


def _references(tree: Node) -> list[Node]:
    return [each for each in syntax.walk(tree) if node_name(each) == "ColumnRef"]
