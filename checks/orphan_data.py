"""Rows that refer to rows that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from migrate_validate.catalog.model import Catalog, Column, Constraint, Table
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.timeline import Timeline
from migrate_validate.rules import rule
from migrate_validate.syntax import parse, walk

from ._orphans.dangling import Orphaning, tried
from ._playground import Known, Link, location_of
from ._shared import (
    SAMPLE,
    Connection,
    count_of,
    declared_foreign_keys,
    fetch,
    only,
    own_catalog,
    problem,
    quoted,
    quoted_list,
    samples,
)

_KEEPS_WHAT_WAS = re.compile(r"(?:^|_)(?:audits?|logs?|history|histories|events?|archived?|archives|trail)(?:_|$)")
"""In the names of tables whose rows outlive what they are about."""


@rule(severity=Severity.ERROR)
def orphaned_rows(
    connection: Connection, catalog: Catalog | None = None, timeline: Timeline | None = None
) -> Iterator[Result]:
    """Rows whose declared foreign key leads to no row.

    Every declared key is looked at: NOT VALID and NOT ENFORCED ones, composite ones, those from and to partitioned
    tables. MATCH SIMPLE lets a key with a NULL pass, MATCH FULL only one that is all NULL.

    Why: joins lose these rows, VALIDATE CONSTRAINT and a restore of a dump fail on them.
    Fix: point the rows to a row that exists, or delete them; then validate the constraint.
    """
    catalog = own_catalog(connection, catalog, timeline)
    keys = list(declared_foreign_keys(catalog))
    if not keys:
        yield NotApplicable("the schema has no foreign key")
    for table, key in keys:
        yield from _orphans(connection, catalog, table, key)


def _orphans(connection: Connection, catalog: Catalog, table: Table, key: Constraint) -> Iterator[Result]:
    subject = f"{table.qualified_name}.{key.name}"
    if key.references is None or not key.referenced_columns or _is_temporal(key):
        yield Unproven("keys over periods are not compared", object=subject)
        return
    condition = _dangling(key, only(catalog.table(key.references), key.references))
    try:
        number, names, rows = _rows_where(connection, table, key.columns, condition)
    except psycopg.Error as error:
        yield Unproven(f"{subject} cannot be looked at: {problem(error)}", object=subject)
        return
    if number:
        state = "" if key.validated and key.enforced else " (NOT VALID)" if key.enforced else " (NOT ENFORCED)"
        validate = f"ALTER TABLE {quoted(table.qualified_name)} VALIDATE CONSTRAINT {quoted_list([key.name])};"
        yield Finding(
            f"{count_of(number, 'row')} of {table.qualified_name} ({', '.join(key.columns)}) "
            f"{'refers' if number == 1 else 'refer'} to no row of {key.references}, against {key.name}{state}",
            object=table.qualified_name,
            evidence={"constraint": key.name, "rows": number, "sample": samples(names, rows)},
            fix=_delete(connection, table, condition) + (f" {validate}" if state == " (NOT VALID)" else ""),
        )


def _is_temporal(key: Constraint) -> bool:
    tree = parse(f"ALTER TABLE t ADD {key.definition}")[0].node
    return any(getattr(node, "fk_with_period", False) for node in walk(tree))


def _dangling(key: Constraint, referenced: sql.Composable) -> sql.Composed:
    """The condition, over the alias ``c``, of rows that violate a key."""
    mine = [sql.Identifier("c", column) for column in key.columns]
    theirs = [sql.Identifier("p", column) for column in key.referenced_columns]
    set_ = (sql.SQL("{} IS NOT NULL").format(column) for column in mine)
    equal = (sql.SQL("{} = {}").format(p, c) for p, c in zip(theirs, mine, strict=True))
    return sql.SQL("({}) AND NOT EXISTS (SELECT FROM {} AS p WHERE {})").format(
        sql.SQL(" OR " if key.match == "full" else " AND ").join(set_), referenced, sql.SQL(" AND ").join(equal)
    )


def _rows_where(
    connection: Connection, table: Table, columns: Sequence[str], condition: sql.Composable
) -> tuple[int, list[str], list[list[str | None]]]:
    """How many rows of a table, aliased ``c``, meet a condition; the first of them by primary key and ``columns``."""
    names = list(dict.fromkeys((*(table.primary_key.columns if table.primary_key else ()), *columns)))
    shown = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("c", name)) for name in names)
    order = sql.SQL(", ").join(sql.Identifier("c", name) for name in names)
    query = sql.SQL("SELECT count(*) OVER (), {} FROM {} AS c WHERE {} ORDER BY {} LIMIT {}").format(
        shown, only(table, table.qualified_name), condition, order, sql.Literal(SAMPLE)
    )
    rows = fetch(connection, query)
    return (rows[0][0] if rows else 0), names, [list(row[1:]) for row in rows]


def _delete(connection: Connection, table: Table, condition: sql.Composable) -> str:
    target = only(table, table.qualified_name)
    return sql.SQL("DELETE FROM {} AS c WHERE {};").format(target, condition).as_string(connection)


@rule(severity=Severity.WARNING)
def suspected_orphans(
    connection: Connection,
    catalog: Catalog | None = None,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
) -> Iterator[Result]:
    """Rows of a column that looks like a reference, has no foreign key, and leads to no row.

    A column looks like one by its name, ``<table>_id`` or the table's singular with ``_id`` or ``_uuid``, and by its
    type, that of the table's key of one column. A warning where other rows of the column do lead to rows; info where
    none does, for then the name may mislead.

    Why: without a constraint nothing keeps the two tables together, and here they have come apart.
    Fix: repair the rows and add the foreign key, or name the column under suspected_orphans_ignore.
    """
    catalog = own_catalog(connection, catalog, timeline)
    ignored = settings.suspected_orphans_ignore if settings else ()
    pairs = [pair for pair in _lookalikes(catalog) if f"{pair[0].qualified_name}.{pair[1].name}" not in ignored]
    if not pairs:
        yield NotApplicable("no column without a foreign key looks like a reference")
    for table, column, target, key in pairs:
        subject = f"{table.qualified_name}.{column.name}"
        constraint = Constraint("", "foreign key", "", (column.name,), target.qualified_name, (key.name,))
        condition = _dangling(constraint, only(target, target.qualified_name))
        try:
            number, names, rows = _rows_where(connection, table, [column.name], condition)
            filled = _filled(connection, table, column) if number else 0
        except psycopg.Error as error:
            yield Unproven(f"{subject} cannot be looked at: {problem(error)}", object=subject)
            continue
        if number:
            yield Finding(
                f"{number} of {count_of(filled, 'row')} of {subject} {'leads' if number == 1 else 'lead'} "
                f"to no row of {target.qualified_name}, "
                "and no foreign key is declared",
                object=subject,
                evidence={"rows": number, "filled": filled, "sample": samples(names, rows)},
                fix=f"ALTER TABLE {quoted(table.qualified_name)} ADD FOREIGN KEY ({quoted_list([column.name])}) "
                f"REFERENCES {quoted(target.qualified_name)} ({quoted_list([key.name])}) NOT VALID;",
                severity=Severity.WARNING if number < filled else Severity.INFO,
            )


@rule(severity=Severity.WARNING)
def orphans_possible(
    connection: Connection,
    catalog: Catalog | None = None,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
) -> Iterator[Result]:
    """A column that looks like a reference, has no foreign key, and can be left leading to no row.

    A row and one that refers to it are generated; the first one is deleted, by a DELETE, by one of a table from which a
    foreign key cascades to it, and by the chain's own functions; then its reference is looked at. All is rolled back.
    Of a table that keeps what was (audit, log, history, events) it is info.

    Why: joins lose such rows, code that follows the reference fails, and a foreign key cannot be added any more.
    Fix: add the foreign key, or name the column under suspected_orphans_ignore.
    Not reported: references that a trigger clears, follows or protects; polymorphic ones (``item_type`` and
    ``item_id``), which no foreign key could hold.
    """
    own = own_catalog(connection, catalog, timeline)
    ignored = settings.suspected_orphans_ignore if settings else ()
    links = [
        Link(table, (column.name,), target, (key.name,))
        for table, column, target, key in _lookalikes(own)
        if f"{table.qualified_name}.{column.name}" not in ignored and not _polymorphic(table, column)
    ]
    if not links:
        yield NotApplicable("no column without a foreign key looks like a reference")
        return
    scripts = timeline.chain.scripts if timeline else ()
    known = Known.of(scripts, settings, own)
    for link in links:
        outcome = tried(connection, own, link, known)
        subject = f"{link.child.qualified_name}.{link.columns[0]}"
        if outcome.unproven:
            yield Unproven(f"{subject}: {outcome.unproven}", object=subject)
        elif outcome.orphanings:
            location = location_of(scripts, "column", link.columns[0], link.child.name)
            yield _possible(link, subject, outcome.orphanings, location)


def _possible(link: Link, subject: str, orphanings: Sequence[Orphaning], location: Location | None) -> Finding:
    first, *others = orphanings
    return Finding(
        f"{first.said} leaves rows of {link.child.qualified_name} whose {link.columns[0]} leads nowhere: "
        "no foreign key is declared, and no trigger steps in",
        object=subject,
        location=location,
        statement=first.statement,
        evidence={
            **({"also_after": [each.said for each in others]} if others else {}),
            "script": "\n".join(f"{each};" for each in first.script),
        },
        fix=_reference(link),
        severity=Severity.INFO if _KEEPS_WHAT_WAS.search(link.child.name) else None,
    )


def _reference(link: Link) -> str:
    """The statements that add the foreign key; a partitioned table takes only one that is valid at once."""
    child, name = quoted(link.child.qualified_name), quoted_list([f"{link.child.name}_{link.columns[0]}_fkey"])
    add = (
        f"ALTER TABLE {child} ADD CONSTRAINT {name} FOREIGN KEY ({quoted_list(link.columns)}) "
        f"REFERENCES {quoted(link.parent.qualified_name)} ({quoted_list(link.keys)})"
    )
    if link.child.kind == "partitioned table":
        return f"{add};"
    return f"{add} NOT VALID;\nALTER TABLE {child} VALIDATE CONSTRAINT {name};"


def _polymorphic(table: Table, column: Column) -> bool:
    """Whether another column tells which table is meant."""
    stem = column.name.rpartition("_")[0]
    return any(table.column(f"{stem}_{word}") is not None for word in ("type", "table", "kind"))


def _filled(connection: Connection, table: Table, column: Column) -> int:
    query = sql.SQL("SELECT count({}) FROM {} AS c").format(
        sql.Identifier("c", column.name), only(table, table.qualified_name)
    )
    return int(fetch(connection, query)[0][0])


def _lookalikes(catalog: Catalog) -> Iterator[tuple[Table, Column, Table, Column]]:
    """Columns that look like references, and the table and key that they seem to mean."""
    targets: dict[str, list[tuple[Table, Column]]] = {}
    tables = [table for table in catalog.tables if table.partition_of is None and table.kind != "foreign table"]
    for table in tables:
        primary = table.primary_key
        key = table.column(primary.columns[0]) if primary and len(primary.columns) == 1 else None
        if key:
            targets.setdefault(table.name, []).append((table, key))
    for table in tables:
        referring = {column for key in table.foreign_keys for column in key.columns}
        for column in table.columns:
            stem, _, ending = column.name.rpartition("_")
            if not stem or ending not in ("id", "uuid") or column.name in referring:
                continue
            if _is_own_key(table, column, stem):
                continue
            meant = [pair for name in _table_names(stem) for pair in targets.get(name, ())]
            meant = [(t, k) for t, k in meant if k.type == column.type and (t, k.name) != (table, column.name)]
            near = [pair for pair in meant if pair[0].schema == table.schema] or meant
            if len(near) == 1:
                yield table, column, *near[0]


def _is_own_key(table: Table, column: Column, stem: str) -> bool:
    """Whether a column tells the rows of its own table apart: ``orders.order_id``, whatever else is called orders."""
    primary = table.primary_key
    return primary is not None and primary.columns == (column.name,) and table.name in _table_names(stem)


def _table_names(singular: str) -> tuple[str, ...]:
    """What a table may be called whose rows are each a ``singular``."""
    ending_y = (f"{singular[:-1]}ies",) if singular.endswith("y") else ()
    return (singular, f"{singular}s", f"{singular}es", *ending_y)
