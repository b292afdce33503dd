"""Reads a ``Catalog`` out of pg_catalog: one query a kind of object, all sent together.

Not read: what initdb made (but privileges on it that have changed are); TOAST and temporary schemas; members of
extensions (but changed privileges on them are), comments on both; row and array types, and what comes with a range
type; internal triggers, as long as they fire; what sequences and large objects hold; passwords; the server's
configuration; other databases. The settings, privileges and comment of the database itself are read, though CREATE
DATABASE ... TEMPLATE does not copy them.

Decided here, so that the same definitions give the same picture on every supported server version:

- ``Column.not_null`` is the truth about NOT NULL. PostgreSQL 18 keeps a constraint for each of them, older versions do
  not; such a constraint is listed only where it says more: it was named by hand, has a comment, or is NOT VALID or NO
  INHERIT. A name that ends in ``_not_null`` counts as the server's own.
- A constraint trigger is listed among the triggers, not among the constraints.
- Grants are those in force, whether stored or implied, without those that an owner has anyway; a privilege that was
  taken from an owner is listed as ``no SELECT``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from migrate_validate.catalog.model import (
    Catalog,
    Column,
    Composite,
    Constraint,
    DefaultPrivilege,
    Domain,
    Enum,
    EventTrigger,
    Extension,
    Function,
    Grant,
    Index,
    OtherObject,
    Policy,
    Publication,
    Range,
    Rule,
    Schema,
    Sequence,
    Table,
    Trigger,
    View,
)

Row = Mapping[str, Any]
T = TypeVar("T")

KINDS = (
    "schemas",
    "tables",
    "columns",
    "constraints",
    "indexes",
    "policies",
    "triggers",
    "rules",
    "views",
    "sequences",
    "functions",
    "enums",
    "domains",
    "composites",
    "ranges",
    "event_triggers",
    "extensions",
    "publications",
    "default_privileges",
    "grants",
    "other_cluster",
    "other_marks",
    "other_parameters",
    "other_remote",
    "other_texts",
    "other_types",
)
"""The queries, each the name of a file in ``queries/``."""

SORTED_LISTS = frozenset(
    (
        "foreign_key_triggers",
        "options",
        "part_of",
        "roles",
        "schemas",
        "settings",
        "statistics_targets",
        "tables",
        "tags",
    )
)
"""Columns of the answers whose values have no order of their own."""


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read the catalog of the connection's database, in a fixed number of queries.

    The reading happens in a transaction, or a savepoint of the caller's transaction, that is rolled back at the end:
    ``search_path`` is restored by it, and a failure leaves the caller's transaction usable.

    :param connection: idle (autocommit or not) or in an open transaction, which is left open.
    :raises psycopg.Error: what the server says, for instance when the caller's transaction has failed already.
    """
    version = connection.info.server_version
    with connection.transaction(force_rollback=True), connection.pipeline():
        connection.execute("SELECT set_config('search_path', '', true)")
        cursors = {kind: connection.cursor(row_factory=dict_row).execute(_query(kind, version)) for kind in KINDS}
        answers = {kind: cursor.fetchall() for kind, cursor in cursors.items()}
    return _assemble(version, {kind: [_frozen(row) for row in rows] for kind, rows in answers.items()})


def leave_out_schemas(catalog: Catalog, names: frozenset[str]) -> Catalog:
    """The same picture without the schemas of these names, what is in them, and default privileges in them.

    Objects without a schema (event triggers, extensions, publications) stay.
    """

    def kept(objects: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(thing for thing in objects if getattr(thing, "schema", None) not in names)

    return replace(
        catalog,
        schemas=tuple(schema for schema in catalog.schemas if schema.name not in names),
        tables=kept(catalog.tables),
        views=kept(catalog.views),
        sequences=kept(catalog.sequences),
        functions=kept(catalog.functions),
        enums=kept(catalog.enums),
        domains=kept(catalog.domains),
        composites=kept(catalog.composites),
        ranges=kept(catalog.ranges),
        default_privileges=kept(catalog.default_privileges),
        others=kept(catalog.others),
    )


@cache
def _query(kind: str, server_version: int) -> bytes:
    """The text of a kind's query; ``publications_14.sql`` instead of ``publications.sql`` on version 14."""
    folder = resources.files("migrate_validate.catalog") / "queries"
    older = folder / f"{kind}_{server_version // 10000}.sql"
    return (older if older.is_file() else folder / f"{kind}.sql").read_bytes()


def _frozen(row: Row) -> Row:
    """The row with tuples in place of lists, sorted where the order means nothing."""
    return {name: _frozen_value(name, value) for name, value in row.items()}


def _frozen_value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(sorted(value) if name in SORTED_LISTS else value)
    return () if value is None and name in LISTS else value


LISTS = SORTED_LISTS | {"inherits", "keys", "key_options", "include", "transforms"}
"""Columns of the answers that are lists, where null means an empty one."""


@dataclass(frozen=True)
class _Parts:
    """What belongs to other objects, by the catalog and oid of its owner."""

    columns: Mapping[int, tuple[Column, ...]]
    constraints: Mapping[tuple[str, int], tuple[Constraint, ...]]
    indexes: Mapping[int, tuple[Index, ...]]
    policies: Mapping[int, tuple[Policy, ...]]
    triggers: Mapping[int, tuple[Trigger, ...]]
    rules: Mapping[int, tuple[Rule, ...]]
    grants: Mapping[tuple[str, int], tuple[Grant, ...]]


def _assemble(version: int, answers: Mapping[str, list[Row]]) -> Catalog:
    parts = _Parts(
        columns=_gather(answers["columns"], _by_parent, lambda row: Column(**_fields(row))),
        constraints=_gather(answers["constraints"], _by_catalog, lambda row: Constraint(**_fields(row)), _name),
        indexes=_gather(answers["indexes"], _by_parent, _index, _identity),
        policies=_gather(answers["policies"], _by_parent, lambda row: Policy(**_fields(row)), _name),
        triggers=_gather(answers["triggers"], _by_parent, lambda row: Trigger(**_fields(row)), _name),
        rules=_gather(answers["rules"], _by_parent, lambda row: Rule(**_fields(row)), _name),
        grants=_gather(answers["grants"], _by_catalog, lambda row: Grant(**_fields(row)), _grant_identity),
    )

    def made(kind: str, make: Callable[[Row, _Parts], T], key: Callable[[T], Any]) -> tuple[T, ...]:
        return tuple(sorted((make(row, parts) for row in answers[kind]), key=key))

    return Catalog(
        server_version=version,
        schemas=made("schemas", _granted(Schema, "pg_namespace"), _name),
        tables=made("tables", _table, _identity),
        views=made("views", _view, _identity),
        sequences=made("sequences", _granted(Sequence, "pg_class"), _identity),
        functions=made("functions", _function, lambda function: (*_identity(function), function.arguments)),
        enums=made("enums", _granted(Enum, "pg_type"), _identity),
        domains=made("domains", _domain, _identity),
        composites=made("composites", _composite, _identity),
        ranges=made("ranges", _granted(Range, "pg_type"), _identity),
        event_triggers=made("event_triggers", _plain(EventTrigger), _name),
        extensions=made("extensions", _plain(Extension), _name),
        publications=made("publications", _plain(Publication), _name),
        default_privileges=made(
            "default_privileges",
            _granted(DefaultPrivilege, "pg_default_acl"),
            lambda entry: (entry.role, entry.schema or "", entry.objects),
        ),
        others=tuple(
            sorted(
                (_other(row, parts) for kind in KINDS if kind.startswith("other_") for row in answers[kind]),
                key=lambda other: (other.kind, other.name),
            )
        ),
    )


def _fields(row: Row) -> dict[str, Any]:
    """The row without what only says where it belongs."""
    return {name: value for name, value in row.items() if name not in ("oid", "parent", "parent_catalog")}


def _gather(
    rows: Iterable[Row],
    parent: Callable[[Row], Any],
    make: Callable[[Row], T],
    key: Callable[[T], Any] | None = None,
) -> Mapping[Any, tuple[T, ...]]:
    """What ``make`` makes of the rows, by parent; sorted by ``key``, without one in the order of the rows."""
    gathered: defaultdict[Any, list[T]] = defaultdict(list)
    for row in rows:
        gathered[parent(row)].append(make(row))
    return {owner: tuple(things if key is None else sorted(things, key=key)) for owner, things in gathered.items()}


def _by_parent(row: Row) -> Any:
    return row["parent"]


def _by_catalog(row: Row) -> Any:
    return row["parent_catalog"], row["parent"]


def _name(thing: Any) -> Any:
    return thing.name


def _identity(thing: Any) -> Any:
    return thing.schema, thing.name


def _grant_identity(grant: Grant) -> Any:
    return grant.column or "", grant.grantee, grant.privilege, grant.grantor


def _plain(make: Callable[..., T]) -> Callable[[Row, _Parts], T]:
    """A maker of objects that are nothing but their row."""
    return lambda row, _parts: make(**_fields(row))


def _granted(make: Callable[..., T], catalog: str) -> Callable[[Row, _Parts], T]:
    """A maker of objects that are their row and grants."""
    return lambda row, parts: make(**_fields(row), grants=parts.grants.get((catalog, row["oid"]), ()))


def _index(row: Row) -> Index:
    """Its ``parent_index`` is the model's ``parent``; the row's ``parent`` is its table."""
    fields = _fields(row)
    parent = fields.pop("parent_index")
    return Index(**fields, parent=parent)


def _table(row: Row, parts: _Parts) -> Table:
    oid = row["oid"]
    return Table(
        **_fields(row),
        columns=parts.columns.get(oid, ()),
        constraints=parts.constraints.get(("pg_class", oid), ()),
        indexes=parts.indexes.get(oid, ()),
        policies=parts.policies.get(oid, ()),
        triggers=parts.triggers.get(oid, ()),
        rules=parts.rules.get(oid, ()),
        grants=parts.grants.get(("pg_class", oid), ()),
    )


def _view(row: Row, parts: _Parts) -> View:
    oid = row["oid"]
    return View(
        **_fields(row),
        columns=parts.columns.get(oid, ()),
        indexes=parts.indexes.get(oid, ()),
        triggers=parts.triggers.get(oid, ()),
        rules=parts.rules.get(oid, ()),
        grants=parts.grants.get(("pg_class", oid), ()),
    )


def _function(row: Row, parts: _Parts) -> Function:
    """Its grants are left empty where they are what every new function has."""
    grants = parts.grants.get(("pg_proc", row["oid"]), ())
    default = grants == default_function_grants(row["owner"])
    return Function(**_fields(row), grants=() if default else grants, default_grants=default)


def default_function_grants(owner: str) -> tuple[Grant, ...]:
    """What is granted on a function where nothing was granted or revoked."""
    return (Grant("PUBLIC", "EXECUTE", grantable=False, grantor=owner),)


def _domain(row: Row, parts: _Parts) -> Domain:
    place = ("pg_type", row["oid"])
    return Domain(**_fields(row), constraints=parts.constraints.get(place, ()), grants=parts.grants.get(place, ()))


def _composite(row: Row, parts: _Parts) -> Composite:
    oid = row["oid"]
    return Composite(
        **_fields(row), attributes=parts.columns.get(oid, ()), grants=parts.grants.get(("pg_type", oid), ())
    )


def _other(row: Row, parts: _Parts) -> OtherObject:
    """Its properties come as a JSON object; those without a value are left out."""
    fields = _fields(row)
    catalog = fields.pop("catalog")
    properties = {name: _in_words(value) for name, value in fields.pop("properties").items() if value not in (None, [])}
    return OtherObject(
        **fields, properties=tuple(sorted(properties.items())), grants=parts.grants.get((catalog, row["oid"]), ())
    )


def _in_words(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(sorted(value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
