"""Columns that a migration adds and fills, and that are empty in rows that were there before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.findings import Severity
from migrate_validate.syntax import enum_name, node_name, unwrap, walk

from .._shared import count_of
from .deeds import Assigned, Deed
from .expressions import columns_of, conjuncts, speaks_of_null
from .harm import Harm
from .pictures import Row
from .scene import Followed, Scene, differences


def unfilled(scene: Scene, followed: Followed, pairs: Sequence[tuple[Row, Row]]) -> Iterator[Harm]:
    """What the filling leaves out.

    A column that is filled with the value of one other column of its row is as empty as that; where the expression says
    that it may be NULL, it may. Where a WHERE names their values, it says which rows are meant: information.
    """
    table, words = followed.name, scene.words
    for column in words.added.get(table, {}):
        number = followed.now.number(words.columns.get(table, {}).get(column, ""))
        filling = [each for each in words.assignments(table, column) if each[1] is not None]
        if number is None or not filling:
            continue
        if any(how is not None and how.expression is not None and speaks_of_null(how.expression) for _, how in filling):
            continue
        sources = [_source(followed, how) for _, how in filling if how is not None]
        empty = [
            pair
            for pair in pairs
            if pair[1][number] is None and not any(each is not None and pair[0][each] is None for each in sources)
        ]
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
    """Whether an UPDATE names the rows that it fills by a value of theirs: ``state = 'done'``, ``kind IN (1, 2)``."""
    if deed.kind != "update" or deed.node is None or deed.node.from_clause:
        return False
    return any(
        node_name(part) == "A_Expr"
        and enum_name("A_Expr_Kind", part.kind) in ("AEXPR_OP", "AEXPR_IN", "AEXPR_OP_ANY")
        and unwrap(part.name[-1]).sval == "="
        and any(True for _ in columns_of(part))
        and any(node_name(each) == "A_Const" and not each.isnull for each in walk(part))
        for part in conjuncts(deed.where)
    )


def _source(followed: Followed, how: Assigned) -> int | None:
    """The number of the column of the same row whose value it is."""
    carried = how.carried
    return followed.was.number(carried.column) if carried and carried.table == followed.name else None
