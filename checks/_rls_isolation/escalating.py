"""Changes that give somebody more than it had: higher roles, privileged columns, references to rows of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from migrate_validate.findings import Severity

from .ground import Ground, named
from .probes import Acting, Outcome, Probe, Prober
from .tries import Try
from .universes import BOTH
from .verdicts import Breach, Examined

_ADDED = frozenset(("added",))
"""What is reached by INSERT: that rows can be added at all."""
Reach = Mapping[tuple[str, str], frozenset[str]]
"""By table and command: where the rows of the own tenant lie that can be seen or changed."""


def capabilities(ground: Ground, examined: Iterable[Examined]) -> Mapping[str, Reach]:
    """By label of identity: what it reaches."""
    found: dict[str, dict[tuple[str, str], frozenset[str]]] = {}
    for each in examined:
        own = found.setdefault(each.identity.label, {})
        for deed in each.deeds:
            what = (each.table, deed.tried.command)
            rows = frozenset(row.at for row in deed.rows if ground.own(each.identity, row))
            if deed.tried.kind == "add":
                own[what] = _ADDED
            elif deed.tried.kind in ("read", "change", "delete") and deed.tried.command != "TRUNCATE" and rows:
                own[what] = own.get(what, frozenset()) | rows
    return found


def gained(ground: Ground, mine: Reach, theirs: Reach, sub: str | None) -> list[tuple[str, str]]:
    """What somebody else can do, or can do with more rows; which of these are its own is no matter.

    :param sub: the other one's key
    """
    found = []
    for what, rows in theirs.items():
        present = mine.get(what, frozenset())
        if not present or any(sub not in ground.about.get(at, ()) for at in rows - present):
            found.append(what)
    return found


def counting(examined: Iterable[Examined]) -> str | None:
    """A query that counts the rows of all tables that an identity can read."""
    parts = [
        f"SELECT '{each.table}' AS t, count(*) AS n FROM {named(each.table)}"
        for each in examined
        for access in each.accesses
        if access.command == "SELECT" and access.granted and access.error is None
    ]
    return f"SELECT jsonb_object_agg(t, n)::text FROM ({' UNION ALL '.join(parts)}) AS counted" if parts else None


def escalations(
    ground: Ground, prober: Prober, acting: Mapping[str, Acting], examined: Sequence[Examined]
) -> Iterator[Breach]:
    """The changes of privileged columns that lead to more than an identity had, and references to rows of others.

    :param acting: by label of identity
    """
    able = capabilities(ground, examined)
    # Somebody with a role in each tenant is compared with those who have it there, see mixing.
    roles = {each.sub: each.role for each in ground.universes.actors}
    several = {each.sub for each in ground.universes.actors if each.elsewhere is not None}
    # What can be added so need not be told again of rows that are changed so.
    added = {
        (tried.table, tried.object)
        for each in examined
        for tried, _ in each.candidates
        if tried.kind == "refer" and tried.command == "INSERT"
    }
    for each in examined:
        mine = [other for other in examined if other.identity is each.identity] if each.candidates else []
        for tried, outcome in each.candidates:
            if tried.kind == "refer" and tried.command == "UPDATE" and (tried.table, tried.object) in added:
                continue
            if tried.kind == "refer":
                yield from _references(ground, each, mine, tried, outcome)
            elif tried.kind in ("grant", "enlist"):
                yield from _grants(prober, acting[each.identity.label], mine, each, tried, outcome)
            elif each.identity.sub not in several:
                yield from _roles(ground, able, roles, examined, each, tried, outcome)


def _references(
    ground: Ground, each: Examined, mine: Sequence[Examined], tried: Try, outcome: Outcome
) -> Iterator[Breach]:
    seen = next((other.seen for other in mine if other.table == tried.object), frozenset())
    rows = ground.foreign_rows(each.identity, tried.object)[:1]
    if rows and rows[0].at not in seen:
        rule = "row-moved" if tried.command == "UPDATE" else "cross-tenant-insert"
        said = f"points a row of its own at a row of {tried.object} that belongs to others and that it cannot see"
        yield Breach(rule, each.table, each.identity, tried, said, tuple(rows), Severity.WARNING, outcome)


def _roles(
    ground: Ground,
    able: Mapping[str, Reach],
    roles: Mapping[str, str | None],
    examined: Sequence[Examined],
    each: Examined,
    tried: Try,
    outcome: Outcome,
) -> Iterator[Breach]:
    home = each.identity.home - {BOTH}
    like = (
        other.identity
        for other in examined
        if other.identity.kind == "member" and other.identity.sub and roles.get(other.identity.sub) == tried.role
    )
    higher = next((other for other in like if other.home & home), None)
    present = roles.get(each.identity.sub or "")
    if higher is None or tried.role == present:
        return
    more = gained(ground, able[each.identity.label], able[higher.label], higher.sub)
    if more:
        table, command = more[0]
        further = f" and {len(more) - 1} more" if len(more) > 1 else ""
        whom = "itself" if tried.kind == "promote" else "somebody else"
        said = f'makes {whom} "{tried.role}", who can do more: {command} {table}{further}'
        rows = (tried.aimed,) if tried.aimed else ()
        yield Breach("privilege-escalation", each.table, each.identity, tried, said, rows, outcome=outcome)


def _grants(
    prober: Prober,
    acting: Acting,
    mine: Sequence[Examined],
    each: Examined,
    tried: Try,
    outcome: Outcome,
) -> Iterator[Breach]:
    said = f'sets {each.table}.{tried.object} to "{tried.role}"'
    if tried.kind == "enlist":
        said = f"adds itself to {each.table}" + (f' as "{tried.role}"' if tried.role else "")
    rows = (tried.aimed,) if tried.aimed else ()
    count = counting(mine)
    more: list[str] = []
    if count and outcome.done:
        before = prober.one(acting, Probe(count, returns=True)).told or {}
        after = prober.one(acting, replace(tried.probe, then=count, look=None)).shown or {}
        more = [table for table, number in after.items() if number > before.get(table, 0)]
    if more:
        said += f", and then sees more of {', '.join(more)}"
    # Policies look people up among staff.
    severity = Severity.ERROR if more or tried.kind == "enlist" else Severity.WARNING
    yield Breach("privilege-escalation", each.table, each.identity, tried, said, rows, severity, outcome)
