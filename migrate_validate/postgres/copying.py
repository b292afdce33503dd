"""What PostgreSQL leaves out when it copies a database: its settings and its privileges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg import sql

from migrate_validate.postgres import defaults

_PRIVILEGES = """
    select a.privilege_type,
           case when a.grantee <> 0 then pg_get_userbyid(a.grantee) end,
           a.is_grantable
    from pg_database d
    cross join aclexplode(d.datacl) a
    where d.datname = %s
"""
"""No rows: those that every new database has."""


def complete(run: Callable[..., list[tuple[Any, ...]]], template: str, copy: str) -> None:
    """Give a copy the rest of its template, which is on the same server.

    :param run: sends a statement, with ``values`` in the place of its parameters, and gives its rows
    """
    for setting in run(defaults.READ, values=[template]):
        run(defaults.Default(*setting).statement(copy))
    privileges = run(_PRIVILEGES, values=[template])
    name = sql.Identifier(copy)
    if privileges:
        run(sql.SQL("revoke all on database {} from public").format(name))
    for privilege, role, grantable in privileges:
        whom = sql.SQL("public") if role is None else sql.Identifier(role)
        option = sql.SQL(" with grant option" if grantable else "")
        run(sql.SQL("grant {} on database {} to {}{}").format(sql.SQL(privilege), name, whom, option))
