"""The pytest plugin: options and fixtures; what a run with chains needs besides is imported only there.

Every run of pytest imports this package where it is installed, whether the project has migrations or not.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migrate_validate.errors import MigrateValidateError, Trouble
from migrate_validate.plugin import hooks
from migrate_validate.plugin.fixtures import acting_as, migrated_db, migrated_postgresql, migrations, tenants
from migrate_validate.plugin.options import add_options, named_chains

__all__ = ["acting_as", "migrated_db", "migrated_postgresql", "migrations", "tenants"]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options."""
    add_options(parser, pluginmanager)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hook for users' rules."""
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)  # before Hypothesis asks for the profile
def pytest_configure(config: pytest.Config) -> None:
    """Read the chains; a path or configuration that cannot be used ends the run with a message."""
    if config.getoption("--hypothesis-profile", None):
        from migrate_validate.plugin.profiles import register

        register()
    config.addinivalue_line("markers", "migrations(path): the chain that the fixtures of migrate-validate use")
    trouble = Trouble()
    chains = named_chains(config, trouble)
    try:
        if chains.paths or config.getoption("migrations_report"):
            with _swift_imports(config):
                from migrate_validate.plugin.session import start

                start(config, chains, trouble)
        else:
            trouble.tell()
    except MigrateValidateError as error:
        raise pytest.UsageError(str(error)) from None


@contextmanager
def _swift_imports(config: pytest.Config) -> Iterator[None]:
    """Import a library as Python does it, and not as tests are imported, in a third less time.

    pytest would load the modules of every plugin anew to show more of their assertions; ours are not those of tests.
    And nothing of what is imported is garbage.
    """
    hook: object = config.pluginmanager.rewrite_hook
    finders = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in finders if finder is not hook]
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()
        sys.meta_path[:] = finders
