"""Values of columns that a migration changes or drops, beyond what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.chain.model import Statement
from migrate_validate.findings import Severity
from migrate_validate.syntax import Node, node_name, unwrap

from .._shared import count_of, quoted
from .deeds import Assigned, Deed
from .expressions import Way, columns_of, functions, operators, strings
from .harm import Harm
from .origins import by_foreign_key, of_changed_values, usual
from .pictures import Picture, Pictured, Row
from .scene import Followed, Scene, differences, kind
from .values import changed, lost_keys

Pairs = Sequence[tuple[Row, Row]]


def altered(scene: Scene, followed: Followed, pairs: Pairs) -> Iterator[Harm]:
    """Values of columns that are still there."""
    for number, present in followed.columns.items():
        was, now = followed.was.columns[number], followed.now.columns[present]
        if was.generated or now.generated or number in followed.key:
            continue
        differing = changed(scene.connection, was, now, pairs)
        if differing:
            yield from _judged(scene, followed, was, now, differing, len(pairs))


def _judged(
    scene: Scene, followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int
) -> Iterator[Harm]:
    table = followed.name
    stated = scene.words.assignments(table, was.name)
    retyped = next((each for each in scene.words.deeds_on(table, "retype") if was.name in each.assigned), None)
    reach = f"{len(differing)} of {count_of(count, 'row')}"
    if stated:
        deed, _ = stated[0]
        yield from _json(followed, was, now, differing, stated)
        yield from _emptied(followed, was, now, differing, stated)
        yield _info(
            table, was.name, "update", f"UPDATE of {table}.{was.name} changes {reach}: it is stated", deed.statement
        )
        return
    back = scene.words.copy_back(table)
    if back is not None and was.name not in back.columns:
        yield _info(
            table, was.name, "copy", f"the copy gives {table}.{was.name} another value in {reach}", back.statement
        )
        return
    if retyped is not None and retyped.assigned[was.name].way in (Way.COMPUTED, Way.CONSTANT):
        message = f"USING gives {table}.{was.name} another value in {reach}: it is stated"
        yield _info(table, was.name, "using", message, retyped.statement)
        return
    if retyped is not None or was.type != now.type:
        yield cut(followed, was, now, differing, count, retyped)
        return
    if by_foreign_key(scene, followed.table, was.name) is None and usual(scene, table, was.name):
        return
    origin = of_changed_values(scene, followed.table, was.name)
    how_ = origin.how or "though the migration does not say so"
    yield Harm(
        "values-changed",
        (table, was.name, origin.how.partition(" (")[0]),
        f"{table}.{was.name} has another value in {reach} {how_}",
        object=f"{table}.{was.name}",
        statement=origin.statement,
        evidence={"rows": differences(followed.was, followed.now, differing)},
        fix=origin.fix or f"say in the migration what {table}.{was.name} is to become (UPDATE ... SET)",
    )


def cut(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int, deed: Deed | None) -> Harm:
    """A cast that does not keep the value."""
    table = followed.name
    return Harm(
        "values-changed",
        (table, was.name, "cast"),
        f"{table}.{was.name} does not survive the change from {was.type} to {now.type} in {len(differing)} of"
        f" {count_of(count, 'row')}: cast back, it is another value",
        object=f"{table}.{was.name}",
        statement=deed.statement if deed else None,
        evidence={"rows": differences(followed.was, followed.now, differing)},
        fix=f"choose a type that holds every value of {was.type}, or make sure beforehand that no value is lost, and"
        " say in USING what is to become of the others",
    )


def _info(table: str, column: str, about: str, message: str, statement: Statement | None) -> Harm:
    return Harm(
        "values-changed",
        (table, column, f"stated {about}"),
        message,
        object=f"{table}.{column}",
        statement=statement,
        severity=Severity.INFO,
    )


def _json(
    followed: Followed, was: Pictured, now: Pictured, differing: Pairs, stated: list[tuple[Deed, Assigned | None]]
) -> Iterator[Harm]:
    """Keys of JSON objects that an UPDATE leaves out when it makes the object anew."""
    if kind(was.type) != "json" or kind(now.type) != "json":
        return
    expressions = [how.expression for _, how in stated if how is not None and how.expression is not None]
    if len(expressions) != len(stated) or not any(_rebuilds(each, was.name) for each in expressions):
        return
    if any({"-", "#-"} & set(operators(each)) or _strips(each) for each in expressions):
        return
    named = {text for each in expressions for text in strings(each)}
    losing = [(one, other) for one, other in differing if lost_keys(one[was.number], other[now.number]) - named]
    if not losing:
        return
    table, column = followed.name, was.name
    lost = sorted({key for one, other in losing for key in lost_keys(one[was.number], other[now.number]) - named})
    yield Harm(
        "values-changed",
        (table, column, "json keys"),
        f"UPDATE makes {table}.{column} anew and loses keys of {len(losing)} of {count_of(len(differing), 'row')}",
        object=f"{table}.{column}",
        statement=stated[0][0].statement,
        evidence={"keys": lost[:3], "rows": differences(followed.was, followed.now, losing)},
        fix=f"keep what is there: SET {column} = {column} || jsonb_build_object(...)",
    )


def _emptied(
    followed: Followed, was: Pictured, now: Pictured, differing: Pairs, stated: list[tuple[Deed, Assigned | None]]
) -> Iterator[Harm]:
    """Values that an UPDATE exchanges for what a subquery finds, where it finds nothing."""
    asking = [deed for deed, how in stated if how is not None and _finds_rows(how.expression)]
    empty = [pair for pair in differing if pair[0][was.number] is not None and pair[1][now.number] is None]
    if not asking or not empty:
        return
    table, column = followed.name, was.name
    yield Harm(
        "values-changed",
        (table, column, "subquery without a row"),
        f"UPDATE of {table}.{column} makes it NULL in {len(empty)} of {count_of(len(followed.was.rows), 'row')}: its"
        " subquery finds no row for them",
        object=f"{table}.{column}",
        statement=asking[0].statement,
        evidence={"rows": differences(followed.was, followed.now, empty)},
        fix=f"update only rows for which there is one (WHERE EXISTS ...), or COALESCE((SELECT ...), {column})",
    )


def _finds_rows(expression: Node | None) -> bool:
    """Whether it is a subquery that may find no row: one that counts or sums up always has one."""
    if expression is None or node_name(expression) != "SubLink":
        return False
    targets = unwrap(expression.subselect).target_list
    return not any(True for each in targets for _ in functions(each))


def _rebuilds(expression: Node, column: str) -> bool:
    builds = any(
        "build_object" in each or each in ("to_jsonb", "to_json", "row_to_json") for each in functions(expression)
    )
    return builds or any(name == column for _, name in columns_of(expression))


def _strips(expression: Node) -> bool:
    return any("strip_nulls" in each for each in functions(expression))


def gone(scene: Scene, followed: Followed, pairs: Pairs) -> Iterator[Harm]:
    """Columns that are gone with their values."""
    for number, was in followed.was.columns.items():
        if number in followed.columns or was.generated:
            continue
        holding = [pair for pair in pairs if pair[0][number] is not None]
        if holding:
            yield from _gone(scene, followed, was, holding)


def _gone(scene: Scene, followed: Followed, was: Pictured, holding: Pairs) -> Iterator[Harm]:
    table, words = followed.name, scene.words
    filled = {
        column: (deed, how)
        for deed in words.deeds_on(table, "update")
        for column, how in deed.assigned.items()
        if how.carried is not None and (how.carried.table, how.carried.column) == (table, was.name)
    }
    names = words.columns.get(table, {})
    for column, (deed, _) in filled.items():
        now = _present(followed.now, names.get(column))
        if now is not None:
            differing = changed(scene.connection, was, now, holding)
            if differing:
                yield _not_carried(followed, was, now, differing, len(holding), deed)
            return
    again = followed.now.number(was.name)
    if _used(scene, table, was.name):
        yield _dropped(scene, followed, was, len(holding), "its values are used in other words")
        return
    if again is not None:
        now = followed.now.columns[again]
        differing = changed(scene.connection, was, now, holding)
        key = followed.table.primary_key
        if key is not None and was.name in key.columns and kind(was.type) != kind(now.type):
            yield _dropped(scene, followed, was, len(holding), f"keys of type {now.type} take their place")
        elif differing:
            yield _made_anew(scene, followed, was, now, differing, len(holding))
        return
    successor = _in_place(scene, followed, was, holding)
    if successor is not None:
        yield _not_renamed(scene, followed, was, successor, len(holding))
    elif any(was.name in {**each.columns, **each.cast} for each in words.copies_from(table)):
        # What became of them there is looked at with the copy.
        return
    else:
        yield _dropped(scene, followed, was, len(holding))


def _present(picture: Picture, name: str | None) -> Pictured | None:
    number = picture.number(name) if name else None
    return picture.columns[number] if number is not None else None


def _used(scene: Scene, table: str, column: str) -> bool:
    """Whether another expression of the migration asks for a column's values."""
    assigned = [how for deed in scene.words.deeds if deed.kind == "update" for how in deed.assigned.values()]
    assigned_ = [how.expression for how in assigned if how.carried is None and how.expression is not None]
    if any(name == column for each in assigned_ for _, name in columns_of(each)):
        return True
    return any(
        column in each.mentioned
        for each in scene.words.copies_from(table)
        if column not in {**each.columns, **each.cast}
    )


def _deed(scene: Scene, table: str, column: str) -> Deed | None:
    return next((each for each in scene.words.deeds_on(table, "drop column") if column in each.assigned), None)


def _in_place(scene: Scene, followed: Followed, was: Pictured, holding: Pairs) -> Pictured | None:
    """A column that was added and nothing was put into, which looks like the dropped one under another name."""
    words, table = scene.words, followed.name
    for column, added in words.added.get(table, {}).items():
        now = _present(followed.now, words.columns.get(table, {}).get(column))
        if now is None or added.default or words.assignments(table, column) or now.generated:
            continue
        if followed.was.number(now.name) is not None:
            continue
        if (now.type == was.type or kind(now.type) == kind(was.type)) and all(
            other[now.number] is None for _, other in holding
        ):
            return now
    return None


def _not_carried(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int, deed: Deed) -> Harm:
    table = followed.name
    return Harm(
        "values-changed",
        (table, was.name, "not carried over"),
        f"{table}.{was.name} is dropped, and {now.name}, which is filled from it, does not have the value of"
        f" {len(differing)} of {count_of(count, 'row')}",
        object=f"{table}.{was.name}",
        statement=deed.statement,
        evidence={"rows": differences(followed.was, followed.now, differing)},
        fix=f"fill {now.name} in every row, with a type that holds every value of {was.type}, before {was.name} is"
        " dropped",
    )


def _made_anew(scene: Scene, followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int) -> Harm:
    table, deed = followed.name, _deed(scene, followed.name, was.name)
    return Harm(
        "values-changed",
        (table, was.name, "dropped and added again"),
        f"{table}.{was.name} is dropped and added again: the values of {len(differing)} of {count_of(count, 'row')}"
        " are gone",
        object=f"{table}.{was.name}",
        statement=deed.statement if deed else None,
        evidence={"rows": differences(followed.was, followed.now, differing)},
        fix=f"ALTER TABLE {quoted(table)} ALTER COLUMN {was.name} TYPE {now.type} USING ... keeps them",
    )


def _not_renamed(scene: Scene, followed: Followed, was: Pictured, now: Pictured, count: int) -> Harm:
    table, deed = followed.name, _deed(scene, followed.name, was.name)
    return Harm(
        "values-changed",
        (table, was.name, "in place of a rename"),
        f"{table}.{was.name} is dropped and {now.name} added in its place, empty: the values of"
        f" {count_of(count, 'row')} are gone",
        object=f"{table}.{was.name}",
        statement=deed.statement if deed else None,
        fix=f"ALTER TABLE {quoted(table)} RENAME COLUMN {was.name} TO {now.name}",
    )


def _dropped(scene: Scene, followed: Followed, was: Pictured, count: int, more: str = "") -> Harm:
    table, deed = followed.name, _deed(scene, followed.name, was.name)
    if deed is None and not scene.words.unread:
        return Harm(
            "values-changed",
            (table, was.name, "dropped along"),
            f"{table}.{was.name} is gone with the values of {count_of(count, 'row')}, though no DROP COLUMN says so",
            object=f"{table}.{was.name}",
            fix=f"drop {table}.{was.name} in so many words, or change its type before what it needs is dropped",
        )
    said = more or "it is stated"
    message = f"DROP COLUMN {table}.{was.name} takes the values of {count_of(count, 'row')}: {said}"
    return _info(table, was.name, "drop column", message, deed.statement if deed else None)
