"""How it comes about that rows of a table change though the migration does not say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Constraint, Table, Trigger
from migrate_validate.chain.model import Statement

from .deeds import Deed, Words
from .scene import Scene


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from."""

    how: str
    """``by cascade from public.orgs``; empty where that is not known."""
    statement: Statement | None = None
    fix: str | None = None


def of_lost_rows(scene: Scene, name: str) -> Origin:
    """Why rows of a table are gone, of which the migration deletes none in so many words."""
    words = scene.words
    for parent, key, deed in _cascading(scene, name):
        verb = "TRUNCATE ... CASCADE of" if deed.kind == "truncate" else "cascade from"
        return Origin(
            f"by {verb} {parent} (foreign key {key.name})",
            deed.statement,
            f"delete from {name} in so many words where its rows may go; else keep them, or point them at another"
            f" row of {parent} first",
        )
    for table, trigger in _reaching(scene, name):
        statement = next((each.statement for each in words.deeds if each.table == table), None)
        return Origin(f"by the trigger {trigger.name} of {table}", statement, f"delete from {name} in so many words")
    if words.unread:
        line = words.unread[0].location.line
        return Origin(f"maybe by the statement on line {line}, which could not be read to its end", words.unread[0])
    return Origin("")


def _cascading(scene: Scene, name: str) -> Iterator[tuple[str, Constraint, Deed]]:
    """The referenced table whose rows the migration deletes, the key that leads there first, and the deed."""
    seen = {name}
    left: list[tuple[str, Constraint | None, bool]] = [(name, None, True)]
    while left:
        child, first, cascades = left.pop(0)
        for table in (scene.before.table(child), scene.after.table(child)):
            for key in table.foreign_keys if table else ():
                parent, leading = key.references or "", first or key
                truncated = _named(scene, parent, "truncate")
                if truncated is not None:
                    yield parent, leading, truncated
                # TRUNCATE follows every key, DELETE those that cascade.
                further = cascades and key.on_delete == "cascade"
                deleted = _named(scene, parent, "delete")
                if further and deleted is not None:
                    yield parent, leading, deleted
                if parent not in seen:
                    seen.add(parent)
                    left.append((parent, leading, further))


def _named(scene: Scene, table: str, kind: str) -> Deed | None:
    return next((each for each in scene.words.deeds if each.kind == kind and each.table == table), None)


def by_foreign_key(scene: Scene, table: Table, column: str) -> Origin | None:
    """What a foreign key does to a column when the row that it refers to is deleted or gets another key."""
    for key in table.foreign_keys:
        if column not in key.columns:
            continue
        parent = key.references or ""
        for action, kind, word in ((key.on_delete, "delete", "DELETE"), (key.on_update, "update", "UPDATE")):
            deed = scene.words.deed(parent, kind)
            gone = action in ("set null", "set default") or (action == "cascade" and kind == "update")
            if gone and deed is not None:
                how = f"by the foreign key {key.name} to {parent} (ON {word} {action.upper()})"
                return Origin(how, deed.statement, f"say in the migration what {table.name}.{column} is to become")
    return None


def of_changed_values(scene: Scene, table: Table, column: str) -> Origin:
    """Why values of a column are others, which the migration does not change in so many words."""
    by_key = by_foreign_key(scene, table, column)
    if by_key is not None:
        return by_key
    bodies = {**_readable(scene.before), **_readable(scene.after)}
    reaching = list(_reaching(scene, table.qualified_name))
    naming = [each for each in reaching if re.search(rf"\b{re.escape(column)}\b", bodies.get(each[1].function, ""))]
    for name, trigger in (*naming, *reaching):
        statement = next((each.statement for each in scene.words.deeds if each.table == name), None)
        return Origin(f"by the trigger {trigger.name} of {name}", statement)
    if scene.words.unread:
        line = scene.words.unread[0].location.line
        return Origin(
            f"maybe by the statement on line {line}, which could not be read to its end", scene.words.unread[0]
        )
    return Origin("")


def usual(scene: Scene, name: str, column: str = "") -> Trigger | None:
    """A trigger of before that answers what the migration writes by writing to this table, as it does every day.

    :param column: one that its function names, unless that is written in a language that we cannot read
    """
    bodies = _readable(scene.before)
    for _, trigger in _reaching(scene, name, new=False):
        body = bodies.get(trigger.function)
        if body is None or not column or re.search(rf"\b{re.escape(column)}\b", body):
            return trigger
    return None


def _readable(catalog: Catalog) -> dict[str, str]:
    """The bodies of functions by ``schema.name``, as far as they are text that names tables and columns."""
    return {
        f"{each.schema}.{each.name}": each.body for each in catalog.functions if each.language in ("sql", "plpgsql")
    }


def _reaching(scene: Scene, name: str, *, new: bool = True) -> Iterator[tuple[str, Trigger]]:
    """Triggers of tables that are written to, and whose function names a table, or belongs to it.

    :param new: those that the migration makes, too
    """
    written = _written(scene.words, scene.before)
    for catalog in (scene.before, scene.after) if new else (scene.before,):
        bodies = _readable(catalog)
        for table in catalog.tables:
            if table.qualified_name not in written:
                continue
            for trigger in table.triggers:
                body = bodies.get(trigger.function, "")
                own = table.qualified_name == name and "UPDATE" in trigger.definition and "BEFORE" in trigger.definition
                if own or re.search(rf"\b{re.escape(name.partition('.')[2])}\b", body):
                    yield table.qualified_name, trigger


def _written(words: Words, before: Catalog) -> frozenset[str]:
    """The tables that the migration writes to, those that foreign keys lead to among them."""
    found = set(words.written)
    grown = True
    while grown:
        more = {
            table.qualified_name
            for table in before.tables
            for key in table.foreign_keys
            if key.references in found and {key.on_delete, key.on_update} & {"cascade", "set null", "set default"}
        }
        grown = not more <= found
        found |= more
    return frozenset(found)
