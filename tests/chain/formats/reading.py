"""Small chains of any convention, read from a directory made for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements
from migrate_validate.errors import ChainError
from tests.replay.chains import FAST, write


def read(root: Path, files: dict[str, str | bytes], path: str = ".") -> Chain:
    """The chain of these files."""
    write(root, files)
    return read_chain(path, FAST, rootdir=root)


def refused(root: Path, files: dict[str, str | bytes], path: str = ".") -> str:
    """The message of the ChainError that these files lead to."""
    with pytest.raises(ChainError) as caught:
        read(root, files, path)
    return str(caught.value).replace(str(root), "ROOT")


def files(chain: Chain) -> list[str]:
    """The files of the migrations, in order."""
    return [migration.file for migration in chain.migrations]


def aside(chain: Chain) -> dict[str, str]:
    """What was set aside, and why."""
    return {each.file: each.reason for each in chain.set_aside}


def sent(script: Script | None) -> list[tuple[str, str]]:
    """The place and the text of each statement of a script."""
    assert script is not None
    return [(f"{each.location.line}:{each.location.column}", each.sql) for each in statements(script)]
