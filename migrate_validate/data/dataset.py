"""Rows of a whole schema that fit together, as a Hypothesis strategy."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis.strategies import SearchStrategy

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.assembling import assembled
from migrate_validate.data.learned import Learned
from migrate_validate.data.learning import guess
from migrate_validate.data.model import Dataset
from migrate_validate.data.order import ancestors, fill_order
from migrate_validate.data.strategies import Parents
from migrate_validate.data.unproven import without
from migrate_validate.errors import Unsupported


def dataset(
    catalog: Catalog,
    tables: Collection[str] | None = None,
    *,
    max_rows: int = 3,
    learned: Learned | None = None,
    present: Parents | None = None,
) -> SearchStrategy[Dataset]:
    """Rows of a schema: foreign keys point at generated parents, keys are unique, and values are what tables take.

    The simplest dataset is empty. NULL is drawn wherever it is allowed, values repeat wherever no constraint
    forbids it, and a table has any number of rows up to ``max_rows`` with the same probability; one to which a row
    must refer has at least one. What PostgreSQL alone can know (exclusion, partial unique indexes, triggers) may refuse
    a few of the rows, see :func:`~migrate_validate.data.loading.load`.

    An example of its use is in :mod:`migrate_validate.data`.

    :param catalog: the schema
    :param tables: ``schema.name`` of the tables to fill, all by default; those that they refer to are filled too
    :param max_rows: of each table
    :param learned: what :func:`~migrate_validate.data.learning.learn` found out for these tables; without it, values
        that CHECK constraints forbid are among the others
    :param present: rows that are in the tables already, by ``schema.name``; foreign keys may point at them
    :raises Unsupported: without ``learned``, when a column's type is not known; with it, such tables stay empty
    """
    known = learned or _guessed(catalog, tables)
    names = None if tables is None else ancestors(catalog, tables)
    return assembled(fill_order(without(catalog, known.past), names), known, max_rows, present or {})


def _guessed(catalog: Catalog, tables: Collection[str] | None) -> Learned:
    known = guess(catalog, tables)
    for why in known.unfilled.values():
        raise Unsupported(why, remedy="leave the table out, or give learn() a strategy or a fixture for it")
    return known
