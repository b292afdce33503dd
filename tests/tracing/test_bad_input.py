"""What is told of projects that cannot be run, and of migrations that fail."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.errors import ChainError
from migrate_validate.postgres import Server
from tests.chain.formats.chains import refused
from tests.replay.chains import FAST
from tests.tracing.projects import Files, alembic, django, traced

EMPTY = "def upgrade():\n    pass\n"
OK = "def upgrade():\n    op.execute('select 1')\n"


def _trouble(server: Server, folder: Path, files: Files) -> str:
    """What is raised when these files are applied, with ROOT for their directory and PYTHON for the interpreter."""
    with pytest.raises(ChainError) as caught, traced(server, folder, files):
        pass
    return str(caught.value).replace(str(folder), "ROOT").replace(sys.executable, "PYTHON")


def _failure(server: Server, folder: Path, files: Files) -> str:
    with traced(server, folder, files) as run:
        return run.failure()


def test_an_env_py_that_raises(server: Server, tmp_path: Path) -> None:
    said = _trouble(server, tmp_path, alembic({"a1": EMPTY}, env="print('hello')\nraise RuntimeError('no settings')\n"))
    first, *_, looked, place, remedy = said.splitlines()
    assert first == "The migrations could not be run by alembic: RuntimeError: no settings"
    assert '  |   File "ROOT/db/env.py", line 2, in <module>' in said
    assert (looked, place) == ("looked at:", "  PYTHON, in ROOT")
    assert remedy == (
        "what to do: run the tool yourself in this directory: what fails there fails here; the settings that it needs "
        "may come from the environment"
    )


def test_a_revision_that_raises(server: Server, tmp_path: Path) -> None:
    """In Python, in PostgreSQL, and by leaving the process."""
    body = "def upgrade():\n    op.execute('create table t (id int)')\n    {}\n"
    raising = alembic({"a1": OK, "b2 after a1": body.format("raise ValueError('no')"), "c3 after b2": OK})
    assert _failure(server, tmp_path / "a", raising) == "db/versions/b2_it.py:7: ValueError: no"
    refused_by = alembic({"a1": body.format("op.execute('select * from nowhere')")})
    with traced(server, tmp_path / "b", refused_by) as run:
        failed = run.replay.timeline.steps[0].run.failure
        assert failed is not None
        assert (str(failed.location), failed.message) == (
            "db/versions/a1_it.py:7",
            'relation "nowhere" does not exist',
        )
        assert (failed.sqlstate, failed.statement) == ("42P01", "select * from nowhere")
    leaving = alembic({"a1": body.format("raise SystemExit(3)")})
    assert _failure(server, tmp_path / "c", leaving) == "db/versions/a1_it.py:7: SystemExit: 3"
    gone = alembic({"a1": "import os\n\ndef upgrade():\n    os._exit(4)\n"})
    assert _failure(server, tmp_path / "d", gone) == (
        "db/versions/a1_it.py: it ended with status 4 in the middle of its work"
    )


def test_what_follows_a_failure_is_not_run(server: Server, tmp_path: Path) -> None:
    body = "def upgrade():\n    op.execute('nonsense')\n"
    with traced(server, tmp_path, alembic({"a1": body, "b2 after a1": OK})) as run:
        assert run.outcomes == ["failed", "not-reached"]
        assert run.sent("b2") == ["db/versions/b2_it.py: it was not run: another one failed before it"]


def test_a_way_back_that_fails(server: Server, tmp_path: Path) -> None:
    """In Python and in PostgreSQL; those behind it are run all the same."""
    raising = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('select 1')\n    raise ValueError('no')\n"
    refused_by = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('drop table nowhere')\n"
    fine = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('create table t (id int)')\n"
    files = alembic({"a1": raising.replace("'no'", "'no' * 2"), "b2 after a1": refused_by, "c3 after b2": fine})
    with traced(server, tmp_path, files) as run:
        assert run.outcomes == ["applied"] * 3
        assert [run.back(each) for each in ("a1", "b2", "c3")] == [
            ["db/versions/a1_it.py:10: ValueError: nono"],
            ['db/versions/b2_it.py:9: table "nowhere" does not exist'],
            ["9: create table t (id int)"],
        ]


def test_a_step_that_hangs(server: Server, tmp_path: Path) -> None:
    """In Python; a statement that does not end is PostgreSQL's affair."""
    body = "import time\n\ndef upgrade():\n    op.execute('select 1')\n    time.sleep(60)\n"
    settings = replace(FAST, statement_timeout=0.5)
    with traced(server, tmp_path, alembic({"a1": OK, "b2 after a1": body}), settings=settings) as run:
        assert run.outcomes == ["applied", "failed"]
        assert run.failure() == (
            "db/versions/b2_it.py: it did not come to its next statement within 0.5 s, and was stopped (see what it "
            "waits for; raise statement_timeout in the configuration if it has to take that long)"
        )


def test_connections_of_its_own(server: Server, tmp_path: Path) -> None:
    """Wherever they should lead, they lead to the traced database, and are seen."""
    body = """
import psycopg

def upgrade():
    with psycopg.connect("host=db.invalid dbname=production user=x", autocommit=True) as connection:
        connection.execute("create table other (id int)")
"""
    with traced(server, tmp_path, alembic({"a1": body})) as run:
        assert run.sent("a1") == ["10: create table other (id int)"]


def test_a_driver_that_cannot_be_listened_to(server: Server, tmp_path: Path) -> None:
    """One that has the name of psycopg2 here."""
    files = alembic({"a1": "import psycopg2\n\ndef upgrade():\n    psycopg2.connect('host=db.invalid')\n"})
    files["psycopg2.py"] = "def connect(*_, **__):\n    raise AssertionError('it would have connected')\n"
    assert _failure(server, tmp_path, files) == (
        "db/versions/a1_it.py:8: Refused: a connection through psycopg2 is refused, since what is sent through it"
        " cannot be seen: use the connection that the migration is given, or psycopg"
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


def test_a_project_of_django_that_cannot_be_imported(tmp_path: Path) -> None:
    first = "class Migration(migrations.Migration):\n    operations = []\n"
    files = django({"0001_first": first}, settings="import nothing_of_this_name\n")
    assert refused(tmp_path / "settings", files).splitlines()[0] == (
        "The migrations could not be run by django: the settings site_settings cannot be imported: ModuleNotFoundError:"
        " No module named 'nothing_of_this_name'"
    )
    files = django({"0001_first": first}, settings="import psycopg\npsycopg.connect('host=db.invalid')\n")
    assert refused(tmp_path / "connects", files).splitlines()[0] == (
        "The migrations could not be run by django: the settings site_settings cannot be imported: OperationalError: no"
        " database is connected to while migrations are only read"
    )
    files = django({"0001_first": first}, '"shop", "stock"')
    assert refused(tmp_path / "apps", files).splitlines()[0] == (
        "The migrations could not be run by django: Django cannot be set up with the settings site_settings:"
        " ModuleNotFoundError: No module named 'stock'"
    )
    second = f"{first}    dependencies = [('shop', '0001_first')]\n"
    files = django({"0001_first": first, "0002_one": second, "0002_two": second})
    said = refused(tmp_path / "leaves", files)
    assert said.splitlines()[0] == (
        "The migrations could not be run by django: several migrations are the last one of their app: shop: 0002_one,"
        " 0002_two"
    )
    assert said.splitlines()[-1] == "what to do: manage.py makemigrations --merge"
    files = django({"0002_second": second})
    said = refused(tmp_path / "lost", files)
    assert "NodeNotFoundError: Migration shop.0002_second dependencies reference nonexistent parent node" in said
    assert "site-packages" not in said


def test_callables_that_cannot_be_run(server: Server, tmp_path: Path) -> None:
    texts = {
        "async def up(connection):\n    pass\n": (
            "001_x.py: Refused: it is asynchronous: only a function that takes a connection of DB-API 2 or SQLAlchemy"
            " is run"
        ),
        "def up(connection):\n    connection.commit(1)\n": (
            "001_x.py:2: TypeError: _listen.<locals>.traced_commit() takes 1 positional argument but 2 were given"
        ),
    }
    for number, (text, said) in enumerate(texts.items()):
        assert _failure(server, tmp_path / str(number), {"001_x.py": text}) == said
    assert refused(tmp_path / "twice", {"migrations.py": "MIGRATIONS = [('001_a', f), ('001_a', g)]\n"}) == (
        "migrations.py lists 001_a twice\nlooked at:\n  ROOT/migrations.py\nwhat to do: give one of them another name"
    )
