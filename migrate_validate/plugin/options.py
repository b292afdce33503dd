"""The command line options of the plugin, and what they mean together with the configuration."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shlex
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.config import SeedEntry, Settings
from migrate_validate.errors import Trouble
from migrate_validate.postgres.server import ServerOptions
from migrate_validate.settings import read_settings

_CONFLICT = """\
--migrations=PATH is not available here: pytest-django is installed and has an option --migrations of its own, without
an argument. What to do, one of:
  - write --migrations-path=PATH, which is the same option under a name that nobody else has
  - leave pytest-django out of this run: pytest -p no:django --migrations=PATH"""


def add_options(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options; ``--migrations`` itself only where pytest-django does not claim it."""
    group = parser.getgroup("migrations", "database migrations (migrate-validate)")
    names = ["--migrations-path"]
    if _django_is_active(pluginmanager):
        _explain_conflict(pluginmanager)
    else:
        names.insert(0, "--migrations")
    group.addoption(
        *names,
        action="append",
        dest="migrations",
        metavar="PATH",
        help="directory of migrations to validate, or one SQL file (repeatable)",
    )
    group.addoption(
        "--migrations-seed",
        action="append",
        default=[],
        metavar="FILE",
        help="data to load after the chain (repeatable); seed.sql in or beside the directory is found by itself",
    )
    group.addoption("--migrations-environment", metavar="NAME", help="what surrounds the chain: plain or supabase")
    group.addoption("--migrations-format", metavar="NAME", help="the convention of the directory: sql or supabase")
    group.addoption(
        "--migrations-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report; the ending decides the format: .json (repeatable)",
    )
    group.addoption("--migrations-strict", action="store_true", help="warnings and unproven rules fail the run too")


def _django_is_active(pluginmanager: pytest.PytestPluginManager) -> bool:
    if pluginmanager.is_blocked("django"):
        return False
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return "pytest_django" in sys.modules
    return importlib.util.find_spec("pytest_django") is not None


def _explain_conflict(pluginmanager: pytest.PytestPluginManager) -> None:
    # pytest parses the command line again right after the plugins are loaded, and pytest-django's option then refuses
    # the argument in words that say nothing of the reason.
    config = pluginmanager.get_plugin("pytestconfig")
    if config is None:
        return
    arguments = [str(each) for each in config.invocation_params.args]
    arguments += [*config.getini("addopts"), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]
    following = [after for each, after in itertools.pairwise(arguments) if each == "--migrations"]
    if any(each.startswith("--migrations=") for each in arguments) or any(map(_holds_sql, following)):
        raise pytest.UsageError(_CONFLICT)


def _holds_sql(argument: str) -> bool:
    path = Path(argument)
    return path.suffix == ".sql" or any(path.glob("*.sql")) or any(path.glob("migrations/*.sql"))


def chain_paths(config: pytest.Config, trouble: Trouble) -> tuple[list[str], bool]:
    """The chains of this run, and whether the command line named them.

    :param trouble: takes what is wrong with the project's configuration
    """
    given: list[str] | None = config.getoption("migrations", default=None)
    if given:
        return given, True
    return list(read_settings(config.rootpath / "no-such-chain", config.rootpath, trouble).migrations), False


def settings_for(chain: Path, config: pytest.Config, trouble: Trouble) -> Settings:
    """The settings of one chain: the configuration, with what the command line says.

    :param chain: absolute
    :param trouble: takes what is wrong with the configuration
    """
    settings = read_settings(chain, config.rootpath, trouble)
    seeds = tuple(SeedEntry(str(config.invocation_params.dir / seed)) for seed in config.getoption("migrations_seed"))
    return replace(
        settings,
        environment=config.getoption("migrations_environment") or settings.environment,
        format=config.getoption("migrations_format") or settings.format,
        seeds=settings.seeds + seeds,
        strict=config.getoption("migrations_strict") or settings.strict,
    )


def server_options(config: pytest.Config, settings: Settings) -> ServerOptions:
    """Which server to use: what pytest-postgresql's options name, as far as the user gave them."""
    with warnings.catch_warnings():
        # Only here a key that the user wrote differs from a default of pytest-postgresql's, which is no wish.
        warnings.simplefilter("ignore", pytest.PytestDeprecationWarning)
        written = set(getattr(config, "inicfg", ()))

    def given(name: str) -> str | None:
        name = f"postgresql_{name}"
        value = config.getoption(name, default=None)
        if value is None and name in written:
            value = config.getini(name)
        return str(value) if value else None

    port = given("port")
    return ServerOptions(
        executable=given("exec"),
        host=given("host"),
        port=int(port) if port else None,
        user=given("user"),
        password=given("password"),
        dbname=given("maintenance_dbname"),
        options=given("options") or "",
        postgres_options=given("postgres_options") or "",
        major=settings.postgres,
    )
