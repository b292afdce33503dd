"""Statements inside of loops over a query, as statements over all of its rows.

``FOR r IN SELECT * FROM a LOOP INSERT INTO b VALUES (r.x); END LOOP`` does what ``INSERT INTO b SELECT r.x FROM a AS
r`` does, and that is what the rest of the reading understands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from migrate_validate.syntax import GrammarError, Node, node_name, parse, quote, unwrap, walk

from .expressions import text_of

_LOOP = "PLpgSQL_stmt_fors"


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop over the rows of a query."""

    names: tuple[str, ...]
    """The record, or the variables that get the columns."""
    record: bool
    query: str

    @property
    def source(self) -> Node | None:
        """Its rows as an element of FROM, called as the record is; None: they cannot be read."""
        try:
            inner = parse(self.query)[0].node
        except GrammarError:
            return None
        if self.record and _plain(inner):
            relation = unwrap(inner.from_clause[0])
            text = f"{_name(relation)} AS {quote(self.names[0])}"
        elif self.record:
            text = f"({self.query}) AS {quote(self.names[0])}"
        else:
            text = f"({self.query}) AS migrate_validate_row ({', '.join(map(quote, self.names))})"
        try:
            return parse(f"SELECT FROM {text}")[0].node.from_clause[0]
        except GrammarError:
            return None

    @property
    def condition(self) -> str:
        """Which rows of the table it has, over the record; empty: all, or the source says it."""
        inner = parse(self.query)[0].node
        if not self.record or not _plain(inner) or not inner.HasField("where_clause"):
            return ""
        own = unwrap(inner.from_clause[0])
        alias = own.alias.aliasname if own.HasField("alias") else own.relname
        return _called(inner, alias, self.names[0])


def _plain(select: Node) -> bool:
    """Whether a query gives rows of one table, with columns as they are called there."""
    if node_name(select) != "SelectStmt" or len(select.from_clause) != 1:
        return False
    if select.group_clause or select.distinct_clause or select.HasField("limit_count") or select.HasField("larg"):
        return False
    if node_name(unwrap(select.from_clause[0])) != "RangeVar" or select.HasField("with_clause"):
        return False
    if any(node_name(each) == "SubLink" for each in walk(select)):
        return False
    targets = [unwrap(each) for each in select.target_list]
    values = [unwrap(each.val) for each in targets]
    return all(
        node_name(value) == "ColumnRef"
        and (node_name(unwrap(value.fields[-1])) == "A_Star" or target.name in ("", unwrap(value.fields[-1]).sval))
        for target, value in zip(targets, values, strict=True)
    )


def _name(relation: Node) -> str:
    return ".".join(quote(each) for each in (relation.schemaname, relation.relname) if each)


def _called(select: Node, alias: str, record: str) -> str:
    """The condition of a query, with the name of the record before each column."""
    holder: Any = parse("SELECT NULL")[0].node
    holder.target_list[0].res_target.val.CopyFrom(select.where_clause)
    owner: Any = parse(f"SELECT {quote(record)}.x")[0].node.target_list[0].res_target.val.column_ref.fields[0]
    for each in walk(holder):
        if node_name(each) == "ColumnRef":
            parts = [unwrap(part).sval for part in each.fields]
            if len(parts) == 1 or parts[-2] == alias:
                last = type(owner)()
                last.CopyFrom(each.fields[-1])
                del each.fields[:]
                each.fields.extend([owner, last])
    return text_of(holder.target_list[0].res_target.val)


def entered(kind: str, about: Any) -> Loop | None:
    """The loop that a statement of PL/pgSQL is; None: it is none over a query that is written out."""
    if kind != _LOOP:
        return None
    variable = about.get("var", {})
    query = about["query"]["PLpgSQL_expr"]["query"]
    if "PLpgSQL_rec" in variable:
        return Loop((variable["PLpgSQL_rec"]["refname"],), True, query)
    fields = variable.get("PLpgSQL_row", {}).get("fields", [])
    names = tuple(each["name"] for each in fields)
    return Loop(names, False, query) if names else None


def spread(node: Node, loops: tuple[Loop, ...], conditions: tuple[str, ...]) -> Node:
    """A statement of the body, over all rows of the loops around it; itself where it asks none of them.

    :param conditions: of the IFs around it, as SQL
    """
    for loop in reversed(loops):
        if not _asks(node, loop, conditions):
            continue
        source = loop.source
        if source is None:
            return node
        own = tuple(each for each in conditions if _mentions(each, loop))
        node = _over(node, source, [each for each in (loop.condition, *own) if each])
    return node


def _asks(node: Node, loop: Loop, conditions: tuple[str, ...]) -> bool:
    return any(_is_of(each, loop) for each in walk(node)) or any(_mentions(each, loop) for each in conditions)


def _mentions(condition: str, loop: Loop) -> bool:
    try:
        return any(_is_of(each, loop) for each in walk(parse(f"SELECT {condition}")[0].node))
    except GrammarError:
        return False


def _is_of(node: Node, loop: Loop) -> bool:
    if node_name(node) != "ColumnRef":
        return False
    names = [unwrap(each).sval for each in node.fields if node_name(unwrap(each)) == "String"]
    return bool(names) and names[0] in loop.names and (len(node.fields) > 1) is loop.record


def _over(node: Node, source: Node, conditions: list[str]) -> Node:
    copy = type(node)()
    copy.CopyFrom(node)
    target: Any = copy
    match node_name(node):
        case "InsertStmt" if copy.HasField("select_stmt"):
            select = copy.select_stmt.select_stmt
            if len(select.values_lists) == 1:
                select.CopyFrom(_selecting(list(unwrap(select.values_lists[0]).items)))
            elif select.values_lists:
                return node
            target = select
            select.from_clause.append(source)
        case "SelectStmt":
            copy.from_clause.append(source)
        case "UpdateStmt":
            copy.from_clause.append(source)
        case "DeleteStmt":
            copy.using_clause.append(source)
        case _:
            return node
    for condition in conditions:
        _restrict(target, condition)
    return copy


def _selecting(values: list[Node]) -> Node:
    select: Any = parse("SELECT 1")[0].node
    pattern: Any = select.target_list[0]
    targets = []
    for value in values:
        each = type(pattern)()
        each.CopyFrom(pattern)
        each.res_target.val.CopyFrom(value)
        targets.append(each)
    del select.target_list[:]
    select.target_list.extend(targets)
    return select


def _restrict(statement: Any, condition: str) -> None:
    """One more condition of a statement."""
    try:
        more: Any = parse(f"SELECT true AND ({condition})")[0].node.target_list[0].res_target.val
    except GrammarError:
        return
    if statement.HasField("where_clause"):
        more.bool_expr.args[0].CopyFrom(statement.where_clause)
        statement.where_clause.CopyFrom(more)
    else:
        statement.where_clause.CopyFrom(more.bool_expr.args[1])


def skipped(kind: str, about: Any) -> Iterator[str]:
    """On what condition a statement goes on to the next row: ``CONTINUE WHEN``, ``IF ... THEN CONTINUE``."""
    if kind == "PLpgSQL_stmt_exit" and not about.get("is_exit") and about.get("cond"):
        yield about["cond"]["PLpgSQL_expr"]["query"]
    elif kind == "PLpgSQL_stmt_if" and not about.get("elsif_list") and not about.get("else_body"):
        body = about.get("then_body", [])
        if body and "PLpgSQL_stmt_exit" in body[-1]:
            last = body[-1]["PLpgSQL_stmt_exit"]
            if not last.get("is_exit") and not last.get("cond"):
                yield about["cond"]["PLpgSQL_expr"]["query"]
