"""Makes the objects of a ``Catalog`` out of the rows that its queries return."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from migrate_validate.catalog import model
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
    Table,
    Trigger,
    View,
)

Row = Mapping[str, Any]
T = TypeVar("T")

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


Objects = dict[str, dict[Any, Any]]
"""Objects by kind, the fields of ``Catalog``, and key: the oid, which is not in the objects themselves."""

MAKERS: Mapping[str, tuple[Callable[[Row, _Parts], Any], Callable[[Any], Any]]] = {
    "schemas": (_granted(Schema, "pg_namespace"), _name),
    "tables": (_table, _identity),
    "views": (_view, _identity),
    "sequences": (_granted(model.Sequence, "pg_class"), _identity),
    "functions": (_function, lambda function: (*_identity(function), function.arguments)),
    "enums": (_granted(Enum, "pg_type"), _identity),
    "domains": (_domain, _identity),
    "composites": (_composite, _identity),
    "ranges": (_granted(Range, "pg_type"), _identity),
    "event_triggers": (_plain(EventTrigger), _name),
    "extensions": (_plain(Extension), _name),
    "publications": (_plain(Publication), _name),
    "default_privileges": (
        _granted(DefaultPrivilege, "pg_default_acl"),
        lambda entry: (entry.role, entry.schema or "", entry.objects),
    ),
}
"""For each kind what makes an object of its row, and the order in which the catalog has them."""


def assemble(answers: Mapping[str, Sequence[Row]]) -> Objects:
    """Make the objects that the answers tell of.

    :param answers: the rows of each kind, of all objects or of some
    """
    rows = {kind: [_frozen(row) for row in answer] for kind, answer in answers.items()}
    parts = _Parts(
        columns=_gather(rows["columns"], _by_parent, lambda row: Column(**_fields(row))),
        constraints=_gather(rows["constraints"], _by_catalog, lambda row: Constraint(**_fields(row)), _name),
        indexes=_gather(rows["indexes"], _by_parent, _index, _identity),
        policies=_gather(rows["policies"], _by_parent, lambda row: Policy(**_fields(row)), _name),
        triggers=_gather(rows["triggers"], _by_parent, lambda row: Trigger(**_fields(row)), _name),
        rules=_gather(rows["rules"], _by_parent, lambda row: Rule(**_fields(row)), _name),
        grants=_gather(rows["grants"], _by_catalog, lambda row: Grant(**_fields(row)), _grant_identity),
    )
    objects = {kind: {row["oid"]: make(row, parts) for row in rows.get(kind, ())} for kind, (make, _) in MAKERS.items()}
    others = [(row, _other(row, parts)) for kind in rows if kind.startswith("other_") for row in rows[kind]]
    objects["others"] = {(row["catalog"], row["oid"] or other.label): other for row, other in others}
    return objects


def catalog_of(server_version: int, objects: Objects) -> Catalog:
    """The catalog that has these objects."""
    orders = {kind: order for kind, (_, order) in MAKERS.items()} | {"others": lambda other: (other.kind, other.name)}
    return Catalog(
        server_version, **{kind: tuple(sorted(objects[kind].values(), key=order)) for kind, order in orders.items()}
    )


def _frozen(row: Row) -> Row:
    """The row with tuples in place of lists, sorted where the order means nothing."""
    return {name: _frozen_value(name, value) for name, value in row.items()}


def _frozen_value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(sorted(value) if name in SORTED_LISTS else value)
    return () if value is None and name in LISTS else value
