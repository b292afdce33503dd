"""Which statement of a migration made a difference of the schema, and what would take it back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.diff import CatalogDiff, Difference, compare
from migrate_validate.catalog.model import Catalog
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
_RENAMED = {
    "column": "ALTER TABLE {table} RENAME COLUMN {name} TO {wanted};",
    "constraint": "ALTER TABLE {table} RENAME CONSTRAINT {name} TO {wanted};",
    "policy": "ALTER POLICY {name} ON {table} RENAME TO {wanted};",
    "trigger": "ALTER TRIGGER {name} ON {table} RENAME TO {wanted};",
    "rule": "ALTER RULE {name} ON {table} RENAME TO {wanted};",
    "index": "ALTER INDEX {schema}.{name} RENAME TO {wanted};",
}
_NAMING = ("rename", "alter_object_schema")
"""Kinds of statements that give other names."""
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


def undoing(differences: Sequence[Difference], statement: Statement | None, present: Catalog) -> Iterator[str]:
    """Statements that take differences back, where one is enough: what is extra is dropped, or gets its name again.

    :param statement: which made them; None: not known
    :param present: the schema that the down script leaves
    """
    extra = [each.object for each in differences if each.kind == "extra" and not _is_inherited(each.object, present)]
    if statement is not None and statement.kind in _NAMING:
        # What is called otherwise would be lost where it is dropped.
        missing = [each.object for each in differences if each.kind == "missing"]
        if len(extra) == 1:
            yield from (back for each in missing for back in _named_back(extra[0], each))
        return
    for each in extra:
        if whole := _WHOLE.fullmatch(each):
            yield f"DROP {_kind(whole[1], whole[2], present)} {whole[2]};"
        elif part := _PART.fullmatch(each):
            table, kind, name = part.groups()
            if kind == "index":
                yield f"DROP INDEX {table.partition('.')[0]}.{_quoted(name)};"
            else:
                yield _PARTS[kind].format(table=table, name=_quoted(name))


def _named_back(extra: str, missing: str) -> Iterator[str]:
    """What gives an object its name or its schema again."""
    if (has := _WHOLE.fullmatch(extra)) and (had := _WHOLE.fullmatch(missing)) and has[1] == had[1]:
        schema, _, name = had[2].partition("(")[0].rpartition(".")
        alter = f"ALTER {_WHOLES[has[1]]} {has[2]}"
        moved = schema != has[2].partition("(")[0].rpartition(".")[0]
        yield f"{alter} SET SCHEMA {schema};" if moved else f"{alter} RENAME TO {name};"
    elif (has := _PART.fullmatch(extra)) and (had := _PART.fullmatch(missing)) and has.groups()[:2] == had.groups()[:2]:
        table, kind, name = has.groups()
        yield _RENAMED[kind].format(
            table=table, schema=table.partition(".")[0], name=_quoted(name), wanted=_quoted(had[3])
        )


def _kind(kind: str, name: str, present: Catalog) -> str:
    """The word of DROP: differences call all views views, all tables tables and all routines functions."""
    if kind == "view" and any(each.kind != kind and each.qualified_name == name for each in present.views):
        return "MATERIALIZED VIEW"
    table = present.table(name) if kind == "table" else None
    if table is not None and table.kind == "foreign table":
        return "FOREIGN TABLE"
    if kind == "function" and any(each.qualified_name == name and each.kind != kind for each in present.functions):
        return "ROUTINE"
    return _WHOLES[kind]


def _is_inherited(part: str, present: Catalog) -> bool:
    """Whether a column or constraint goes with that of the parent, and only with it."""
    found = _PART.fullmatch(part)
    table, kind, name = found.groups() if found else ("", "", "")
    owner = present.table(table)
    if owner is None or kind not in ("column", "constraint"):
        return False
    if kind == "column":
        return any(each.name == name and each.inherited for each in owner.columns)
    return any(each.name == name and each.inherited for each in owner.constraints)


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
