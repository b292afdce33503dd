"""Numbers that must agree: declared row counts, stored counters, backfills, and rows that a migration leaves alone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script
from migrate_validate.config import Backfill, Counter, Expectations, Settings, Unique
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.timeline import Outcome, Step, Timeline
from migrate_validate.rules import rule
from migrate_validate.syntax import quote

from ._counters.counting import Count, counts_of
from ._counters.drifting import tried
from ._counters.telling import told
from ._mentions import mentions_of, parents
from ._playground import Known
from ._shared import (
    SAMPLE,
    Connection,
    count_of,
    fetch,
    identifier,
    own_catalog,
    problem,
    quoted,
    raw,
    samples,
    split_column,
    split_name,
)


@rule(severity=Severity.ERROR)
def row_count(connection: Connection, expectations: Expectations) -> Iterator[Result]:
    """A table whose number of rows is not the declared one.

    Why: a seed or a data migration lost rows, or made them twice.
    Fix: find out which file writes this table; correct it, or the number under [expect.tables].
    """
    declared = [
        (".".join(split_name(table.name)), table.rows) for table in expectations.tables if table.rows is not None
    ]
    if not declared:
        yield NotApplicable("no number of rows is declared under [expect.tables]")
    for name, amount in declared:
        try:
            have = int(fetch(connection, sql.SQL("SELECT count(*) FROM {}").format(identifier(name)))[0][0])
        except psycopg.Error as error:
            yield Unproven(f"{name} cannot be counted: {problem(error)}", object=name)
            continue
        if not amount.accepts(have):
            yield Finding(
                f"{name} has {count_of(have, 'row')}, wanted {'at least ' if amount.at_least else ''}{amount.number}",
                object=name,
                evidence={"have": have, "want": str(amount)},
            )


@rule(severity=Severity.ERROR)
def counter_mismatch(connection: Connection, expectations: Expectations) -> Iterator[Result]:
    """A stored count that is not the number of rows that it counts.

    A counter that is NULL is wrong too.

    Why: limits, invoices and dashboards work with the stored number.
    Fix: count again in a migration, and find the statement or the missing trigger that let it drift.
    """
    if not expectations.counters:
        yield NotApplicable("no counter is declared under [[expect.counters]]")
    for counter in expectations.counters:
        yield from _counter(connection, counter)


def _counter(connection: Connection, counter: Counter) -> Iterator[Result]:
    table, column = split_column(counter.column)
    subject = f"{table}.{column}"
    counted = sql.SQL("SELECT {by} AS key, count(*) AS number FROM {counts} WHERE ({where}) GROUP BY 1").format(
        by=sql.Identifier(counter.by), counts=identifier(counter.counts), where=raw(counter.where)
    )
    query = sql.SQL(
        "SELECT count(*) OVER (), t.{key}::text, t.{column}::text, coalesce(c.number, 0) "
        "FROM {table} AS t LEFT JOIN ({counted}) AS c ON c.key = t.{key} "
        "WHERE t.{column} IS DISTINCT FROM coalesce(c.number, 0) ORDER BY t.{key} LIMIT {limit}"
    ).format(
        key=sql.Identifier(counter.key),
        column=sql.Identifier(column),
        table=identifier(table),
        counted=counted,
        limit=sql.Literal(SAMPLE),
    )
    try:
        rows = fetch(connection, query)
    except psycopg.Error as error:
        yield Unproven(f"{subject} cannot be compared: {problem(error)}", object=subject)
        return
    if rows:
        number = rows[0][0]
        evidence = samples((counter.key, "stored", "counted"), [row[1:] for row in rows])
        yield Finding(
            f"{subject} is wrong in {count_of(number, 'row')}: for {counter.key} {rows[0][1]} it says "
            f"{'NULL' if rows[0][2] is None else rows[0][2]}, {counter.counts} has {rows[0][3]}",
            object=subject,
            evidence={"rows": number, "sample": evidence},
            fix=f"UPDATE {quoted(table)} AS t SET {quote(column)} = "
            f"(SELECT count(*) FROM {quoted(counter.counts)} AS c "
            f"WHERE c.{quote(counter.by)} = t.{quote(counter.key)}{_and(counter.where)});",
        )


def _and(condition: str) -> str:
    """A declared condition as the end of another one; empty where none was declared."""
    return f" AND ({condition})" if condition != "true" else ""


@rule(severity=Severity.ERROR)
def counter_drift(
    connection: Connection,
    expectations: Expectations,
    catalog: Catalog | None = None,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
) -> Iterator[Result]:
    """A stored count that an operation on the counted rows leaves wrong.

    Rows are generated, and inserted, updated, moved to another parent, deleted, truncated, overwritten and handed to
    the chain's functions; the counter is compared with the count after each, and everything is rolled back. Counters
    are those under [[expect.counters]], and integer columns that are named like one (``<rows>_count``, ``num_<rows>``,
    ``total_<rows>``) and kept by a trigger on a table with a foreign key; which rows those count is seen right after
    an INSERT.

    Why: limits, invoices and dashboards work with the stored number, and it is wrong from the first such operation on.
    Fix: let a trigger on INSERT, UPDATE and DELETE count anew, for the old and the new parent; then count once.
    Not reported: operations that the schema refuses; declared counters that nothing in the schema keeps.
    """
    own = own_catalog(connection, catalog, timeline)
    scripts = timeline.chain.scripts if timeline else ()
    found = list(counts_of(own, expectations.counters))
    if not found:
        yield NotApplicable("no counter is declared under [[expect.counters]], and none that a trigger keeps was found")
    yield from (Unproven(each) for each in found if isinstance(each, str))
    counts = [each for each in found if isinstance(each, Count)]
    kept = [count for count in counts if count.keepers or count.by_functions]
    yield from (NotApplicable(f"nothing in the schema keeps {count.subject}") for count in counts if count not in kept)
    if not kept:
        return
    known = Known.of(scripts, settings, own)
    for count in kept:
        outcome = tried(connection, own, count, known)
        yield from told(count, outcome.drifts, scripts)
        if outcome.unproven:
            yield Unproven(f"{count.subject}: {outcome.unproven}", object=count.subject)


@rule(severity=Severity.ERROR)
def backfill_coverage(connection: Connection, expectations: Expectations) -> Iterator[Result]:
    """A column that is filled in fewer rows than declared.

    Why: the backfill stopped early, missed a kind of row, or did not run.
    Fix: repeat the backfill for the rows that are NULL, or correct the share under [[expect.backfills]].
    """
    if not expectations.backfills:
        yield NotApplicable("no backfill is declared under [[expect.backfills]]")
    for backfill in expectations.backfills:
        yield from _coverage(connection, backfill)


def _coverage(connection: Connection, backfill: Backfill) -> Iterator[Result]:
    table, column = split_column(backfill.column)
    subject = f"{table}.{column}"
    query = sql.SQL("SELECT count(*), count({}) FROM {} WHERE ({})").format(
        sql.Identifier(column), identifier(table), raw(backfill.where)
    )
    try:
        total, filled = fetch(connection, query)[0]
    except psycopg.Error as error:
        yield Unproven(f"{subject} cannot be counted: {problem(error)}", object=subject)
        return
    if not total:
        yield Unproven(f"{table} has no row to show how far {column} is filled", object=subject)
    elif filled < total * backfill.at_least:
        yield Finding(
            f"{subject} is filled in {filled} of {count_of(total, 'row')} ({filled / total:.1%}), "
            f"wanted {backfill.at_least * 100:g}%",
            object=subject,
            evidence={"rows": total, "filled": filled, "want": backfill.at_least},
            fix=f"UPDATE {quoted(table)} SET {quote(column)} = ... "
            f"WHERE {quote(column)} IS NULL{_and(backfill.where)};",
        )


@rule(severity=Severity.ERROR)
def duplicate_rows(connection: Connection, expectations: Expectations) -> Iterator[Result]:
    """Rows that share what was declared to be unique.

    As in a UNIQUE constraint, rows with a NULL among these columns are not compared.

    Why: look-ups that expect one row find several, and the unique index of a later migration cannot be made.
    Fix: merge or delete the duplicates, then add a UNIQUE constraint that keeps it so.
    """
    if not expectations.unique:
        yield NotApplicable("nothing is declared under [[expect.unique]]")
    for unique in expectations.unique:
        yield from _duplicates(connection, unique)


def _duplicates(connection: Connection, unique: Unique) -> Iterator[Result]:
    table = ".".join(split_name(unique.table))
    keys = [sql.SQL("({})").format(raw(column)) for column in unique.columns]
    query = sql.SQL(
        "SELECT count(*) OVER (), sum(count(*)) OVER (), count(*), {shown} FROM {table} "
        "WHERE ({where}) AND {present} GROUP BY {keys} HAVING count(*) > 1 ORDER BY 3 DESC, {keys} LIMIT {limit}"
    ).format(
        shown=sql.SQL(", ").join(sql.SQL("{}::text").format(key) for key in keys),
        table=identifier(table),
        where=raw(unique.where),
        present=sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(key) for key in keys),
        keys=sql.SQL(", ").join(keys),
        limit=sql.Literal(SAMPLE),
    )
    try:
        rows = fetch(connection, query)
    except psycopg.Error as error:
        yield Unproven(f"{table} cannot be compared: {problem(error)}", object=table)
        return
    if rows:
        groups, number = rows[0][0], int(rows[0][1])
        columns = ", ".join(unique.columns)
        yield Finding(
            f"{number} rows of {table} share {count_of(groups, 'value')} of ({columns})",
            object=table,
            evidence={
                "values": groups,
                "rows": number,
                "sample": samples(("rows", *unique.columns), [r[2:] for r in rows]),
            },
            fix=f"CREATE UNIQUE INDEX ON {quoted(table)} ({columns})"
            + (f" WHERE {unique.where};" if unique.where != "true" else ";"),
        )


@rule(severity=Severity.ERROR)
def rows_conserved(step: Step) -> Iterator[Result]:
    """A migration that loses rows of a table that it does not mention.

    Mentioned is a table whose name stands in a statement of the migration, a partition or inheritance child whose
    parent is mentioned, and every name in the bodies of DO blocks and functions that the migration writes. A function
    or view that an earlier file made and the migration uses counts as if its definition stood in the migration. Rows
    gained without being mentioned, by a trigger for instance, are info.

    Why: a cascade or a trigger deleted what nobody meant to touch.
    Fix: look for ON DELETE CASCADE and for triggers on the tables that the migration does mention.
    """
    run = step.run
    if run.outcome is not Outcome.APPLIED:
        yield NotApplicable(f"{step.migration.file} was not applied")
        return
    if not run.rows_before:
        yield NotApplicable("no table held rows before this migration")
        return
    numbers = {
        table: (run.rows_before.get(table, 0), run.rows_after.get(table, 0))
        for table in sorted(run.rows_before.keys() | run.rows_after.keys())
    }
    changed = {table: (before, after) for table, (before, after) in numbers.items() if before != after}
    if not changed:
        return
    above = parents(step.chain)
    mentions = mentions_of((each.statement.sql for each in run.statements), _until(step))
    for table, (before, after) in changed.items():
        if mentions.include(table, above):
            continue
        yield Finding(
            f"{table} went from {before} to {count_of(after, 'row')}, though {step.migration.file} does not mention it",
            object=table,
            evidence={"before": before, "after": after},
            severity=Severity.ERROR if after < before else Severity.INFO,
        )


def _until(step: Step) -> Iterator[Script]:
    """The scripts of a chain up to this migration."""
    applied = {*step.applied_before, step.migration.file}
    return (script for script in step.chain.scripts if script.file in applied)
