"""What a migration that failed may take for granted: read off PostgreSQL's error and the statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.chain.assumptions import Assumption, Unread, read
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.data import domains, exclusions, partitions
from migrate_validate.data.demand import CHECK, EXCLUSION, FOREIGN_KEY, NOT_NULL, UNIQUE
from migrate_validate.data.demands import casts, demands
from migrate_validate.data.names import Names, Sources
from migrate_validate.replay.timeline import Failure
from migrate_validate.syntax import GrammarError, Node, enum_name, node_name, quote, unwrap

from . import computing, raising, referring, writing, written
from .bodies import block
from .writing import fills
from .written import conjuncts, keys_of, parent_of, sides

_CARDINALITY, _DIVISION = "21000", "22012"
_DATA = ("22", "0A000", "54000")
"""What SQLSTATEs begin with for values that something does not take; NaN as an integer is the second one."""
_TOO_LARGE = ("22001", "22003", "0A000")
_RAISED = ("P0001", "P0002", "P0003", "P0004")
"""SQLSTATEs of RAISE, of SELECT INTO STRICT that finds no row or several, and of ASSERT."""
_WRITING = ("insert", "update", "merge")
_SCALAR = ("EXPR_SUBLINK", "MULTIEXPR_SUBLINK")


MOST = 60
"""Candidates of one failure: each costs a query for each dataset that is looked at."""


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
    for text in (text for each in (told, *told.inside()) for text in each.texts()):
        if isinstance(text, Assumption):
            found[text] = None
        elif text is not None:
            try:
                found[read(text)] = None
            except Unread:  # what PostgreSQL prints is not always what the grammar reads
                continue
    return tuple(found)[:MOST]


class _Told:
    """A failure and all that is known around it."""

    def __init__(self, failure: Failure, statement: Statement, before: Catalog, up: Script | None) -> None:
        self.failure, self.statement, self.names, self.up = failure, statement, Names(before), up
        self.updates: list[tuple[Statement, Names]] = []
        self.enums: dict[str, tuple[str, ...]] = {}
        self.checks: dict[str, str] = {}
        self.exclusions: dict[str, list[tuple[str, str]]] = {}
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
            tree = syntax.parse(statement.sql)[0].node
            self.checks |= _checks(tree)
            for each in syntax.walk(tree):
                if node_name(each) == "Constraint" and each.exclusions:
                    self.exclusions[each.conname or f"{tree.relation.relname}_excl"] = _keys(each)

    def inside(self) -> Iterator[_Told]:
        """The same of each statement inside of a DO block: one of them has failed."""
        if self.statement.kind != "do":
            return
        for node in block(self.statement.sql, self.node).nodes:
            try:
                parsed = syntax.parse(syntax.sql_of(node))[0]
            except GrammarError:
                continue
            text = syntax.sql_of(parsed.node)
            yield _Told(self.failure, replace(self.statement, sql=text, kind=parsed.kind), self.names.catalog, self.up)

    def texts(self) -> Iterator[str | Assumption | None]:
        """What may be assumed, best first, some of it nonsense."""
        ways = {
            EXCLUSION: self._apart,
            NOT_NULL: self._not_null,
            UNIQUE: self._unique,
            FOREIGN_KEY: self._exists,
            CHECK: self._check,
            _CARDINALITY: self._cardinality,
        }
        state = self.failure.sqlstate or ""
        if state in ways:
            yield from ways[state]()
        elif state.startswith(_DATA):
            yield from self._values()
        if state in _RAISED or (state in ways and raising.frames(self.failure)):
            yield from self._raised()

    def _demanded(self, *states: str) -> Iterator[Assumption]:
        for demand in demands(self.statement, self.names, self.enums):
            if demand.sqlstate in states:
                yield from demand.assumptions

    def _not_null(self) -> Iterator[str | Assumption | None]:
        column = self.failure.column or ""
        demanded = list(self._demanded(NOT_NULL))
        # One ALTER TABLE may want it of several columns.
        yield from sorted(demanded, key=lambda each: column not in each.subject)
        for reads in writing.written(self.statement, self.names):
            yield from written.not_null(reads, column)
        yield from self._of_domains(NOT_NULL)
        if self.statement.kind == "alter_table" and column:
            yield from self._backfilled(column)
        if self.statement.kind == "delete":
            yield from referring.still_referred(self.node, self.sources, self.failure)

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
        if self.statement.kind == "insert" and self._target() is not None:
            yield writing.constants(self.node, keys_of(self.failure), self._target(), self.sources)

    def _written_twice(self, keys: list[str]) -> Iterator[str | None]:
        several = writing.written(self.statement, self.names)
        if several and keys:
            yield from written.unique(several, keys, self._target(), self.names)

    def _target(self) -> Table | None:
        return self.names.table(self.node.relation) if self.statement.kind in _WRITING else None

    def _exists(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(FOREIGN_KEY)
        for reads in writing.written(self.statement, self.names):
            yield from written.exists(
                reads, [name.strip('"') for name in keys_of(self.failure)], parent_of(self.failure)
            )
        if self.statement.kind in ("delete", "update"):
            yield from referring.still_referred(self.node, self.sources, self.failure)

    def _check(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(CHECK)
        condition = self._condition()
        if condition is not None:
            for reads in writing.written(self.statement, self.names):
                yield from written.check(reads, condition)
        yield from self._of_domains(CHECK)

    def _of_domains(self, state: str) -> Iterator[Assumption]:
        """What domains demand of values that are cast to them, or written to columns of them."""
        for demand in casts(self.node, self.sources, self.enums):
            if demand.sqlstate == state:
                yield from demand.assumptions
        for reads in writing.written(self.statement, self.names):
            restriction = reads.restriction()
            for name in reads.values if reads.table is not None and restriction is not None else ():
                wanted = computing.wanted(name, self.node.relation, self._target(), self.sources)
                domain = self.names.made.domain(wanted) if wanted is not None else None
                text = reads.sql(quote(name)) if domain is not None else None
                if domain is not None and text is not None and reads.table is not None:
                    for demand in domains.becomes(domain, text, reads.table, f"{reads.name}{restriction}"):
                        if demand.sqlstate == state:
                            yield from demand.assumptions

    def _apart(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded(EXCLUSION)
        keys = self._excluded()
        several = writing.written(self.statement, self.names)
        if keys and several:
            yield from written.apart(several, keys, self._target(), self.names)

    def _excluded(self) -> list[tuple[str, str]]:
        """Keys and operators of the exclusion constraint that refused a row, over the columns of its table."""
        target, name = self._target(), self.failure.constraint
        for each in target.constraints if target else ():
            if each.name == name and each.kind == "exclusion":
                return _keys(syntax.parse(f"ALTER TABLE t ADD {each.definition}")[0].node)
        return self.exclusions.get(name or "") or next(iter(self.exclusions.values()), [])

    def _raised(self) -> Iterator[str | None]:
        """What keeps a function from refusing a row."""
        up, own = self.up, self.node if self.statement.kind == "do" else None
        for condition in raising.conditions(self.failure, self.names.catalog, up, own) if up is not None else ():
            several = writing.written(self.statement, self.names) or writing.deleted(self.statement, self.names)
            for reads in several:
                yield from written.refused(reads, condition, self.statement.kind)
            if not several:
                yield written.finds_nothing(condition, self.names)

    def _condition(self) -> str | None:
        """The expression of the CHECK constraint that refused a row."""
        target, name = self._target(), self.failure.constraint
        for constraint in target.constraints if target else ():
            if constraint.name == name and constraint.kind == "check":
                return next(iter(_checks(syntax.parse(f"ALTER TABLE t ADD {constraint.definition}")[0].node).values()))
        if not name and self.statement.kind in _WRITING and self.names.made.bounds_of(self.node.relation):
            return partitions.has_a_place(self.node.relation, self.names)
        return self.checks.get(name or "")

    def _values(self) -> Iterator[str | Assumption | None]:
        yield from self._demanded("22")
        target = self._target()
        several = writing.written(self.statement, self.names) or writing.selected(self.statement, self.names)
        for demand in casts(self.node, self.sources, self.enums):
            yield from demand.assumptions
            restrictions = [reads.restriction() for reads in several if reads.table is demand.table]
            for where in (each.removeprefix(" where ") for each in restrictions if each):
                yield from (replace(each, where=where) for each in demand.assumptions if each.where is None)
        divides = self.failure.sqlstate == _DIVISION
        for reads in several if self.failure.sqlstate in _TOO_LARGE and self.statement.kind in _WRITING else ():
            yield from computing.too_large(reads, self.node.relation, target)
        yield from computing.computed(self.node, self.sources, several, divides=divides)
        for reads in several if target is not None else ():
            yield from computing.generated(reads, target, divides=divides) if target is not None else ()

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
        for reads in writing.written(self.statement, self.names):
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


def _keys(tree: Node) -> list[tuple[str, str]]:
    """The keys of an exclusion constraint as SQL, with their operators."""
    constraint = next(each for each in syntax.walk(tree) if node_name(each) == "Constraint")
    return [
        (syntax.sql_of_node(element.expr) if element.HasField("expr") else quote(element.name), operator)
        for element, operator in exclusions.compared(constraint)
    ]


def _belongs(expression: Node, alias: str, table: Table, names: Names) -> bool:
    """Whether an expression is about columns of this table alone, and about any."""
    references = [each for each in syntax.walk(expression) if node_name(each) == "ColumnRef"]
    parts = [[unwrap(each).sval for each in reference.fields] for reference in references]
    return bool(parts) and all(
        each[-2] == alias if len(each) > 1 else names.column(table, each[0]) is not None for each in parts
    )
