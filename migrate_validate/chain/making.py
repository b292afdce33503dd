"""Where a chain makes an object of the final schema: what a finding about the object points at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import lru_cache

from migrate_validate import syntax
from migrate_validate.chain.creates import Created, created_by
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, Location

_RELATIONS = ("table", "view", "materialized view", "index", "sequence")
_GUARD = re.compile(r"\bif\s+not\s+exists\b", re.IGNORECASE)


def with_place(finding: Finding, scripts: Collection[Script], relations: bool = True) -> Finding:
    """The finding with the statement of the chain that made what it is about, where the texts tell.

    What it is about is the policy or the constraint that its evidence names, else its ``object``.

    :param relations: whether an object may be a relation; else only a policy or a function is looked for
    """
    schema, dot, name = (finding.object or "").partition(".")
    if finding.location is not None or not dot or "." in name:
        return finding
    policy, constraint = finding.evidence.get("policy"), finding.evidence.get("constraint")
    if policy:
        place = made_at(scripts, ("policy",), schema, str(policy), name)
    elif constraint and relations:
        columns = [str(each) for each in finding.evidence.get("columns", ())]
        place = _constraint_at(scripts, schema, name, str(constraint), columns)
    else:
        place = made_at(scripts, (*_RELATIONS, "function") if relations else ("function",), schema, name)
    return replace(finding, location=place) if place else finding


def made_at(
    scripts: Collection[Script], kinds: Collection[str], schema: str, name: str, table: str | None = None
) -> Location | None:
    """The last statement that makes an object of this name.

    One that does nothing where the object is there, and the words of a DO block, count where no other makes it.

    :param table: of a column or policy
    """
    found = None
    for script in scripts:
        for made, guarded in _made(script):
            named = made.kind in kinds and made.name == name and made.schema in (None, schema)
            if named and made.table in (None, table) and (found is None or not (guarded or made.maybe)):
                found = made.location
    return found


def _constraint_at(
    scripts: Collection[Script], schema: str, table: str, name: str, columns: list[str]
) -> Location | None:
    """The ALTER TABLE that adds a foreign key, else what makes its first column: a key may stand in it."""
    added = None
    for script in scripts:
        for place, relation, constraint in _added_constraints(script):
            own = (relation.relname, relation.schemaname or schema) == (table, schema)
            if own and (constraint.conname or name) == name and _columns(constraint) == columns:
                added = place
    column = columns[0] if columns else ""
    return added or made_at(scripts, ("column",), schema, column, table) or made_at(scripts, ("table",), schema, table)


def _columns(constraint: syntax.Node) -> list[str]:
    return [each.string.sval for each in constraint.fk_attrs]


def _statements(script: Script) -> tuple[Statement, ...]:
    try:
        return tuple(statements(script))
    except ScriptError:
        return ()


@lru_cache(maxsize=2048)
def _made(script: Script) -> tuple[tuple[Created, bool], ...]:
    """What a script makes, in order, and whether only where it is not there."""
    return tuple(
        (made, _GUARD.search(each.sql) is not None) for each in _statements(script) for made in created_by(each)
    )


@lru_cache(maxsize=2048)
def _added_constraints(script: Script) -> tuple[tuple[Location, syntax.Node, syntax.Node], ...]:
    return tuple(_in_alter(script))


def _in_alter(script: Script) -> Iterator[tuple[Location, syntax.Node, syntax.Node]]:
    for each in _statements(script):
        if each.kind == "alter_table":
            node = syntax.parse(each.sql)[0].node
            for command in node.cmds:
                definition = getattr(command.alter_table_cmd, "def")
                if definition.HasField("constraint"):
                    yield each.location, node.relation, definition.constraint
