"""Values of columns that a migration changes, beyond what it says."""

from __future__ import annotations

from collections.abc import Iterator

from .._shared import count_of
from .casting import Pairs, cut, stated
from .expressions import Way
from .harm import Harm
from .origins import by_foreign_key, of_changed_values, usual
from .overwriting import overwritten
from .pictures import Pictured
from .questions import BEGAN
from .scene import Followed, Scene, differences, kind
from .values import changed
from .zones import copied, recomputed


def altered(scene: Scene, followed: Followed, pairs: Pairs) -> Iterator[Harm]:
    """Values of columns that are still there."""
    labels = set(scene.words.labels.items())
    for number, present in followed.columns.items():
        was, now = followed.was.columns[number], followed.now.columns[present]
        # The text of a regclass changes when its table is renamed.
        if was.generated or now.generated or number in followed.key or was.type.startswith("reg"):
            continue
        differing = [
            (one, other)
            for one, other in changed(scene.connection, was, now, pairs)
            if (one[number], other[present]) not in labels
        ]
        if differing:
            yield from _judged(scene, followed, was, now, differing, len(pairs))
    yield from recomputed(scene, followed.was, followed.now)
    heir = scene.now.tables.get(followed.name)
    if heir is None or heir.oid == followed.was.oid:
        yield from copied(scene, followed.was)


def _judged(
    scene: Scene, followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int
) -> Iterator[Harm]:
    table = followed.name
    updates = scene.words.assignments(table, was.name)
    retyped = next((each for each in scene.words.deeds_on(table, "retype") if was.name in each.assigned), None)
    back = scene.words.copy_back(table)
    reach = f"{len(differing)} of {count_of(count, 'row')}"
    if updates:
        expressions = [(deed.statement, how.expression if how else None) for deed, how in updates]
        yield from overwritten(followed, was, now, differing, expressions)
        message = f"UPDATE of {table}.{was.name} changes {reach}: it is stated"
        yield stated(table, was.name, "update", message, updates[0][0].statement)
    elif back is not None and was.name not in back.columns:
        message = f"the copy gives {table}.{was.name} another value in {reach}: it is stated"
        yield stated(table, was.name, "copy", message, back.statement)
    elif retyped is not None and retyped.assigned[was.name].way in (Way.COMPUTED, Way.CONSTANT):
        yield from overwritten(
            followed, was, now, differing, [(retyped.statement, retyped.assigned[was.name].expression)]
        )
        message = f"USING gives {table}.{was.name} another value in {reach}: it is stated"
        yield stated(table, was.name, "using", message, retyped.statement)
    elif retyped is not None or was.type != now.type:
        yield cut(followed, was, now, differing, count, retyped.statement if retyped else None)
    elif by_foreign_key(scene, followed.table, was.name) is not None or not usual(scene, table, was.name):
        differing = [pair for pair in differing if not _of_this_moment(scene, was, pair[1][now.number])]
        if differing:
            yield _unsaid(scene, followed, was, differing, f"{len(differing)} of {count_of(count, 'row')}")


def _of_this_moment(scene: Scene, column: Pictured, value: str | None) -> bool:
    """Whether a value is the time of the last change, which is the change of the migration."""
    began = str(scene.was.answers.get(BEGAN) or "")
    if kind(column.type) != "moment" or not began or value is None:
        return False
    return value.removesuffix("+00") >= began.removesuffix("+00")[: len(value)]


def _unsaid(scene: Scene, followed: Followed, was: Pictured, differing: Pairs, reach: str) -> Harm:
    table = followed.name
    origin = of_changed_values(scene, followed.table, was.name)
    how = origin.how or "though the migration does not say so"
    return Harm(
        "values-changed",
        (table, was.name, origin.how.partition(" (")[0]),
        f"{table}.{was.name} has another value in {reach} {how}",
        object=f"{table}.{was.name}",
        statement=origin.statement,
        evidence={"changed": differences(followed.was, followed.now, differing)},
        fix=origin.fix or f"say in the migration what {table}.{was.name} is to become (UPDATE ... SET)",
    )
