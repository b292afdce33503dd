"""``[tool.migrate_validate]`` and ``migrate_validate.toml`` as frozen objects.

Unknown keys are refused, all at once, each with its path and the nearest valid name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from migrate_validate.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Amount:
    """A count that is expected: exact, or at least so many."""

    number: int
    at_least: bool = False

    def accepts(self, have: int) -> bool:
        """Whether ``have`` is what was expected."""
        return have >= self.number if self.at_least else have == self.number

    def __str__(self) -> str:
        """As it is written in the configuration: ``16`` or ``27+``."""
        return f"{self.number}+" if self.at_least else str(self.number)


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """``[expect.tables."schema.name"]``: columns by name; a value is a type as PostgreSQL prints it, with
    `` not null`` where it must be; an empty string asks only that the column exists.
    """

    name: str
    """``schema.name``; ``public`` where the user wrote none."""
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Amount | None = None


@dataclass(frozen=True, slots=True)
class ExpectedIndex:
    """``[expect.indexes]``: ``"schema.name"``; a value is its definition's part from the table's name on, or empty."""

    name: str
    definition: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedPolicy:
    """``[expect.policies]``: ``"schema.table" = ["policy name", ...]``."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Counter:
    """``[[expect.counters]]``: a stored count and the rows that it counts."""

    column: str
    """``schema.table.column`` (or ``table.column``)."""
    counts: str
    """The counted table, ``schema.name``."""
    by: str
    """The column of the counted table that refers to the counter's table."""
    where: str = "true"
    """Which rows count."""
    key: str = "id"
    """The column of the counter's table that ``by`` refers to."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """``[[expect.backfills]]``: a column that must be populated for a share of the rows."""

    column: str
    at_least: float
    """A share, 0.0 to 1.0; written ``"95%"``."""
    where: str = "true"


@dataclass(frozen=True, slots=True)
class Unique:
    """``[[expect.unique]]``: columns (or expressions) that no two rows share."""

    table: str
    columns: tuple[str, ...]
    where: str = "true"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the user declares of the migrated database."""

    counts: Mapping[str, Amount] = field(default_factory=dict)
    """By kind: ``schemas tables columns views materialized_views enums domains functions triggers indexes policies
    sequences constraints foreign_keys extensions publications``. Counted outside the environment's own schemas."""
    tables: tuple[ExpectedTable, ...] = ()
    indexes: tuple[ExpectedIndex, ...] = ()
    policies: tuple[ExpectedPolicy, ...] = ()
    counters: tuple[Counter, ...] = ()
    backfills: tuple[Backfill, ...] = ()
    unique: tuple[Unique, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is declared."""
        return any((self.counts, self.tables, self.indexes, self.policies, self.counters, self.backfills, self.unique))


@dataclass(frozen=True, slots=True)
class SeedEntry:
    """One entry of ``seeds``: a path, and the version of the migration before which it is loaded."""

    path: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Assume:
    """One entry of ``assume``: what a migration takes for granted of the rows before it."""

    migration: str
    """Its version or its file."""
    that: str
    """In the language of migrate_validate.chain.assumptions; read there."""
    origin: str = ""
    """The file and the key, for what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TableData:
    """``[data."schema.table"]``: where the rows of a table come from, in place of generated ones."""

    table: str
    """``schema.name``; ``public`` where the user wrote none."""
    strategy: str | None = None
    """``module:callable``; called with the catalog and the table, it returns a strategy of rows."""
    fixture: str | None = None
    """The path of a file of SQL that fills the table: absolute."""
    origin: str = ""
    """The file and the key, for what is wrong with it."""


@dataclass(frozen=True, slots=True)
class DeclaredTenancy:
    """``[tenancy]``: what a tenant is, as far as the user says it; the rest is found in the schema.

    Tables are ``schema.name``; ``public`` where the user wrote none.
    """

    root: str | None = None
    """The table of tenants; ``""`` says that there is none, and each person is a tenant."""
    people: str | None = None
    """The table of people."""
    memberships: tuple[str, ...] | None = None
    """The tables that say who belongs to which tenant."""
    staff: tuple[str, ...] | None = None
    """The tables of people with power outside of all tenants; none of them where it is empty."""
    claim: str | None = None
    """The dotted path of the tenant's key in the token: ``app_metadata.org_id``."""
    setting: str | None = None
    """The setting of the session that holds the tenant's key: ``app.tenant``."""
    person_setting: str | None = None
    """The setting of the session that holds the person's key: ``app.user_id``."""
    public_read: tuple[str, ...] = ()
    """Tables that everybody is meant to read."""
    cross_tenant: tuple[str, ...] = ()
    """Tables of which tenants are meant to see each other's rows."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is configured for one chain."""

    migrations: tuple[str, ...] = ()
    format: str | None = None
    """None: found out from the directory."""
    environment: str | None = None
    """``plain``, ``supabase`` or the absolute path of a file of SQL; None: found out from the chain."""
    placeholders: Mapping[str, str] | Literal[False] = field(default_factory=dict)
    """Values for ``${name}`` in the files of tools that replace it; False: nothing is replaced."""
    base: tuple[str, ...] = ()
    seeds: tuple[SeedEntry, ...] = ()
    postgres: int | None = None
    """The major version that is wanted."""
    statement_timeout: float = 60.0
    """Seconds that one statement may take."""
    lock_timeout: float = 10.0
    """Seconds that one statement may wait for a lock."""
    search_timeout: float = 120.0
    """Seconds that all searches for rows that stand in the way of a migration may take together."""
    rows: int | None = None
    """How many rows a table gets under which others are measured; None: none are measured."""
    strict: bool = False
    since: str | None = None
    """The reference of Git since which migrations are new; None: all are."""
    rules: tuple[str, ...] = ()
    """Modules with the user's own rules."""
    severity: Mapping[str, str] = field(default_factory=dict)
    """By rule name: ``error``, ``warning``, ``info`` or ``off``."""
    api_roles: tuple[str, ...] | None = None
    """Roles that reach the database from outside; None: those of the environment."""
    suspected_orphans_ignore: tuple[str, ...] = ()
    """``schema.table.column`` that look like references and are none."""
    statistics: Statistics | None = None
    """Of the real database, by which findings about locks are weighed."""
    assume: tuple[Assume, ...] = ()
    """What migrations take for granted, beside what their scripts state."""
    data: tuple[TableData, ...] = ()
    """Where the rows of tables come from that are not to be generated."""
    tenancy: DeclaredTenancy = field(default_factory=DeclaredTenancy)
    """What a tenant is, as far as it is declared."""
    access_matrix: str | None = None
    """The file that says who can see and change what, and that a run is compared with: absolute."""
    expect: Expectations = field(default_factory=Expectations)
