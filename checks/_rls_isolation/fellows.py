"""Rows that belong to one member of a tenant, and who of the other members reaches them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate_validate.catalog.model import Table
from migrate_validate.findings import Severity

from .._shared import count_of
from .ground import Ground, Placed
from .identities import Identity
from .owning import Owned
from .universes import A, B
from .verdicts import Breach, Deed, Examined

_KINDS = {
    "SELECT": ("read",),
    "UPDATE": ("change",),
    "DELETE": ("delete",),
    "INSERT": ("name",),
    "giving away": ("pass",),
}
_OWN_KINDS = {**_KINDS, "INSERT": ("add",), "giving away": ("change",)}
_INSTEAD = {"DELETE": ("UPDATE",), "INSERT": ("UPDATE", "DELETE", "SELECT")}
"""Commands whose policies say whose a row is, where those for the command itself do not: who signs a row, or may delete
it, need not be the only one who reads and changes it."""
_RULES = {
    "SELECT": "cross-tenant-read",
    "UPDATE": "cross-tenant-write",
    "DELETE": "cross-tenant-write",
    "INSERT": "cross-tenant-insert",
    "giving away": "row-moved",
}
_SAID = {
    "SELECT": "sees {}",
    "UPDATE": "changes {}",
    "DELETE": "deletes {}",
    "INSERT": "adds a row in the name of another member of its tenant",
    "giving away": "puts a row of its own in the name of another member of its tenant",
}


def among_members(ground: Ground, examined: Sequence[Examined]) -> Iterator[Breach]:
    """What members reach of rows of others of their tenant, where policies say that these are their own.

    What only some of those can do who may do it with their own rows is a right of their role, and none of this; nor
    is what policies let by other columns of the row.
    """
    if ground.tenancy.kind == "person":
        return
    by_table: dict[str, list[Examined]] = {}
    for each in examined:
        if each.identity.kind == "member" and each.identity.sub:
            by_table.setdefault(each.table, []).append(each)
    for name, found in by_table.items():
        said = ground.owned.get(name)
        table = ground.catalog.table(name)
        if said is not None and table is not None:
            for command in _KINDS:
                yield from _reached(ground, table, said, found, command)


def _reached(ground: Ground, table: Table, said: Owned, found: Sequence[Examined], command: str) -> Iterator[Breach]:
    asked = "UPDATE" if command == "giving away" else command
    policy = said.commands.get(asked)
    evidence = (asked,) if policy is not None else _INSTEAD.get(command, ())
    told = next((said.commands[each] for each in evidence if each in said.commands), None)
    about_people = _about_people(ground, table)
    if told is None or (about_people and (policy is None or command in ("INSERT", "giving away"))):
        return
    if _by_other_columns(ground, table, said, asked) or (about_people and _by_tenant(ground, table, said, asked)):
        return
    entitled = {each.identity.label for each in found for what in evidence if _own_deeds(each, said, what)}
    reaching = {each.identity.label: deeds for each in found if (deeds := _deeds(ground, each, said, command))}
    if not entitled or not entitled <= reaching.keys():
        return
    certain = policy is not None and command in ("SELECT", "UPDATE", "DELETE")
    severity = Severity.ERROR if certain else Severity.WARNING
    for each in found:
        for deed, rows in reaching.get(each.identity.label, ())[:1]:
            count = f"{count_of(len(rows), 'row')} of other members of its tenant"
            why = f'{_SAID[command].format(count)}, though policy "{told.name}" is for rows of oneself'
            yield Breach(_RULES[command], each.table, each.identity, deed.tried, why, rows, severity, deed.outcome)


def _about_people(ground: Ground, table: Table) -> bool:
    """Whether the table says who people are, or who belongs to what."""
    people, name = ground.tenancy.people, table.qualified_name
    return any(each.table == name for each in ground.tenancy.memberships) or bool(people and people.columns_of(name))


def _by_other_columns(ground: Ground, table: Table, said: Owned, command: str) -> bool:
    """Whether a policy that is not about the person looks at what else stands in the row: its state, say."""
    primary = table.primary_key.columns if table.primary_key else ()
    known = {*said.columns, *ground.owner_columns(table.qualified_name), *primary}
    others = {column.name for column in table.columns} - known
    for policy in table.policies:
        if policy.permissive and policy.command in ("ALL", command) and said.commands.get(command) != policy:
            words = set(re.findall(r"\w+", f"{policy.using} {policy.check}"))
            if words & others:
                return True
    return False


def _by_tenant(ground: Ground, table: Table, said: Owned, command: str) -> bool:
    """Whether a policy for just this command lets members of the tenant do it, beside the one for rows of oneself.

    Who belongs to a tenant is often said by two policies: one for oneself, and one for those whom one belongs with.
    """
    tenant = {*ground.owner_columns(table.qualified_name)} - {*said.columns}
    return any(
        policy.permissive
        and policy.command == command
        and policy != said.commands.get(command)
        and not tenant.isdisjoint(re.findall(r"\w+", f"{policy.using} {policy.check}"))
        for policy in table.policies
    )


def _deeds(ground: Ground, each: Examined, said: Owned, command: str) -> list[tuple[Deed, tuple[Placed, ...]]]:
    """What is done with rows of fellow members."""
    found: list[tuple[Deed, tuple[Placed, ...]]] = []
    for deed in each.deeds:
        if deed.tried.kind not in _KINDS[command] or deed.tried.command == "TRUNCATE":
            continue
        rows = tuple(row for row in deed.rows if _of_fellow(ground, each.identity, row, said))
        if command in ("INSERT", "giving away"):
            found.append((deed, ()))
        elif rows:
            found.append((deed, rows))
    return found


def _own_deeds(each: Examined, said: Owned, command: str) -> bool:
    """Whether somebody can do it with a row that names it."""
    deeds = [deed for deed in each.deeds if deed.tried.kind in _OWN_KINDS[command]]
    if command == "INSERT":
        return bool(deeds)
    return any(
        row.values.get(name) == each.identity.sub for deed in deeds for row in deed.rows for name in said.columns
    )


def _of_fellow(ground: Ground, identity: Identity, row: Placed, said: Owned) -> bool:
    named = [row.values.get(column) for column in said.columns]
    known = [sub for sub in named if sub in ground.people]
    return row.universe in (A, B) and bool(known) and identity.sub not in named and ground.own(identity, row)
