"""What a migration that fails takes for granted: told by the rows on which it fails and those on which it does not."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import Assumption
from migrate_validate.chain.model import Script, Statement
from migrate_validate.data import Dataset, load
from migrate_validate.data.assuming import NotThere, broken
from migrate_validate.data.repairing import settle
from migrate_validate.replay.sequences import positions
from migrate_validate.replay.timeline import Failure

from .._shared import Connection
from .naming import candidates
from .trying import taken_back

COMPARED = 12
"""Datasets of either kind that are looked at."""


def supposed(
    connection: Connection,
    before: Catalog,
    script: Script,
    failure: Failure,
    statement: Statement | None,
    passed: Sequence[Dataset],
    failed: Sequence[Dataset],
    stated: Sequence[Assumption] = (),
) -> Assumption | None:
    """The first of the likely assumptions that every dataset that passed holds and every one that failed breaks.

    :param connection: in a transaction, in the state before the migration; nothing stays
    :param script: of the migration that failed
    :param stated: what was assumed already: rows that break it were not there when the datasets were tried
    """
    likely = tuple(candidates(failure, statement, before, script))
    first = positions(connection)
    largest = sorted(passed, key=lambda each: -sum(map(len, each.rows.values())))
    for datasets, breaks in ((failed, True), (largest, False)):
        for data in datasets[:COMPARED]:
            if likely:
                with taken_back(connection, first):
                    likely = _told_apart(connection, before, data, likely, breaks, stated)
    return likely[0] if likely else None


def _told_apart(
    connection: Connection,
    before: Catalog,
    data: Dataset,
    likely: Sequence[Assumption],
    breaks: bool,
    stated: Sequence[Assumption],
) -> tuple[Assumption, ...]:
    """Those that these rows break, or hold; what cannot be asked before the migration is none of them."""
    load(connection, data, raise_refusals=False)
    settle(connection, stated, before)
    return tuple(each for each in likely if _breaks(connection, before, each) is breaks)


def _breaks(connection: Connection, before: Catalog, assumption: Assumption) -> bool | None:
    try:
        return bool(broken(connection, (assumption,), before))
    except (psycopg.Error, NotThere):
        return None
