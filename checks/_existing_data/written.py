"""What INSERT ... SELECT and UPDATE take for granted of the rows that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import UNPARSED
from migrate_validate.data.casts import conditions
from migrate_validate.data.names import Names, Sources
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

_KEY = re.compile(r"Key \((?P<columns>.*?)\)=\(")
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_PARENT = re.compile(r'is not present in table "(?P<table>.*)"')


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
    """The queries of an INSERT or UPDATE; none of other statements."""
    if statement.kind not in ("insert", "update"):
        return ()
    node: Any = syntax.parse(statement.sql)[0].node
    sources = Sources(node, names)
    if statement.kind == "update":
        return tuple(_of_update(node, sources))
    return tuple(_of_insert(node, sources))


def _of_update(node: Node, sources: Sources) -> Iterator[Written]:
    table = sources.names.table(node.relation)
    own = sources.from_clause(node.relation)
    if table is None or own is None:
        return
    others = [_from(each, sources) for each in node.from_clause]
    alias = node.relation.alias.aliasname if node.relation.HasField("alias") else node.relation.relname
    values = {column.name: _reference(alias, column.name) for column in table.columns}
    values |= {unwrap(each).name: unwrap(each).val for each in node.target_list}
    relation = None if None in others else ", ".join([own, *map(str, others)])
    where = node.where_clause if node.HasField("where_clause") else None
    joined = ", ".join(map(str, others))
    yield Written(values, sources, relation, None if others else table, where, table, own, joined)


def _of_insert(node: Node, sources: Sources) -> Iterator[Written]:
    target = sources.names.table(node.relation)
    columns = [unwrap(each).name for each in node.cols] or [each.name for each in (target.columns if target else ())]
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
            found += [_reference(None, column.name) for column in table.columns]
        else:
            found.append(target.val)
    return found


def _reference(alias: str | None, column: str) -> Node:
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


def not_null(reads: Written, column: str) -> Iterator[str | None]:
    """What is assumed where a NULL was written."""
    if column not in reads.values:
        if reads.table is not None:
            yield f"{reads.name} is empty"
        return
    value, restriction = reads.sql(quote(column)), reads.restriction()
    if reads.table is not None and value and restriction is not None:
        if reads.table.column(value.strip('"')):
            yield f"not null {value} on {reads.name}"
            yield f"not null {value} on {reads.name}{restriction}"
        elif not _has_subquery(reads.values[column]):
            yield f"check ({value} IS NOT NULL) on {reads.name}{restriction}"
    yield _no_rows(reads, f"({reads.sql(quote(column), qualified=True)}) is null")


def check(reads: Written, condition: str) -> Iterator[str | None]:
    """What is assumed where a CHECK constraint refused what was written."""
    value, restriction = reads.sql(condition), reads.restriction()
    if reads.table is not None and value and restriction is not None:
        yield f"check ({value}) on {reads.name}{restriction}"
    yield _no_rows(reads, f"not ({reads.sql(condition, qualified=True)})")


def exists(reads: Written, columns: Sequence[str], parent: str) -> Iterator[str | None]:
    """What is assumed where a foreign key refused what was written."""
    values, restriction = [reads.sql(quote(each)) for each in columns], reads.restriction()
    if reads.table is None or restriction is None:
        return
    if all(value and reads.table.column(value.strip('"')) for value in values):
        yield f"{', '.join(map(str, values))} exists in {parent} on {reads.name}"
        yield f"{', '.join(map(str, values))} exists in {parent} on {reads.name}{restriction}"


def unique(several: Sequence[Written], keys: Sequence[str], target: Table | None, names: Names) -> Iterator[str | None]:
    """What is assumed where a key was written twice.

    :param keys: expressions over the target's columns
    :param target: as it was before; None: it was not there
    """
    listed = ", ".join(f"k{number}" for number in range(1, len(keys) + 1))
    parts = [_selected(reads, keys) for reads in several]
    for reads in several:
        values, restriction = [reads.sql(key) for key in keys], reads.restriction()
        if reads.table is not None and None not in values and restriction is not None:
            yield f"unique {', '.join(map(str, values))} on {reads.name}{restriction}"
            yield f"unique {', '.join(map(str, values))} on {reads.name}"
    if None in parts or not parts:
        return
    united = " union all ".join(map(str, parts))
    grouped = f"group by {listed} having count(*) > 1"
    yield f"no rows: select {listed} from ({united}) as written {grouped}"
    if target is not None:
        own = ", ".join(f"{key} as k{number}" for number, key in enumerate(keys, 1))
        there = f"select {own} from {Sources(None, names).name_of(target)}"
        yield f"no rows: select {listed} from ({united}) as written intersect all {there}"
        yield f"no rows: select {listed} from ({united} union all {there}) as written {grouped}"


def too_large(reads: Written, target: Table) -> Iterator[str | None]:
    """What is assumed where a value did not fit into the target's column."""
    for name in reads.values:
        column, text, restriction = target.column(name), reads.sql(quote(name)), reads.restriction()
        source = reads.table.column(text.strip('"')) if reads.table and text else None
        if column and source and text and restriction is not None and column.type != source.type:
            type_name = syntax.parse_expression(f"NULL::{column.type}").type_name
            for each in conditions(text, source.type, type_name, explicit=False):
                yield f"{each} on {reads.name}{restriction}"
        if column and text and restriction is not None and reads.table and column.type in _LARGEST:
            yield from _sum_within(text, _LARGEST[column.type], f"on {reads.name}{restriction}")


def _sum_within(expression: str, largest: int, of_rows: str) -> Iterator[str]:
    """What keeps ``column + 1`` within an integer type."""
    node = syntax.parse_expression(expression)
    if node_name(node) == "A_Expr" and unwrap(node.name[-1]).sval in ("+", "-") and node.HasField("lexpr"):
        left, right = unwrap(node.lexpr), unwrap(node.rexpr)
        if node_name(left) == "ColumnRef" and node_name(right) == "A_Const" and right.WhichOneof("val") == "ival":
            step = right.ival.ival
            added = unwrap(node.name[-1]).sval == "+"
            bound = f"<= {largest - step}" if added else f">= {step - largest - 1}"
            yield f"{syntax.sql_of_node(node.lexpr)} {bound} {of_rows}"


def keys_of(failure: Failure) -> list[str]:
    """The columns or expressions that PostgreSQL names in the detail of an error."""
    found = _KEY.search(failure.detail or "")
    if found is None:
        return []
    try:
        targets = syntax.parse(f"SELECT {found['columns']}")[0].node.target_list
    except syntax.GrammarError:
        return []
    return [syntax.sql_of_node(unwrap(each).val) for each in targets]


def parent_of(failure: Failure) -> str:
    """The table that PostgreSQL names in the detail of an error; empty where it names none."""
    found = _PARENT.search(failure.detail or "")
    return quote(found["table"]) if found else ""


def fills(earlier: Iterable[tuple[Statement, Names]], table: Table, column: str) -> Iterator[Written]:
    """The UPDATE statements that have set a column of a table."""
    for statement, names in earlier:
        if statement.kind != "update" or statement.kind == UNPARSED:
            continue
        node: Any = syntax.parse(statement.sql)[0].node
        targets = {unwrap(each).name for each in node.target_list}
        if column in targets and names.table(node.relation) is table:
            yield from written(statement, names)


def matched(reads: Written, column: str) -> Iterator[str | None]:
    """What is assumed where each row has to have a partner in another table, from which it is filled."""
    if reads.updated is None:
        return
    own = reads.updated
    conditions = [reads.where] if reads.where is not None else []
    for each in syntax.walk(reads.values[column]):
        if node_name(each) == "SubLink":
            select = unwrap(each.subselect)
            conditions += [select.where_clause] if select.HasField("where_clause") else []
    for part in (part for condition in conditions for part in conjuncts(condition)):
        texts = {reads.sources.table_of(side): reads.sources.sql(side) for side in sides(part)}
        for other, text in texts.items():
            mine = texts.get(own)
            if other is not None and other is not own and text and mine:
                name = reads.sources.name_of(own)
                yield f"{mine} exists in {reads.sources.name_of(other)}({text}) on {name}"
                yield f"not null {mine} on {name}"


def several_found(reads: Written) -> Iterator[str | None]:
    """The rows for which a subquery that stands for one value returns several."""
    for value in reads.values.values():
        for each in syntax.walk(value):
            if node_name(each) != "SubLink":
                continue
            holder: Any = syntax.parse("SELECT (SELECT count(*))")[0].node.target_list[0].res_target.val
            counting = type(holder)()
            counting.CopyFrom(holder.sub_link.subselect.select_stmt.target_list[0])
            select = unwrap(each.subselect)
            plain = not (select.group_clause or select.distinct_clause or select.HasField("larg"))
            inner = holder.sub_link.subselect.select_stmt
            inner.CopyFrom(select)
            del inner.target_list[:], inner.sort_clause[:]
            inner.target_list.append(counting)
            number = reads.sources.sql(holder, qualified=True) if plain and not select.HasField("limit_count") else None
            if number is not None:
                yield _no_rows(reads, f"{number} > 1")


def unfilled(several: Sequence[Written], column: str, among: str = "") -> str | None:
    """The rows that none of these UPDATE statements fills.

    :param among: of which rows that is asked, as SQL; empty: of all
    """
    met = [among] if among else []
    for reads in several:
        value, restriction = reads.sql(quote(column), qualified=True), reads.restriction(qualified=True)
        if reads.relation is None or value is None or restriction is None:
            return None
        node = unwrap(reads.values[column])
        certain = node_name(node) == "A_Const" and not node.isnull and bool(restriction)
        filled = "" if certain else f"({value}) is not null"
        filled += restriction.replace(" where ", "" if certain else " and ", 1)
        met.append(
            f"not exists (select from {reads.joined} where {filled})" if reads.joined else f"({filled}) is not true"
        )
    own = {reads.own for reads in several}
    return f"no rows: select * from {own.pop()} where {' and '.join(met)}" if len(own) == 1 else None


def conjuncts(condition: Node) -> Iterator[Node]:
    """The parts of a condition that all have to be true, as generic nodes."""
    node = unwrap(condition)
    if node_name(node) == "BoolExpr" and enum_name("BoolExprType", node.boolop) == "AND_EXPR":
        for each in node.args:
            yield from conjuncts(each)
    else:
        yield condition


def sides(part: Node) -> list[Node]:
    """Both sides of an equation; none of anything else."""
    node = unwrap(part)
    equal = node_name(node) == "A_Expr" and unwrap(node.name[-1]).sval == "="
    return [node.lexpr, node.rexpr] if equal else []


def _selected(reads: Written, keys: Sequence[str]) -> str | None:
    values = [reads.sql(key, qualified=True) for key in keys]
    restriction = reads.restriction(qualified=True)
    if reads.relation is None or None in values or restriction is None:
        return None
    listed = ", ".join(f"{value} as k{number}" for number, value in enumerate(values, 1))
    return f"select {listed} from {reads.relation}{restriction}"


def _no_rows(reads: Written, condition: str) -> str | None:
    restriction = reads.restriction(qualified=True)
    if reads.relation is None or restriction is None or "None" in condition:
        return None
    joined = f"{restriction} and {condition}" if restriction else f" where {condition}"
    return f"no rows: select * from {reads.relation}{joined}"


def _has_subquery(value: Node) -> bool:
    return any(node_name(each) == "SubLink" for each in syntax.walk(value))
