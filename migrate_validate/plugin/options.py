"""The command line options of the plugin, and what they mean together with the configuration."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.config import SeedEntry, Settings
from migrate_validate.postgres.server import ServerOptions
from migrate_validate.settings import load_settings

_CONFLICT = """\
--migrations=PATH is not available here: pytest-django is installed and has an option --migrations of its own, without
an argument. What to do, one of:
  - write --migrations-path=PATH, which is the same option under a name that nobody else has
  - leave pytest-django out of this run: pytest -p no:django --migrations=PATH"""


_DEFAULTS = {
    "exec": "/usr/lib/postgresql/14/bin/pg_ctl",
    "host": "127.0.0.1",
    "user": "postgres",
    "maintenance_dbname": "postgres",
}
"""What pytest-postgresql's ini options say when nobody set them."""


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
    return importlib.util.find_spec("pytest_django") is not None and not pluginmanager.is_blocked("django")


def _explain_conflict(pluginmanager: pytest.PytestPluginManager) -> None:
    # pytest parses the command line again right after the plugins are loaded, and pytest-django's option then refuses
    # the argument in words that say nothing of the reason.
    config = pluginmanager.get_plugin("pytestconfig")
    arguments = [str(each) for each in config.invocation_params.args] if config is not None else []
    if any(each.startswith("--migrations=") for each in arguments):
        raise pytest.UsageError(_CONFLICT)


def chain_paths(config: pytest.Config) -> tuple[list[str], bool]:
    """The chains of this run, and whether the command line named them.

    :raises ConfigError: when the project's configuration cannot be used
    """
    given: list[str] | None = config.getoption("migrations", default=None)
    if given:
        return given, True
    return list(load_settings(config.rootpath / "no-such-chain", config.rootpath).migrations), False


def settings_for(path: str, config: pytest.Config) -> Settings:
    """The settings of one chain: the configuration, with what the command line says.

    :raises ConfigError: when the configuration cannot be used
    """
    chain = Path(path) if Path(path).is_absolute() else config.invocation_params.dir / path
    settings = load_settings(chain, config.rootpath)
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

    def given(name: str) -> str | None:
        value = config.getoption(f"postgresql_{name}", default=None)
        if value is None:
            # A default of pytest-postgresql's is no wish of the user's.
            configured = config.getini(f"postgresql_{name}")
            value = configured if configured != _DEFAULTS.get(name, "") else None
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
