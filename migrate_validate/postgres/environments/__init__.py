"""What exists before the first file of a chain: nothing (``plain``), or the surroundings of Supabase."""

from migrate_validate.postgres.environments.choice import check_name, choose, reasons
from migrate_validate.postgres.environments.environment import (
    ENVIRONMENTS,
    PLAIN,
    SUPABASE,
    Environment,
    prepare,
    settle,
)

__all__ = [
    "ENVIRONMENTS",
    "PLAIN",
    "SUPABASE",
    "Environment",
    "check_name",
    "choose",
    "prepare",
    "reasons",
    "settle",
]
