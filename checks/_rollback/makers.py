"""Which statement of a migration made a difference of the schema, and what would take it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate_validate.catalog.diff import CatalogDiff, Difference, compare
from migrate_validate.chain.model import Statement
from migrate_validate.chain.statements import statements
from migrate_validate.replay.stages import Stage

MOST = 200
"""Statements of a migration, up to which the schema is read after each."""

_PARTS = {
    "column": "ALTER TABLE {table} DROP COLUMN {name};",
    "constraint": "ALTER TABLE {table} DROP CONSTRAINT {name};",
    "policy": "DROP POLICY {name} ON {table};",
    "trigger": "DROP TRIGGER {name} ON {table};",
    "rule": "DROP RULE {name} ON {table};",
}
_WHOLES = {
    "schema": "SCHEMA",
    "extension": "EXTENSION",
    "table": "TABLE",
    "view": "VIEW",
    "sequence": "SEQUENCE",
    "function": "FUNCTION",
    "enum": "TYPE",
    "domain": "DOMAIN",
    "composite type": "TYPE",
    "range type": "TYPE",
    "event trigger": "EVENT TRIGGER",
    "publication": "PUBLICATION",
    "role": "ROLE",
}
_WHOLE = re.compile(rf"({'|'.join(_WHOLES)}) ([\w.$]+(?:\(.*\))?)")
_PART = re.compile(rf"table ([\w.$]+) (index|{'|'.join(_PARTS)}) (.+)")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def makers(stage: Stage) -> Makers:
    """What each statement of a stage's migration changes in the schema: they are applied one by one.

    Nothing is known of a migration of many statements, after each of which the schema would have to be read.

    :raises StageLost: when the chain cannot be applied again up to here
    """
    up = stage.migration.up
    if len(statements(up)) > MOST:
        return Makers()
    found: list[tuple[Statement, CatalogDiff]] = []
    with stage.trial(up) as trial:
        latest = trial.catalog()

        def look(statement: Statement) -> None:
            nonlocal latest
            present = trial.catalog()
            if present != latest:
                found.append((statement, compare(latest, present)))
            latest = present

        trial.each(up, look)
    return Makers(tuple(found))


@dataclass(frozen=True, slots=True)
class Makers:
    """What each statement of a script has changed, in their order."""

    changes: tuple[tuple[Statement, CatalogDiff], ...] = ()

    def of(self, difference: Difference) -> Statement | None:
        """The last statement that made the same difference; else the last that changed the object in some way."""
        best: tuple[int, Statement] | None = None
        for statement, diff in self.changes:
            close = max((_closeness(difference, each) for each in diff.differences), default=0)
            if close and (best is None or close >= best[0]):
                best = (close, statement)
        return best[1] if best else None


def _closeness(one: Difference, other: Difference) -> int:
    """0: about another object; 1: about the same; 2: both there, gone or changed; 3: in the same property."""
    if one.object != other.object:
        return 0
    if one.kind != other.kind:
        return 1
    return 3 if one.what.partition(":")[0] == other.what.partition(":")[0] else 2


def undoing(differences: Iterator[Difference]) -> Iterator[str]:
    """Statements that drop what is there and should not be, where one statement is enough."""
    for each in differences:
        if each.kind != "extra":
            continue
        if whole := _WHOLE.fullmatch(each.object):
            yield f"DROP {_WHOLES[whole[1]]} {whole[2]};"
        elif part := _PART.fullmatch(each.object):
            table, kind, name = part.groups()
            quoted = name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
            if kind == "index":
                yield f"DROP INDEX {table.partition('.')[0]}.{quoted};"
            else:
                yield _PARTS[kind].format(table=table, name=quoted)
