"""What the command line and the configuration say together of one chain and of its server."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.config import SeedEntry, Settings
from migrate_validate.errors import Trouble
from migrate_validate.postgres.server import ServerOptions
from migrate_validate.settings import environment_in, read_settings


def settings_for(chain: Path, config: pytest.Config, trouble: Trouble) -> Settings:
    """The settings of one chain: the configuration, with what the command line says.

    :param chain: absolute
    :param trouble: takes what is wrong with the configuration
    """
    settings = read_settings(chain, config.rootpath, trouble)
    seeds = tuple(SeedEntry(str(config.invocation_params.dir / seed)) for seed in config.getoption("migrations_seed"))
    wanted = config.getoption("migrations_environment")
    return replace(
        settings,
        environment=environment_in(config.invocation_params.dir, wanted) if wanted else settings.environment,
        format=config.getoption("migrations_format") or settings.format,
        seeds=settings.seeds + seeds,
        rows=config.getoption("migrations_rows") or settings.rows,
        since=config.getoption("migrations_since") or settings.since,
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
