"""What stands in statements on one table as one identity: whose rows, which columns, and how SQL writes them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from migrate_validate.catalog.model import Column, Table
from migrate_validate.syntax import quote

from .columns import privileged
from .ground import Ground, Placed, literal, named, place, writable
from .identities import Identity
from .probes import Probe
from .tries import Try
from .universes import A, B

_WHOLE_NUMBERS = ("smallint", "integer", "bigint")


class Wording:
    """The rows, columns and privileges that statements on one table as one identity are made of, and their parts."""

    def __init__(self, ground: Ground, table: Table, identity: Identity) -> None:
        """On this ground."""
        self.ground = ground
        self.table = table
        self.identity = identity
        self.name = table.qualified_name
        self.sql = named(self.name)
        self.may = ground.may(identity.role, self.name)
        self.own = ground.own_rows(identity, self.name)
        self.foreign = _spread(ground.foreign_rows(identity, self.name))
        self.owner = ground.owner_columns(self.name)
        self.key = table.primary_key.columns if table.primary_key else ()
        keys = [index.keys for index in table.indexes if index.unique]
        self.unique = {column for columns in (self.key, *keys) for column in columns}
        self.referring = {column for key in table.foreign_keys for column in key.columns}
        self.look = look_at(self.name, self.owner)

    @property
    def is_owner(self) -> bool:
        """Whether rows are tenants or people themselves: what is added belongs to nobody else."""
        people = self.ground.tenancy.people
        is_person = people is not None and self.name == people.table and self.owner == people.key
        return self.name == self.ground.tenancy.root or is_person

    def insertion(self, kind: str, values: Mapping[str, str | None]) -> Try:
        """A row that is added.

        :param kind: of :class:`~.tries.Try`
        """
        whose = {column: values.get(column) for column in self.owner}
        return replace(self.tried(kind, "INSERT", self.insert_text(values)), values=whose, row=values)

    def insert_text(self, values: Mapping[str, str | None]) -> str:
        """INSERT with all values that the role may give."""
        given = {
            column.name: values[column.name]
            for column in self.table.columns
            if values.get(column.name) is not None and writable(column) and self.may.allows("INSERT", column.name)
        }
        if not given:
            return f"INSERT INTO {self.sql} DEFAULT VALUES"
        columns, listed = ", ".join(map(quote, given)), ", ".join(map(literal, given.values()))
        return f"INSERT INTO {self.sql} ({columns}) VALUES ({listed})"

    def fresh(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """The values of a row with keys that no row has; those that refer to others stay."""
        fresh = dict(values)
        for column in self.table.columns:
            owning = column.name in self.owner and not self.is_owner
            kept = column.name in self.referring or owning or column.name not in self.unique
            if not kept and values[column.name] is not None:
                fresh[column.name] = self._unused(column, values[column.name] or "")
        return fresh

    def _unused(self, column: Column, value: str) -> str | None:
        if column.default is not None or column.identity:
            return None
        if column.type == "uuid":
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name}.{column.name}.{value}"))
        if column.type in _WHOLE_NUMBERS:
            numbers = [int(row.values[column.name] or 0) for row in self.ground.rows[self.name]]
            return str(max(numbers, default=0) + 1)
        return self._another(column.name, value) if column.type.startswith(("text", "character")) else value

    def _another(self, column: str, value: str) -> str:
        """A text of the same kind that no row has: what it begins with, a folder for instance, may mean something."""
        taken = {row.values[column] for row in self.ground.rows[self.name]}
        made = (value[:-1] + last for last in ("9876543210" if value[-1:].isdigit() else "fedcbaz"))
        return next((each for each in made if each not in taken), f"x{value[1:]}")

    def tried(self, kind: str, command: str, statement: str, aimed: Placed | None = None) -> Try:
        """A statement on the table, and a look at whose its rows are then.

        :param kind: of :class:`~.tries.Try`
        """
        return Try(kind, command, self.name, Probe(statement, look=self.look), aimed)

    def where(self, row: Placed) -> str:
        """The condition that only this row meets."""
        if not self.key:
            return f"ctid = '{row.at.partition(':')[2]}'"
        return " AND ".join(f"{quote(column)} = {literal(row.values[column])}" for column in self.key)

    def sets(self, values: Mapping[str, str | None]) -> str:
        """What stands behind SET."""
        return ", ".join(f"{quote(column)} = {literal(value)}" for column, value in values.items())

    def owner_values(self, rows: Sequence[Placed], *, foreign: bool) -> dict[str, str | None]:
        """What stands in the columns that say whose a row is, in a row of one's own or of others."""
        for row in rows:
            values = {column: row.values[column] for column in self.owner}
            if values and None not in values.values():
                return values
        keys = self.ground.universes.keys
        sides = self.ground.home(self.identity)
        hops = self.ground.tenancy.scoped.get(self.name, ())
        wanted = [side for side in (A, B) if (side not in sides) is foreign and side in keys]
        direct = self.name in self.ground.tenancy.tenant_columns or (
            bool(hops) and hops[0].references == self.ground.tenancy.root
        )
        if wanted and direct and len(self.owner) == 1:
            return {self.owner[0]: keys[wanted[0]]}
        return {}

    def payload(self) -> tuple[str, str] | None:
        """A column that may be given any row's value, whatever the row, and such a value."""
        free = [
            column
            for column in self.table.columns
            if writable(column)
            and self.may.allows("UPDATE", column.name)
            and column.name not in self.unique | self.referring | set(self.owner)
        ]
        free.sort(key=lambda column: (privileged(column), column.type not in ("text", "character varying")))
        for column in free:
            for row in (*self.foreign, *self.own, *self.ground.rows.get(self.name, ())):
                value = row.values[column.name]
                if value is not None:
                    return column.name, value
        return None


def look_at(table: str, owner: Sequence[str]) -> str:
    """The query that tells where the rows of a table lie, and what stands in the columns that say whose they are."""
    parts = ", ".join([place(), *(f"{quote(column)}::text" for column in owner)])
    return f"SELECT coalesce(jsonb_agg(jsonb_build_array({parts})), '[]')::text FROM {named(table)}"


def _spread(rows: Sequence[Placed]) -> list[Placed]:
    """One row of each universe first."""
    first: dict[str, Placed] = {}
    for row in rows:
        first.setdefault(row.universe, row)
    chosen = list(first.values())
    return [*chosen, *(row for row in rows if row not in chosen)]
