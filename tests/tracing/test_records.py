"""What tools in Python write down, in the database that the chain is applied to."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import Server
from tests.tracing.projects import alembic, rows, traced

PLAIN = "def upgrade():\n    op.execute('create table {} ()')\n"
LOOKS = "def upgrade():\n    op.execute('create table seen as select version_num from alembic_version')\n"
REBUILDS = "def upgrade():\n    op.execute('alter table alembic_version add kept int default 7')\n"


def test_a_migration_that_looks_at_them_sees_all_before_it(newest_server: Server, tmp_path: Path) -> None:
    """What nobody has looked at by then is written together, and is there in the end."""
    first = {"a1": PLAIN.format("a"), "b2 after a1": PLAIN.format("b")}
    project = alembic(first | {"c3 after b2": LOOKS, "d4 after c3": PLAIN.format("d")})
    with traced(newest_server, tmp_path, project) as run:
        assert run.outcomes == ["applied"] * 4
        assert rows(run.replay.database, "select version_num from seen") == [("b2",)]
        assert rows(run.replay.database, "select version_num from alembic_version") == [("d4",)]


def test_nobody_looks_at_them(newest_server: Server, tmp_path: Path) -> None:
    project = alembic({"a1": PLAIN.format("a"), "b2 after a1": PLAIN.format("b")})
    with traced(newest_server, tmp_path, project) as run:
        assert rows(run.replay.database, "select version_num from alembic_version") == [("b2",)]


def test_a_migration_that_changes_the_table(newest_server: Server, tmp_path: Path) -> None:
    project = alembic({"a1": PLAIN.format("a"), "b2 after a1": REBUILDS, "c3 after b2": PLAIN.format("c")})
    with traced(newest_server, tmp_path, project) as run:
        assert run.outcomes == ["applied"] * 3
        assert rows(run.replay.database, "select * from alembic_version") == [("c3", 7)]
