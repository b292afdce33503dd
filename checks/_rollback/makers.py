"""Which statement of a migration made a difference of the schema, and what would take it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from migrate_validate.catalog.diff import Difference
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError, statements

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


def maker(script: Script, difference: Difference) -> Statement | None:
    """The statement of a script that names what differs: the last one of those that name most of it."""
    words = _words(re.sub(r"\(.*|\bby \S+$", "", difference.object))
    if not words:
        return None
    own = words[-1]
    best: tuple[int, Statement] | None = None
    for statement, named in _named(script):
        score = len(set(words) & named)
        if own in named and (best is None or score >= best[0]):
            best = (score, statement)
    return best[1] if best else None


@lru_cache(maxsize=64)
def _named(script: Script) -> tuple[tuple[Statement, frozenset[str]], ...]:
    try:
        return tuple((each, frozenset(_words(each.sql))) for each in statements(script))
    except ScriptError:
        return ()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


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
