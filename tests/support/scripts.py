"""Scripts for tests, without a chain around them."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Script


def script_of(path: Path) -> Script:
    """A file as a Script."""
    return Script(path, path.name, path.read_text())


def script(text: str, file: str = "001_script.sql") -> Script:
    """A text as a Script that lies nowhere."""
    return Script(Path("/chain") / file, file, text)
