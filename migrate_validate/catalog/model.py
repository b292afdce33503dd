"""An immutable picture of a schema, as pg_catalog describes it.

Every object carries its schema and name; ``Catalog`` holds them in tuples sorted by identity, so that two pictures of
the same schema are equal and hash alike whatever the order in which the objects were made. Object identifiers (oids)
never appear: they differ between databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege of one role, as it is in force, whether stored or implied.

    What an owner may do anyway is left out; a privilege that was taken from an owner stands as ``no SELECT``.
    """

    grantee: str
    """A role's name, or ``PUBLIC``."""
    privilege: str
    """``SELECT``, ``INSERT``, ``EXECUTE``, ``USAGE``, ..."""
    grantable: bool
    grantor: str
    column: str | None = None
    """Where the privilege is on one column only."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, view or composite type."""

    name: str
    type: str
    """As format_type() prints it, with modifiers: ``numeric(5,2)``, ``character varying(255)``, ``text[]``."""
    not_null: bool = False
    default: str | None = None
    """The expression of a default or of a generated column."""
    identity: str = ""
    """``always``, ``by default`` or empty."""
    generated: str = ""
    """``stored``, ``virtual`` or empty."""
    collation: str | None = None
    """Where it differs from the type's own."""
    storage: str | None = None
    """``plain``, ``external``, ``extended``, ``main``, where it differs from the type's own."""
    compression: str | None = None
    statistics: int | None = None
    options: tuple[str, ...] = ()
    inherited: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table or a domain."""

    name: str
    kind: str
    """``primary key``, ``unique``, ``foreign key``, ``check``, ``exclusion``, ``not null`` or ``trigger``."""
    definition: str
    """As pg_get_constraintdef() prints it."""
    columns: tuple[str, ...] = ()
    references: str | None = None
    """A foreign key's referenced table, ``schema.name``."""
    referenced_columns: tuple[str, ...] = ()
    match: str = ""
    """A foreign key's ``simple``, ``full`` or ``partial``."""
    on_delete: str = ""
    """``no action``, ``restrict``, ``cascade``, ``set null`` or ``set default``."""
    on_update: str = ""
    validated: bool = True
    enforced: bool = True
    deferrable: bool = False
    deferred: bool = False
    inherited: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index; those behind constraints too."""

    schema: str
    name: str
    table: str
    """``schema.name`` of its table or materialized view."""
    definition: str
    """As pg_get_indexdef() prints it."""
    method: str
    keys: tuple[str, ...]
    """Its key columns in order; an expression stands as SQL, in parentheses."""
    key_options: tuple[str, ...] = ()
    """For each key its operator class, collation and order, as far as they are not the defaults; else empty."""
    include: tuple[str, ...] = ()
    predicate: str | None = None
    unique: bool = False
    nulls_not_distinct: bool = False
    valid: bool = True
    primary: bool = False
    constraint: str | None = None
    """The constraint that it stands behind."""
    parent: str | None = None
    """The partitioned index that it belongs to, ``schema.name``."""
    clustered: bool = False
    replica_identity: bool = False
    options: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A row level security policy."""

    name: str
    command: str
    """``ALL``, ``SELECT``, ``INSERT``, ``UPDATE`` or ``DELETE``."""
    permissive: bool
    roles: tuple[str, ...]
    """``("public",)`` for PUBLIC."""
    using: str | None
    check: str | None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that is not internal."""

    name: str
    definition: str
    function: str
    """``schema.name`` of the function that it calls."""
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary, partitioned or foreign table."""

    schema: str
    name: str
    kind: str
    """``table``, ``partitioned table`` or ``foreign table``."""
    owner: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    policies: tuple[Policy, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    rules: tuple[str, ...] = ()
    row_security: bool = False
    force_row_security: bool = False
    partition_of: str | None = None
    """The partitioned table that it belongs to, ``schema.name``."""
    partition_bound: str | None = None
    partition_key: str | None = None
    inherits: tuple[str, ...] = ()
    """Parents by plain inheritance, ``schema.name`` each."""
    persistence: str = "permanent"
    """``permanent`` or ``unlogged``; temporary tables are not read."""
    access_method: str | None = None
    tablespace: str | None = None
    replica_identity: str = "default"
    server: str | None = None
    """A foreign table's server."""
    options: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    comment: str | None = None

    @property
    def qualified_name(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def primary_key(self) -> Constraint | None:
        """Its primary key, if it has one."""
        return next((c for c in self.constraints if c.kind == "primary key"), None)

    @property
    def foreign_keys(self) -> tuple[Constraint, ...]:
        """Its foreign keys."""
        return tuple(c for c in self.constraints if c.kind == "foreign key")

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class View:
    """A view or materialized view."""

    schema: str
    name: str
    kind: str
    """``view`` or ``materialized view``."""
    owner: str
    definition: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    rules: tuple[str, ...] = ()
    """Its own rules, ``_RETURN`` not among them."""
    options: tuple[str, ...] = ()
    """``security_invoker=true``, ``security_barrier=true``, ``check_option=local``, ..."""
    populated: bool = True
    grants: tuple[Grant, ...] = ()
    comment: str | None = None

    @property
    def qualified_name(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; its present value is data, not schema."""

    schema: str
    name: str
    owner: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    owned_by: str | None = None
    """``schema.table.column``."""
    identity: bool = False
    persistence: str = "permanent"
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure, aggregate or window function."""

    schema: str
    name: str
    arguments: str
    """Its identity: the input types, ``integer, text``."""
    kind: str
    """``function``, ``procedure``, ``aggregate`` or ``window function``."""
    signature: str
    """Arguments with names, modes and defaults."""
    returns: str
    language: str
    body: str
    """Its source: prosrc, or the SQL body of BEGIN ATOMIC; for an aggregate its parts."""
    security_definer: bool
    volatility: str
    """``immutable``, ``stable`` or ``volatile``."""
    strict: bool
    leakproof: bool
    parallel: str
    cost: float
    rows: float
    settings: tuple[str, ...]
    """``search_path=public``, ..."""
    owner: str
    support: str | None = None
    grants: tuple[Grant, ...] = ()
    """An empty tuple where nothing was granted or revoked and ``default_grants`` is true."""
    default_grants: bool = True
    """Its privileges are those of every new function: PUBLIC may execute."""
    comment: str | None = None

    @property
    def qualified_name(self) -> str:
        """``schema.name(arguments)``."""
        return f"{self.schema}.{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumerated type; its labels in their order."""

    schema: str
    name: str
    labels: tuple[str, ...]
    owner: str
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain over another type."""

    schema: str
    name: str
    base_type: str
    not_null: bool
    default: str | None
    constraints: tuple[Constraint, ...]
    collation: str | None
    owner: str
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite type made by CREATE TYPE."""

    schema: str
    name: str
    attributes: tuple[Column, ...]
    owner: str
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A range type."""

    schema: str
    name: str
    subtype: str
    collation: str | None
    operator_class: str | None
    canonical: str | None
    difference: str | None
    owner: str
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema."""

    name: str
    owner: str
    grants: tuple[Grant, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """An event trigger."""

    name: str
    event: str
    function: str
    enabled: str
    tags: tuple[str, ...]
    owner: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension; its member objects are not read as objects of the schema."""

    name: str
    schema: str
    version: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication of logical replication."""

    name: str
    owner: str
    all_tables: bool
    publishes: tuple[str, ...]
    """``insert``, ``update``, ``delete``, ``truncate``."""
    via_root: bool
    tables: tuple[str, ...]
    """``schema.name``, with column list and row filter where there are any."""
    schemas: tuple[str, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class DefaultPrivilege:
    """What ALTER DEFAULT PRIVILEGES left: grants on objects to come."""

    role: str
    """Whose new objects."""
    schema: str | None
    """None: in every schema."""
    objects: str
    """``tables``, ``sequences``, ``functions``, ``types`` or ``schemas``."""
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The whole schema of one database, system schemas and members of extensions left out."""

    server_version: int
    """As server_version_num gives it: ``180006``."""
    schemas: tuple[Schema, ...] = ()
    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    functions: tuple[Function, ...] = ()
    enums: tuple[Enum, ...] = ()
    domains: tuple[Domain, ...] = ()
    composites: tuple[Composite, ...] = ()
    ranges: tuple[Range, ...] = ()
    event_triggers: tuple[EventTrigger, ...] = ()
    extensions: tuple[Extension, ...] = ()
    publications: tuple[Publication, ...] = ()
    default_privileges: tuple[DefaultPrivilege, ...] = ()

    @classmethod
    def read(cls, connection: psycopg.Connection[tuple[object, ...]]) -> Catalog:
        """Read the catalog of the connection's database, in a fixed number of queries.

        :param connection: any role will do; definitions of objects are visible to all. An open transaction is used as
            it stands and left open; the reading is done under an empty ``search_path`` (restored afterwards), so that
            every name is printed with its schema.
        """
        from migrate_validate.catalog.reader import read_catalog

        return read_catalog(connection)

    def without_schemas(self, names: frozenset[str]) -> Catalog:
        """The same picture without these schemas and what is in them: for leaving out an environment's own."""
        from migrate_validate.catalog.reader import leave_out_schemas

        return leave_out_schemas(self, names)

    def table(self, qualified_name: str) -> Table | None:
        """The table ``schema.name``."""
        return self.tables_by_name.get(qualified_name)

    @property
    def tables_by_name(self) -> Mapping[str, Table]:
        """All tables by ``schema.name``."""
        return {table.qualified_name: table for table in self.tables}
