"""Columns that a migration adds and fills, and that are empty in rows that were there before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.findings import Severity
from migrate_validate.syntax import Node, enum_name, node_name, unwrap, walk

from .._shared import count_of
from .deeds import Assigned, Deed
from .expressions import columns_of, conjuncts, speaks_of_null
from .harm import Harm
from .pictures import Row
from .scene import Followed, Scene, differences


def unfilled(scene: Scene, followed: Followed, pairs: Sequence[tuple[Row, Row]]) -> Iterator[Harm]:
    """What the filling leaves out.

    What is made of values of the same row, or looked up by them, is as empty as all of these; where the expression says
    that it may be NULL, it may. Where a WHERE names their values, it says which rows are meant: information.
    """
    table, words = followed.name, scene.words
    for column in words.added.get(table, {}):
        number = followed.now.number(words.columns.get(table, {}).get(column, ""))
        filling = [each for each in words.assignments(table, column) if each[1] is not None]
        if number is None or not filling:
            continue
        left = [pair for pair in pairs if pair[1][number] is None]
        if not left:
            continue
        if any(how is not None and how.expression is not None and speaks_of_null(how.expression) for _, how in filling):
            continue
        sources = {each for deed, how in filling if how is not None for each in _asked(followed, deed, how)}
        empty = [pair for pair in left if not sources or any(pair[0][each] is not None for each in sources)]
        if empty:
            name = followed.now.columns[number].name
            meant = all(_chosen(deed) for deed, _ in filling)
            still = f"still NULL in {len(empty)} of {count_of(len(pairs), 'row')}"
            yield Harm(
                "backfill-incomplete",
                (table, name, ""),
                f"{table}.{name} is added and filled, and {still}{': WHERE says which are filled' if meant else ''}",
                object=f"{table}.{name}",
                statement=filling[-1][0].statement,
                severity=Severity.INFO if meant else None,
                evidence={"changed": differences(followed.was, followed.now, empty)},
                fix="fill every row: a WHERE that is met by all, a partner for each in a join, COALESCE around what may"
                f" be NULL; or leave {name} out of the UPDATE where it may stay empty",
            )


def _chosen(deed: Deed) -> bool:
    """Whether an UPDATE names the rows that it fills by a value of theirs: ``state = 'done'``, ``NOT active``."""
    if deed.kind != "update" or deed.node is None or deed.node.from_clause:
        return False
    return any(
        _is_flag(part)
        or (
            node_name(part) == "A_Expr"
            and enum_name("A_Expr_Kind", part.kind) in ("AEXPR_OP", "AEXPR_IN", "AEXPR_OP_ANY")
            and unwrap(part.name[-1]).sval == "="
            and any(True for _ in columns_of(part))
            and any(node_name(each) == "A_Const" and not each.isnull for each in walk(part))
        )
        for part in conjuncts(deed.where)
    )


def _is_flag(condition: Node) -> bool:
    """A column of its own as a condition, or its opposite."""
    node = unwrap(condition)
    match node_name(node):
        case "ColumnRef":
            return True
        case "BoolExpr":
            return len(node.args) == 1 and _is_flag(node.args[0])
        case "BooleanTest":
            return _is_flag(node.arg)
    return False


def _asked(followed: Followed, deed: Deed, how: Assigned) -> frozenset[int]:
    """The numbers of the columns of the same row that the value is made of, or that lead to the row that it is in."""
    carried = how.carried
    if carried is not None and carried.table == followed.name:
        number = followed.was.number(carried.column)
        return frozenset() if number is None else frozenset((number,))
    asked = [*columns_of(how.expression)] if how.expression is not None and carried is None else []
    names = {followed.name.partition(".")[2]}
    if deed.node is not None and node_name(deed.node) == "UpdateStmt":
        names = {deed.node.relation.alias.aliasname} if deed.node.relation.HasField("alias") else names
        if deed.node.from_clause:
            asked += [each for part in conjuncts(deed.where) if _joins(part) for each in columns_of(part)]
    numbers = (followed.was.number(column) for qualifier, column in asked if not qualifier or qualifier in names)
    return frozenset(number for number in numbers if number is not None)


def _joins(condition: Node) -> bool:
    """Whether it compares columns with each other."""
    return node_name(condition) == "A_Expr" and len(list(columns_of(condition))) > 1
