"""Which environment a chain needs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.model import Chain
from migrate_validate.errors import ConfigError
from migrate_validate.postgres.environments import custom
from migrate_validate.postgres.environments.environment import ENVIRONMENTS, PLAIN, SUPABASE, Environment
from migrate_validate.postgres.extensions import needed, words

# Any name before a dot may be an alias of a query: only what really is in these schemas tells. A name with "(" is a
# function and must be called.
_MEMBERS = {
    "auth": frozenset(
        [
            "uid(",
            "role(",
            "email(",
            "jwt(",
            "users",
            "identities",
            "sessions",
            "refresh_tokens",
            "mfa_factors",
            "mfa_challenges",
            "mfa_amr_claims",
            "audit_log_entries",
            "one_time_tokens",
            "sso_providers",
            "sso_domains",
            "saml_providers",
            "flow_state",
        ]
    ),
    "storage": frozenset(["buckets", "objects", "foldername(", "filename(", "extension(", "migrations"]),
    "realtime": frozenset(["messages", "subscription", "topic(", "send(", "broadcast_changes("]),
    "extensions": frozenset(
        [
            "uuid_generate_v1(",
            "uuid_generate_v3(",
            "uuid_generate_v4(",
            "uuid_generate_v5(",
            "gen_random_bytes(",
            "gen_random_uuid(",
            "digest(",
            "hmac(",
            "crypt(",
            "gen_salt(",
        ]
    ),
    "vault": frozenset(["secrets", "decrypted_secrets", "create_secret(", "update_secret("]),
    "supabase_functions": frozenset(["http_request(", "hooks"]),
    "graphql_public": frozenset(["graphql("]),
    "graphql": frozenset(["resolve("]),
    "supabase_migrations": frozenset(["schema_migrations"]),
}
_BY_NAME_ONLY = frozenset({"extensions", "vault", "storage", "realtime", "auth"})
"""Schemas that also tell where a statement names them after SCHEMA."""
_MENTIONS = tuple(sorted(SUPABASE.schemas | SUPABASE.roles))
# The service has these from the start; other chains do without them.
_WHEN_USED = {"vault": "supabase_vault", "graphql": "pg_graphql"}
# Supabase's tools install it before the first migration; its schema alone is no sign of Supabase.
_SENDER = "pg_net"
_SENDING = frozenset({"http_get", "http_post", "http_delete"})


def check_name(wanted: str | None) -> None:
    """Refuse a name that no environment has, and a file that cannot be read as SQL; None is no name.

    :raises ConfigError: saying which name is near, or what is wrong with the file
    """
    if wanted is not None and custom.is_file(wanted):
        custom.read(Path(wanted))
        custom.migration_role(Path(wanted))
    elif wanted is not None and wanted not in ENVIRONMENTS:
        near = difflib.get_close_matches(wanted, ENVIRONMENTS, n=1)
        raise ConfigError(
            f'there is no environment "{wanted}"' + (f'; did you mean "{near[0]}"?' if near else ""),
            remedy=f"set environment to one of: {', '.join(sorted(ENVIRONMENTS))}; "
            f"or to the path of a {custom.ENDING} file",
        )


def choose(chain: Chain, wanted: str | None) -> Environment:
    """The environment that was asked for, or else the one that the chain needs.

    A chain needs ``supabase`` if it is laid out like a Supabase project, or if its code (not a comment, not a string)
    uses one of the schemas or roles that only the environment makes. What the chain makes itself it does not need.

    :param wanted: a name from the configuration, the absolute path of a file of SQL, or None
    :raises ConfigError: if there is no environment of that name, or the file cannot be read
    """
    check_name(wanted)
    if wanted is not None and custom.is_file(wanted):
        role = custom.migration_role(Path(wanted))
        return Environment(Path(wanted).name, file=Path(wanted), migration_role=role)
    if wanted == PLAIN.name:
        return PLAIN
    missing = reasons(chain)
    if wanted is None and chain.format != SUPABASE.name and not missing:
        return PLAIN
    extra = [extension for schema, extension in _WHEN_USED.items() if f"schema {schema}" in missing]
    if _sends(chain) and _SENDER not in needed(chain):
        extra.append(_SENDER)
    return replace(SUPABASE, extensions=(*SUPABASE.extensions, *extra), exposes_new_tables=chain.exposes_new_tables)


def reasons(chain: Chain) -> tuple[str, ...]:
    """What the chain uses of the environment ``supabase`` and does not make: ``role anon``, ``schema auth``, ..."""
    used: set[str] = set()
    made: set[str] = set()
    for script in chain.scripts:
        text = script.text.lower()
        if any(mention in text for mention in _MENTIONS):
            for statement in words.statements(script.text):
                used.update(_used(statement))
                made.update(_made(statement))
    return tuple(sorted(used - made))


def _sends(chain: Chain) -> bool:
    """Whether the chain calls a function of the extension that sends requests."""
    return any(
        pieces[:2] == ("net", ".") and pieces[2] in _SENDING
        for script in chain.scripts
        if "net." in script.text.lower()
        for statement in words.statements(script.text)
        for pieces in zip(statement, statement[1:], statement[2:], strict=False)
    )


def _made(statement: tuple[str, ...]) -> Iterator[str]:
    for place, word in enumerate(statement):
        if word != "create" or place + 2 >= len(statement):
            continue
        kind, rest = statement[place + 1], statement[place + 2 :]
        rest = rest[3:] if rest[:3] == ("if", "not", "exists") else rest
        if kind == "schema" and rest:
            yield f"schema {rest[1] if rest[0] == 'authorization' and len(rest) > 1 else rest[0]}"
        elif kind in ("role", "user", "group") and rest:
            yield f"role {rest[0]}"
        elif kind == "publication" and rest:
            yield f"publication {rest[0]}"


def _used(statement: tuple[str, ...]) -> Iterator[str]:
    for place, word in enumerate(statement):
        following = statement[place + 1 : place + 4]
        if word in _MEMBERS and following[:1] == (".",) and len(following) > 1:
            member = following[1]
            if member in _MEMBERS[word] or (following[2:] == ("(",) and f"{member}(" in _MEMBERS[word]):
                yield f"schema {word}"
        elif word == "schema" and following and following[0] in _BY_NAME_ONLY:
            yield f"schema {following[0]}"
        elif word == "publication" and following[:1] == ("supabase_realtime",):
            yield "publication supabase_realtime"
    yield from (f"role {name}" for name in _role_list(statement) if name in SUPABASE.roles)


def _role_list(statement: tuple[str, ...]) -> Iterator[str]:
    """The names that stand where a statement about privileges, policies, owners or the session names roles."""
    about_privileges = not {"grant", "revoke", "policy"}.isdisjoint(statement)
    for place, word in enumerate(statement):
        before = statement[place - 1] if place else ""
        opens = (
            (word == "to" and (about_privileges or before == "owner"))
            or (word == "from" and "revoke" in statement)
            or (word == "role" and before in ("set", "for", "local", "session", "alter"))
            or word == "authorization"
        )
        if opens:
            names = statement[place + 1 :]
            yield from names[:1]
            for comma, name in zip(names[1::2], names[2::2], strict=False):
                if comma != ",":
                    break
                yield name
