"""How two definitions of one object differ, in words, and the SQL that makes the one the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast

from migrate_validate import syntax
from migrate_validate.catalog.model import (
    Column,
    Composite,
    Constraint,
    Domain,
    Enum,
    Function,
    Index,
    Policy,
    Range,
    Sequence,
    Table,
    Trigger,
    View,
)
from migrate_validate.syntax import quote

from .._shared import quoted

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One point in which what is there is not what a statement wants."""

    kind: Literal["missing", "changed", "extra"]
    """As in ``CatalogDiff``: ``extra`` is there and not wanted."""
    text: str
    """``max_users: have DEFAULT 40, want DEFAULT 100``."""
    repair: str = ""
    """The SQL that changes what is there; empty where nothing short does."""


def disagreements(want: Any, have: Any) -> tuple[Disagreement, ...]:
    """What a statement would have made against what is there, both of one kind and under one name."""
    compare = _COMPARISONS.get(type(want))
    if type(want) is not type(have) or compare is None:
        return (Disagreement("changed", f"have {_kind(have)}, want {_kind(want)}"),)
    return tuple(compare(want, have))


def _kind(thing: Any) -> str:
    words = getattr(thing, "kind", type(thing).__name__.lower())
    return f"a {words}" if words[0] not in "aeiou" else f"an {words}"


def renamed(thing: Thing, old: str, new: str) -> Thing:
    """The same thing with another text for each occurrence of one, in all its parts."""
    same: Any = thing
    if isinstance(thing, str):
        same = thing.replace(old, new)
    elif isinstance(thing, tuple):
        same = tuple(renamed(each, old, new) for each in thing)
    elif is_dataclass(thing) and not isinstance(thing, type):
        same = replace(thing, **{field.name: renamed(getattr(thing, field.name), old, new) for field in fields(thing)})
    return cast("Thing", same)


def _tables(want: Table, have: Table) -> Iterator[Disagreement]:
    for what in ("kind", "persistence", "partition_key", "partition_of", "partition_bound", "inherits", "of_type"):
        yield from _property(what.replace("_", " "), getattr(want, what), getattr(have, what))
    if want.kind == "foreign table":
        yield from _properties("server", "options")(want, have)
    alter = f"ALTER TABLE {quoted(have.qualified_name)}"
    columns = {column.name: column for column in have.columns}
    for column in want.columns:
        yield from column_disagreements(column, columns.get(column.name), alter)
    yield from constraint_disagreements(want.constraints, have.constraints, alter)
    wanted = {column.name for column in want.columns}
    for column in have.columns:
        if column.name not in wanted:
            yield Disagreement("extra", f"{column.name}: have {_column_words(column)}, want none")
    yield from extra_constraints(want.constraints, have.constraints, wanted)


def column_disagreements(want: Column, have: Column | None, alter: str) -> Iterator[Disagreement]:
    """A wanted column against the one that is there.

    :param alter: the beginning of the repair, ``ALTER TABLE public.t``
    """
    name = quote(want.name)
    if have is None:
        yield Disagreement("missing", f"{want.name}: missing", f"{alter} ADD COLUMN {name} {_column_words(want)};")
        return
    properties = [
        (_type(want), _type(have), f"{alter} ALTER COLUMN {name} TYPE {_type(want)};"),
        (_default(want), _default(have), _default_repair(want, have, f"{alter} ALTER COLUMN {name}")),
        (
            "NOT NULL" if want.not_null else "NULL",
            "NOT NULL" if have.not_null else "NULL",
            f"{alter} ALTER COLUMN {name} {'SET' if want.not_null else 'DROP'} NOT NULL;",
        ),
    ]
    differing = [each for each in properties if each[0] != each[1]]
    if differing:
        wanted, present = (" ".join(each[side] for each in differing) for side in (0, 1))
        repairs = [each[2] for each in differing if each[2]]
        yield Disagreement("changed", f"{want.name}: have {present}, want {wanted}", "\n".join(repairs))


def _type(column: Column) -> str:
    return column.type + (f" COLLATE {column.collation}" if column.collation else "")


def _default(column: Column) -> str:
    if column.identity:
        return f"GENERATED {column.identity.upper()} AS IDENTITY"
    if column.generated:
        return f"GENERATED ALWAYS AS ({column.default}) {column.generated.upper()}"
    return f"DEFAULT {column.default}" if column.default is not None else "no DEFAULT"


def _default_repair(want: Column, have: Column, alter: str) -> str:
    if want.identity or want.generated or have.identity or have.generated:
        return ""
    return f"{alter} SET {_default(want)};" if want.default is not None else f"{alter} DROP DEFAULT;"


def _column_words(column: Column) -> str:
    default = _default(column)
    parts = [_type(column), *([] if default == "no DEFAULT" else [default]), *(["NOT NULL"] if column.not_null else [])]
    return " ".join(parts)


def constraint_disagreements(
    want: Iterable[Constraint], have: Iterable[Constraint], alter: str
) -> Iterator[Disagreement]:
    """Wanted constraints against those that are there; a constraint of another name that says the same serves."""
    have = tuple(have)
    for wanted in _without_equals(want, have):
        add = f"ADD CONSTRAINT {quote(wanted.name)} {wanted.definition}"
        present = _counterpart(wanted, have)
        if present is None:
            label = f"{_label(wanted)}: {_words(wanted)} missing"
            yield Disagreement("missing", label, f"{alter} {add};")
        else:
            text = _list_words(wanted, present) or f"have {_words(present)}, want {_words(wanted)}"
            drop = f"DROP CONSTRAINT {quote(present.name)}"
            # ALTER DOMAIN takes one action at a time.
            between = ", " if alter.startswith("ALTER TABLE") else f";\n{alter} "
            yield Disagreement("changed", f"{_label(wanted)}: {text}", f"{alter} {drop}{between}{add};")


def extra_constraints(
    want: Iterable[Constraint], have: Iterable[Constraint], columns: set[str]
) -> Iterator[Disagreement]:
    """Constraints on these columns alone that are there and not wanted."""
    want = tuple(want)
    for constraint in _without_equals(have, want):
        if constraint.columns and columns.issuperset(constraint.columns) and not _counterpart(constraint, want):
            yield Disagreement("extra", f"{_label(constraint)}: have {_words(constraint)}, want none")


def _without_equals(those: Iterable[Constraint], others: Iterable[Constraint]) -> tuple[Constraint, ...]:
    """Those that no other says as well; NOT NULL is told of the columns."""
    said = {_words(other) for other in others}
    return tuple(each for each in those if each.kind != "not null" and _words(each) not in said)


def _counterpart(constraint: Constraint, others: Iterable[Constraint]) -> Constraint | None:
    """The one that stands in its place: of its name, or of its kind on the same columns."""
    same_kind = [other for other in others if other.kind == constraint.kind]
    named = (other for other in same_kind if other.name == constraint.name)
    alike = (other for other in same_kind if constraint.kind != "check" and other.columns == constraint.columns)
    return next(named, None) or next(alike, None)


def _label(constraint: Constraint) -> str:
    return constraint.columns[0] if len(constraint.columns) == 1 else constraint.name


def _words(constraint: Constraint) -> str:
    """Its definition, a CHECK without the parentheses that mean nothing."""
    text = constraint.definition.removesuffix(" NOT VALID")
    if constraint.kind != "check":
        return text
    inner, _, rest = text.removeprefix("CHECK ").rpartition(")")
    return f"CHECK ({syntax.sql_of_expression(inner + ')')}){rest}"


def _list_words(want: Constraint, have: Constraint) -> str:
    """``'legacy' missing`` where two CHECKs differ in a list of values and nothing else."""
    if {want.kind, have.kind} != {"check"}:
        return ""
    (wanted, shape), (present, other) = _list_of(want), _list_of(have)
    if shape != other or wanted == present:
        return ""
    missing = [f"{value} missing" for value in wanted if value not in present]
    extra = [f"{value} not wanted" for value in present if value not in wanted]
    return ", ".join([*missing, *extra])


def _list_of(constraint: Constraint) -> tuple[list[str], str]:
    """The values of the only list in a CHECK, and the rest of it."""
    words = _words(constraint)
    statement = syntax.parse(f"SELECT {words.removeprefix('CHECK ').removesuffix(' NO INHERIT')}")[0].node
    lists = [node for node in syntax.walk(statement) if syntax.node_name(node) == "A_ArrayExpr"]
    if len(lists) != 1:
        return [], words
    values = [syntax.sql_of_expression(_constant(each)) for each in lists[0].elements]
    del lists[0].elements[:]
    return values, syntax.sql_of(statement)


def _constant(element: syntax.Node) -> str:
    """The SQL of a list's element, without the cast that PostgreSQL adds."""
    inner = syntax.unwrap(element)
    if syntax.node_name(inner) == "TypeCast":
        inner = syntax.unwrap(inner.arg)
    if syntax.node_name(inner) == "A_Const" and inner.WhichOneof("val") == "sval":
        return "'" + str(inner.sval.sval).replace("'", "''") + "'"
    return sql_of_tree(element)


def sql_of_tree(expression: syntax.Node) -> str:
    """The SQL of an expression's tree."""
    select = syntax.parse("SELECT NULL")[0].node
    select.target_list[0].res_target.val.CopyFrom(expression)
    return syntax.sql_of(select).removeprefix("SELECT ")


def _property(what: str, want: Any, have: Any) -> Iterator[Disagreement]:
    if want != have:
        yield Disagreement("changed", f"{what}: have {_shown(have)}, want {_shown(want)}")


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else " ".join(str(value).split())


def _properties(*names: str) -> Callable[[Any, Any], Iterator[Disagreement]]:
    def compare(want: Any, have: Any) -> Iterator[Disagreement]:
        for name in names:
            yield from _property(name.replace("_", " "), getattr(want, name), getattr(have, name))

    return compare


def index_words(index: Index) -> str:
    """What an index does, without its name and table: ``UNIQUE btree (email) WHERE active``."""
    method = index.definition.partition(" USING ")[2]
    return f"UNIQUE {method}" if index.unique else method


def _indexes(want: Index, have: Index) -> Iterator[Disagreement]:
    yield from _property("table", want.table, have.table)
    wanted, present = index_words(want), index_words(have)
    if wanted != present:
        text = f"{want.name}: have {present}, want {wanted}"
        repair = f"DROP INDEX {quoted(f'{have.schema}.{have.name}')};\n{want.definition};"
        yield Disagreement("changed", text, repair)


def _enums(want: Enum, have: Enum) -> Iterator[Disagreement]:
    for label in want.labels:
        if label not in have.labels:
            literal = "'" + label.replace("'", "''") + "'"
            repair = f"ALTER TYPE {quoted(f'{have.schema}.{have.name}')} ADD VALUE {literal};"
            yield Disagreement("missing", f"{have.name}: {literal} missing", repair)
    for label in have.labels:
        if label not in want.labels:
            yield Disagreement("extra", f"{have.name}: '{label}' not wanted")
    common = [label for label in want.labels if label in have.labels]
    present = [label for label in have.labels if label in want.labels]
    if common != present:
        yield from _property("order of labels", tuple(common), tuple(present))


def _domains(want: Domain, have: Domain) -> Iterator[Disagreement]:
    yield from _properties("base_type", "not_null", "default", "collation")(want, have)
    alter = f"ALTER DOMAIN {quoted(f'{have.schema}.{have.name}')}"
    yield from constraint_disagreements(want.constraints, have.constraints, alter)


def _composites(want: Composite, have: Composite) -> Iterator[Disagreement]:
    yield from _property(
        "attributes",
        tuple(f"{each.name} {_type(each)}" for each in want.attributes),
        tuple(f"{each.name} {_type(each)}" for each in have.attributes),
    )


_CLAUSES = {
    "type": "AS",
    "start": "START",
    "increment": "INCREMENT",
    "minimum": "MINVALUE",
    "maximum": "MAXVALUE",
    "cache": "CACHE",
}


def _sequences(want: Sequence, have: Sequence) -> Iterator[Disagreement]:
    alter = f"ALTER SEQUENCE {quoted(f'{have.schema}.{have.name}')}"
    for name, clause in _CLAUSES.items():
        for each in _property(name, getattr(want, name), getattr(have, name)):
            yield replace(each, repair=f"{alter} {clause} {getattr(want, name)};")
    for each in _property("cycle", want.cycle, have.cycle):
        yield replace(each, repair=f"{alter} {'CYCLE' if want.cycle else 'NO CYCLE'};")


def _bodies(want: Function, have: Function) -> Iterator[Disagreement]:
    yield from _properties(
        "signature", "returns", "language", "security_definer", "settings", "volatility", "strict", "leakproof"
    )(want, have)
    if want.body != have.body:
        yield Disagreement("changed", "body: differs")


_COMPARISONS: dict[type, Callable[[Any, Any], Iterator[Disagreement]]] = {
    Table: _tables,
    Index: _indexes,
    Enum: _enums,
    Domain: _domains,
    Composite: _composites,
    Function: _bodies,
    Range: _properties("subtype", "collation", "operator_class"),
    Sequence: _sequences,
    View: _properties("kind", "definition", "options"),
    Trigger: _properties("definition"),
    Policy: _properties("command", "permissive", "roles", "using", "check"),
}
