"""An immutable picture of a schema, as pg_catalog describes it.

Every object carries its schema and name; ``Catalog`` holds them in tuples sorted by identity, so that two pictures of
the same schema are equal and hash alike whatever the order in which the objects were made. Object identifiers (oids)
never appear: they differ between databases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from migrate_validate.catalog.relations import (
    Column,
    Constraint,
    Grant,
    Index,
    Policy,
    Rule,
    Sequence,
    Table,
    Trigger,
    View,
)

if TYPE_CHECKING:
    import psycopg

Answer = TypeVar("Answer")

__all__ = [
    "Catalog",
    "Column",
    "Composite",
    "Constraint",
    "DefaultPrivilege",
    "Domain",
    "Enum",
    "EventTrigger",
    "Extension",
    "Function",
    "Grant",
    "Index",
    "OtherObject",
    "Policy",
    "Publication",
    "Range",
    "Rule",
    "Schema",
    "Sequence",
    "Table",
    "Trigger",
    "View",
]


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
    transforms: tuple[str, ...] = ()
    """Types that are handed over by their transforms."""
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
    multirange: str
    """The name of the multirange type that comes with it."""
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
    owner: str = ""
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
    generated_columns: str = "none"
    """``none`` or ``stored``."""
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
class OtherObject:
    """An object of one of the kinds that are rare, or belong to the whole cluster: what it is, in words."""

    kind: str
    """``role``, ``cast``, ``server``, ``text search dictionary``, ``operator class``, ... (DROP's words), or what there
    is about another object: ``security label of selinux on table``, ``privileges on function``."""
    name: str
    """With its schema where it has one, and all else that is needed to tell it from others."""
    schema: str | None
    """None: in no schema."""
    owner: str | None
    """None where the kind has no owners."""
    properties: tuple[tuple[str, str | tuple[str, ...]], ...]
    """Everything else about it, sorted by name; properties without a value are left out."""
    part_of: tuple[str, ...] = ()
    """The objects without which it cannot exist, as a difference calls them: ``table public.t``."""
    grants: tuple[Grant, ...] = ()
    comment: str | None = None

    @property
    def label(self) -> str:
        """What a difference calls it: kind and name."""
        return f"{self.kind} {self.name}".strip()

    def __getitem__(self, name: str) -> str | tuple[str, ...]:
        """The value of a property.

        :raises KeyError: when it has none of this name
        """
        return dict(self.properties)[name]


@dataclass(frozen=True)
class Catalog:
    """The whole schema of one database, and the cluster's roles; no system objects, no members of extensions.

    Of those only privileges that differ from what they were made with are told, among the ``others``.
    """

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
    others: tuple[OtherObject, ...] = ()

    @classmethod
    def read(cls, connection: psycopg.Connection[tuple[object, ...]]) -> Catalog:
        """Read the catalog of the connection's database, in a fixed number of queries.

        :param connection: any role will do; definitions of objects are visible to all. An open transaction is used as
            it stands and left open; the reading is done under an empty ``search_path`` (restored afterwards), so that
            every name is printed with its schema.
        """
        from migrate_validate.catalog.reader import read_catalog

        return read_catalog(connection)

    def without_schemas(self, names: frozenset[str], tables: frozenset[str] = frozenset()) -> Catalog:
        """The same picture without these schemas and what is in them: for leaving out an environment's own.

        :param tables: ``schema.name`` of tables that are left out, too: a tool's own
        """
        from migrate_validate.catalog.reader import leave_out_schemas

        rest = leave_out_schemas(self, names)
        if tables:
            rest = replace(
                rest,
                tables=tuple(each for each in rest.tables if each.qualified_name not in tables),
                sequences=tuple(
                    each for each in rest.sequences if (each.owned_by or "").rpartition(".")[0] not in tables
                ),
            )
        rest.__dict__["_whole"] = self.whole  # No field: it has no part in what the picture shows.
        return rest

    @property
    def whole(self) -> Catalog:
        """The picture that schemas were left out of to get this one; this one where none were."""
        found: Catalog = self.__dict__.get("_whole", self)
        return found

    def derived(self, work: Callable[[Catalog], Answer]) -> Answer:
        """What this work makes of the picture: it is done once, and kept as long as the picture is.

        :param work: needs nothing but the picture; where two threads ask at once, both may do it, and get one answer
        """
        kept: dict[object, Answer] = self.__dict__.setdefault("_derived", {})
        return kept[work] if work in kept else kept.setdefault(work, work(self))

    def table(self, qualified_name: str) -> Table | None:
        """The table ``schema.name``."""
        return self.tables_by_name.get(qualified_name)

    @cached_property
    def tables_by_name(self) -> Mapping[str, Table]:
        """All tables by ``schema.name``."""
        return {table.qualified_name: table for table in self.tables}

    @cached_property
    def referenced_columns(self) -> Mapping[str, frozenset[str]]:
        """The columns that foreign keys refer to, by ``schema.name`` of their table; only tables that have any."""
        found: dict[str, set[str]] = {}
        for table in self.tables:
            for key in table.foreign_keys:
                found.setdefault(key.references or "", set()).update(key.referenced_columns)
        return {name: frozenset(columns) for name, columns in found.items()}
