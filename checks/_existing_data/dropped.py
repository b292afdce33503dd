"""Columns that are gone, and what became of their values."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.chain.model import Statement
from migrate_validate.syntax import node_name, unwrap

from .._shared import count_of, quoted
from .casting import Pairs, stated
from .deeds import Deed
from .expressions import columns_of
from .harm import Harm
from .pictures import Picture, Pictured
from .scene import Followed, Scene, differences, kind
from .values import changed


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
        if now is None or now.generated or words.assignments(table, column):
            continue
        if followed.was.number(now.name) is not None or kind(now.type) != kind(was.type):
            continue
        values = {other[now.number] for _, other in holding}
        if values == {None} or (added.default and len(values) == 1 and _akin(was.name, now.name)):
            return now
    return None


def _akin(name: str, other: str) -> bool:
    """Whether two names share a word: what has a default of its own may well be something else."""
    return bool(set(name.split("_")) & set(other.split("_"))) or name.replace("_", "") == other.replace("_", "")


def _not_carried(followed: Followed, was: Pictured, now: Pictured, differing: Pairs, count: int, deed: Deed) -> Harm:
    table = followed.name
    return Harm(
        "values-changed",
        (table, was.name, "not carried over"),
        f"{table}.{was.name} is dropped, and {now.name}, which is filled from it, does not have the value of"
        f" {len(differing)} of {count_of(count, 'row')}",
        object=f"{table}.{was.name}",
        statement=deed.statement,
        evidence={"changed": differences(followed.was, followed.now, differing)},
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
        evidence={"changed": differences(followed.was, followed.now, differing)},
        fix=f"ALTER TABLE {quoted(table)} ALTER COLUMN {was.name} TYPE {now.type} USING ... keeps them",
    )


def _not_renamed(scene: Scene, followed: Followed, was: Pictured, now: Pictured, count: int) -> Harm:
    table, deed = followed.name, _deed(scene, followed.name, was.name)
    return Harm(
        "values-changed",
        (table, was.name, "in place of a rename"),
        f"{table}.{was.name} is dropped and {now.name} added in its place without them: the values of"
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
            statement=_cascading(scene, was),
            fix=f"drop {table}.{was.name} in so many words, or change its type before what it needs is dropped",
        )
    said = more or "it is stated"
    message = f"DROP COLUMN {table}.{was.name} takes the values of {count_of(count, 'row')}: {said}"
    return stated(table, was.name, "drop column", message, deed.statement if deed else None)


def _cascading(scene: Scene, was: Pictured) -> Statement | None:
    """The DROP ... CASCADE that took a column along: one that names its type, or the schema of that, or the only one.

    None where several could have.
    """
    drops = [each for each in scene.words.deeds if each.kind == "cascade"]
    schema, _, name = was.type.removesuffix("[]").partition("(")[0].rpartition(".")
    named = [each for each in drops if {name.strip('"'), schema.strip('"')} & _dropped_names(each)]
    found = named or drops
    return found[0].statement if len(found) == 1 else None


def _dropped_names(deed: Deed) -> set[str]:
    """The bare names of what a statement drops."""
    names = set()
    for each in map(unwrap, deed.node.objects if deed.node is not None else ()):
        match node_name(each):
            case "TypeName":
                names.add(unwrap(each.names[-1]).sval)
            case "List":
                names.add(unwrap(each.items[-1]).sval)
            case "String":
                names.add(each.sval)
    return names
