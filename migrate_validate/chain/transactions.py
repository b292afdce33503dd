"""How the statements of one file are grouped into transactions, read from the statements themselves."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_validate import syntax
from migrate_validate.chain.model import Sends, Statement, TransactionMode

_NEVER_INSIDE = {
    "alter_system": "ALTER SYSTEM",
    "createdb": "CREATE DATABASE",
    "dropdb": "DROP DATABASE",
    "create_table_space": "CREATE TABLESPACE",
    "drop_table_space": "DROP TABLESPACE",
    "create_subscription": "CREATE SUBSCRIPTION",
    "drop_subscription": "DROP SUBSCRIPTION",
}
_SOMETIMES = {"index", "drop", "reindex", "vacuum", "cluster", "alter_table", "alter_database", "discard"}
_BOUNDARIES = ("BEGIN", "START", "COMMIT", "ROLLBACK", "PREPARE", "COMMIT_PREPARED", "ROLLBACK_PREPARED")


def transaction_mode(statements: Sequence[Statement], sends: Sends = Sends.AS_NEEDED) -> tuple[TransactionMode, str]:
    """The mode in which one file runs, and why it is not one transaction (empty where it is).

    A file that writes BEGIN or COMMIT itself keeps its own transactions, whatever else it holds. Savepoints alone are
    no transactions.

    :param sends: how the runner sends the file: one that wraps it does so whatever it holds
    """
    for statement in statements:
        boundary = _boundary(statement)
        if boundary:
            return TransactionMode.OWN, f"it writes {boundary} itself (line {statement.location.line})"
    if sends is Sends.STATEMENTS:
        return TransactionMode.NONE, "its statements are sent one by one"
    if sends is Sends.TRANSACTION or (sends is Sends.MESSAGE and len(statements) > 1):
        return TransactionMode.FILE, ""
    for position, statement in enumerate(statements):
        reason = _outside(statement) or _label_used_later(statement, statements, position)
        if reason:
            return TransactionMode.NONE, reason
    return TransactionMode.FILE, ""


def _boundary(statement: Statement) -> str:
    if statement.kind != "transaction":
        return ""
    node = syntax.parse(statement.sql)[0].node
    kind = syntax.enum_name("TransactionStmtKind", node.kind).removeprefix("TRANS_STMT_")
    return kind.replace("_", " ") if kind in _BOUNDARIES else ""


def runs_alone(statement: Statement) -> bool:
    """Whether PostgreSQL refuses to run it inside a transaction."""
    return bool(_outside(statement))


def _outside(statement: Statement) -> str:
    """Why a statement cannot run in a transaction; empty where it can."""
    what = _NEVER_INSIDE.get(statement.kind, "")
    if not what and statement.kind in _SOMETIMES:
        what = _sometimes(statement.kind, syntax.parse(statement.sql)[0].node)
    return f"{what} (line {statement.location.line}) cannot run in a transaction" if what else ""


def _sometimes(kind: str, node: syntax.Node) -> str:
    options = [element.def_elem.defname for element in getattr(node, "params", ())]
    target = syntax.enum_name("ReindexObjectType", node.kind) if kind == "reindex" else ""
    if kind == "index" and node.concurrent:
        return "CREATE INDEX CONCURRENTLY"
    if kind == "drop" and node.concurrent:
        return "DROP INDEX CONCURRENTLY"
    if kind == "reindex" and "concurrently" in options:
        return "REINDEX CONCURRENTLY"
    if target in ("REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"):
        return f"REINDEX {target.removeprefix('REINDEX_OBJECT_')}"
    if kind == "vacuum" and node.is_vacuumcmd:
        return "VACUUM"
    if kind == "cluster" and not node.HasField("relation"):
        return "CLUSTER of all tables"
    if kind == "discard" and syntax.enum_name("DiscardMode", node.target) == "DISCARD_ALL":
        return "DISCARD ALL"
    if kind == "alter_database" and any(each.def_elem.defname == "tablespace" for each in node.options):
        return "ALTER DATABASE ... SET TABLESPACE"
    if kind == "alter_table" and any(
        syntax.node_name(each) == "PartitionCmd" and each.concurrent for each in syntax.walk(node)
    ):
        return "DETACH PARTITION CONCURRENTLY"
    return ""


def _label_used_later(statement: Statement, statements: Sequence[Statement], position: int) -> str:
    """ALTER TYPE ... ADD VALUE, where the new label is used before a COMMIT could make it usable."""
    if statement.kind != "alter_enum":
        return ""
    node = syntax.parse(statement.sql)[0].node
    if not node.new_val or node.old_val or _made_here(node, statements[:position]):
        return ""
    for later in statements[position + 1 :]:
        if later.kind != "alter_enum" and _mentions(later, node.new_val):
            return (
                f"ALTER TYPE ... ADD VALUE '{node.new_val}' (line {statement.location.line}): the new label is used on"
                f" line {later.location.line}, which is possible only once it is committed"
            )
    return ""


def _made_here(alter: syntax.Node, earlier: Sequence[Statement]) -> bool:
    """Whether the type was created by the same file: then its labels can be used at once."""
    name = [part.string.sval for part in alter.type_name]
    for statement in earlier:
        if statement.kind == "create_enum":
            made = [part.string.sval for part in syntax.parse(statement.sql)[0].node.type_name]
            if made[-1] == name[-1] and (len(made) == len(name) == 1 or made == name or 1 in (len(made), len(name))):
                return True
    return False


def _mentions(statement: Statement, label: str) -> bool:
    written = "'" + label.replace("'", "''") + "'"
    if written not in statement.sql:
        return False
    if statement.kind == "create_function":
        # The body of a function is looked at when it is created only where its language is SQL.
        node = syntax.parse(statement.sql)[0].node
        return any(
            option.def_elem.defname == "language" and option.def_elem.arg.string.sval.lower() == "sql"
            for option in node.options
        )
    if statement.kind == "comment":
        return False
    tokens = syntax.scan(statement.sql)
    return any(token.name == "SCONST" and written in statement.sql[token.start : token.end] for token in tokens)
