"""Which columns of which tables the rows of a query come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrate_validate.syntax import Node, node_name, unwrap, walk

from .._shared import enum_name
from .deeds import Assigned
from .expressions import Carried, Way, referred
from .names import Names

Outputs = list[tuple[str, Assigned]]
"""Name and origin of the columns of a query."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT without UNION, or one side of it."""

    outputs: Outputs
    tables: Mapping[str, str]
    """The tables that the rows come from, by identity, and what each is called."""
    inner: bool = False
    thinned: str = ""
    where: Node | None = None


@dataclass(slots=True)
class Source:
    """Something in FROM."""

    alias: str
    table: str = ""
    """Its identity; empty for a query."""
    outputs: Outputs = field(default_factory=list)


class Queries:
    """Reads queries under the names of one moment."""

    def __init__(self, names: Names) -> None:
        """Names are asked when a query is read."""
        self._names = names

    def read(self, node: Node, around: Mapping[str, list[Query]] | None = None) -> list[Query]:
        """The query, or each side of its UNION.

        :param around: queries of WITH clauses around it, by name
        """
        node = unwrap(node)
        within = {**(around or {})}
        if node_name(node) in ("SelectStmt", "InsertStmt", "DeleteStmt", "UpdateStmt") and node.HasField("with_clause"):
            for each in map(unwrap, node.with_clause.ctes):
                within[each.ctename] = self.read(each.ctequery, within)
        match node_name(node):
            case "SelectStmt":
                return self._select(node, within)
            case "DeleteStmt" | "UpdateStmt" | "InsertStmt":
                source = self._relation(node.relation)
                items = [source]
                where = node.where_clause if node_name(node) == "DeleteStmt" else None
                targets = node.returning_clause.exprs if node.HasField("returning_clause") else node.returning_list
                return [Query(self._outputs(targets, items), {source.table: source.alias}, where=where)]
        return []

    def _select(self, node: Node, within: Mapping[str, list[Query]]) -> list[Query]:
        if enum_name(node, "op") != "SETOP_NONE":
            sides = [*self.read(node.larg, within), *self.read(node.rarg, within)]
            word = enum_name(node, "op").removeprefix("SETOP_")
            thinned = "" if word == "UNION" and node.all else word
            return [Query(each.outputs, each.tables, each.inner, each.thinned or thinned, each.where) for each in sides]
        if node.values_lists:
            first = unwrap(node.values_lists[0]).items
            return [Query([("", _assigned(each, None)) for each in first], {})]
        items: list[Source] = []
        tables: dict[str, str] = {}
        inner = len(node.from_clause) > 1
        thinned = _thinned(node)
        where = node.where_clause if node.HasField("where_clause") else None
        for each in node.from_clause:
            for source, queries in self._items(each, within):
                items.append(source)
                if source.table:
                    tables[source.table] = source.alias
                for query in queries:
                    tables.update(query.tables)
                    inner = inner or query.inner
                    thinned = thinned or query.thinned
                    where = where if where is not None else query.where
            inner = inner or any(
                node_name(join) == "JoinExpr" and enum_name(join, "jointype") != "JOIN_LEFT" for join in walk(each)
            )
        return [Query(self._outputs(node.target_list, items), tables, inner, thinned, where)]

    def sources(self, items: list[Node], within: Mapping[str, list[Query]] | None = None) -> list[Source]:
        """What stands in a FROM clause."""
        return [source for each in items for source, _ in self._items(each, within or {})]

    def relation(self, node: Node) -> Source:
        """A table by its ``RangeVar``."""
        return self._relation(node)

    def _relation(self, node: Node) -> Source:
        alias = node.alias.aliasname if node.HasField("alias") else node.relname
        return Source(alias, self._names.of(node))

    def _items(self, node: Node, within: Mapping[str, list[Query]]) -> Iterator[tuple[Source, list[Query]]]:
        node = unwrap(node)
        match node_name(node):
            case "RangeVar" if not node.schemaname and node.relname in within:
                alias = node.alias.aliasname if node.HasField("alias") else node.relname
                queries = within[node.relname]
                yield Source(alias, outputs=queries[0].outputs if queries else []), queries
            case "RangeVar":
                yield self._relation(node), []
            case "RangeSubselect":
                queries = self.read(node.subquery, within)
                outputs = queries[0].outputs if queries else []
                named = [unwrap(each).sval for each in node.alias.colnames]
                renamed = [(name, value) for name, (_, value) in zip(named, outputs, strict=False)]
                yield Source(node.alias.aliasname, outputs=[*renamed, *outputs[len(named) :]]), queries
            case "JoinExpr":
                yield from self._items(node.larg, within)
                yield from self._items(node.rarg, within)

    def _outputs(self, targets: list[Node], items: list[Source]) -> Outputs:
        outputs: Outputs = []
        for target in map(unwrap, targets):
            value = unwrap(target.val)
            parts = [unwrap(part) for part in value.fields] if node_name(value) == "ColumnRef" else []
            if parts and node_name(parts[-1]) == "A_Star":
                alias = parts[-2].sval if len(parts) > 1 else None
                for each in items:
                    if alias in (None, each.alias):
                        outputs += self._all(each)
                continue
            outputs.append((target.name or _named(value), self.assigned(value, items)))
        return outputs

    def assigned(self, value: Node, items: list[Source]) -> Assigned:
        """How an expression over these sources comes by its value."""
        reference, way = referred(value)
        if reference is None:
            return Assigned(way, None, unwrap(value))
        return _assigned(value, self._resolved(reference, items))

    def _all(self, source: Source) -> Outputs:
        if not source.table:
            return source.outputs
        names = self._names.column_names(source.table)
        return [
            (name, Assigned(Way.CARRIED, Carried(source.table, identity, Way.CARRIED)))
            for name, identity in names.items()
        ]

    def _resolved(self, reference: Node, items: list[Source]) -> Carried | None:
        parts = [unwrap(part) for part in reference.fields]
        if any(node_name(part) != "String" for part in parts):
            return None
        name, alias = parts[-1].sval, parts[-2].sval if len(parts) > 1 else None
        for each in items:
            if alias not in (None, each.alias):
                continue
            known = dict(self._all(each))
            if name in known:
                return known[name].carried
        tables = [each for each in items if each.table and alias in (None, each.alias)]
        if len(tables) == 1:
            return Carried(tables[0].table, self._names.column(tables[0].table, name), Way.CARRIED)
        return None


def _assigned(value: Node, carried: Carried | None) -> Assigned:
    _, way = referred(value)
    if way in (Way.CARRIED, Way.CAST) and carried is None:
        way = Way.COMPUTED
    if carried is not None:
        way = Way.CAST if Way.CAST in (way, carried.way) else Way.CARRIED
        carried = Carried(carried.table, carried.column, way)
    return Assigned(way, carried, unwrap(value))


def _named(value: Node) -> str:
    """The name that PostgreSQL gives a column of a query that gets none; empty where it is ``?column?``."""
    node = unwrap(value)
    match node_name(node):
        case "ColumnRef":
            last = unwrap(node.fields[-1])
            return str(last.sval) if node_name(last) == "String" else ""
        case "FuncCall":
            return str(unwrap(node.funcname[-1]).sval)
        case "TypeCast":
            return _named(node.arg) or str(unwrap(node.type_name.names[-1]).sval)
        case "CollateClause":
            return _named(node.arg)
        case "CoalesceExpr":
            return "coalesce"
        case "CaseExpr":
            return (_named(node.defresult) if node.HasField("defresult") else "") or "case"
    return ""


def _thinned(select: Node) -> str:
    """What besides WHERE and joins makes rows fewer."""
    if select.distinct_clause:
        return "DISTINCT ON" if unwrap(select.distinct_clause[0]) is not None else "DISTINCT"
    if select.group_clause:
        return "GROUP BY"
    if select.HasField("limit_count") or select.HasField("limit_offset"):
        return "LIMIT"
    return ""
