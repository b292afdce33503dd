"""Rows that triggers have made beside ours, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.syntax import quote

from .choosing import TOKENS
from .model import Tenancy
from .people import Connection, sql_name
from .references import unique_columns
from .world import SHARED, A, Actor, B, SeededRow

MOST = 5000
"""Rows of a table that are looked at."""
_SHOWN = 20
"""Rows of a table of nobody that were there before, and can be referred to."""
_ROUNDS = 4

Values = Mapping[str, str | None]
Identity = tuple[tuple[str, str | None], ...]


def identity(table: Table, values: Values) -> dict[str, str]:
    """The primary key of a row, else a unique key; empty where there is none, or where it is NULL."""
    primary = [frozenset(table.primary_key.columns)] if table.primary_key else []
    for columns in (*primary, *unique_columns(table)):
        found = {name: value for name in sorted(columns) if (value := values.get(name)) is not None}
        if len(found) == len(columns):
            return found
    return {}


@dataclass(slots=True)
class Adopting:
    """Compares what is in the tables with what is known."""

    connection: Connection
    catalog: Catalog
    tenancy: Tenancy
    rows: dict[str, list[SeededRow]]
    seen: dict[str, set[Identity]] = field(default_factory=dict)
    """By table: the rows that are known, ours and those that were there before."""

    def begin(self, tables: Iterable[Table]) -> None:
        """See what is there already."""
        for table in tables:
            present = self._present(table)
            for values in present:
                self.know(table, values)
            people = self.tenancy.people.table if self.tenancy.people else None
            if table.qualified_name not in (people, *self.tenancy.scoped, *self.tenancy.personal):
                own = (
                    SeededRow(table.qualified_name, identity(table, values), SHARED, values)
                    for values in present[:_SHOWN]
                )
                self.rows[table.qualified_name] = list(own)

    def know(self, table: Table, values: Values) -> None:
        """Remember a row."""
        self.seen.setdefault(table.qualified_name, set()).add(_identity(table, values))

    def adopt(self, table: Table, actors: Sequence[Actor]) -> None:
        """Take the new rows of a table for what they refer to."""
        known = self.seen.setdefault(table.qualified_name, set())
        fresh = [values for values in self._present(table) if _identity(table, values) not in known]
        for values in fresh:
            universe = self._universe(table, values, actors)
            if universe is not None:
                self.know(table, values)
                people = self.people_of(table, values, actors)
                row = SeededRow(table.qualified_name, identity(table, values), universe, values, people, adopted=True)
                self.rows.setdefault(table.qualified_name, []).append(row)

    def finish(self, tables: Sequence[Table], actors: Sequence[Actor]) -> None:
        """Adopt what is left, and read all rows again, for triggers may have changed them or taken them away."""
        for _ in range(_ROUNDS):
            before = sum(map(len, self.rows.values()))
            for table in tables:
                self.adopt(table, actors)
            if sum(map(len, self.rows.values())) == before:
                break
        for table in tables:
            rows = self.rows.get(table.qualified_name, [])
            if not rows:
                continue
            present = {_identity(table, values): values for values in self._present(table)}
            self.rows[table.qualified_name] = [
                replace(row, values=present[same], people=self.people_of(table, present[same], actors))
                for row in rows
                if (same := _identity(table, row.values)) in present
            ]

    def people_of(self, table: Table, values: Values, actors: Sequence[Actor]) -> frozenset[str]:
        """The people that a row refers to, or is."""
        people = self.tenancy.people
        if people is None:
            return frozenset()
        columns = set(people.columns_of(table.qualified_name))
        for key in table.foreign_keys:
            if people.columns_of(key.references or "") == key.referenced_columns:
                columns |= set(key.columns)
        subs = {actor.sub for actor in actors}
        return frozenset(value for name in columns if (value := values.get(name)) in subs and value is not None)

    def _universe(self, table: Table, values: Values, actors: Sequence[Actor]) -> str | None:
        """Whose row it is; None where that is not known, or not yet."""
        name = table.qualified_name
        by_sub = {actor.sub: actor for actor in actors}
        mentioned = sorted(self.people_of(table, values, actors))
        if name == self.tenancy.root:
            owners = mentioned or self._members_of(table, values, by_sub)
            return f"own of {by_sub[owners[0]].label}" if owners else None
        for way in (self.tenancy.scoped.get(name, ()), self.tenancy.personal.get(name, ())):
            if way:
                if any(values.get(column) is None for column in way[0].columns):
                    return by_sub[mentioned[0]].universe if mentioned else SHARED
                return self._universe_of(way[0].references, way[0].referenced_columns, way[0].columns, values)
        for key in table.foreign_keys:
            found = self._universe_of(key.references or "", key.referenced_columns, key.columns, values)
            if found not in (None, SHARED):
                return found
        if mentioned:
            return by_sub[mentioned[0]].universe
        text = " ".join(value for value in values.values() if value)
        named = [universe for universe in (A, B) if TOKENS[universe] in text or self._names_row(universe, text)]
        return named[0] if len(named) == 1 else SHARED

    def _names_row(self, universe: str, text: str) -> bool:
        """Whether a text has the key of the tenant in it."""
        root = (row for row in self.rows.get(self.tenancy.root or "", ()) if row.universe == universe)
        return any(len(value) > 5 and value in text for row in root for value in row.key.values())

    def _universe_of(
        self, references: str, referenced: tuple[str, ...], columns: tuple[str, ...], values: Values
    ) -> str | None:
        wanted = [values.get(column) for column in columns]
        for row in self.rows.get(references, ()):
            if None not in wanted and [row.values.get(column) for column in referenced] == wanted:
                return row.universe
        return None

    def _members_of(self, root: Table, values: Values, people: Mapping[str, Actor]) -> list[str]:
        """The people whom a membership ties to a tenant that we have not made."""
        found: list[str] = []
        for membership in self.tenancy.memberships:
            table = self.catalog.tables_by_name[membership.table]
            for key in table.foreign_keys:
                if key.columns == membership.tenant_columns and key.references == root.qualified_name:
                    wanted = [values.get(name) for name in key.referenced_columns]
                    for each in self._present(table):
                        person = each.get(membership.person_columns[0]) or ""
                        if [each.get(name) for name in key.columns] == wanted and person in people:
                            found.append(person)
        return found

    def _present(self, table: Table) -> list[Values]:
        """The rows of a table as text."""
        if not table.columns:
            return []
        names = [column.name for column in table.columns]
        listed = ", ".join(f"{quote(name)}::text" for name in names)
        try:
            with self.connection.transaction():
                found = self.connection.execute(f"SELECT {listed} FROM {sql_name(table)} LIMIT {MOST}".encode())
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except psycopg.Error:
            if self.connection.closed:
                raise
            return []


def _identity(table: Table, values: Values) -> Identity:
    """What tells a row from others: its key, or all of it."""
    return tuple(sorted((identity(table, values) or values).items()))
