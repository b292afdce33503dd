"""Generated rows around a migration, made in one way for all rules that want some."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumption import Assumption
from migrate_validate.chain.assumptions import assumed_of
from migrate_validate.config import Settings
from migrate_validate.data import Learned, learn, mined
from migrate_validate.data.assuming import NotThere, assumed, resolve
from migrate_validate.data.filling import Filled, fill
from migrate_validate.data.given import given_rows
from migrate_validate.data.order import ancestors
from migrate_validate.data.unproven import Unproven
from migrate_validate.replay.stages import Stage

from ._shared import Connection


def learned_before(
    connection: Connection,
    stage: Stage,
    settings: Settings,
    before: Catalog,
    names: Collection[str],
    assumptions: Sequence[Assumption],
    past: Unproven | None = None,
) -> Learned:
    """What tables take in the state before a migration, found out once.

    :param connection: to a database in this state
    :param before: its schema
    :param names: ``schema.name`` of the tables; those that they refer to are learned too
    :param assumptions: what rows are to hold
    :param past: constraints that rows may break, as they were there before them
    :raises ConfigError: when an assumption names what does not exist, or rows that users give cannot be had
    """
    wanted = ancestors(before, names)
    catalog = assumed(before, assumptions)
    # Domains are no tables.
    rest = before.tables_by_name.keys() - wanted
    broken = {name: constraints for name, constraints in (past or {}).items() if name not in rest}
    about = tuple(assumptions), broken
    known: list[tuple[frozenset[str], object, Learned]] = stage.once("learned", list)
    for tables, others, learned in known:
        if wanted <= tables and others == about:
            return learned
    learned = _learned(connection, stage, settings, catalog, wanted, broken)
    known.append((wanted, about, learned))
    return learned


def fill_before(
    connection: Connection,
    stage: Stage,
    settings: Settings,
    before: Catalog,
    names: Collection[str],
    *,
    left_out: Collection[str] = (),
    draw: int = 0,
) -> Filled:
    """Insert generated rows in the state before a migration, which hold what is assumed of the rows before it.

    An assumption that names what does not exist is passed over: a rule of its own tells of it.

    :param before: the schema of this state
    :param left_out: of these tables those that get no rows after all
    :param draw: see :func:`~migrate_validate.data.filling.fill`
    :raises ConfigError: when rows that users give cannot be had
    """
    if not set(names) - set(left_out):
        return Filled({}, {})
    assumptions = tuple(each for each in assumed_of(stage.migration, settings.assume) if _is_about(each, before))
    learned = learned_before(connection, stage, settings, before, names, assumptions)
    return fill(connection, before, set(names) - set(left_out), learned=learned, assumptions=assumptions, draw=draw)


def fill_after(
    connection: Connection, stage: Stage, settings: Settings, catalog: Catalog, names: Collection[str]
) -> Filled:
    """Insert generated rows in a state that a migration has left.

    :param catalog: the schema of this state
    :raises ConfigError: when rows that users give cannot be had
    """
    if not names:
        return Filled({}, {})
    return fill(connection, catalog, names, learned=_learned(connection, stage, settings, catalog, names))


def _learned(
    connection: Connection,
    stage: Stage,
    settings: Settings,
    catalog: Catalog,
    names: Collection[str],
    past: Unproven | None = None,
) -> Learned:
    given = given_rows(settings.data, catalog)
    return learn(connection, catalog, names, hints=mined(stage.chain.scripts), given=given, past=past)


def _is_about(assumption: Assumption, before: Catalog) -> bool:
    try:
        resolve(assumption, before)
    except NotThere:
        return False
    return True
