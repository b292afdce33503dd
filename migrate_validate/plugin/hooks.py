"""Hooks that this plugin adds to pytest, for a conftest.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrate_validate.rules import Registry


def pytest_migrate_validate_rules(registry: Registry) -> None:
    """Add rules of your own: ``registry.add_module(module)`` or ``registry.add(function.__rule__)``."""
