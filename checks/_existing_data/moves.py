"""Where a migration puts the rows of a table: which row of which other table each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrate_validate.catalog.model import Table

from .deeds import Copy
from .pictures import Picture
from .scene import Followed, Match, Scene, alike, keys, match, without


@dataclass(frozen=True, slots=True)
class Move:
    """One copy of a table's rows, and where they are."""

    copy: Copy
    followed: Followed
    """With the columns that are carried over, also through casts."""
    found: Match


def moves(scene: Scene, table: Table, was: Picture) -> list[Move]:
    """The copies of a table's rows whose target is there in the end."""
    found = []
    copies = scene.words.copies_from(table.qualified_name) or _by_hand(scene, table, was)
    for copy in copies:
        now = scene.now.tables.get(scene.words.names.get(copy.target, ""))
        if now is None or now.oid == was.oid:
            continue
        columns = _columns(scene, copy, was, now)
        key = _key(table, was, now, columns)
        followed = Followed(table, was, now, columns, key)
        found.append(Move(copy, followed, _matched(scene, copy, followed)))
    return found


def _by_hand(scene: Scene, table: Table, was: Picture) -> list[Copy]:
    """A loop that fills the table which has the name of the old one: that keys are kept is all that can be told."""
    words = scene.words
    heir = next((identity for identity, name in words.names.items() if name == was.name and identity != was.name), None)
    looping = [] if heir is None else list(words.deeds_on(heir, "insert"))
    looping = [each for each in looping if each.statement.kind in ("do", "select", "call")]
    if heir is None or not looping:
        return []
    names = {name: identity for identity, name in words.columns.get(heir, {}).items()}
    key = next(keys(table), ())
    return [
        Copy(
            was.name,
            heir,
            looping[0].statement,
            {name: names.get(name, f"+{name}") for name in key},
            {},
            frozenset(names.values()),
            frozenset(names),
            (),
            inner=False,
            guarded=False,
            thinned="the loop that fills it",
        )
    ]


def _columns(scene: Scene, copy: Copy, was: Picture, now: Picture) -> dict[int, int]:
    names = scene.words.columns.get(copy.target, {})
    mapped = {own: names.get(target, target.lstrip("+")) for own, target in {**copy.cast, **copy.columns}.items()}
    filled = set(mapped.values())
    found = {}
    for own, target in mapped.items():
        # Columns that change places: what counts is where the name is now.
        swapped = own != target and own in filled and target in mapped
        one, other = was.number(own), now.number(own if swapped else target)
        if one is not None and other is not None:
            found[one] = other
    return found


def _key(table: Table, was: Picture, now: Picture, columns: Mapping[int, int]) -> tuple[int, ...]:
    for names in keys(table):
        numbers = tuple(was.number(name) or 0 for name in names)
        if all(each in columns and alike(was.columns[each], now.columns[columns[each]]) for each in numbers):
            return numbers
    return ()


def carried_columns(scene: Scene, followed: Followed, copy: Copy) -> list[tuple[int, int]]:
    """Columns whose texts have to be equal."""
    return [
        (one, other)
        for one, other in followed.columns.items()
        if alike(followed.was.columns[one], followed.now.columns[other])
        and followed.was.columns[one].name in copy.columns
        and not scene.words.assignments(copy.target, copy.columns[followed.was.columns[one].name])
    ]


def _matched(scene: Scene, copy: Copy, followed: Followed) -> Match:
    carried = carried_columns(scene, followed, copy)
    rows = followed.now.rows
    if not followed.key:
        return match(followed.was.rows, rows, carried) if carried else Match()
    found = _by_key(followed, carried)
    there = scene.was.by_oid(followed.now.oid)
    if there is None:
        return found
    # A row that was there before has the key: the copied one did not come in.
    taken = {tuple(row[other] for _, other in carried) for row in there.rows}
    collided = [
        pair for pair in found.pairs
        if any(pair[0][one] != pair[1][other] for one, other in carried)
        and tuple(pair[1][other] for _, other in carried) in taken
    ]  # fmt: skip
    lost = {id(was) for was, _ in collided}
    kept = [pair for pair in found.pairs if id(pair[0]) not in lost]
    return Match(kept, [*found.missing, *(was for was, _ in collided)], found.extra, found.repeated)


def _by_key(followed: Followed, carried: list[tuple[int, int]]) -> Match:
    """By key; where several rows have it, as in the union of two tables, that with the same values comes first."""
    key = [(each, followed.columns[each]) for each in followed.key]
    exact = match(followed.was.rows, followed.now.rows, [*key, *(each for each in carried if each not in key)])
    rest = match(exact.missing, [*exact.extra, *exact.repeated], key)
    present = {tuple(row[number] for number in followed.key) for row, _ in exact.pairs}
    again = [row for row in rest.extra if tuple(row[other] for _, other in key) in present]
    extra = without(rest.extra, again)
    return Match([*exact.pairs, *rest.pairs], rest.missing, extra, [*rest.repeated, *again])
