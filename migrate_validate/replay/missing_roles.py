"""Roles that a chain names and nothing makes: they belong to the whole server, so that no dump holds them."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate import syntax
from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.statements import UNPARSED, ScriptError, statements
from migrate_validate.postgres.roles import all_roles
from migrate_validate.postgres.server import Server

_NAMED = "ROLESPEC_CSTRING"
"""A role that is named, not CURRENT_USER or PUBLIC."""
_KINDS = frozenset({"alter_default_privileges", "alter_owner", "create_policy", "create_schema", "grant", "grant_role"})
_WORDS = ("owner", "role", "authorization")


def about_missing_role(name: str, chain: Chain, server: Server) -> tuple[str, ...]:
    """What can be done where a role is missing, for all that are.

    :param name: the one that PostgreSQL has told of
    """
    made = {each.name for script in chain.scripts for each in created_objects(script) if each.kind == "role"}
    with server.connect("postgres") as connection:
        there = all_roles(connection)
    named = {each for script in chain.scripts for each in _named(script)}
    missing = sorted((named | {name}) - made - there)
    return (
        f'No file of the chain creates the role "{name}": roles belong to the whole server, and no dump holds them.',
        'Declare a file that makes them: base = ["roles.sql"] in the configuration, with '
        + " ".join(f"CREATE ROLE {syntax.quote(each)};" for each in missing),
    )


def _named(script: Script) -> Iterator[str]:
    """The roles that the statements of a script name."""
    try:
        parts = statements(script)
    except ScriptError:
        return
    for part in parts:
        if part.kind == UNPARSED or not (part.kind in _KINDS or any(word in part.sql.lower() for word in _WORDS)):
            continue
        for parsed in syntax.parse(part.sql):
            for node in syntax.walk(parsed.node):
                if syntax.node_name(node) == "RoleSpec" and syntax.enum_name("RoleSpecType", node.roletype) == _NAMED:
                    yield node.rolename
