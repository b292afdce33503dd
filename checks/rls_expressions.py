"""Expressions of policies: what they let through, what they believe of who is asking, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.catalog.model import Catalog
from migrate_validate.findings import Result, Severity
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.rules import rule

from ._rls_policies import bodies, performance, sessions
from ._rls_policies.reach import judged
from ._shared import Connection


@rule(severity=Severity.WARNING)
def policy_authenticated_only(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A permissive policy that asks only whether somebody is signed in.

    Such as ``auth.uid() IS NOT NULL`` or ``auth.role() = 'authenticated'``, alone or as one of the ways through. An
    error where it opens rows to UPDATE or DELETE; info where a restrictive policy still looks at the row.

    Why: everybody can sign up; whoever has sees or changes the rows of every tenant.
    Fix: compare a column of the row with who is asking.
    """
    yield from judged(bodies.for_everybody_signed_in, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def policy_open_to_anonymous(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A permissive policy that is true where nobody is signed in.

    Such as ``auth.uid() IS NULL OR ...`` or ``auth.role() = 'anon'``. An error where it opens rows to UPDATE or DELETE;
    info where a restrictive policy still looks at the row.

    Why: whoever asks without a token passes for every row.
    Fix: take the test out; write a policy TO anon with a condition on the row where visitors are meant.
    """
    yield from judged(bodies.for_the_anonymous, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def policy_without_own_columns(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A permissive policy, or one of its ways through, that names no column of its own row.

    A name in a subquery that could be of the row or of the table that is read there is of the latter, so that
    ``m.org_id = org_id`` compares a column with itself. Info where all depends on what a function says, or where the
    subquery wants something of a kind, such as ``role = 'admin'``. What tests only who is signed in is the matter of
    ``policy-authenticated-only``.

    Why: who passes for one row passes for the rows of every tenant.
    Fix: compare a column of the row, written with the name of its table, with what the subquery reads.
    """
    yield from judged(bodies.without_own_columns, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def service_policy_without_role(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that is meant for a service, and is given to everybody.

    By its name (service role, system, backend, server), where it lets through every row. Info where its expression
    asks for ``service_role``: nobody else passes, and that role needs no policy.

    Why: a policy without TO is for every role, so what was meant for the service is open to all.
    Fix: drop it, since service_role is above policies; or say TO which role it is for.
    """
    yield from judged(bodies.for_a_service, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.INFO)
def policy_to_bypassrls_role(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy for a superuser or a role with BYPASSRLS.

    Why: it does nothing, and reads as if that role were restricted to it.
    Fix: drop it.
    """
    yield from judged(bodies.for_those_above, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def only_restrictive_policies(catalog: Catalog) -> Iterator[Result]:
    """A restrictive policy for commands that no permissive policy allows.

    Why: restrictive policies only take away; without a permissive one nobody passes, and no error says so.
    Fix: write a permissive policy beside it, or drop it.
    """
    yield from bodies.only_restrictive(catalog)


@rule(severity=Severity.ERROR, aliases=["splinter:rls_references_user_metadata"])
def policy_reads_user_metadata(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that goes by ``user_metadata``, by itself or by way of a function.

    In the token, or as ``raw_user_meta_data`` in ``auth.users``.

    Why: every user writes it himself, with whatever tenant or role he likes.
    Fix: read app_metadata, or a table of memberships.
    """
    yield from judged(bodies.of_users_metadata, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def policy_reads_headers(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy that goes by headers or cookies of the request, by itself or by way of a function.

    Why: whoever asks writes them as he likes.
    Fix: read the token's claims, which are signed, or a table of memberships.
    """
    yield from judged(bodies.of_headers, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def policy_reads_current_user(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy of which a column is compared with ``current_user`` or ``session_user``, where roles are shared.

    A comparison with a constant is left out: it asks which of the shared roles it is.

    Why: behind a pool or an API everybody is connected as the same role, so that all pass for the same rows.
    Fix: compare with a claim of the token, or with a setting of the transaction.
    """
    yield from judged(bodies.of_session_user, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.ERROR)
def check_weaker_than_using(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy for UPDATE that chooses rows by who is asking, and whose WITH CHECK leaves out a column of it.

    Where no WITH CHECK is written, USING holds for new values too. Columns that nobody from outside may change are left
    out, and a WITH CHECK that is always true: see ``policy-always-true``.

    Why: who may change a row may give it to another person or move it to another tenant.
    Fix: leave WITH CHECK out, or repeat the condition of USING in it.
    """
    yield from judged(bodies.weaker_check, connection, timeline, catalog, api_roles, shared)


@rule(severity=Severity.WARNING)
def current_setting_without_missing_ok(catalog: Catalog) -> Iterator[Result]:
    """A policy that reads a setting by ``current_setting(name)``, by itself or by way of a function.

    Settings of PostgreSQL itself are left out.

    Why: in a session that has not set it, every command on the table fails instead of finding no row.
    Fix: current_setting(name, true), which is NULL then, and NULL lets nobody pass.
    """
    yield from sessions.without_missing_ok(catalog)


@rule(severity=Severity.WARNING)
def unguarded_claim_cast(catalog: Catalog) -> Iterator[Result]:
    """A policy that casts a setting to a type that refuses the empty text, by itself or by way of a function.

    Why: after a transaction with SET LOCAL the setting is empty in that session, not NULL, and the cast fails.
    Fix: nullif(current_setting(name, true), '') before the cast.
    """
    yield from sessions.unguarded_cast(catalog)


@rule(severity=Severity.WARNING)
def immutable_reads_session(catalog: Catalog) -> Iterator[Result]:
    """An IMMUTABLE function that reads settings, the token or the role of the session, by way of others too.

    An error where a policy calls it.

    Why: PostgreSQL may evaluate it when a statement is planned, and keep the answer for whoever asks next.
    Fix: declare it STABLE.
    """
    yield from sessions.immutable(catalog)


@rule(severity=Severity.WARNING, aliases=["splinter:auth_rls_initplan"])
def auth_call_per_row(catalog: Catalog) -> Iterator[Result]:
    """A policy that calls ``auth.uid()``, ``auth.jwt()``, ``current_setting()`` and the like for each row.

    Each call is looked at by itself. Called from ``(select ...)`` without a table it is evaluated once a statement;
    inside of a subquery that reads a table, only where it is put into another one. Info for INSERT, and for
    subqueries that do not depend on the row.

    Why: reading a large table takes many times as long.
    Fix: (select auth.uid()).
    """
    yield from performance.calls_per_row(catalog)


@rule(severity=Severity.WARNING)
def volatile_function_in_policy(catalog: Catalog) -> Iterator[Result]:
    """A policy that calls a VOLATILE function for each row; functions are that unless they say otherwise.

    Why: PostgreSQL can use no index for the condition, and calls it again for every row.
    Fix: declare it STABLE where it only reads.
    """
    yield from performance.volatile_calls(catalog)


@rule(severity=Severity.WARNING)
def unindexed_policy_column(catalog: Catalog) -> Iterator[Result]:
    """A column by which a policy chooses rows, and that leads no index.

    Compared for equality with what is not of the same row; in subqueries of policies too. Of several columns that are
    compared together, one with an index will do. Left out are comparisons with constants, such as of a status, which
    few rows differ in, and ``IN (SELECT ...)``: PostgreSQL uses no index for it in a policy, while it does for
    ``= ANY (ARRAY(SELECT ...))``.

    Why: every query on the table reads all of it.
    Fix: create an index that starts with the column, concurrently where the table is in use.
    """
    yield from performance.unindexed(catalog)


@rule(severity=Severity.INFO, aliases=["splinter:multiple_permissive_policies"])
def several_permissive_policies(catalog: Catalog) -> Iterator[Result]:
    """A table with several permissive policies for the same role and command.

    Why: all of them are evaluated for each row, and the widest decides.
    Fix: put their conditions into one policy, connected with OR.
    """
    yield from performance.several_permissive(catalog)


@rule(severity=Severity.INFO)
def policy_without_role(
    connection: Connection,
    timeline: Timeline | None = None,
    catalog: Catalog | None = None,
    api_roles: Sequence[str] = (),
    shared: Shared | None = None,
) -> Iterator[Result]:
    """A policy without TO, where several roles from outside come by it.

    Left out are those that let through every row: they mean everybody.

    Why: it is evaluated for visitors too, who never pass, and holds for every role that comes to be.
    Fix: say TO which role it is for, such as authenticated.
    """
    yield from judged(performance.without_role, connection, timeline, catalog, api_roles, shared)
