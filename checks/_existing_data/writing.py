"""The queries whose rows INSERT, UPDATE, MERGE and DELETE write, in the names of before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import UNPARSED
from migrate_validate.data.names import Names, Sources
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap


@dataclass(frozen=True, slots=True)
class Written:
    """One query whose rows a statement writes, in the names of before."""

    values: Mapping[str, Node]
    """By column of the target: where its value comes from."""
    sources: Sources
    relation: str | None
    """What stands behind FROM."""
    table: Table | None
    """The table behind FROM, where it is one alone."""
    where: Node | None
    """A generic ``Node``."""
    updated: Table | None = None
    """The table that an UPDATE changes, as it was before."""
    own: str = ""
    """How an UPDATE names it."""
    joined: str = ""
    """What else an UPDATE reads."""

    @property
    def name(self) -> str:
        """What an assumption calls the table."""
        assert self.table is not None
        return self.sources.name_of(self.table)

    def restriction(self, *, qualified: bool = False) -> str | None:
        """`` where ...``, empty where it has all rows; None: it cannot be said in the names of before."""
        if self.where is None:
            return ""
        condition = self.sources.sql(self.where, qualified=qualified)
        return None if condition is None else f" where {condition}"

    def sql(self, expression: str, *, qualified: bool = False) -> str | None:
        """An expression over the target's columns, over those that are read."""
        tree = syntax.parse(f"SELECT {expression}")[0].node.target_list[0].res_target.val
        names = [unwrap(each.fields[-1]).sval for each in syntax.walk(tree) if node_name(each) == "ColumnRef"]
        if any(name not in self.values for name in names):
            return None
        holder: Any = syntax.parse("SELECT NULL")[0].node.target_list[0].res_target
        holder.val.CopyFrom(tree)
        _put(holder, self.values)
        return self.sources.sql(holder.val, qualified=qualified)


def written(statement: Statement, names: Names) -> tuple[Written, ...]:
    """The queries of an INSERT, UPDATE or MERGE; none of other statements."""
    if statement.kind not in ("insert", "update", "merge"):
        return ()
    node: Any = syntax.parse(statement.sql)[0].node
    sources = Sources(node, names)
    if statement.kind == "merge":
        return tuple(_of_merge(node, sources))
    if statement.kind == "update":
        return tuple(_of_update(node, sources))
    return tuple(_of_insert(node, sources))


def deleted(statement: Statement, names: Names) -> tuple[Written, ...]:
    """The query for the rows that a DELETE deletes; none of other statements, and of one with USING."""
    if statement.kind != "delete":
        return ()
    node: Any = syntax.parse(statement.sql)[0].node
    sources = Sources(node, names)
    table, own = names.table(node.relation), sources.from_clause(node.relation)
    if table is None or own is None or node.using_clause:
        return ()
    where = node.where_clause if node.HasField("where_clause") else None
    alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
    values = {column.name: reference(alias, column.name) for column in table.columns}
    return (Written(values, sources, own, table, where, table, own),)


def selected(statement: Statement, names: Names) -> tuple[Written, ...]:
    """The rows of a SELECT from one table, which writes nothing; none of other statements."""
    if statement.kind != "select":
        return ()
    node: Any = syntax.parse(statement.sql)[0].node
    first = unwrap(node.from_clause[0]) if len(node.from_clause) == 1 else None
    table = names.table(first) if node_name(first) == "RangeVar" else None
    if table is None or node.group_clause or node.distinct_clause:
        return ()
    sources = Sources(node, names)
    where = node.where_clause if node.HasField("where_clause") else None
    return (Written({}, sources, sources.from_clause(first), table, where),)


def _of_update(node: Node, sources: Sources) -> Iterator[Written]:
    table = sources.names.table(node.relation)
    own = sources.from_clause(node.relation)
    if table is None or own is None:
        return
    others = [_from(each, sources) for each in node.from_clause]
    alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
    values = {column.name: reference(alias, column.name) for column in table.columns}
    values |= {unwrap(each).name: unwrap(each).val for each in node.target_list}
    relation = None if None in others else ", ".join([own, *map(str, others)])
    where = node.where_clause if node.HasField("where_clause") else None
    joined = ", ".join(map(str, others))
    yield Written(values, sources, relation, None if others else table, where, table, own, joined)


def _of_insert(node: Node, sources: Sources) -> Iterator[Written]:
    target = sources.names.table(node.relation)
    named = [unwrap(each).name for each in node.cols] or [each.name for each in (target.columns if target else ())]
    columns = named or sources.names.made.columns_of(node.relation)
    for select in _branches(unwrap(node.select_stmt)):
        given = _given(select, sources)
        if given is None or select.values_lists:
            continue
        relations = [_from(each, sources) for each in select.from_clause]
        first = unwrap(select.from_clause[0]) if len(select.from_clause) == 1 else None
        table = sources.names.table(first) if first is not None and node_name(first) == "RangeVar" else None
        grouped = select.group_clause or select.distinct_clause or not relations or None in relations
        yield Written(
            dict(zip(columns, given, strict=False)),
            sources,
            None if grouped else ", ".join(map(str, relations)),
            None if grouped else table,
            select.where_clause if select.HasField("where_clause") else None,
        )


def _of_merge(node: Node, sources: Sources) -> Iterator[Written]:
    """What MERGE inserts."""
    target, relation = sources.names.table(node.relation), _from(node.source_relation, sources)
    first = unwrap(node.source_relation)
    table = sources.names.table(first) if node_name(first) == "RangeVar" else None
    there: Any = syntax.parse("SELECT NOT EXISTS (SELECT FROM t WHERE true)")[0].node.target_list[0].res_target.val
    select = there.bool_expr.args[0].sub_link.subselect.select_stmt
    select.from_clause[0].range_var.CopyFrom(node.relation)
    select.where_clause.CopyFrom(node.join_condition)
    for clause in map(unwrap, node.merge_when_clauses):
        if enum_name("CmdType", clause.command_type) == "CMD_INSERT" and clause.values:
            named = [unwrap(each).name for each in clause.target_list]
            columns = named or [each.name for each in (target.columns if target else ())]
            values = dict(zip(columns or sources.names.made.columns_of(node.relation), clause.values, strict=False))
            yield Written(values, sources, relation, table, there)


def constants(node: Node, keys: Sequence[str], target: Table | None, sources: Sources) -> str | None:
    """That no row has the keys of the rows that an INSERT lists; None: it lists none, or they are computed.

    :param node: an InsertStmt
    :param keys: the columns of the key, as SQL
    """
    select = unwrap(node.select_stmt)
    if select is None or target is None:
        return None
    named = [quote(unwrap(each).name) for each in node.cols] or [quote(each.name) for each in target.columns]
    rows = []
    for values in map(unwrap, select.values_lists):
        given = dict(zip(named, values.items, strict=False))
        if any(key not in given or node_name(unwrap(given[key])) != "A_Const" for key in keys):
            return None
        rows.append(" and ".join(f"{key} = {syntax.sql_of_node(given[key])}" for key in keys))
    if not rows or not keys:
        return None
    where = rows[0] if len(rows) == 1 else " or ".join(f"({each})" for each in rows)
    return f"no rows: select * from {sources.name_of(target)} where {where}"


def _branches(select: Node) -> Iterator[Node]:
    if select is None:
        return
    if select.HasField("larg"):
        yield from _branches(select.larg)
        yield from _branches(select.rarg)
    else:
        yield select


def _given(select: Node, sources: Sources) -> list[Node] | None:
    """The expressions that a query returns, ``*`` written out."""
    found: list[Node] = []
    for target in map(unwrap, select.target_list):
        value = unwrap(target.val)
        if node_name(value) == "ColumnRef" and node_name(unwrap(value.fields[-1])) == "A_Star":
            first = unwrap(select.from_clause[0]) if len(select.from_clause) == 1 else None
            table = sources.names.table(first) if first is not None and node_name(first) == "RangeVar" else None
            if table is None:
                return None
            found += [reference(None, column.name) for column in table.columns]
        else:
            found.append(target.val)
    return found


def reference(alias: str | None, column: str) -> Node:
    name = f"{quote(alias)}.{quote(column)}" if alias else quote(column)
    return syntax.parse(f"SELECT {name}")[0].node.target_list[0].res_target.val


def _from(item: Node, sources: Sources) -> str | None:
    """What stands behind FROM, in the names of before; None: it is no table or join of tables of then."""
    node = unwrap(item)
    if node_name(node) == "RangeVar":
        return sources.from_clause(node)
    if node_name(node) == "JoinExpr" and node.HasField("quals"):
        left, right = _from(node.larg, sources), _from(node.rarg, sources)
        condition = sources.sql(node.quals, qualified=True)
        words = {"JOIN_INNER": "join", "JOIN_LEFT": "left join", "JOIN_RIGHT": "right join", "JOIN_FULL": "full join"}
        word = words.get(enum_name("JoinType", node.jointype))
        if left and right and condition and word:
            return f"{left} {word} {right} on {condition}"
    return None


def _put(message: Any, values: Mapping[str, Node]) -> None:
    """Exchange references to columns for what their values are."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        for each in [value] if hasattr(value, "ListFields") else list(value):
            if each.DESCRIPTOR.name == "Node" and each.WhichOneof("node") == "column_ref":
                each.CopyFrom(values[unwrap(each.column_ref.fields[-1]).sval])
            else:
                _put(each, values)


def fills(earlier: Iterable[tuple[Statement, Names]], table: Table, column: str) -> Iterator[Written]:
    """The UPDATE statements that have set a column of a table."""
    for statement, names in earlier:
        if statement.kind != "update" or statement.kind == UNPARSED:
            continue
        node: Any = syntax.parse(statement.sql)[0].node
        targets = {unwrap(each).name for each in node.target_list}
        if column in targets and names.table(node.relation) is table:
            yield from written(statement, names)
