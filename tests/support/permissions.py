"""What a user meets who may not read a file, also where the tests run as root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def unprivileged(home: Path, closed: Path) -> Iterator[None]:
    """Without the permission to read ``closed``, also where the tests run as root."""
    root = os.geteuid() == 0
    ours = [path for path in (home, *home.parents) if path.name.startswith(("pytest-", "popen-")) or path == home]
    modes = {path: path.stat().st_mode & 0o7777 for path in (*ours, closed)}
    if root:
        if not all(path.stat().st_mode & 0o001 for path in home.parents if path not in ours):
            pytest.skip("the temporary directory lies below one that only root may enter")
        for path in ours:
            path.chmod(modes[path] | 0o055)
    closed.chmod(0)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)
