"""The history of the chain in Git: what was changed that others have applied, and what comes too late."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.catalog.model import Catalog
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.git.history import Collision, History
from migrate_validate.replay.rehearsal import Rehearsal, Rehearsals
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import rule

from ._history.editing import all_gone, edited
from ._history.ordering import Orders


@rule(severity=Severity.ERROR)
def edited_applied_migration(history: History) -> Iterator[Result]:
    """A migration that was changed, renamed or removed though others may have applied it already.

    Compared is the chain with what it is where HEAD and the reference that ``--migrations-since`` names have parted.
    Where only comments, blanks or the case of words have changed it is an info, or a warning where the tool compares
    checksums; so are down scripts. Repeatable migrations are meant to change.

    Why: databases that have applied it keep what the old text made, new ones get something else, and some tools stop.
    Fix: restore the file, and put the change into a new migration.
    """
    if (why := _nothing_to_compare(history)) is not None:
        yield why
        return
    if (gone := all_gone(history)) is not None:
        yield gone
        return
    for changed in history.changes:
        if not history.repeats(changed.before):
            yield from edited(history, changed)


@rule(severity=Severity.ERROR)
def out_of_order(history: History, timeline: Timeline, catalog: Catalog, rehearsals: Rehearsals) -> Iterator[Result]:
    """A new migration that comes before one that others have applied already.

    It is applied where databases in use will apply it, behind all that the reference of ``--migrations-since`` has, and
    the schema and the numbers of rows are compared with those of a new database. An error is one that fails there, or
    makes a difference (a warning where that is the order of columns alone), or that the tool skips without a word;
    otherwise it is a warning where the tool refuses it, and an info where it applies it late.

    Why: new databases apply it early and those in use late or never, and from there on the two are not the same.
    Fix: give it a version behind the last one that is applied.
    """
    if (why := _nothing_to_compare(history)) is not None:
        yield why
    elif not history.ours:
        yield NotApplicable(f"no migration was added since {history.named}")
    elif history.late:
        yield from Orders(history, Rehearsal(timeline, catalog), rehearsals).results()


@rule(severity=Severity.ERROR)
def version_collision(history: History) -> Iterator[Result]:
    """A new migration with the version of another one, which the other branch has gained meanwhile.

    Compared is what was added here with what the reference of ``--migrations-since`` has added on its side; also told
    is where the files of both sides make no chain together, as with two heads of Alembic.

    Why: each side is sound alone; merged, tools refuse the two, or take one of them for applied.
    Fix: give yours a version behind the last one of the other branch.
    """
    if (why := _nothing_to_compare(history)) is not None:
        yield why
        return
    tip = history.tip
    if tip.problem and not tip.clash:
        yield Unproven(f"what {history.since} has gained cannot be judged: {tip.problem}")
    elif not history.gained or not history.ours:
        who = history.head if history.gained else history.since
        yield NotApplicable(f"{who} has added no migration since {history.named}")
    collisions = history.collisions
    for collision in collisions:
        yield _collides(history, collision)
    if tip.clash and not collisions:
        yield Finding(
            f"the chain cannot be read together with what {history.since} has gained since {history.base.commit[:12]}: "
            f"{tip.problem}",
            location=Location(history.ours[-1].file) if history.ours else None,
            evidence={"tip": tip.revision.commit},
            fix=f"merge {history.since}, and repair what the message says",
        )


def _collides(history: History, collision: Collision) -> Finding:
    own, other = collision.migration, collision.other
    last = max((each.version for each in history.gained), key=lambda version: (len(version.lstrip("0")), version))
    what = (
        f"{own.file} was added here and in {history.since}, with another text there"
        if own.file == other.file
        else f"{own.file} has the version {own.version}, which {other.file} has in {history.since}"
    )
    return Finding(
        f"{what} (both since {history.base.commit[:12]})",
        location=Location(own.file),
        evidence={"tip": history.tip.revision.commit, "other": other.file, "version": own.version},
        fix=f"give {own.file} a version above {last}",
    )


def _nothing_to_compare(history: History) -> Result | None:
    """Why there is nothing to compare the chain with; None: there is."""
    if history.base.problem:
        return Unproven(f"the chain of {history.named} cannot be read: {history.base.problem}")
    if history.base.chain is None and history.tip.revision.chain is None:
        return NotApplicable(f"{history.named} has no migrations here")
    return None
