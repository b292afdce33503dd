"""The private folder of one server, and the removal of those whose run was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from migrate_validate.errors import ServerError
from migrate_validate.postgres.accounts import Account

DATA = "data"

_PREFIX = "migrate-validate-"
_OWNER = "owner"
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 512 * 1024 * 1024
_LONGEST_SOCKET = 100
_STOP_SECONDS = 10.0
_UNCLAIMED_SECONDS = 600.0


@contextmanager
def run_directory(account: Account) -> Iterator[Path]:
    """A new folder for one server that ``account`` may write, in memory where there is room; removed at the end.

    Folders of runs that were killed are removed first, with the servers that still run in them.

    :raises ServerError: no place can be used
    """
    places = _places()
    for place in places:
        _sweep(place, account)
    directory = _make(places, account)
    try:
        with _claimed(directory):
            yield directory
    finally:
        _remove(directory)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A new folder for files of ours, removed at the end, or by the next server's run where this one is killed."""
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with _claimed(directory):
            yield directory
    finally:
        _remove(directory)


def postmaster(data: Path) -> int | None:
    """The process id of the server that runs on a data directory; None where none does."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _works_in(pid, data) else None


def stop_postmaster(data: Path, *, orderly: bool = False) -> None:
    """End the server on a data directory.

    :param orderly: with all that it has to write down; else at once: nothing in it will be needed again
    """
    pid = postmaster(data)
    if pid is None:
        return
    for number in (*([signal.SIGINT] if orderly else []), signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < end:
            if postmaster(data) is None:
                return
            time.sleep(0.005)


def _works_in(pid: int, data: Path) -> bool:
    """Whether the process is a server on ``data``: a process id may have been given to another process since."""
    process = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        try:
            return (process / "cwd").samefile(data)
        except OSError:
            return False
    answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in answer.stdout


def _places() -> list[Path]:
    places = [Path(tempfile.gettempdir()), Path("/tmp")]
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _MEMORY_NEEDED:
        places.insert(0, _MEMORY)
    return list(dict.fromkeys(places))


def _make(places: list[Path], account: Account) -> Path:
    tried = []
    for place in places:
        if len(str(place / f"{_PREFIX}12345678" / ".s.PGSQL.65535.lock").encode()) > _LONGEST_SOCKET:
            tried.append(f"{place}: its path is too long for a socket")
            continue
        try:
            directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        except OSError as error:
            tried.append(f"{place}: {error.strerror}")
            continue
        account.own(directory)
        if not account.is_lent or account.may_use(run=[directory]):
            return directory
        directory.rmdir()
        tried.append(f"{place}: the account that runs PostgreSQL may not enter it")
    raise ServerError(
        "There is no place for a disposable database cluster.",
        looked=tried,
        remedy="set TMPDIR to a folder with a short path that can be written",
    )


@contextmanager
def _claimed(directory: Path) -> Iterator[None]:
    """Hold the lock that tells other runs that this folder is in use; the kernel lets go of it when we die."""
    unclaimed = directory / f"{_OWNER}.new"
    with unclaimed.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # Renamed only when locked: no other run ever sees it without the lock.
        unclaimed.rename(directory / _OWNER)
        yield


def _sweep(place: Path, account: Account) -> None:
    for directory in place.glob(f"{_PREFIX}*"):
        if _is_dead(directory, account):
            _remove(directory)


def _is_dead(directory: Path, account: Account) -> bool:
    try:
        status = directory.lstat()
        if status.st_uid not in (account.uid, os.geteuid()) or not (directory.is_dir() and not directory.is_symlink()):
            return False
        owner = directory / _OWNER
        if not owner.exists():
            return not directory.name.startswith(f"{_PREFIX}cache") and (
                time.time() - status.st_mtime > _UNCLAIMED_SECONDS
            )
        with owner.open() as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(directory: Path) -> None:
    stop_postmaster(directory / DATA)
    shutil.rmtree(directory, ignore_errors=True)
