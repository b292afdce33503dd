"""What exists before the first file of a chain: nothing (``plain``), Supabase's surroundings, or what a file makes."""

from migrate_validate.postgres.environments.building import Built, build, empower, prepare, settle
from migrate_validate.postgres.environments.choice import check_name, choose, reasons
from migrate_validate.postgres.environments.environment import ENVIRONMENTS, PLAIN, SUPABASE, Environment

__all__ = [
    "ENVIRONMENTS",
    "PLAIN",
    "SUPABASE",
    "Built",
    "Environment",
    "build",
    "check_name",
    "choose",
    "empower",
    "prepare",
    "reasons",
    "settle",
]
