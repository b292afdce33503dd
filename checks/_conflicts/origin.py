"""Who made what: the statement of the chain that created an object before another one wants to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from migrate_validate import syntax
from migrate_validate.chain.creates import OBJECT_KINDS, Created, created_objects, name_parts
from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Location

from .creations import Creation, creations

_RELATIONS = frozenset({"table", "view", "materialized view", "sequence", "index"})
_ALIKE = {**dict.fromkeys(_RELATIONS, _RELATIONS), "constraint": frozenset({"constraint", "table"})}
"""The kinds whose names exclude each other; a constraint is told by its table."""
_DROPPED = {
    **OBJECT_KINDS,
    "OBJECT_EXTENSION": "extension",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_POLICY": "policy",
    "OBJECT_STATISTIC_EXT": "statistics",
}
_WORDS = 60
"""Characters of a statement that a message shows."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A name that a statement drops."""

    kind: str
    schema: str | None
    name: str
    location: Location
    table: str | None = None
    """Of a trigger or policy."""


def origin(chain: Chain, creation: Creation) -> Created | None:
    """The statement before a creation that made an object of its name; None: the chain has none.

    One that creates only what is not there is passed over where another made it before.
    """
    here = creation.statement.location
    found: Created | None = None
    for script in scripts_until(chain, here.file):
        guarded = _guarded_places(script)
        for event in events(script):
            if event.location.file == here.file and _position(event.location) >= _position(here):
                break
            if is_of(event, creation):
                if isinstance(event, Dropped):
                    found = None
                elif found is None or event.location not in guarded:
                    found = event
    return found


def earlier(chain: Chain, creation: Creation, applied: Collection[str] = ()) -> Created | None:
    """What an earlier file made under this name, whatever was dropped since; None: nothing.

    :param applied: files that come first in question, because they are known to have been applied
    """
    file = creation.statement.location.file
    found: Created | None = None
    for script in scripts_until(chain, file):
        made = (event for event in events(script) if isinstance(event, Created) and is_of(event, creation))
        known = found is not None and found.location.file in applied
        if script.file != file and (script.file in applied or not known):
            found = next(made, None) or found
    return found


def is_of(event: Created | Dropped, creation: Creation) -> bool:
    """Whether a name that was created or dropped is the name of a creation, as far as the texts tell."""
    name, table = event.name, event.table
    if creation.kind == "constraint" and event.kind == "table":
        name, table = creation.name if event.name == creation.table else "", creation.table
    return (
        event.kind in _ALIKE.get(creation.kind, {creation.kind})
        and name == creation.name
        and (event.schema is None or creation.schema is None or event.schema == creation.schema)
        and (table is None or creation.table is None or table == creation.table)
    )


def speaks_of(chain: Chain, made: Created, creation: Creation) -> bool:
    """Whether the statement that :func:`origin` tells for a creation has its name.

    Of a constraint that is the CREATE TABLE, which may have nothing to do with it; a name that PostgreSQL gave to one
    stands nowhere.
    """
    if creation.kind != "constraint" or made.kind != "table":
        return True
    *_, script = scripts_until(chain, made.location.file or "")
    texts = (each.sql for each in statements(script) if each.location == made.location)
    return any(re.search(rf"(?<!\w){re.escape(creation.name)}(?!\w)", text, re.IGNORECASE) for text in texts)


@lru_cache(maxsize=2048)
def events(script: Script) -> tuple[Created | Dropped, ...]:
    """What a script creates and drops, in order."""
    both: list[Created | Dropped] = [*created_objects(script), *_drops(script)]
    return tuple(sorted(both, key=lambda event: _position(event.location)))


def _position(location: Location) -> tuple[int, int]:
    return location.line or 0, location.column or 0


def _drops(script: Script) -> Iterator[Dropped]:
    try:
        parts = [part for part in statements(script) if part.kind == "drop"]
    except ScriptError:
        return
    for part in parts:
        node = syntax.parse(part.sql)[0].node
        kind = _DROPPED.get(syntax.enum_name("ObjectType", node.remove_type))
        for each in node.objects if kind else ():
            *before, name = name_parts(each)
            if kind in ("trigger", "policy"):
                schema, table = (before[-2] if len(before) > 1 else None), before[-1]
            else:
                schema, table = (before[-1] if before else None), None
            yield Dropped(kind or "", schema, name, part.location, table)


@lru_cache(maxsize=2048)
def _guarded_places(script: Script) -> frozenset[Location]:
    try:
        return frozenset(each.location for each in statements(script) if any(one.guarded for one in creations(each)))
    except ScriptError:
        return frozenset()


def scripts_until(chain: Chain, file: str) -> Iterator[Script]:
    """The base files and migrations in the order of application, up to this file."""
    for script in (*chain.base, *(each.up for each in chain.migrations)):
        yield script
        if script.file == file:
            return


def place(location: Location) -> str:
    """``file:line``."""
    return str(Location(location.file, location.line))


def first_words(creation: Creation) -> str:
    """A statement as a message names it."""
    line = " ".join(creation.statement.sql.split("(")[0].split())
    return line if len(line) <= _WORDS else f"{line[:_WORDS].rstrip()} ..."
