"""Somebody with much to say in one tenant and little in another: what it can do there that nobody of its role can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .._shared import count_of
from .ground import Ground, Placed
from .identities import Identity
from .universes import A, Actor, B
from .verdicts import Breach, Deed, Examined

_VERBS = {"SELECT": "sees", "UPDATE": "changes", "DELETE": "deletes", "INSERT": "adds a row"}


def mixed(ground: Ground, examined: Sequence[Examined]) -> Iterator[Breach]:
    """What somebody can do in a tenant because of its role in another one.

    Policies that ask whether somebody is an administrator, and not of which tenant, let it.
    """
    actors = {each.sub: each for each in ground.universes.actors}
    by_table: dict[str, list[Examined]] = {}
    for each in examined:
        by_table.setdefault(each.table, []).append(each)
    for found in by_table.values():
        for each in found:
            actor = actors.get(each.identity.sub or "")
            if actor is None or actor.elsewhere is None:
                continue
            sides = ((A, actor.role), (B, actor.elsewhere))
            for (side, role), (away, other) in (sides, sides[::-1]):
                like = [one for one in found if _is_like(one.identity, side, role, actors)]
                there = (one for one in found if _is_like(one.identity, away, other, actors))
                given = any(breach.rule == "row-moved" for one in there for breach in one.breaches)
                if like:
                    yield from _more(ground, each, like, side, other or "", given=given)


def _is_like(identity: Identity, side: str, role: str | None, actors: Mapping[str, Actor]) -> bool:
    actor = actors.get(identity.sub or "")
    return actor is not None and actor.universe == side and actor.role == role


def _more(
    ground: Ground, each: Examined, like: Sequence[Examined], side: str, other: str, *, given: bool
) -> Iterator[Breach]:
    """What is done to rows of a tenant that none of those with the same role there can do.

    :param given: its role in the other tenant is enough for anybody to give rows away, which is told of these
    """
    told: set[str] = set()
    for deed in each.deeds:
        command = deed.tried.command
        rows = _beyond(ground, each.identity, deed, like, side)
        if rows is None or command in told:
            continue
        moves = any(row.universe != side for row in rows)
        if moves and given:
            continue
        told.add(command)
        count = f" {count_of(len(rows), 'row')}" if rows else ""
        verb, where = _VERBS.get(command, "changes"), f"in {side}"
        if moves:
            verb, where = "moves", f"to {side}"
        said = f'{verb}{count} {where}, as nobody of its role there can: being "{other}" in the other tenant is enough'
        yield Breach("privilege-escalation", each.table, each.identity, deed.tried, said, rows, outcome=deed.outcome)


def _beyond(
    ground: Ground, identity: Identity, deed: Deed, like: Sequence[Examined], side: str
) -> tuple[Placed, ...] | None:
    """The rows of a tenant that others with the same role there do not reach; None where there are none."""
    command, kind = deed.tried.command, deed.tried.kind
    into = _side_of(ground, deed) if kind in ("add", "steal") else ""
    if into == side and any(each.tried_to_add for each in like):
        closed = not any(other.tried.kind == "add" for each in like for other in each.deeds)
        moved = tuple(row for row in deed.rows if row.universe in (A, B) and row.universe != side)
        if closed and (moved or kind == "add"):
            return moved
    if kind not in ("read", "change", "delete", "steal") or command == "TRUNCATE":
        return None
    theirs = (other for each in like for other in each.deeds if other.tried.command == command)
    reached = {row.at for other in theirs for row in other.rows}
    rows = tuple(
        row
        for row in deed.rows
        if row.universe == side and row.at not in reached and identity.sub not in ground.about[row.at]
    )
    return rows or None


def _side_of(ground: Ground, deed: Deed) -> str:
    return ground.owners(deed.tried.table).get(tuple(deed.tried.values.values()), "")
