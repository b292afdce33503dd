"""Everything that probes show of one state of a database, examined once for all rules."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Policy, Table

from .escalating import escalations
from .fellows import among_members
from .ground import Ground, whole_of
from .identities import Identity
from .judging import examine
from .mixing import mixed
from .probes import Acting, Connection, Prober
from .routines import ENDS_TRANSACTION, callable_by, routines
from .sequences import sequences
from .verdicts import Access, Breach, Examined
from .views import views

BUDGET = 60.0
"""Seconds that all probes of one state may take."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What is known of who can see and change what."""

    identities: tuple[Identity, ...] = ()
    accesses: tuple[Access, ...] = ()
    breaches: tuple[Breach, ...] = ()
    unproven: Mapping[str, str] = field(default_factory=dict)
    """By table: why nothing is proven of it; by ``""``: why nothing is proven at all."""
    probes: int = 0
    seconds: float = 0.0


def isolation(
    connection: Connection,
    ground: Ground,
    acting: Mapping[str, Acting],
    identities: Sequence[Identity],
    *,
    only: frozenset[str] | None = None,
) -> Isolation:
    """Probe everything as everybody, in the transaction that is open; nothing that is done stays.

    :param acting: by label of identity
    :param only: names of tables, views and functions; the others are left alone
    """
    started = time.monotonic()
    prober = Prober(connection)
    examined: list[Examined] = []
    accesses: list[Access] = []
    breaches: list[Breach] = []
    unproven: dict[str, str] = {}
    slow: set[str] = set()
    # What the service reaches is shown in the whole matrix; no policy binds it.
    asked = [each for each in identities if each.kind != "service" or only is None]
    for table in ground.tables:
        name = table.qualified_name
        if table.kind == "foreign table" or (only is not None and name not in only):
            continue
        for identity in asked:
            if name in slow or time.monotonic() - started > BUDGET:
                unproven.setdefault(name, f"the probes as {identity.label} and others were not run: time ran out")
                break
            found = examine(ground, prober, acting[identity.label], identity, table)
            examined.append(found)
            if any(each.outcome.cancelled for each in found.breaches):
                slow.add(name)
    for each in examined:
        accesses += each.accesses
        breaches += _unmeant(each.identity, each.breaches)
    people = [each for each in examined if each.identity.kind not in ("staff", "service")]
    breaches += escalations(ground, prober, acting, people)
    breaches += mixed(ground, people)
    breaches += among_members(ground, people)
    called = callable_by(ground, connection, [each.role for each in asked], only)
    for identity in asked:
        seen, broken = views(ground, prober, acting[identity.label], identity, only)
        accesses += seen
        breaches += _unmeant(identity, broken)
        own = called.get(identity.role, ())
        seen, broken = routines(ground, prober, acting[identity.label], identity, own, breaches)
        accesses += seen
        breaches += _unmeant(identity, broken)
    seen, broken = sequences(ground, prober, acting, asked, only)
    accesses += seen
    breaches += broken
    for access in accesses:
        if access.command == "EXECUTE" and access.error == ENDS_TRANSACTION:
            unproven[access.object] = "it ends transactions itself, and cannot be tried in one that is taken back"
    bound = [each for each in examined if each.identity.kind != "service"]
    unproven = {**dict(_without_control(ground, bound)), **unproven}
    return Isolation(
        tuple(identities),
        tuple(accesses),
        tuple(breaches),
        unproven,
        prober.count,
        time.monotonic() - started,
    )


def _unmeant(identity: Identity, breaches: Sequence[Breach]) -> Sequence[Breach]:
    """What counts: staff and the service are there to reach everybody's rows."""
    if identity.kind == "staff":
        return [each for each in breaches if each.rule == "policy-error"]
    return breaches if identity.kind != "service" else ()


def _without_control(ground: Ground, examined: Sequence[Examined]) -> Iterator[tuple[str, str]]:
    """The tables of which it is not proven that anybody sees a row of its own: that others see none means nothing."""
    roles = {each.identity.role for each in examined}
    for table in ground.tables:
        name = table.qualified_name
        reading = [
            access
            for each in examined
            if each.table == name
            for access in each.accesses
            if access.command == "SELECT" and access.granted
        ]
        if not reading or not ground.belongs(name) or _closed(table, roles):
            continue
        whole = whole_of(ground.catalog, name)
        if whole in ground.universes.unfilled:
            yield name, f"it could not be filled with rows of two tenants: {ground.universes.unfilled[whole]}"
        elif whole != name and not ground.rows[name]:
            yield name, f"none of the rows that were made for {whole} lies in this partition"
        elif not any(access.own for access in reading) and all(access.error is None for access in reading):
            yield name, "nobody sees a row of its own there, so that others see none proves nothing"


def _closed(table: Table, roles: set[str]) -> bool:
    """Whether no policy lets any of these roles read: nothing is seen, as it is meant."""
    return table.row_security and not any(_reads(policy, roles) for policy in table.policies)


def _reads(policy: Policy, roles: set[str]) -> bool:
    return policy.permissive and policy.command in ("ALL", "SELECT") and bool({"public", *roles} & set(policy.roles))
