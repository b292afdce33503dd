"""The settings that sessions begin with: those of databases and roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Settings that are kept as lists of quoted names (guc_tables.c: GUC_LIST_QUOTE)."""

READ = """
    select case when s.setrole <> 0 then pg_get_userbyid(s.setrole) end,
           split_part(setting, '=', 1),
           substr(setting, strpos(setting, '=') + 1)
    from pg_db_role_setting s
    cross join unnest(s.setconfig) setting
    where s.setdatabase = coalesce((select oid from pg_database where datname = %s), 0)
"""
"""The rows of a database by its name; those of no database for NULL."""


@dataclass(frozen=True, slots=True)
class Default:
    """One setting of new sessions."""

    role: str | None
    """Of sessions of this role; None: of all."""
    name: str
    value: str

    def statement(self, database: str | None) -> sql.Composed:
        """The statement that makes it so.

        :param database: in this one; None: in all
        """
        value = sql.SQL(self.value) if self.name in _LISTS else sql.Literal(self.value)
        name = sql.Identifier(*self.name.split("."))
        return sql.SQL("{} set {} to {}").format(_target(self.role, database), name, value)


def shared_defaults(connection: psycopg.Connection[Any]) -> frozenset[Default]:
    """Those of roles in all databases."""
    return frozenset(Default(*row) for row in connection.execute(READ, [None]))


def restoring(was: frozenset[Default], now: frozenset[Default]) -> Iterator[sql.Composed]:
    """The statements that give roles in all databases the settings back that they had."""
    changed = {each.role for each in was ^ now}
    for role in sorted(changed, key=str):
        yield sql.SQL("{} reset all").format(_target(role, None))
        yield from (each.statement(None) for each in was if each.role == role)


def _target(role: str | None, database: str | None) -> sql.Composed:
    if role is None and database is not None:
        return sql.SQL("alter database {}").format(sql.Identifier(database))
    whose = sql.SQL("all") if role is None else sql.Identifier(role)
    place = sql.SQL("") if database is None else sql.SQL(" in database {}").format(sql.Identifier(database))
    return sql.SQL("alter role {}{}").format(whose, place)
