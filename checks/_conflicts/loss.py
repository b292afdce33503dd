"""What was lost."""

from __future__ import annotations

from dataclasses import dataclass

from migrate_validate.findings import Severity


@dataclass(frozen=True, slots=True)
class Lost:
    """One property that an object had before a migration and has not after it, though nothing in the file says so."""

    object: str
    text: str
    """``security: had SECURITY DEFINER, has SECURITY INVOKER``."""
    severity: Severity
    fix: str = ""
