"""``migrate-validate PATH``: the same run without any pytest set-up, for people with no Python project."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from migrate_validate.errors import MigrateValidateError

PLUGINS = ("pytest_postgresql.plugin", "_hypothesis_pytestplugin", "migrate_validate.plugin")
"""The only plugins of a run from here; what else is installed does not load."""

OPTIONAL = ("xdist.plugin",)
"""Loaded where it is installed, so that ``-n 2`` works."""

_DESCRIPTION = """\
Prove on a real, disposable PostgreSQL that a chain of migrations can be shipped.

  migrate-validate PATH [PATH ...] [pytest options]   validate chains, paths first; exit status as pytest's
  migrate-validate snapshot PATH                      write the present state as expectations
  migrate-validate install-hook [PATH ...]            validate before each git push
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 all fine, 1 findings, 2-4 trouble, 141 where nobody reads on."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"snapshot": _snapshot, "install-hook": _install_hook}
    try:
        status = commands[given[0]](given[1:]) if given and given[0] in commands else _validate(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left (`| head`), and pytest has ended the run. What is still buffered would fail at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except MigrateValidateError as error:
        print(f"migrate-validate: {error}", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    return status


def _validate(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help"):
        print(_DESCRIPTION, end="")
        return int(pytest.ExitCode.OK if given else pytest.ExitCode.USAGE_ERROR)
    # An option may take a value, so everything from the first one on is pytest's.
    paths = list(itertools.takewhile(lambda each: not each.startswith("-"), given))
    options = given[len(paths) :]
    if not paths:
        print(
            "migrate-validate: name the directory of migrations, before any option\n\n" + _DESCRIPTION,
            end="",
            file=sys.stderr,
        )
        return int(pytest.ExitCode.USAGE_ERROR)
    # The project's own pytest configuration is for its tests, not for this run.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    arguments = ["-c", os.devnull, "--rootdir", str(Path.cwd()), "-p", "no:cacheprovider", "--no-header", "-q"]
    for plugin in (*PLUGINS, *(name for name in OPTIONAL if importlib.util.find_spec(name.split(".")[0]))):
        arguments += ["-p", plugin]
    arguments += [f"--migrations-path={path}" for path in paths]
    return int(pytest.main([*arguments, *options]))


def _snapshot(given: list[str]) -> int:
    from migrate_validate.snapshot import snapshot

    parser = argparse.ArgumentParser(prog="migrate-validate snapshot", description=snapshot.__doc__)
    parser.add_argument("path", metavar="PATH", help="the directory of migrations")
    print(snapshot(parser.parse_args(given).path, Path.cwd()))
    return 0


def _install_hook(given: list[str]) -> int:
    from migrate_validate.hook import install_hook

    parser = argparse.ArgumentParser(prog="migrate-validate install-hook", description=install_hook.__doc__)
    parser.add_argument("paths", metavar="PATH", nargs="*", help="directories of migrations; default: the configured")
    print(install_hook(Path.cwd(), parser.parse_args(given).paths))
    return 0
