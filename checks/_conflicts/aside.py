"""Makes what a statement wants for real, aside of the object of that name that is there, and compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog, Table, View
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import quote

from .._shared import Connection, holders_of_indexes, problem, quoted
from .creations import Creation
from .differing import (
    Disagreement,
    column_disagreements,
    constraint_disagreements,
    disagreements,
    extra_constraints,
    index_words,
    renamed,
)
from .others import in_its_place

ASIDE = "migrate_validate_aside"
"""The schema, or the name, of what is made aside."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A statement that wants to create what is there already."""

    creation: Creation
    object: str
    """``schema.name``, ``schema.table.column`` or the name of what is in no schema."""
    disagreements: tuple[Disagreement, ...] = ()
    other_name: str = ""
    """Of the index that is there and does the same, where it has another name."""
    unproven: str = ""
    """Why the two could not be compared."""

    @property
    def conflicting(self) -> tuple[Disagreement, ...]:
        """What the statement wants and is not there, or is there differently."""
        return tuple(each for each in self.disagreements if each.kind != "extra")


def meet(trial: Trial, creation: Creation) -> Meeting | None:
    """Compare what is there with what a statement would make if it were not, in the state that the trial is in.

    :return: None where the object is not there
    """
    place = _place(trial.connection, creation)
    if place is None or not _exists(trial.connection, creation, place):
        return None
    name = ".".join(part for part in (place.schema, place.table, creation.name) if part)
    try:
        found = tuple(_compared(trial, creation, place))
    except (psycopg.Error, syntax.GrammarError, LookupError) as error:
        why = problem(error) if isinstance(error, psycopg.Error) else str(error)
        return Meeting(creation, name, unproven=f"what the statement wants could not be made aside: {why}")
    return Meeting(creation, name, tuple(_proven(trial.connection, found)))


def twin(trial: Trial, creation: Creation) -> Meeting | None:
    """An index that is there under another name and does what a statement wants of a new one; None: there is none."""
    place = _place(trial.connection, creation)
    if creation.kind != "index" or place is None:
        return None
    try:
        with _undone(trial.connection):
            _make_named(trial.connection, creation)
            indexes = _holder(trial.catalog(), place).indexes
    except (psycopg.Error, syntax.GrammarError, LookupError):
        return None  # It fails by itself then.
    made = next(index for index in indexes if index.name == ASIDE)
    words = index_words(made)
    # A unique index serves as well as one that is not, but not the other way round.
    same = {words, f"UNIQUE {words}"}
    there = next((index for index in indexes if index is not made and index.valid and index_words(index) in same), None)
    if there is None:
        return None
    return Meeting(creation, f"{made.schema}.{creation.name}", other_name=f"{there.schema}.{there.name}")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the object belongs."""

    schema: str | None
    table: str | None = None
    """Of a column, constraint, trigger or policy. An index has a table too, but a name of its own."""
    owner: str | None = None
    """``schema.name`` of the table that it is on."""


def _place(connection: Connection, creation: Creation) -> _Place | None:
    """Where a statement puts what it creates under the present search_path; None: the table is not there."""
    if creation.kind in ("schema", "extension", "server"):
        return _Place(None)
    if creation.table is None:
        schema = creation.schema or _rows(connection, "SELECT current_schema()")[0][0]
        return _Place(schema) if schema else None
    written = ".".join(quote(part) for part in (creation.schema, creation.table) if part)
    found = _rows(
        connection,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = to_regclass(%s)",
        written,
    )
    if not found:
        return None
    schema, table = found[0]
    return _Place(schema, None if creation.kind == "index" else table, f"{schema}.{table}")


def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.cursor(row_factory=psycopg.rows.tuple_row).execute(query.encode(), values).fetchall()


_RELATION = "SELECT FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relname = %s"
_THERE = {
    **dict.fromkeys(("table", "index", "sequence", "view", "materialized view"), _RELATION),
    "type": "SELECT FROM pg_type WHERE typnamespace = to_regnamespace(%s) AND typname = %s",
    "function": "SELECT FROM pg_proc WHERE pronamespace = to_regnamespace(%s) AND proname = %s",
    "schema": "SELECT FROM pg_namespace WHERE %s::text IS NULL AND nspname = %s",
    "statistics": "SELECT FROM pg_statistic_ext WHERE stxnamespace = to_regnamespace(%s) AND stxname = %s",
    "extension": "SELECT FROM pg_extension WHERE %s::text IS NULL AND extname = %s",
    "server": "SELECT FROM pg_foreign_server WHERE %s::text IS NULL AND srvname = %s",
    "collation": "SELECT FROM pg_collation WHERE collnamespace = to_regnamespace(%s) AND collname = %s",
    "column": "SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped",
    "constraint": "SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s",
    "trigger": "SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s",
    "policy": "SELECT FROM pg_policy WHERE polrelid = to_regclass(%s) AND polname = %s",
}
"""By kind: the query that has a row where such an object is there."""


def _exists(connection: Connection, creation: Creation, place: _Place) -> bool:
    inside = quoted(place.owner) if place.table and place.owner else place.schema and quote(place.schema)
    return bool(_rows(connection, _THERE[creation.kind], inside, creation.name))


def _compared(trial: Trial, creation: Creation, place: _Place) -> Iterator[Disagreement]:
    if creation.kind == "schema":
        yield from _schema(trial.catalog(), creation)
    elif creation.kind == "extension":
        yield from _extension(trial, creation)
    elif creation.kind == "column":
        yield from _column(trial, creation, place)
    elif creation.kind in ("server", "collation"):
        yield from in_its_place(trial, creation, place.schema)
    elif creation.kind == "statistics":
        yield from _statistics(trial, creation, place.schema or "")
    elif place.owner:
        yield from _on_table(trial, creation, place)
    else:
        yield from _in_schema(trial, creation, place.schema or "")


def _schema(catalog: Catalog, creation: Creation) -> Iterator[Disagreement]:
    have = next((schema for schema in catalog.schemas if schema.name == creation.name), None)
    owner = creation.node.authrole.rolename
    if have is not None and owner and owner != have.owner:
        repair = f"ALTER SCHEMA {quote(have.name)} OWNER TO {quote(owner)};"
        yield Disagreement("changed", f"owner: have {have.owner}, want {owner}", repair)


def _extension(trial: Trial, creation: Creation) -> Iterator[Disagreement]:
    """An extension can only be there once: what the statement says is compared with what is there."""
    have = next((extension for extension in trial.catalog().extensions if extension.name == creation.name), None)
    if have is None:
        raise LookupError(f"the extension {creation.name} belongs to the server")
    said = {option.def_elem.defname: option.def_elem.arg.string.sval for option in creation.node.options}
    alter = f"ALTER EXTENSION {quote(have.name)}"
    if said.get("schema", have.schema) != have.schema:
        repair = f"{alter} SET SCHEMA {quote(said['schema'])};"
        yield Disagreement("changed", f"schema: have {have.schema}, want {said['schema']}", repair)
    if said.get("new_version", have.version) != have.version:
        repair = f"{alter} UPDATE TO {quote(said['new_version'])};"
        yield Disagreement("changed", f"version: have {have.version}, want {said['new_version']}", repair)
    for (usual,) in _rows(trial.connection, _USUAL_VERSION, creation.name):
        if "new_version" not in said and usual != have.version:
            yield Disagreement("extra", f"version: have {have.version}, and {usual} would be made now")


_USUAL_VERSION = "SELECT default_version FROM pg_available_extensions WHERE name = %s"


def _in_schema(trial: Trial, creation: Creation, schema: str) -> Iterator[Disagreement]:
    """What has a schema is made in another one, in which its name and those of its parts are free."""
    node = _copy(creation.node)
    _put(node)
    _loosen(node)
    present = trial.catalog()
    with _undone(trial.connection):
        trial.connection.execute(f"CREATE SCHEMA {ASIDE}".encode())
        if syntax.node_name(node) == "CreateStmt" and node.HasField("partbound"):
            # Two partitions cannot hold the same values.
            trial.connection.execute(f"DROP TABLE {quoted(f'{schema}.{creation.name}')} CASCADE".encode())
        trial.connection.execute(syntax.sql_of(node).encode())
        catalog = trial.catalog()
    want = renamed(_find(catalog, ASIDE, creation), f"{ASIDE}.", f"{quote(schema)}.")
    if creation.kind == "function":
        have = next(
            (each for each in present.functions if each.qualified_name == f"{schema}.{want.name}({want.arguments})"),
            None,
        )
        if have is None:
            return  # A function of this name with other arguments is another one.
    else:
        have = _find(present, schema, creation)
    yield from disagreements(want, have)


def _find(catalog: Catalog, schema: str, creation: Creation) -> Any:
    """The object of this name: of the kind that the statement makes, or whatever has its name."""
    for things in (
        catalog.tables,
        catalog.views,
        catalog.sequences,
        catalog.functions,
        catalog.enums,
        catalog.domains,
        catalog.composites,
        catalog.ranges,
        tuple(index for holder in holders_of_indexes(catalog) for index in holder.indexes),
    ):
        for thing in things:
            if thing.schema == schema and thing.name == creation.name:
                return thing
    raise LookupError(f"{schema}.{creation.name} is of a kind that cannot be compared")


def _on_table(trial: Trial, creation: Creation, place: _Place) -> Iterator[Disagreement]:
    """An index, constraint, trigger or policy is made on the same table under another name."""
    with _undone(trial.connection):
        _make_named(trial.connection, creation)
        catalog = trial.catalog()
    holder = _holder(catalog, place)
    parts = {"index": "indexes", "constraint": "constraints", "trigger": "triggers", "policy": "policies"}
    things = {each.name: each for each in getattr(holder, parts[creation.kind])}
    want = renamed(things[ASIDE], ASIDE, quote(creation.name))
    if creation.kind == "constraint":
        yield from constraint_disagreements(
            [want], [things[creation.name]], f"ALTER TABLE {quoted(holder.qualified_name)}"
        )
    elif creation.name in things:
        yield from disagreements(want, things[creation.name])
    else:  # A relation of this name, but not an index of this table.
        yield from disagreements(want, _find(catalog, place.schema or "", creation))


def _statistics(trial: Trial, creation: Creation, schema: str) -> Iterator[Disagreement]:
    """Statistics are made on the same table, in the same schema, under another name."""
    node = _copy(creation.node)
    del node.defnames[:]
    for name in (schema, ASIDE):
        node.defnames.add().string.sval = name
    _loosen(node)
    with _undone(trial.connection):
        trial.connection.execute(syntax.sql_of(node).encode())
        catalog = trial.catalog()
    definitions = {each.name: str(each["definition"]) for each in catalog.others if each.kind == "statistics"}
    want = renamed(definitions[f"{schema}.{ASIDE}"], ASIDE, quote(creation.name))
    have = definitions[f"{schema}.{creation.name}"]
    if want != have:
        repair = f"DROP STATISTICS {quoted(f'{schema}.{creation.name}')};\n{want};"
        yield Disagreement(
            "changed", f"{creation.name}: have {_of_statistics(have)}, want {_of_statistics(want)}", repair
        )


def _of_statistics(definition: str) -> str:
    """What statistics are of, without their name: ``(mcv) ON a, b FROM public.t``."""
    statement = syntax.parse(definition)[0].node
    del statement.defnames[:]
    return " ".join(syntax.sql_of(statement).removeprefix("CREATE STATISTICS").split())


def _make_named(connection: Connection, creation: Creation) -> None:
    node = _copy(creation.node)
    if creation.kind == "constraint":
        getattr(node.cmds[0].alter_table_cmd, "def").constraint.conname = ASIDE
    else:
        setattr(node, {"index": "idxname", "trigger": "trigname", "policy": "policy_name"}[creation.kind], ASIDE)
    _loosen(node)
    connection.execute(syntax.sql_of(node).encode())


def _holder(catalog: Catalog, place: _Place) -> Table | View:
    for each in holders_of_indexes(catalog):
        if each.qualified_name == place.owner:
            return each
    raise LookupError(f"{place.owner} is no table of the schema")


def _column(trial: Trial, creation: Creation, place: _Place) -> Iterator[Disagreement]:
    """A column is added to a table that is like the one that it belongs to, but without it."""
    owner, name = place.owner or "", creation.name
    aside = f"{ASIDE}.{quote(place.table or '')}"
    node = _copy(creation.node)
    node.relation.schemaname = ASIDE
    _loosen(node)
    with _undone(trial.connection):
        trial.connection.execute(f"CREATE SCHEMA {ASIDE}; CREATE TABLE {aside} (LIKE {quoted(owner)})".encode())
        trial.connection.execute(f"ALTER TABLE {aside} DROP COLUMN {quote(name)}".encode())
        trial.connection.execute(syntax.sql_of(node).encode())
        catalog = trial.catalog()
    made = catalog.table(f"{ASIDE}.{place.table}")
    have = catalog.table(owner)
    if made is None or have is None:
        raise LookupError(f"{owner} is no table of the schema")
    want = renamed(made, f"{ASIDE}.", f"{quote(place.schema or '')}.")
    alter = f"ALTER TABLE {quoted(owner)}"
    column = want.column(name)
    if column is None:
        raise LookupError(f"{owner} has no column {name}")
    yield from column_disagreements(column, have.column(name), alter)
    yield from constraint_disagreements(want.constraints, have.constraints, alter)
    yield from extra_constraints(want.constraints, have.constraints, {name})


def _copy(node: syntax.Node) -> syntax.Node:
    copied = type(node)()
    copied.CopyFrom(node)
    return copied


def _put(node: syntax.Node) -> None:
    """Let a statement create its object in the schema aside."""
    relations: dict[str, Callable[[], Any]] = {
        "CreateStmt": lambda: node.relation,
        "CreateForeignTableStmt": lambda: node.base_stmt.relation,
        "CreateTableAsStmt": lambda: node.into.rel,
        "CreateSeqStmt": lambda: node.sequence,
        "ViewStmt": lambda: node.view,
        "CompositeTypeStmt": lambda: node.typevar,
    }
    name = syntax.node_name(node)
    if name in relations:
        relations[name]().schemaname = ASIDE
        return
    fields = {"CreateFunctionStmt": "funcname", "CreateDomainStmt": "domainname"}
    parts = getattr(node, fields.get(name, "type_name"))
    last = _copy(parts[-1])
    del parts[:]
    parts.add().string.sval = ASIDE
    parts.add().CopyFrom(last)


def _loosen(node: syntax.Node) -> None:
    """Let it run in a transaction, and not be satisfied with what is there."""
    for field, value in (("if_not_exists", False), ("replace", False), ("concurrent", False)):
        if hasattr(node, field):
            setattr(node, field, value)
    if hasattr(node, "base_stmt"):
        node.base_stmt.if_not_exists = False
    for command in getattr(node, "cmds", ()):
        command.alter_table_cmd.missing_ok = False


def _undone(connection: Connection) -> Any:
    return connection.transaction(force_rollback=True)


def _proven(connection: Connection, found: Iterable[Disagreement]) -> Iterator[Disagreement]:
    """The same; a repair that the rows do not allow says so."""
    for each in found:
        try:
            if each.repair:
                with _undone(connection):
                    connection.execute(each.repair.encode())
        except psycopg.Error as error:
            why = f"-- This is refused as things are: {problem(error)}"
            yield Disagreement(each.kind, each.text, f"{why}\n{each.repair}")
        else:
            yield each
