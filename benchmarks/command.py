"""The whole command on a sample chain against what it cannot avoid: starting pytest, and psql applying the files."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measuring import ROOT, in_transactions, medians, psql, psql_program, seconds, show

from migrate_validate import Settings
from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import ServerOptions, find_binaries
from migrate_validate.settings import load_settings

_IMPORTS = "import pytest, psycopg, hypothesis, postgast"


def command(arguments: Sequence[str], bytecode: str) -> float:
    """Seconds of one Python process; compiled modules are kept in ``bytecode``, as they are for a user."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def work() -> None:
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )

    return seconds(work)


def apply_with_psql(program: str, files: Sequence[Path], evaluation: Evaluation) -> float:
    """Seconds of one psql on a new database with the environment of the chain."""
    with evaluation.empty_database() as database:
        return seconds(lambda: psql(program, database, in_transactions(files)))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chain", default="sample_migrations/organizational_model", help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=7, help="measurements of each (default: %(default)s)")
    options = parser.parse_args()
    program = psql_program(find_binaries())
    settings: Settings = load_settings(ROOT / options.chain, ROOT)
    chain = read_chain(ROOT / options.chain, settings, rootdir=ROOT)
    files = [script.path for script in chain.scripts]
    evaluation = Evaluation(chain, settings, ServerOptions())
    pytest = ["-m", "pytest", "-p", "no:cacheprovider"]
    try:
        with tempfile.TemporaryDirectory() as bytecode:
            measured = medians(
                {
                    "pytest --version": lambda: command([*pytest, "--version"], bytecode),
                    _IMPORTS: lambda: command(["-c", _IMPORTS], bytecode),
                    "psql applying the same files": lambda: apply_with_psql(program, files, evaluation),
                    "pytest --collect-only --migrations=": lambda: command(
                        [*pytest, "--collect-only", f"--migrations={options.chain}"], bytecode
                    ),
                    "pytest --migrations=": lambda: command([*pytest, f"--migrations={options.chain}"], bytecode),
                },
                options.runs,
            )
        title = f"The whole command on {options.chain} ({evaluation.server.description})"
    finally:
        evaluation.close()
    show(title, measured, against=_IMPORTS, runs=options.runs, goal="at most 2500 ms")


if __name__ == "__main__":
    main()
