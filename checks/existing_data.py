"""What a migration does to rows that are there: generated ones, valid before it, shrunk to the few that matter."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.config import Settings
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.rules import rule

from ._existing_data.exploring import Searched, searched
from ._existing_data.telling import told


@rule(severity=Severity.ERROR)
def fails_on_data(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A migration that fails on rows that the schema before it allows.

    Rows are generated for the tables that it meets, within all that the schema declares, and it is applied on them,
    many times; what breaks it is shrunk to the fewest and simplest rows.

    Why: it passes on the empty database of a CI run, and fails in production, in the middle of a deployment.
    Fix: handle the rows in the migration before the statement that fails (fill, merge, correct or delete them), or say
    what it takes for granted: ``-- migrate-validate: assume unique lower(email) on users``.
    """
    yield from _of("fails-on-data", stage, settings)
    found = searched(stage, settings)
    if found.cut_short:
        file = stage.migration.up.file
        yield Finding(
            f"{file}: time ran out when {found.tried} of {found.wanted} generated databases had been tried",
            location=Location(file),
            fix="--hypothesis-profile=thorough takes ten times as many, and as much time",
            severity=Severity.INFO,
        )


@rule(severity=Severity.ERROR)
def rows_lost(stage: Stage, settings: Settings) -> Iterator[Result]:
    """Rows that a migration loses without saying so.

    Rows are followed by primary key, through renamed tables and columns, and through tables that replace others. What
    a DELETE, TRUNCATE or DROP TABLE states in so many words is info, with its reach.

    Why: nobody sees it in a review: an inner join drops the rows that have no partner, a foreign key cascades.
    Fix: keep the rows (LEFT JOIN, ON DELETE SET NULL, a merge of what collides), or delete them in a statement that
    says so.
    """
    yield from _of("rows-lost", stage, settings)


@rule(severity=Severity.ERROR)
def rows_invented(stage: Stage, settings: Settings) -> Iterator[Result]:
    """Rows that a migration adds without saying so: a join that multiplies, a trigger.

    Why: doubled rows are invoices sent twice; no constraint may ever tell.
    Fix: join on a key, or take one row of each with DISTINCT ON or an aggregate.
    """
    yield from _of("rows-invented", stage, settings)


@rule(severity=Severity.ERROR)
def values_changed(stage: Stage, settings: Settings) -> Iterator[Result]:
    """Values that a migration changes beyond its words.

    A cast that rounds or shifts, a column that is dropped and made again in place of a rename, keys and elements of
    JSON documents that are gone, rows that got the values of others, an update whose result depends on chance. What an
    UPDATE states is info, with its reach. Values that are others where the session has another time zone are a warning.

    Why: the values of before are gone when it is noticed.
    Fix: rename in place of dropping and adding, change types without loss, name every key that is to be kept.
    """
    yield from _of("values-changed", stage, settings)


@rule(severity=Severity.WARNING)
def backfill_incomplete(stage: Stage, settings: Settings) -> Iterator[Result]:
    """A column that a migration adds and fills, and that is still NULL for some row that was there before.

    Why: the code that comes with the migration reads the column as if it were filled.
    Fix: say what rows without a match get: coalesce() around the look-up, or another UPDATE for what is still NULL.
    """
    yield from _of("backfill-incomplete", stage, settings)


def _of(name: str, stage: Stage, settings: Settings) -> Iterator[Result]:
    found = searched(stage, settings)
    if found.nothing:
        yield NotApplicable(found.nothing)
        return
    own = [told(stage, found, each) for each in found.counterexamples if each.harm.rule == name]
    yield from own
    if not own:
        yield from _not_seen(found)


def _not_seen(found: Searched) -> Iterator[Unproven]:
    """Why the search says less than it could."""
    if found.stopped:
        yield Unproven(found.stopped)
    for table, reason in found.unfilled.items():
        yield Unproven(f"no rows to try it on: {reason}", table)
