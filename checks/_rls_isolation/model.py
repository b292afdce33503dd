"""What a tenant is: found in the catalog and in the policies, or declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hop:
    """How rows of one table refer to rows of another."""

    table: str
    """``schema.name``."""
    columns: tuple[str, ...]
    references: str
    referenced_columns: tuple[str, ...]
    declared: bool = True
    """By a foreign key; otherwise only policies compare the two."""


@dataclass(frozen=True, slots=True)
class Person:
    """The table of those who ask."""

    table: str
    """``schema.name``: ``auth.users`` on Supabase."""
    key: tuple[str, ...]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tables with one row a person, and their columns that are the person's key: ``public.profiles``: ``id``."""

    def columns_of(self, table: str) -> tuple[str, ...]:
        """The columns of a table that are the key of a person; none where it is no table of people."""
        return self.key if table == self.table else self.also.get(table, ())


@dataclass(frozen=True, slots=True)
class Membership:
    """A table that says which people belong to which tenant."""

    table: str
    """``schema.name``."""
    person_columns: tuple[str, ...]
    tenant_columns: tuple[str, ...]
    role_column: str | None = None
    roles: tuple[str, ...] = ()
    """The words that the role may be; none where there is no such column, or where it may be anything."""
    exclusive: bool = False
    """A person belongs to one tenant at most: the table is one of people, with a column for the tenant."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A kind of people with power that no tenant gives."""

    table: str = ""
    """``schema.name`` of the table that says so; empty where a claim does."""
    person_column: str = ""
    column: str | None = None
    """The column that says it; None: it is enough to be in the table."""
    word: str | None = None
    """What stands in the column or in the claim."""
    only: bool = False
    """Nobody else is in the table."""
    claim: str = ""
    """The dotted path of a claim: ``app_metadata.role``."""

    @property
    def label(self) -> str:
        """For people: ``user_roles.role = admin``."""
        place = self.claim or ".".join(filter(None, [self.table.rpartition(".")[2], self.column]))
        return f"{place} = {self.word}" if self.word is not None else place


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Who is a tenant, who are people, and how rows belong to them."""

    kind: str
    """``membership``: a table says who belongs to whom; ``claim``: the token does; ``setting``: a setting of the
    session does; ``person``: each person is a tenant."""
    root: str | None = None
    """The table of tenants, ``schema.name``; None where tenants have no table, or are people."""
    root_key: tuple[str, ...] = ()
    people: Person | None = None
    """None where nobody is known by name: the session says only which tenant asks."""
    memberships: tuple[Membership, ...] = ()
    """Those of the root."""
    scoped: Mapping[str, tuple[Hop, ...]] = field(default_factory=dict)
    """By ``schema.name`` of each table whose rows belong to one tenant: the way to the root; the root itself has an
    empty one, and so have tables of ``tenant_columns``."""
    tenant_columns: Mapping[str, str] = field(default_factory=dict)
    """By table: the column that holds the tenant's key itself and refers to no table."""
    personal: Mapping[str, tuple[Hop, ...]] = field(default_factory=dict)
    """By table whose rows belong to a person, and to no tenant but by way of the person: the way to the people. With
    the kind ``person`` all tables that belong to somebody."""
    shared: frozenset[str] = frozenset()
    """Tables that belong to nobody."""
    circles: frozenset[str] = frozenset()
    """Those of the shared ones that people share with some others, whatever their tenant: conversations, for
    instance. Each universe has rows of its own."""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By table that policies look people up in to see what they share: the columns that say what it is."""
    links: tuple[Hop, ...] = ()
    """References that are no foreign keys: policies compare the columns."""
    claim: str | None = None
    """The dotted path of the tenant's key in the token: ``app_metadata.org_id``."""
    claim_many: bool = False
    """The claim is a list of keys."""
    setting: str | None = None
    """The setting that holds the tenant's key: ``app.tenant``."""
    person_setting: str | None = None
    """The setting that holds the person's key: ``app.user_id``."""
    claim_words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Claims that policies compare with constants, such as ``app_metadata.role``, and these constants."""
    staff: tuple[Staff, ...] = ()
    """People with power outside of all tenants."""
    wanted: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By table and column: constants that policies compare the column with."""
    why: tuple[str, ...] = ()
    """How all of this was found, a line each, for people."""
    public_read: frozenset[str] = frozenset()
    """Tables that everybody is meant to read: declared."""
    cross_tenant: frozenset[str] = frozenset()
    """Tables of which tenants are meant to see each other's rows: declared."""
