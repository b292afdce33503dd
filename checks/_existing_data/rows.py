"""Rows that a table loses or gets, beyond what the migration says."""

from __future__ import annotations

import json
from collections.abc import Iterator

from migrate_validate.findings import Severity

from .._shared import count_of
from .deeds import Deed
from .expressions import text_of
from .harm import Harm
from .moving import way_of_loss
from .origins import Origin, of_lost_rows, usual
from .pictures import Row
from .scene import Followed, Match, Scene, match, shown, without


def matched(followed: Followed) -> Match:
    """The rows of a table that kept its identity: by its key, or else all that can be told is how many there are."""
    if followed.key:
        return match(followed.was.rows, followed.now.rows, [(each, followed.columns[each]) for each in followed.key])
    if len(followed.was.rows) == len(followed.now.rows) == 1:
        return Match([(followed.was.rows[0], followed.now.rows[0])])
    same = match(followed.was.rows, followed.now.rows, list(followed.columns.items()))
    changed = min(len(same.missing), len(same.extra) + len(same.repeated))
    extra = [*same.extra, *same.repeated]
    return Match(same.pairs, same.missing[changed:], extra[changed:])


def lost(scene: Scene, followed: Followed, found: Match) -> Iterator[Harm]:
    """Rows that are gone."""
    if not found.missing:
        return
    name = followed.name
    missing = list(found.missing)
    deeds = list(scene.words.deeds_on(name, "delete", "truncate", "detach", "drop"))
    back = scene.words.copy_back(name)
    if back is not None and back.where is None:
        yield _lost(followed, missing, Origin(*way_of_loss(scene, name, back)))
        return
    if deeds:
        beyond = _beyond(scene, followed, deeds, missing)
        stated = without(missing, beyond)
        if stated:
            yield _stated(followed, deeds, stated)
        missing = beyond
    if missing:
        yield _lost(followed, missing, of_lost_rows(scene, name))


def _lost(followed: Followed, missing: list[Row], origin: Origin) -> Harm:
    name = followed.name
    how = origin.how or "though the migration deletes none of them in so many words"
    return Harm(
        "rows-lost",
        (name, "", origin.how.partition(" (")[0]),
        f"{name} loses {len(missing)} of {count_of(len(followed.was.rows), 'row')} {how}",
        object=name,
        statement=origin.statement,
        evidence={"lost": shown(followed.was, missing)},
        fix=origin.fix or f"delete from {name} in so many words where its rows may go",
    )


def _beyond(scene: Scene, followed: Followed, deeds: list[Deed], missing: list[Row]) -> list[Row]:
    """Rows that are gone and that no stated DELETE asks for; all are asked for where that cannot be told."""
    asked: set[tuple[str | None, ...]] = set()
    for place, deed in enumerate(deeds):
        answer = scene.was.answers.get(f"delete {followed.name} {place}")
        if deed.kind != "delete" or answer is None or not followed.key:
            return []
        asked.update(map(tuple, _keys(answer)))
    if not of_lost_rows(scene, followed.name).how:
        return []
    return [row for row in missing if tuple(row[number] for number in followed.key) not in asked]


def _keys(answer: object) -> list[list[str | None]]:
    return list(json.loads(str(answer)))


def _stated(followed: Followed, deeds: list[Deed], rows: list[Row]) -> Harm:
    name, deed = followed.name, deeds[0]
    words = {"truncate": "TRUNCATE of", "detach": "DETACH PARTITION of", "drop": "DROP TABLE of a part of"}
    verb = words.get(deed.kind, "DELETE FROM")
    where = f" WHERE {text_of(deed.where)}" if deed.where is not None else ""
    told = ", as far as its text tells" if deed.unread else ""
    return Harm(
        "rows-lost",
        (name, "", f"stated {deed.kind}"),
        f"{verb} {name}{where} takes {len(rows)} of {count_of(len(followed.was.rows), 'row')}: it is stated{told}",
        object=name,
        statement=deed.statement,
        severity=Severity.INFO,
        evidence={"lost": shown(followed.was, rows)},
    )


def invented(scene: Scene, followed: Followed, found: Match) -> Iterator[Harm]:
    """Rows that were not there, and that the migration does not insert."""
    extra = [*found.extra, *found.repeated]
    name = followed.name
    if not extra or scene.words.deed(name, "insert", "copy", "attach"):
        return
    trigger = usual(scene, name)
    origin = f"by the trigger {trigger.name}, as on every other day" if trigger else ""
    how = origin or "though the migration inserts none in so many words"
    yield Harm(
        "rows-invented",
        (name, "", "trigger" if trigger else ""),
        f"{name} gets {count_of(len(extra), 'row')} that it did not have {how}",
        object=name,
        severity=Severity.INFO if trigger else None,
        evidence={"new": shown(followed.now, extra)},
        fix=None if trigger else f"insert into {name} in so many words",
    )
