"""The account that runs the server: PostgreSQL refuses to run as root, so root lends it another one."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrate_validate.errors import ServerError

_LENT_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs initdb and the server."""

    uid: int
    gid: int

    @property
    def is_lent(self) -> bool:
        """Whether it is another account than the one that runs us."""
        return self.uid != os.geteuid()

    def popen_arguments(self) -> dict[str, Any]:
        """What makes ``subprocess`` start a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_lent else {}

    def own(self, path: Path) -> None:
        """Give ``path`` (not what is below it) to this account."""
        if self.is_lent:
            os.chown(path, self.uid, self.gid)

    def may_use(self, *, run: Sequence[Path] = (), read: Sequence[Path] = ()) -> bool:
        """Whether this account may run and read these files; the kernel answers, so every parent folder counts."""
        tests = [f'test -x "${number}"' for number in range(1, len(run) + 1)]
        tests += [f'test -r "${number}"' for number in range(len(run) + 1, len(run) + len(read) + 1)]
        command = ["/bin/sh", "-c", " && ".join(tests), "sh", *map(str, run), *map(str, read)]
        return subprocess.run(command, check=False, cwd="/", **self.popen_arguments()).returncode == 0


def server_account() -> Account:
    """The account to run the server as: our own, or another one where we are root.

    :raises ServerError: we are root and there is nobody to lend the server to
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in _LENT_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ServerError(
        "PostgreSQL refuses to run as root, and there is no other account to run it as.",
        looked=[f"account {name}" for name in _LENT_ACCOUNTS],
        remedy=["create one: useradd --system postgres", "run as a user that is not root"],
    )
