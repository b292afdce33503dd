"""Who asks: one identity for each way in which somebody can stand to the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .model import Tenancy
from .people import claims_of
from .universes import BOTH, OUTSIDE, STAFF, A, Actor, B, Universes

_ANONYMOUS = re.compile(r"(^|_)anon(ymous)?(_|$)|(^|_)(public|guest|visitor)(_|$)")


@dataclass(frozen=True, slots=True)
class Identity:
    """One who asks the database for something."""

    label: str
    """For people: ``member of A as editor``."""
    role: str
    """The database role."""
    sub: str | None = None
    """The person's key as text; None: nobody is known by name."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Claims beside the usual ones, for :func:`~migrate_validate.acting.acting_as`: ``app_metadata`` and others."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the session: ``app.tenant`` and others."""
    home: frozenset[str] = frozenset()
    """The universes whose rows are this one's own."""
    kind: str = "member"
    """``member``, ``both``, ``outsider``, ``staff``, ``anon`` or ``service``."""


def identities(universes: Universes, tenancy: Tenancy, api_roles: Sequence[str]) -> tuple[Identity, ...]:
    """All who ask: members first, the service last.

    :param api_roles: the roles that reach the database from outside; one that is called anonymous asks without a name,
        the first other one for members
    """
    named = [role for role in api_roles if not _ANONYMOUS.search(role)]
    nameless = [role for role in api_roles if _ANONYMOUS.search(role)]
    found: list[Identity] = []
    for role in (named or list(api_roles))[:1]:
        found += list(_members(universes, tenancy, role))
        found += list(_keys(universes, tenancy, role))
    for role in nameless or named[:1]:
        found.append(Identity(f"anon ({role})" if role != "anon" else "anon", role, kind="anon"))
    # Other roles from outside ask with no name: what they may, everybody who has them may.
    found += [Identity(f"{role} without a name", role, kind="anon") for role in named[1:]]
    if universes.service_role is not None:
        found.append(Identity("service", universes.service_role, home=_everything(universes), kind="service"))
    return tuple(found)


def _members(universes: Universes, tenancy: Tenancy, role: str) -> Iterator[Identity]:
    for actor in universes.actors:
        claims: dict[str, Any] = claims_of(tenancy, universes.keys, actor.universe)
        for each in tenancy.staff:
            if actor.universe == STAFF and each.claim and each.label == actor.label:
                tenant = claims_of(tenancy, universes.keys, A) if tenancy.kind == "claim" else {}
                claims = _with(tenant, each.claim.split("."), each.word)
        if actor.email:
            claims["email"] = actor.email
        settings: dict[str, str] = {}
        if tenancy.setting is not None and actor.universe in universes.keys:
            settings[tenancy.setting] = universes.keys[actor.universe]
        if tenancy.person_setting is not None:
            settings[tenancy.person_setting] = actor.sub
        yield Identity(
            _label(actor, tenancy),
            role,
            actor.sub,
            claims,
            settings,
            _everything(universes) if actor.universe == STAFF else _home(actor),
            _KINDS.get(actor.universe, "member"),
        )


def _keys(universes: Universes, tenancy: Tenancy, role: str) -> Iterator[Identity]:
    """Tenants that ask without a person, where nobody is known by name."""
    if universes.actors:
        return
    for universe in (A, B):
        key = universes.keys.get(universe)
        if key is not None:
            settings = {tenancy.setting: key} if tenancy.setting is not None else {}
            claims = claims_of(tenancy, universes.keys, universe)
            yield Identity(f"tenant {universe}", role, None, claims, settings, frozenset({universe}))


_KINDS = {BOTH: "both", OUTSIDE: "outsider", STAFF: "staff"}


def _with(claims: Mapping[str, Any], path: Sequence[str], word: str | None) -> dict[str, Any]:
    """Claims with one more."""
    inner = claims.get(path[0])
    below = _with(inner if isinstance(inner, Mapping) else {}, path[1:], word) if len(path) > 1 else word
    return {**claims, path[0]: below}


def _everything(universes: Universes) -> frozenset[str]:
    return frozenset({A, B, BOTH, OUTSIDE, STAFF, *(f"own of {each.label}" for each in universes.actors)})


def _label(actor: Actor, tenancy: Tenancy) -> str:
    if actor.universe == BOTH:
        ours, _, theirs = actor.label.partition(", ")
        if not theirs:
            return "member of A and B"
        return f"{_member(ours, actor.role)} and {_member(theirs, actor.elsewhere).removeprefix('member ')}"
    if actor.universe == OUTSIDE:
        return "outsider"
    if actor.universe == STAFF:
        return f"staff ({actor.label})"
    what = actor.label.removeprefix(f"{actor.universe} ")
    if tenancy.kind == "person":
        return f"person {actor.universe}" if what == "first" else f"partner of {actor.universe}"
    if actor.role not in (None, "false") and what != "second":
        return f"member of {actor.universe} as {what}"
    return f"another member of {actor.universe}" if what == "second" else f"member of {actor.universe}"


def _member(label: str, role: str | None) -> str:
    """``A owner`` as people say it."""
    universe, _, word = label.partition(" ")
    return f"member of {universe}" if role == "false" else f"member of {universe} as {word}"


def _home(actor: Actor) -> frozenset[str]:
    own = f"own of {actor.label}"
    if actor.universe == BOTH:
        return frozenset({A, B, BOTH, own})
    if actor.universe == OUTSIDE:
        return frozenset({OUTSIDE, own})
    # Who belongs to both is seen by the members of both.
    return frozenset({actor.universe, BOTH, own})
