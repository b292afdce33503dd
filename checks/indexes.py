"""Indexes: those that are missing, useless or broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from migrate_validate.catalog.model import Catalog, Constraint, Index, Table
from migrate_validate.config import Expectations
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.rules import rule
from migrate_validate.syntax import GrammarError, Node, node_name, parse, parse_expression, quote, unwrap, walk

from ._shared import declared_foreign_keys, enum_name, holders_of_indexes, quoted, quoted_list, split_name


@rule(severity=Severity.WARNING, aliases=["splinter:unindexed_foreign_keys"])
def unindexed_foreign_key(catalog: Catalog) -> Iterator[Result]:
    """A foreign key whose columns lead no index.

    Any order of the columns will do. A partial index serves only where it leaves out nothing but NULLs in the key.

    Why: deleting or updating a referenced row scans the whole referencing table, under lock.
    Fix: create an index that starts with the key's columns, concurrently where the table is in use.
    """
    keys = list(declared_foreign_keys(catalog))
    if not keys:
        yield NotApplicable("the schema has no foreign key")
    for table, key in keys:
        if any(_serves(index, key) for index in table.indexes):
            continue
        columns = quoted_list(key.columns)
        yield Finding(
            f"{table.qualified_name} ({', '.join(key.columns)}) refers to {key.references} and leads no index",
            object=table.qualified_name,
            evidence={"constraint": key.name, "columns": list(key.columns), "references": key.references},
            fix=f"CREATE INDEX ON {quoted(table.qualified_name)} ({columns});",
        )


def _serves(index: Index, key: Constraint) -> bool:
    width = len(key.columns)
    searches_equality = index.method == "btree" or (index.method == "hash" and width == 1)
    return (
        index.valid
        and searches_equality
        and set(index.keys[:width]) == set(key.columns)
        and (index.predicate is None or _excludes_only_nulls(index.predicate, key))
    )


def _excludes_only_nulls(predicate: str, key: Constraint) -> bool:
    tree = parse_expression(predicate)
    is_and = node_name(tree) == "BoolExpr" and enum_name(tree, "boolop") == "AND_EXPR"
    parts = [unwrap(part) for part in tree.args] if is_and else [tree]
    return all(_is_not_null_of(part, key) for part in parts)


def _is_not_null_of(node: Node, key: Constraint) -> bool:
    if node_name(node) != "NullTest" or enum_name(node, "nulltesttype") != "IS_NOT_NULL":
        return False
    column = unwrap(node.arg)
    return node_name(column) == "ColumnRef" and unwrap(column.fields[-1]).sval in key.columns


@rule(severity=Severity.WARNING, aliases=["splinter:duplicate_index"])
def duplicate_index(catalog: Catalog) -> Iterator[Result]:
    """An index that does what another index of the table does already.

    Same method, keys, included columns and predicate; where only one of the two is unique, the other is the duplicate.

    Why: every write maintains both, and nothing is ever faster for it.
    Fix: drop one of them; where it stands behind a constraint, drop the constraint.
    """
    owners = _indexed(catalog)
    if not owners:
        yield NotApplicable("the schema has no index")
    for owner, indexes in owners.items():
        same: dict[tuple[object, ...], list[Index]] = defaultdict(list)
        for index in indexes:
            same[(index.method, index.keys, index.key_options, index.include, index.predicate)].append(index)
        for group in same.values():
            kept, *others = sorted(group, key=_importance)
            for index in others:
                if index.unique and index.nulls_not_distinct != kept.nulls_not_distinct:
                    continue
                yield Finding(
                    f"{index.schema}.{index.name} on {owner} duplicates {kept.name} ({', '.join(index.keys)})",
                    object=f"{index.schema}.{index.name}",
                    evidence={"table": owner, "kept": kept.definition, "duplicate": index.definition},
                    fix=_drop(index),
                )


def _importance(index: Index) -> tuple[bool, bool, bool, bool, str]:
    """Sorts first what must stay."""
    return (not index.primary, not index.replica_identity, not index.unique, index.constraint is None, index.name)


def _drop(index: Index) -> str:
    if index.constraint:
        return f"ALTER TABLE {quoted(index.table)} DROP CONSTRAINT {quoted_list([index.constraint])};"
    return f"DROP INDEX {quoted(f'{index.schema}.{index.name}')};"


@rule(severity=Severity.INFO)
def redundant_index(catalog: Catalog) -> Iterator[Result]:
    """An index whose keys are only the first keys of another index of the table.

    Unique indexes are never redundant: a wider one does not promise what they promise.

    Why: every write maintains both, though the wider one answers the same queries.
    Fix: drop the narrower one, unless its smaller size is needed.
    """
    owners = _indexed(catalog)
    if not owners:
        yield NotApplicable("the schema has no index")
    for owner, indexes in owners.items():
        for index in indexes:
            wider = [other for other in indexes if _begins(index, other)]
            if wider:
                other = min(wider, key=lambda each: (len(each.keys), each.name))
                yield Finding(
                    f"{index.schema}.{index.name} on {owner} ({', '.join(index.keys)}) is the beginning of "
                    f"{other.name} ({', '.join(other.keys)})",
                    object=f"{index.schema}.{index.name}",
                    evidence={"table": owner, "narrower": index.definition, "wider": other.definition},
                    fix=_drop(index),
                )


def _begins(index: Index, other: Index) -> bool:
    width = len(index.keys)
    return (
        not index.unique
        and index.method == other.method == "btree"
        and len(other.keys) > width
        and other.keys[:width] == index.keys
        and other.key_options[:width] == index.key_options
        and other.predicate == index.predicate
        and set(index.include) <= {*other.keys, *other.include}
    )


def _indexed(catalog: Catalog) -> dict[str, list[Index]]:
    """The usable indexes by what they are on; the parts of partitioned indexes are left to those."""
    owners: dict[str, list[Index]] = {}
    for owner in holders_of_indexes(catalog):
        indexes = [index for index in owner.indexes if index.valid and index.parent is None]
        if indexes:
            owners[owner.qualified_name] = indexes
    return owners


@rule(severity=Severity.ERROR)
def invalid_index(catalog: Catalog) -> Iterator[Result]:
    """An index that PostgreSQL marks as not valid.

    It is what a failed CREATE INDEX CONCURRENTLY leaves, or an index on a partitioned table that lacks its part on a
    partition.

    Why: it costs every write, answers no query, and a unique one may not be unique.
    Fix: repair what made it fail, then REINDEX it concurrently or drop it; attach the missing parts of a partitioned
    one.
    """
    owners = holders_of_indexes(catalog)
    if not any(owner.indexes for owner in owners):
        yield NotApplicable("the schema has no index")
    for owner in owners:
        for index in owner.indexes:
            if not index.valid:
                yield Finding(
                    f"{index.schema}.{index.name} on {owner.qualified_name} is not valid",
                    object=f"{index.schema}.{index.name}",
                    evidence={"definition": index.definition},
                    fix=_validate(catalog, owner.kind, index),
                )


def _validate(catalog: Catalog, kind: str, index: Index) -> str:
    name = quoted(f"{index.schema}.{index.name}")
    if kind != "partitioned table":
        return f"REINDEX INDEX CONCURRENTLY {name};"
    lacking = [t for t in catalog.tables if t.partition_of == index.table and not _has_part(t, index)]
    create, method = "CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX", index.definition.partition(" USING ")[2]
    parts = [(t, f"{t.name}_{index.name}") for t in lacking]
    return " ".join(
        f"{create} {quote(part)} ON {quoted(t.qualified_name)} USING {method}; "
        f"ALTER INDEX {name} ATTACH PARTITION {quoted(f'{t.schema}.{part}')};"
        for t, part in parts
    )


def _has_part(table: Table, index: Index) -> bool:
    return any(part.parent == f"{index.schema}.{index.name}" for part in table.indexes)


@rule(severity=Severity.ERROR)
def missing_index(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A declared index that the chain does not leave behind, or leaves with another definition.

    Definitions are compared as the grammar reads them.

    Why: the queries that it was declared for scan their table.
    Fix: create the index in a migration, or correct it under [expect.indexes].
    """
    if not expectations.indexes:
        yield NotApplicable("no index is declared under [expect.indexes]")
    present = {f"{i.schema}.{i.name}": i for owner in holders_of_indexes(catalog) for i in owner.indexes}
    for expected in expectations.indexes:
        schema, bare = split_name(expected.name)
        name = f"{schema}.{bare}"
        index = present.get(name)
        if index is None:
            fix = f"CREATE INDEX {quoted_list([bare])} ON {expected.definition};" if expected.definition else ""
            yield Finding(f"index {name} does not exist", object=name, fix=fix)
        elif expected.definition and _definition(index.definition) != _definition(
            f"CREATE INDEX i ON {expected.definition}"
        ):
            have = index.definition.partition(" ON ")[2].removeprefix("ONLY ")
            yield Finding(
                f"index {name} is on {have}, wanted {expected.definition}",
                object=name,
                evidence={"have": have, "want": expected.definition},
                fix=f"DROP INDEX {quoted(name)}; CREATE INDEX {quoted_list([bare])} ON {expected.definition};",
            )


def _definition(statement: str) -> object:
    """What an index is on, in a form that is equal where the meaning is."""
    try:
        node = parse(statement)[0].node
    except GrammarError:
        return statement
    relation = node.relation
    place = (relation.schemaname or "public", relation.relname, node.access_method)
    parts = (node.index_params, node.index_including_params, [node.where_clause], node.options)
    return place, [[_shape(each) for each in part] for part in parts]


def _shape(node: Node) -> list[object]:
    return [
        (
            node_name(each),
            [(f.name, str(v)) for f, v in each.ListFields() if not f.message_type and f.name != "location"],
        )
        for each in walk(node)
    ]
