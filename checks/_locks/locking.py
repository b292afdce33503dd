"""What each statement of a migration did to relations that existed before, and under which locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from migrate_validate.findings import NotApplicable
from migrate_validate.replay.timeline import Outcome, StatementRun, Step, Touched
from migrate_validate.syntax import GrammarError, Node, enum_name, parse

_STRENGTH = {"ShareLock": 1, "ShareRowExclusiveLock": 2, "ExclusiveLock": 3, "AccessExclusiveLock": 4}
"""The modes that keep others from writing, weakest first (PostgreSQL's manual, 13.3.1)."""
STRONGEST = "AccessExclusiveLock"
_LARGE = 1000
"""Rows that are written by one statement, from which on it is no matter of an instant."""
OF_ROWS = frozenset({"insert", "update", "delete", "merge", "select", "copy", "create_table_as", "call", "do"})
"""Kinds that read and write rows; what they take no lock for themselves, they do under the locks of others."""
_BUILDS = {"CONSTR_UNIQUE": 1, "CONSTR_PRIMARY": 1, "CONSTR_EXCLUSION": 2}
"""Constraints that are indexes, and how often building one scans the table."""


class Cause(StrEnum):
    """Why a statement needs time while it keeps others from a table."""

    REWRITE = "rewrite"
    INDEX = "index"
    CONSTRAINT = "constraint"
    NOT_NULL = "not null"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a relation that existed, of a mode that keeps others from writing it."""

    relation: str
    kind: str
    mode: str
    number: int
    """Of the statement that took it."""

    @property
    def blocks(self) -> str:
        """What others cannot do meanwhile."""
        return "reads and writes" if self.mode == STRONGEST else "writes"


@dataclass(frozen=True, slots=True)
class Command:
    """One action of an ALTER TABLE."""

    kind: str
    """``AT_AddColumn``, ``AT_SetNotNull``, ..."""
    name: str
    """The column or the constraint that it names."""
    node: Node
    constraints: tuple[Node, ...] = ()
    """Those that it adds, be it with a column."""


@dataclass(frozen=True, slots=True)
class Work:
    """One statement, what it touched, and the locks that were held while it ran."""

    number: int
    """Of the statement in its migration, from 0."""
    run: StatementRun
    held: Mapping[str, Lock]
    """The strongest lock on each relation, its own ones included."""
    earlier: tuple[Lock, ...]
    """The AccessExclusiveLocks that statements before it took in the same transaction."""
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a relation before the migration: what it was called just before and after the statement."""

    @property
    def kind(self) -> str:
        """The parser's name for the statement."""
        return self.run.statement.kind

    @property
    def tree(self) -> Node | None:
        """The statement's tree, where the grammar knows it."""
        return tree_of(self.run.statement.sql)

    @property
    def commands(self) -> tuple[Command, ...]:
        """The actions of an ALTER TABLE."""
        return _commands(self.run.statement.sql) if self.kind == "alter_table" else ()

    @property
    def taken(self) -> tuple[Lock, ...]:
        """The locks that it took itself."""
        return tuple(lock for lock in self.held.values() if lock.number == self.number)

    @property
    def scanned(self) -> tuple[Touched, ...]:
        """The tables that it read from start to end."""
        return tuple(each for each in self.run.touched if each.scans and each.kind != "index")

    @property
    def occupied(self) -> tuple[Touched, ...]:
        """The tables that it rewrote or read from start to end while others were kept from them.

        A table that is only looked at by a statement about rows counts where the statement itself took the lock.
        """
        return tuple(
            each
            for each in self.run.touched
            if each.kind not in ("index", "view")
            and (each.rewritten or each.scans or self._looks_up(each.relation))
            and (lock := self.held.get(each.relation)) is not None
            and (self.kind not in OF_ROWS or lock.number == self.number)
        )

    def _looks_up(self, relation: str) -> bool:
        """Whether ALTER TABLE compared this table with the one that a foreign key refers to.

        PostgreSQL may do so by an index, which is no scan of the table; the query locks the other table's rows.
        """
        looked = any("RowShareLock" in each.locks for each in self.run.touched)
        return looked and self.kind == "alter_table" and self.names(relation)

    @property
    def causes(self) -> frozenset[Cause]:
        """Why it needs time under a lock, as measured; empty where it does not."""
        occupied = () if self.kind == "truncate" else self.occupied
        if not occupied:
            return frozenset()
        if any(each.rewritten for each in occupied):
            return frozenset({Cause.REWRITE})
        if self.kind in ("index", "reindex"):
            return frozenset({Cause.INDEX})
        if self.kind == "alter_table":
            return _causes(self.commands, max(each.scans for each in occupied)) or frozenset({Cause.SCAN})
        return frozenset({Cause.SCAN})

    @property
    def subject(self) -> Lock:
        """The lock on what it is about: the table that it names, or the one that it works on."""
        worked = [each.relation for each in self.occupied]
        named = [name for name in self.held if self.names(name)]
        return self.held[next((name for name in worked if name in named), (named or worked)[0])]

    @property
    def about(self) -> str:
        """The relation that it locks against others, for people."""
        occupied = {each.relation for each in self.occupied}
        return names_of([name for name in self.held if name in occupied] or [lock.relation for lock in self.taken])

    def names(self, relation: str) -> bool:
        """Whether it is the relation that the statement begins with.

        :param relation: ``schema.name`` before the migration
        """
        tree = self.tree
        if tree is None or "relation" not in tree.DESCRIPTOR.fields_by_name or not hasattr(tree.relation, "relname"):
            return False
        names = [each.partition(".") for each in self.called.get(relation, (relation,))]
        relname, schemaname = tree.relation.relname, tree.relation.schemaname
        return any(name == relname and schemaname in ("", schema) for schema, _, name in names)

    @property
    def lasting(self) -> str:
        """What of it grows with the data, whatever is locked; empty where nothing does."""
        if self.kind == "truncate":
            return ""  # It scans nothing but the new, empty files.
        if self.scanned:
            return f"reads all of {names_of(each.relation for each in self.scanned)}"
        if self.kind in OF_ROWS - {"select"} and (self.run.rows or 0) >= _LARGE:
            return f"writes {self.run.rows} rows"
        return ""


@dataclass(frozen=True, slots=True)
class Span:
    """From one statement to the end of its transaction."""

    held_ms: float
    """From the statement's begin to the end of the COMMIT."""
    commit_ms: float
    """What of it the COMMIT took, which checks what was deferred."""
    last: StatementRun
    """The last statement of the transaction."""


def inapplicable(step: Step) -> NotApplicable | None:
    """Why there is nothing to look at, if so."""
    if step.run.outcome is not Outcome.APPLIED:
        return NotApplicable(f"{step.migration.file} was not applied")
    if not any(run.touched for run in step.run.statements):
        return NotApplicable("nothing that could be observed of it touches a relation that existed before")
    return None


def works(step: Step) -> Iterator[Work]:
    """The statements that touched a relation that existed, or ran under a lock on one, in order."""
    transaction: int | None = None
    held: dict[str, Lock] = {}
    called: dict[str, tuple[str, ...]] = {}
    for number, run in enumerate(step.run.statements):
        if run.transaction is None or run.transaction != transaction:
            transaction, held = run.transaction, {}
        earlier = tuple(lock for lock in held.values() if lock.mode == STRONGEST)
        called = {name: names[-1:] for name, names in called.items()}
        drops_index = run.statement.kind == "drop" and any(each.dropped for each in run.touched) and _of_index(run)
        for each in run.touched:
            called |= {each.relation: each.names} if each.names else {}
            if each.kind != "index" or drops_index:
                _remember(held, each, number)
        if run.touched or earlier:
            yield Work(number, run, dict(held), earlier, dict(called))


def _of_index(run: StatementRun) -> bool:
    tree = tree_of(run.statement.sql)
    return tree is not None and enum_name("ObjectType", tree.remove_type) == "OBJECT_INDEX"


def _remember(held: dict[str, Lock], touched: Touched, number: int) -> None:
    # Nobody writes a view's storage, or a materialized view but by REFRESH.
    weakest = 4 if touched.kind in ("view", "materialized view") else 1
    modes = [mode for mode in touched.locks if _STRENGTH.get(mode, 0) >= weakest]
    mode = max(modes, key=_STRENGTH.__getitem__, default=None)
    before = held.get(touched.relation)
    if mode is not None and (before is None or _STRENGTH[mode] > _STRENGTH[before.mode]):
        held[touched.relation] = Lock(touched.relation, touched.kind, mode, number)


def span(step: Step, number: int) -> Span:
    """How long a lock is held that the statement with this number takes."""
    runs = step.run.statements
    first = runs[number]
    same = [run for run in runs[number:] if run.transaction == first.transaction]
    same = same if first.transaction is not None else [first]
    commit = sum(run.commit_ms for run in same)
    return Span(round(sum(run.duration_ms for run in same) + commit, 1), round(commit, 1), same[-1])


def names_of(names: Iterator[str] | Sequence[str], most: int = 3) -> str:
    """``public.a, public.b``; ``..., 4 more`` where there are many."""
    unique = list(dict.fromkeys(names))
    more = f", {len(unique) - most} more" if len(unique) > most else ""
    return ", ".join(unique[:most]) + more


@lru_cache(maxsize=512)
def tree_of(sql: str) -> Node | None:
    """The tree of one statement; None where the grammar does not know it."""
    try:
        return parse(sql)[0].node
    except (GrammarError, IndexError):
        return None


@lru_cache(maxsize=512)
def _commands(sql: str) -> tuple[Command, ...]:
    tree = tree_of(sql)
    found = []
    for each in tree.cmds if tree is not None else ():
        node = each.alter_table_cmd
        kind = enum_name("AlterTableType", node.subtype)
        made = getattr(node, "def")  # A keyword of Python.
        constraints = [made.constraint] if kind == "AT_AddConstraint" else []
        if kind == "AT_AddColumn":
            constraints = [each.constraint for each in made.column_def.constraints]
        found.append(Command(kind, node.name, node, tuple(constraints)))
    return tuple(found)


def constraint_kind(constraint: Node) -> str:
    """``CONSTR_CHECK``, ``CONSTR_FOREIGN``, ``CONSTR_UNIQUE``, ..."""
    return enum_name("ConstrType", constraint.contype)


def builds_index(constraint: Node) -> bool:
    """Whether an index is built for it."""
    return constraint_kind(constraint) in _BUILDS and not constraint.indexname


def wants_validation(command: Command, constraint: Node) -> bool:
    """Whether rows that exist must be looked at for this CHECK or FOREIGN KEY."""
    kind = constraint_kind(constraint)
    if kind == "CONSTR_FOREIGN" and command.kind == "AT_AddColumn":
        return any(constraint_kind(each) == "CONSTR_DEFAULT" for each in command.constraints)
    return kind in ("CONSTR_CHECK", "CONSTR_FOREIGN") and not constraint.skip_validation


def wants_no_null(command: Command) -> bool:
    """Whether it makes a column NOT NULL that was there, and builds no index, with which that is told."""
    if command.kind == "AT_SetNotNull":
        return True
    if command.kind != "AT_AddConstraint":
        return False
    constraint = command.constraints[0]
    kind = constraint_kind(constraint)
    return (kind == "CONSTR_PRIMARY" and bool(constraint.indexname)) or (
        kind == "CONSTR_NOTNULL" and not constraint.skip_validation
    )


def _causes(commands: Sequence[Command], scans: int) -> frozenset[Cause]:
    """Which of the actions made these scans of one table.

    Each index costs its own, each foreign key too; everything else is looked at in one more.
    """
    causes: set[Cause] = set()
    wanted: dict[str, int] = defaultdict(int)
    for command in commands:
        for constraint in command.constraints:
            if builds_index(constraint):
                causes.add(Cause.INDEX)
                wanted["index"] += _BUILDS[constraint_kind(constraint)]
            elif wants_validation(command, constraint) and constraint_kind(constraint) == "CONSTR_FOREIGN":
                causes.add(Cause.CONSTRAINT)
                wanted["key"] += 1
        if command.kind == "AT_ValidateConstraint":
            causes.add(Cause.CONSTRAINT)
            wanted["key"] += 1
    if scans > sum(wanted.values()):
        if any(wants_validation(command, each) for command in commands for each in command.constraints):
            causes.add(Cause.CONSTRAINT)
        if any(wants_no_null(command) for command in commands):
            causes.add(Cause.NOT_NULL)
    return frozenset(causes)
