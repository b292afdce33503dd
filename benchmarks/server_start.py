"""Warm start of a server against the least that it takes: copying a ready data directory and pg_ctl start."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from measuring import medians, seconds, show

from migrate_validate.postgres import Binaries, find_binaries, open_server
from migrate_validate.postgres.accounts import Account, server_account
from migrate_validate.postgres.cache import cache_directory
from migrate_validate.postgres.clusters import copy_cluster, fresh_cluster
from migrate_validate.postgres.installation import usable_by


def ours() -> float:
    """Seconds until a server of ours has answered its first connection; removing it does not count."""
    context = open_server()
    spent = seconds(context.__enter__)
    context.__exit__(None, None, None)
    return spent


def pg_ctl(binaries: Binaries, account: Account, cluster: Path, *, copy: bool) -> float:
    """Seconds of ``pg_ctl start`` on a copy of the cluster in memory.

    :param copy: whether copying counts
    """
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="benchmark-", dir=memory if memory.is_dir() else None))
    data = place / "data"
    options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={place}"
    base = [str(binaries.program("pg_ctl")), "-s", "-w", "-D", str(data)]
    try:
        account.own(place)
        copying = seconds(lambda: copy_cluster(cluster, data))
        start = [*base, "-l", str(place / "log"), "-o", options, "start"]
        starting = seconds(lambda: subprocess.run(start, check=True, cwd=place, **account.popen_arguments()))
        stop = [*base, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, cwd=place, **account.popen_arguments())
        return starting + (copying if copy else 0)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="measurements of each (default: %(default)s)")
    options = parser.parse_args()
    account = server_account()
    cache = cache_directory(account)
    binaries = usable_by(find_binaries(), account, cache)
    cluster = fresh_cluster(binaries, account, cache)
    limit = "copy the data directory, pg_ctl start"
    measured = medians(
        {
            "pg_ctl start alone": lambda: pg_ctl(binaries, account, cluster, copy=False),
            limit: lambda: pg_ctl(binaries, account, cluster, copy=True),
            "open_server, first connection made": ours,
        },
        options.runs,
    )
    title = f"Warm start of the server (PostgreSQL {binaries.version}, {binaries.source})"
    show(title, measured, against=limit, runs=options.runs, goal="at most 500 ms")


if __name__ == "__main__":
    main()
