"""Asking the database as somebody: a role, and the claims of a token as PostgREST hands them on.

with psycopg.connect(url) as connection, connection.transaction(force_rollback=True):
    with acting_as(connection, "authenticated", sub=alice):
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (2,)
    with acting_as(connection, "anon"):
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from migrate_validate.errors import ConfigError

Connection = psycopg.Connection[Any]

CLAIMS = "request.jwt.claims"
"""The setting that holds the claims of the token."""
_OLD_CLAIMS = ("request.jwt.claim", "request.jwt.claim.sub", "request.jwt.claim.role", "request.jwt.claim.email")
"""Settings of earlier versions of PostgREST, which auth.uid() and the others still look at first."""
_SESSION = "5e551017-0000-4000-8000-000000000001"
_METADATA = ("app_metadata", "user_metadata")

_ABOVE = """
SELECT current_user::text, r.rolsuper, r.rolbypassrls, current_setting('row_security')
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
_OWNED = """
SELECT n.nspname || '.' || c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relforcerowsecurity
  AND pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
ORDER BY 1
"""
_HAS_UID = """
SELECT true FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'auth' AND p.proname = 'uid' AND p.pronargs = 0
"""
_TOLD = 5
"""Tables that a reason names."""


def claims_of(role: str, sub: str | None = None, claims: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The claims of a token, as Supabase's service writes them.

    :param role: the database role
    :param sub: the person's key; None: the token of an application without a person
    :param claims: what the token says besides, or otherwise; ``app_metadata`` and ``user_metadata`` are added to what
        every token has there
    """
    given = dict(claims or {})
    if sub is None:
        return {"iss": "supabase", "role": role, **given}
    usual: dict[str, Any] = {
        "iss": "https://example.supabase.co/auth/v1",
        "sub": str(sub),
        "aud": "authenticated",
        "role": role,
        "email": f"{sub}@example.com",
        "phone": "",
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": 1704067200}],
        "session_id": _SESSION,
        "is_anonymous": False,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
    }
    for name in _METADATA:
        if isinstance(given.get(name), Mapping):
            given[name] = {**usual[name], **given[name]}
    return {**usual, **given}


@contextlib.contextmanager
def acting_as(
    connection: Connection,
    role: str,
    *,
    sub: str | None = None,
    claims: Mapping[str, Any] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Connection]:
    """Run statements as a role, with the claims of a token.

    What is done inside stays in the transaction that is open; it is committed at the end where none was, as with
    ``connection.transaction()``. After an exception, or where a statement inside has failed, it is taken back. Role,
    settings and search path are afterwards what they were; a setting that did not exist is empty. It can be nested.

    :param connection: of psycopg, in autocommit mode or not, inside a transaction or not
    :param role: the database role: ``authenticated``, ``anon``, ...
    :param sub: the key of the person who asks: auth.uid()
    :param claims: claims of the token besides those of :func:`claims_of`, such as ``{"app_metadata": {"org_id": "7"}}``
    :param settings: settings of the session, such as ``{"app.tenant": "7"}``
    :raises ConfigError: when nobody can act as this role on this connection
    :raises psycopg.Error: when a setting is refused
    """
    token = json.dumps(claims_of(role, sub, claims))
    wanted = {**dict.fromkeys(_OLD_CLAIMS, ""), CLAIMS: token, **(settings or {})}
    with connection.transaction() as transaction:
        before = _current(connection, ["role", "search_path", *wanted])
        _set(connection, _search_path(connection) | wanted)
        _become(connection, role)
        yield connection
        if connection.info.transaction_status == TransactionStatus.INERROR:
            # The test expected the error: the savepoint takes back all of this.
            raise psycopg.Rollback(transaction)
        # The role first: it may not be allowed to set what follows.
        _set(connection, {"role": before.pop("role") or "none"})
        _set(connection, {name: value or "" for name, value in before.items()})


def check_actor(connection: Connection, *, role: str | None = None, sub: str | None = None) -> tuple[str, ...]:
    """Why what this connection shows at the moment proves nothing about row level security; empty where it does.

    :param role: whom it is meant to act as
    :param sub: the person whom auth.uid() is meant to name
    :raises psycopg.Error: when the connection is lost
    """
    reasons = []
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        name, superuser, bypasses, security = cursor.execute(_ABOVE).fetchone() or ("?", False, False, "on")
        if role is not None and name != role:
            reasons.append(f"the acting role is {name}, not {role}")
        if superuser:
            reasons.append(f"{name} is a superuser, whom no policy binds")
        if bypasses:
            reasons.append(f"{name} has BYPASSRLS, so no policy binds it")
        if not superuser and (owned := [str(each) for (each,) in cursor.execute(_OWNED)]):
            more = f" and {len(owned) - _TOLD} more" if len(owned) > _TOLD else ""
            reasons.append(
                f"{name} is the owner of {', '.join(owned[:_TOLD])}{more}, whose policies do not bind the owner "
                "without FORCE ROW LEVEL SECURITY"
            )
        if security != "on":
            reasons.append("row_security is off: queries that policies would shorten fail instead")
        asks = cursor.execute(_HAS_UID).fetchone() is not None
    if asks and (wrong := _wrong_uid(connection, sub)):
        reasons.append(wrong)
    return tuple(reasons)


def _wrong_uid(connection: Connection, sub: str | None) -> str | None:
    try:
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            (uid,) = cursor.execute("SELECT auth.uid()::text").fetchone() or (None,)
    except psycopg.Error as error:
        if connection.closed:
            raise
        return f"auth.uid() fails: {error.diag.message_primary or error}"
    if uid != (None if sub is None else str(sub)):
        return f"auth.uid() is {uid or 'NULL'}, not {sub or 'NULL'}"
    return None


def _current(connection: Connection, names: list[str]) -> dict[str, str | None]:
    """Values of settings; None where there is no such setting."""
    each = sql.SQL(", ").join(sql.SQL("pg_catalog.current_setting({}, true)").format(name) for name in names)
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(sql.SQL("SELECT {}").format(each)).fetchone() or ()
    return dict(zip(names, row, strict=True))


def _set(connection: Connection, values: Mapping[str, str]) -> None:
    """Set settings until the end of the transaction."""
    each = sql.SQL(", ").join(
        sql.SQL("pg_catalog.set_config({}, {}, true)").format(name, str(value)) for name, value in values.items()
    )
    if values:
        connection.execute(sql.SQL("SELECT {}").format(each))


def _search_path(connection: Connection) -> dict[str, str]:
    """The one of requests where the database has Supabase's schemas; none elsewhere."""
    query = "SELECT true FROM pg_catalog.pg_namespace WHERE nspname = 'extensions'"
    return {"search_path": "public, extensions"} if connection.execute(query).fetchone() else {}


def _become(connection: Connection, role: str) -> None:
    try:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    except psycopg.Error as error:
        if connection.closed:
            raise
        raise ConfigError(
            f"nobody can act as the role {role}: {error.diag.message_primary or error}",
            looked=[f"the roles of the server, as {connection.info.user}"],
            remedy="name a role that exists, and connect as a superuser or as a member of it",
        ) from None
