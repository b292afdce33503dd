"""How statements are guarded against being applied a second time, and how they could be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from psycopg import errors

from migrate_validate.chain.creates import created_by
from migrate_validate.chain.model import Statement
from migrate_validate.replay.timeline import StatementRun
from migrate_validate.syntax import GrammarError, Node, node_name, parse, unwrap, walk

from .._shared import enum_name

_LOOKS_FIRST = re.compile(r"\bif\s+(?:not\s+)?exists\b|\bif\s+not\s+found\b|\bduplicate_\w+|\bunique_violation\b", re.I)
"""In the body of a DO block."""
_BLOCK = "put it into a DO block that looks first"
_SHARED = ({"role"}, {"extension"}, {"role", "extension"})
_OR_REPLACE = "OR REPLACE"
_ROWS = ("insert", "copy")
_REMEDIES = {
    "create": "CREATE TABLE IF NOT EXISTS",
    "create_table_as": "CREATE TABLE IF NOT EXISTS",
    "index": "CREATE INDEX IF NOT EXISTS",
    "create_seq": "CREATE SEQUENCE IF NOT EXISTS",
    "create_schema": "CREATE SCHEMA IF NOT EXISTS",
    "create_extension": "CREATE EXTENSION IF NOT EXISTS",
    "create_policy": "DROP POLICY IF EXISTS before it",
    "create_trig": "CREATE OR REPLACE TRIGGER",
    "create_function": "CREATE OR REPLACE",
    "view": "CREATE OR REPLACE VIEW",
    "rule": "CREATE OR REPLACE RULE",
    "alter_enum": "ADD VALUE IF NOT EXISTS",
    "insert": "ON CONFLICT DO NOTHING",
    "copy": "copy into a temporary table, and insert from there with ON CONFLICT DO NOTHING",
    "drop": "DROP ... IF EXISTS",
}
_OF_ALTER_TABLE = {
    "AT_AddColumn": "ADD COLUMN IF NOT EXISTS",
    "AT_AddConstraint": "DROP CONSTRAINT IF EXISTS before it",
    "AT_DropColumn": "DROP COLUMN IF EXISTS",
    "AT_DropConstraint": "DROP CONSTRAINT IF EXISTS",
}


class Extent(Enum):
    """What a guard says of the other statements of its file."""

    NOTHING = 0
    """It is how people write such statements anyway."""
    ROWS = 1
    """It is about rows. Of a file that makes objects without a guard it says nothing: an INSERT may meet rows
    that an earlier migration made, or record that the file was applied."""
    FILE = 2
    """The file can be applied again."""


@dataclass(frozen=True, slots=True)
class Guard:
    """That a statement was written to be applied again."""

    statement: Statement
    words: str
    """``IF NOT EXISTS``, ``ON CONFLICT``, ..."""
    extent: Extent
    """Which statements of its file it makes one expect to be guarded too."""


def guards(statements: Sequence[Statement], quiet: Collection[Statement] = ()) -> tuple[Guard, ...]:
    """The guarded statements of a file, in order.

    :param quiet: those that were :func:`silent` when the file was applied for the first time: a DROP IF EXISTS among
        them has dropped something, and exchanges what was there, for which it need not be applied again
    """
    found = []
    for position, statement in enumerate(statements):
        node = _tree(statement)
        if node is not None and (words := _words(node, statement, statements[position + 1 :])):
            exchanges = words.startswith("DROP") and statement in quiet
            found.append(Guard(statement, words, Extent.NOTHING if exchanges else _extent(node, statement, words)))
    return tuple(found)


def silent(runs: Iterable[StatementRun]) -> tuple[Statement, ...]:
    """The statements of which the server said nothing but what they dropped along with what they name."""
    return tuple(run.statement for run in runs if run.cascades == len(run.notices))


def claims(kept: Iterable[Guard], failing: Collection[Statement]) -> bool:
    """Whether a file with these guards says that the failing statements can be applied again."""
    extents = {guard.extent for guard in kept}
    return Extent.FILE in extents or (Extent.ROWS in extents and all(each.kind in _ROWS for each in failing))


def remedy(statement: Statement, sqlstate: str | None = None) -> str:
    """How a statement could be guarded.

    :param sqlstate: of the error with which it fails
    """
    node = _tree(statement)
    found = _REMEDIES.get(statement.kind) if node is None else _found(statement, node)
    found = found or _block(sqlstate)
    return f"give it a name, and {found}" if node is not None and _nameless(node) else found


def brief(statement: Statement) -> str:
    """The beginning of a statement on one line."""
    text = " ".join(statement.sql.split())
    return text if len(text) <= 60 else f"{text[:57].rstrip()}..."


def _found(statement: Statement, node: Node) -> str | None:
    """The clause that the statement lacks; None where there is none of its kind."""
    match node_name(node):
        case "AlterTableStmt":
            kinds = [enum_name(command, "subtype") for command in map(unwrap, node.cmds)]
            return next((_OF_ALTER_TABLE[kind] for kind in kinds if kind in _OF_ALTER_TABLE), None)
        case "AlterEnumStmt" if node.old_val:
            return None
        case "CreateTrigStmt" if node.isconstraint:
            return "DROP TRIGGER IF EXISTS before it"
        case "IndexStmt" if node.concurrent:
            return "DROP INDEX CONCURRENTLY IF EXISTS before it (IF NOT EXISTS would keep one that is INVALID)"
        case "CreateTableAsStmt" if enum_name(node, "objtype") == "OBJECT_MATVIEW":
            return "CREATE MATERIALIZED VIEW IF NOT EXISTS"
    return _REMEDIES.get(statement.kind)


def _block(sqlstate: str | None) -> str:
    try:
        name = errors.lookup(sqlstate or "").__name__
    except KeyError:
        return _BLOCK
    # The classes are called as PL/pgSQL's conditions are: DuplicateObject, duplicate_object.
    return f"{_BLOCK}, or that catches {re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}"


def _nameless(node: Node) -> bool:
    """Whether it makes an index or a constraint and leaves the name to PostgreSQL."""
    if node_name(node) == "IndexStmt":
        return not node.idxname
    if node_name(node) != "AlterTableStmt":
        return False
    added = [unwrap(getattr(command, "def")) for command in map(unwrap, node.cmds)]
    return any(node_name(each) == "Constraint" and not each.conname for each in added)


def _tree(statement: Statement) -> Node | None:
    try:
        return parse(statement.sql)[0].node
    except GrammarError:
        return None


def _extent(node: Node, statement: Statement, words: str) -> Extent:
    if words == _OR_REPLACE:
        return Extent.NOTHING
    match node_name(node):
        case "DoStmt" if {made.kind for made in created_by(statement)} in _SHARED:
            # Another database of the same server may have made the role.
            return Extent.NOTHING
        case "CreateExtensionStmt":
            return Extent.NOTHING
        case "InsertStmt":
            return Extent.ROWS
    return Extent.FILE


def _words(node: Node, statement: Statement, later: Sequence[Statement]) -> str:
    match node_name(node):
        case "InsertStmt":
            if node.HasField("on_conflict_clause"):
                return "ON CONFLICT"
            return "WHERE NOT EXISTS" if re.search(r"\bwhere\s+not\s+exists\b", statement.sql, re.I) else ""
        case "DoStmt":
            return "DO block that looks first" if _LOOKS_FIRST.search(statement.sql) else ""
        case "AlterEnumStmt":
            return "IF NOT EXISTS" if node.skip_if_new_val_exists else ""
        case "AlterTableStmt":
            return _of_alter_table(node, later)
        case "DropStmt":
            again = node.missing_ok and any(_made_later(name, later) for name in _dropped(node))
            return "DROP IF EXISTS before CREATE" if again else ""
    if getattr(node, "if_not_exists", False):
        return "IF NOT EXISTS"
    return _OR_REPLACE if getattr(node, "replace", False) else ""


def _of_alter_table(node: Node, later: Sequence[Statement]) -> str:
    for command in map(unwrap, node.cmds):
        if not command.missing_ok:
            continue
        if enum_name(command, "subtype") == "AT_AddColumn":
            return "ADD COLUMN IF NOT EXISTS"
        if _made_later(command.name, later) or any(
            each is not command and _adds(each, command.name) for each in node.cmds
        ):
            return "DROP IF EXISTS before ADD"
    return ""


def _adds(command: Node, name: str) -> bool:
    return any(getattr(each, "conname", "") == name for each in walk(command))


def _dropped(node: Node) -> Iterator[str]:
    for each in node.objects:
        names = [part.sval for part in walk(each) if node_name(part) == "String"]
        if names:
            yield names[-1]


def _made_later(name: str, later: Sequence[Statement]) -> bool:
    """Whether a statement that makes something mentions the name."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return any(
        each.kind.startswith(("create", "view", "index", "define", "alter_table", "rule")) and word.search(each.sql)
        for each in later
    )
