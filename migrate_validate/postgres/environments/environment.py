"""What surrounds a chain: the environments there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """What exists in a database before the first file of a chain."""

    name: str
    schemas: frozenset[str] = frozenset()
    """The schemas that it makes, which are not the chain's."""
    api_roles: tuple[str, ...] = ()
    """The roles that reach the database from outside."""
    migration_role: str | None = None
    """The role that migrations are applied as; None: the server's superuser."""
    promotes: bool = False
    """Whether this role is a superuser until the chain is applied; else it is all the time what it is in production."""
    extensions: tuple[str, ...] = ()
    """What it installs, in the order of installation; stand-ins may be offered for them."""
    extension_schemas: dict[str, str] = field(default_factory=dict, hash=False)
    """Where each of them goes."""
    roles: frozenset[str] = frozenset()
    """The roles that it makes."""
    exposes_new_tables: bool = True
    """Whether the API roles get privileges on what the migration role makes in ``public``."""
    file: Path | None = None
    """The SQL that makes it, where a user wrote it; its schemas and roles are known once it has run."""


PLAIN = Environment("plain")

SUPABASE = Environment(
    "supabase",
    schemas=frozenset(
        [
            "auth",
            "storage",
            "realtime",
            "_realtime",
            "extensions",
            "graphql",
            "graphql_public",
            "vault",
            "pgbouncer",
            "supabase_functions",
            "supabase_migrations",
        ]
    ),
    api_roles=("anon", "authenticated"),
    migration_role="postgres",
    promotes=True,
    extensions=("pg_stat_statements", "uuid-ossp", "pgcrypto"),
    extension_schemas={
        "pg_stat_statements": "extensions",
        "uuid-ossp": "extensions",
        "pgcrypto": "extensions",
        "supabase_vault": "vault",
        "pg_graphql": "graphql",
        "pg_net": "extensions",
    },
    roles=frozenset(
        [
            "anon",
            "authenticated",
            "service_role",
            "authenticator",
            "supabase_admin",
            "supabase_auth_admin",
            "supabase_storage_admin",
            "supabase_functions_admin",
            "supabase_realtime_admin",
            "supabase_read_only_user",
            "supabase_replication_admin",
            "supabase_etl_admin",
            "dashboard_user",
            "pgbouncer",
        ]
    ),
)

ENVIRONMENTS = {environment.name: environment for environment in (PLAIN, SUPABASE)}
