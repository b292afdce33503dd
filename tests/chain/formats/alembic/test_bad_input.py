"""What is told of projects of Alembic that cannot be run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from migrate_validate.errors import ChainError
from migrate_validate.postgres import Server
from tests.chain.formats.chains import refused
from tests.tracing.projects import Files, alembic, traced

EMPTY = "def upgrade():\n    pass\n"


def _trouble(newest_server: Server, folder: Path, files: Files) -> str:
    """What is raised when these files are applied, with ROOT for their directory and PYTHON for the interpreter."""
    with pytest.raises(ChainError) as caught, traced(newest_server, folder, files):
        pass
    return str(caught.value).replace(str(folder), "ROOT").replace(sys.executable, "PYTHON")


def test_an_env_py_that_raises(newest_server: Server, tmp_path: Path) -> None:
    said = _trouble(
        newest_server, tmp_path, alembic({"a1": EMPTY}, env="print('hello')\nraise RuntimeError('no settings')\n")
    )
    first, *_, looked, place, remedy = said.splitlines()
    assert first == "The migrations could not be run by alembic: RuntimeError: no settings"
    assert '  |   File "ROOT/db/env.py", line 2, in <module>' in said
    assert (looked, place) == ("looked at:", "  PYTHON, in ROOT")
    assert remedy == (
        "what to do: run the tool yourself in this directory: what fails there fails here; the settings that it needs "
        "may come from the environment"
    )


def test_revisions_that_are_no_chain(tmp_path: Path) -> None:
    lost = {"a1": EMPTY, "b2 after gone": EMPTY}
    assert refused(tmp_path / "lost", alembic(lost)) == (
        "b2_it.py comes after the revision gone, which no file is\nlooked at:\n  ROOT/db/versions/b2_it.py\n"
        "what to do: restore the file of gone, or correct down_revision"
    )
    heads = {"a1": EMPTY, "b2 after a1": EMPTY, "c3 after a1": EMPTY}
    assert refused(tmp_path / "heads", alembic(heads)) == (
        "the revisions have 2 heads, and `alembic upgrade head` refuses to choose: b2, c3\nlooked at:\n"
        "  ROOT/db/versions/b2_it.py\n  ROOT/db/versions/c3_it.py\nwhat to do, one of:\n"
        "  - join them: alembic merge b2 c3\n"
        "  - give the branches names of their own, where both are meant: branch_labels"
    )
    circle = {"a1 after b2": EMPTY, "b2 after a1": EMPTY}
    assert refused(tmp_path / "circle", alembic(circle)).startswith(
        "Alembic cannot bring the revisions into an order: Cycle is detected in revisions"
    )
    twice = alembic({"a1": EMPTY})
    twice["db/versions/again.py"] = twice["db/versions/a1_it.py"]
    assert refused(tmp_path / "twice", twice).startswith("2 files are the revision a1\n")
    nameless = alembic({"a1": EMPTY})
    nameless["db/versions/helper.py"] = "x = 1\n"
    assert refused(tmp_path / "nameless", nameless) == (
        "helper.py names no revision that can be read\nlooked at:\n  ROOT/db/versions/helper.py\n"
        'what to do: write `revision = "..."` in it, as `alembic revision` does, or move it out of the directory'
    )
    broken = alembic({"a1": "def upgrade(:\n"})
    assert "a1_it.py cannot be read as Python: invalid syntax" in refused(tmp_path / "broken", broken)


def test_alembic_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alembic", None)
    assert refused(tmp_path, alembic({"a1": EMPTY}), "alembic.ini") == (
        "ROOT/alembic.ini is a project of Alembic, and Alembic is not installed here\nwhat to do: install"
        " migrate-validate[alembic] in the environment of the project, and run it there"
    )
