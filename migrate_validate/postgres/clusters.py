"""A fresh database cluster: made by initdb once on a machine, copied for every run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from migrate_validate.errors import ServerError
from migrate_validate.postgres.accounts import Account
from migrate_validate.postgres.binaries import Binaries
from migrate_validate.postgres.cache import keep
from migrate_validate.postgres.installation import identity

SUPERUSER = "migrate_validate"

_LOCALES = ("C.UTF-8", "C")
# Part of the name of the kept cluster: raise it when the cluster is made differently.
_RECIPE = 2
_PREPARE = """create role postgres superuser createdb createrole replication bypassrls login;

alter database postgres is_template true;
"""
"""A template cannot be dropped: no script takes away the database from which we make and drop the others."""
_INITDB_SECONDS = 120


def fresh_cluster(binaries: Binaries, account: Account, cache: Path) -> Path:
    """The data directory of a cluster that nobody has used; to be copied, never to be started.

    :raises ServerError: initdb failed
    """

    def make(target: Path) -> None:
        account.own(target)
        target.chmod(0o700)
        _initdb(binaries, account, target)
        _single_user(binaries, account, target, _PREPARE)

    return keep(cache / f"cluster-{identity(binaries)}-{account.uid}-{_RECIPE}", make)


def copy_cluster(source: Path, target: Path) -> None:
    """Copy a data directory with owners and modes; shares the blocks where the file system can."""
    command = ["cp", "-a", "--reflink=auto", str(source), str(target)]
    if subprocess.run(command, check=False, capture_output=True).returncode == 0:
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    owner = source.stat()
    for path in (target, *target.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def _initdb(binaries: Binaries, account: Account, target: Path) -> None:
    for locale in _LOCALES:
        command = [
            *(str(binaries.program("initdb")), "--pgdata", str(target), "--username", SUPERUSER),
            *("--auth", "trust", "--encoding", "UTF8", "--locale", locale, "--wal-segsize", "4"),
        ]
        result = _run(command, account)
        if result.returncode == 0:
            return
        if "invalid locale" not in result.stderr:
            break
    raise ServerError(
        f"initdb of PostgreSQL {binaries.version} failed:\n{result.stderr.strip()}",
        looked=[str(binaries.directory)],
        remedy="name the programs of another PostgreSQL: --postgresql-exec=/path/to/bin/pg_ctl",
    )


def _single_user(binaries: Binaries, account: Account, target: Path, commands: str) -> None:
    command = [str(binaries.program("postgres")), "--single", "-j", "-D", str(target), "postgres"]
    result = _run(command, account, commands + "\n")
    if result.returncode != 0 or "ERROR" in result.stderr:
        raise ServerError(
            f"The new cluster of PostgreSQL {binaries.version} could not be prepared:\n{result.stderr.strip()}",
            looked=[str(binaries.directory)],
            remedy="name the programs of another PostgreSQL: --postgresql-exec=/path/to/bin/pg_ctl",
        )


def _run(command: Sequence[str], account: Account, commands: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    try:
        return subprocess.run(
            command,
            input=commands,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_INITDB_SECONDS,
            cwd="/",
            env=environment,
            **account.popen_arguments(),
        )
    except subprocess.TimeoutExpired as error:
        raise ServerError(
            f"{command[0]} did not end within {_INITDB_SECONDS} seconds.", remedy="see what the machine is busy with"
        ) from error
