"""What is told of migrations that fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.postgres import Server
from tests.replay.chains import FAST
from tests.tracing.projects import Files, alembic, traced

OK = "def upgrade():\n    op.execute('select 1')\n"


def _failure(newest_server: Server, folder: Path, files: Files) -> str:
    with traced(newest_server, folder, files) as run:
        return run.failure()


def test_a_revision_that_raises(newest_server: Server, tmp_path: Path) -> None:
    """In Python, in PostgreSQL, and by leaving the process."""
    body = "def upgrade():\n    op.execute('create table t (id int)')\n    {}\n"
    raising = alembic({"a1": OK, "b2 after a1": body.format("raise ValueError('no')"), "c3 after b2": OK})
    assert _failure(newest_server, tmp_path / "a", raising) == "db/versions/b2_it.py:7: ValueError: no"
    refused_by = alembic({"a1": body.format("op.execute('select * from nowhere')")})
    with traced(newest_server, tmp_path / "b", refused_by) as run:
        failed = run.replay.timeline.steps[0].run.failure
        assert failed is not None
        assert (str(failed.location), failed.message) == (
            "db/versions/a1_it.py:7",
            'relation "nowhere" does not exist',
        )
        assert (failed.sqlstate, failed.statement) == ("42P01", "select * from nowhere")
    leaving = alembic({"a1": body.format("raise SystemExit(3)")})
    assert _failure(newest_server, tmp_path / "c", leaving) == "db/versions/a1_it.py:7: SystemExit: 3"
    gone = alembic({"a1": "import os\n\ndef upgrade():\n    os._exit(4)\n"})
    assert _failure(newest_server, tmp_path / "d", gone) == (
        "db/versions/a1_it.py: it ended with status 4 in the middle of its work"
    )


def test_what_follows_a_failure_is_not_run(newest_server: Server, tmp_path: Path) -> None:
    body = "def upgrade():\n    op.execute('nonsense')\n"
    with traced(newest_server, tmp_path, alembic({"a1": body, "b2 after a1": OK})) as run:
        assert run.outcomes == ["failed", "not-reached"]
        assert run.sent("b2") == ["db/versions/b2_it.py: it was not run: another one failed before it"]


def test_a_way_back_that_fails(newest_server: Server, tmp_path: Path) -> None:
    """In Python and in PostgreSQL; those behind it are run all the same."""
    raising = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('select 1')\n    raise ValueError('no')\n"
    refused_by = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('drop table nowhere')\n"
    fine = "def upgrade():\n    pass\n\ndef downgrade():\n    op.execute('create table t (id int)')\n"
    files = alembic({"a1": raising.replace("'no'", "'no' * 2"), "b2 after a1": refused_by, "c3 after b2": fine})
    with traced(newest_server, tmp_path, files) as run:
        assert run.outcomes == ["applied"] * 3
        assert [run.back(each) for each in ("a1", "b2", "c3")] == [
            ["db/versions/a1_it.py:10: ValueError: nono"],
            ['db/versions/b2_it.py:9: table "nowhere" does not exist'],
            ["9: create table t (id int)"],
        ]


def test_a_step_that_hangs(newest_server: Server, tmp_path: Path) -> None:
    """In Python; a statement that does not end is PostgreSQL's affair."""
    body = "import time\n\ndef upgrade():\n    op.execute('select 1')\n    time.sleep(60)\n"
    settings = replace(FAST, statement_timeout=0.5)
    with traced(newest_server, tmp_path, alembic({"a1": OK, "b2 after a1": body}), settings=settings) as run:
        assert run.outcomes == ["applied", "failed"]
        assert run.failure() == (
            "db/versions/b2_it.py: it did not come to its next statement within 0.5 s, and was stopped (see what it "
            "waits for; raise statement_timeout in the configuration if it has to take that long)"
        )


def test_connections_of_its_own(newest_server: Server, tmp_path: Path) -> None:
    """Wherever they should lead, they lead to the traced database, and are seen."""
    body = """
import psycopg

def upgrade():
    with psycopg.connect("host=db.invalid dbname=production user=x", autocommit=True) as connection:
        connection.execute("create table other (id int)")
"""
    with traced(newest_server, tmp_path, alembic({"a1": body})) as run:
        assert run.sent("a1") == ["10: create table other (id int)"]


def test_a_driver_that_cannot_be_listened_to(newest_server: Server, tmp_path: Path) -> None:
    """One that has the name of psycopg2 here."""
    files = alembic({"a1": "import psycopg2\n\ndef upgrade():\n    psycopg2.connect('host=db.invalid')\n"})
    files["psycopg2.py"] = "def connect(*_, **__):\n    raise AssertionError('it would have connected')\n"
    assert _failure(newest_server, tmp_path, files) == (
        "db/versions/a1_it.py:8: Refused: a connection through psycopg2 is refused, since what is sent through it"
        " cannot be seen: use the connection that the migration is given, or psycopg"
    )
