"""The people of two universes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.data.values import Value
from migrate_validate.syntax import quote

from .choosing import token
from .model import Membership, Staff, Tenancy
from .references import References
from .staff import ORDINARY

Connection = psycopg.Connection[Any]

MOST_ROLES = 8
"""Words of a role that get a person each."""
FLAG = ("true", "false")
"""The words of a role that is a column such as ``is_admin``."""
_HIGH = re.compile(r"owner|admin|manager|lead|head", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One who is wanted."""

    label: str
    universe: str
    role: str | None = None
    """The word, or the key of a role, that the membership gets."""
    membership: Membership | None = None
    """The table that says so; None: the first of the tenancy."""
    staff: Staff | None = None
    """Of one with power outside of all tenants: which."""
    elsewhere: str | None = None
    """Of one who belongs to both and has more to say in A: the role in B."""

    def role_in(self, universe: str) -> str | None:
        """The role that the membership in a tenant gets."""
        return self.elsewhere if universe == "B" and self.elsewhere is not None else self.role


def cast(connection: Connection, catalog: Catalog, tenancy: Tenancy) -> list[Part]:
    """Who is needed: for each tenant one of each role, one who belongs to both, and one who belongs to neither."""
    if tenancy.people is None:
        return []
    parts = []
    for universe in ("A", "B"):
        seen: set[str] = set()
        for membership in tenancy.memberships:
            for role, name in _roles(connection, catalog, membership):
                label = f"{universe} {name or 'member'}"
                label = f"{label} ({membership.table.rpartition('.')[2]})" if label in seen else label
                seen.add(label)
                parts.append(Part(label, universe, role, membership))
        if not seen:
            parts.append(Part(f"{universe} first", universe))
        if len(seen) < 2:
            parts.append(Part(f"{universe} second", universe, parts[-1].role, parts[-1].membership))
    shared = next((each for each in tenancy.memberships if not each.exclusive), None)
    if shared is not None:
        parts.append(_of_both(_roles(connection, catalog, shared), shared))
    elif tenancy.claim_many:
        parts.append(Part("both", "both"))
    parts.append(Part("outside", "outside"))
    return [*parts, *(Part(each.label, "staff", staff=each) for each in tenancy.staff)]


def _of_both(roles: list[tuple[str | None, str | None]], membership: Membership) -> Part:
    """One who belongs to both: with much to say in A, and no more than others in B."""
    plain = next(((role, name) for role, name in roles if ORDINARY.match(name or role or "")), roles[-1])
    others = [each for each in roles if each != plain]
    if not others:
        return Part("both", "both", plain[0], membership)
    high = next((each for each in others if _HIGH.search(each[1] or "")), others[0])
    label = f"A {high[1] or 'member'}, B {plain[1] or 'member'}"
    return Part(label, "both", high[0], membership, elsewhere=plain[0])


def _roles(connection: Connection, catalog: Catalog, membership: Membership) -> list[tuple[str | None, str | None]]:
    """The values of the role, and what people call them."""
    if membership.role_column is None:
        return [(None, None)]
    if membership.roles == FLAG:
        return [("true", membership.role_column.removeprefix("is_")), ("false", None)]
    if membership.roles:
        return [(word, word) for word in membership.roles[:MOST_ROLES]]
    for hop in References(catalog.tables_by_name).of(membership.table):
        if hop.columns == (membership.role_column,):
            return list(_present(connection, catalog, hop.references, hop.referenced_columns[0])) or [(None, None)]
    return [(None, None)]


def _present(connection: Connection, catalog: Catalog, name: str, key: str) -> Iterator[tuple[str, str]]:
    """Roles that are rows of a table."""
    table = catalog.table(name)
    if table is None:
        return
    named = next((each.name for each in table.columns if each.name in ("name", "key", "slug", "code", "title")), key)
    query = f"SELECT {quote(key)}::text, {quote(named)}::text FROM {sql_name(table)} ORDER BY 1 LIMIT {MOST_ROLES}"
    try:
        with connection.transaction():
            yield from connection.execute(query.encode()).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise


def fixed_of_user(part: Part, number: int) -> Mapping[str, Value]:
    """What a row of auth.users has besides its key."""
    said = token(part.universe)
    email = email_of(part, number)
    names = ("name", "full_name", "user_name", "username", "first_name", "last_name", "display_name", "company")
    meta = dict.fromkeys(names, f"{said}-{number}") | {"email": email, "avatar_url": "https://example.com/a.png"}
    return {
        "instance_id": "00000000-0000-0000-0000-000000000000",
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "email_confirmed_at": "2024-01-01 00:00:00+00",
        "created_at": "2024-01-01 00:00:00+00",
        "updated_at": "2024-01-01 00:00:00+00",
        "raw_app_meta_data": json.dumps({"provider": "email", "providers": ["email"]}),
        "raw_user_meta_data": json.dumps(meta),
        "is_sso_user": False,
        "is_anonymous": False,
    }


def email_of(part: Part, number: int) -> str:
    """The address of a person."""
    return f"{token(part.universe)}-{number}@example.com"


def sql_name(table: Table) -> str:
    """The table as SQL writes it."""
    return f"{quote(table.schema)}.{quote(table.name)}"


def claims_of(tenancy: Tenancy, keys: Mapping[str, str], universe: str) -> dict[str, Any]:
    """The claims of the token that say which tenant asks; none where the token does not say it.

    :param keys: by universe the tenant's key
    :param universe: whose person it is; one who belongs to both gets both keys where the claim is a list, else the
        first
    """
    own = [keys[each] for each in (("A", "B") if universe == "both" else (universe,)) if each in keys]
    if tenancy.claim is None or not own:
        return {}
    value: Any = own if tenancy.claim_many else own[0]
    for step in reversed(tenancy.claim.split(".")):
        value = {step: value}
    return dict(value)
