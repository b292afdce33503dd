"""Updates whose join finds several rows for one: which of them counts, nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from .._shared import count_of
from .harm import Harm
from .questions import join_question
from .scene import Followed, Scene


def ambiguous(scene: Scene, followed: Followed) -> Iterator[Harm]:
    """Each UPDATE ... FROM that finds different values for the same row."""
    for number, deed in enumerate(scene.words.deeds):
        if deed.table != followed.name:
            continue
        answer = scene.was.answers.get(join_question(number))
        count = int(str(answer)) if answer is not None else 0
        if not count:
            continue
        names = scene.words.columns.get(followed.name, {})
        columns = ", ".join(names.get(each, each.lstrip("+")) for each in deed.assigned)
        yield Harm(
            "values-changed",
            (followed.name, columns, "several sources"),
            f"UPDATE of {followed.name} finds several rows with different values of {columns} for"
            f" {count_of(count, 'row')}: which of them counts is left to chance",
            object=f"{followed.name}.{columns}" if len(deed.assigned) == 1 else followed.name,
            statement=deed.statement,
            fix="join with at most one row for each: an aggregate, DISTINCT ON with ORDER BY, or a subquery with"
            " LIMIT 1 and ORDER BY",
        )
