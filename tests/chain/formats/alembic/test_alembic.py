"""Revisions of Alembic: what they send, in which transactions, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.irreversible import Irreversible, irreversible
from migrate_validate.chain.model import TransactionMode
from migrate_validate.config import SeedEntry
from migrate_validate.findings import Location
from migrate_validate.postgres import Server
from tests.chain.formats.chains import read
from tests.replay.chains import FAST
from tests.tracing.projects import Files, alembic, by_the_tool, differences, rows, traced

USERS = """
def upgrade():
    users = op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50), nullable=False),
    )
    op.bulk_insert(users, [{"id": 1, "email": "it's"}, {"id": 2, "email": "b%c"}])

def downgrade():
    op.drop_table("users")
"""
NAMES = """
def upgrade():
    op.add_column("users", sa.Column("name", sa.Text))
    with op.get_context().autocommit_block():
        op.create_index("by_name", "users", ["name"], postgresql_concurrently=True)
    op.execute("update users set name = email")

def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("by_name", "users", postgresql_concurrently=True)
    op.drop_column("users", "name")
"""
EMPTY = """
def upgrade():
    pass

def downgrade():
    pass
"""


def _table(name: str) -> str:
    return f"""
def upgrade():
    op.execute("create table {name} (id int)")

def downgrade():
    op.execute("drop table {name}")
"""


def test_what_revisions_send(newest_server: Server, tmp_path: Path) -> None:
    """Every statement with its values and its line; the address in alembic.ini leads nowhere, and nobody goes there."""
    with traced(newest_server, tmp_path, alembic({"a1": USERS, "b2 after a1": NAMES})) as run:
        assert run.outcomes == ["applied", "applied"]
        assert [(each.version, each.name, each.file) for each in run.chain.migrations] == [
            ("a1", "it", "db/versions/a1_it.py"),
            ("b2", "it", "db/versions/b2_it.py"),
        ]
        assert run.sent("a1") == [
            "7: CREATE TABLE users ( id SERIAL NOT NULL, email VARCHAR(50) NOT NULL, PRIMARY KEY (id) )",
            "12: INSERT INTO users (id, email) VALUES (1::INTEGER, 'it''s'::VARCHAR)",
            "12: INSERT INTO users (id, email) VALUES (2::INTEGER, 'b%c'::VARCHAR)",
        ]
        assert run.sent("b2") == [
            "7: BEGIN",
            "7: ALTER TABLE users ADD COLUMN name TEXT",
            "7: COMMIT",
            "9: CREATE INDEX CONCURRENTLY by_name ON users (name)",
            "10: BEGIN",
            "10: update users set name = email",
            "10: COMMIT",
        ]
        assert run.back("a1") == ["15: DROP TABLE users"]
        assert run.back("b2") == [
            "14: DROP INDEX CONCURRENTLY by_name",
            "15: BEGIN",
            "15: ALTER TABLE users DROP COLUMN name",
            "15: COMMIT",
        ]
        first, second = run.replay.timeline.steps
        assert (first.run.mode, first.run.mode_reason) == (TransactionMode.FILE, "")
        assert (second.run.mode, second.run.mode_reason) == (
            TransactionMode.OWN,
            "it has an autocommit_block (line 8)",
        )
        assert rows(run.replay.database, "select email, name from users order by id") == [
            ("it's", "it's"),
            ("b%c", "b%c"),
        ]
        assert rows(run.replay.database, "select version_num from alembic_version") == [("b2",)]
        assert run.replay.timeline.tool_tables == {"public.alembic_version"}


def test_branches_heads_and_merges_as_alembic_leaves_them(newest_server: Server, tmp_path: Path) -> None:
    """The same order, the same rows of alembic_version and the same schema as `alembic upgrade heads`."""
    files = alembic(
        {
            "r1": _table("one"),
            "x1 after r1": _table("x"),
            "y1 after r1": _table("y"),
            "m1 after x1 y1": EMPTY,
            "z1 after m1": _table("z") + 'branch_labels = "main"\n',
            "o1": _table("other") + 'branch_labels = ("apart",)\n',
            "o2 after o1": _table("more") + 'depends_on = "x1"\n',
        }
    )
    with traced(newest_server, tmp_path, files) as run:
        assert set(run.outcomes) == {"applied"}
        order = [each.version for each in run.chain.migrations]
        with by_the_tool(newest_server, tmp_path, "-c", UPGRADE) as database:
            assert rows(database, "select version from applied order by number") == [(each,) for each in order]
            versions = "select version_num from alembic_version order by 1"
            assert rows(run.replay.database, versions) == rows(database, versions)
            with database.connect() as connection:
                connection.execute("drop table applied")
            assert differences(run.replay.database, database) == []


UPGRADE = """
import psycopg
from alembic.config import Config
from alembic import command
from sqlalchemy import create_engine
import sqlalchemy

real = sqlalchemy.create_engine
def ours(*_, **__):
    return real("postgresql+psycopg://")
import sqlalchemy.engine.create
sqlalchemy.engine.create.create_engine = ours
psycopg.connect(autocommit=True).execute("create table applied (number serial, version text)")

from alembic.runtime.migration import HeadMaintainer
update = HeadMaintainer.update_to_step
def noted(self, step):
    update(self, step)
    self.context.connection.exec_driver_sql(f"insert into applied (version) values ('{step.revision.revision}')")
HeadMaintainer.update_to_step = noted
command.upgrade(Config("alembic.ini"), "heads")
"""
"""Upgrades through Alembic alone, and writes down the order."""


def test_one_transaction_for_all_and_one_for_each(newest_server: Server, tmp_path: Path) -> None:
    """What fails in one transaction of all revisions is told, with the way out of it."""
    made = """
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("create type mood as enum ('sad')")
"""
    files = alembic(
        {
            "a1": made,
            "b2 after a1": "def upgrade():\n    op.execute(\"alter type mood add value 'ok'\")\n",
            "c3 after b2": "def upgrade():\n    op.execute(\"select 'ok'::mood\")\n",
        }
    )
    with traced(newest_server, tmp_path, files) as run:
        assert run.outcomes == ["applied", "applied", "failed"]
        failed = run.replay.timeline.steps[2].run.failure
        assert failed is not None
        assert (str(failed.location), failed.sqlstate, failed.statement) == (
            "db/versions/c3_it.py:6",
            "55P04",
            "select 'ok'::mood",
        )
        assert failed.message == 'unsafe use of new value "ok" of enum type mood'
    env = files["db/env.py"]
    assert isinstance(env, str)
    env = env.replace("target_metadata=None", "transaction_per_migration=True")
    with traced(newest_server, tmp_path, {**files, "db/env.py": env}) as run:
        assert run.outcomes == ["applied", "applied", "applied"]


def test_batch_and_inspection(newest_server: Server, tmp_path: Path) -> None:
    """A look at the schema is none at rows, and is not sent again."""
    body = """
def upgrade():
    op.execute("create table t (id int)")
    if "t" in sa.inspect(op.get_bind()).get_table_names():
        with op.batch_alter_table("t") as batch:
            batch.add_column(sa.Column("n", sa.Integer))

def downgrade():
    raise NotImplementedError("there is none")
"""
    with traced(newest_server, tmp_path, alembic({"a1": body})) as run:
        assert run.sent("a1") == ["7: create table t (id int)", "9: ALTER TABLE t ADD COLUMN n INTEGER"]
        assert run.trace("a1").reads is None
        assert run.migration("a1").down is None
        assert irreversible(run.migration("a1").up) == Irreversible(
            "there is none", Location("db/versions/a1_it.py", 13, 1)
        )


def test_rows_that_are_read(newest_server: Server, tmp_path: Path) -> None:
    body = """
def upgrade():
    connection = op.get_bind()
    for (id_,) in connection.execute(sa.text("select id from users")).fetchall():
        connection.execute(sa.text("update users set email = :e where id = :i"), {"e": "x", "i": id_})
"""
    with traced(newest_server, tmp_path, alembic({"a1": USERS, "b2 after a1": body})) as run:
        assert str(run.trace("b2").reads) == "db/versions/b2_it.py:8"
        assert run.sent("b2")[1:] == [
            "9: update users set email = 'x' where id = 1",
            "9: update users set email = 'x' where id = 2",
        ]


def test_savepoints_and_failures_that_are_caught(newest_server: Server, tmp_path: Path) -> None:
    """What was refused is not sent again; what went back to a savepoint goes back again."""
    body = """
def upgrade():
    op.execute("create table t (id int)")
    try:
        with op.get_bind().begin_nested():
            op.execute("create table gone (id int)")
            op.execute("select * from nowhere")
    except sa.exc.ProgrammingError:
        op.execute("insert into t values (1)")
"""
    with traced(newest_server, tmp_path, alembic({"a1": body})) as run:
        assert run.outcomes == ["applied"]
        assert [each.partition(": ")[2].split("sa_")[0].strip() for each in run.sent("a1")] == [
            "create table t (id int)",
            "SAVEPOINT",
            "create table gone (id int)",
            "ROLLBACK TO SAVEPOINT",
            "insert into t values (1)",
        ]
        assert rows(run.replay.database, "select to_regclass('gone') is null, (select count(*) from t)") == [(True, 1)]


def test_an_asynchronous_engine(newest_server: Server, tmp_path: Path) -> None:
    env = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def work(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine("postgresql+asyncpg://somebody@db.invalid/production")
    async with engine.connect() as connection:
        await connection.run_sync(work)
    await engine.dispose()

asyncio.run(main())
"""
    with traced(newest_server, tmp_path, alembic({"a1": _table("t")}, env=env)) as run:
        assert run.outcomes == ["applied"]
        assert run.sent("a1") == ["7: create table t (id int)"]
        assert run.back("a1") == ["10: drop table t"]


def test_what_env_py_sends_itself(newest_server: Server, tmp_path: Path) -> None:
    """A schema that it makes stands before the first revision, what it sets before each of them."""
    files = alembic({"a1": _table("t")})
    usual = files["db/env.py"]
    assert isinstance(usual, str)
    env = usual.replace(
        "    context.configure(",
        '    connection.exec_driver_sql("create schema if not exists app")\n'
        '    connection.exec_driver_sql("set search_path to app")\n    connection.commit()\n    context.configure(',
    )
    with traced(newest_server, tmp_path, {**files, "db/env.py": env}) as run:
        assert run.outcomes == ["applied"]
        assert [each.script.file for each in run.replay.timeline.base] == ["db/env.py"]
        assert rows(run.replay.database, "select to_regclass('app.t') is not null") == [(True,)]


def test_several_directories_of_revisions(newest_server: Server, tmp_path: Path) -> None:
    """As version_locations names them."""
    files = alembic({"a1": _table("t"), "b2 after a1": _table("u")})
    files["more/b2_it.py"] = files.pop("db/versions/b2_it.py")
    ini = files["alembic.ini"]
    assert isinstance(ini, str)
    files["alembic.ini"] = f"{ini}version_locations = %(here)s/db/versions %(here)s/more\npath_separator = space\n"
    with traced(newest_server, tmp_path, files, "alembic.ini") as run:
        assert [each.file for each in run.chain.migrations] == ["db/versions/a1_it.py", "more/b2_it.py"]
        assert run.outcomes == ["applied", "applied"]


def test_comments_and_words_are_seen_without_running(newest_server: Server, tmp_path: Path) -> None:
    """Comments of Python are comments of the script, at their places."""
    body = '''
def upgrade():
    # migrate-validate: irreversible: nobody wants it back
    op.execute("""
        CREATE EXTENSION IF NOT EXISTS citext
    """)
'''
    with traced(newest_server, tmp_path, alembic({"a1": body})) as run:
        text = run.migration("a1").up.text
        assert text.split("\n")[6:9] == [
            "    -- migrate-validate: irreversible: nobody wants it back",
            "",
            "        CREATE EXTENSION IF NOT EXISTS citext;",
        ]


def test_rows_that_are_loaded_before_a_revision(newest_server: Server, tmp_path: Path) -> None:
    """A revision meets them where it is traced as well."""
    body = """
def upgrade():
    connection = op.get_bind()
    for (id_,) in connection.execute(sa.text("select id from t where n like 'a%'")).fetchall():
        op.execute(f"delete from t where id = {id_}")
"""
    files = alembic({"a1": "def upgrade():\n    op.execute('create table t (id int, n text)')\n", "b2 after a1": body})
    files["seed.sql"] = "insert into t values (7, 'a%');"
    settings = replace(FAST, seeds=(SeedEntry("seed.sql", before="b2"),))
    with traced(newest_server, tmp_path, files, settings=settings) as run:
        assert run.sent("b2")[1:] == ["9: delete from t where id = 7"]
        assert rows(run.replay.database, "select count(*) from t") == [(0,)]


def test_a_configuration_beside_env_py(newest_server: Server, tmp_path: Path) -> None:
    """As Flask-Migrate has it, which names no directory in it."""
    files = alembic({"a1": _table("t")})
    files["db/alembic.ini"] = "[alembic]\n"
    del files["alembic.ini"]
    with traced(newest_server, tmp_path, files, "db") as run:
        assert [each.file for each in run.chain.migrations] == ["versions/a1_it.py"]
        assert run.outcomes == ["applied"]


def test_how_it_is_recognized(tmp_path: Path) -> None:
    """Files of SQL beside an env.py are none of Alembic's."""
    places = {".": "it holds alembic.ini", "db": "db/env.py uses Alembic", "db/versions": "db/env.py uses Alembic"}
    for path, because in places.items():
        assert read(tmp_path / "own", alembic({"a1": EMPTY}), path).recognized == because
    others: Files = {"db/env.py": "from alembic import context\n", "db/sql/001_a.sql": "select 1;\n"}
    assert read(tmp_path / "sql", others, "db/sql").format == "sql"
