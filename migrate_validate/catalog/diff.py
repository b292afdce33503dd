"""What differs between two pictures of a schema, one entry a difference.

An object that only one side has is one entry, whatever it contains. Of objects that both have, everything is compared
down to single columns, constraints and grants. What one change makes the server derive is not counted twice: the parts
of a definition that is compared as a whole, the index behind a constraint, the sequence behind an identity column, a
view's columns where its query differs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from migrate_validate.catalog.assembly import default_function_grants
from migrate_validate.catalog.model import (
    Catalog,
    Column,
    Constraint,
    DefaultPrivilege,
    Function,
    Grant,
    Index,
    OtherObject,
    Sequence,
    Table,
    Trigger,
    View,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between what is wanted and what is there."""

    kind: Literal["missing", "extra", "changed"]
    """``missing``: wanted and not there; ``extra``: there and not wanted; ``changed``: both, but not alike."""
    object: str
    """``table public.t``, ``table public.t column c``, ``function public.f(integer)``, ..."""
    what: str = ""
    """Of a changed object: the property and its two values, ``default: have 1, want 2``."""

    def __str__(self) -> str:
        return f"{self.object}: {self.what or self.kind}"


@dataclass(frozen=True, slots=True)
class CatalogDiff:
    """All differences, in the order of the catalog's kinds and names; false when there are none."""

    differences: tuple[Difference, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __str__(self) -> str:
        """One line a difference; of texts with several lines the lines that differ follow, indented."""
        return "\n".join(map(str, self.differences))

    def lines(self, limit: int = 10) -> tuple[str, ...]:
        """The differences as text, with ``and 12 more`` at the end where there are more than the limit.

        :param limit: how many differences are shown; one may take several lines
        """
        shown = tuple(map(str, self.differences[:limit]))
        rest = len(self.differences) - len(shown)
        return (*shown, f"and {rest} more") if rest else shown

    def about(self, objects: Collection[str]) -> CatalogDiff:
        """Only the differences of these objects, of their parts and of what is named after them.

        :param objects: as differences call them, with the kind or without: ``table public.t``, ``public.t``,
            ``table public.t column c``, ``role reader``
        """
        return CatalogDiff(
            tuple(
                difference
                for difference in self.differences
                if any(f" {name} " in f" {difference.object} " for name in objects)
            )
        )

    def without(self, objects: Collection[str]) -> CatalogDiff:
        """The differences that :meth:`about` leaves out."""
        left_out = self.about(objects).differences
        return CatalogDiff(tuple(difference for difference in self.differences if difference not in left_out))

    @property
    def missing(self) -> tuple[Difference, ...]:
        """What is wanted and not there."""
        return tuple(difference for difference in self.differences if difference.kind == "missing")

    @property
    def extra(self) -> tuple[Difference, ...]:
        """What is there and not wanted."""
        return tuple(difference for difference in self.differences if difference.kind == "extra")

    @property
    def changed(self) -> tuple[Difference, ...]:
        """What is on both sides, but not alike."""
        return tuple(difference for difference in self.differences if difference.kind == "changed")


def compare(want: Catalog, have: Catalog) -> CatalogDiff:
    """Compare two pictures; the version of the servers that they come from plays no part."""
    differences = tuple(_differences(want, have))
    containers = {**_containers(have), **_containers(want)}
    known = {(difference.kind, difference.object) for difference in differences}
    return CatalogDiff(
        tuple(
            difference
            for difference in differences
            if difference.kind == "changed"
            or not any((difference.kind, whole) in known for whole in containers.get(difference.object, ()))
        )
    )


def _containers(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """What cannot exist without other objects, and what these are called: its coming and going follows from theirs."""
    owned = {
        f"sequence {_qualified(sequence)}": (f"table {sequence.owned_by.rpartition('.')[0]}",)
        for sequence in catalog.sequences
        if sequence.owned_by
    }
    return owned | {other.label: other.part_of for other in catalog.others}


CATALOG_PARTS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("schemas", lambda schema: f"schema {schema.name}"),
    ("extensions", lambda extension: f"extension {extension.name}"),
    ("tables", lambda table: f"table {_qualified(table)}"),
    ("views", lambda view: f"view {_qualified(view)}"),
    ("sequences", lambda sequence: f"sequence {_qualified(sequence)}"),
    ("functions", lambda function: f"function {function.qualified_name}"),
    ("enums", lambda enum: f"enum {_qualified(enum)}"),
    ("domains", lambda domain: f"domain {_qualified(domain)}"),
    ("composites", lambda composite: f"composite type {_qualified(composite)}"),
    ("ranges", lambda range_: f"range type {_qualified(range_)}"),
    ("event_triggers", lambda trigger: f"event trigger {trigger.name}"),
    ("publications", lambda publication: f"publication {publication.name}"),
    ("default_privileges", lambda entry: _default_privilege_label(entry)),
    ("others", lambda other: other.label),
)
"""The catalog's tuples in the order of the report, and how an object in each is called."""

OBJECT_PARTS: dict[str, Callable[[Any], str]] = {
    "columns": lambda column: f"column {column.name}",
    "attributes": lambda attribute: f"attribute {attribute.name}",
    "constraints": lambda constraint: f"constraint {constraint.name}",
    "indexes": lambda index: f"index {index.name}",
    "policies": lambda policy: f"policy {policy.name}",
    "triggers": lambda trigger: f"trigger {trigger.name}",
    "rules": lambda rule: f"rule {rule.name}",
    "grants": lambda grant: _grant_label(grant),
}
"""The fields of an object that hold objects themselves, and how one of them is called."""

DERIVED: dict[type, frozenset[str]] = {
    Index: frozenset(field.name for field in fields(Index))
    - {
        "definition",
        "valid",
        "clustered",
        "replica_identity",
        "constraint",
        "parent",
        "tablespace",
        "statistics_targets",
        "comment",
    },
    Constraint: frozenset(field.name for field in fields(Constraint)) - {"definition", "inherited", "local", "comment"},
    Trigger: frozenset({"function"}),
    Function: frozenset({"default_grants"}),
    OtherObject: frozenset({"part_of"}),
}
"""Fields that say in parts what another field, the definition for most, says as a whole."""


def _differences(want: Catalog, have: Catalog) -> Iterator[Difference]:
    identities = _identity_columns(want) & _identity_columns(have)
    for part, label in CATALOG_PARTS:
        wanted, present = getattr(want, part), getattr(have, part)
        if part == "sequences":
            wanted, present = _standing_alone(wanted, identities), _standing_alone(present, identities)
        yield from _compare_all(wanted, present, label)


def _identity_columns(catalog: Catalog) -> frozenset[str]:
    return frozenset(
        f"{table.qualified_name}.{column.name}"
        for table in catalog.tables
        for column in table.columns
        if column.identity
    )


def _standing_alone(sequences: Iterable[Sequence], identities: frozenset[str]) -> tuple[Sequence, ...]:
    """Without those behind identity columns that one side lacks: the column's own difference says it."""
    return tuple(sequence for sequence in sequences if not sequence.identity or sequence.owned_by in identities)


def _compare_all(want: Iterable[Any], have: Iterable[Any], label: Callable[[Any], str]) -> Iterator[Difference]:
    """The differences of two collections of objects, paired by what they are called."""
    wanted = {label(thing): thing for thing in want}
    present = {label(thing): thing for thing in have}
    for name in sorted(wanted.keys() | present.keys()):
        if name not in present:
            yield Difference("missing", name)
        elif name not in wanted:
            yield Difference("extra", name)
        elif wanted[name] != present[name]:
            yield from _compare_two(name, wanted[name], present[name])


def _compare_two(name: str, want: Any, have: Any) -> Iterator[Difference]:
    """The differences of two objects of one name: properties first, then the objects in them."""
    derived = DERIVED.get(type(want), frozenset())
    for field in fields(want):
        if field.name in derived or field.name in OBJECT_PARTS or _follows(field.name, want, have):
            continue
        for what, wanted, present in _values(field.name, want, have):
            if wanted != present:
                yield Difference("changed", name, _change(what, wanted, present))
    for part, label in OBJECT_PARTS.items():
        if hasattr(want, part) and part not in derived:
            wanted, present = _comparable_parts(part, want, have), _comparable_parts(part, have, want)
            if part in ("columns", "attributes"):
                yield from _compare_order(name, wanted, present)
            for difference in _compare_all(wanted, present, label):
                yield replace(difference, object=f"{name} {difference.object}")


def _values(field: str, want: Any, have: Any) -> Iterator[tuple[str, Any, Any]]:
    """What is to be compared of a field: its name and both values; of an other object's properties each."""
    if field != "properties":
        yield field, getattr(want, field), getattr(have, field)
        return
    wanted, present = dict(want.properties), dict(have.properties)
    for name in sorted(wanted.keys() | present.keys()):
        yield name, wanted.get(name), present.get(name)


def _follows(property_name: str, want: Any, have: Any) -> bool:
    """Whether a property can only differ because another one of the same object does."""
    match want:
        case Table():
            return property_name == "partition_bound" and want.partition_of != have.partition_of
        case Column():
            one_has_none = None in (want.default, have.default)
            return property_name == "default" and one_has_none and want.generated != have.generated
        case Sequence():
            # A sequence that a column owns changes hands with the table.
            return property_name == "owner" and None not in (want.owned_by, have.owned_by)
        case _:
            return False


def _comparable_parts(part: str, owner: Any, other: Any) -> tuple[Any, ...]:
    """The parts of an object, without what follows from another difference to its counterpart."""
    parts: tuple[Any, ...] = getattr(owner, part)
    if part == "grants":
        return _effective_grants(owner)
    if part == "indexes" and isinstance(owner, Table):
        common = {c.name for c in owner.constraints} & {c.name for c in other.constraints}
        parts = tuple(index for index in parts if index.constraint is None or index.constraint in common)
    if isinstance(owner, Table) and _parents(owner) != _parents(other):
        return tuple(_without_parent(part) for part in parts)
    if part == "columns" and isinstance(owner, View) and owner.definition != other.definition:
        return tuple(replace(column, type="") for column in parts if column.name in {c.name for c in other.columns})
    return parts


def _parents(table: Table) -> tuple[str | None, ...]:
    return (table.partition_of, *table.inherits)


def _without_parent(part: Any) -> Any:
    """A part of a table without what becomes of it when the table gets a parent."""
    if isinstance(part, Index):
        return replace(part, parent=None)
    return replace(part, inherited=False, local=True) if isinstance(part, Column | Constraint) else part


def _effective_grants(owner: Any) -> tuple[Grant, ...]:
    """The grants in force; the grantor only where it is not the owner, with whom it changes."""
    grants: tuple[Grant, ...] = owner.grants
    if isinstance(owner, Function) and owner.default_grants:
        grants = default_function_grants(owner.owner)
    holder = owner.role if isinstance(owner, DefaultPrivilege) else owner.owner
    return tuple(replace(grant, grantor="") if grant.grantor == holder else grant for grant in grants)


def _compare_order(name: str, want: tuple[Column, ...], have: tuple[Column, ...]) -> Iterator[Difference]:
    """Columns that both sides have, in another order."""
    common = {column.name for column in want} & {column.name for column in have}
    wanted = tuple(column.name for column in want if column.name in common)
    present = tuple(column.name for column in have if column.name in common)
    if wanted != present:
        yield Difference("changed", name, _change("order of columns", wanted, present))


def _change(what: str, want: Any, have: Any) -> str:
    """``what: have A, want B``; of longer texts the lines that differ."""
    words = what.replace("_", " ")
    wanted, present = _shown(want), _shown(have)
    if "\n" not in wanted + present:
        return f"{words}: have {present}, want {wanted}"
    lines = difflib.unified_diff(
        present.splitlines() if have else [], wanted.splitlines() if want else [], n=1, lineterm=""
    )
    shown = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    return "\n".join([f"{words}: have (-), want (+)", *(f"    {line}" for line in shown)])


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _qualified(thing: Any) -> str:
    return f"{thing.schema}.{thing.name}"


def _default_privilege_label(entry: DefaultPrivilege) -> str:
    place = f" in schema {entry.schema}" if entry.schema else ""
    return f"default privileges of {entry.role} on {entry.objects}{place}"


def _grant_label(grant: Grant) -> str:
    column = f" ({grant.column})" if grant.column else ""
    grantor = f" by {grant.grantor}" if grant.grantor else ""
    return f"grant {grant.privilege}{column} to {grant.grantee}{grantor}"
