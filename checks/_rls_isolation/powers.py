"""What is tried to get more power: a higher role for oneself or for a stranger, and a place among staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate_validate.catalog.model import Column
from migrate_validate.syntax import quote

from .columns import other_values, privileged
from .ground import Placed, literal
from .tries import Try
from .universes import BOTH, A, B
from .wording import Wording


def promotions(on: Wording) -> Iterator[Try]:
    """A higher word in a column of one's own row, or of one's own tenant."""
    ground = on.ground
    rows = on.own if on.name == ground.tenancy.root else _mine(on)
    roles = {each.table: each for each in ground.tenancy.memberships}
    for row in rows[:1]:
        for column in on.table.columns:
            if not on.may.allows("UPDATE", column.name) or column.name in (*on.key, *on.owner):
                continue
            membership = roles.get(on.name)
            is_role = membership is not None and membership.role_column == column.name
            if not is_role and not privileged(column):
                continue
            present = row.values[column.name]
            words = membership.roles if is_role and membership else ()
            words = words or _referred(on, column) or other_values(ground.catalog.whole, on.table, column, present)
            for word in words:
                value = f"{{{word}}}" if is_role and column.type.endswith("[]") else word
                if value != present:
                    text = f"UPDATE {on.sql} SET {quote(column.name)} = {literal(value)} WHERE {on.where(row)}"
                    kind = "promote" if is_role else "grant"
                    made = on.tried(kind, "UPDATE", text, row)
                    yield replace(made, object=column.name, role=word)


def _referred(on: Wording, column: Column) -> tuple[str, ...]:
    """What a column may refer to: no other value is taken."""
    key = next((key for key in on.table.foreign_keys if key.columns == (column.name,)), None)
    rows = on.ground.rows.get(key.references or "", ()) if key else ()
    found = (row.values.get(key.referenced_columns[0]) for row in rows) if key else ()
    return tuple(dict.fromkeys(value for value in found if value is not None))


def _mine(on: Wording) -> list[Placed]:
    """The rows that are about the identity itself: its membership, its profile, what hangs on the person."""
    sub, tenancy = on.identity.sub, on.ground.tenancy
    if sub is None:
        return []
    columns = [column for each in tenancy.memberships if each.table == on.name for column in each.person_columns]
    columns += tenancy.people.columns_of(on.name) if tenancy.people else ()
    keys = [set(index.keys) for index in on.table.indexes if index.unique and index.predicate is None]
    if (on.name in tenancy.personal or tenancy.kind == "person") and set(on.owner) in keys:
        columns += on.owner  # One row a person: a profile, an account.
    return [row for row in on.own if any(row.values[column] == sub for column in columns)]


def appointments(on: Wording) -> Iterator[Try]:
    """Somebody else, who belongs nowhere, in one's own tenant with a higher role."""
    stranger = next((each.sub for each in on.ground.universes.actors if each.universe not in (A, B, BOTH)), None)
    for membership in on.ground.tenancy.memberships:
        if membership.table != on.name or membership.role_column is None or stranger is None:
            continue
        rows = [row for row in on.own if on.identity.sub in row.values.values()]
        for row in rows[:1]:
            for word in membership.roles:
                column = on.table.column(membership.role_column)
                value = f"{{{word}}}" if column and column.type.endswith("[]") else word
                values = {**on.fresh(row.values), membership.role_column: value}
                values |= dict.fromkeys(membership.person_columns, stranger)
                made = on.insertion("appoint", values)
                yield replace(made, object=membership.role_column, role=word)


def enlistments(on: Wording) -> Iterator[Try]:
    """Itself among those with power."""
    for each in on.ground.tenancy.staff:
        if each.table != on.name or on.identity.sub is None or on.identity.kind == "staff":
            continue
        for row in on.foreign[:1]:
            values = {**on.fresh(row.values), each.person_column: on.identity.sub}
            if each.column is not None:
                values[each.column] = each.word
            yield replace(on.insertion("enlist", values), object=each.column or each.table, role=each.word or "")
