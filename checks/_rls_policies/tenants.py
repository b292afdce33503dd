"""Keys and columns of tables that belong to tenants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Column, Constraint, Policy, Table
from migrate_validate.config import DeclaredTenancy
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.syntax import GrammarError, node_name, parse_expression, quote, unwrap, walk

from .._rls_isolation.tenancy import Tenancy, discover
from .._shared import declared_foreign_keys, enum_name, quoted, quoted_list
from .graph import Graph, Read
from .reach import Reach

_OF_OTHERS = ("token", "code", "hash", "key", "digest", "secret", "nonce", "url", "uri", "id", "uid", "uuid")
_ADDRESSES = ("slug", "handle", "domain", "subdomain", "hostname")
"""Last words of names of columns whose values mean one thing in the whole world, or are guessed by nobody."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """The tables with a column that says whose a row is."""

    tenancy: Tenancy
    columns: Mapping[str, str]
    """By ``schema.name``: the column that holds the tenant's key."""

    @property
    def people(self) -> frozenset[str]:
        """The tables of people: a row is one, whatever tenant it is with."""
        people = self.tenancy.people
        return frozenset((people.table, *people.also)) if people else frozenset()

    @classmethod
    def of(cls, reach: Reach, catalog: Catalog, declared: DeclaredTenancy | None) -> Tenants | NotApplicable:
        """Those of a schema.

        :raises ConfigError: when something is declared that does not exist
        """
        tenancy = discover(catalog, declared, api_roles=reach.roles)
        if isinstance(tenancy, NotApplicable):
            return tenancy
        columns = dict(tenancy.tenant_columns)
        for name, way in tenancy.scoped.items():
            if len(way) == 1 and way[0].references == tenancy.root and len(way[0].columns) == 1:
                columns[name] = way[0].columns[0]
        open_to_all = tenancy.public_read | tenancy.cross_tenant | {tenancy.root or ""}
        columns = {name: column for name, column in columns.items() if name not in open_to_all}
        if not columns:
            return NotApplicable("no table has a column that says which tenant a row belongs to")
        return cls(tenancy, columns)


def loose_references(reach: Reach, catalog: Catalog, declared: DeclaredTenancy | None) -> Iterator[Result]:
    """Foreign keys by which a row of one tenant may refer to a row of another."""
    tenants = Tenants.of(reach, catalog, declared)
    if isinstance(tenants, NotApplicable):
        yield tenants
        return
    graph = Graph.over(catalog)
    for table, key in declared_foreign_keys(catalog):
        own, other = tenants.columns.get(table.qualified_name), tenants.columns.get(key.references or "")
        if own is None or other is None or own in key.columns or not _writable(reach, table, key.columns):
            continue
        if key.references in _looked_at(graph, table):
            continue
        columns = ", ".join(key.columns)
        yield Finding(
            f"{table.qualified_name} ({columns}) may refer to a row of {key.references} of another tenant: "
            f"{key.name} does not compare {own} with its {other}, and foreign keys ignore policies",
            object=f"{table.qualified_name}.{key.name}",
            evidence={"references": key.references, "tenant": [own, other]},
            fix=_composite(table, key, own, other),
        )


def _looked_at(graph: Graph, table: Table) -> set[str]:
    """The relations that policies for writing and triggers of a table read: they may compare the tenants."""
    read = [
        each
        for policy in table.policies
        if policy.command in ("ALL", "INSERT", "UPDATE")
        for text in (policy.using, policy.check)
        for each in graph.of_expression(text, table.owner)
    ]
    fired = {trigger.function for trigger in table.triggers}
    for function in graph.catalog.whole.functions:
        if f"{function.schema}.{function.name}" in fired:
            read += graph.of_function(function, table.owner)
    return {each.relation for each in read if isinstance(each, Read)}


def _composite(table: Table, key: Constraint, own: str, other: str) -> str:
    there = quoted(key.references or "")
    referred = quoted_list((other, *key.referenced_columns))
    return (
        f"ALTER TABLE {there} ADD UNIQUE ({referred}); "
        f"ALTER TABLE {quoted(table.qualified_name)} DROP CONSTRAINT {quote(key.name)}, "
        f"ADD FOREIGN KEY ({quoted_list((own, *key.columns))}) REFERENCES {there} ({referred}){_deleting(key)};"
    )


def _deleting(key: Constraint) -> str:
    """What becomes of the rows that refer to one that is deleted: still never without a tenant."""
    if key.on_delete.startswith("set "):
        return f" ON DELETE {key.on_delete.upper()} ({quoted_list(key.columns)})"
    return f" ON DELETE {key.on_delete.upper()}" if key.on_delete in ("cascade", "restrict") else ""


def unscoped_uniqueness(reach: Reach, catalog: Catalog, declared: DeclaredTenancy | None) -> Iterator[Result]:
    """Unique keys over the rows of all tenants."""
    tenants = Tenants.of(reach, catalog, declared)
    if isinstance(tenants, NotApplicable):
        yield tenants
        return
    for name, tenant in tenants.columns.items():
        if name in tenants.people:
            continue
        table = catalog.tables_by_name[name]
        for index in table.indexes:
            columns = [table.column(key) for key in index.keys]
            named = [column for column in columns if column is not None]
            referring = {column for key in table.foreign_keys for column in key.columns}
            if not index.unique or index.primary or tenant in index.keys or len(named) < len(columns):
                continue
            if not referring.isdisjoint(index.keys) or not all(map(_chosen, named)):
                continue
            if _writable(reach, table, index.keys):
                keys = ", ".join(index.keys)
                yield Finding(
                    f"{name} ({keys}) is unique over the rows of all tenants ({index.name}): what one has taken, "
                    "the others are refused, and so learn of",
                    object=f"{index.schema}.{index.name}",
                    evidence={"tenant": tenant, "keys": list(index.keys)},
                    fix=f"CREATE UNIQUE INDEX ON {quoted(name)} ({quoted_list((tenant, *index.keys))})"
                    + (f" WHERE {index.predicate}; " if index.predicate else "; ")
                    + (
                        f"ALTER TABLE {quoted(name)} DROP CONSTRAINT {quote(index.constraint)};"
                        if index.constraint
                        else f"DROP INDEX {quoted(f'{index.schema}.{index.name}')};"
                    ),
                )


def _chosen(column: Column) -> bool:
    """Whether people choose the value of a column, so that those of two tenants could be the same."""
    made = column.default or column.identity or column.generated or column.type == "uuid"
    return not made and column.name.lower().rpartition("_")[2] not in (*_OF_OTHERS, *_ADDRESSES)


def rows_of_nobody(reach: Reach, catalog: Catalog, declared: DeclaredTenancy | None) -> Iterator[Result]:
    """Columns of the tenant's key that may be NULL."""
    tenants = Tenants.of(reach, catalog, declared)
    if isinstance(tenants, NotApplicable):
        yield tenants
        return
    joined = {each.table for each in tenants.tenancy.memberships}
    for name, tenant in tenants.columns.items():
        table = catalog.tables_by_name[name]
        column = table.column(tenant)
        if column is None or column.not_null or name in joined | tenants.people or not reach.privileges(name):
            continue
        personal = any(key.references in tenants.people for key in table.foreign_keys)
        meant = any(_asks_for_null(policy, tenant) for policy in table.policies)
        yield Finding(
            f"{name}.{tenant} says which tenant a row belongs to, and may be NULL: such a row belongs to none"
            + (", which policies provide for" if meant else ", perhaps to a person" if personal else ""),
            object=f"{name}.{tenant}",
            evidence={"type": column.type},
            fix=f"ALTER TABLE {quoted(name)} ALTER COLUMN {quote(tenant)} SET NOT NULL;",
            severity=Severity.INFO if personal or meant else None,
        )


def _asks_for_null(policy: Policy, column: str) -> bool:
    """Whether a policy treats rows without a tenant in a way of their own."""
    for text in filter(None, (policy.using, policy.check)):
        try:
            nodes = walk(parse_expression(text))
        except GrammarError:
            continue
        for node in nodes:
            distinct = node_name(node) == "A_Expr" and enum_name(node, "kind").endswith("DISTINCT")
            sides = [node.arg] if node_name(node) == "NullTest" else [node.lexpr, node.rexpr] if distinct else []
            columns = [side for side in map(unwrap, sides) if node_name(side) == "ColumnRef"]
            if any(unwrap(each.fields[-1]).sval == column for each in columns):
                return True
    return False


def _writable(reach: Reach, table: Table, columns: Collection[str]) -> bool:
    """Whether somebody from outside may write all of some columns."""
    return any(
        access.privilege in ("INSERT", "UPDATE") and (access.columns is None or set(columns) <= set(access.columns))
        for access in reach.relations.get(table.qualified_name, ())
    )
