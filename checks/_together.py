"""Migrations of a chain in one transaction, as some tools apply what is pending."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrate_validate import syntax
from migrate_validate.catalog.diff import compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain, Migration, Script, Sends
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, Result, Severity, Unproven
from migrate_validate.replay.rehearsal import Rehearsal, Rehearsals
from migrate_validate.replay.timeline import Failure

from ._shared import refusal

_FIXES = {
    "55P04": "a label that ALTER TYPE ... ADD VALUE adds can be used once it is committed: deploy what uses it later,"
    " or make a new type with all labels for the columns",
    "55006": "SET CONSTRAINTS ALL IMMEDIATE, before this statement, lets the events happen that are pending",
}


def tried_in_one(chain: Chain, catalog: Catalog, rehearsals: Rehearsals) -> Iterator[Result]:
    """What PostgreSQL refuses of a chain in one transaction, or what is otherwise then.

    All migrations are tried on a new database, and those that use a label of an enum with the one that has added it, on
    a database that has what is before them: where the type is new as well, PostgreSQL 17 and newer allow it.

    :param catalog: what the migrations leave that are applied one by one
    """
    if chain.records is not None and _mentioned(chain.records.table.rpartition(".")[2], chain.migrations):
        yield Unproven(f"migrations look at {chain.records.table}, which nothing is written into between them here")
        return
    done = _applied(chain, chain.migrations, 0, rehearsals)
    failure = _failure(done)
    if failure is not None:
        yield _refused(failure, "all migrations before it")
        return
    if differences := compare(catalog, done.catalog):
        lines = differences.lines()
        yield Finding(f"in one transaction the migrations leave another schema: {lines[0]}", evidence={"all": lines})
    reported = set()
    for first, last in _spans(chain.migrations):
        if last in reported:
            continue
        failure = _failure(_applied(chain, chain.migrations[: last + 1], first, rehearsals))
        if failure is not None:
            reported.add(last)
            told = _refused(failure, f"{chain.migrations[first].file}, where both are pending")
            yield replace(told, severity=Severity.WARNING)


def _refused(failure: Failure, together: str) -> Finding:
    finding = refusal(failure, f"refused in one transaction with {together}")
    return replace(finding, fix=_FIXES.get(failure.sqlstate or "", ""))


def _mentioned(word: str, migrations: Sequence[Migration]) -> bool:
    return any(word in statement.sql for each in migrations for statement in statements(each.up))


def _applied(chain: Chain, migrations: Sequence[Migration], first: int, rehearsals: Rehearsals) -> Rehearsal:
    """What comes of migrations that are applied one by one up to one, and together from there on."""
    together = _one(migrations[first:])
    return rehearsals.of(replace(chain, migrations=(*migrations[:first], together), seeds=(), records=None))


def _failure(done: Rehearsal) -> Failure | None:
    runs = (*done.timeline.base, *(step.run for step in done.timeline.steps))
    return next((run.failure for run in runs if run.failure), None)


def _one(migrations: Sequence[Migration]) -> Migration:
    """One migration with the statements of several, each at its place."""
    up = migrations[0].up
    everything = tuple(statement for each in migrations for statement in statements(each.up))
    return Migration(
        migrations[0].version, "", Script(up.path, up.file, "", sends=Sends.TRANSACTION, statements=everything)
    )


def _spans(migrations: Sequence[Migration]) -> Iterator[tuple[int, int]]:
    """The places of migrations that add a label to an enum, each with the first one behind it that says the label."""
    for place, migration in enumerate(migrations):
        for label in _labels(migration):
            written = "'" + label.replace("'", "''") + "'"
            later = range(place + 1, len(migrations))
            if (last := next((each for each in later if _mentioned(written, [migrations[each]])), None)) is not None:
                yield place, last


def _labels(migration: Migration) -> list[str]:
    added = [syntax.parse(each.sql)[0].node for each in statements(migration.up) if each.kind == "alter_enum"]
    return [node.new_val for node in added if node.new_val and not node.old_val]
