"""One dataset, and what a migration does with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import Assumption
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import UNPARSED, statements
from migrate_validate.data import Dataset
from migrate_validate.data.loading import accepted, load
from migrate_validate.data.repairing import settle
from migrate_validate.findings import Severity
from migrate_validate.replay.sequences import Positions, positions, restore
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial
from migrate_validate.syntax import node_name, parse, walk

from .._shared import Connection
from .following import Following, followed_views
from .harm import Harm
from .names import Names
from .pictures import View
from .raising import BLOCK, frames, told
from .words import Words

_SAVEPOINT = b"migrate_validate_dataset"
_ABOUT_A_TABLE = ("AlterTableStmt", "UpdateStmt", "InsertStmt", "DeleteStmt")
_UNIQUE, _RAISED, _NULL = "23505", "P0001", "23502"
_TOO_LONG = "57014"
_UNSUPPORTED = "0A000"
"""What this server cannot do, whatever the rows are: it was built without XML, say."""
_ROW_SHOWN = (_NULL, "23514")
"""SQLSTATEs whose detail is a whole row, which is told apart."""
STOPPED = ("57P01", "57P02", "57P03", "53100", "53200")
"""SQLSTATEs of what ran too long, ended its own session, or found no room: other rows would not tell more."""


Attempt = Callable[[Dataset], "Outcome"]
"""Tries a dataset in the state before a migration, which it leaves as it was."""


class Stopped(Exception):
    """Trying more rows would tell nothing: why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one dataset."""

    data: Dataset
    """The rows that PostgreSQL took."""
    harms: tuple[Harm, ...] = ()
    respects: bool = True
    """Whether they hold what is assumed; if not, nothing was tried."""
    failure: Failure | None = None
    """Why the migration failed, if it did."""
    endless: bool = False
    """Whether it failed because it took too long."""
    filled: frozenset[str] = frozenset()
    """The tables that have rows along with it, ``schema.name``: its own, or what triggers have made of them."""


@dataclass(slots=True)
class Trying:
    """The migration of a stage, tried on rows."""

    stage: Stage
    before: Catalog
    tables: Collection[str]
    """Whose rows are followed."""
    words: Words
    assumptions: Sequence[Assumption]
    """What the rows are made to respect."""
    rehearsed: Script
    """The script as it is tried in one transaction."""
    shortened: Script
    """The same as far as rows matter to it, for all datasets but the first."""
    limit: float
    """Seconds that a statement may take."""
    meanwhile: Callable[[], object]
    """Done while the server applies the migration."""
    refused: dict[str, str] = field(default_factory=dict)
    """By ``schema.name``: what was said last when a row was refused."""
    _after: Catalog | None = None
    _shown: tuple[View, ...] | None = None
    _own: Mapping[str, int] = field(default_factory=dict)
    """How many rows the tables have without any dataset."""

    @property
    def script(self) -> Script:
        """What is tried."""
        return self.stage.migration.up

    def on(self, trial: Trial, data: Dataset) -> Outcome:
        """Load a dataset, apply the migration, and look; all stays as the migration leaves it.

        :raises Stopped: when it ran into a limit, or lost its session
        """
        connection = trial.connection
        refused = load(connection, data, raise_refusals=False)
        self.refused.update((each.table, each.message) for each in refused)
        data = accepted(data, refused)
        # Rows that go here make no difference, so that a counterexample is shrunk to the others.
        if settle(connection, self.assumptions, self.before):
            return Outcome(data, respects=False)
        following = Following(connection, self.before, self._views(connection), self.words)
        filled = self._filled(data, following)
        script = self.rehearsed if trial.database is None else self.script
        rehearsed = script if self._after is None else self.shortened
        went_through = trial.database is None and trial.rehearse(rehearsed, self.meanwhile)
        failure = None if went_through else trial.apply(script).failure
        if failure is None and not went_through:
            # What was left out is needed.
            self.shortened = self.rehearsed
        if connection.closed:
            raise Stopped("the migration ended its own session")
        if failure is None:
            if self._after is None:
                self._after = trial.catalog()
            return Outcome(data, following.harms(self._after), filled=filled)
        # NaN as an integer is not supported either, but that is a matter of the rows, and no detail is told of it.
        if failure.sqlstate == _UNSUPPORTED and failure.detail:
            raise Stopped(f"{failure.location}: {failure.message}; {failure.detail}")
        if failure.sqlstate in STOPPED:
            raise Stopped(f"{failure.location}: {failure.message}")
        if failure.sqlstate == _TOO_LONG and not any(data.rows.values()):
            raise Stopped(f"{failure.location}: {failure.message}")
        harms = (failing(self.script, failure, self.before),)
        return Outcome(data, harms, failure=failure, endless=failure.sqlstate == _TOO_LONG, filled=filled)

    def _views(self, connection: Connection) -> tuple[View, ...]:
        """The same before each dataset, in copies of the database too."""
        if self._shown is None:
            self._shown = followed_views(connection, self.before, self.tables, self.words)
        return self._shown

    def _filled(self, data: Dataset, following: Following) -> frozenset[str]:
        if not any(data.rows.values()):
            self._own = following.counts
        more = {name for name, count in following.counts.items() if count > self._own.get(name, 0)}
        return frozenset(more.union(name for name, rows in data.rows.items() if rows))


def inside(trying: Trying, trial: Trial) -> Attempt:
    """Try datasets in one transaction, each taken back to a savepoint."""
    first = positions(trial.connection)

    def attempt(data: Dataset) -> Outcome:
        with taken_back(trial.connection, first):
            return trying.on(trial, data)

    return attempt


@contextlib.contextmanager
def taken_back(connection: Connection, first: Positions) -> Iterator[None]:
    """Undo what is done inside of a transaction, and let the keys that sequences give be the same the next time."""
    connection.execute(b"SAVEPOINT %s" % _SAVEPOINT)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(b"ROLLBACK TO SAVEPOINT %s; RELEASE SAVEPOINT %s" % (_SAVEPOINT, _SAVEPOINT))
            restore(connection, first)


def apart(trying: Trying) -> Attempt:
    """Try each dataset on a copy of the database, with COMMIT."""

    def attempt(data: Dataset) -> Outcome:
        with trying.stage.trial(clone=True, limit=trying.limit) as trial:
            return trying.on(trial, data)

    return attempt


def failing(script: Script, failure: Failure, before: Catalog) -> Harm:
    """The harm of a migration that fails.

    That a constant row is there already, or rows that it refuses in so many words, is a warning: it may well be meant.
    """
    statement = statement_of(script, failure)
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    detail = f"; {failure.detail}" if failure.detail and failure.sqlstate not in _ROW_SHOWN else ""
    about = (*place_and_state(failure), failure.constraint or failure.column or "")
    raised = told(failure, before, script)
    severity, fix = None, None
    if failure.sqlstate == _TOO_LONG:
        severity, code = Severity.WARNING, ", many times as long as without them: it may never end"
        fix = "see what the rows make it repeat, or wait for"
    elif statement is not None and _inserts_constants(failure, statement):
        severity, about = Severity.WARNING, ("constants", *about[1:])
        fix = "say what is to become of a row that is there already: ON CONFLICT ... DO NOTHING, or DO UPDATE"
    elif statement is not None and _raises(failure, statement):
        severity = Severity.WARNING
    elif statement is not None and failure.sqlstate == _NULL and statement.kind == "alter_table":
        fix = _filled(failure, before)
    return Harm(
        "fails-on-data",
        about,
        f"{failure.message}{code}{detail}{f'; {raised}' if raised else ''}",
        object=_object(failure, statement, before),
        statement=statement,
        severity=severity,
        fix=fix,
    )


def place_and_state(failure: Failure) -> tuple[str, str]:
    """How a harm of a migration that fails begins what it is about."""
    return str(failure.location.line), failure.sqlstate or ""


def _filled(failure: Failure, before: Catalog) -> str:
    """How a column comes to have a value in every row before it is NOT NULL."""
    table = before.tables_by_name.get(f"{failure.schema}.{failure.table}")
    if table is not None and failure.column and table.column(failure.column) is None:
        return "give it a DEFAULT, or add it without NOT NULL, fill it in every row, and SET NOT NULL then"
    return "fill it first in the rows where it is NULL"


def _inserts_constants(failure: Failure, statement: Statement) -> bool:
    """Whether a row is there already that the statement inserts whatever rows there are."""
    if failure.sqlstate != _UNIQUE or statement.kind != "insert":
        return False
    values = parse(statement.sql)[0].node.select_stmt
    return not any(node_name(each) in ("ColumnRef", "SubLink", "RangeVar") for each in walk(values))


def _raises(failure: Failure, statement: Statement) -> bool:
    """Whether the statement itself refuses the rows, with RAISE."""
    own = [each.name for each in frames(failure)[:1]] == [BLOCK]
    return statement.kind == "do" and failure.sqlstate == _RAISED and own


def _object(failure: Failure, statement: Statement | None, before: Catalog) -> str | None:
    """The table or column that PostgreSQL names, or else the table that the statement alters or writes."""
    if failure.table:
        return ".".join(part for part in (failure.schema, failure.table, failure.column) if part)
    if statement is None or statement.kind == UNPARSED:
        return None
    node = parse(statement.sql)[0].node
    if node_name(node) not in _ABOUT_A_TABLE or not node.HasField("relation"):
        return None
    identity = Names(before).of(node.relation)
    return identity if identity in before.tables_by_name else None


def statement_of(script: Script, failure: Failure) -> Statement | None:
    """The statement that failed."""
    place = failure.location
    own = [each for each in statements(script) if each.location.file == place.file]
    before = [each for each in own if place.line is None or (each.location.line or 0) <= place.line]
    exact = [each for each in before if each.sql == failure.statement]
    near = exact or before
    return near[-1] if near else None
