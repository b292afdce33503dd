"""Asks PostgreSQL which candidate values the constraints of a table allow, many in one query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Column, Constraint, Domain, Table
from migrate_validate.data.order import partitions
from migrate_validate.data.values import Default, Types, Value, literal, text_of
from migrate_validate.syntax import GrammarError, node_name, parse_expression, quote, unwrap, walk

Connection = psycopg.Connection[Any]
Cells = tuple[Value | Default, ...]

_CHECK = re.compile(r"CHECK \((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Test:
    """An expression over columns of a table that must not be false for a row to be taken."""

    name: str
    """What a refusal is called: ``the constraint t_check``, ..."""
    columns: tuple[str, ...]
    """The columns of the table that it reads, generated ones replaced by those that they are made of."""
    expression: str
    late: bool = False
    """It is asked only of what the others allow: PostgreSQL, too, comes to it last, and it may fail."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What PostgreSQL said about candidates."""

    allowed: tuple[int, ...]
    """Places of those that all tests allow."""
    refused: Mapping[str, int]
    """By name of a test: how many it refused, or the message of a refusal that no test explains."""


def tests(connection: Connection | None, catalog: Catalog, table: Table, types: Types) -> list[Test]:
    """What the values of a row have to pass: CHECK constraints, domains, bounds of partitions, and expressions of
    generated columns and indexes, which must not fail.

    :param connection: None: the bounds of partitions are left out
    """
    found = [
        Test(_called(constraint), sources(table, constraint.columns), match[1])
        for constraint in table.constraints
        if constraint.kind == "check" and constraint.enforced and (match := _CHECK.match(constraint.definition))
    ]
    for column in table.columns:
        if column.generated:
            value = f"pg_catalog.num_nulls({quote(column.name)})"
            wanted = f"{quote(column.name)} IS NOT NULL" if column.not_null else f"{value} >= 0"
            found.append(Test(f"the generated column {column.name}", sources(table, (column.name,)), wanted))
        else:
            found += _domain_tests(types, column)
    for index in table.indexes:
        for key in index.keys:
            if key.startswith("("):
                expression = f"pg_catalog.num_nulls({key}) >= 0"
                found.append(
                    Test(f"the index {index.name}", sources(table, mentioned(table, key)), expression, late=True)
                )
    if connection is not None and table.partition_key is not None:
        found.append(_partition_test(connection, catalog, table))
    return [test for test in found if test.columns or test.expression.lower() == "false"]


def _called(constraint: Constraint) -> str:
    return f"the constraint {constraint.name}"


def _domain_tests(types: Types, column: Column) -> list[Test]:
    found = []
    own = types.named.get(column.type)
    while isinstance(own, Domain):
        for constraint in own.constraints:
            match = _CHECK.match(constraint.definition)
            if constraint.kind == "check" and match:
                # VALUE is no reserved word: outside of a domain it is the name of a column.
                name = f"the constraint {constraint.name} of the domain {own.schema}.{own.name}"
                expression = f"(SELECT {match[1]} FROM (SELECT {quote(column.name)} AS value) AS mv_domain)"
                found.append(Test(name, (column.name,), expression))
        own = types.named.get(own.base_type)
    return found


def _partition_test(connection: Connection, catalog: Catalog, table: Table) -> Test:
    leaves = [part for part in partitions(catalog, table) if part.partition_key is None]
    query = (
        "SELECT pg_catalog.pg_get_partition_constraintdef(c.oid) FROM pg_catalog.pg_class AS c JOIN"
        " pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN"
        " (SELECT * FROM unnest(%s::text[], %s::text[]))"
    )
    found = connection.execute(query, ([p.schema for p in leaves], [p.name for p in leaves])).fetchall()
    bounds = [str(definition) if definition else "true" for (definition,) in found]
    expression = " OR ".join(f"({bound})" for bound in bounds) or "false"
    columns = sources(table, mentioned(table, expression))
    return Test(f"the bounds of the partitions of {table.qualified_name}", columns, expression)


def mentioned(table: Table, expression: str) -> tuple[str, ...]:
    """The columns of a table that an expression names."""
    names = _names(expression)
    return tuple(column.name for column in table.columns if column.name in names)


@lru_cache(maxsize=4096)
def _names(expression: str) -> frozenset[str]:
    try:
        nodes = walk(parse_expression(expression))
    except GrammarError:
        return frozenset()
    last = [unwrap(node.fields[-1]) for node in nodes if node_name(node) == "ColumnRef"]
    return frozenset(str(each.sval) for each in last if node_name(each) == "String")


def sources(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """The columns, generated ones replaced by those that they are made of."""
    found: dict[str, None] = {}
    for name in names:
        column = table.column(name)
        if column is not None and column.generated:
            found |= dict.fromkeys(mentioned(table, column.default or "NULL"))
        elif column is not None:
            found[name] = None
    return tuple(found)


def base_type(types: Types, name: str) -> str:
    """The type below a domain; the type itself where it is none."""
    own = types.named.get(name)
    return base_type(types, own.base_type) if isinstance(own, Domain) else name


def judge(
    connection: Connection,
    table: Table,
    columns: Sequence[Column],
    candidates: Sequence[Cells],
    judges: Sequence[Test],
    types: Types,
) -> Judgement:
    """Which of the candidates pass all tests. Nothing is written.

    :param columns: of the table, in the order of a candidate's values
    """
    query = _Query(table, columns, judges, types)
    allowed: list[int] = []
    refused: dict[str, int] = {}
    waiting = [range(len(candidates))]
    while waiting:
        places = waiting.pop()
        if not places:
            continue
        try:
            answers = _asked(connection, query.over(candidates, places))
        except psycopg.Error as error:
            if connection.closed:
                raise
            connection.execute("ROLLBACK TO SAVEPOINT mv_judge")
            if len(places) == 1:
                said = error.diag.message_primary or str(error)
                refused[said] = refused.get(said, 0) + 1
                continue
            # One that fails hides all others: halves are asked until it is alone.
            middle = len(places) // 2
            waiting += [places[middle:], places[:middle]]
            continue
        for place, *passed, _ in answers:
            failed = [test.name for test, passes in zip(judges, passed, strict=True) if not passes]
            if not failed:
                allowed.append(int(place))
            for name in failed:
                refused[name] = refused.get(name, 0) + 1
    return Judgement(tuple(sorted(allowed)), refused)


def _asked(connection: Connection, query: str) -> list[Any]:
    """What a query returns, behind a savepoint that is there afterwards only where it failed."""
    message = f"SAVEPOINT mv_judge; {query}; RELEASE SAVEPOINT mv_judge"
    cursor = connection.execute(message.encode(), prepare=False)
    cursor.nextset()
    return cursor.fetchall()


def evaluate(
    connection: Connection,
    table: Table,
    columns: Sequence[Column],
    candidates: Sequence[Cells],
    expression: str,
    types: Types,
) -> list[str | None] | None:
    """What an expression comes to for each of the candidates, as text; None where PostgreSQL cannot say so of all.

    :param columns: of the table, in the order of a candidate's values
    """
    if not candidates:
        return []
    query = _Query(table, columns, (Test("", (), f"({expression})::text"),), types)
    try:
        with connection.transaction():
            found = connection.execute(query.over(candidates, range(len(candidates)), "{}").encode()).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise
        return None
    texts = {int(place): text for place, text, _ in found}
    return [texts[place] for place in range(len(candidates))]


@dataclass(frozen=True, slots=True)
class _Query:
    table: Table
    columns: Sequence[Column]
    judges: Sequence[Test]
    types: Types

    def over(self, candidates: Sequence[Cells], places: range, asked: str = "{} IS NOT FALSE") -> str:
        """The tests over some of the candidates, as one query.

        :param asked: what is asked of each
        """
        names = [quote(column.name) for column in self.columns]
        listed = ", ".join(["mv_place", *names])
        values = ", ".join(
            f"({place}, {', '.join(map(_as_text, candidates[place], self.columns))})" for place in places
        )
        # What is no domain is cast to the type itself; a domain's own constraints are among the tests.
        cast = ", ".join(
            f"{name}::{base_type(self.types, column.type)} AS {name}"
            for name, column in zip(names, self.columns, strict=True)
        )
        source = f"SELECT mv_place, {cast} FROM (VALUES {values}) AS mv_values ({listed})"
        own = {column.name for column in self.columns}
        made = [
            f"({column.default})::{base_type(self.types, column.type)} AS {quote(column.name)}"
            for column in self.table.columns
            if column.generated and set(mentioned(self.table, column.default or "NULL")) <= own
        ]
        if made:
            source = f"SELECT *, {', '.join(made)} FROM ({source}) AS {quote(self.table.name)}"
        # The last one makes sure that every cast is done.
        tested = [*(self._asked(test, asked) for test in self.judges), f"num_nulls({', '.join(names)})"]
        return f"SELECT mv_place, {', '.join(tested)} FROM ({source}) AS {quote(self.table.name)}"

    def _asked(self, test: Test, asked: str) -> str:
        first = [f"({other.expression}) IS NOT FALSE" for other in self.judges if not other.late]
        answer = asked.format(f"({test.expression})")
        return f"CASE WHEN {' AND '.join(first)} THEN {answer} ELSE true END" if test.late and first else answer


def _as_text(value: Value | Default, column: Column) -> str:
    if isinstance(value, Default):
        return f"({column.default})::text" if column.default is not None else "NULL"
    return "NULL" if value is None else literal(text_of(value))
