"""Puts the rows of two universes into the tables, parents first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from migrate_validate.catalog.model import Catalog, Constraint, Table
from migrate_validate.data.learned import Learned
from migrate_validate.data.order import FillOrder, nullable_key
from migrate_validate.data.values import DEFAULT, Default, Value, literal
from migrate_validate.data.writing import insert
from migrate_validate.replay.batch import Batch
from migrate_validate.syntax import quote

from .adopting import Adopting, identity
from .choosing import CAREFUL, Chooser
from .model import Membership, Tenancy
from .people import Connection, Part, claims_of, email_of, sql_name
from .wanting import USERS, Want, Wanting
from .world import BOTH, SHARED, A, Actor, B, SeededRow

ATTEMPTS = 14
"""How often other values are tried for a row that is refused."""


@dataclass(slots=True)
class Sowing:
    """Rows on their way into the tables."""

    connection: Connection
    catalog: Catalog
    """With the links of the tenancy as foreign keys."""
    tenancy: Tenancy
    learned: Learned
    order: FillOrder
    parts: Sequence[Part]
    rows: dict[str, list[SeededRow]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """What PostgreSQL said last about a row of a table."""
    count: Counter[str] = field(default_factory=Counter)
    wanting: Wanting = field(init=False)
    chooser: Chooser = field(init=False)
    adopting: Adopting = field(init=False)

    def __post_init__(self) -> None:
        self.wanting = Wanting(self.catalog, self.tenancy, self.parts, self.rows)
        people = self.tenancy.people
        about = {each.table for each in self.tenancy.memberships} | ({people.table, *people.also} if people else set())
        wanted = {name: columns for name, columns in self.tenancy.wanted.items() if name in about}
        self.chooser = Chooser(self.catalog, self.learned, wanted)
        self.adopting = Adopting(self.connection, self.catalog, self.tenancy, self.rows)

    def run(self) -> None:
        """Fill all tables, and see what triggers have made of it."""
        self._keys_without_table()
        self.adopting.begin(self.order.tables)
        for table in self.order.tables:
            self.adopting.adopt(table, self.wanting.actors)
            self._fill(table)
            if table.qualified_name == self.tenancy.root:
                self._know_keys()
        self._close()
        self._tell_claims()
        self._context(None)
        self.adopting.finish(self.order.tables, self.wanting.actors)

    def unfilled(self) -> dict[str, str]:
        """By table: why a universe has no row of it."""
        found = {}
        for table in self.order.tables:
            name = table.qualified_name
            have = {row.universe for row in self.rows.get(name, ())}
            owned = name in self.tenancy.scoped or name in self.tenancy.personal
            if any(each.table == name and each.only for each in self.tenancy.staff):
                continue
            if not {A, B} <= have if owned else not have and name in self.tenancy.shared:
                found[name] = self.learned.unfilled.get(name) or self.said.get(name) or "no row could be made"
        return found

    def _keys_without_table(self) -> None:
        """The keys of tenants that have no table."""
        if self.tenancy.root is not None:
            return
        for name, column in self.tenancy.tenant_columns.items():
            table = self.catalog.tables_by_name[name]
            known = table.column(column)
            for universe in (A, B):
                made = self.chooser.key_of(known.type if known else "text", universe, 1, 0)
                self.wanting.keys[universe] = f"tenant-{universe.lower()}" if made is None else str(made)
            return

    def _know_keys(self) -> None:
        for row in self.rows.get(self.tenancy.root or "", ()):
            if row.universe in (A, B) and not row.adopted:
                self.wanting.keys.setdefault(
                    row.universe, ",".join(row.values[name] or "" for name in self.tenancy.root_key)
                )

    # Rows.

    def _fill(self, table: Table) -> None:
        name = table.qualified_name
        wants = [want for want in self.wanting.of(table) if not self._is_there(table, want)]
        if name in self.learned.unfilled:
            return
        while wants:
            possible = [(want, row) for want in wants if (row := self._row(table, want, 0)) is not None]
            done, error = self._batch(table, possible)
            if error is None:
                return
            if isinstance(error, psycopg.errors.QueryCanceled):
                return  # A trigger that sleeps sleeps again.
            want = possible[done][0]
            self._again(table, want)
            wants = [each for each, _ in possible[done + 1 :]]

    def _is_there(self, table: Table, want: Want) -> bool:
        """Whether a trigger has made the row already; it is given what was wanted of it."""
        name = table.qualified_name
        if not want.people or not any(row.adopted for row in self.rows.get(name, ())):
            return False
        people = self.tenancy.people
        own = people.columns_of(name) if people else ()
        membership = next((each for each in self.tenancy.memberships if each.table == name), None)
        column = own[0] if own else membership.person_columns[0] if membership else None
        for row in self.rows[name]:
            same = column is not None and row.values.get(column) == want.people[0].sub
            if same and row.adopted and (own or row.universe == want.universe):
                self._complete(table, row, want, membership)
                return True
        return False

    def _complete(self, table: Table, row: SeededRow, want: Want, membership: Membership | None) -> None:
        if membership is None or not row.key:
            return
        new: dict[str, Value] = dict(want.fixed)
        new.pop(membership.person_columns[0], None)
        if membership.exclusive and want.universe in (A, B):
            key = next((key for key in table.foreign_keys if key.columns == membership.tenant_columns), None)
            parent = self._parent(key, want, {}, 0) if key else None
            new |= dict(zip(membership.tenant_columns, parent, strict=True)) if parent else {}
        if new:
            self._try(f"UPDATE {sql_name(table)} SET {_list(new, ', ')} WHERE {_list(row.key, ' AND ')}", table)

    def _row(self, table: Table, want: Want, attempt: int) -> dict[str, Value | Default] | None:
        """The row; None where it would have to refer to one that is not there."""
        fixed: dict[str, Value] = dict(want.fixed)
        if table.qualified_name == USERS:
            # The service writes these rows, and leaves the rest empty.
            return {**fixed, "id": self.chooser.row(table, want.universe, want.place, fixed, 0)["id"]}
        later = self.order.unbound(table)
        keys = sorted(table.foreign_keys, key=lambda key: (-len(key.columns), nullable_key(table, key), key.name))
        way = self.tenancy.scoped.get(table.qualified_name, ())
        needed = way[0].columns if way else ()
        bit = 0
        for key in keys:
            if set(key.columns) <= fixed.keys() or key.inherited:
                continue
            free = nullable_key(table, key)
            own = key.references == table.qualified_name
            skipped = False
            if free and key.columns != needed:
                skipped = bool(max(0, attempt - CAREFUL + 1) >> bit & 1)
                bit += 1
            parent = None if key.name in later or own or skipped else self._parent(key, want, fixed, attempt)
            if parent is not None:
                fixed.update(zip(key.columns, parent, strict=True))
            elif free or key.name in later:
                primary = table.primary_key.columns if table.primary_key else ()
                columns = (table.column(name) for name in key.columns if name not in fixed and name not in primary)
                fixed.update({column.name: None for column in columns if column and not column.not_null})
            elif not own:
                self.said[table.qualified_name] = f"{key.references}, which it refers to, has no row of {want.universe}"
                return None
        row = self.chooser.row(table, want.universe, self.count[table.qualified_name] + want.place, fixed, attempt)
        for key in keys:
            if key.references == table.qualified_name and not nullable_key(table, key):
                row.update(
                    (mine, row.get(of, DEFAULT)) for mine, of in zip(key.columns, key.referenced_columns, strict=True)
                )
        return row

    def _parent(
        self, key: Constraint, want: Want, fixed: Mapping[str, Value], attempt: int
    ) -> tuple[str | None, ...] | None:
        """The values of a row that a key may refer to."""
        rows = self.rows.get(key.references or "", [])
        own = [row for row in rows if row.universe == want.universe]
        if want.universe == BOTH:
            own += [row for row in rows if row.universe == A]
        fitting = own or [row for row in rows if row.universe == SHARED]
        if self.wanting.is_person(key.references) and want.people:
            # The second key to a person leads to another one.
            turn = sum(str(value) in {each.sub for each in want.people} for value in fixed.values()) + attempt // 4
            wanted = want.people[turn % len(want.people)].sub
            fitting += [row for row in rows if wanted in row.people and row not in fitting]
            fitting = sorted(fitting, key=lambda row: wanted not in row.people)
        elif fitting:
            turn = (want.place + attempt) % len(fitting)
            fitting = fitting[turn:] + fitting[:turn]
        for row in fitting:
            values = tuple(row.values.get(name) for name in key.referenced_columns)
            pairs = zip(key.columns, values, strict=True)
            if None not in values and all(str(fixed[mine]) == value for mine, value in pairs if mine in fixed):
                return values
        return None

    def _batch(
        self, table: Table, rows: Sequence[tuple[Want, Mapping[str, Value | Default]]]
    ) -> tuple[int, psycopg.Error | None]:
        """Insert rows in one message until one is refused: how many were taken, and what was said."""
        if not rows:
            return 0, None
        statements = []
        for want, row in rows:
            text = insert(table, (row,), returning=[column.name for column in table.columns])
            statements += [self._asking(want), "SAVEPOINT mv_row", text, "RELEASE SAVEPOINT mv_row"]
        batch = Batch(self.connection, [each.encode() for each in statements])
        for place, (want, _) in enumerate(rows):
            try:
                batch.result()
                batch.result()
                result = batch.result()
                batch.result()
            except psycopg.Error as error:
                if error.sqlstate is None or self.connection.closed:
                    raise
                self.connection.execute("ROLLBACK TO SAVEPOINT mv_row; RELEASE SAVEPOINT mv_row", prepare=False)
                self.said[table.qualified_name] = _message(error)
                return place, error
            if result.ntuples:
                stored = [result.get_value(0, number) for number in range(result.nfields)]
                self._took(table, want, [None if each is None else each.decode() for each in stored])
            else:
                self.said[table.qualified_name] = "a trigger or a rule dropped the row without a word"
        batch.finish()
        return len(rows), None

    def _again(self, table: Table, want: Want) -> None:
        for attempt in range(1, ATTEMPTS):
            row = self._row(table, want, attempt)
            if row is None:
                continue
            error = self._batch(table, [(want, row)])[1]
            if error is None or isinstance(error, psycopg.errors.QueryCanceled):
                return

    def _took(self, table: Table, want: Want, stored: Sequence[str | None]) -> None:
        values = dict(zip((column.name for column in table.columns), stored, strict=True))
        people = self.tenancy.people
        if want.part is not None and people is not None:
            sub = values[people.key[0]] or ""
            email = values.get("email") or email_of(want.part, want.place)
            self.wanting.actors.append(
                Actor(sub, want.part.label, want.universe, want.part.role, want.part.elsewhere, email)
            )
            self.wanting.part_of[sub] = want.part
        name = table.qualified_name
        self.adopting.know(table, values)
        mentioned = self.adopting.people_of(table, values, self.wanting.actors)
        self.rows.setdefault(name, []).append(
            SeededRow(name, identity(table, values), want.universe, values, mentioned)
        )

    # Afterwards.

    def _close(self) -> None:
        """Give the keys of tables that refer to each other in a circle their values."""
        for table in self.order.tables:
            for key in table.foreign_keys:
                if key.name not in self.order.unbound(table):
                    continue
                for row in self.rows.get(table.qualified_name, ()):
                    want = Want(row.universe, tuple(each for each in self.wanting.actors if each.sub in row.people))
                    settled: dict[str, Value] = {
                        name: row.values[name] for name in key.columns if row.values[name] is not None
                    }
                    parent = self._parent(key, want, settled, 0)
                    if parent is not None and row.key and not settled.keys() >= set(key.columns):
                        new = dict(zip(key.columns, parent, strict=True))
                        self._try(
                            f"UPDATE {sql_name(table)} SET {_list(new, ', ')} WHERE {_list(row.key, ' AND ')}", table
                        )

    def _tell_claims(self) -> None:
        """Write the claims of people where the service keeps them."""
        table = self.catalog.table(USERS)
        if self.tenancy.claim is None or table is None or table.column("raw_app_meta_data") is None:
            return
        for actor in self.wanting.actors:
            claims = claims_of(self.tenancy, self.wanting.keys, actor.universe).get("app_metadata")
            if claims:
                meta = literal(json.dumps({"provider": "email", "providers": ["email"], **claims}))
                self._try(
                    f"UPDATE {sql_name(table)} SET raw_app_meta_data = {meta} WHERE id = {literal(actor.sub)}", table
                )

    def _try(self, statement: str, table: Table) -> None:
        try:
            with self.connection.transaction():
                self.connection.execute(statement.encode())
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            self.said[table.qualified_name] = _message(error)

    def _asking(self, want: Want) -> str:
        """Who inserts, for triggers and defaults that ask: the first person of the row."""
        actor = want.people[0] if want.people else None
        claims = claims_of(self.tenancy, self.wanting.keys, want.universe)
        token = {**claims, "sub": actor.sub, "role": "authenticated", "email": actor.email} if actor else claims
        settings = {"request.jwt.claims": json.dumps(token) if token else ""}
        if self.tenancy.setting is not None:
            settings[self.tenancy.setting] = self.wanting.keys.get(want.universe, "")
        if self.tenancy.person_setting is not None:
            settings[self.tenancy.person_setting] = actor.sub if actor else ""
        each = (f"set_config({literal(name)}, {literal(value)}, true)" for name, value in settings.items())
        return f"SELECT {', '.join(each)}"

    def _context(self, want: Want | None) -> None:
        """Forget who inserts."""
        self.connection.execute(self._asking(want or Want(SHARED)).encode())


def _list(values: Mapping[str, Value], between: str) -> str:
    return between.join(f"{quote(name)} = {literal(value)}" for name, value in values.items())


def _message(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
