"""Row level security: tables that lack it, and policies that do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import partial

from migrate_validate.catalog.model import Catalog, Table
from migrate_validate.config import Expectations
from migrate_validate.findings import Finding, NotApplicable, Result, Severity
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.rules import rule
from migrate_validate.syntax import quote

from ._rls_policies import exposure, secrets, services
from ._rls_policies.openness import always_true
from ._rls_policies.reach import judged
from ._shared import Connection, quoted, split_name


@rule(severity=Severity.ERROR, aliases=["splinter:rls_disabled_in_public"])
def rls_disabled(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A table that roles from outside can reach and that has no row level security.

    PostgreSQL itself says what a role can reach: grants to it, to PUBLIC and to roles whose privileges it has, on the
    table or on a column, together with USAGE of the schema. Partitions of a table that has it are the matter of
    ``partition-without-rls``. Superusers and roles with BYPASSRLS do not count, for row level
    security never binds them.

    Why: these roles see and change every row of every tenant.
    Fix: enable row level security and write policies, or revoke the privileges.
    """
    yield from judged(exposure.tables_without_rls, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def partition_without_rls(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A partition or child by inheritance without row level security, of a table that has it.

    Policies hold for the table that a query names: who may name the partition passes by those of its table.

    Why: the rows that the table's policies guard are read and changed through the partition.
    Fix: revoke the privileges on the partition, or enable row level security on it, too.
    """
    yield from judged(exposure.children_without_rls, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR, aliases=["splinter:security_definer_view"])
def view_bypasses_rls(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A view that roles from outside reach, and that reads a table as somebody whom its policies do not bind.

    Without ``security_invoker`` a view reads its tables as its owner, and so do the views inside of it: policies do not
    bind a superuser, a role with BYPASSRLS, or the owner of a table without FORCE ROW LEVEL SECURITY. Left out are
    tables of which policies show the role every row anyway. A warning where the view looks at who is asking itself.

    Why: through the view everybody sees, and where it can be written to changes, the rows of all tenants.
    Fix: set security_invoker (PostgreSQL 15), or revoke the privileges on the view.
    """
    yield from judged(exposure.views_past_policies, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING, aliases=["splinter:materialized_view_in_api"])
def materialized_view_exposed(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A materialized view that roles from outside can read.

    It holds rows as its owner saw them, and cannot have row level security. Info where none of the tables that it was
    filled from has policies that would choose among their rows.

    Why: whoever may read it reads all of it, whosever the rows are.
    Fix: revoke the privileges, and read it through a function or a view that chooses by who is asking.
    """
    yield from judged(exposure.materialized_views, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING, aliases=["splinter:foreign_table_in_api"])
def foreign_table_exposed(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A foreign table that roles from outside can reach; it cannot have row level security.

    Why: whoever may read it reads all that the remote server shows to the one user that it is connected as.
    Fix: revoke the privileges, or move the table to a schema that is not reached.
    """
    yield from judged(exposure.foreign_tables, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR, aliases=["splinter:auth_users_exposed"])
def view_exposes_auth_users(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A view or materialized view that shows rows of ``auth.users`` to roles from outside.

    A warning where the view looks at who is asking itself.

    Why: addresses, telephone numbers and metadata of all who can sign in are open to everybody.
    Fix: revoke the privileges on the view, or copy what may be seen to a table with policies.
    """
    yield from judged(exposure.views_of_users, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def truncate_granted(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """Tables that roles from outside may TRUNCATE, told in one finding.

    Row level security does not stop TRUNCATE. Info where default privileges give it away on every new table, as they
    do on Supabase, whose API has no way to ask for it.

    Why: whoever can send SQL as such a role, through a function say, empties the tables of every tenant.
    Fix: revoke TRUNCATE, and take it out of the default privileges.
    """
    yield from judged(exposure.truncating, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING, aliases=["splinter:sensitive_columns_exposed"])
def secret_column_readable(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A column with the name of a secret, such as ``password_hash`` or ``api_key``, that roles from outside can read.

    What cannot hold a secret, such as a time or a number, is left out. Info where policies choose which rows are
    shown: it may be one's own.

    Why: secrets leave the database with every ``select *``.
    Fix: keep the column in a schema that is not reached, or grant SELECT on the other columns only.
    """
    yield from judged(secrets.readable_secrets, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def realtime_without_rls(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A table without row level security whose changes Supabase Realtime sends to whoever subscribes.

    Decided by the publication ``supabase_realtime``: its tables, its schemas, or all tables.

    Why: the changes of all tenants are sent to every subscriber.
    Fix: enable row level security and write a policy for SELECT, or take the table out of the publication.
    """
    yield from judged(services.streamed_without_rls, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def storage_policy_without_bucket(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy on ``storage.objects`` that does not look at ``bucket_id``.

    Restrictive policies are left out, and policies for none of the roles from outside.

    Why: it holds for the files of every bucket, also of those that are made later for something else.
    Fix: compare bucket_id with the bucket that the policy is for.
    """
    yield from judged(services.files_of_any_bucket, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def storage_writable_by_anyone(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that lets anyone put files into a bucket, or change and delete the files of others there.

    An error where nobody need be signed in to change or delete them. Info where restrictive policies narrow it.

    Why: the bucket is then everybody's to fill or to empty.
    Fix: compare owner_id, or the folder of the name, with who is asking.
    """
    yield from judged(services.written_files, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING, aliases=["splinter:public_bucket_allows_listing"])
def public_bucket_listing(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that lets roles from outside list every file of a public bucket.

    Which buckets are public is read from ``storage.buckets`` after migrations and seeds.

    Why: files of a public bucket are served without a policy to those who know their names; this one tells all names.
    Fix: drop the policy, or let it show only files of who is asking.
    """
    judge = partial(services.listed_buckets, connection=connection)
    yield from judged(judge, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR, aliases=["splinter:policy_exists_rls_disabled"])
def policy_without_rls(catalog: Catalog) -> Iterator[Result]:
    """A table with policies whose row level security is off.

    Why: the policies look like protection and do nothing.
    Fix: enable row level security on the table.
    """
    guarded = [table for table in catalog.tables if table.policies]
    if not guarded:
        yield NotApplicable("the schema has no policy")
    for table in guarded:
        if not table.row_security:
            names = [policy.name for policy in table.policies]
            yield Finding(
                f"{table.qualified_name} has policies ({', '.join(names)}) and row level security is off",
                object=table.qualified_name,
                evidence={"policies": names},
                fix=f"ALTER TABLE {quoted(table.qualified_name)} ENABLE ROW LEVEL SECURITY;",
            )


@rule(severity=Severity.INFO, aliases=["splinter:rls_enabled_no_policy"])
def rls_without_policy(catalog: Catalog) -> Iterator[Result]:
    """A table with row level security and no policy: nobody but its owner sees a row.

    A partition whose table has policies is left out: it is locked against those who would pass by them.

    Why: where it was not meant, queries return nothing, without an error.
    Fix: write the policies, or leave it if the table is meant to be closed.
    """
    secured = [table for table in catalog.tables if table.row_security]
    if not secured:
        yield NotApplicable("no table has row level security")
    for table in secured:
        if not table.policies and not _guarded_by_ancestor(catalog, table):
            yield Finding(
                f"{table.qualified_name} has row level security and no policy",
                object=table.qualified_name,
                fix=f"CREATE POLICY {quote(f'{table.name}_select')} ON {quoted(table.qualified_name)} "
                "FOR SELECT USING (...);",
            )


def _guarded_by_ancestor(catalog: Catalog, table: Table) -> bool:
    while table.partition_of and (above := catalog.table(table.partition_of)):
        if above.row_security and above.policies:
            return True
        table = above
    return False


@rule(severity=Severity.WARNING, aliases=["splinter:rls_policy_always_true"])
def policy_always_true(catalog: Catalog, timeline: Timeline | None = None) -> Iterator[Result]:
    """A permissive policy that lets through every row.

    Decided on the parse tree: ``true``, ``1 = 1``, ``x OR true``, ``NOT false``, ``(SELECT true)``, tests for NULL of a
    column that never is, and the like. An error where it opens rows that exist to UPDATE or DELETE; a warning where
    only new values are not looked at (INSERT, WITH CHECK); info for SELECT, which is how a table is made public to
    read, and for policies that are given to none of the roles from outside. Restrictive policies are left out: a true
    one takes nothing away. Where such that do look at the row narrow every change that a policy opens, it is info too.

    Why: permissive policies are combined with OR, so this one makes all others of its command useless.
    Fix: compare a column of the row with who is asking, or give the policy to the one role that it is for.
    """
    policies = [(table, policy) for table in catalog.tables for policy in table.policies]
    if not policies:
        yield NotApplicable("the schema has no policy")
    outside = frozenset(timeline.api_roles) | {"public"} if timeline and timeline.api_roles else None
    for table, policy in policies:
        yield from always_true(table, policy, outside)


@rule(severity=Severity.ERROR)
def missing_policy(catalog: Catalog, expectations: Expectations) -> Iterator[Result]:
    """A declared policy that the chain does not leave behind.

    Why: rows are closed to those who need them, or open to those who must not see them.
    Fix: create the policy in a migration, or correct its name under [expect.policies].
    """
    if not expectations.policies:
        yield NotApplicable("no policy is declared under [expect.policies]")
    for expected in expectations.policies:
        name = ".".join(split_name(expected.table))
        table = catalog.table(name)
        if table is None:
            yield Finding(f'policy "{expected.name}": its table {name} does not exist', object=name)
            continue
        names = [policy.name for policy in table.policies]
        if expected.name not in names:
            near = get_close_matches(expected.name, names, n=1)
            hint = f'; "{near[0]}" is there' if near else ""
            yield Finding(
                f'{name} has no policy "{expected.name}"{hint}',
                object=name,
                evidence={"have": names, "want": expected.name},
                fix=f"CREATE POLICY {quote(expected.name)} ON {quoted(name)} ...;",
            )
