"""What an immutable picture of a schema holds about relations: tables, views, sequences and their parts."""

from __future__ import annotations

from dataclasses import dataclass


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
    local: bool = True
    """Defined here, too, where it is inherited: it stays when the parent's goes."""
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
    local: bool = True
    """Defined here, too, where it is inherited: it stays when the parent's goes."""
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
    tablespace: str | None = None
    """None: the database's own."""
    statistics_targets: tuple[str, ...] = ()
    """Of its expressions, ``2=500`` for the second column."""
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
class Rule:
    """A rewrite rule, other than the one that makes a view."""

    name: str
    definition: str
    """As pg_get_ruledef() prints it."""
    enabled: str = "origin"
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
    rules: tuple[Rule, ...] = ()
    row_security: bool = False
    force_row_security: bool = False
    partition_of: str | None = None
    """The partitioned table that it belongs to, ``schema.name``."""
    partition_bound: str | None = None
    partition_key: str | None = None
    detach_pending: bool = False
    """DETACH PARTITION ... CONCURRENTLY was begun and not finished."""
    inherits: tuple[str, ...] = ()
    """Parents by plain inheritance, ``schema.name`` each, in their order."""
    of_type: str | None = None
    """The composite type of a typed table."""
    persistence: str = "permanent"
    """``permanent`` or ``unlogged``; temporary tables are not read."""
    access_method: str | None = None
    tablespace: str | None = None
    replica_identity: str = "default"
    foreign_key_triggers: tuple[str, ...] = ()
    """Constraints whose internal triggers on this table do not fire as usual, ``member_organization: disabled``."""
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
    rules: tuple[Rule, ...] = ()
    """Its own rules, ``_RETURN`` not among them."""
    options: tuple[str, ...] = ()
    """``security_invoker=true``, ``security_barrier=true``, ``check_option=local``, ..."""
    populated: bool = True
    access_method: str | None = None
    """A materialized view's."""
    tablespace: str | None = None
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
