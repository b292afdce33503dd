"""The command line options of the plugin, and the chains that they or the configuration name."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate_validate.errors import Trouble
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
        help="directory of migrations to validate, or one SQL file, also at a reference of Git: REF:PATH (repeatable)",
    )
    group.addoption(
        "--migrations-seed",
        action="append",
        default=[],
        metavar="FILE",
        help="data to load after the chain (repeatable); seed.sql in or beside the directory is found by itself",
    )
    group.addoption(
        "--migrations-environment", metavar="NAME", help="what surrounds the chain: plain, supabase, FILE.sql"
    )
    group.addoption(
        "--migrations-format",
        metavar="NAME",
        help="the convention of the files, where it is not found out: flyway, goose, ... (README.md lists all)",
    )
    group.addoption(
        "--migrations-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report; the ending decides the format: .json (repeatable)",
    )
    group.addoption(
        "--migrations-rows",
        type=_rows,
        metavar="N",
        help="fill the tables that a migration locks to so many rows, and measure how long others wait",
    )
    group.addoption(
        "--migrations-since",
        metavar="REF",
        help="run expensive rules only for migrations that are new since HEAD and this branch, tag or commit of Git "
        "parted, and judge the chain's history (rules of the check history)",
    )
    group.addoption("--migrations-strict", action="store_true", help="warnings and unproven rules fail the run too")


def _rows(text: str) -> int:
    """A number of rows.

    :raises argparse.ArgumentTypeError: when it is none
    """
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows such as 100000")
    return int(text)


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


@dataclass(frozen=True, slots=True)
class Chains:
    """The chains of a run."""

    paths: tuple[str, ...]
    """As they were written."""
    base: Path
    """Where they are seen from: what the configuration names from its file, else from where the user stands."""
    on_command_line: bool


def named_chains(config: pytest.Config, trouble: Trouble) -> Chains:
    """The chains of this run.

    :param trouble: takes what is wrong with the project's configuration
    """
    given: list[str] | None = config.getoption("migrations", default=None)
    if given:
        return Chains(tuple(given), config.invocation_params.dir, on_command_line=True)
    settings = read_settings(config.rootpath / "no-such-chain", config.rootpath, trouble)
    return Chains(settings.migrations, config.rootpath, on_command_line=False)
