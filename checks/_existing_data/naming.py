"""What a migration that failed may take for granted: read off PostgreSQL's error and the statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.assumptions import Assumption, Unread, read
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.data.demands import CHECK, FOREIGN_KEY, NOT_NULL, UNIQUE, casts, demands
from migrate_validate.data.names import Names, Sources
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import Node, enum_name, node_name, quote, unwrap

from . import written
from .written import conjuncts, fills, keys_of, parent_of, sides

_CARDINALITY, _DIVISION = "21000", "22012"
_DATA = "22"
"""The class of SQLSTATE for values that something does not take."""
_DIVIDES = ("/", "%")
_SCALAR = ("EXPR_SUBLINK", "MULTIEXPR_SUBLINK")


def candidates(
    failure: Failure, statement: Statement | None, before: Catalog, up: Script | None = None
) -> tuple[Assumption, ...]:
    """What the failing statement may silently assume of the rows before its migration, best first.

    Each would have kept this statement from failing like this on some rows; whether it does on all has to be tried.

    :param statement: that failed; None: nothing is known
    :param before: the schema before the migration
    :param up: the migration's script; with it names that it changes, columns that it fills and types that it makes are
        followed
    :returns: nothing where the error is not about rows, or was raised by a function
    """
    if statement is None or statement.kind == UNPARSED or failure.sqlstate is None:
        return ()
    found: dict[Assumption, None] = {}
    told = _Told(failure, statement, before, up)
    for text in told.texts():
        if isinstance(text, Assumption):
            found[text] = None
        elif text is not None:
            try:
                found[read(text)] = None
            except Unread:  # what PostgreSQL prints is not always what the grammar reads
                continue
    return tuple(found)


class _Told:
    """A failure and all that is known around it."""

    def __init__(self, failure: Failure, statement: Statement, before: Catalog, up: Script | None) -> None:
        self.failure, self.statement, self.names = failure, statement, Names(before)
        self.updates: list[tuple[Statement, Names]] = []
        self.enums: dict[str, tuple[str, ...]] = {}
        self.checks: dict[str, str] = {}
        for each in _until(statement, up):
            self._see(each)
            self.names.follow(each)
        self.node: Any = syntax.parse(statement.sql)[0].node
        self.sources = Sources(self.node, self.names)

    def _see(self, statement: Statement) -> None:
        """Keep what an earlier statement of the same script fills and makes."""
        if statement.kind == "update":
            self.updates.append((statement, self.names.copy()))
        elif statement.kind == "create_enum":
            node: Any = syntax.parse(statement.sql)[0].node
            self.enums[unwrap(node.type_name[-1]).sval] = tuple(unwrap(value).sval for value in node.vals)
        elif statement.kind in ("create", "alter_table"):
            self.checks |= _checks(syntax.parse(statement.sql)[0].node)

    def texts(self) -> Iterator[str | Assumption | None]:
        """What may be assumed, best first, some of it nonsense."""
        ways = {
            NOT_NULL: self._not_null,
            UNIQUE: self._unique,
            FOREIGN_KEY: self._exists,
            CHECK: self._check,
            _CARDINALITY: self._cardinality,
            _DIVISION: self._division,
        }
        state = self.failure.sqlstate or ""
        if state in ways:
            yield from ways[state]()
        elif state.startswith(_DATA):
            yield from self._values()

    def _demanded(self, *states: str) -> Iterator[Assumption]:
        for demand in demands(self.statement, self.names, self.enums):
            if demand.sqlstate in states:
                yield from demand.assumptions

    def _not_null(self) -> Iterator[str | Assumption | None]:
        column = self.failure.column or ""
        demanded = list(self._demanded(NOT_NULL))
        # One ALTER TABLE may want it of several columns.
        yield from sorted(demanded, key=lambda each: column not in each.subject)
        for reads in written.written(self.statement, self.names):
            yield from written.not_null(reads, column)
        if self.statement.kind == "alter_table" and column:
            yield from self._backfilled(column)

    def _backfilled(self, column: str) -> Iterator[str | None]:
        """Where a column that the migration has added, or found with NULLs, and has filled stays NULL."""
        table = self.names.table(self.node.relation)
        if table is None:
            return
        filling = list(fills(self.updates, table, column))
        if self.names.column(table, column):
            yield written.unfilled(filling, column, among=f"{quote(column)} is null") if filling else None
            return
        if not filling:
            yield f"{self.sources.name_of(table)} is empty"
        if len(filling) == 1:
            yield from written.matched(filling[0], column)
            yield from written.not_null(filling[0], column)
        yield written.unfilled(filling, column)

    def _unique(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(UNIQUE)
        yield from self._written_twice(keys_of(self.failure))

    def _written_twice(self, keys: list[str]) -> Iterator[str | None]:
        several = written.written(self.statement, self.names)
        if several and keys:
            yield from written.unique(several, keys, self._target(), self.names)

    def _target(self) -> Table | None:
        return self.names.table(self.node.relation) if self.statement.kind in ("insert", "update") else None

    def _exists(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(FOREIGN_KEY)
        for reads in written.written(self.statement, self.names):
            yield from written.exists(
                reads, [name.strip('"') for name in keys_of(self.failure)], parent_of(self.failure)
            )

    def _check(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(CHECK)
        condition = self._condition()
        if condition is not None:
            for reads in written.written(self.statement, self.names):
                yield from written.check(reads, condition)

    def _condition(self) -> str | None:
        """The expression of the CHECK constraint that refused a row."""
        target, name = self._target(), self.failure.constraint
        for constraint in target.constraints if target else ():
            if constraint.name == name and constraint.kind == "check":
                return next(iter(_checks(syntax.parse(f"ALTER TABLE t ADD {constraint.definition}")[0].node).values()))
        return self.checks.get(name or "")

    def _values(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(_DATA)
        for demand in casts(self.node, self.sources, self.enums):
            yield from demand.assumptions
        target = self._target()
        for reads in written.written(self.statement, self.names) if target else ():
            yield from written.too_large(reads, target) if target else ()

    def _division(self) -> Iterator[str | None]:
        for each in syntax.walk(self.node):
            if node_name(each) == "A_Expr" and each.name and unwrap(each.name[-1]).sval in _DIVIDES:
                table, divisor = self.sources.table_of(each.rexpr), self.sources.sql(each.rexpr)
                if table and divisor:
                    yield f"{divisor} <> 0 on {self.sources.name_of(table)}"

    def _cardinality(self) -> Iterator[str | None]:
        if self.statement.kind == "insert" and self.node.HasField("on_conflict_clause"):
            elements = [unwrap(each) for each in self.node.on_conflict_clause.infer.index_elems]
            keys = [quote(each.name) if each.name else syntax.sql_of_node(each.expr) for each in elements]
            yield from self._written_twice(keys)
        elif self.statement.kind == "merge":
            yield from self._unique_in([self.node.source_relation], self.node.join_condition)
        for each in syntax.walk(self.node):
            if node_name(each) == "SubLink" and enum_name("SubLinkType", each.sub_link_type) in _SCALAR:
                select = unwrap(each.subselect)
                condition = select.where_clause if select.HasField("where_clause") else None
                yield from self._unique_in(list(select.from_clause), condition)
        for reads in written.written(self.statement, self.names):
            yield from written.several_found(reads)

    def _unique_in(self, relations: list[Node], condition: Node | None) -> Iterator[str | None]:
        """What makes a query return one row at most: that what it compares is unique."""
        first = unwrap(relations[0]) if len(relations) == 1 else None
        table = self.names.table(first) if node_name(first) == "RangeVar" else None
        if first is None or table is None:
            return
        alias = first.alias.aliasname if first.HasField("alias") else first.relname
        inner = Sources(first, self.names)
        compared: list[str | None] = []
        rest: list[str | None] = []
        for part in conjuncts(condition) if condition is not None else ():
            own = [side for side in sides(part) if _belongs(side, alias, table, self.names)]
            if len(own) == 1:
                compared.append(inner.sql(own[0]))
            elif not own and _belongs(part, alias, table, self.names):
                rest.append(inner.sql(part))
        name = self.sources.name_of(table)
        listed = ", ".join(str(each) for each in compared if each)
        where = " and ".join(str(each) for each in rest if each)
        if listed:
            yield f"unique {listed} on {name}"
            if where:
                yield f"unique {listed} on {name} where {where}"
        else:
            yield f"no rows: select * from {name}{f' where {where}' if where else ''} offset 1"


def _until(statement: Statement, up: Script | None) -> Iterator[Statement]:
    """The statements of a script before this one."""
    if up is None:
        return
    try:
        cut = statements(up)
    except ScriptError:
        return
    for each in cut:
        if each.location == statement.location:
            return
        yield each


def _checks(tree: Node) -> dict[str, str]:
    """CHECK constraints by the name that they have or get."""
    found: dict[str, str] = {}
    table = tree.relation.relname
    for each in syntax.walk(tree):
        if node_name(each) == "ColumnDef":
            for constraint in map(unwrap, each.constraints):
                if enum_name("ConstrType", constraint.contype) == "CONSTR_CHECK":
                    name = constraint.conname or f"{table}_{each.colname}_check"
                    found[name] = syntax.sql_of_node(constraint.raw_expr)
        elif node_name(each) == "Constraint" and enum_name("ConstrType", each.contype) == "CONSTR_CHECK":
            columns = {
                unwrap(one.fields[-1]).sval for one in syntax.walk(each.raw_expr) if node_name(one) == "ColumnRef"
            }
            own = f"_{columns.pop()}" if len(columns) == 1 else ""
            found.setdefault(each.conname or f"{table}{own}_check", syntax.sql_of_node(each.raw_expr))
    return found


def _belongs(expression: Node, alias: str, table: Table, names: Names) -> bool:
    """Whether an expression is about columns of this table alone, and about any."""
    references = [each for each in syntax.walk(expression) if node_name(each) == "ColumnRef"]
    parts = [[unwrap(each).sval for each in reference.fields] for reference in references]
    return bool(parts) and all(
        each[-2] == alias if len(each) > 1 else names.column(table, each[0]) is not None for each in parts
    )
