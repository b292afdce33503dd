"""Rows that a migration moves to other tables: a table that is replaced, split or merged into another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrate_validate.chain.model import Statement

from .._shared import count_of, quoted
from .casting import cut
from .deeds import Copy
from .expressions import columns_of, text_of
from .harm import Harm
from .moves import Move, carried_columns
from .pictures import Picture, Pictured, Row
from .questions import filter_question
from .scene import Followed, Scene, alike, differences, keys, match, shown, without
from .values import changed
from .zones import copied


def moved(scene: Scene, was: Picture, made: Sequence[Move]) -> Iterator[Harm]:
    """What is lost, multiplied or changed on the way.

    :param made: at least one
    """
    followable = [each for each in made if each.followed.columns]
    if not followable:
        return
    missing: list[Row] = list(was.rows)
    for each in followable:
        missing = without(missing, without(missing, each.found.missing))
    yield from _lost(scene, was, followable, missing)
    for each in followable:
        if each.followed.now.name == was.name or not each.copy.others:
            yield from _multiplied(scene, each)
        yield from _changed(scene, each)
        yield from _renumbered(scene, each)
    if made[0].followed.now.name == was.name:
        yield from _forgotten(scene, was, followable)
    yield from copied(scene, was)
    if len(followable) > 1:
        table = followable[0].followed.table
        rows = without(was.rows, missing)
        whole = Followed(table, replace(was, rows=rows), followable[0].followed.now, {}, ())
        # What decides on the way of a row is told by where the row is.
        deciding = {
            name for each in followable if each.copy.where is not None for _, name in columns_of(each.copy.where)
        }
        for column in (each for each in was.columns.values() if each.name not in deciding):
            yield from values_left(scene, whole, followable, column)


def _lost(scene: Scene, was: Picture, made: Sequence[Move], missing: Sequence[Row]) -> Iterator[Harm]:
    name, copy = was.name, made[0].copy
    said = _said(scene, made[0]) if len(made) == 1 else {}
    excluded: list[Row] = []
    unknown: list[Row] = []
    others: list[Row] = []
    key = next((tuple(was.number(each) or 0 for each in names) for names in keys(made[0].followed.table)), ())
    for row in missing:
        answer = said.get(tuple(row[each] for each in key), True)
        (excluded if answer is False else unknown if answer is None else others).append(row)
    total = count_of(len(was.rows), "row")
    where = text_of(copy.where) if copy.where is not None else ""
    if excluded:
        yield Harm(
            "rows-lost",
            (name, "", "where"),
            f"{name} loses {len(excluded)} of {total} {_way(name, made)}: WHERE {where} leaves them out",
            object=name,
            statement=copy.statement,
            evidence={"lost": shown(was, excluded)},
            fix=f"copy every row; or delete those that may go in so many words first: DELETE FROM {quoted(name)} WHERE"
            f" NOT ({where})",
        )
    if unknown:
        yield Harm(
            "rows-lost",
            (name, "", "where is null"),
            f"{name} loses {len(unknown)} of {total} {_way(name, made)}: WHERE {where} is neither true nor false for"
            " them, but NULL",
            object=name,
            statement=copy.statement,
            evidence={"lost": shown(was, unknown)},
            fix="say what is to become of rows with NULL: (...) IS NOT FALSE, or COALESCE",
        )
    if others:
        how, fix = _how(scene, name, made)
        yield Harm(
            "rows-lost",
            (name, "", how),
            f"{name} loses {len(others)} of {total} {_way(name, made)} {how}".rstrip(),
            object=name,
            statement=copy.statement,
            evidence={"lost": shown(was, others)},
            fix=fix,
        )


def _way(name: str, made: Sequence[Move]) -> str:
    targets = _targets(made)
    return "where it is made anew" if targets == name else f"on the way to {targets}"


def _targets(made: Sequence[Move]) -> str:
    return " and ".join(dict.fromkeys(each.followed.now.name for each in made))


def _said(scene: Scene, move: Move) -> dict[tuple[str | None, ...], bool | None]:
    answer = scene.was.answers.get(filter_question(move.copy))
    return {tuple(each["key"]): each["says"] for each in json.loads(str(answer))} if answer is not None else {}


def _how(scene: Scene, name: str, made: Sequence[Move]) -> tuple[str, str]:
    if len(made) > 1:
        return "by conditions that none of them meets", "make sure that every row meets the condition of one copy"
    how, _, fix = way_of_loss(scene, name, made[0].copy)
    return how, fix


def way_of_loss(scene: Scene, name: str, copy: Copy) -> tuple[str, Statement, str]:
    """How a copy comes to leave rows out, the statement, and what to write instead."""
    how, fix = "", "copy every row"
    if copy.guarded:
        how = "by ON CONFLICT DO NOTHING"
        fix = "look for rows whose keys collide first, and give them other keys, or merge them in so many words"
    elif copy.thinned:
        how, fix = f"by {copy.thinned}", "keep every row, or merge those that are alike in so many words"
    elif copy.inner and copy.others:
        others = ", ".join(each.lstrip("+") for each in copy.others)
        how, fix = f"by the inner join with {others}", "LEFT JOIN keeps the rows without a partner"
    elif copy.others:
        others = ", ".join(each.lstrip("+") for each in copy.others)
        how, fix = f"by the join with {others}, where they have no partner", "FULL JOIN keeps the rows of both sides"
    elif copy.where is not None:
        how = f"by WHERE {text_of(copy.where)}"
        fix = "copy every row, or delete those that may go in so many words first"
    elif scene.words.deed(copy.target, "delete", "truncate"):
        how, fix = "by a DELETE of the copies", f"delete from {name} in so many words first"
    return how, copy.statement, fix


def _multiplied(scene: Scene, move: Move) -> Iterator[Harm]:
    name, copy, found = move.followed.name, move.copy, move.found
    others = [each for each in scene.words.copies if each.target == copy.target and each.source != copy.source]
    if any(each.source not in copy.others for each in others):
        return
    if scene.was.by_oid(move.followed.now.oid) is not None:
        # It had rows of its own.
        return
    inserts = [each for each in scene.words.deeds_on(copy.target, "insert", "copy") if each.statement != copy.statement]
    rows = [*found.repeated, *(() if inserts else found.extra)]
    if not rows:
        return
    joined = ", ".join(each.lstrip("+") for each in copy.others)
    how = "which the copy does not name"
    if joined:
        how = f"by the join with {joined}, " + (
            "which finds several rows for one" if found.repeated else "which keeps rows without a partner"
        )
    yield Harm(
        "rows-invented",
        (name, "", "multiplied" if joined else "new"),
        f"{move.followed.now.name} has {count_of(len(rows), 'row')} more than {name} had, {how}",
        object=name,
        statement=copy.statement,
        evidence={"new": shown(move.followed.now, rows)},
        fix="join with at most one row for each: a subquery with LIMIT 1 and ORDER BY, an aggregate, DISTINCT ON",
    )


def _changed(scene: Scene, move: Move) -> Iterator[Harm]:
    followed, copy = move.followed, move.copy
    for one, other in followed.columns.items():
        was, now = followed.was.columns[one], followed.now.columns[other]
        target = {**copy.cast, **copy.columns}[was.name]
        if one in followed.key or scene.words.assignments(copy.target, target):
            continue
        differing = changed(scene.connection, was, now, move.found.pairs)
        if not differing:
            continue
        if was.type != now.type or was.name in copy.cast:
            yield cut(followed, was, now, differing, len(move.found.pairs), copy.statement)
            continue
        yield Harm(
            "values-changed",
            (followed.name, was.name, "other rows"),
            f"{followed.name}.{was.name} has another value for the same key in {len(differing)} of"
            f" {count_of(len(move.found.pairs), 'row')} of {followed.now.name}",
            object=f"{followed.name}.{was.name}",
            statement=copy.statement,
            evidence={"changed": differences(followed.was, followed.now, differing)},
            fix="carry the key over together with the values of its row",
        )


def _forgotten(scene: Scene, was: Picture, made: Sequence[Move]) -> Iterator[Harm]:
    """Columns that are there again, and that no copy fills."""
    filled = {number for each in made for number in each.followed.columns}
    for move in made:
        names = scene.words.columns.get(move.copy.target, {})
        computed = {names.get(each, each.lstrip("+")) for each in move.copy.computed}
        for number, column in was.columns.items():
            present = move.followed.now.number(column.name)
            if number in filled or present is None or column.generated or column.name in computed:
                continue
            key = move.followed.table.primary_key
            now = move.followed.now.columns[present]
            identity = next((each for each, name in names.items() if name == column.name), f"+{column.name}")
            if now.generated or scene.words.assignments(move.copy.target, identity):
                continue
            if key is not None and column.name in key.columns:
                continue
            holding = [pair for pair in move.found.pairs if pair[0][number] is not None]
            differing = changed(scene.connection, column, now, holding)
            if differing:
                yield Harm(
                    "values-changed",
                    (was.name, column.name, "not copied"),
                    f"{was.name} is made anew and {column.name} not copied: the values of {len(differing)} of"
                    f" {count_of(len(holding), 'row')} are gone",
                    object=f"{was.name}.{column.name}",
                    statement=move.copy.statement,
                    evidence={"changed": differences(was, move.followed.now, differing)},
                    fix=f"copy {column.name}, too",
                )


def _renumbered(scene: Scene, move: Move) -> Iterator[Harm]:
    """Rows that are known by all else, and have another key of the same kind now."""
    followed, key = move.followed, move.followed.table.primary_key
    if followed.key or key is None or len(key.columns) != 1:
        return
    one, other = followed.was.number(key.columns[0]), followed.now.number(key.columns[0])
    if one is None or other is None or one in followed.columns:
        return
    was, now = followed.was.columns[one], followed.now.columns[other]
    carried = carried_columns(scene, followed, move.copy)
    if not alike(was, now) or not carried:
        return
    exact = match(followed.was.rows, followed.now.rows, [*carried, (one, other)])
    if not move.found.pairs or len(exact.pairs) == len(move.found.pairs):
        return
    yield Harm(
        "values-changed",
        (followed.name, was.name, "given anew"),
        f"{followed.name}.{was.name} is given anew: {len(move.found.pairs) - len(exact.pairs)} of"
        f" {count_of(len(move.found.pairs), 'row')} have another one now",
        object=f"{followed.name}.{was.name}",
        statement=move.copy.statement,
        evidence={
            "changed": differences(
                followed.was, followed.now, [p for p in move.found.pairs if p[0][one] != p[1][other]]
            )
        },
        fix=f"carry {was.name} over (INSERT INTO ... ({was.name}, ...) SELECT {was.name}, ...)",
    )


def values_left(scene: Scene, followed: Followed, made: Sequence[Move], dropped: Pictured) -> Iterator[Harm]:
    """A column that is dropped after its values were copied into another table: those that are not there."""
    holding = [row for row in followed.was.rows if row[dropped.number] is not None]
    carrying = [each for each in made if dropped.number in each.followed.columns]
    lost = [row for row in holding if all(not _there(each, row, dropped.number) for each in carrying)]
    if not lost or not carrying:
        return
    how, fix = _how(scene, followed.name, carrying)
    yield Harm(
        "values-changed",
        (followed.name, dropped.name, "not copied"),
        f"{followed.name}.{dropped.name} is dropped, and {_targets(carrying)}, where it is copied to, does not have the"
        f" value of {len(lost)} of {count_of(len(holding), 'row')} {how}".rstrip(),
        object=f"{followed.name}.{dropped.name}",
        statement=carrying[0].copy.statement,
        evidence={"new": shown(followed.was, lost)},
        fix=fix,
    )


def _there(move: Move, row: Row, number: int) -> bool:
    place = move.followed.columns[number]
    if not move.followed.key:
        return any(each[place] == row[number] for each in move.followed.now.rows)
    return any(
        each[place] == row[number] or not alike(move.followed.was.columns[number], move.followed.now.columns[place])
        for was, each in move.found.pairs
        if was is row
    )
