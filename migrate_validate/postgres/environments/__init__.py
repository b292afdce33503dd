"""What exists before the first file of a chain: nothing (``plain``), Supabase's surroundings, or what a file makes."""

from migrate_validate.postgres.environments.building import Built, build, empower, prepare, settle
from migrate_validate.postgres.environments.choice import check_name, choose, reasons
from migrate_validate.postgres.environments.environment import ENVIRONMENTS, PLAIN, SUPABASE, Environment
from migrate_validate.postgres.environments.kept import adopt, kept_cluster

__all__ = [
    "ENVIRONMENTS",
    "PLAIN",
    "SUPABASE",
    "Built",
    "Environment",
    "adopt",
    "build",
    "check_name",
    "choose",
    "empower",
    "kept_cluster",
    "prepare",
    "reasons",
    "settle",
]
