"""Row level security: how policies depend on tables, functions and each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.config import Settings
from migrate_validate.findings import Result, Severity
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.rules import rule

from ._rls_policies import defaults, functions, structure, tenants
from ._rls_policies.reach import judged
from ._shared import Connection


@rule(severity=Severity.ERROR)
def policy_recursion(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """Policies that read their own table, at once or by way of other tables' policies, views or functions.

    Followed for each role from outside, as PostgreSQL does: policies for SELECT judge what a policy reads, unless it is
    read by somebody whom they do not bind, such as the owner of a function with SECURITY DEFINER. Functions count as
    far as their bodies can be read; by way of them it is a warning, for it depends on rows whether they are asked.

    Why: every query of the table fails, and it does so only when it is run.
    Fix: read the table in a function with SECURITY DEFINER whose owner the policies do not bind.
    """
    yield from judged(structure.recursions, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def policy_reads_table_without_rls(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that relies on a table without row level security, which roles from outside can write to.

    Why: whoever adds a row to a table of members, say, is let in by the policy that asks it.
    Fix: enable row level security on that table too, or revoke the privileges to write to it.
    """
    yield from judged(structure.reading_unguarded, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def policy_function_not_executable(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that calls a function which a role that it judges may not execute.

    A warning where others that it judges may: then it could be given to them alone.

    Why: every query that the policy judges fails for want of the privilege, instead of leaving rows out.
    Fix: grant EXECUTE, or give the policy TO those roles that may.
    """
    yield from judged(structure.not_executable, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def policy_table_not_readable(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that reads a table which a role that it judges may not read, ``auth.users`` most often.

    A warning where others that it judges may, and where a function reads it, which may not come so far.

    Why: every query that the policy judges fails for want of the privilege, whatever else the policy says.
    Fix: read the table in a function with SECURITY DEFINER, or take what is asked for from the token.
    """
    yield from judged(structure.not_readable, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def write_policy_without_select_policy(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy for UPDATE or DELETE on a table of which no policy for SELECT shows the role any row.

    To find rows, UPDATE and DELETE with WHERE or RETURNING need those that a policy for SELECT shows.

    Why: the change that the policy means to allow affects no row, and says nothing.
    Fix: write a policy for SELECT of the same rows.
    """
    yield from judged(structure.writing_unseen, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING, aliases=["splinter:function_search_path_mutable"])
def definer_without_search_path(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A function with SECURITY DEFINER and no search_path of its own, which can be called from outside.

    Also by way of a policy, or of a trigger on a table that is written to from outside. A body that PostgreSQL parsed
    when it was made (``BEGIN ATOMIC``) is left out: its names mean the same for ever.

    Why: names in it mean what the caller's search path says, and a temporary table of the caller comes first.
    Fix: set search_path for the function, and write names with their schemas.
    """
    yield from judged(functions.without_search_path, connection, timeline, catalog, api_roles, shared)


@rule(
    severity=Severity.WARNING,
    aliases=[
        "splinter:anon_security_definer_function_executable",
        "splinter:authenticated_security_definer_function_executable",
    ],
)
def definer_function_exposed(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A function with SECURITY DEFINER that those who have not signed in can call.

    Through PUBLIC, to which every new function is given, or by a grant to the role, also one that default privileges
    made. Info where policies need it for these roles, and where only those who signed in can call it. Left out are
    functions that policies need for all who can call them, and those that touch no table and ask no other service:
    http, dblink, pg_net, pg_cron, pgmq, vault. Where no role has ``anon`` in its name, all count as not signed in.

    Why: row level security does not bind its owner, so that it alone decides what callers see and change.
    Fix: revoke EXECUTE from PUBLIC and from the role, and grant it to those who need it.
    """
    yield from judged(functions.exposed_definers, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def leakproof_function(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A function declared LEAKPROOF that roles from outside can execute.

    Why: PostgreSQL may run it on rows before policies have judged them; if it tells what it saw, by an error say, it
    tells of rows of others.
    Fix: take LEAKPROOF away, unless it is certain that it tells nothing of its arguments but by its result.
    """
    yield from judged(functions.trusted, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def ineffective_default_privileges(chain: Chain) -> Iterator[Result]:
    """An ALTER DEFAULT PRIVILEGES IN SCHEMA that revokes from PUBLIC what PUBLIC is given in every schema.

    Default privileges of one schema are added to those of all schemas, so that nothing can be taken away there but what
    was granted there.

    Why: new functions stay executable by everybody, though the script reads as if they were not.
    Fix: leave IN SCHEMA out.
    """
    yield from defaults.ineffective(chain)


@rule(severity=Severity.WARNING)
def tenant_foreign_key_without_tenant_column(
    connection: Connection,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A foreign key between tables of tenants that does not compare whose the rows are.

    What a tenant is, ``discovered-tenancy`` tells. Left out are keys whose columns nobody from outside may write, and
    those where a policy or a trigger of the table reads the other one: it may compare the tenants.

    Why: foreign keys ignore policies: a row of one tenant can refer to a row of another, and tell that it exists.
    Fix: add the tenant's column to the foreign key, and to a unique key of the other table.
    """
    judge = partial(tenants.loose_references, declared=settings.tenancy if settings else None)
    yield from judged(judge, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def unique_not_scoped_by_tenant(
    connection: Connection,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A unique key of a table of tenants that holds over the rows of all of them.

    Left out are primary keys, keys with a reference to another table, tables of people, and what has to be the only one
    in the world by its name or default: generated values, tokens, identifiers of other systems, parts of addresses.

    Why: a tenant is refused what another one has taken, and learns that it exists.
    Fix: add the tenant's column to the key.
    """
    judge = partial(tenants.unscoped_uniqueness, declared=settings.tenancy if settings else None)
    yield from judged(judge, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def tenant_column_nullable(
    connection: Connection,
    settings: Settings | None = None,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A column that says which tenant a row belongs to, and may be NULL.

    Info where policies ask for NULL, and where the row belongs to a person too. Tables of people and of members are
    left out.

    Why: policies compare the column, which for NULL is never true: the row is lost to all, or open by a special case.
    Fix: fill the column and set it NOT NULL.
    """
    judge = partial(tenants.rows_of_nobody, declared=settings.tenancy if settings else None)
    yield from judged(judge, connection, timeline, catalog, api_roles, shared)
