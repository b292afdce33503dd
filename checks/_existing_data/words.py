"""Reads a migration for what it says about rows, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.syntax import GrammarError, Node, node_name, parse, unwrap, walk

from .._shared import enum_name
from .bodies import Body, block, defined, existing, said
from .deeds import Added, Assigned, Copy, Deed, Words
from .expressions import Way, columns_of, text_of
from .names import Names
from .queries import Queries, Query, Source
from .questions import questions

__all__ = ["Words", "words_of"]

_WRITING = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CreateTableAsStmt")
_RUNNING = (*_WRITING, "CallStmt", "ExplainStmt", "PrepareStmt", "AlterTableStmt", "DeclareCursorStmt")
"""Statements that evaluate the expressions in them."""
_UNREAD_KINDS = {"merge": ("insert", "update", "delete")}


def words_of(script: Script, before: Catalog) -> Words:
    """What a migration says about the rows that it meets.

    :param script: one that is not readable says nothing
    :param before: the schema as the migration meets it
    """
    listener = _Listener(before)
    try:
        told = statements(script)
    except ScriptError:
        told = ()
    for statement in told:
        listener.hear(statement)
    words = Words(
        tuple(listener.deeds),
        tuple(listener.copies),
        listener.names.tables_in_the_end(),
        listener.names.columns_in_the_end(),
        listener.added,
        tuple(dict.fromkeys(listener.unread)),
    )
    words = replace(words, family=_families(before), labels=listener.labels, zone_set=listener.zone_set)
    return replace(words, questions=questions(words, before))


def _families(before: Catalog) -> dict[str, frozenset[str]]:
    """The tables that share rows with another one, by ``schema.name``."""
    above: dict[str, set[str]] = {}
    for table in before.tables:
        parents = {*table.inherits, table.partition_of or ""} - {""}
        if parents:
            above[table.qualified_name] = parents
    found: dict[str, set[str]] = {}
    for name in above:
        left = list(above[name])
        while left:
            parent = left.pop()
            found.setdefault(name, set()).add(parent)
            found.setdefault(parent, set()).add(name)
            left += above.get(parent, ())
    return {name: frozenset(others) for name, others in found.items()}


class _Listener:
    """Hears one statement after the other."""

    def __init__(self, before: Catalog) -> None:
        self.deeds: list[Deed] = []
        self.copies: list[Copy] = []
        self.added: dict[str, dict[str, Added]] = {}
        self.unread: list[Statement] = []
        self.labels: dict[str, str] = {}
        self.zone_set = False
        self.names = Names(before)
        self._before = before
        self._queries = Queries(self.names)
        self._bodies: dict[str, Body] = {}
        self._inside: list[str] = []

    def hear(self, statement: Statement) -> None:
        """Note what it says."""
        try:
            parsed = parse(statement.sql)
        except GrammarError:
            self._unread(statement.sql, statement)
            return
        for each in parsed:
            self._node(each.node, statement, statement.sql)

    def _node(self, node: Node, statement: Statement, text: str) -> None:
        """One statement, which may be inside of another one.

        :param text: the SQL that it stands in
        """
        if node_name(node) in _RUNNING:
            for each in walk(node):
                if node_name(each) == "FuncCall":
                    self.zone_set = self.zone_set or _sets_zone(each)
                    self._called(unwrap(each.funcname[-1]).sval, statement)
        match node_name(node):
            case kind if kind in _WRITING or kind in ("ExplainStmt", "PrepareStmt"):
                for each in reversed(walk(node)):
                    self._written(each, statement)
            case "TruncateStmt":
                for relation in map(unwrap, node.relations):
                    self.deeds.append(Deed("truncate", self.names.of(relation), statement, node=node))
            case "CopyStmt" if node.is_from and node.HasField("relation"):
                self.deeds.append(Deed("copy", self.names.of(node.relation), statement, node=node))
            case "DoStmt":
                self._body(block(text, node), statement)
            case "CreateFunctionStmt":
                self._bodies[unwrap(node.funcname[-1]).sval] = defined(text, node)
            case "CreateStmt":
                self._create(node)
            case "AlterTableStmt":
                self._alter(node, statement)
            case "DropStmt":
                self._drop(node, statement)
            case "RenameStmt" | "AlterObjectSchemaStmt":
                self._rename(node)
            case "AlterEnumStmt" if node.old_val:
                self.labels[node.old_val] = node.new_val
            case "VariableSetStmt" if node.name.lower() == "timezone":
                self.zone_set = True
            case "VariableSetStmt" if node.name == "search_path" and node.args:
                self.names.path = [
                    each.sval.sval
                    for each in map(unwrap, node.args)
                    if node_name(each) == "A_Const" and each.HasField("sval") and each.sval.sval
                ] or ["public"]

    def _called(self, name: str, statement: Statement) -> None:
        if name in self._inside:
            return
        body = self._bodies.get(name)
        bodies = (
            [body]
            if body is not None
            else [existing(each) for each in self._before.functions if each.name == name and each.returns != "trigger"]
        )
        self._inside.append(name)
        for each in bodies:
            self._body(each, statement)
        self._inside.pop()

    def _body(self, body: Body, statement: Statement) -> None:
        for node in body.nodes:
            self._node(node, statement, "")
        for text in body.unread:
            self._unread(text, statement)

    def _unread(self, text: str, statement: Statement) -> None:
        self.unread.append(statement)
        for kind, name in said(text):
            schema, _, bare = name.rpartition(".")
            word = kind.split()[0]
            # A text may also name what it does not touch: only tables that there are count.
            if name and not self.names.known(schema, bare):
                continue
            table = self.names.find(schema, bare) if name else ""
            for each in _UNREAD_KINDS.get(word, (word,)):
                self.deeds.append(Deed(each, table, statement, unread=True))

    def _written(self, node: Node, statement: Statement) -> None:
        """What one node of a statement writes."""
        match node_name(node):
            case "DeleteStmt":
                where = node.where_clause if node.HasField("where_clause") else None
                self.deeds.append(Deed("delete", self.names.of(node.relation), statement, where=where, node=node))
            case "UpdateStmt":
                self._update(node, statement)
            case "InsertStmt":
                self._insert(node, statement)
            case "MergeStmt":
                self._merge(node, statement)
            case "CreateTableAsStmt" if node.into.rel.relname:
                self._made(node.query, node.into, statement)
            case "SelectStmt" if node.HasField("into_clause"):
                self._made(node, node.into_clause, statement)

    def _update(self, node: Node, statement: Statement) -> None:
        target = self._queries.relation(node.relation)
        items = [target, *self._queries.sources(list(node.from_clause))]
        where = node.where_clause if node.HasField("where_clause") else None
        assigned = self._assigned(node.target_list, target.table, items)
        self.deeds.append(Deed("update", target.table, statement, assigned, where, node))

    def _assigned(self, targets: list[Node], table: str, items: list[Source]) -> dict[str, Assigned]:
        found = {}
        for target in map(unwrap, targets):
            value = unwrap(target.val)
            if node_name(value) == "MultiAssignRef":
                row = unwrap(value.source)
                value = unwrap(row.args[value.colno - 1]) if node_name(row) == "RowExpr" else row
            column = self.names.column(table, target.name)
            found[column] = self._queries.assigned(value, items)
        return found

    def _insert(self, node: Node, statement: Statement) -> None:
        table = self.names.of(node.relation)
        conflict = node.on_conflict_clause if node.HasField("on_conflict_clause") else None
        guarded = conflict is not None and enum_name(conflict, "action") == "ONCONFLICT_NOTHING"
        replaced = conflict.target_list if conflict is not None else []
        items: list[Source] = [self._queries.relation(node.relation)]
        assigned = self._assigned(replaced, table, items)
        self.deeds.append(Deed("insert", table, statement, assigned, node=node, guarded=guarded))
        if not node.HasField("select_stmt"):
            return
        names = [unwrap(each).name for each in node.cols]
        targets = [self.names.column(table, name) for name in names] or self.names.columns(table)
        # The queries of its WITH are known to the INSERT, not to its SELECT.
        around: dict[str, list[Query]] = {}
        if node.HasField("with_clause"):
            for each in map(unwrap, node.with_clause.ctes):
                around[each.ctename] = self._queries.read(each.ctequery, around)
        for query in self._queries.read(node.select_stmt, around):
            given = dict(zip(targets, (each for _, each in query.outputs), strict=False))
            self._copied(query, table, given, statement, guarded=guarded)

    def _merge(self, node: Node, statement: Statement) -> None:
        target = self._queries.relation(node.relation)
        sources = self._queries.sources([node.source_relation])
        items: list[Source] = [target, *sources]
        for clause in map(unwrap, node.merge_when_clauses):
            match enum_name(clause, "command_type"):
                case "CMD_DELETE":
                    self.deeds.append(Deed("delete", target.table, statement, node=node))
                case "CMD_UPDATE":
                    assigned = self._assigned(clause.target_list, target.table, items)
                    self.deeds.append(Deed("update", target.table, statement, assigned, node=node))
                case "CMD_INSERT":
                    self.deeds.append(Deed("insert", target.table, statement, node=node))
                    columns = [self.names.column(target.table, unwrap(each).name) for each in clause.target_list]
                    values = [self._queries.assigned(each, items) for each in clause.values]
                    given = dict(zip(columns or self.names.columns(target.table), values, strict=False))
                    tables = {each.table: each.alias for each in sources if each.table}
                    self._copied(Query([], tables), target.table, given, statement, guarded=True)

    def _made(self, select: Node, into: Node, statement: Statement) -> None:
        schema = "pg_temp" if into.rel.relpersistence == "t" else into.rel.schemaname
        queries = self._queries.read(select)
        table = self.names.make(schema, into.rel.relname)
        self.deeds.append(Deed("insert", table, statement))
        names = [unwrap(each).sval for each in into.col_names]
        for query in queries:
            columns = [
                self.names.add_column(table, written or name)
                for written, (name, _) in zip(names + [""] * len(query.outputs), query.outputs, strict=False)
            ]
            given = dict(zip(columns, (each for _, each in query.outputs), strict=True))
            self._copied(query, table, given, statement, guarded=False)

    def _copied(
        self, query: Query, target: str, given: Mapping[str, Assigned], statement: Statement, *, guarded: bool
    ) -> None:
        mentioned = frozenset(
            name
            for each in given.values()
            if each.carried is None and each.expression is not None
            for _, name in columns_of(each.expression)
        )
        for source, alias in query.tables.items():
            own = {column: each.carried for column, each in given.items() if each.carried is not None}
            mine = {column: carried for column, carried in own.items() if carried.table == source}
            columns = {carried.column: column for column, carried in mine.items() if carried.way is Way.CARRIED}
            cast = {carried.column: column for column, carried in mine.items() if carried.way is Way.CAST}
            self.copies.append(
                Copy(
                    source,
                    target,
                    statement,
                    columns,
                    cast,
                    frozenset(given.keys() - mine.keys()),
                    mentioned,
                    tuple(each for each in query.tables if each != source),
                    query.inner,
                    guarded,
                    query.thinned,
                    query.where,
                    alias,
                )
            )

    def _create(self, node: Node) -> None:
        schema = "pg_temp" if node.relation.relpersistence == "t" else node.relation.schemaname
        if node.if_not_exists and self.names.known(schema, node.relation.relname):
            return
        parents = [self.names.of(unwrap(each)) for each in node.inh_relations]
        parents += [self.names.of(each.relation) for each in map(unwrap, node.table_elts) if _likes(each)]
        table = self.names.make(schema, node.relation.relname)
        for parent in parents:
            for name in self.names.column_names(parent):
                self.names.add_column(table, name)
        for each in map(unwrap, node.table_elts):
            if node_name(each) == "ColumnDef":
                self.names.add_column(table, each.colname)

    def _alter(self, node: Node, statement: Statement) -> None:
        if enum_name(node, "objtype") != "OBJECT_TABLE":
            return
        table = self.names.of(node.relation)
        commands = [(enum_name(each, "subtype"), each) for each in map(unwrap, node.cmds)]
        # PostgreSQL drops before it retypes, and retypes before it adds, in whatever order they are written.
        for subtype, command in sorted(commands, key=lambda each: _PASSES.get(each[0], 3)):
            about = unwrap(getattr(command, "def")) if command.HasField("def") else None
            match subtype:
                case "AT_DropColumn":
                    column = self.names.drop_column(table, command.name)
                    self.deeds.append(Deed("drop column", table, statement, {column: Assigned(Way.CONSTANT)}))
                case "AT_AlterColumnType":
                    column = self.names.column(table, command.name)
                    own = [self._queries.relation(node.relation)]
                    using = about.raw_default if about is not None and about.HasField("raw_default") else None
                    how = Assigned(Way.CAST) if using is None else self._queries.assigned(using, own)
                    self.deeds.append(Deed("retype", table, statement, {column: how}))
                case "AT_AddColumn" if about is not None:
                    column = self.names.add_column(table, about.colname)
                    if column.startswith("+"):
                        default = any(enum_name(each, "contype") in _FILLING for each in map(unwrap, about.constraints))
                        added = Added(_type(about.type_name), default, statement)
                        self.added.setdefault(table, {})[column] = added
                        self.deeds.append(Deed("add column", table, statement, {column: Assigned(Way.CONSTANT)}))
                case "AT_AttachPartition" | "AT_DetachPartition" if about is not None:
                    kind = "attach" if subtype == "AT_AttachPartition" else "detach"
                    self.deeds.append(Deed(kind, table, statement))

    def _drop(self, node: Node, statement: Statement) -> None:
        kind = enum_name(node, "remove_type")
        if enum_name(node, "behavior") == "DROP_CASCADE":
            self.deeds.append(Deed("cascade", "", statement, node=node))
        if kind not in ("OBJECT_SCHEMA", "OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"):
            return
        for parts in ([unwrap(part).sval for part in _items(each)] for each in node.objects):
            if kind == "OBJECT_SCHEMA":
                dropped = self.names.schema(parts[-1])
            else:
                schema = parts[-2] if len(parts) > 1 else ""
                dropped = [self.names.find(schema, parts[-1])] if self.names.known(schema, parts[-1]) else []
            for table in dropped:
                self.deeds.append(Deed("drop", table, statement))
                self.names.drop(table)

    def _rename(self, node: Node) -> None:
        if node_name(node) == "AlterObjectSchemaStmt":
            if enum_name(node, "object_type") == "OBJECT_TABLE" and node.HasField("relation"):
                self.names.rename(node.relation, schema=node.newschema)
            return
        match enum_name(node, "rename_type"):
            case "OBJECT_TABLE":
                self.names.rename(node.relation, name=node.newname)
            case "OBJECT_COLUMN" if enum_name(node, "relation_type") == "OBJECT_TABLE":
                self.names.rename_column(self.names.of(node.relation), node.subname, node.newname)
            case "OBJECT_SCHEMA":
                self.names.rename_schema(node.subname, node.newname)


_PASSES = {"AT_DropColumn": 0, "AT_AlterColumnType": 1, "AT_AddColumn": 2}
_FILLING = ("CONSTR_DEFAULT", "CONSTR_GENERATED", "CONSTR_IDENTITY")


def _sets_zone(call: Node) -> bool:
    first = unwrap(call.args[0]) if call.args else None
    named = node_name(first) == "A_Const" and first is not None and first.sval.sval.lower() == "timezone"
    return named and unwrap(call.funcname[-1]).sval == "set_config"


def _likes(element: Node) -> bool:
    return node_name(element) == "TableLikeClause"


def _items(node: Node) -> Iterator[Node]:
    found = unwrap(node)
    return iter(found.items if node_name(found) == "List" else [found])


def _type(name: Node) -> str:
    """A type as SQL writes it."""
    cast = parse("SELECT NULL::integer")[0].node.target_list[0].res_target.val
    cast.type_cast.type_name.CopyFrom(name)
    return text_of(cast).removeprefix("NULL::")
