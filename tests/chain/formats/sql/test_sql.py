"""Numbered and timestamped files of SQL."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.statements import statements
from tests.chain.formats.chains import Files, applied, aside, plain, read


def test_order_is_natural(tmp_path: Path) -> None:
    names = ["001_a.sql", "001b_a.sql", "2-x.sql", "2_b.sql", "010_a.sql", "20250102.sql", "20260226000000_add.up.sql"]
    chain = read(tmp_path, plain("db", *reversed(names)), "db")
    assert applied(chain) == names
    assert [migration.version for migration in chain.migrations] == [
        *("001", "001b", "2", "2", "010", "20250102", "20260226000000")
    ]
    assert [migration.name for migration in chain.migrations] == ["a", "a", "x", "b", "a", "", "add"]
    assert (chain.format, chain.given, chain.root) == ("sql", "db", tmp_path / "db")


def test_the_way_back_below_a_line(tmp_path: Path) -> None:
    """As tern, MyBatis, rambler and Play have it; a script of its own beside is not needed then."""
    files: Files = {
        "001_tern.sql": "SELECT 1;\n---- create above / drop below ----\nSELECT 2;\n",
        "002_mybatis.sql": "-- // what for\nSELECT 1;\n-- //@UNDO\nSELECT 2;\n",
        "003_rambler.sql": "-- rambler up\nSELECT 1;\r\n-- rambler down\r\nSELECT 2;\n",
        "4.sql": "# --- !Ups\n\nSELECT 1;\n# --- !Downs\nSELECT 2;\n",
        "005_none.sql": "SELECT 1; -- // @UNDO\n",
    }
    chain = read(tmp_path, files)
    assert [
        [(str(each.location), each.sql) for way in (migration.up, migration.down) if way for each in statements(way)]
        for migration in chain.migrations
    ] == [
        [("001_tern.sql:1:1", "SELECT 1"), ("001_tern.sql:3:1", "SELECT 2")],
        [("002_mybatis.sql:2:1", "SELECT 1"), ("002_mybatis.sql:4:1", "SELECT 2")],
        [("003_rambler.sql:2:1", "SELECT 1"), ("003_rambler.sql:4:1", "SELECT 2")],
        [("4.sql:3:1", "SELECT 1"), ("4.sql:5:1", "SELECT 2")],
        [("005_none.sql:1:1", "SELECT 1")],
    ]


def test_dotted_and_dashed_versions(tmp_path: Path) -> None:
    chain = read(tmp_path, plain("db", "1.10.0_b.sql", "1.9.0_a.sql", "2025-01-02_c.sql"), "db")
    assert [migration.version for migration in chain.migrations] == ["1.9.0", "1.10.0", "2025-01-02"]


def test_down_scripts_are_paired(tmp_path: Path) -> None:
    files = plain(
        "db",
        *("001_a.sql", "001_a_rollback.sql", "002_b.up.sql", "002_b.down.sql", "003_c.sql", "003_other_down.sql"),
        *("004_d.sql", "004_e.sql", "004_rollback.sql", "009_gone_rollback.sql", "e_rollback.sql"),
        *("001_a.down.sql", "no_such_rollback.sql"),
    )
    chain = read(tmp_path, files, "db")
    assert {each.file: each.down.file for each in chain.migrations if each.down} == {
        "001_a.sql": "001_a.down.sql",
        "002_b.up.sql": "002_b.down.sql",
        "003_c.sql": "003_other_down.sql",
        "004_e.sql": "e_rollback.sql",
    }
    assert aside(chain) == {
        "001_a_rollback.sql": "a second rollback script of 001_a.sql: 001_a.down.sql is used",
        "004_rollback.sql": "a rollback script that could belong to 004_d.sql or 004_e.sql",
        "009_gone_rollback.sql": "a rollback script without its migration: there is no 009_gone.sql",
        "no_such_rollback.sql": "a rollback script without its migration: there is no no_such.sql",
    }


def test_verification_scripts_and_seeds(tmp_path: Path) -> None:
    files = plain(
        "db",
        *("001_users.sql", "002_email_verify.sql", "001_users_verify.sql", "validate_users.sql", "verify_all.sql"),
        *("001_users_validate.sql", "validate_001_users.sql", "002_email_validate.sql"),
        *("003_seed_roles.sql", "seed.sql", "seed10.sql", "seed9.sql"),
    )
    files |= plain(".", "seed.sql", "other.sql")
    chain = read(tmp_path, files, "db")
    assert applied(chain) == [
        *("001_users.sql", "002_email_validate.sql", "002_email_verify.sql", "003_seed_roles.sql")
    ]
    assert [script.file for script in chain.verifications] == [
        *("001_users_validate.sql", "001_users_verify.sql"),
        *("validate_001_users.sql", "validate_users.sql", "verify_all.sql"),
    ]
    assert [seed.script.file for seed in chain.seeds] == ["seed.sql", "seed9.sql", "seed10.sql", "../seed.sql"]
    assert chain.set_aside == ()


def test_what_is_set_aside(tmp_path: Path) -> None:
    files = plain(
        "db",
        *("001_a.sql", "007_add_testing.sql", "001_a_TESTING.sql", "A_QUERY_EXAMPLES.sql", "001_EXAMPLE.sql"),
        *("README.md", ".hidden.sql", "migrate_validate.toml", "notes.txt", "Makefile", "schema.sql", "old/001_x.sql"),
    )
    chain = read(tmp_path, files, "db")
    assert applied(chain) == ["001_a.sql", "007_add_testing.sql"]
    assert aside(chain) == {
        ".hidden.sql": "hidden: its name begins with a dot",
        "001_EXAMPLE.sql": "its name ends in _EXAMPLE: statements to read, not to apply",
        "001_a_TESTING.sql": "its name ends in _TESTING: statements to try out by hand",
        "A_QUERY_EXAMPLES.sql": "its name ends in _QUERY_EXAMPLES: queries to read, not to apply",
        "Makefile": "no SQL: its name has no ending",
        "README.md": "Markdown: a text for people",
        "migrate_validate.toml": "the configuration of this tool",
        "notes.txt": "no SQL: its name ends in .txt",
        "old": "a directory: only the files beside the migrations are read, not those below",
        "schema.sql": "its name does not begin with a version, so that it has no place in order",
    }
