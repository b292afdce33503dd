"""Statements that say what an earlier file of the chain said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from psycopg import sql

from migrate_validate import syntax
from migrate_validate.chain.model import Chain, Script, Statement
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.findings import Location

from .._shared import Connection, count_of, raw
from .origin import place, scripts_until

_NO_EFFECT = frozenset(
    {"variable_set", "variable_show", "transaction", "select", "notify", "vacuum", "refresh_mat_view"}
)
"""Kinds that may stand in any file: they set up, look, or can be done as often as one likes."""
WRITES = frozenset({"insert", "update", "delete", "copy", "merge"})
"""Kinds that write rows."""
_BEFORE = "migrate_validate_before"


@dataclass(frozen=True, slots=True)
class Repeated:
    """An UPDATE with the same SET as one of an earlier file."""

    statement: Statement
    made: Location
    table: str
    changed: int
    """Rows whose values it changes."""

    def __str__(self) -> str:
        rows = f"changes {count_of(self.changed, 'row')} once more" if self.changed else "changes nothing"
        return f"line {self.statement.location.line}: UPDATE of {self.table} repeats {place(self.made)} and {rows}"


@lru_cache(maxsize=2048)
def spelled(script: Script) -> tuple[tuple[str, Statement], ...]:
    """The statements of a script that have an effect, each in PostgreSQL's own spelling."""
    try:
        parts = statements(script)
    except ScriptError:
        return ()
    return tuple((_spelling(part), part) for part in parts if part.kind not in _NO_EFFECT)


def repeats(chain: Chain, script: Script) -> Script | None:
    """The first earlier file that has every statement of a script; None: there is none.

    Of a file that only writes rows all statements have to be the same, and in the same order: to fill in what has come
    since is usual.
    """
    mine = [text for text, _ in spelled(script)]
    only_rows = all(statement.kind in WRITES for _, statement in spelled(script))
    for other in scripts_until(chain, script.file):
        theirs = [text for text, _ in spelled(other)]
        if mine and other is not script and (mine == theirs or (not only_rows and set(mine) <= set(theirs))):
            return other
    return None


def _spelling(statement: Statement) -> str:
    if statement.kind == UNPARSED:
        return statement.sql
    try:
        text = str(syntax.sql_of(syntax.parse(statement.sql)[0].node))
    except syntax.GrammarError:
        text = statement.sql
    return text + (statement.copy_data or "")


def repeated_update(connection: Connection, chain: Chain, statement: Statement) -> Repeated | None:
    """What an UPDATE does that says what an earlier file said; None: no other does, or it fails.

    Either the SET is the same, or the columns are and it changes nothing.
    """
    if statement.kind != "update":
        return None
    node = syntax.parse(statement.sql)[0].node
    alike = list(_updates_of_same_columns(chain, statement, node))
    same = [other for other in alike if _assignments(syntax.parse(other.sql)[0].node) == _assignments(node)]
    if not alike:
        return None
    table = sql.Identifier(*[part for part in (node.relation.schemaname, node.relation.relname) if part])
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(target.res_target.name)) for target in node.target_list
    )
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(
                sql.SQL("CREATE TEMPORARY TABLE {} AS SELECT {} FROM {}").format(
                    sql.Identifier(_BEFORE), _numbered(columns), table
                )
            )
            connection.execute(raw(statement.sql))
            row = connection.execute(
                sql.SQL(
                    "SELECT count(*) FROM (SELECT {} FROM {} EXCEPT ALL SELECT * FROM pg_temp.{}) AS changed"
                ).format(_numbered(columns), table, sql.Identifier(_BEFORE))
            ).fetchone()
    except psycopg.Error:
        return None
    name = ".".join(part for part in (node.relation.schemaname, node.relation.relname) if part)
    count = int(row[0]) if row else 0
    made = same or ([] if count else alike)
    return Repeated(statement, made[0].location, name, count) if made else None


def _numbered(columns: sql.Composed) -> sql.Composed:
    return sql.SQL("ROW({})::text AS row").format(columns)


def _updates_of_same_columns(chain: Chain, statement: Statement, node: syntax.Node) -> Iterator[Statement]:
    for script in scripts_until(chain, statement.location.file):
        if script.file == statement.location.file:
            return
        for _, other in spelled(script):
            if other.kind == "update":
                updated = syntax.parse(other.sql)[0].node
                if updated.relation.relname == node.relation.relname and _columns(node) <= _columns(updated):
                    yield other


def _columns(node: syntax.Node) -> set[str]:
    return {target.res_target.name for target in node.target_list}


def _assignments(node: syntax.Node) -> tuple[str, str]:
    """The table and the SET of an UPDATE, without its WHERE."""
    bare = type(node)()
    bare.relation.CopyFrom(node.relation)
    bare.relation.schemaname = ""
    for target in node.target_list:
        bare.target_list.add().CopyFrom(target)
    return node.relation.relname, syntax.sql_of(bare)
