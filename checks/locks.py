"""Locks: what a migration keeps others from, and the work that it does meanwhile, as measured on the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import StatementRun, Step
from migrate_validate.rules import rule

from ._locks import safer
from ._locks.crowd import DEADLOCK, Crowd, try_with_crowd
from ._locks.locking import STRONGEST, Cause, Lock, Work, inapplicable, names_of, span, works
from ._locks.lookups import by_key
from ._shared import count_of

_ONE_WORD = frozenset({"call", "cluster", "copy", "do", "lock", "reindex", "truncate", "vacuum"})
"""Kinds whose second word is no part of what they are called."""
_NOTICED_MS = 1000
"""A wait that users take for a failure."""
_NOT_OBSERVED = frozenset({"call", "do", "unparsed"})
"""Kinds that may lock a table against others, and that cannot be observed where they run alone."""


@rule(
    severity=Severity.WARNING,
    aliases=["squawk:changing-column-type", "squawk:adding-field-with-default", "eugene:E10"],
)
def table_rewrite(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """A statement that writes a table that existed anew, while nobody else can use it.

    Seen by the number of the table's file, which changes even if the table is empty. TRUNCATE does not count.

    Why: on a large table this takes minutes or hours, in which every query of the table waits.
    Fix: add a new column beside the old one, fill it in small batches, and exchange the two.
    """

    def message(work: Work, lock: Lock) -> str:
        what = "materialized view " if lock.kind == "materialized view" else ""
        return f"{what}{lock.relation} is written anew under {_held(step, work, lock)}"

    yield from _report(step, Cause.REWRITE, message, catalog)


@rule(
    severity=Severity.WARNING,
    aliases=["squawk:require-concurrent-index-creation", "squawk:disallowed-unique-constraint", "eugene:E6"],
)
def index_built_under_lock(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """An index of a table that existed is built while others cannot write it.

    Why: the whole table is read and sorted; meanwhile every INSERT, UPDATE and DELETE waits.
    Fix: CREATE INDEX CONCURRENTLY, in a file of its own; a constraint can take over such an index.
    """

    def message(work: Work, lock: Lock) -> str:
        return f"an index of {lock.relation} is built under {_held(step, work, lock)}"

    yield from _report(step, Cause.INDEX, message, catalog)


@rule(
    severity=Severity.WARNING,
    aliases=["squawk:constraint-missing-not-valid", "squawk:adding-foreign-key-constraint", "eugene:E1"],
)
def constraint_validated_under_lock(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """A constraint is checked against all rows of a table that existed, while others cannot write it.

    VALIDATE CONSTRAINT in the transaction that added the constraint is the same: its lock is still held.

    Why: the whole table is read, and for a foreign key the other one is looked up, while writes or all queries wait.
    Fix: add it NOT VALID, and validate it in a later migration, which locks nobody out.
    """

    def message(work: Work, lock: Lock) -> str:
        return f"all rows of {lock.relation} are checked against a constraint under {_held(step, work, lock)}"

    yield from _report(step, Cause.CONSTRAINT, message, catalog)


@rule(severity=Severity.WARNING, aliases=["squawk:adding-not-nullable-field", "eugene:E2"])
def set_not_null_scan(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """SET NOT NULL reads all rows of a table that existed, while nobody else can use it.

    Where a valid CHECK proves that there is no NULL, PostgreSQL does not read the table, and nothing is reported.

    Why: the time that it takes grows with the table, and every query of it waits.
    Fix: prove it before by a CHECK that is added NOT VALID and validated without a lock.
    """

    def message(work: Work, lock: Lock) -> str:
        return f"all rows of {lock.relation} are searched for NULL under {_held(step, work, lock)}"

    yield from _report(step, Cause.NOT_NULL, message, catalog)


@rule(severity=Severity.WARNING)
def full_scan_under_lock(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """A statement that locks a table that existed against others, and reads it from start to end.

    Partitions that are attached, default partitions, domains, DO blocks that lock and read; what the rules for indexes,
    constraints and NOT NULL report is not reported again.

    Why: the time that it takes grows with the table, and others wait for all of it.
    Fix: let a valid CHECK prove what is looked for, or read before the transaction that takes the lock.
    """

    def message(work: Work, lock: Lock) -> str:
        return f"{lock.relation} is read from start to end under {_held(step, work, lock)}"

    yield from _report(step, Cause.SCAN, message, catalog)


def _report(
    step: Step, cause: Cause, message: Callable[[Work, Lock], str], catalog: Catalog | None
) -> Iterator[Result]:
    nothing = inapplicable(step)
    if nothing is not None:
        yield nothing
        return
    for work in works(step):
        if cause not in work.causes:
            continue
        lock = work.subject
        held = span(step, lock.number)
        yield Finding(
            message(work, lock),
            object=lock.relation,
            location=work.run.statement.location,
            statement=work.run.statement.sql,
            evidence={
                "lock": lock.mode,
                "blocks": lock.blocks,
                "held_ms": held.held_ms,
                "commit_ms": held.commit_ms,
                "statement_ms": round(work.run.duration_ms, 1),
                "rows_read": sum(each.rows_read for each in work.occupied),
                "others": [each.relation for each in work.occupied if each.relation != lock.relation],
            },
            fix=safer.safe_way(work, catalog),
        )


def _held(step: Step, work: Work, lock: Lock) -> str:
    """``ShareLock: others cannot write it until COMMIT``."""
    runs = step.run.statements
    taken, line = runs[lock.number].statement.location.line, work.run.statement.location.line
    since = "" if taken == line else f" (taken on line {taken})"
    cannot = "others can neither read nor write it" if lock.mode == STRONGEST else "others cannot write it"
    last = span(step, lock.number).last
    until = f"until COMMIT, after line {last.statement.location.line}" if last is not work.run else "meanwhile"
    return f"{lock.mode}{since}: {cannot} {until}"


@rule(severity=Severity.WARNING, aliases=["eugene:E4"])
def lock_held_while(step: Step, catalog: Catalog | None = None) -> Iterator[Result]:
    """Statements that take time, under a lock that an earlier statement of the transaction took.

    The lock is an AccessExclusiveLock on a relation that existed before the migration. What takes time is what grows
    with the data: reading a table that existed from start to end, or writing a thousand rows. Rows that are looked up
    by the first column of an index do not count, nor statements that another rule of locks reports.

    Why: adding a column takes an instant, but the table stays closed until COMMIT, with all that comes before it.
    Fix: put what locks and what works into migrations of their own.
    """
    nothing = inapplicable(step)
    if nothing is not None:
        yield nothing
        return
    runs = step.run.statements
    found = (work for work in works(step) if work.earlier and not work.causes)
    waiting = [work for each in found if (work := _growing(each, catalog)).lasting]
    for _, group in groupby(waiting, key=lambda work: work.run.transaction):
        same = list(group)
        locks = same[0].earlier
        takers = list(dict.fromkeys(lock.number for lock in locks))
        first = runs[takers[0]]
        lines = names_of([str(runs[number].statement.location.line) for number in takers])
        taken = f"line{'s' if len(takers) > 1 else ''} {lines}"
        working = ", ".join(f"{_named(work.run)} {work.lasting}" for work in same[:3])
        more = f", and {count_of(len(same) - 3, 'more statement')}" if len(same) > 3 else ""
        yield Finding(
            f"{STRONGEST} on {names_of([lock.relation for lock in locks])} (taken on {taken}) is held while "
            f"{working}{more}",
            object=locks[0].relation,
            location=first.statement.location,
            statement=first.statement.sql,
            evidence={
                "locked": [lock.relation for lock in locks],
                "working": [
                    {"statement": f"{_named(work.run)} {work.lasting}", "statement_ms": round(work.run.duration_ms, 1)}
                    for work in same
                ],
                "held_ms": span(step, takers[0]).held_ms,
                "commit_ms": span(step, takers[0]).commit_ms,
            },
            fix=safer.apart([runs[number] for number in takers], [work.run for work in same]),
        )


def _growing(work: Work, catalog: Catalog | None) -> Work:
    """The work without the tables in which it looks up rows by a key."""
    tables = catalog.tables_by_name if catalog is not None else {}
    indexed = {
        each.relation: {index.keys[0] for index in tables[each.relation].indexes if index.keys and not index.predicate}
        for each in work.scanned
        if each.relation in tables
    }
    sought = {name for name, keys in indexed.items() if work.tree is not None and by_key(work.tree, name, keys)}
    touched = tuple(each for each in work.run.touched if each.relation not in sought)
    return replace(work, run=replace(work.run, touched=touched))


def _named(run: StatementRun) -> str:
    """``UPDATE (line 3)``."""
    kind, text = run.statement.kind, run.statement.sql
    if kind in ("insert", "update", "delete", "merge", "select"):  # They may begin with WITH.
        name = kind.upper()
    else:
        name = " ".join(text.split(None, 2)[: 2 if kind not in _ONE_WORD else 1]).upper()
    return f"{name} (line {run.statement.location.line})"


@rule(severity=Severity.INFO, aliases=["squawk:require-timeout-settings", "squawk:require-lock-timeout", "eugene:E9"])
def lock_queue(step: Step) -> Iterator[Result]:
    """A migration that waits for a lock on a table that existed, with no limit of its own to the waiting.

    A lock_timeout that is given to the role or to the tool that deploys cannot be seen here.

    Why: behind a waiting lock every later query of the table waits too, so that one long report stops everything.
    Fix: set lock_timeout to a few seconds at the start of the file, and apply it again when it failed.
    """
    nothing = inapplicable(step)
    if nothing is not None:
        yield nothing
        return
    unlimited = [lock for work in works(step) if work.run.lock_timeout is None for lock in work.taken]
    if unlimited:
        runs = step.run.statements
        first = runs[unlimited[0].number].statement
        relations = list(dict.fromkeys(lock.relation for lock in unlimited))
        statements = len({lock.number for lock in unlimited})
        yield Finding(
            f"{count_of(statements, 'statement')} may wait for a lock without end: "
            f"no lock_timeout is set when {names_of(relations)} {'is' if len(relations) == 1 else 'are'} locked",
            object=relations[0],
            location=first.location,
            statement=first.sql,
            evidence={"relations": relations},
            fix="SET lock_timeout = '5s';",
        )


@rule(severity=Severity.INFO)
def blocking_locks(step: Step) -> Iterator[Result]:
    """The locks that a migration takes on relations that existed, and that keep others from reading or writing.

    Why: the strongest lock and the time that it is held decide whether users notice the migration.
    Fix: nothing, where they are short; else see what the other rules of locks say.
    """
    for run in step.run.statements:
        if run.transaction is None and run.statement.kind in _NOT_OBSERVED:
            yield Unproven(
                f"{_named(run)} ran outside of any transaction, because it may commit by itself: what it locked was "
                "gone before it could be looked at; put it into a file without statements that cannot run in one"
            )
    nothing = inapplicable(step)
    if nothing is not None:
        yield nothing
        return
    strongest: dict[tuple[int | None, str], list[Lock]] = {}
    for work in works(step):
        for lock in work.taken:
            strongest.setdefault((work.run.transaction, lock.relation), []).append(lock)
    if strongest:
        last = [locks[-1] for locks in strongest.values()]
        first = step.run.statements[last[0].number].statement
        yield Finding(
            f"keeps others from {_listed(last)}",
            object=last[0].relation,
            location=first.location,
            evidence={"locks": [_told(step, lock) for locks in strongest.values() for lock in locks]},
            fix=_soon_over(step, last),
        )


def _soon_over(step: Step, locks: Sequence[Lock]) -> str:
    numbers = sorted({lock.number for lock in locks})
    return safer.soon_over([step.run.statements[number] for number in numbers])


def _listed(locks: Sequence[Lock]) -> str:
    """``reading and writing public.a; writing public.b, public.c``."""
    closed = [lock.relation for lock in locks if lock.mode == STRONGEST]
    unwritten = [lock.relation for lock in locks if lock.relation not in closed]
    parts = [f"reading and writing {names_of(closed)}"] if closed else []
    parts += [f"writing {names_of(unwritten)}"] if unwritten else []
    return "; ".join(parts)


def _told(step: Step, lock: Lock) -> dict[str, object]:
    held = span(step, lock.number)
    return {
        "relation": lock.relation,
        "mode": lock.mode,
        "blocks": lock.blocks,
        "from_line": step.run.statements[lock.number].statement.location.line,
        "until_commit_after_line": held.last.statement.location.line,
        "held_ms": held.held_ms,
        "commit_ms": held.commit_ms,
    }


@rule(severity=Severity.INFO)
def blocked_while(stage: Stage, settings: Settings, catalog: Catalog | None = None) -> Iterator[Result]:
    """How long others are stopped while a migration runs on tables with many rows, as measured.

    The tables that the migration locks against others are filled to the number of rows of ``--migrations-rows``, on a
    copy of the state before it; generated rows are copied, with new values where they must be unique. While the
    migration runs there, two sessions for each table read and write one row again and again. The longest wait of each
    is reported; it is a warning from one second on.

    Why: what takes no time on an empty table may stop the users of a large one for minutes.
    Fix: see what the other rules of locks say of the same migration.
    """
    if settings.rows is None:
        yield NotApplicable("no number of rows is given: --migrations-rows=100000, or rows in the configuration")
        return
    step = stage.step
    nothing = inapplicable(step)
    if nothing is not None:
        yield nothing
        return
    first: dict[str, Lock] = {}
    fixes: dict[str, str] = {}
    for work in works(step):
        for lock in work.taken:
            if lock.kind in ("table", "partitioned table") and lock.relation not in first:
                first[lock.relation] = lock
                fixes[lock.relation] = safer.safe_way(work, catalog) if work.causes else safer.alone(work)
    if not first:
        yield NotApplicable("it locks no table that existed against others")
        return
    crowd = try_with_crowd(stage, list(first), settings.rows)
    if crowd.deadlock is not None:
        yield Finding(
            f"{step.migration.file} waits for others who use its tables while they wait for it: a deadlock ends it",
            location=crowd.deadlock.location,
            statement=crowd.deadlock.statement,
            evidence={"detail": crowd.deadlock.detail},
            severity=Severity.WARNING,
            fix=_soon_over(step, list(first.values())),
        )
    for name, why in crowd.unfilled.items():
        yield Unproven(why, object=name)
    for name in crowd.met:
        yield _stopped(step, name, crowd, first[name], fixes[name])


def _stopped(step: Step, name: str, crowd: Crowd, lock: Lock, fix: str) -> Finding:
    met = crowd.met[name]
    statement = step.run.statements[lock.number].statement
    long = max(met.reads_ms, met.writes_ms) >= _NOTICED_MS
    deadlock = "; a deadlock ended one of them" if DEADLOCK in met.ended else ""
    return Finding(
        f"with {met.rows} rows in {name}, its readers were stopped for {met.reads_ms:.0f} ms and its writers for "
        f"{met.writes_ms:.0f} ms{deadlock}",
        object=name,
        location=statement.location,
        statement=statement.sql,
        evidence={
            "rows": met.rows,
            "reads_stopped_ms": met.reads_ms,
            "writes_stopped_ms": met.writes_ms,
            "migration_ms": crowd.migration_ms,
            "ended_by": list(met.ended),
        },
        fix=fix,
        severity=Severity.WARNING if long or deadlock else None,
    )
