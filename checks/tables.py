"""Tables and their columns: what is there, against what was declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from migrate_validate.catalog.model import Catalog, Column, Table, View
from migrate_validate.config import Expectations, ExpectedTable
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.rules import rule
from migrate_validate.syntax import GrammarError, node_name, parse_expression, quote, unwrap

from ._shared import holders_of_indexes, quoted, quoted_list, split_name


@rule(severity=Severity.WARNING, aliases=["splinter:no_primary_key"])
def table_without_primary_key(catalog: Catalog) -> Iterator[Result]:
    """A table without a primary key.

    Partitions are not looked at by themselves: their table is.

    Why: rows cannot be told apart, logical replication cannot update them, and nothing can refer to them.
    Fix: add a primary key; where a unique index over NOT NULL columns exists already, make it the primary key.
    """
    candidates = [t for t in catalog.tables if t.kind != "foreign table" and t.partition_of is None]
    if not candidates:
        yield NotApplicable("the schema has no table")
    for table in candidates:
        if table.primary_key is None:
            yield Finding(
                f"{table.qualified_name} has no primary key", object=table.qualified_name, fix=_primary_key_fix(table)
            )


def _primary_key_fix(table: Table) -> str:
    alter = f"ALTER TABLE {quoted(table.qualified_name)} ADD"
    for index in table.indexes:
        keys = [table.column(key) for key in index.keys]
        if index.unique and index.valid and not index.predicate and all(c is not None and c.not_null for c in keys):
            if index.constraint is None and table.kind == "table":
                return f"{alter} PRIMARY KEY USING INDEX {quote(index.name)};"
            return f"{alter} PRIMARY KEY ({quoted_list(index.keys)});"
    if table.partition_key is not None:
        # Its primary key must hold the columns that it is partitioned by, and cannot where these are expressions.
        divided = parse_expression(f"ROW({table.partition_key.partition('(')[2].rpartition(')')[0]})")
        parts = [unwrap(each) for each in divided.args]
        if not all(node_name(part) == "ColumnRef" for part in parts):
            return ""
        columns = [*(["id"] if table.column("id") else []), *(unwrap(part.fields[0]).sval for part in parts)]
        return f"{alter} PRIMARY KEY ({quoted_list(dict.fromkeys(columns))});"
    if table.column("id"):
        return f"{alter} PRIMARY KEY (id);"
    return f"{alter} COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"


@rule(severity=Severity.ERROR)
def missing_table(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A declared table that the chain does not leave behind.

    Why: the application that was promised this table fails on its first query.
    Fix: create the table in a migration, or correct its name under [expect.tables].
    """
    if not expectations.tables:
        yield NotApplicable("no table is declared under [expect.tables]")
    views = {view.qualified_name: view.kind for view in catalog.views}
    for expected in expectations.tables:
        name = _full_name(expected)
        if catalog.table(name):
            continue
        # Names of one schema are alike already by its name.
        near = get_close_matches(name, catalog.tables_by_name, n=1, cutoff=0.8)
        hint = f"; {near[0]} is there" if near else ""
        if name in views:
            hint = f"; a {views[name]} has this name"
        yield Finding(f"table {name} does not exist{hint}", object=name, fix=_create_table(expected))


def _full_name(expected: ExpectedTable) -> str:
    return ".".join(split_name(expected.name))


def _create_table(expected: ExpectedTable) -> str:
    columns = ", ".join(f"{quote(name)} {kind or 'text'}" for name, kind in expected.columns.items())
    return f"CREATE TABLE {quoted(expected.name)} ({columns});"


@rule(severity=Severity.ERROR)
def missing_column(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A declared column that its table does not have.

    A table that does not exist at all is reported by missing-table.

    Why: the application that was promised this column fails on its first query.
    Fix: add the column in a migration, or correct its name under [expect.tables].
    """
    if not any(expected.columns for expected in expectations.tables):
        yield NotApplicable("no column is declared under [expect.tables]")
    for table, expected in _present(catalog, expectations):
        names = [column.name for column in table.columns]
        for name, wanted in expected.columns.items():
            if name in names:
                continue
            near = get_close_matches(name, names, n=1)
            yield Finding(
                f"{table.qualified_name} has no column {name}" + (f"; {near[0]} is there" if near else ""),
                object=f"{table.qualified_name}.{name}",
                fix=f"ALTER TABLE {quoted(table.qualified_name)} ADD COLUMN {quote(name)} {wanted or 'text'};",
            )


@rule(severity=Severity.ERROR)
def column_mismatch(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A column whose type or NOT NULL is not the declared one.

    Types are compared as the grammar reads them: ``varchar(20)`` and ``character varying(20)`` are one type, and a type
    declared without its schema is found in any. A declaration without NOT NULL leaves it open.

    Why: values that the application relies on are cut, refused or absent.
    Fix: change the column in a migration, or correct the declaration under [expect.tables].
    """
    if not any(kind for expected in expectations.tables for kind in expected.columns.values()):
        yield NotApplicable("no column type is declared under [expect.tables]")
    for table, expected in _present(catalog, expectations):
        for name, wanted in expected.columns.items():
            column = table.column(name)
            if column is not None and wanted:
                yield from _compare(table, column, wanted)


def _present(catalog: Catalog, expectations: Expectations) -> Iterator[tuple[Table, ExpectedTable]]:
    for expected in expectations.tables:
        table = catalog.table(_full_name(expected))
        if table is not None:
            yield table, expected


def _compare(table: Table, column: Column, wanted: str) -> Iterator[Finding]:
    wanted = " ".join(wanted.split())
    must_be_set = wanted.lower().endswith("not null")
    kind = wanted[: -len("not null")].strip() if must_be_set else wanted.strip()
    name = f"{table.qualified_name}.{column.name}"
    alter = f"ALTER TABLE {quoted(table.qualified_name)} ALTER COLUMN {quote(column.name)}"
    if kind and not _same_type(column.type, kind):
        yield Finding(
            f"{name} has type {column.type}, wanted {kind}",
            object=name,
            evidence={"have": column.type, "want": kind},
            fix=f"{alter} TYPE {kind};",
        )
    if must_be_set and not column.not_null:
        yield Finding(
            f"{name} may be NULL, wanted NOT NULL",
            object=name,
            evidence={"have": "null", "want": "not null"},
            fix=f"{alter} SET NOT NULL;",
        )


def _same_type(have: str, want: str) -> bool:
    if have == want:
        return True
    try:
        (have_schema, *have_rest), (want_schema, *want_rest) = _type_parts(have), _type_parts(want)
    except GrammarError:
        return False
    return have_rest == want_rest and (not have_schema or not want_schema or have_schema == want_schema)


def _type_parts(text: str) -> tuple[str, str, tuple[int, ...], int]:
    cast = parse_expression(f"NULL::{text}")
    if node_name(cast) != "TypeCast":
        raise GrammarError(f"no type: {text}", None)
    names = [unwrap(part).sval for part in cast.type_name.names]
    schema = names[-2] if len(names) > 1 and names[-2] != "pg_catalog" else ""
    modifiers = tuple(unwrap(each).ival.ival for each in cast.type_name.typmods)
    return schema, names[-1], modifiers, len(cast.type_name.array_bounds)


@rule(severity=Severity.ERROR)
def object_count(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A number of objects that is not the declared one.

    What the environment made is not counted. A partition is a part of its table: it is not counted, and neither are
    its columns, indexes, triggers and constraints. NOT NULL is not counted as a constraint.

    Why: an object was forgotten, made twice, or left behind.
    Fix: compare the objects of this kind with the design; correct the chain, or the number under [expect.counts].
    """
    if not expectations.counts:
        yield NotApplicable("no number of objects is declared under [expect.counts]")
    have = object_counts(catalog)
    for kind, amount in expectations.counts.items():
        if not amount.accepts(have[kind]):
            wanted = f"at least {amount.number}" if amount.at_least else str(amount.number)
            yield Finding(
                f"{_amount_of(have[kind], kind)}, wanted {wanted}",
                object=kind,
                evidence={"have": have[kind], "want": str(amount)},
            )


def _amount_of(number: int, kind: str) -> str:
    """``1 table``, ``2 foreign keys``."""
    singular = {"indexes": "index", "policies": "policy"}.get(kind, kind.removesuffix("s"))
    return f"{number} {(singular if number == 1 else kind).replace('_', ' ')}"


def object_counts(catalog: Catalog) -> Mapping[str, int]:
    """How many objects of each kind a catalog holds, by the names that [expect.counts] uses."""
    tables = [table for table in catalog.tables if table.partition_of is None]
    constraints = [c for table in tables for c in table.constraints if c.kind != "not null"]
    holders = [each for each in holders_of_indexes(catalog) if isinstance(each, View) or each.partition_of is None]
    return {
        "schemas": len(catalog.schemas),
        "tables": len(tables),
        "columns": sum(len(table.columns) for table in tables),
        "views": sum(view.kind == "view" for view in catalog.views),
        "materialized_views": sum(view.kind == "materialized view" for view in catalog.views),
        "enums": len(catalog.enums),
        "domains": len(catalog.domains),
        "functions": len(catalog.functions),
        "triggers": sum(len(each.triggers) for each in holders),
        "indexes": sum(len(each.indexes) for each in holders),
        "policies": sum(len(table.policies) for table in catalog.tables),
        "sequences": len(catalog.sequences),
        "constraints": len(constraints),
        "foreign_keys": sum(c.kind == "foreign key" for c in constraints),
        "extensions": len(catalog.extensions),
        "publications": len(catalog.publications),
    }
