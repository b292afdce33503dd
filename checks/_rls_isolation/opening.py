"""Which migration opened what should be closed: the access after each step that could have changed it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Location
from migrate_validate.replay.stages import Connection, Stages
from migrate_validate.replay.timeline import Step, Timeline
from migrate_validate.replay.trial import StageLost
from migrate_validate.syntax import Node, enum_name, parse

BUDGET = 5.0
"""Seconds that looking at earlier states may take; then the statement is blamed that made the policy."""

_ROW_SECURITY = frozenset(("AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_ForceRowSecurity", "AT_ChangeOwner"))
_SETS_OPTIONS = frozenset(("AT_SetRelOptions", "AT_ResetRelOptions"))
_NAMED = ("drop", "rename", "alter_owner", "alter_function", "do", "unparsed", "grant")
"""Statements that count where their text names what takes part."""
Broken = frozenset[tuple[str, str]]
"""Rule and object of everything that is open in a state."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that is open at the end."""

    rule: str
    object: str
    policies: tuple[str, ...]
    """The policies that let it."""
    words: frozenset[str]
    """Names of what takes part: the object, its policies, the functions and tables that these use."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Where it was opened."""

    location: Location
    measured: bool
    """By looking at the states between, of which an earlier one was closed."""


def taking_part(catalog: Catalog, name: str) -> frozenset[str]:
    """The names without schemas of an object, and of the functions that its policies or its body call."""
    bare = name.partition(".")[2]
    table = catalog.table(name)
    texts = [text for each in table.policies for text in (each.using, each.check) if text] if table else []
    texts += [each.body for each in catalog.functions if f"{each.schema}.{each.name}" == name]
    texts += [each.definition for each in catalog.views if each.qualified_name == name]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return frozenset({bare, *(each.name for each in catalog.functions if each.name in words)})


def opened(
    wanted: Sequence[Wanted],
    timeline: Timeline | None,
    stages: Stages | None,
    look: Callable[[Connection, frozenset[str]], Broken],
) -> Mapping[tuple[str, str], Opened]:
    """Where each was opened, by rule and object.

    :param look: what is open in the state of a connection, of these objects
    """
    if timeline is None or not timeline.steps:
        return {}
    concerning = {each: _concerning(timeline.steps, each) for each in wanted}
    states = _Looking(stages, timeline.steps, look, {each for each in wanted if len(concerning[each]) > 1})
    open_after = states.run(concerning)
    found: dict[tuple[str, str], Opened] = {}
    for each, steps in concerning.items():
        if not steps:
            continue
        indexes = sorted(steps)
        opener, measured = indexes[-1], False
        seen = [index for index in indexes[:-1] if index in open_after]
        for index in reversed(indexes[:-1]):
            if index not in open_after:
                opener = _by_policy(steps, each) or opener
                break
            if (each.rule, each.object) not in open_after[index]:
                measured = True
                break
            opener = index
        if not seen and len(indexes) > 1:
            opener = _by_policy(steps, each) or opener
        found[each.rule, each.object] = Opened(_statement(steps[opener], each).location, measured)
    return found


def _concerning(steps: Sequence[Step], wanted: Wanted) -> dict[int, list[Statement]]:
    """By index of the migration: its statements that could have changed who reaches something.

    Where a policy was found without which it does not happen, none that came before the policy did.
    """
    found: dict[int, list[Statement]] = {}
    names = re.compile(rf"\b({'|'.join(map(re.escape, sorted(wanted.words)))})\b", re.IGNORECASE)
    for index, step in enumerate(steps):
        with contextlib.suppress(ScriptError):
            for each in statements(step.migration.up):
                if _touches(each, wanted, names):
                    found.setdefault(index, []).append(each)
    first = _by_policy(found, wanted)
    return found if first is None else {index: each for index, each in found.items() if index >= first}


def _touches(statement: Statement, wanted: Wanted, names: re.Pattern[str]) -> bool:
    """Whether a statement makes or changes what takes part, as far as it has to do with access."""
    if statement.kind in _NAMED:
        schema_wide = statement.kind == "grant" and _SCHEMA_WIDE.search(statement.sql)
        return bool(schema_wide or names.search(statement.sql))
    if statement.kind not in _MADE or not names.search(statement.sql):
        return False
    node = parse(statement.sql)[0].node
    made = _MADE[statement.kind](node)
    if statement.kind in ("create_function", "view", "create_table_as"):
        return made in wanted.words
    if statement.kind == "alter_table":
        kinds = {enum_name("AlterTableType", each.alter_table_cmd.subtype) for each in node.cmds}
        return made == wanted.object.partition(".")[2] and not kinds.isdisjoint(_ROW_SECURITY | _SETS_OPTIONS)
    return made == wanted.object.partition(".")[2]


_SCHEMA_WIDE = re.compile(r"\ball\s+\w+\s+in\s+schema\b", re.IGNORECASE)
_MADE: Mapping[str, Callable[[Node], str]] = {
    "create": lambda node: str(node.relation.relname),
    "create_table_as": lambda node: str(node.into.rel.relname),
    "alter_table": lambda node: str(node.relation.relname),
    "create_policy": lambda node: str(node.table.relname),
    "alter_policy": lambda node: str(node.table.relname),
    "view": lambda node: str(node.view.relname),
    "create_function": lambda node: str(node.funcname[-1].string.sval),
}
"""What a statement makes or changes, without its schema."""


def _by_policy(steps: Mapping[int, Sequence[Statement]], wanted: Wanted) -> int | None:
    """The last migration that names a policy that lets it."""
    for index in sorted(steps, reverse=True):
        if any(_names(each, wanted) for each in steps[index]):
            return index
    return None


def _statement(found: Sequence[Statement], wanted: Wanted) -> Statement:
    """The statement of a migration that most likely did it: that of the policy, else the last about the object."""
    by_policy = [each for each in found if _names(each, wanted)]
    bare = wanted.object.partition(".")[2]
    by_name = [each for each in found if re.search(rf"\b{re.escape(bare)}\b", each.sql, re.IGNORECASE)]
    made = [each for each in by_name if each.kind in ("create", "view", "create_function", "create_table_as")]
    return (by_policy or made or by_name or list(found))[-1]


def _names(statement: Statement, wanted: Wanted) -> bool:
    return statement.kind in ("create_policy", "alter_policy") and any(
        name in statement.sql for name in wanted.policies
    )


class _Looking:
    """Goes through the states between, forwards, as long as there is time."""

    def __init__(
        self,
        stages: Stages | None,
        steps: Sequence[Step],
        look: Callable[[Connection, frozenset[str]], Broken],
        wanted: Iterable[Wanted],
    ) -> None:
        self.stages = stages
        self.steps = steps
        self.look = look
        self.wanted = tuple(wanted)

    def run(self, concerning: Mapping[Wanted, Mapping[int, Sequence[Statement]]]) -> dict[int, Broken]:
        """What is open after migrations, by index; of those that nothing wanted hangs on nothing is known."""
        started = time.monotonic()
        indexes = sorted({index for each in self.wanted for index in sorted(concerning[each])[:-1]})
        found: dict[int, Broken] = {}
        if self.stages is None:
            return found
        for index in indexes:
            if time.monotonic() - started > BUDGET:
                break
            objects = frozenset(each.object for each in self.wanted if index in concerning[each])
            try:
                with self.stages.before(self.steps[index + 1]).trial() as trial:
                    found[index] = self.look(trial.connection, objects)
            except StageLost:
                break
        return found
