"""``migrate-validate PATH``: the same run without any pytest set-up, for people with no Python project."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import itertools
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
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
  migrate-validate main:PATH                          as it is at a branch, tag or commit of Git
  migrate-validate PATH --since main                  what is new since a branch, tag or commit of Git
  migrate-validate snapshot PATH                      write the present state as expectations
  migrate-validate stats [FILE]                       write the sizes and rates of a real database, read only
  migrate-validate preflight DSN [PATH]               show the rows of a real database that stand in the way, read only
  migrate-validate install-hook [PATH ...]            validate before each git push
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 all fine, 1 findings, 2-4 trouble, 141 where nobody reads on."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"snapshot": _snapshot, "stats": _stats, "preflight": _preflight, "install-hook": _install_hook}
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
    except SystemExit as leaving:
        # argparse has told what is wrong, and leaves with 2, which is pytest's status of an interrupted run.
        return int(pytest.ExitCode.USAGE_ERROR if leaving.code else pytest.ExitCode.OK)
    return status


def _parser(name: str, command: Callable[..., object]) -> argparse.ArgumentParser:
    """A parser of a command's arguments, described by the function's docstring up to its first blank line."""
    about = (inspect.getdoc(command) or "").partition("\n\n")[0]
    return argparse.ArgumentParser(prog=f"migrate-validate {name}", description=about)


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
    arguments = ["-c", os.devnull, "--rootdir", str(Path.cwd()), "-p", "no:cacheprovider", "--no-header"]
    # pytest subtracts: with -q, -v would say no more than neither of them.
    if not any(re.fullmatch("-v+|--verbose", option) for option in options):
        arguments.append("-q")
    for plugin in (*PLUGINS, *(name for name in OPTIONAL if importlib.util.find_spec(name.split(".")[0]))):
        arguments += ["-p", plugin]
    arguments += [f"--migrations-path={path}" for path in paths]
    # Here everything is about migrations, so that an option need not say it.
    options = [re.sub("^--since(?==|$)", "--migrations-since", option) for option in options]
    return int(pytest.main([*arguments, *options]))


def _snapshot(given: list[str]) -> int:
    from migrate_validate.snapshot import snapshot

    parser = _parser("snapshot", snapshot)
    parser.add_argument("path", metavar="PATH", help="the directory of migrations")
    print(snapshot(parser.parse_args(given).path, Path.cwd()))
    return 0


def _stats(given: list[str]) -> int:
    from migrate_validate.stats import write_statistics

    parser = _parser("stats", write_statistics)
    parser.add_argument("file", metavar="FILE", nargs="?", default="stats.json", help="default: stats.json")
    parser.add_argument(
        "--dsn",
        default="",
        help="a connection string; default: libpq's environment variables (PGHOST, PGPASSWORD, ...)",
    )
    parser.add_argument(
        "--seconds", type=_positive, help="take two samples, so many seconds apart, instead of all that was counted"
    )
    options = parser.parse_args(given)
    print(write_statistics(Path.cwd() / options.file, options.dsn, options.seconds))
    return 0


def _preflight(given: list[str]) -> int:
    from migrate_validate.preflight import STATEMENT_TIMEOUT, preflight

    parser = _parser("preflight", preflight)
    parser.add_argument("dsn", metavar="DSN", help="a connection string; '': libpq's environment variables")
    parser.add_argument("path", metavar="PATH", nargs="?", help="the directory of migrations; default: the configured")
    parser.add_argument("--applied", metavar="VERSION", help="the last migration that the database has, or none")
    parser.add_argument(
        "--statement-timeout",
        metavar="SECONDS",
        type=_positive,
        default=STATEMENT_TIMEOUT,
        help=f"that one query may take; default: {STATEMENT_TIMEOUT:g}",
    )
    parser.add_argument("--no-rows", action="store_true", help="show only keys and numbers of rows, no other values")
    options = parser.parse_args(given)
    done = preflight(
        options.dsn,
        Path.cwd(),
        options.path,
        applied=options.applied,
        statement_timeout=options.statement_timeout,
        rows=not options.no_rows,
    )
    print(done.text)
    return done.status


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0, up to 3600")
    return seconds


def _install_hook(given: list[str]) -> int:
    from migrate_validate.hook import install_hook

    parser = _parser("install-hook", install_hook)
    parser.add_argument("paths", metavar="PATH", nargs="*", help="directories of migrations; default: the configured")
    parser.add_argument(
        "--since",
        metavar="REF",
        help="validate what is new since a branch, tag or commit of Git, such as origin/main; default: the configured",
    )
    options = parser.parse_args(given)
    print(install_hook(Path.cwd(), options.paths, options.since))
    return 0
