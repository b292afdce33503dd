"""What PostgreSQL is told of an identity: role, token, settings; and what only the client says, which is hostile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate_validate.acting import CLAIMS, acting_as, check_actor
from migrate_validate.catalog.model import Catalog
from migrate_validate.errors import ConfigError

from .identities import Identity
from .model import Tenancy
from .origins import comparisons
from .probes import Acting, Connection
from .universes import A, B, Universes

_CLIENT = "user_metadata"
"""The part of a token that people write themselves."""
_USUAL = ("org_id", "organization_id", "tenant_id", "tenant", "account_id", "team_id", "company_id", "workspace_id")
_POWER: Mapping[str, Any] = {"role": "admin", "is_admin": True, "admin": True}
_HEADER = re.compile(r"'(x-[a-z0-9-]+)'", re.IGNORECASE)
_USUAL_HEADERS = ("x-tenant-id", "x-org-id", "x-organization-id", "x-account-id")
_REQUEST = ("request.headers", "request.cookies")


def actors(
    connection: Connection,
    catalog: Catalog,
    tenancy: Tenancy,
    universes: Universes,
    identities: Sequence[Identity],
) -> tuple[dict[str, Acting], dict[str, tuple[str, ...]]]:
    """How each identity acts, by its label, and why what some of them show would prove nothing.

    What clients may claim of themselves always names the other tenant.
    """
    hostile = _Hostile(catalog, tenancy, universes)
    acting: dict[str, Acting] = {}
    useless: dict[str, tuple[str, ...]] = {}
    for identity in identities:
        claims, settings = hostile.claims(identity), {**hostile.settings(identity), **identity.settings}
        try:
            with acting_as(connection, identity.role, sub=identity.sub, claims=claims, settings=settings):
                reasons = check_actor(connection, role=identity.role, sub=identity.sub)
                names = ["search_path", CLAIMS, *settings]
                row = connection.execute(
                    "SELECT " + ", ".join("current_setting(%s, true)" for _ in names), names
                ).fetchone()
        except ConfigError as error:
            useless[identity.label] = (error.args[0] if error.args else str(error),)
            continue
        told = {name: value for name, value in zip(names, row or (), strict=True) if value is not None}
        acting[identity.label] = Acting(identity.role, told)
        if reasons and identity.kind != "service":
            useless[identity.label] = reasons
    return acting, useless


class _Hostile:
    """What a client says to be taken for another tenant, or for somebody with power."""

    def __init__(self, catalog: Catalog, tenancy: Tenancy, universes: Universes) -> None:
        self.universes = universes
        compared, words = catalog.derived(comparisons)
        found = {each.origin.name for each in compared if each.origin.kind == "claim"} | set(words)
        prefix = f"{_CLIENT}."
        self.paths = {name.removeprefix(prefix) for name in found if name.startswith(prefix)} | set(_USUAL)
        self.words = [
            (name.removeprefix(prefix), word)
            for name, words in tenancy.claim_words
            for word in words[:1]
            if name.startswith(prefix)
        ]
        self.headers = {*_USUAL_HEADERS, *_headers(catalog)}

    def claims(self, identity: Identity) -> dict[str, Any]:
        """The claims of a token whose own part is written by its bearer."""
        other = self._other(identity)
        if other is None or identity.sub is None:
            return dict(identity.claims)
        own: dict[str, Any] = {**_POWER}
        for path in sorted(self.paths):
            _put(own, path, own.get(path) if path in _POWER else other)
        for path, word in self.words:
            _put(own, path, word)
        return {**identity.claims, _CLIENT: own}

    def settings(self, identity: Identity) -> dict[str, str]:
        """What a request brings along beside its token: no other tenant for who belongs to all, and never nothing."""
        other = self._other(identity)
        headers = {} if other is None else dict.fromkeys(sorted(self.headers), other)
        return dict.fromkeys(_REQUEST, json.dumps(headers))

    def _other(self, identity: Identity) -> str | None:
        """The key of another tenant, or of another person where people are tenants."""
        people = {each.universe: each.sub for each in reversed(self.universes.actors)}
        keys = self.universes.keys or people
        return next((keys[side] for side in (B, A) if side not in identity.home and side in keys), None)


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for step in above:
        inner = document.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        document = inner
    document[last] = value


def _headers(catalog: Catalog) -> Iterator[str]:
    texts = [text for table in catalog.tables for policy in table.policies for text in (policy.using, policy.check)]
    for text in (*texts, *(function.body for function in catalog.functions)):
        if text and "request." in text:
            yield from (name.lower() for name in _HEADER.findall(text))
