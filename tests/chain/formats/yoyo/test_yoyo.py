"""Chains as yoyo applies them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps, ways_back
from tests.replay.chains import FAST, outcomes, query, replayed

USERS = "-- users\n-- depends: b\n\nCREATE TABLE users (id int);\n"
SCHEMA = "-- depends:\nCREATE SCHEMA shop;\n"


def test_dependencies_give_the_order(tmp_path: Path) -> None:
    """Names decide where dependencies do not; what is called post-apply comes last."""
    files: Files = {
        "a.sql": USERS,
        "a.rollback.sql": "DROP TABLE users;\n",
        "b.sql": SCHEMA,
        "c.sql": "-- transactional: false\nCREATE INDEX CONCURRENTLY by_id ON users (id);\n",
        "c.rollback.sql": "DROP INDEX CONCURRENTLY by_id;\n",
        "d.py": 'from yoyo import step\n__depends__ = {"a", "e"}\nsteps = [step("SELECT 1")]\n',
        "e.sql": "-- depends: a\n-- depends: c\nSELECT 1;\n",
        "post-apply.sql": "SELECT 2;\n",
        "lost.rollback.sql": "SELECT 3;\n",
        "README.md": "",
    }
    chain = read(tmp_path, files)
    assert (chain.format, chain.recognized) == ("yoyo", "a.rollback.sql is named as yoyo names its way back")
    assert applied(chain) == ["b.sql", "a.sql", "c.sql", "e.sql", "d.py", "post-apply.sql"]
    assert ways_back(chain) == {"a": "a.rollback.sql", "c": "c.rollback.sql"}
    assert [each.version for each in chain.migrations if each.up.sends is Sends.STATEMENTS] == ["c"]
    assert [each.version for each in chain.migrations if each.repeats] == ["post-apply"]
    assert chain.migrations[2].down is not None
    assert chain.migrations[2].down.sends is Sends.STATEMENTS
    assert aside(chain) == {
        "README.md": "Markdown: a text for people",
        "lost.rollback.sql": "a rollback script without its migration: there is no lost.sql",
    }
    assert steps(chain) == {}


def test_the_whole_name_is_the_version(tmp_path: Path) -> None:
    """Names that yoyo makes begin with the day."""
    names = ["20250101_01_aBcDe-users", "20250101_02_fGhIj-mail"]
    chain = read(tmp_path, {f"{name}.sql": "-- depends:\nSELECT 1;\n" for name in names})
    assert [each.version for each in chain.migrations] == names


def test_how_it_is_recognized(tmp_path: Path) -> None:
    projects: dict[str, Files] = {
        "depends": {"1_a.sql": "-- notes\n-- depends: \nSELECT 1;\n"},
        "transactional": {"1_a.sql": "--transactional: true\nSELECT 1;\n"},
        "python": {"1_a.sql": "SELECT 1;\n", "2_b.py": "from yoyo import step\n"},
    }
    found = [read(tmp_path / name, files).recognized for name, files in projects.items()]
    assert found == ["1_a.sql says `-- depends:`", "1_a.sql says `-- transactional:`", "2_b.py imports yoyo"]
    assert read(tmp_path / "below", {"1_a.sql": "SELECT 1;\n-- depends: b\n"}).format == "sql"


def test_the_configuration(tmp_path: Path) -> None:
    files: Files = {
        "yoyo.ini": "[DEFAULT]\nsources = %(here)s/db\nmigration_table = done\n",
        "db/a.sql": SCHEMA,
        "app.py": "",
    }
    chain = read(tmp_path, files)
    assert applied(chain) == ["db/a.sql"]
    assert chain.records is not None
    assert chain.records.table == "done"
    assert aside(chain) == {"app.py": "not in db/", "yoyo.ini": "the configuration of yoyo"}
    assert refused(tmp_path, files | {"yoyo.ini": "[DEFAULT]\nsources = ./here ./there\n"}) == (
        "yoyo.ini says sources = ./here ./there: no directory that exists\n"
        "looked at:\n"
        "  ROOT/yoyo.ini\n"
        "what to do: name one directory of migrations"
    )
    said = refused(tmp_path, files | {"yoyo.ini": "sources = db\n"})
    assert said.startswith("yoyo.ini cannot be read: File contains no section headers.")


def test_what_does_not_exist(tmp_path: Path) -> None:
    assert refused(tmp_path, {"a.sql": USERS, "c.py": '__depends__ = ["x"]\n', "a.py": ""}) == (
        "yoyo refuses these migrations:\n"
        "  a.sql depends on b, which does not exist\n"
        "  c.py depends on x, which does not exist\n"
        "  a.sql and a.py are both there\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: correct the name behind -- depends:, or restore the file"
    )


def test_circles(tmp_path: Path) -> None:
    files: Files = {"a.sql": USERS, "b.sql": "-- depends: c\nSELECT 1;\n", "c.sql": "-- depends: a\nSELECT 1;\n"}
    assert refused(tmp_path, files) == (
        "yoyo cannot order these migrations, which depend on each other: a.sql, b.sql, c.sql\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: cut the circle"
    )


def test_a_directive_that_says_nothing(tmp_path: Path) -> None:
    assert refused(tmp_path, {"a.sql": "-- transactional: no\nSELECT 1;\n"}) == (
        "a.sql says `-- transactional: no`, and yoyo knows only true and false\n"
        "looked at:\n"
        "  ROOT/a.sql\n"
        "what to do: write -- transactional: false, or remove the line"
    )


def test_its_transactions_and_its_table(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "a.sql": "CREATE TABLE users (id int);\n",
        "b.sql": "-- transactional: false\nSELECT 1;\nCREATE INDEX CONCURRENTLY by_id ON users (id);\n",
        "c_d.sql": "CREATE TABLE seen AS SELECT migration_id, length(migration_hash) FROM _yoyo_migration;\n",
        "e.sql": "CREATE INDEX CONCURRENTLY late ON users (id);\n",
    }
    with replayed(server, tmp_path, files, replace(FAST, format="yoyo")) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "applied", "failed"]
        assert query(replay, "SELECT string_agg(seen::text, ' ' ORDER BY seen) FROM seen") == "(a,64) (b,64)"
