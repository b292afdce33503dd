"""Reading one file: whatever is wrong with it is said, never raised."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from migrate_validate.chain.model import Script

_BYTE_ORDER_MARK = "\ufeff"
_ARCHIVE = b"PGDMP"
"""What pg_dump --format=custom begins with."""


def read_script(path: Path, root: Path) -> Script:
    """The file as a Script; with a ``problem`` and no text where it cannot be read.

    :param path: absolute
    :param root: the chain's directory, absolute; the Script's ``file`` is relative to it
    """
    file = relative(path, root)
    try:
        # Before it is opened: to open a FIFO waits for somebody who writes into it.
        irregular = _irregular(path.stat().st_mode)
        if irregular:
            return Script(path, file, "", irregular)
        content = path.read_bytes()
    except OSError as error:
        return Script(path, file, "", _unreadable(path, error))
    if content.startswith(_ARCHIVE):
        return Script(path, file, "", "it is an archive of pg_dump: pg_restore -f dump.sql ARCHIVE makes SQL of it")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return Script(path, file, "", _undecodable(content, error.start))
    if "\0" in text:
        offset = content.index(b"\0")
        return Script(path, file, "", f"it holds a NUL byte at byte {offset}, {_line(content, offset)}: it is no text")
    return Script(path, file, text.removeprefix(_BYTE_ORDER_MARK))


def relative(path: Path, root: Path) -> str:
    """The path relative to the root with forward slashes, also where it lies outside."""
    return Path(os.path.relpath(path, root)).as_posix()


def natural(name: str) -> str:
    """A key that sorts names by the numbers in them: ``2_a`` before ``10_a``."""
    return re.sub(r"\d+", lambda number: number[0].zfill(20), name)


def _irregular(mode: int) -> str:
    """What is wrong with something that is no regular file; empty for one."""
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO (a named pipe)", stat.S_IFSOCK: "a socket"}
    return f"it is {kinds.get(stat.S_IFMT(mode), 'a device')}: only a regular file is read"


def _unreadable(path: Path, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it cannot be reached: its symbolic links lead in a circle"
    if path.is_symlink() and not path.exists():
        return f"it is a symbolic link to {path.readlink()}, which does not exist"
    if isinstance(error, PermissionError):
        return "it cannot be read: permission denied"
    if isinstance(error, FileNotFoundError):
        return "it does not exist"
    return f"it cannot be read: {error.strerror}"


def _undecodable(content: bytes, offset: int) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is not UTF-8 but UTF-16 (its first two bytes are a byte order mark): save it as UTF-8"
    place = f"byte {offset}, {_line(content, offset)}"
    return f"it is not UTF-8: 0x{content[offset]:02x} at {place}; save it as UTF-8"


def _line(content: bytes, offset: int) -> str:
    newlines = content.count(b"\n", 0, offset)
    return f"line {newlines + 1}"
