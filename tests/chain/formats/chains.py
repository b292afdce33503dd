"""Chains made of texts, as conventions read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain, Script
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements
from migrate_validate.config import Settings
from migrate_validate.errors import MigrateValidateError
from tests.replay.chains import FAST, write

Files = dict[str, str | bytes]


def read(root: Path, files: Files, path: str = ".", settings: Settings = FAST) -> Chain:
    """The chain that a path below these files leads to."""
    write(root, files)
    return read_chain(path, settings, rootdir=root)


def plain(folder: str, *names: str) -> Files:
    """Files below a folder that hold a statement each, of no consequence."""
    return {f"{folder}/{name}": "SELECT 1;\n" for name in names}


def applied(chain: Chain) -> list[str]:
    """The files of the migrations, in their order."""
    return [each.file for each in chain.migrations]


def ways_back(chain: Chain) -> dict[str, str]:
    """The files of the down scripts, by version."""
    return {each.version: each.down.file for each in chain.migrations if each.down}


def aside(chain: Chain) -> dict[str, str]:
    """Why files are set aside, without the steps that are not run."""
    return {each.file: each.reason for each in chain.set_aside if not each.step}


def steps(chain: Chain) -> dict[str, str]:
    """The steps that are not run, and why."""
    return {each.file: each.reason for each in chain.set_aside if each.step}


def refused(root: Path, files: Files, path: str = ".", settings: Settings = FAST) -> str:
    """What is told of files that are no chain, with ROOT for their directory."""
    with pytest.raises(MigrateValidateError) as caught:
        read(root, files, path, settings)
    return str(caught.value).replace(str(root), "ROOT")


def sent(script: Script | None) -> list[tuple[str, str]]:
    """The place and the text of each statement of a script."""
    assert script is not None
    return [(f"{each.location.line}:{each.location.column}", each.sql) for each in statements(script)]
