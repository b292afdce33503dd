"""A migration applied a second time on top of itself, once for all rules that judge it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migrate_validate.catalog.diff import CatalogDiff, Difference, compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement, TransactionMode
from migrate_validate.chain.statements import statements
from migrate_validate.config import Settings
from migrate_validate.data.comparing import TableChange
from migrate_validate.data.comparing import compare as compare_rows
from migrate_validate.data.keeping import Kept, KeptColumn, keep, never
from migrate_validate.replay.plan import plan
from migrate_validate.replay.runner import NO_TRANSACTION_STATES
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial

from .._existing_data.tables import met
from .._existing_data.words import words_of
from .._filling import fill_before
from .._mentions import Mentions, parents
from .._shared import Connection

_LONGEST_LOCATED = 200
"""Statements of a file, up to which the catalog is read after each to see which one has changed it."""
_EXISTS_ALREADY = frozenset({"42710", "42P07", "42701", "42723", "42P06", "42P16", "42704", "42P01", "42703"})
"""SQLSTATEs of what a second application meets (the object is there, or gone): the same in any transaction."""
_OF_THIS_TRANSACTION = ("25", "2D", "3B", "55", "42P03", "42P05")
"""SQLSTATEs, or their classes, that depend on the transaction and on what the first application did in the same one."""
_ENDED = frozenset({"57014", "57P01"})
"""SQLSTATEs of a statement, or a session, that was ended: nobody waits for it again."""
_WRITES = frozenset({"insert", "update", "delete", "merge", "copy", "truncate", "select", "do", "call"})
DRAWS = (0, 1)
"""Of generated rows: where the migration refuses the first ones, others are tried."""
_SAVEPOINT = "migrate_validate_first"
_MARKS = """
    select c.oid::bigint, n.nspname || '.' || c.relname, c.relfilenode::bigint,
           pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
           + pg_stat_get_xact_tuples_deleted(c.oid),
           coalesce((select m.nspname || '.' || r.relname
                     from pg_class r join pg_namespace m on m.oid = r.relnamespace
                     where r.oid = pg_partition_root(c.oid)), n.nspname || '.' || c.relname)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence <> 't'
      and c.oid >= 16384
"""

Refusal = tuple[Statement | None, Failure]
"""A statement that fails, and why; no statement: the end of the transaction."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What one statement changes in the schema when it is applied again."""

    statement: Statement | None
    """None: it is not known which one."""
    diff: CatalogDiff
    """From the schema after the first application (want) to that after the second one (have)."""


@dataclass(frozen=True, slots=True)
class Twice:
    """What a second application does."""

    unproven: str = ""
    """Why there was none."""
    refused: tuple[Refusal, ...] = ()
    """The statements that fail; what the others would change is not judged then."""
    schema: tuple[SchemaChange, ...] = ()
    rows: tuple[TableChange, ...] = ()
    generated: tuple[TableChange, ...] = ()
    """The same in tables of the chain that held generated rows besides; those of ``rows`` are not among them."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Tables, ``schema.name``, that it may have written and whose rows could not be read, and why."""

    @property
    def plain(self) -> bool:
        """Whether it does not depend on the transaction in which it was found."""
        if self.unproven or self.schema or self.rows:
            return False
        states = [failure.sqlstate or "" for _, failure in self.refused]
        sure = not states or any(state in _EXISTS_ALREADY | _ENDED for state in states)
        return sure and not any(state.startswith(_OF_THIS_TRANSACTION) for state in states)


Prepare = Callable[[Trial], object]
"""Readies the state in which a migration is applied twice."""


def apply_twice(stage: Stage, settings: Settings) -> Twice:
    """Apply the migration of a stage twice: on the rows of the chain, and where that goes well, on generated ones.

    :raises StageLost: when the chain cannot be applied again up to here
    :raises ConfigError: when rows that the user gives for a table cannot be had
    """
    return stage.once("applied twice", lambda: _examine(stage, settings))


def _examine(stage: Stage, settings: Settings) -> Twice:
    own = _tried(stage, lambda _: None)
    if own.unproven or own.refused:
        return own
    for draw in DRAWS:
        with_rows = _on_generated(stage, settings, draw)
        if not with_rows.unproven:
            break
    known = {change.name for change in own.rows}
    # That it fails on some rows is a matter of other rules.
    return replace(own, generated=tuple(change for change in with_rows.rows if change.name not in known))


def _on_generated(stage: Stage, settings: Settings, draw: int) -> Twice:
    filled: set[str] = set()

    def fill(trial: Trial) -> None:
        before = trial.catalog()
        names = met(stage.step, before, words_of(stage.migration.up, before))
        filled.update(fill_before(trial.connection, stage, settings, before, names, draw=draw).rows)

    return _tried(stage, fill, lambda: bool(filled))


def _tried(stage: Stage, prepare: Prepare, wanted: Callable[[], bool] = lambda: True) -> Twice:
    """Apply it twice in a state that is made ready for it.

    :param wanted: says whether it is worth while, when the state is ready
    """
    up = stage.migration.up
    if stage.step.run.mode is not TransactionMode.FILE:
        with stage.trial(clone=True) as trial:
            prepare(trial)
            return _on_copy(trial, up, one_transaction=False) if wanted() else Twice()
    with stage.trial(up) as trial:
        prepare(trial)
        if not wanted():
            return Twice()
        found = _inside(trial, up) if trial.database is None else _on_copy(trial, up, one_transaction=True)
        if found.plain or trial.database is not None:
            return found
    with stage.trial(clone=True) as trial:
        prepare(trial)
        compared = not (found.refused or found.unproven)
        confirmed = _on_copy(trial, up, one_transaction=True, times=compared)
    if not compared:
        return confirmed
    schema, rows = _both(found, confirmed), _both_rows(found, confirmed)
    return replace(confirmed, schema=schema, rows=rows, unread=found.unread)


def _both(found: Twice, confirmed: Twice) -> tuple[SchemaChange, ...]:
    """What was found in both places, with the statements that the first one knows."""
    there = {difference for change in confirmed.schema for difference in change.diff.differences}
    kept = (
        replace(change, diff=CatalogDiff(tuple(each for each in change.diff.differences if each in there)))
        for change in found.schema
    )
    return tuple(change for change in kept if change.diff)


def _both_rows(found: Twice, confirmed: Twice) -> tuple[TableChange, ...]:
    """What was found in both places: in a transaction time stands still, on a copy COMMIT is what it is."""
    there = {change.name for change in confirmed.rows}
    return tuple(change for change in found.rows if change.name in there)


def _inside(trial: Trial, up: Script) -> Twice:
    """In one transaction, which can go back to where the migration was applied once."""
    first = trial.apply(up)
    if first.failure is not None:
        return Twice(unproven=_not_even_once(first.failure))
    connection = trial.connection
    connection.execute(f"savepoint {_SAVEPOINT}".encode())
    marks = _marks(connection)
    second = trial.apply(up)
    if second.failure is not None:
        return Twice(refused=_refused(trial, up, second.failure))
    tables = _written(marks, _marks(connection))
    present = keep(connection, tables)
    after = trial.catalog()
    connection.execute(f"rollback to savepoint {_SAVEPOINT}".encode())
    kept = keep(connection, tables)
    before = trial.catalog()
    schema = _located(trial, up, before, compare(before, after)) if before != after else ()
    return Twice(schema=schema, rows=changed_rows(connection, kept, present), unread=kept.left_out)


def _marks(connection: Connection) -> Mapping[int, tuple[object, ...]]:
    """For each table what changes where its rows do, within one transaction; the name of whose rows they are, last."""
    return {oid: tuple(mark) for oid, *mark in connection.execute(_MARKS)}


def _written(before: Mapping[int, tuple[object, ...]], after: Mapping[int, tuple[object, ...]]) -> Collection[str]:
    """The tables that may have other rows; partitions by the table that they belong to."""
    changed = {str(mark[-1]) for oid, mark in before.items() if after.get(oid) != mark}
    return changed | {str(mark[-1]) for oid, mark in after.items() if oid not in before}


def changed_rows(connection: Connection, kept: Kept, present: Kept, *, times: bool = True) -> tuple[TableChange, ...]:
    """The tables whose rows are not those that were kept. Tables that are gone are a matter of the schema.

    :param times: whether values of date and time count
    """
    leave_out = never if times else _is_time
    changes = compare_rows(connection, kept, present, follow=False, leave_out=leave_out)
    found = tuple(each for each in changes if each.present is not None and each.other_rows)
    known = _without_numbers(connection, kept, present) if found else ()
    return tuple(each for each in found if each.name in known)


def _without_numbers(connection: Connection, kept: Kept, present: Kept) -> Collection[str]:
    """The tables whose rows differ by more than numbers that the database gives, in an order that nobody states."""
    changes = compare_rows(connection, kept, present, follow=False, leave_out=_is_number)
    return {each.name for each in changes if each.present is not None and each.other_rows}


def _is_number(column: KeptColumn) -> bool:
    return column.automatic or column.reference


def _is_time(column: KeptColumn) -> bool:
    return column.time


def _located(trial: Trial, up: Script, before: Catalog, diff: CatalogDiff) -> tuple[SchemaChange, ...]:
    """The differences by the statement that makes them: each is applied again."""
    if len(statements(up)) > _LONGEST_LOCATED:
        return (SchemaChange(None, diff),)
    seen: list[tuple[Statement, Catalog]] = []
    trial.each(up, lambda statement: seen.append((statement, trial.catalog())))
    return _by_statement(before, seen, diff)


def _by_statement(
    before: Catalog, seen: list[tuple[Statement, Catalog]], diff: CatalogDiff
) -> tuple[SchemaChange, ...]:
    makers: dict[str, Statement] = {}
    for statement, after in seen:
        if after != before:
            makers |= {difference.object: statement for difference in compare(before, after).differences}
        before = after
    grouped: dict[Statement | None, list[Difference]] = {}
    for difference in diff.differences:
        grouped.setdefault(makers.get(difference.object), []).append(difference)
    return tuple(SchemaChange(statement, CatalogDiff(tuple(each))) for statement, each in grouped.items())


def _on_copy(trial: Trial, up: Script, *, one_transaction: bool, times: bool = False) -> Twice:
    """On a copy, with transactions of its own.

    :param times: whether values of date and time count; they differ for no other reason than that time goes on
    """
    first = trial.apply(up)
    if first.failure is not None:
        return Twice(unproven=_not_even_once(first.failure))
    before, kept = trial.catalog(), keep(trial.connection)
    seen: list[tuple[Statement, Catalog]] = []
    if one_transaction or plan(up).mode is TransactionMode.FILE:
        second = trial.apply(up)
        refused = _refused(trial, up, second.failure) if second.failure else ()
    else:
        locate = len(statements(up)) <= _LONGEST_LOCATED
        start = trial.catalog()
        refused = trial.each(up, lambda each: seen.append((each, trial.catalog() if locate else start)))
        before_each = start
    if refused or trial.connection.closed:
        return Twice(refused=refused)
    rows = changed_rows(trial.connection, kept, keep(trial.connection), times=times)
    after = trial.catalog()
    diff = compare(before, after)
    return Twice(schema=_by_statement(before_each if seen else before, seen, diff) if diff else (), rows=rows)


def _refused(trial: Trial, up: Script, why: Failure) -> tuple[Refusal, ...]:
    """All statements that fail, where the first one was told by the application of the whole."""
    if trial.connection.closed or why.at_commit or why.sqlstate in _ENDED:
        return ((failed_statement(up, why), why),)
    refused = tuple(
        (statement, failure) for statement, failure in trial.each(up) if failure.sqlstate not in NO_TRANSACTION_STATES
    )
    return refused or ((failed_statement(up, why), why),)


def failed_statement(up: Script, why: Failure) -> Statement | None:
    """The statement of a script that failed; None where that is not known."""
    return next((each for each in statements(up) if each.sql == why.statement), None)


def _not_even_once(why: Failure) -> str:
    return f"the migration could not be applied once more in the state before it: {why.location}: {why.message}"


def writer_of(stage: Stage, table: str) -> Statement | None:
    """The first statement that writes rows and mentions the table or its parents; else the first that mentions it.

    :param table: ``schema.name``
    """
    above = parents(stage.chain)
    mentioning = [each for each in statements(stage.migration.up) if Mentions.of([each.sql]).include(table, above)]
    writing: Iterator[Statement] = (each for each in mentioning if each.kind in _WRITES)
    return next(writing, next(iter(mentioning), None))
