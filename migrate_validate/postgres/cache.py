"""Where things are kept between runs, and the locks that let two runs make them at once."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from migrate_validate.errors import ServerError
from migrate_validate.postgres.accounts import Account

_NAME = "migrate-validate"
_KEPT_SECONDS = 60 * 24 * 3600.0


def cache_directory(account: Account) -> Path:
    """The first place that can be written by us and entered by ``account``; made where it is not there.

    :raises ServerError: no place can be used
    """
    places = list(_places(account))
    for place in places:
        if _usable(place, account):
            return place
    raise ServerError(
        "There is no place to keep the fresh database cluster between runs.",
        looked=[str(place) for place in places],
        remedy="set XDG_CACHE_HOME to a folder that can be written, and entered by the account that runs PostgreSQL",
    )


def keep(path: Path, make: Callable[[Path], None]) -> Path:
    """``path``, made by ``make`` when it is not there yet.

    :param make: fills the empty folder that it is given; it becomes ``path`` only when complete
    """
    if path.is_dir():
        os.utime(path)
        return path
    _forget_unused(path.parent)
    with _locked(path.with_name(path.name + ".lock")):
        if not path.is_dir():
            unfinished = path.with_name(path.name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o755)
            try:
                make(unfinished)
                unfinished.rename(path)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return path


def _forget_unused(directory: Path) -> None:
    """Remove what no run has used for long: the programs it was made from were replaced or removed."""
    for path in directory.iterdir():
        with suppress(OSError):
            if path.is_dir() and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(path)


def _places(account: Account) -> Iterator[Path]:
    wanted = os.environ.get("XDG_CACHE_HOME")
    if wanted and Path(wanted).is_absolute():
        yield Path(wanted) / _NAME
    if account.is_lent:
        yield Path("/var/cache") / _NAME
    else:
        yield Path("~/.cache").expanduser() / _NAME
    yield Path(tempfile.gettempdir()) / f"{_NAME}-cache-{os.geteuid()}"


def _usable(place: Path, account: Account) -> bool:
    try:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        status = place.lstat()
    except (OSError, RuntimeError):
        return False
    # What others may write, others may replace: a server started from it would run their programs.
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return private and os.access(place, os.W_OK) and (not account.is_lent or account.may_use(run=[place]))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
