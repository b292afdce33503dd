"""The history of chains that are Python, and of all conventions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from migrate_validate.chain.formats import FORMATS
from migrate_validate.findings import Severity
from migrate_validate.postgres import ServerOptions
from tests.checks.histories import project
from tests.support.repositories import commit_to_main, git, write
from tests.tracing.projects import alembic, django


def text_files(files: Mapping[str, str | bytes]) -> dict[str, str | None]:
    return {name: str(text) for name, text in files.items()}


REVISION = """
def upgrade():
    op.execute("create table {0} (id int)")

def downgrade():
    op.execute("drop table {0}")
"""


def test_revisions_of_alembic(tmp_path: Path) -> None:
    first = {"a": REVISION.format("a")}
    its = project(tmp_path, text_files(alembic(first)))
    write(its.top, text_files(alembic({"a": REVISION.format("a").replace("drop table", "drop table if exists")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert (finding.severity, finding.message) == (
        Severity.INFO,
        f"the way back of db/versions/a_it.py is not what it is in {its.named}",
    )
    write(its.top, text_files(alembic({"a": REVISION.format("a").replace("create table a", "create table b")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert finding.message == (
        f"db/versions/a_it.py is not what it is in {its.named}: "
        "alembic upgrade never applies it again, for its version is recorded"
    )
    write(its.top, text_files(alembic({"a": "# only said\n" + REVISION.format("a")})))
    (finding,) = its.found("edited-applied-migration", chain=".")
    assert finding.severity is Severity.INFO
    write(its.top, text_files(alembic(first)))
    commit_to_main(its.top, text_files(alembic({"theirs after a": REVISION.format("theirs")})))
    write(its.top, text_files(alembic({"ours after a": REVISION.format("ours")})))
    (finding,) = its.found("version-collision", chain=".")
    assert str(finding.location) == "db/versions/ours_it.py"
    assert finding.message.startswith(
        f"the chain cannot be read together with what main has gained since {its.base[:12]}: "
    )
    assert "heads" in finding.message


def test_migrations_of_django(tmp_path: Path, on: ServerOptions) -> None:
    sql = 'class Migration(migrations.Migration):\n    dependencies = {}\n    operations = [migrations.RunSQL("{}")]\n'
    first = {"0001_a": sql.format([], "create table a (id int primary key)")}
    its = project(tmp_path, text_files(django(first)))
    gained = {"0002_gone": sql.format([("shop", "0001_a")], "alter table a rename to b")}
    commit_to_main(its.top, text_files(django(gained)))
    ours = sql.format([("shop", "0001_a")], "alter table a add x int")
    write(its.top, text_files(django({"0002_column": ours})))
    (finding,) = its.found("version-collision", chain=".")
    assert finding.location is not None
    assert finding.location.file == "shop/migrations/0002_column.py"
    git(its.top, "merge", "--quiet", "main")
    both = sql.format([("shop", "0001_a")], "alter table a add x int")
    late = gained["0002_gone"].replace("'0001_a'", "'0002_column'")
    write(its.top, text_files(django({"0002_column": both, "0002_gone": late})))
    assert [str(each.location) for each in its.found("edited-applied-migration", chain=".")] == [
        "shop/migrations/0002_gone.py"
    ]
    (finding,) = its.found("out-of-order", on, chain=".")
    assert finding.message.endswith('relation "a" does not exist (SQLSTATE 42P01)')


def test_a_runner_of_ones_own_lists_several_migrations_in_one_file(tmp_path: Path) -> None:
    text = """
def one(connection):
    connection.execute("create table one (id int)")

def no_one(connection):
    connection.execute("drop table one")

def two(connection):
    connection.execute("create table two (id int)")

def three(connection):
    connection.execute("create table three (id int)")

MIGRATIONS = [("001_one", one, no_one), ("002_two", two)]
"""
    its = project(tmp_path, {"db/migration_runner.py": text})
    added = text.replace('("002_two", two)', '("002_two", two), ("003_three", three)')
    write(its.top, {"db/migration_runner.py": "# more\n" + added})
    assert its.found("edited-applied-migration") == []
    changed = added.replace("create table two", "create table if not exists two").replace("drop", "-- \\n drop")
    write(its.top, {"db/migration_runner.py": changed})
    assert [each[:2] for each in its.told("edited-applied-migration")] == [
        ("info", "migration_runner.py[001_one]"),
        ("error", "migration_runner.py[002_two]"),
    ]
    write(its.top, {"db/migration_runner.py": text.replace("002_two", "002_second")})
    (renamed,) = its.found("edited-applied-migration")
    assert (renamed.severity, renamed.fix) == (Severity.WARNING, "give it its name back: in migration_runner.py")


def test_every_convention_says_what_its_tool_does() -> None:
    from importlib import import_module

    tools = import_module("migrate_validate.checks._history.tools")
    plain = {"sql", "rails", "python"}
    assert {each.name for each in FORMATS} - tools.TOOLS.keys() - plain == set()
