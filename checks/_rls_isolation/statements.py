"""What is tried on a table as somebody: reading, blind and aimed changes, forged rows, moves, higher roles."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from migrate_validate.catalog.model import Column, Table
from migrate_validate.syntax import quote

from .columns import other_values, privileged
from .ground import Ground, Placed, literal, named, place, writable
from .identities import Identity
from .probes import Probe
from .tries import Try
from .universes import BOTH, A, B

ALONE = 3
"""Columns with people of which each is tried by itself."""
AIMED = 2
"""How many rows of others each aimed statement is tried on."""

_WHOLE_NUMBERS = ("smallint", "integer", "bigint")


class Statements:
    """Builds what is tried on one table as one identity."""

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

    def tries(self) -> Iterator[Try]:
        """Everything that the role's privileges allow to be tried."""
        if "SELECT" in self.may:
            yield self.read()
        if "UPDATE" in self.may:
            yield from self._changes()
            yield from self._moves()
            yield from self._promotions()
            yield from self._in_names_of_fellows("UPDATE")
        if "DELETE" in self.may:
            yield self._try("delete", "DELETE", f"DELETE FROM {self.sql}")
            for row in self.foreign[:AIMED]:
                yield self._try("delete", "DELETE", f"DELETE FROM {self.sql} WHERE {self._is(row)}", row)
        given_away = {(self.identity.role, self.table.owner, schema) for schema in (self.table.schema, "")}
        ours = self.name in self.ground.catalog.tables_by_name
        if ours and "TRUNCATE" in self.may.whole and given_away.isdisjoint(self.ground.given_away):
            made = self._try("delete", "TRUNCATE", f"TRUNCATE {self.sql}")
            yield replace(made, probe=replace(made.probe, always=True))
        if "INSERT" in self.may:
            yield from self._inserts()

    def read(self) -> Try:
        """The query that tells which rows are seen."""
        columns: tuple[str, ...] = ()
        wanted = place()
        if "SELECT" not in self.may.whole:
            columns = tuple(each.name for each in self.table.columns if self.may.allows("SELECT", each.name))
            wanted = f"jsonb_build_array({', '.join(f'{quote(column)}::text' for column in columns)})"
        query = f"SELECT coalesce(jsonb_agg({wanted}), '[]')::text FROM {self.sql}"
        return Try("read", "SELECT", self.name, Probe(query, returns=True), columns=columns)

    # Changes.

    def _changes(self) -> Iterator[Try]:
        payload = self._payload()
        if payload:
            sets = f"{quote(payload[0])} = {literal(payload[1])}"
            yield self._try("change", "UPDATE", f"UPDATE {self.sql} SET {sets}")
            for row in self.foreign[:AIMED]:
                yield self._try("change", "UPDATE", f"UPDATE {self.sql} SET {sets} WHERE {self._is(row)}", row)
        examples: list[Placed | None] = [*self._examples()] or [None]
        for example in examples if self._movable() else ():
            mine = self._owner_values([example] if example else [], foreign=False)
            if mine:
                yield from (replace(each, values=mine) for each in self._thefts(mine, example))

    def _thefts(self, mine: Mapping[str, str | None], example: Placed | None) -> Iterator[Try]:
        sets = self._sets(mine)
        yield self._try("steal", "UPDATE", f"UPDATE {self.sql} SET {sets}")
        for row in (*self.foreign[:AIMED], *self._of_fellows(example)):
            yield self._try("steal", "UPDATE", f"UPDATE {self.sql} SET {sets} WHERE {self._is(row)}", row)
        # A CHECK may compare several columns with each other: all of them as in a row of one's own.
        alike = {**self._like(example), **mine} if example else mine
        if alike.keys() > mine.keys():
            yield self._try("steal", "UPDATE", f"UPDATE {self.sql} SET {self._sets(alike)}")

    def _of_fellows(self, example: Placed | None) -> list[Placed]:
        """Of somebody in both tenants: a row that others have in the other one."""
        if self.identity.kind != "both" or example is None:
            return []
        found = [row for row in self.own if row.universe in (A, B) and row.universe != example.universe]
        return [row for row in found if self.identity.sub not in row.values.values()][:1]

    def _like(self, row: Placed) -> dict[str, str | None]:
        """The references of a row that may be set, and are no part of what must be unique."""
        return {
            column: row.values[column]
            for column in sorted(self.referring - self.unique)
            if column in row.values and self.may.allows("UPDATE", column)
        }

    def _moves(self) -> Iterator[Try]:
        theirs = self._owner_values(self.foreign, foreign=True)
        if theirs and self._movable() and self.own:
            sets = self._sets(theirs)
            yield self._try("move", "UPDATE", f"UPDATE {self.sql} SET {sets}")
            for row in self.own[:AIMED]:
                yield self._try("move", "UPDATE", f"UPDATE {self.sql} SET {sets} WHERE {self._is(row)}", row)
        for other, reference in self._references("UPDATE"):
            for row in self.own[:1]:
                text = f"UPDATE {self.sql} SET {self._sets(reference)} WHERE {self._is(row)}"
                yield replace(self._try("refer", "UPDATE", text, row), object=other)

    def _movable(self) -> bool:
        """Whether the columns that say whose a row is are more than its identity."""
        people = self.ground.tenancy.people
        if self.name == self.ground.tenancy.root or (people and self.name == people.table):
            return False
        return all(self.may.allows("UPDATE", column) for column in self.owner) and bool(self.owner)

    def _references(self, command: str) -> Iterator[tuple[str, Mapping[str, str | None]]]:
        """The tables that rows refer to beside their owner, and what refers to a row of others there."""
        ground = self.ground
        people = ground.tenancy.people
        for key in self.table.foreign_keys:
            other = key.references or ""
            # A person is no secret: whom a row names beside its owner says nothing of the person's rows.
            is_person = people is not None and people.columns_of(other)
            if set(key.columns) & set(self.owner) or is_person or not ground.belongs(other):
                continue
            rows = ground.foreign_rows(self.identity, other)
            if rows and all(self.may.allows(command, column) for column in key.columns):
                values = zip(key.columns, key.referenced_columns, strict=True)
                yield other, {column: rows[0].values[referenced] for column, referenced in values}

    # Rows that are added.

    def _inserts(self) -> Iterator[Try]:
        for values in self._to_add():
            yield self._insert("add", values)
        for mine in self._examples():
            values = self._fresh(mine.values)
            for other, sets in self._references("INSERT"):
                yield replace(self._insert("refer", {**values, **sets}), object=other)
            theirs = self._owner_values(self.foreign, foreign=True)
            if theirs and not self._is_owner:
                yield self._insert("forge", {**values, **theirs})
            yield from self._upserts(mine)
        for row in self.foreign[:AIMED] if not self._is_owner else ():
            values = self._fresh(row.values)
            yield self._insert("forge", values)
            if self.identity.sub and (named_by := self.ground.person_columns(self.table)):
                as_self = {**values, **dict.fromkeys(named_by, self.identity.sub)}
                yield self._insert("join", as_self)
                # Where several columns name people, policies may ask for one of them.
                for column in named_by if 1 < len(named_by) <= ALONE else ():
                    yield self._insert("forge", {**values, column: self.identity.sub})
        if self.name in self._memberships:
            yield from self._appointments()
        yield from self._enlistments()
        yield from self._in_names_of_fellows("INSERT")
        if not self.own and not self.foreign:
            for row in self.ground.rows.get(self.name, ())[:1]:
                yield self._insert("add", self._fresh(row.values))

    @property
    def _is_owner(self) -> bool:
        """Whether rows are tenants or people themselves: what is added belongs to nobody else."""
        people = self.ground.tenancy.people
        is_person = people is not None and self.name == people.table and self.owner == people.key
        return self.name == self.ground.tenancy.root or is_person

    def _examples(self) -> list[Placed]:
        """A row of one's own; of somebody in both tenants, one in each."""
        by_side = {row.universe: row for row in reversed(self.own) if row.universe in (A, B)}
        return list(by_side.values()) if self.identity.kind == "both" and by_side else self.own[:1]

    def _to_add(self) -> list[dict[str, str | None]]:
        """Rows like its own; where policies ask for a person, with itself in each of the columns that may name one."""
        said, sub = self.ground.owned.get(self.name), self.identity.sub
        examples = self._examples()
        alike = [self._fresh(row.values) for row in examples]
        for column in said.columns if said and sub else ():
            own = next((row for row in self.own if row.values.get(column) == sub), None)
            for row in [own] if own else examples:
                alike.append({**self._fresh(row.values), column: sub})
        return list({tuple(values.items()): values for values in alike}.values())

    def _upserts(self, mine: Placed) -> Iterator[Try]:
        payload = self._payload()
        if not payload or not self.key or set(self.key) & set(self.owner) or "UPDATE" not in self.may:
            return
        for row in self.foreign[:1]:
            values = {**mine.values, **{column: row.values[column] for column in self.key}}
            target = ", ".join(map(quote, self.key))
            sets = f"{quote(payload[0])} = excluded.{quote(payload[0])}"
            text = f"{self._insert_text(values)} ON CONFLICT ({target}) DO UPDATE SET {sets}"
            yield self._try("replace", "INSERT", text, row)

    def _insert(self, kind: str, values: Mapping[str, str | None]) -> Try:
        whose = {column: values.get(column) for column in self.owner}
        return replace(self._try(kind, "INSERT", self._insert_text(values)), values=whose, row=values)

    def _insert_text(self, values: Mapping[str, str | None]) -> str:
        given = {
            column.name: values[column.name]
            for column in self.table.columns
            if values.get(column.name) is not None and writable(column) and self.may.allows("INSERT", column.name)
        }
        if not given:
            return f"INSERT INTO {self.sql} DEFAULT VALUES"
        columns, listed = ", ".join(map(quote, given)), ", ".join(map(literal, given.values()))
        return f"INSERT INTO {self.sql} ({columns}) VALUES ({listed})"

    def _fresh(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """The values of a row with keys that no row has; those that refer to others stay."""
        fresh = dict(values)
        for column in self.table.columns:
            owning = column.name in self.owner and not self._is_owner
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
        return f"x{value[1:]}" if column.type.startswith(("text", "character")) else value

    # Higher roles.

    @property
    def _memberships(self) -> dict[str, str]:
        """The columns with roles, by table of memberships."""
        found = self.ground.tenancy.memberships
        return {each.table: each.role_column for each in found if each.role_column}

    def _promotions(self) -> Iterator[Try]:
        """A higher word in a column of one's own row, or of one's own tenant."""
        ground = self.ground
        rows = self.own if self.name == ground.tenancy.root else self._mine()
        roles = {each.table: each for each in ground.tenancy.memberships}
        for row in rows[:1]:
            for column in self.table.columns:
                if not self.may.allows("UPDATE", column.name) or column.name in (*self.key, *self.owner):
                    continue
                membership = roles.get(self.name)
                is_role = membership is not None and membership.role_column == column.name
                if not is_role and not privileged(column):
                    continue
                present = row.values[column.name]
                words = membership.roles if is_role and membership else ()
                words = (
                    words or self._referred(column) or other_values(ground.catalog.whole, self.table, column, present)
                )
                for word in words:
                    value = f"{{{word}}}" if is_role and column.type.endswith("[]") else word
                    if value != present:
                        text = f"UPDATE {self.sql} SET {quote(column.name)} = {literal(value)} WHERE {self._is(row)}"
                        kind = "promote" if is_role else "grant"
                        made = self._try(kind, "UPDATE", text, row)
                        yield replace(made, object=column.name, role=word)

    def _referred(self, column: Column) -> tuple[str, ...]:
        """What a column may refer to: no other value is taken."""
        key = next((key for key in self.table.foreign_keys if key.columns == (column.name,)), None)
        rows = self.ground.rows.get(key.references or "", ()) if key else ()
        found = (row.values.get(key.referenced_columns[0]) for row in rows) if key else ()
        return tuple(dict.fromkeys(value for value in found if value is not None))

    def _mine(self) -> list[Placed]:
        """The rows that are about the identity itself: its membership, its profile, what hangs on the person."""
        sub, tenancy = self.identity.sub, self.ground.tenancy
        if sub is None:
            return []
        columns = [column for each in tenancy.memberships if each.table == self.name for column in each.person_columns]
        columns += tenancy.people.columns_of(self.name) if tenancy.people else ()
        keys = [set(index.keys) for index in self.table.indexes if index.unique and index.predicate is None]
        if (self.name in tenancy.personal or tenancy.kind == "person") and set(self.owner) in keys:
            columns += self.owner  # One row a person: a profile, an account.
        return [row for row in self.own if any(row.values[column] == sub for column in columns)]

    def _appointments(self) -> Iterator[Try]:
        """Somebody else, who belongs nowhere, in one's own tenant with a higher role."""
        stranger = next(
            (each.sub for each in self.ground.universes.actors if each.universe not in (A, B, "both")), None
        )
        for membership in self.ground.tenancy.memberships:
            if membership.table != self.name or membership.role_column is None or stranger is None:
                continue
            rows = [row for row in self.own if self.identity.sub in row.values.values()]
            for row in rows[:1]:
                for word in membership.roles:
                    column = self.table.column(membership.role_column)
                    value = f"{{{word}}}" if column and column.type.endswith("[]") else word
                    values = {**self._fresh(row.values), membership.role_column: value}
                    values |= dict.fromkeys(membership.person_columns, stranger)
                    made = self._insert("appoint", values)
                    yield replace(made, object=membership.role_column, role=word)

    def _in_names_of_fellows(self, command: str) -> Iterator[Try]:
        """Rows of its own, and new ones, with other members of its tenant where its own name would be."""
        said, sub = self.ground.owned.get(self.name), self.identity.sub
        if said is None or self.identity.kind != "member" or self.ground.tenancy.kind == "person":
            return
        people = [each.sub for each in self.ground.universes.actors if each.universe in (*self.identity.home, BOTH)]
        fellows = [each for each in people if each != sub]
        columns = [name for name in said.columns if self.may.allows(command, name)]
        if not fellows or not columns:
            return
        named = {name: fellows[number % len(fellows)] for number, name in enumerate(columns)}
        if command == "UPDATE":
            yield self._try("pass", command, f"UPDATE {self.sql} SET {self._sets(named)}")
        for row in self.own[:1] if command == "INSERT" else ():
            yield self._insert("name", {**self._fresh(row.values), **named})

    def _enlistments(self) -> Iterator[Try]:
        """Itself among those with power."""
        for each in self.ground.tenancy.staff:
            if each.table != self.name or self.identity.sub is None or self.identity.kind == "staff":
                continue
            for row in self.foreign[:1]:
                values = {**self._fresh(row.values), each.person_column: self.identity.sub}
                if each.column is not None:
                    values[each.column] = each.word
                yield replace(self._insert("enlist", values), object=each.column or each.table, role=each.word or "")

    # Parts of statements.

    def _try(self, kind: str, command: str, statement: str, aimed: Placed | None = None) -> Try:
        return Try(kind, command, self.name, Probe(statement, look=self._look()), aimed)

    def _look(self) -> str:
        parts = ", ".join([place(), *(f"{quote(column)}::text" for column in self.owner)])
        return f"SELECT coalesce(jsonb_agg(jsonb_build_array({parts})), '[]')::text FROM {self.sql}"

    def _is(self, row: Placed) -> str:
        if not self.key:
            return f"ctid = '{row.at.partition(':')[2]}'"
        return " AND ".join(f"{quote(column)} = {literal(row.values[column])}" for column in self.key)

    def _sets(self, values: Mapping[str, str | None]) -> str:
        return ", ".join(f"{quote(column)} = {literal(value)}" for column, value in values.items())

    def _owner_values(self, rows: Sequence[Placed], *, foreign: bool) -> dict[str, str | None]:
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

    def _payload(self) -> tuple[str, str] | None:
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


def _spread(rows: Sequence[Placed]) -> list[Placed]:
    """One row of each universe first."""
    first: dict[str, Placed] = {}
    for row in rows:
        first.setdefault(row.universe, row)
    chosen = list(first.values())
    return [*chosen, *(row for row in rows if row not in chosen)]
