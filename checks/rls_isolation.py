"""Row level security, proven by execution: rows of two tenants, and everything tried as everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migrate_validate.catalog.model import Catalog
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven
from migrate_validate.replay.stages import Stages
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.rules import rule

from ._rls_isolation.matrix import changes, matrix
from ._rls_isolation.proving import Proof, prove
from ._rls_isolation.telling import finding
from ._shared import Connection, count_of, own_catalog

_SHOWN = 8
"""Differences of the access matrix that a message names; the evidence has all."""


@rule(severity=Severity.ERROR)
def cross_tenant_read(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody sees rows of another tenant.

    Tables, partitions, views, materialized views, functions and procedures are asked as members of two tenants in each
    role and as somebody who belongs to none, with a token and headers whose own part names the other tenant. Rows of
    another member of the same tenant count where a policy for SELECT is for rows of oneself, and all members see more.

    Why: customers read each other's data; nothing in the application shows it.
    Fix: compare the row's tenant with that of who asks; give views security_invoker; let functions check the caller.
    """
    yield from _of("cross-tenant-read", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def cross_tenant_write(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody changes, takes over or deletes rows of another tenant, or rows that all tenants share (a warning).

    UPDATE and DELETE are tried blind (without WHERE, so that policies for SELECT have no part), with the key of a row,
    and by way of ON CONFLICT DO UPDATE. That a foreign key or a CHECK refuses it is no protection: policies let it.
    Rows of other members of the same tenant count where a policy for the command is for rows of oneself. Setting a
    sequence, which numbers the rows of all, is a warning.

    Why: one customer destroys another one's data; what a policy for SELECT hides is changed all the same.
    Fix: give UPDATE and DELETE a USING that compares the row's tenant, and UPDATE a WITH CHECK that does.
    """
    yield from _of("cross-tenant-write", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def cross_tenant_insert(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody adds rows that belong to another tenant, or adds itself to one.

    Rows are forged without RETURNING, which would hide that they were added. A row of one's own that refers to
    a row of another tenant, which one cannot see, is a warning, and so is one in the name of another member, where
    policies say that rows are their members' own.

    Why: who can make itself a member of a tenant reads everything; forged rows show up among real ones.
    Fix: let WITH CHECK compare the row's tenant, not only its author; take members by invitation.
    """
    yield from _of("cross-tenant-insert", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def row_moved(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody gives a row of its own to another tenant.

    Tried blind too: ``UPDATE t SET tenant = ...`` without WHERE passes by the policies for SELECT, which refuse the
    same with a WHERE. Pointing another reference at a row that one cannot see is a warning, and so is putting a row in
    the name of another member.

    Why: rows are smuggled into the data of others, or out of reach of who has to keep them.
    Fix: give the policy a WITH CHECK that compares the tenant of the new row.
    """
    yield from _of("row-moved", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def anonymous_read(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody without a name sees rows that belong to a tenant or a person.

    Why: the key of the anonymous role is in every browser: what it reads is public.
    Fix: give the policy to the role that it is for (TO authenticated), or declare it under [tenancy] public_read.
    """
    yield from _of("anonymous-read", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def anonymous_write(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody without a name changes, deletes or adds rows.

    Adding rows to a table that belongs to nobody, as a form for everybody does, is a warning.

    Why: the key of the anonymous role is in every browser: everybody can do it, from anywhere.
    Fix: give the policy to the role that it is for, or revoke the privilege from the anonymous role.
    """
    yield from _of("anonymous-write", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def privilege_escalation(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Somebody gives itself, or a stranger, a role that can do more.

    Measured: what the role that is reached can see and change is more than before. So is what somebody with a high role
    in one tenant can do in another one, in which it has a low one. Adding oneself to a table of staff, which policies
    look people up in, counts as it is. A privileged column of the own row (``role``, ``is_admin``, ``plan``,
    ``credits``) on which nothing in the database depends is a warning: the application may depend on it.

    Why: a policy on the own row opens all of its columns.
    Fix: revoke UPDATE on the table and grant it on the columns that people may change, or keep roles in another table.
    """
    yield from _of("privilege-escalation", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.ERROR)
def policy_error(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """A policy that raises an error or does not end: it recurses, calls what the role may not call, casts a bad claim.

    Why: it goes wrong when the first request comes, not when the migration is applied.
    Fix: look rows up in a SECURITY DEFINER function, grant what the policy needs, and let casts meet any value.
    """
    yield from _of("policy-error", _proof(connection, settings, catalog, timeline, shared, stages))


@rule(severity=Severity.INFO)
def discovered_tenancy(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """What was found to be a tenant, a member and a person, and how: so that a wrong guess is seen.

    Why: what is proven is proven of these tenants; of others nothing is known.
    Fix: declare it under [tenancy]: root, memberships, claim or setting, public_read, cross_tenant.
    """
    proof = _proof(connection, settings, catalog, timeline, shared, stages)
    if proof.nothing or proof.tenancy is None:
        yield NotApplicable(proof.nothing or proof.unproven.get("", ""))
        return
    asked = ", ".join(each.label for each in proof.identities if each.kind != "service")
    lines = [*proof.tenancy.why, f"asked as: {asked}"]
    numbers = f"{proof.isolation.probes} probes in {proof.isolation.seconds:.1f} s"
    yield Finding(
        "; ".join(lines),
        object=proof.tenancy.root,
        evidence={"why": list(proof.tenancy.why), "identities": asked.split(", "), "probes": numbers},
    )


@rule(severity=Severity.WARNING)
def access_changed(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None = None,
    timeline: Timeline | None = None,
    shared: Shared | None = None,
    stages: Stages | None = None,
) -> Iterator[Result]:
    """Who can see and change what is not what the access matrix says that is kept beside the migrations.

    Why: a policy that is rewritten opens or closes more than was meant.
    Fix: look at the difference; where it is meant, write the matrix anew with migrate-validate snapshot.
    """
    if settings.access_matrix is None:
        yield NotApplicable("no access matrix is kept (access_matrix)")
        return
    proof = _proof(connection, settings, catalog, timeline, shared, stages)
    if not proof.isolation.accesses:
        why = proof.nothing or proof.unproven.get("", "")
        yield Unproven(f"the access matrix cannot be compared: {why}")
        return
    path = Path(settings.access_matrix)
    if not path.is_file():
        yield Finding(
            f"there is no access matrix yet: {path.name}", location=None, fix="migrate-validate snapshot writes it"
        )
        return
    now = matrix(proof.isolation.accesses)
    different = changes(path.read_text(encoding="utf-8"), now)
    if different:
        count = count_of(len(different), "place")
        yield Finding(
            f"{path.name} differs in {count}: {'; '.join(different[:_SHOWN])}"
            + (f"; {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""),
            location=Location(path.name),
            evidence={"changes": different},
            fix="migrate-validate snapshot writes it anew",
        )


def access_matrix(
    connection: Connection, settings: Settings, catalog: Catalog | None = None, timeline: Timeline | None = None
) -> tuple[str | None, str]:
    """The access matrix of a migrated database as text, or None and the reason why there is none."""
    proof = _proof(connection, settings, catalog, timeline, None, None)
    if proof.isolation.accesses:
        return matrix(proof.isolation.accesses), ""
    return None, proof.nothing or proof.unproven.get("", "")


def _proof(
    connection: Connection,
    settings: Settings,
    catalog: Catalog | None,
    timeline: Timeline | None,
    shared: Shared | None,
    stages: Stages | None,
) -> Proof:
    def work() -> Proof:
        return prove(connection, own_catalog(connection, catalog, timeline), settings, timeline, stages)

    return shared.once("rls-isolation", work) if shared else work()


def _of(name: str, proof: Proof) -> Iterator[Result]:
    if proof.nothing:
        yield NotApplicable(proof.nothing)
        return
    if "" in proof.unproven:
        yield Unproven(proof.unproven[""])
        return
    own = [each for each in proof.told if each.worst.rule == name]
    for each in own:
        if proof.ground is not None:
            yield finding(proof.ground, each)
    for table, why in proof.unproven.items():
        if not any(each.worst.object == table for each in own):
            yield Unproven(why, table)
