"""Columns that a migration adds and fills, and that are empty in rows that were there before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._shared import count_of
from .deeds import Assigned
from .expressions import speaks_of_null
from .harm import Harm
from .pictures import Row
from .scene import Followed, Scene, differences


def unfilled(scene: Scene, followed: Followed, pairs: Sequence[tuple[Row, Row]]) -> Iterator[Harm]:
    """What the filling leaves out.

    A column that is filled with the value of one other column of its row is as empty as that; where the expression says
    that it may be NULL, it may.
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
            yield Harm(
                "backfill-incomplete",
                (table, name, ""),
                f"{table}.{name} is added and filled, and still NULL in {len(empty)} of {count_of(len(pairs), 'row')}",
                object=f"{table}.{name}",
                statement=filling[-1][0].statement,
                evidence={"changed": differences(followed.was, followed.now, empty)},
                fix="fill every row: a WHERE that is met by all, a partner for each in a join, COALESCE around what may"
                f" be NULL; or leave {name} out of the UPDATE where it may stay empty",
            )


def _source(followed: Followed, how: Assigned) -> int | None:
    """The number of the column of the same row whose value it is."""
    carried = how.carried
    return followed.was.number(carried.column) if carried and carried.table == followed.name else None
