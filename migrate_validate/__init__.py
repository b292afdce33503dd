"""Proves on a real, disposable PostgreSQL that a chain of migrations can be shipped.

The public API, names only: everything else may change between versions. The check modules are imported from
``migrate_validate.checks``, the strategies from ``migrate_validate.data``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrate_validate.acting import acting_as, check_actor
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
    "acting_as",
    "check_actor",
    "rule",
]

# pytest imports this package in every run where it is installed: names are imported when somebody asks for them.
_HOMES = {
    "Catalog": "catalog.model",
    "Chain": "chain.model",
    "Expectations": "config",
    "Finding": "findings",
    "Location": "findings",
    "MigrateValidateError": "errors",
    "NotApplicable": "findings",
    "Registry": "rules",
    "Result": "findings",
    "Settings": "config",
    "Severity": "findings",
    "Step": "replay.timeline",
    "Timeline": "replay.timeline",
    "Unproven": "findings",
    "Verdict": "findings",
    "acting_as": "acting",
    "check_actor": "acting",
    "rule": "rules",
}


def __getattr__(name: str) -> object:
    """A public name, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
