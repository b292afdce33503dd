"""Sequences: who can draw numbers from them, read them and set them.

What is done to them is no part of a transaction, so they are set back by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate_validate.findings import Severity

from .ground import Ground, literal, named
from .identities import Identity
from .probes import Acting, Probe, Prober
from .tries import Try
from .verdicts import Access, Breach

_GIVEN_AWAY = """
SELECT r.rolname, pg_get_userbyid(d.defaclrole), coalesce(n.nspname, '')
FROM pg_default_acl d
CROSS JOIN aclexplode(d.defaclacl) a
JOIN pg_roles r ON r.oid = a.grantee
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE d.defaclobjtype = 'S' AND a.privilege_type = 'UPDATE'
"""
_TRIES = {
    "nextval": "SELECT nextval({})::text",
    "currval": "SELECT currval({})::text",
    "setval": "SELECT setval({}, {}, {})::text",
    "read": "SELECT last_value::text FROM {}",
}


def sequences(
    ground: Ground,
    prober: Prober,
    acting: Mapping[str, Acting],
    identities: Sequence[Identity],
    only: frozenset[str] | None = None,
) -> tuple[list[Access], list[Breach]]:
    """Try every sequence as every role: which person asks makes no difference."""
    names = [f"{each.schema}.{each.name}" for each in ground.catalog.sequences]
    names = [name for name in names if only is None or name in only]
    if not names:
        return [], []
    before = _values(prober, names)
    by_role: dict[str, Mapping[str, Mapping[str, Try]]] = {}
    for identity in identities:
        if identity.role not in by_role:
            by_role[identity.role] = _can(prober, acting[identity.label], names, before)
    for name, (value, called) in before.items():
        prober.connection.execute(f"SELECT setval({literal(named(name))}, {value}, {called})".encode())
    reached = [name for name in names if any(can[name] for can in by_role.values())]
    accesses = [
        Access(name, "USAGE", each.label, bool(by_role[each.role][name]), what=", ".join(by_role[each.role][name]))
        for name in reached
        for each in identities
    ]
    return accesses, _breaches(ground, prober, identities, by_role)


def _values(prober: Prober, names: Sequence[str]) -> dict[str, tuple[int, bool]]:
    parts = (f"SELECT {literal(name)}, last_value, is_called FROM {named(name)}" for name in names)
    found = prober.connection.execute(" UNION ALL ".join(parts).encode()).fetchall()
    return {name: (value, called) for name, value, called in found}


def _can(
    prober: Prober, acting: Acting, names: Sequence[str], before: Mapping[str, tuple[int, bool]]
) -> dict[str, dict[str, Try]]:
    """By sequence: what a role can do with it, and how."""
    tries = []
    for name in names:
        quoted = literal(named(name))
        for what, pattern in _TRIES.items():
            text = (
                pattern.format(named(name))
                if what == "read"
                else pattern.format(quoted, before[name][0], str(before[name][1]).lower())
            )
            # The session has to have drawn a number before the present one can be asked for.
            drawn = f"SELECT nextval({quoted})" if what == "currval" else None
            tries.append((what, Try("sequence", "USAGE", name, Probe(text, returns=True, before=drawn))))
    can: dict[str, dict[str, Try]] = {name: {} for name in names}
    for (what, tried), outcome in zip(tries, prober.run(acting, [each.probe for _, each in tries]), strict=True):
        if outcome.done:
            can[tried.table][what] = tried
    return can


def _breaches(
    ground: Ground,
    prober: Prober,
    identities: Sequence[Identity],
    by_role: Mapping[str, Mapping[str, Mapping[str, Try]]],
) -> list[Breach]:
    given_away = set(prober.connection.execute(_GIVEN_AWAY).fetchall())
    found = []
    for each in ground.catalog.sequences:
        name = f"{each.schema}.{each.name}"
        for identity in identities:
            meant = any((identity.role, each.owner, schema) in given_away for schema in (each.schema, ""))
            tried = by_role[identity.role].get(name, {}).get("setval")
            if tried is None or meant or identity.kind in ("staff", "service"):
                continue
            anonymous = identity.kind == "anon"
            rule = "anonymous-write" if anonymous else "cross-tenant-write"
            severity = Severity.ERROR if anonymous else Severity.WARNING
            said = "sets the sequence, so that the next rows of all tenants collide with present ones"
            found.append(Breach(rule, name, identity, tried, said, severity=severity))
    return found
