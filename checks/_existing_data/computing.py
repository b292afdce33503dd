"""What a statement takes for granted of the values that it computes with, casts and writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Table
from migrate_validate.data.casts import WHOLE, conditions
from migrate_validate.data.demands import type_of_expression
from migrate_validate.data.made import type_node
from migrate_validate.data.names import Sources
from migrate_validate.syntax import Node, node_name, quote, unwrap

from . import hazards
from .writing import Written
from .written import no_rows

_WIDTHS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}


def computed(
    tree: Node, sources: Sources, several: Sequence[Written], *, divides: bool = False
) -> Iterator[str | None]:
    """What keeps the expressions of a statement from failing.

    :param several: the queries whose rows it writes
    :param divides: whether it failed because something was divided by zero
    """
    for each in syntax.walk(tree):
        table = sources.table_of(each)
        if table is not None:
            for condition in hazards.hazards(each, sources.sql, _typed(sources), divides=divides):
                yield from _of_some(condition, table, sources, several)
                yield f"{condition} on {sources.name_of(table)}"
        else:
            for reads in several:
                text, kind = _qualified(reads.sources), _typed(reads.sources)
                for condition in hazards.hazards(each, text, kind, divides=divides):
                    yield no_rows(reads, f"not ({_sql(condition)})")


def _of_some(condition: str, table: Table, sources: Sources, several: Sequence[Written]) -> Iterator[str]:
    """The same of the rows alone that a statement reads."""
    for reads in several:
        restriction = reads.restriction()
        if reads.table is table and restriction:
            yield f"{condition} on {sources.name_of(table)}{restriction}"


def _qualified(sources: Sources) -> hazards.Text:
    return lambda node: sources.sql(node, qualified=True)


def _sql(condition: str) -> str:
    """A condition of the language of assumptions, as SQL."""
    return condition.removeprefix("check ").replace(" matches '", " ~ '")


def _typed(sources: Sources) -> hazards.Type:
    def kind(node: Node) -> str:
        inner = unwrap(node)
        table = sources.table_of(inner) if node_name(inner) == "ColumnRef" else None
        name = sources.sql(node) if table is not None else None
        found = next((each for each in table.columns if quote(each.name) == name), None) if table else None
        return found.type if found else ""

    return kind


def generated(reads: Written, target: Table, *, divides: bool = False) -> Iterator[str | None]:
    """What keeps the generated columns of a table from failing for what is written.

    :param target: as it was before
    :param divides: as for :func:`computed`
    """
    restriction = reads.restriction()
    for column in target.columns:
        if not column.generated or not column.default or reads.table is None or restriction is None:
            continue
        expression = reads.sql(column.default)
        if expression is None:
            continue
        tree: Any = syntax.parse_expression(expression)
        alone = Sources(tree, reads.sources.names)
        alone.relations = {reads.table.name: reads.table}
        for each in syntax.walk(tree):
            for condition in hazards.hazards(each, alone.sql, _typed(alone), divides=divides):
                yield f"{condition} on {reads.name}{restriction}"


def too_large(reads: Written, relation: Node, target: Table | None) -> Iterator[str | None]:
    """What is assumed where a value did not fit into the column that it was written to.

    :param relation: the RangeVar of the table that is written
    :param target: as it was before; None: it was not there
    """
    restriction = reads.restriction()
    for name, value in reads.values.items():
        text, column = reads.sql(quote(name)), wanted(name, relation, target, reads.sources)
        if column is None or text is None or restriction is None or column.array_bounds:
            continue
        if reads.updated is not None and text == quote(name):
            continue
        short = unwrap(column.names[-1]).sval
        if reads.table is None:
            if short in WHOLE:
                yield no_rows(reads, f"not ({_within(value, name, _WIDTHS[short], reads)})")
            continue
        source = type_of_expression(text, reads.table)
        found: list[str] = []
        if short in WHOLE:
            found += hazards.fits(value, _WIDTHS[short], reads.sources.sql, _typed(reads.sources))
        if not found and (_differs(source, short) or column.typmods):
            found += conditions(text, source, column, explicit=False)
        for condition in found:
            yield f"{condition} on {reads.name}{restriction}"


def _within(value: Node, name: str, kind: str, reads: Written) -> str:
    """A value of several tables lies within an integer type."""
    found = list(hazards.fits(value, kind, _qualified(reads.sources), _typed(reads.sources)))
    largest = hazards.LARGEST[kind]
    whole = f"({reads.sql(quote(name), qualified=True)})::numeric between {-largest - 1} and {largest}"
    return found[-1] if found else whole


def wanted(name: str, relation: Node, target: Table | None, sources: Sources) -> Node | None:
    """The TypeName of a column that is written."""
    made = sources.names.made.type_of(relation, name)
    column = target.column(name) if target else None
    return made if made is not None else type_node(column.type) if column else None


def _differs(source: str, target: str) -> bool:
    return {"smallint": "int2", "integer": "int4", "bigint": "int8"}.get(source, source) != target
