"""Rows of one's own that refer to rows of others: whether that makes them theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from migrate_validate.catalog.model import Table

from .ground import Ground, Placed
from .identities import Identity
from .tries import Try


def is_own(ground: Ground, identity: Identity, table: str, values: Mapping[str, str | None]) -> bool:
    """Whether a row of people is that of who adds it, as the policy says: whom else it names does not own it."""
    said, sub = ground.owned.get(table), identity.sub
    if said is None or sub is None or "INSERT" not in said.commands:
        return False
    return table in ground.tenancy.personal and any(values.get(column) == sub for column in said.columns)


def joined(ground: Ground, identity: Identity, tried: Try) -> list[Placed]:
    """A row of others with what somebody adds itself to, where people share it by such rows; none anywhere else."""
    columns = ground.tenancy.joined.get(tried.table, ()) if tried.kind == "join" else ()
    rows = ground.rows[tried.table] if columns else ()
    alike = (row for row in rows if all(row.values[column] == tried.row.get(column) for column in columns))
    return [row for row in alike if ground.foreign(identity, row)][:1]


def only_points(ground: Ground, table: Table, *, own: bool) -> bool:
    """Whether a row that refers to something of others stays what it is.

    It does where it hangs on its tenant by another reference too, or where nobody but the person whom it names has to
    do with it. A row that names its tenant itself does not.

    :param own: the row names who is asking
    """
    return _hangs_elsewhere(ground, table) or (own and is_private(ground, table))


def _hangs_elsewhere(ground: Ground, table: Table) -> bool:
    """Whether a row has other references to what belongs to tenants."""
    if _names_tenant(ground, table):
        return False
    people, owner = ground.tenancy.people, set(ground.owner_columns(table.qualified_name))
    others = [key.references or "" for key in table.foreign_keys if not set(key.columns) & owner]
    return any(ground.belongs(each) and not (people and people.columns_of(each)) for each in others)


def is_private(ground: Ground, table: Table) -> bool:
    """Whether rows are for the person alone whom they name, name no tenant, and nothing else has to do with them.

    Such as what each user has set for a document: who adds it for a document of others is none of their members.
    """
    if _names_tenant(ground, table):
        return False
    said, name = ground.owned.get(table.qualified_name), table.qualified_name
    if said is None or not said.only or any(each.table == name for each in ground.tenancy.memberships):
        return False
    catalog = ground.catalog
    if any(key.references == name for each in catalog.tables for key in each.foreign_keys):
        return False
    texts = [function.body for function in catalog.functions]
    texts += [view.definition for view in catalog.views]
    policies = [policy for each in catalog.whole.tables if each.qualified_name != name for policy in each.policies]
    texts += [text for policy in policies for text in (policy.using, policy.check) if text]
    word = re.compile(rf"\b{re.escape(table.name)}\b")
    return not any(word.search(text) for text in texts)


def _names_tenant(ground: Ground, table: Table) -> bool:
    """Whether rows name their tenant, rather than something that belongs to it; also where they belong to none."""
    return len(ground.tenancy.scoped.get(table.qualified_name, ())) < 2
