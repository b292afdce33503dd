"""What is new, changed and gone in the files of each convention."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.git.changes import Change
from migrate_validate.git.history import History, read_history
from migrate_validate.git.places import Places
from tests.support.repositories import commit_to_main, repository, write
from tests.tracing.projects import alembic, django

Files = dict[str, str | None]

A, B = "create table a (id int);\n", "create table b (id int);\n"


@dataclass(frozen=True)
class Convention:
    """A chain of one migration, a change of it, and what comes behind it."""

    format: str
    first: Files
    """Below ``db/``."""
    edited: Files
    more: Files
    file: str
    """What the first migration is called."""
    behind: str
    """What the second one is called."""
    at: str = "db"
    twin: Files | None = None
    """Another migration of the second one's version; None: a plan has to be merged first."""


def plain(format: str, text: str = "{}", *, beside: Files | None = None, name: str = "{}_{}.sql") -> Convention:
    """A convention of one file a migration."""
    first, second = name.format(1, "a"), name.format(2, "b")
    return Convention(
        format,
        {first: text.format(A), **(beside or {})},
        {first: text.format("create table other (id int);\n")},
        {second: text.format(B)},
        first,
        second,
        twin={name.format(2, "c"): text.format("create table c (id int);\n")},
    )


def journal(*tags: str) -> str:
    entries = [{"idx": place, "when": 1000 + place, "tag": tag, "breakpoints": True} for place, tag in enumerate(tags)]
    return json.dumps({"version": "7", "dialect": "postgresql", "entries": entries})


def texts(files: dict[str, str | bytes]) -> Files:
    return {name: str(text) for name, text in files.items()}


REVISION = '\ndef upgrade():\n    op.execute("create table {0} (id int)")\n\ndef downgrade():\n    pass\n'
OPERATION = (
    'class Migration(migrations.Migration):\n    dependencies = {}\n    operations = [migrations.RunSQL("{}")]\n'
)
PLAN = "%syntax-version=1.0.0\n%project=shop\n\n"
LINE = "{} 2024-01-0{}T00:00:00Z a <a@example.org> # x\n"
RUNNER = "def one(connection):\n    connection.execute('{}')\n\ndef two(connection):\n    pass\n\nMIGRATIONS = [{}]\n"
CODE = """
var fs = require('fs');
var path = require('path');
exports.up = function(db) {{
  var filePath = path.join(__dirname, 'sqls', '{}-up.sql');
  return new Promise( function( resolve, reject ) {{
    fs.readFile(filePath, {{encoding: 'utf-8'}}, function(err,data){{
      if (err) return reject(err);
      resolve(data);
    }});
  }})
  .then(function(data) {{
    return db.runSql(data);
  }});
}};
"""

CONVENTIONS = (
    plain("sql"),
    plain("dbmate", "-- migrate:up\n{}-- migrate:down\n"),
    plain("goose", "-- +goose Up\n{}", name="0000{}_{}.sql"),
    plain("sql-migrate", "-- +migrate Up\n{}"),
    plain("golang-migrate", name="00000{}_{}.up.sql"),
    plain("sqlx", name="{}_{}.up.sql", beside={"1_a.down.sql": "drop table a;\n"}),
    plain("node-pg-migrate", "-- Up Migration\n{}", name="160000000000{}_{}.sql"),
    plain("flyway", name="V{}__{}.sql"),
    plain("yoyo", "-- transactional: true\n{}"),
    plain("diesel", name="2024-01-0{}-000000_{}/up.sql"),
    plain("hasura", name="170000000000{}_{}/up.sql"),
    plain(
        "prisma", name="2024010{}000000_{}/migration.sql", beside={"migration_lock.toml": 'provider = "postgresql"\n'}
    ),
    replace(plain("supabase", name="migrations/2024010{}000000_{}.sql", beside={"config.toml": ""}), at="db"),
    Convention(
        "drizzle",
        {"0000_a.sql": A, "meta/_journal.json": journal("0000_a")},
        {"0000_a.sql": B},
        {"0001_b.sql": B, "meta/_journal.json": journal("0000_a", "0001_b")},
        "0000_a.sql",
        "0001_b.sql",
    ),
    Convention(
        "sqitch",
        {"sqitch.conf": "[core]\n\tengine = pg\n", "sqitch.plan": PLAN + LINE.format("a", 1), "deploy/a.sql": A},
        {"deploy/a.sql": B},
        {"sqitch.plan": PLAN + LINE.format("a", 1) + LINE.format("b", 2), "deploy/b.sql": B},
        "deploy/a.sql",
        "deploy/b.sql",
    ),
    Convention(
        "alembic",
        texts(alembic({"a": REVISION.format("a")})),
        texts(alembic({"a": REVISION.format("other")})),
        texts(alembic({"b after a": REVISION.format("b")})),
        "db/versions/a_it.py",
        "db/versions/b_it.py",
    ),
    Convention(
        "django",
        texts(django({"0001_a": OPERATION.format([], "select 1")})),
        texts(django({"0001_a": OPERATION.format([], "select 2")})),
        texts(django({"0002_b": OPERATION.format([("shop", "0001_a")], "select 1")})),
        "shop/migrations/0001_a.py",
        "shop/migrations/0002_b.py",
    ),
    Convention(
        "python",
        {"migrations.py": RUNNER.format("select 1", "('001_one', one)")},
        {"migrations.py": RUNNER.format("select 2", "('001_one', one)")},
        {"migrations.py": RUNNER.format("select 1", "('001_one', one), ('002_two', two)")},
        "migrations.py[001_one]",
        "migrations.py[002_two]",
    ),
    Convention(
        "db-migrate",
        {"20240101000000-a.js": CODE.format("20240101000000-a"), "sqls/20240101000000-a-up.sql": A},
        {"sqls/20240101000000-a-up.sql": B},
        {"20240102000000-b.js": CODE.format("20240102000000-b"), "sqls/20240102000000-b-up.sql": B},
        "sqls/20240101000000-a-up.sql",
        "sqls/20240102000000-b-up.sql",
    ),
)


def history(top: Path, places: Places, its: Convention) -> History:
    settings = Settings(format=its.format)
    place = places.find(its.at, top)
    chain = read_chain(place.source, settings, rootdir=place.rootdir)
    return read_history(chain, place, settings, "main", places)


def below(files: Files) -> Files:
    return {f"db/{name}": text for name, text in files.items()}


@pytest.mark.parametrize("its", CONVENTIONS, ids=lambda its: its.format)
def test_what_is_new_and_what_was_changed(tmp_path: Path, its: Convention) -> None:
    top = repository(tmp_path, below(its.first))
    with Places() as places:
        same = history(top, places, its)
        assert [each.file for each in same.chain.migrations] == [its.file]
        assert (same.new, same.changes) == (frozenset(), ())
    write(top, below(its.more))
    with Places() as places:
        more = history(top, places, its)
        assert more.new == {its.behind}
        assert (more.changes, more.late) == ((), ())
        assert [each.file for each in more.added] == [its.behind]
    write(top, below({**its.first, **its.edited}))
    with Places() as places:
        (changed,) = (each for each in history(top, places, its).changes if each.before.file == its.file)
        assert changed.up is Change.STATEMENTS


@pytest.mark.parametrize("its", [each for each in CONVENTIONS if each.twin], ids=lambda its: its.format)
def test_what_both_sides_have_added(tmp_path: Path, its: Convention) -> None:
    assert its.twin is not None
    top = repository(tmp_path, below(its.first))
    commit_to_main(top, below(its.more))
    write(top, below(its.twin))
    with Places() as places:
        both = history(top, places, its)
        (ours,) = both.added
        assert [each.file for each in both.gained] == [its.behind]
        # Some tools refuse two of one version altogether.
        together = [its.file, ours.file] if both.tip.clash else [its.file, its.behind, ours.file]
        assert [each.file for each in both.merged.migrations] == together
        assert both.late == ()
        # Tools that know migrations by their whole names tell the two apart.
        assert [each.other.file for each in both.collisions] == ([] if both.by_name else [its.behind])


def test_every_convention_is_here() -> None:
    # Rails' migrations are Ruby, and its dump is meant to change; graphile-migrate has tests of its own here.
    others = {"rails", "graphile-migrate"}
    assert {each.format for each in CONVENTIONS} | others == {each.name for each in FORMATS}
