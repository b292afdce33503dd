"""What migrations that are still to come take for granted of the rows of a real database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from migrate_validate import syntax
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import Assumption, Unreadable, assumed_of, entry_of, stated
from migrate_validate.chain.model import Migration, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.config import Assume
from migrate_validate.data.assuming import NotThere, resolve
from migrate_validate.data.demands import demands
from migrate_validate.data.names import Names
from migrate_validate.data.untold import untold
from migrate_validate.syntax import unwrap


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask of the database."""

    assumption: Assumption
    place: str
    """Where it comes from: a file with a line, or a key of the configuration."""
    stated: bool
    """Whether somebody has stated it; else a statement demands it."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """One thing that cannot be asked of the database now."""

    what: str
    place: str
    why: str
    trouble: bool
    """Whether that is a reason to worry: not where only the migrations before it can bring it about."""


def questions(
    pending: Sequence[Migration], configured: Sequence[Assume], catalog: Catalog
) -> Iterator[Question | Unasked]:
    """What the migrations state, and what their statements demand, in their order; the same thing once.

    A statement's demand is left out where statements before it write the same table: they may be what brings it about.

    :param configured: the entries ``assume`` of the configuration
    :param catalog: the schema of the database before the first of them
    """
    names = Names(catalog)
    enums: dict[str, tuple[str, ...]] = {}
    domains: set[str] = set()
    asked: set[Assumption] = set()
    for number, migration in enumerate(pending):
        for each in (*_stated(migration, configured, catalog, number), *_demanded(migration, names, enums, domains)):
            if not isinstance(each, Question):
                yield each
            elif each.assumption not in asked:
                asked.add(each.assumption)
                yield each


def _stated(
    migration: Migration, configured: Sequence[Assume], catalog: Catalog, number: int
) -> Iterator[Question | Unasked]:
    entries = (entry_of(each) for each in configured if each.migration in (migration.version, migration.file))
    for unread in (*stated(migration.up), *entries):
        if isinstance(unread, Unreadable):
            place = str(unread.location or unread.origin)
            yield Unasked(f"assume {unread.text}", place, f"it cannot be read: {unread.problem}", trouble=True)
    for assumption in assumed_of(migration, configured):
        place = str(assumption.location or assumption.origin)
        try:
            resolve(assumption, catalog)
        except NotThere as error:
            why = error.what.partition(": ")[2].replace(" before the migration", " in this database")
            if number:
                why += "; migrations that come before it may make it"
            yield Unasked(assumption.sentence, place, why, trouble=number == 0)
        else:
            yield Question(assumption, place, stated=True)


def _demanded(
    migration: Migration, names: Names, enums: dict[str, tuple[str, ...]], domains: set[str]
) -> Iterator[Question | Unasked]:
    try:
        cut = statements(migration.up)
    except ScriptError as error:
        yield Unasked("what its statements demand", migration.file, f"it cannot be read: {error.message}", trouble=True)
        return
    for statement in cut:
        if statement.kind != UNPARSED:
            yield from _demands(statement, names, enums, frozenset(domains))
            node: Any = syntax.parse(statement.sql)[0].node
            if statement.kind == "create_domain":
                domains.add(unwrap(node.domainname[-1]).sval)
            if statement.kind == "create_enum":
                enums[unwrap(node.type_name[-1]).sval] = tuple(unwrap(value).sval for value in node.vals)
        names.follow(statement)


def _demands(
    statement: Statement, names: Names, enums: dict[str, tuple[str, ...]], made: frozenset[str]
) -> Iterator[Question | Unasked]:
    place = f"{statement.location.file}:{statement.location.line}"
    for what in untold(statement, names, made):
        yield Unasked(what, place, "no query is known that asks for it", trouble=True)
    for demand in demands(statement, names, enums):
        # The last one is the most exact.
        assumption = demand.assumptions[-1]
        if names.written(demand.table):
            why = f"statements before it may change the rows of {demand.table.qualified_name}"
            yield Unasked(assumption.sentence, place, why, trouble=False)
        else:
            yield Question(assumption, place, stated=False)
