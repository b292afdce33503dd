"""What tells conventions apart: the first lines of files."""

from __future__ import annotations

import re
from pathlib import Path

from migrate_validate.chain.files import read_script

_FILES = 5
_CHARACTERS = 8_000


def marked(path: Path, mark: re.Pattern[str]) -> str:
    """The name of a file of SQL that has a mark in its first lines: the path itself, or one of the first files in it.

    Empty where none has it.
    """
    files = sorted(path.glob("*.sql"))[:_FILES] if path.is_dir() else [path]
    texts = ((file.name, read_script(file, file.parent).text[:_CHARACTERS]) for file in files)
    return next((name for name, text in texts if mark.search(text)), "")
