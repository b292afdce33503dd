"""Runners of a project's own, and bases that SQLAlchemy makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.assumptions import assumptions
from migrate_validate.chain.irreversible import irreversible
from migrate_validate.postgres import Server
from migrate_validate.tracing.tracing import remarks
from tests.chain.formats.chains import read
from tests.replay.chains import FAST
from tests.tracing.projects import Files, rows, traced

RUNNER = '''
def create(connection):
    connection.execute("create table a (id int primary key, n text)")

def fill(cursor):
    cursor.execute("insert into a values (%s, %s)", (1, "x'y"))
    cursor.execute("select id from a")
    for (id_,) in cursor.fetchall():
        cursor.execute("update a set n = 'z' where id = %s", (id_,))

def unfill(cur):
    cur.execute("delete from a")

def own(connection):
    connection.execute("create table b (id int)")
    connection.commit()
    connection.execute("create table c (id int)")

MIGRATIONS = [("001_create", create), ("002_fill", fill, unfill), {"name": "003_own", "up": own}]
TABLE = """CREATE TABLE IF NOT EXISTS migrations (
    id serial primary key, name varchar(200) unique not null, status text, applied_at timestamp default now())"""
OTHERS = (1, 2)
'''


def test_a_module_that_lists_callables(newest_server: Server, tmp_path: Path) -> None:
    with traced(newest_server, tmp_path, {"migration_runner.py": RUNNER}) as run:
        assert run.outcomes == ["applied"] * 3
        assert [each.file for each in run.chain.migrations] == [
            "migration_runner.py[001_create]",
            "migration_runner.py[002_fill]",
            "migration_runner.py[003_own]",
        ]
        assert run.sent("002") == [
            "6: insert into a values (1, 'x''y')",
            "7: select id from a",
            "9: update a set n = 'z' where id = 1",
        ]
        assert run.back("002") == ["12: delete from a"]
        assert str(run.trace("002").reads) == "migration_runner.py:7"
        assert run.sent("003") == [
            "15: BEGIN",
            "15: create table b (id int)",
            "15: COMMIT",
            "17: BEGIN",
            "17: create table c (id int)",
            "17: COMMIT",
        ]
        assert remarks(run.chain) == (
            "migration_runner.py[003_own]: it commits by itself (line 16): what it has sent before stays where it "
            "fails later",
        )
        assert rows(run.replay.database, "select name, status from migrations order by id") == [
            ("001_create", "completed"),
            ("002_fill", "completed"),
            ("003_own", "completed"),
        ]


def test_one_that_commits_by_itself_and_fails(newest_server: Server, tmp_path: Path) -> None:
    text = """
def up(connection):
    connection.execute("create table a ()")
    connection.commit()
    connection.execute("select 1 / 0")
"""
    with traced(newest_server, tmp_path, {"001_a.py": text}) as run:
        assert run.failure() == "001_a.py:5: division by zero"
        assert remarks(run.chain) == ("001_a.py: it commits by itself (line 4): what it has sent before stays",)


def test_migrations_that_look_at_the_table_of_applied_names(newest_server: Server, tmp_path: Path) -> None:
    """The runner makes the table, unless one of the migrations does."""
    text = '''
def one(connection):
    """Nothing."""

def two(connection):
    connection.execute("create table seen as select name, status from migrations")

TABLE = "CREATE TABLE migrations (name text primary key, status text)"
MIGRATIONS = [("001_one", one), ("002_two", two)]
'''
    with traced(newest_server, tmp_path / "runner", {"migration_runner.py": text}) as run:
        assert run.outcomes == ["applied"] * 2
        assert rows(run.replay.database, "select * from seen") == [("001_one", "completed")]
    own = """
def one(connection):
    connection.execute("create table migrations (name text primary key)")

MIGRATIONS = [("001_one", one)]
"""
    with traced(newest_server, tmp_path / "own", {"migration_runner.py": own}) as run:
        assert run.outcomes == ["applied"]
        assert run.chain.records is None


def test_a_module_that_lists_statements(newest_server: Server, tmp_path: Path) -> None:
    """They are read where they stand, in a method as well, and nothing is run."""
    text = '''
import nothing_of_this_name

class MigrationRunner:
    def run_all_migrations(self):
        migrations = [
            {
                "name": "001_users",
                "sql": [
                    """
                    CREATE TABLE users (id int)
                    """,
                    "CREATE INDEX by_id ON users (id)",
                ],
            },
            {"name": "001b_file", "sql": self.load("x.sql")},
            {"name": "002_more", "sql": "ALTER TABLE users ADD COLUMN n int; SELECT 1"},
        ]
'''
    with traced(newest_server, tmp_path, {"db/migration_runner.py": text}, "db/migration_runner.py") as run:
        assert run.outcomes == ["applied", "applied"]
        assert run.sent("001") == ["11: CREATE TABLE users (id int)", "13: CREATE INDEX by_id ON users (id)"]
        assert run.sent("002") == ["17: ALTER TABLE users ADD COLUMN n int", "17: SELECT 1"]
        (aside,) = run.chain.set_aside
        assert (aside.file, aside.reason, aside.step, aside.before) == (
            "migration_runner.py",
            "001b_file (line 16): its SQL does not stand in the module",
            True,
            "002",
        )


def test_a_directory_of_files(newest_server: Server, tmp_path: Path) -> None:
    """With connections of SQLAlchemy and of psycopg, and rows that are copied."""
    files: Files = {
        "001_a.py": (
            "from sqlalchemy import text\n\n"
            "def up(conn):\n    conn.execute(text('create table a (id int)'))\n\n"
            "def down(conn):\n    conn.execute(text('drop table a'))\n"
        ),
        "002_b.py": (
            "def up(connection):\n    with connection.cursor() as cursor:\n"
            "        with cursor.copy('copy a from stdin') as copy:\n"
            "            copy.write_row((1,))\n            copy.write_row((2,))\n"
        ),
        "010_c.py": (
            "def up(connection):\n    print('working')\n    try:\n        with connection.transaction():\n"
            "            connection.execute('create table gone (id int)')\n            raise ValueError\n"
            "    except ValueError:\n        connection.execute('create table kept (id int)')\n"
        ),
        "helpers.py": "",
    }
    with traced(newest_server, tmp_path, files) as run:
        assert run.outcomes == ["applied"] * 3
        assert run.sent("001") == ["4: create table a (id int)"]
        assert run.back("001") == ["7: drop table a"]
        assert run.sent("010") == ["8: create table kept (id int)"]
        assert rows(run.replay.database, "select id from a order by id") == [(1,), (2,)]
        assert [each.reason for each in run.chain.set_aside] == ["no migration: no 001_name.py with up(connection)"]


MODELS = """
from sqlalchemy import Column, ForeignKey, Integer, Text
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)

class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), index=True)
"""


def test_a_base_that_sqlalchemy_makes(newest_server: Server, tmp_path: Path) -> None:
    files: Files = {"app/__init__.py": "", "app/models.py": MODELS, "db/001_more.sql": "alter table users add n int;\n"}
    settings = replace(FAST, base=("app.models:Base",))
    with traced(newest_server, tmp_path, files, "db", settings) as run:
        assert run.outcomes == ["applied"]
        (base,) = run.replay.timeline.base
        assert base.script.file == "../app/models.py[Base]"
        assert [each.statement.sql.split(" (")[0].strip() for each in base.statements] == [
            "CREATE TABLE users",
            "CREATE TABLE orders",
            "CREATE INDEX ix_orders_user_id ON orders",
        ]


def test_how_it_is_recognized(tmp_path: Path) -> None:
    projects: dict[str, tuple[Files, str]] = {
        "list": ({"migrations.py": "MIGRATIONS = [('001', f)]\n"}, "migrations.py lists migrations by name"),
        "files": ({"001_a.py": "def up(c):\n    pass\n"}, "001_a.py has a function up(connection)"),
    }
    for name, (files, because) in projects.items():
        assert read(tmp_path / name, files).recognized == because
    paths: Files = {"migrate.py": "migrations = [('001', Path('001.sql'))]\n", "001_a.sql": "select 1;\n"}
    assert read(tmp_path / "paths", paths).format == "sql"


def test_comments_above_a_function_are_its_migrations(tmp_path: Path) -> None:
    """And no other's."""
    text = """
def create(connection):
    pass

# migrate-validate: irreversible: nobody asks for them again
# migrate-validate: assume a is empty
@wraps
def fill(connection):
    pass

MIGRATIONS = [
    ("001_create", create),
    # migrate-validate: assume id > 1 on a
    ("002_fill", fill),
]
"""
    one, other = (each.up for each in read(tmp_path, {"runner.py": text}, "runner.py").migrations)
    assert (irreversible(one), assumptions(one)) == (None, ())
    found = irreversible(other)
    assert found is not None
    assert (found.reason, str(found.location)) == ("nobody asks for them again", "runner.py:5:1")
    assert [str(each.location) for each in assumptions(other)] == [
        "runner.py:6:1",
        "runner.py:13:5",
    ]
