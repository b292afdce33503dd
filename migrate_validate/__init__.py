"""Proves on a real, disposable PostgreSQL that a chain of migrations can be shipped.

The public API, names only: everything else may change between versions. The check modules are imported from
``migrate_validate.checks``, the strategies from ``migrate_validate.data``.
"""

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.config import Expectations, Settings
from migrate_validate.errors import MigrateValidateError
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven, Verdict
from migrate_validate.replay.timeline import Step, Timeline
from migrate_validate.rules import Registry, rule

__all__ = [
    "Catalog",
    "Chain",
    "Expectations",
    "Finding",
    "Location",
    "MigrateValidateError",
    "NotApplicable",
    "Registry",
    "Result",
    "Settings",
    "Severity",
    "Step",
    "Timeline",
    "Unproven",
    "Verdict",
    "rule",
]
