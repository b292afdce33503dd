"""Rules on migrations in Python."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Verdict
from migrate_validate.postgres import ServerOptions
from migrate_validate.rules import Scope
from tests.replay.chains import FAST, write
from tests.support.servers import available_majors
from tests.tracing.projects import alembic

REVISIONS = {
    "a1": """
def upgrade():
    op.execute("create role reporting")
    op.execute("create table users (id int primary key, email text)")

def downgrade():
    op.execute("drop table users")
""",
    "b2 after a1": """
def upgrade():
    op.execute("alter table users alter column email set not null")
    op.get_bind().commit()
    # migrate-validate: ignore index-built-under-lock: nobody is there
    op.create_index("by_email", "users", ["email"])

def downgrade():
    op.drop_index("by_email", "users")
""",
    "c3 after b2": """
def upgrade():
    for (id_,) in op.get_bind().execute(sa.text("select id from users")).fetchall():
        op.execute(f"delete from users where id = {id_}")

def downgrade():
    pass
""",
    "d4 after c3": """
def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("body", sa.Text), sa.Column("at", sa.Date))
    # migrate-validate: ignore index-built-under-lock: nobody is there
    op.create_index("by_id", "users", ["id"])
    op.create_index("by_both", "users", ["email", "id"])

def downgrade():
    op.drop_index("nosuch", "users")
""",
}


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluation]:
    """A project of Alembic, evaluated."""
    folder = tmp_path_factory.mktemp("project")
    write(folder, alembic(REVISIONS))
    chain = read_chain(".", FAST, rootdir=folder)
    with contextlib.closing(Evaluation(chain, FAST, ServerOptions(major=available_majors()[-1]))) as opened:
        yield opened


def _file(name: str) -> str:
    return str(Path("db/versions") / f"{name}_it.py")


def test_findings_name_lines_of_python(evaluation: Evaluation) -> None:
    """Rows that it does not expect, a way back that leaves something behind."""
    result = evaluation.evaluate(evaluation.registry["fails-on-data"], _file("b2"))
    assert "db/versions/b2_it.py:7" in [str(finding.location) for finding in result.findings]
    result = evaluation.evaluate(evaluation.registry["rollback-leaves-trace"], _file("b2"))
    assert [finding.object for finding in result.findings] == ["table public.users column email"]


def test_roles_are_made_once_on_each_server(evaluation: Evaluation) -> None:
    """The traced database lies on a server of its own."""
    assert evaluation.timeline.complete


def test_a_comment_silences_a_finding(evaluation: Evaluation) -> None:
    result = evaluation.evaluate(evaluation.registry["index-built-under-lock"], _file("b2"))
    assert result.findings == ()
    assert [each.ignore.reason for each in result.ignored] == ["nobody is there"]


def test_a_comment_belongs_to_the_next_line_that_sends_something(evaluation: Evaluation) -> None:
    """Neither to what stands before it, of which the SQL has more lines, nor to what the way back sends."""
    result = evaluation.evaluate(evaluation.registry["index-built-under-lock"], _file("d4"))
    assert [str(finding.location) for finding in result.findings] == ["db/versions/d4_it.py:10"]
    assert [str(each.finding.location) for each in result.ignored] == ["db/versions/d4_it.py:9"]
    assert evaluation.evaluate(evaluation.registry["unused-ignore"]).findings == ()


def test_a_way_back_that_is_refused(evaluation: Evaluation) -> None:
    (found,) = evaluation.evaluate(evaluation.registry["rollback-fails"], _file("d4")).findings
    assert (str(found.location), found.message) == (
        "db/versions/d4_it.py:13",
        "the way back in db/versions/d4_it.py cannot take db/versions/d4_it.py back: "
        'index "nosuch" does not exist (SQLSTATE 42704)',
    )


def test_a_migration_that_reads_rows_is_unproven_on_others(evaluation: Evaluation) -> None:
    result = evaluation.evaluate(evaluation.registry["rows-lost"], _file("c3"))
    assert (result.verdict, result.reason) == (
        Verdict.UNPROVEN,
        "db/versions/c3_it.py:7: the migration reads rows and may send something else where they are others",
    )
    assert evaluation.evaluate(evaluation.registry["applies"], _file("c3")).verdict is Verdict.PASSED


def test_what_does_not_apply_to_a_migration_that_reads_rows_is_told_as_such(evaluation: Evaluation) -> None:
    """Unproven is only what would try it on other rows than those that the chain itself has written."""
    rules = [each for each in evaluation.registry if each.scope is Scope.STAGE]
    verdicts = {each.name: evaluation.evaluate(each, _file("c3")).verdict for each in rules}
    for name in ("hosted-refuses", "blocked-while", "assumption-unneeded", "on-conflict-skipped-rows"):
        assert verdicts[name] is Verdict.SKIPPED, name
    assert {name for name, verdict in verdicts.items() if verdict is Verdict.UNPROVEN} == {
        "backfill-incomplete",
        "fails-on-data",
        "rows-invented",
        "rows-lost",
        "values-changed",
        "not-rerunnable",
        "rerun-changes-data",
        "rerun-changes-schema",
    }


def test_a_migration_that_commits_by_itself_is_told(evaluation: Evaluation) -> None:
    assert evaluation.timeline.notes == (
        "db/versions/b2_it.py: it commits by itself (line 8): what it has sent before stays where it fails later",
    )
