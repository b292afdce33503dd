"""How rows of tables refer to each other, by foreign keys and by what policies compare."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.data.hints import column_hints
from migrate_validate.data.order import partitions

from .model import Hop, Person

_DOUBT = 0.5
"""What a way costs more where rows need not go it."""


def own_tables(catalog: Catalog) -> dict[str, Table]:
    """The tables that rows are put into: partitions are filled through their table, foreign tables not at all."""
    return {
        table.qualified_name: table
        for table in catalog.tables
        if table.partition_of is None and table.kind != "foreign table"
    }


@dataclass(frozen=True, slots=True)
class References:
    """The ways from table to table."""

    tables: Mapping[str, Table]
    links: tuple[Hop, ...] = ()
    """Those that are no foreign keys."""

    def of(self, table: str) -> Iterator[Hop]:
        """The hops that lead from a table."""
        known = self.tables.get(table)
        for key in known.foreign_keys if known else ():
            if key.references and not key.inherited:
                yield Hop(table, key.columns, key.references, key.referenced_columns)
        yield from (link for link in self.links if link.table == table)

    def target(self, table: str, column: str) -> tuple[str, str] | None:
        """Table and column that a column stands for: where its foreign key leads, or the column if it is a key."""
        for hop in self.of(table):
            if hop.columns == (column,):
                return hop.references, hop.referenced_columns[0]
        known = self.tables.get(table)
        primary = known.primary_key if known else None
        return (table, column) if primary and primary.columns == (column,) else None

    def refers(self, table: str, column: str) -> bool:
        """Whether a column alone refers to a row of another table."""
        return any(hop.columns == (column,) for hop in self.of(table))

    def ways(self, goals: Collection[str], around: Collection[str]) -> dict[str, tuple[Hop, ...]]:
        """The shortest way to one of some tables from every table that has one, keys that must be there preferred.

        :param goals: where ways end; they have empty ones
        :param around: tables through which no way leads
        """
        towards: dict[str, list[Hop]] = {}
        for table in self.tables:
            for hop in self.of(table):
                towards.setdefault(hop.references, []).append(hop)
        found: dict[str, tuple[Hop, ...]] = {}
        queue: list[tuple[float, str, int, tuple[Hop, ...]]] = [(0.0, goal, 0, ()) for goal in sorted(goals)]
        number = 0
        while queue:
            cost, name, _, way = heapq.heappop(queue)
            if name in found:
                continue
            found[name] = way
            for hop in towards.get(name, ()):
                if hop.table not in around and hop.table not in found:
                    further = cost + 1 + (_DOUBT if self._doubtful(hop) else 0)
                    number += 1
                    heapq.heappush(queue, (further, hop.table, number, (hop, *way)))
        return found

    def _doubtful(self, hop: Hop) -> bool:
        table = self.tables[hop.table]
        columns = [table.column(name) for name in hop.columns]
        return any(column is not None and not column.not_null for column in columns)

    def with_links(self, links: Iterable[Hop]) -> References:
        """The same with more links."""
        return replace(self, links=tuple(dict.fromkeys((*self.links, *links))))


def unique_columns(table: Table) -> list[frozenset[str]]:
    """The sets of columns that no two rows share."""
    found = [frozenset(each.columns) for each in table.constraints if each.kind in ("primary key", "unique")]
    for index in table.indexes:
        if index.unique and index.constraint is None and not any(key.startswith("(") for key in index.keys):
            found.append(frozenset(index.keys))
    return found


def one_to_one(references: References, person: Person) -> dict[str, tuple[str, ...]]:
    """The tables that have one row a person, and the columns that are its key."""
    found: dict[str, tuple[str, ...]] = {}
    changed = True
    while changed:
        changed = False
        for name, table in references.tables.items():
            if name == person.table or name in found:
                continue
            for hop in references.of(name):
                of_person = person.key if hop.references == person.table else found.get(hop.references)
                if hop.referenced_columns == of_person and frozenset(hop.columns) in unique_columns(table):
                    found[name] = hop.columns
                    changed = True
                    break
    return found


def words_of(catalog: Catalog, table: Table, column: str) -> tuple[str, ...]:
    """The words that a column may be: labels of an enumerated type, or those that a CHECK constraint names."""
    known = table.column(column)
    if known is None:
        return ()
    kind = known.type.removesuffix("[]")
    for each in catalog.whole.enums:
        if kind in (f"{each.schema}.{each.name}", each.name):
            return each.labels
    domain = next((each for each in catalog.whole.domains if kind == f"{each.schema}.{each.name}"), None)
    hints = column_hints(table.constraints).get(column)
    if domain is not None and (hints is None or not hints.closed):
        hints = column_hints(domain.constraints).get("value")
    if hints is None or not (hints.closed or hints.literals):
        return ()
    # Numbers beside texts are lengths.
    return tuple(str(each) for each in hints.literals if "int" in kind or not str(each).lstrip("-").isdigit())


def with_links(catalog: Catalog, tables: Mapping[str, Table], links: Iterable[Hop]) -> Catalog:
    """The catalog of these tables and their partitions, with the links as foreign keys."""
    added: dict[str, list[Constraint]] = {}
    for number, link in enumerate(links):
        key = Constraint(
            f"link {number}",
            "foreign key",
            "",
            link.columns,
            link.references,
            link.referenced_columns,
            match="simple",
        )
        added.setdefault(link.table, []).append(key)
    listed = tuple(
        replace(table, constraints=(*table.constraints, *added.get(name, ()))) for name, table in tables.items()
    )
    parts = (part for table in tables.values() if table.partition_key for part in partitions(catalog.whole, table))
    return replace(catalog.whole, tables=tuple(sorted((*listed, *parts), key=lambda each: each.qualified_name)))
