"""What the benchmarks share: repeated, interleaved measurements, and a table of medians and ratios."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from migrate_validate.postgres import Binaries, Database
from migrate_validate.postgres.embedded import INSTALL_COMMAND

ROOT = Path(__file__).parent.parent


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(works: Mapping[str, Callable[[], float]], runs: int) -> dict[str, float]:
    """The median of each measurement, in seconds.

    Each is taken once to warm up and then ``runs`` times, in turns, so that a busy moment of the machine hits all.

    :param works: measurements by name; each does its work once and returns the seconds that count
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        for name, work in works.items():
            spent = work()
            if turn:
                taken[name].append(spent)
    return {name: statistics.median(values) for name, values in taken.items()}


def show(title: str, measured: Mapping[str, float], *, against: str, runs: int, goal: str) -> None:
    """Print the medians in milliseconds, each with its ratio to the measurement named ``against``."""
    print(f"{title}\n  goal: {goal}; medians of {runs} runs")
    width = max(map(len, measured))
    for name, value in measured.items():
        print(f"  {name:<{width}}  {value * 1000:9.1f} ms  {value / measured[against]:7.2f} x")
    print()


def psql_program(binaries: Binaries) -> str:
    """The psql of this PostgreSQL, or else the one on PATH."""
    own = binaries.program("psql")
    found = str(own) if own.exists() else shutil.which("psql")
    if found is None:
        raise SystemExit(f"There is no psql beside {binaries.directory} and none on PATH.\n  {INSTALL_COMMAND}")
    return found


def psql(program: str, database: Database, arguments: Sequence[str | Path]) -> None:
    """Run psql once on a database; it stops at the first error, and so do we."""
    server = database.server
    command = [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-p", str(server.port)]
    command += ["-U", server.user, "-d", database.name, *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PGOPTIONS": ""})


def in_transactions(files: Sequence[Path]) -> list[str | Path]:
    """Arguments that make one psql apply every file in a transaction of its own."""
    return [argument for file in files for argument in ("-c", "BEGIN", "-f", file, "-c", "COMMIT")]
