"""Names that a file wants to create, and that are taken when it gets there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate_validate import syntax
from migrate_validate.chain.creates import Created
from migrate_validate.chain.model import Chain, Statement
from migrate_validate.chain.statements import UNPARSED, statements
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure

from .creations import Creation, fresh
from .origin import origin, speaks_of
from .remedy import Play, plays

_RUNS_CODE = frozenset({"do", "select", "call", "execute", UNPARSED})
"""Kinds of statements that may do anything."""
_FREES_NAMES = frozenset({"drop", "rename", "alter_object_schema", "drop_owned"})
_NOT_THERE = frozenset({"42P01", "42703", "42704", "42883", "3F000"})
"""SQLSTATEs that say that something does not exist: relation, column, object, function, schema."""
_DROPPING = frozenset({"AT_DropColumn", "AT_DropConstraint"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A name that a statement wants, and that is taken."""

    creation: Creation
    made: Created
    """What an earlier file made under this name."""
    doubt: Failure | None = None
    """Why it may be free all the same: a statement before it failed when it was tried, and could have freed it."""

    @property
    def name(self) -> str:
        """With its schema and table, as far as they are written; an index has a name of its own."""
        table = None if self.creation.kind == "index" else self.creation.table
        return ".".join(part for part in (self.creation.schema, table, self.creation.name) if part)


def taken(stage: Stage) -> Iterator[Taken]:
    """The names that another file made, and that are taken when the file that failed and those after it are tried.

    The texts tell who made what. Whether it is still there, whatever blocks and functions have dropped, is seen.
    """
    doubt: Failure | None = None
    for play in plays(stage):
        failed = dict(play.failed)
        wanted = [creation for creation in fresh(play.script) if _is_met(play, creation)]
        for statement in statements(play.script):
            for creation in wanted:
                made = _made_elsewhere(stage.chain, creation) if creation.statement == statement else None
                if made is not None:
                    yield Taken(creation, made, doubt)
            if doubt is None and statement in failed and _might_free(statement, failed[statement]):
                doubt = failed[statement]


def _is_met(play: Play, creation: Creation) -> bool:
    """Whether an object of this name was there when its statement was about to be tried."""
    return any(
        (met.creation.statement, met.creation.kind, met.creation.name, met.other_name)
        == (creation.statement, creation.kind, creation.name, "")
        for met in play.meetings
    )


def _made_elsewhere(chain: Chain, creation: Creation) -> Created | None:
    made = origin(chain, creation)
    if made is None or made.location.file == creation.statement.location.file or not speaks_of(chain, made, creation):
        return None
    return made


def _might_free(statement: Statement, failed: Failure) -> bool:
    """Whether a statement that failed could have dropped or renamed something, had what it needs been there."""
    if statement.kind in _RUNS_CODE:
        return True
    drops = statement.kind in _FREES_NAMES
    if statement.kind == "alter_table":
        commands = [command.alter_table_cmd for command in syntax.parse(statement.sql)[0].node.cmds]
        drops = any(syntax.enum_name("AlterTableType", command.subtype) in _DROPPING for command in commands)
    return drops and failed.sqlstate not in _NOT_THERE
