"""Tries each statement of a migration as ``postgres`` is in production: no superuser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import statements
from migrate_validate.replay.pieces import send

from .._shared import Connection
from .service import lets

# Owned by a superuser, so that the role can get back what it has lost in the same transaction.
_SWITCH = b"""
    CREATE SCHEMA migrate_validate_hosted;
    GRANT USAGE ON SCHEMA migrate_validate_hosted TO PUBLIC;
    CREATE FUNCTION migrate_validate_hosted.promote() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN ALTER ROLE postgres SUPERUSER; END';
    CREATE FUNCTION migrate_validate_hosted.demote() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN ALTER ROLE postgres NOSUPERUSER; END';
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA migrate_validate_hosted TO PUBLIC;
    ALTER SCHEMA migrate_validate_hosted OWNER TO supabase_admin;
    ALTER FUNCTION migrate_validate_hosted.promote() OWNER TO supabase_admin;
    ALTER FUNCTION migrate_validate_hosted.demote() OWNER TO supabase_admin;
"""
_PROMOTE = b"SELECT migrate_validate_hosted.promote()"
_DEMOTE = b"SELECT migrate_validate_hosted.demote()"
_KEEP = b"SAVEPOINT migrate_validate_hosted"
_UNDO = b"ROLLBACK TO SAVEPOINT migrate_validate_hosted"
_RELEASE = b"RELEASE SAVEPOINT migrate_validate_hosted"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that only goes through for a superuser."""

    statement: Statement
    message: str
    sqlstate: str | None
    inner: str | None
    """Where in a function or a DO block it was stopped."""


class Stuck(Exception):
    """A statement goes through in neither way: what is behind it cannot be tried."""

    def __init__(self, statement: Statement, message: str) -> None:
        """Keep which one, and why."""
        super().__init__(f"{statement.location}: {message}")


def refusals(connection: Connection, script: Script) -> Iterator[Refusal]:
    """Apply a script as ``postgres`` without its being a superuser; what is refused is done by a superuser then.

    :param connection: as ``postgres``, a superuser, in a transaction that will be rolled back or on a copy
    :raises Stuck: when a superuser cannot carry a statement out either
    :raises psycopg.Error: when the connection is lost
    """
    connection.execute(_SWITCH)
    try:
        for statement in statements(script):
            refused = _try(connection, statement)
            if refused is not None:
                yield refused
    finally:
        if not connection.closed and connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(_PROMOTE)


def _try(connection: Connection, statement: Statement) -> Refusal | None:
    within = connection.info.transaction_status == TransactionStatus.INTRANS and statement.kind != "transaction"
    if within:
        connection.execute(_KEEP)
    connection.execute(_DEMOTE)
    try:
        send(connection, statement)
    except psycopg.Error as error:
        if connection.closed:
            raise
        if within:
            connection.execute(_UNDO)
        connection.execute(_PROMOTE)
        message = error.diag.message_primary or str(error).strip()
        _as_superuser(connection, statement, message)
        if within:
            connection.execute(_RELEASE)
        if lets(statement.sql, error.diag.context):
            return None
        return Refusal(statement, message, error.sqlstate, error.diag.context)
    if connection.info.transaction_status != TransactionStatus.INERROR:
        connection.execute(_PROMOTE)
        if within and connection.info.transaction_status == TransactionStatus.INTRANS:
            connection.execute(_RELEASE)
    return None


def _as_superuser(connection: Connection, statement: Statement, refused: str) -> None:
    try:
        send(connection, statement)
    except psycopg.Error as error:
        if connection.closed:
            raise
        raise Stuck(statement, f"{refused}; by a superuser: {error.diag.message_primary}") from None
