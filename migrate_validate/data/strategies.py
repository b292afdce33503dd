"""Rows of a table, as a Hypothesis strategy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from migrate_validate.catalog.model import Catalog, Column, Constraint, Table
from migrate_validate.data.hints import Hints, column_hints
from migrate_validate.data.values import DEFAULT, Default, Types, Value
from migrate_validate.errors import Unsupported

Row = Mapping[str, Value | Default]
"""One row: column to value. A column that is missing is left to the database, as is one that is DEFAULT."""

Parents = Mapping[str, Sequence[Mapping[str, Value]]]
"""Rows that foreign keys may point at, by the referenced table's ``schema.name``."""


def rows(
    catalog: Catalog,
    table: Table | str,
    *,
    parents: Parents | None = None,
    limits: bool = True,
) -> SearchStrategy[Row]:
    """Rows that the declared constraints of a table probably allow; PostgreSQL decides.

    NULL is drawn wherever it is allowed, and defaults are sometimes left to the database, except of columns that
    foreign keys refer to: their values are always given, so that other rows can point at them. Generated columns are
    left out, and so are identity columns GENERATED ALWAYS that nothing refers to.

    :param catalog: with the types and tables that the table needs
    :param table: the table, or its ``schema.name``
    :param parents: rows that foreign keys are pointed at; a key whose table is missing here becomes NULL where it may.
        None: foreign keys are not respected
    :param limits: whether the outermost values of each type are drawn too
    :raises KeyError: when the catalog has no such table
    :raises Unsupported: when a column's type is not known; names the column and the type
    """
    table = catalog.tables_by_name[table] if isinstance(table, str) else table
    types = Types.of(catalog)
    hints = column_hints(table.constraints)
    for column, offered in partition_values(catalog, table).items():
        hints[column] = hints.get(column, Hints()).merged(offered)
    given = catalog.referenced_columns.get(table.qualified_name, frozenset())
    keys = () if parents is None else bound_keys(table)
    pointing = {column for key in keys for column in key.columns}
    columns = {
        column.name: _column(types, table, column, hints.get(column.name), column.name in given, limits)
        for column in table.columns
        if column.name not in pointing
        and not column.generated
        and (column.identity != "always" or column.name in given)
    }
    names = tuple(columns)
    # Not a dictionary's strategy, which draws an order of the columns too: one more draw for each of them.
    fixed = st.tuples(*columns.values()).map(lambda values: dict(zip(names, values, strict=True)))
    if not keys:
        return fixed
    return _pointed(table, fixed, keys, parents or {})


def bound_keys(table: Table, unbound: frozenset[str] = frozenset()) -> tuple[Constraint, ...]:
    """The foreign keys that a row has to respect, those of more columns first."""
    keys = [key for key in table.foreign_keys if key.name not in unbound and key.enforced]
    return tuple(sorted(keys, key=lambda key: (-len(key.columns), key.name)))


def _column(
    types: Types, table: Table, column: Column, hints: Hints | None, given: bool, limits: bool
) -> SearchStrategy[Value | Default]:
    try:
        values: SearchStrategy[Value | Default] = types.values(column.type, hints, limits=limits)
    except Unsupported as error:
        if column.default is not None and not given:
            return st.just(DEFAULT)
        if not column.not_null:
            return st.none()
        raise Unsupported(
            f"no rows can be generated for {table.qualified_name}: its column {column.name} has the type "
            f"{column.type}, whose values are not known",
            remedy=error.remedy,
        ) from None
    if not column.not_null and not _primary(table, column.name):
        values = st.none() | values
    if not given and (column.default is not None or column.identity):
        values = st.just(DEFAULT) | values
    return values


def _primary(table: Table, column: str) -> bool:
    return table.primary_key is not None and column in table.primary_key.columns


@st.composite
def _pointed(
    draw: DrawFn,
    table: Table,
    fixed: SearchStrategy[dict[str, Value | Default]],
    keys: Sequence[Constraint],
    parents: Parents,
) -> Row:
    """A row with its foreign keys pointed at parents, consistently where keys share columns.

    Columns of a key that has neither a parent nor may be NULL are missing from the row.
    """
    row = draw(fixed)
    settled: dict[str, Value | Default] = {}
    for key in keys:
        wanted = {own: settled[own] for own in key.columns if own in settled}
        candidates = list(
            dict.fromkeys(
                values
                for parent in parents.get(key.references or "", ())
                if all(name in parent for name in key.referenced_columns)
                and None not in (values := tuple(parent[name] for name in key.referenced_columns))
                and all(values[key.columns.index(own)] == value for own, value in wanted.items())
            )
        )
        if any(value is None for value in wanted.values()) and key.match != "full":
            candidates = []
        free = [own for own in key.columns if own not in settled]
        nullable = [own for own in free if not _required(table, own)]
        nothing = key.match == "full" and len(nullable) < len(key.columns)
        if nullable and not nothing and (not candidates or draw(st.booleans()) is False):
            settled |= dict.fromkeys(nullable)
            free = [own for own in free if own not in nullable]
            if not candidates:
                continue
        if candidates and free:
            chosen = dict(zip(key.columns, draw(st.sampled_from(candidates)), strict=True))
            settled |= {own: chosen[own] for own in free}
        elif free and key.references == table.qualified_name:
            # The first row of a table that refers to itself.
            own_values = {**row, **settled}
            pairs = dict(zip(key.columns, key.referenced_columns, strict=True))
            settled |= {own: own_values[pairs[own]] for own in free if pairs[own] in own_values}
    return {**row, **settled}


def _required(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is None or column.not_null or _primary(table, name)


def partition_values(catalog: Catalog, table: Table) -> dict[str, Hints]:
    """Values of a partition key that have a partition, where the key is one plain column."""
    match = re.fullmatch(r"\w+ \((\"?[\w$]+\"?)\)", table.partition_key or "")
    if match is None:
        return {}
    bounds = [part.partition_bound or "" for part in catalog.tables if part.partition_of == table.qualified_name]
    if any("modulus" in bound for bound in bounds):
        return {}
    literals = [
        (text or number).replace("''", "'")
        for bound in bounds
        # The lower end of a range is inside it.
        for text, number in re.findall(r"'((?:[^']|'')*)'|(-?\b\d+(?:\.\d+)?)", bound.partition(" TO (")[0])
    ]
    return {match[1].strip('"'): Hints(tuple(literals), closed=bool(literals) and "DEFAULT" not in bounds)}
