"""What migrations take for granted of the rows before them, as their authors state it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

import psycopg

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import (
    FORMS,
    Assumption,
    Unreadable,
    assumed_of,
    entry_of,
    stated,
)
from migrate_validate.chain.model import Chain
from migrate_validate.config import Assume, Settings
from migrate_validate.data.assuming import NotThere, table_of
from migrate_validate.data.breaking import Breaking, breaking_rows
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.rules import rule

from ._existing_data.exploring import unneeded
from ._shared import SAMPLE, Connection, count_of, problem

_NOTHING = "nothing is assumed of the rows before this migration"
_WRONG_SQL = "42"
"""The class of SQLSTATE for names that do not exist, and for SQL that is wrong whatever the rows."""


@rule(severity=Severity.ERROR)
def unreadable_assumption(chain: Chain, settings: Settings) -> Iterator[Result]:
    """An assumption that cannot be read, or that belongs to no migration.

    Why: nothing respects it, and nothing checks it on the real database, and it looks as if it were stated.
    Fix: write it in one of the forms that README.md lists, in the script of a migration.
    """
    # A way back in Python is the file of its migration, with all of its comments.
    places = {each.location for migration in chain.migrations for each in stated(migration.up)}
    for script in chain.all_scripts:
        for each in stated(script):
            if isinstance(each, Unreadable):
                yield _unreadable(each)
            elif each.location not in places:
                yield Finding(
                    f"'assume {each}' stands in {script.file}, which is no migration: nothing reads it there",
                    location=each.location,
                    fix="Move it into the migration that needs it.",
                )
    for entry in settings.assume:
        read = entry_of(entry)
        if isinstance(read, Unreadable):
            yield _unreadable(read)
        if not any(entry.migration in (migration.version, migration.file) for migration in chain.migrations):
            yield _of_no_migration(entry, chain)


def _unreadable(each: Unreadable) -> Finding:
    place = f"{each.origin}: " if each.origin else ""
    forms = "\n    ".join(FORMS)
    return Finding(
        f"{place}the assumption {each.text!r} cannot be read: {each.problem}\n  the forms are:\n    {forms}",
        location=each.location,
        evidence={"read": each.text, "problem": each.problem},
    )


def _of_no_migration(entry: Assume, chain: Chain) -> Finding:
    known = [name for migration in chain.migrations for name in (migration.version, migration.file)]
    near = get_close_matches(entry.migration, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else f"; the versions are {', '.join(known[::2])}" if known else ""
    return Finding(f"{entry.origin}: there is no migration {entry.migration!r}{hint}")


@rule(severity=Severity.ERROR)
def assumption_of_unknown_object(stage: Stage, settings: Settings) -> Iterator[Result]:
    """An assumption that names what does not exist before its migration, or that PostgreSQL does not understand.

    Why: it is about the state just before the migration; nobody can respect or check it as it stands.
    Fix: use the names that tables and columns have before the migration.
    """
    judged = _judged(stage, settings)
    if judged is None:
        yield NotApplicable(_NOTHING)
        return
    for assumption, said in judged.unknown:
        yield Finding(_placed(assumption, said), location=assumption.location, evidence={"assumption": str(assumption)})


@rule(severity=Severity.ERROR)
def assumption_contradicted(stage: Stage, settings: Settings) -> Iterator[Result]:
    """Rows that the chain itself has written, by a seed or an earlier migration, break what a migration assumes.

    Why: the migration is proven for other rows than these; if it succeeds on them, the assumption is too narrow.
    Fix: correct the rows in the seed or by an earlier migration, or state what the migration really needs.
    """
    judged = _judged(stage, settings)
    if judged is None:
        yield NotApplicable(_NOTHING)
        return
    for assumption, said in judged.unproven:
        yield Unproven(f"'assume {assumption}' cannot be asked for: {said}", object=assumption.table or None)
    for assumption, found, query, table in judged.broken:
        rows = "break" if found.count > 1 else "breaks"
        such = f", such as {found.shown(found.rows[0])}" if found.rows else ""
        yield Finding(
            _placed(
                assumption,
                f"{count_of(found.count, 'row')} that the chain has written before {stage.migration.file} {rows} "
                f"'assume {assumption}'{such}",
            ),
            object=table,
            location=assumption.location,
            evidence={"assumption": str(assumption), "rows": found.count, "sample": list(found.rows), "query": query},
        )


@rule(severity=Severity.WARNING)
def assumption_unneeded(stage: Stage, settings: Settings) -> Iterator[Result]:
    """An assumption without which the migration does as well, as far as generated rows can show.

    The search for rows that stand in the way is repeated without it, and finds nothing that it would keep away.

    Why: it is asked of the real database, and whoever reads it takes the migration for weaker than it is.
    Fix: remove it, or write what the migration really needs.
    """
    judged = _judged(stage, settings)
    if judged is None:
        yield NotApplicable(_NOTHING)
        return
    if judged.unknown:
        yield Unproven("the migration is not tried: some of its assumptions are about what does not exist")
        return
    for each, without in unneeded(stage, settings).items():
        if without is None:
            yield Unproven(f"there was not enough time to see whether 'assume {each}' is needed", each.table or None)
        elif without:
            said = f"without 'assume {each}' {stage.migration.file} does as well: no rows were found that need it"
            yield Finding(
                _placed(each, said),
                object=each.table or None,
                location=each.location,
                evidence={"assumption": str(each)},
            )


@dataclass(slots=True)
class _Judged:
    """The assumptions of a migration, on the state before it."""

    unknown: list[tuple[Assumption, str]] = field(default_factory=list)
    """What names something that is not there, and what is said about it."""
    unproven: list[tuple[Assumption, str]] = field(default_factory=list)
    broken: list[tuple[Assumption, Breaking, str, str | None]] = field(default_factory=list)
    """With the query, and the table."""


def _judged(stage: Stage, settings: Settings) -> _Judged | None:
    """None where nothing is assumed."""
    own = assumed_of(stage.migration, settings.assume)
    return stage.once("assumptions", lambda: _judge(stage, own)) if own else None


def _judge(stage: Stage, own: tuple[Assumption, ...]) -> _Judged:
    judged = _Judged()
    with stage.trial() as trial:
        catalog = trial.catalog()
        for each in own:
            _ask(trial.connection, catalog, each, judged)
    return judged


def _ask(connection: Connection, catalog: Catalog, assumption: Assumption, judged: _Judged) -> None:
    try:
        table = table_of(assumption, catalog) if assumption.table else None
        found = breaking_rows(connection, assumption, catalog, limit=SAMPLE)
    except NotThere as error:
        judged.unknown.append((assumption, error.what))
    except psycopg.Error as error:
        unknown = (error.sqlstate or "").startswith(_WRONG_SQL)
        said = f"'assume {assumption}' is not understood: {problem(error)}" if unknown else problem(error)
        (judged.unknown if unknown else judged.unproven).append((assumption, said))
    else:
        if found.count:
            name = table.qualified_name if table else None
            judged.broken.append((assumption, found, found.query, name))


def _placed(assumption: Assumption, said: str) -> str:
    return f"{assumption.origin}: {said}" if assumption.origin else said
