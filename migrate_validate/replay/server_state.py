"""What a trial on a copy of a database leaves behind on its server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from migrate_validate.postgres.defaults import Default, restoring, shared_defaults
from migrate_validate.postgres.server import Server
from migrate_validate.syntax import quote

Connection = psycopg.Connection[Any]

_ROLES = """
    select oid::bigint, rolname, concat_ws(' ',
        case when rolsuper then 'superuser' else 'nosuperuser' end,
        case when rolinherit then 'inherit' else 'noinherit' end,
        case when rolcreaterole then 'createrole' else 'nocreaterole' end,
        case when rolcreatedb then 'createdb' else 'nocreatedb' end,
        case when rolcanlogin then 'login' else 'nologin' end,
        case when rolreplication then 'replication' else 'noreplication' end,
        case when rolbypassrls then 'bypassrls' else 'nobypassrls' end,
        'connection limit ' || rolconnlimit,
        'valid until ' || quote_literal(rolvaliduntil::text)
    ), quote_nullable(shobj_description(oid, 'pg_authid'))
    from pg_roles
"""
_MEMBERSHIPS = """
    select pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), {options} from pg_auth_members
"""
_OPTIONS = "case when admin_option then 'with admin option' else '' end"
_OPTIONS_SINCE_16 = (
    "format('with admin %s, inherit %s, set %s', admin_option::text, inherit_option::text, set_option::text)"
)


class Role(NamedTuple):
    """A role, as statements say it."""

    name: str
    attributes: str
    comment: str


class Membership(NamedTuple):
    """A role that was granted to another one."""

    role: str
    member: str
    grantor: str
    options: str


@dataclass(frozen=True, slots=True)
class ServerState:
    """What belongs to the whole server: what a trial changes of it would be there for the next one."""

    roles: Mapping[int, Role]
    """By their numbers, which they keep when they are renamed."""
    memberships: frozenset[Membership]
    defaults: frozenset[Default]

    @classmethod
    def of(cls, server: Server) -> ServerState:
        """That of a server now."""
        with server.connect("postgres") as connection:
            return cls.read(connection)

    @classmethod
    def read(cls, connection: Connection) -> ServerState:
        """That of the server that this is connected to."""
        roles = {oid: Role(*role) for oid, *role in connection.execute(_ROLES)}
        options = _OPTIONS_SINCE_16 if connection.info.server_version >= 160000 else _OPTIONS
        memberships = connection.execute(_MEMBERSHIPS.format(options=options).encode())
        return cls(roles, frozenset(Membership(*each) for each in memberships), shared_defaults(connection))

    def restore(self, server: Server) -> None:
        """Give the server the roles, memberships and settings of roles that it had; passwords stay as they are.

        On a server that is not ours others may be at work: there only new roles and settings are taken back.
        """
        with server.connect("postgres") as connection:
            now = ServerState.read(connection)
            names = frozenset(role.name for role in self.roles.values())
            kept = frozenset(each for each in now.defaults if each.role is None or each.role in names)
            back: list[bytes | sql.Composed] = [
                f"drop role if exists {quote(now.roles[oid].name)}".encode()
                for oid in now.roles.keys() - self.roles.keys()
            ]
            if server.ours:
                back += [*self._roles_back(now), *self._memberships_back(now)]
            for statement in (*back, *restoring(self.defaults, kept)):
                with contextlib.suppress(psycopg.Error):
                    connection.execute(statement)

    def _roles_back(self, now: ServerState) -> Iterator[bytes]:
        for oid, role in self.roles.items():
            present, name = now.roles.get(oid), quote(role.name)
            if present is None:
                yield f"create role {name}".encode()
            elif present.name != role.name:
                yield f"alter role {quote(present.name)} rename to {name}".encode()
            if present is None or present.attributes != role.attributes:
                yield f"alter role {name} {role.attributes}".encode()
            if present is None or present.comment != role.comment:
                yield f"comment on role {name} is {role.comment}".encode()

    def _memberships_back(self, now: ServerState) -> Iterator[bytes]:
        for role, member, grantor, _ in now.memberships - self.memberships:
            yield f"revoke {quote(role)} from {quote(member)} granted by {quote(grantor)}".encode()
        for role, member, grantor, options in self.memberships - now.memberships:
            yield f"grant {quote(role)} to {quote(member)} {options} granted by {quote(grantor)}".encode()
