"""A server of our own: pytest-postgresql's executor on a copied cluster, reachable by a unix socket only."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mirakuru.base import ENV_UUID
from mirakuru.exceptions import ExecutorError
from packaging.version import Version
from pytest_postgresql.executors import PostgreSQLExecutor

from migrate_validate.errors import ServerError
from migrate_validate.postgres.accounts import Account, server_account
from migrate_validate.postgres.binaries import Binaries
from migrate_validate.postgres.cache import cache_directory
from migrate_validate.postgres.clusters import SUPERUSER, copy_cluster, fresh_cluster
from migrate_validate.postgres.installation import usable_by
from migrate_validate.postgres.runs import DATA, postmaster, run_directory, stop_postmaster
from migrate_validate.postgres.shadow import CONTROL_PATH_SINCE, with_extensions

PORT = 5432

_START_SECONDS = 60
_END_SECONDS = 2.0
# Nothing has to survive a crash, and a server that lost a process must not come back as if nothing had happened.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "lc_messages": "C",  # whatever language the user has set: what errors say is read
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "logical",  # CREATE PUBLICATION warns otherwise
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that it vanishes with it
    "wal_buffers": "4MB",
    "min_wal_size": "32MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "bgwriter_lru_maxpages": "0",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_locks_per_transaction": "256",
    "max_prepared_transactions": "10",
    "jit": "off",
    "restart_after_crash": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class OwnServer:
    """A server that runs in a folder of its own until the run ends."""

    def __init__(self, binaries: Binaries, directory: Path) -> None:
        """Describe a server on ``directory``; :func:`running` starts one."""
        self.binaries = binaries
        self.directory = directory
        self.data = directory / DATA
        self.log = directory / "log"

    def alive(self) -> bool:
        """Whether its main process runs."""
        return postmaster(self.data) is not None

    def ends(self, *, wait: bool = True) -> bool:
        """Whether it ended, or ends within moments: a server that lost a process takes a little time to give up."""
        end = time.monotonic() + (_END_SECONDS if wait else 0)
        while self.alive():
            if time.monotonic() >= end:
                return False
            time.sleep(0.01)
        return True

    def log_tail(self, lines: int) -> tuple[str, ...]:
        """The last lines of its log, oldest first."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-lines:])

    def leave(self, target: Path) -> None:
        """End it in good order, and copy its data directory to this empty folder."""
        stop_postmaster(self.data, orderly=True)
        target.rmdir()
        copy_cluster(self.data, target)


@contextmanager
def running(
    binaries: Binaries, *, extension_directory: Path | None, postgres_options: str, cluster: Path | None = None
) -> Iterator[OwnServer]:
    """Start a server on a copy of a cluster; end it and remove everything of it at the end.

    :param extension_directory: a folder that holds ``extension/*.control``; they stand behind its own
    :param postgres_options: more options of ``postgres``, as on its command line
    :param cluster: the data directory; None: one that nobody has used
    :raises ServerError: it does not start; it holds the last lines of the log
    """
    account = server_account()
    cache = cache_directory(account)
    usable = usable_by(binaries, account, cache)
    cluster = cluster or fresh_cluster(usable, account, cache)
    if extension_directory is not None and usable.major < CONTROL_PATH_SINCE:
        usable = with_extensions(usable, extension_directory, cache)
    with run_directory(account) as directory:
        server = OwnServer(usable, directory)
        settings = dict(_SETTINGS)
        if extension_directory is not None and usable.major >= CONTROL_PATH_SINCE:
            offered = _offer(extension_directory, directory / "share")
            settings["extension_control_path"] = f"$system:{offered}"
        executor = _Executor(server, account, cluster, settings, postgres_options)
        try:
            executor.start()
        except ExecutorError as error:
            raise ServerError(
                f"PostgreSQL {usable.version} ({binaries.source}) did not start: {type(error).__name__}."
                + _quoted(server.log_tail(20)),
                looked=[str(usable.directory)],
                remedy=[
                    "check the options that were given to it, and the room and memory that are left",
                    "name the programs of another PostgreSQL: --postgresql-exec=/path/to/bin/pg_ctl",
                ],
            ) from error
        try:
            yield server
        finally:
            executor.stop()


def _quoted(lines: tuple[str, ...]) -> str:
    return "".join(f"\n  | {line}" for line in lines)


def _offer(source: Path, target: Path) -> Path:
    """Copy extension files to where the server's account may read them."""
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


class _Executor(PostgreSQLExecutor):
    """pytest-postgresql's executor with a copied cluster instead of initdb and a socket instead of a TCP port."""

    def __init__(
        self,
        server: OwnServer,
        account: Account,
        cluster: Path,
        settings: Mapping[str, str],
        postgres_options: str,
    ) -> None:
        self._server = server
        self._account = account
        self._cluster = cluster
        self._settings = settings
        super().__init__(
            executable=str(server.binaries.program("pg_ctl")),
            host=str(server.directory),
            port=PORT,
            datadir=str(server.data),
            unixsocketdir=str(server.directory),
            logfile=str(server.log),
            startparams="-w",
            dbname="postgres",
            user=SUPERUSER,
            timeout=_START_SECONDS,
            sleep=0.005,
            postgres_options=postgres_options,
        )
        self._cwd = str(server.directory)
        self._stdout = subprocess.DEVNULL
        self._stderr = subprocess.DEVNULL

    @property
    def envvars(self) -> dict[str, str]:
        """The environment of the server, without mirakuru's mark.

        A process that has imported mirakuru kills at its end whatever has the digits of its own number anywhere in the
        mark: servers of other runs among them. Ours are ended by us, or by the next run where we are killed.
        """
        return {name: value for name, value in super().envvars.items() if name != ENV_UUID}

    @property
    def _popen_kwargs(self) -> dict[str, Any]:
        return {**super()._popen_kwargs, **self._account.popen_arguments()}

    @property
    def version(self) -> Version:
        return Version(self._server.binaries.version)

    def init_directory(self) -> None:
        copy_cluster(self._cluster, self._server.data)
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in self._settings.items()]
        with (self._server.data / "postgresql.conf").open("a") as file:
            file.writelines(lines)

    def clean_directory(self) -> None:
        """The run directory is removed as a whole."""

    def pre_start_check(self) -> bool:
        return False

    def after_start_check(self) -> bool:
        """Whether the server says that it is ready: sooner than pg_ctl, which looks ten times a second."""
        try:
            return "ready" in (self._server.data / "postmaster.pid").read_text().splitlines()[7]
        except (OSError, IndexError):
            return False

    def running(self) -> bool:
        return postmaster(self._server.data) is not None

    def stop(self, sig: int | None = None, exp_sig: int | None = None) -> _Executor:  # noqa: ARG002
        """End the server at once, without a checkpoint: its data is thrown away."""
        stop_postmaster(self._server.data)
        self._clear_process()
        return self

    def kill(self, wait: bool = True, sig: int | None = None) -> _Executor:  # noqa: ARG002
        """End pg_ctl where it still waits, and the server."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
        return self.stop()
