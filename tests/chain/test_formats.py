"""Which convention a path is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.formats import FORMATS
from migrate_validate.chain.formats.sections import section
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import ConfigError
from tests.chain.formats.chains import read, refused
from tests.support.permissions import unprivileged


def test_each_has_a_name_of_its_own_and_one_fits_everything() -> None:
    names = [each.name for each in FORMATS]
    assert len(set(names)) == len(names)
    assert names[-1] == "sql"
    assert all(each.title and each.layout for each in FORMATS)


def test_two_marks_are_refused_with_both_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"V1__a.sql": "SELECT 1;", "2_b.sql": "-- +goose Up\nSELECT 2;\n"}
    assert refused(tmp_path, files) == (
        ". could be of several formats\n"
        "looked at:\n"
        "  flyway (Flyway): V1__a.sql is named as Flyway names migrations\n"
        "  goose (goose): 2_b.sql says `-- +goose Up`\n"
        'what to do: say which one: --migrations-format=flyway or --migrations-format=goose, or format = "..." in '
        "migrate_validate.toml beside the migrations"
    )
    for name in ("flyway", "goose", "sql"):
        assert read(tmp_path, {}, settings=Settings(format=name)).format == name


def test_what_has_no_mark_is_told_with_what_else_it_could_be(tmp_path: Path) -> None:
    chain = read(tmp_path, {"migrations/1_a/up.sql": "SELECT 1;", "seed.sql": "SELECT 1;"})
    assert (chain.format, chain.recognized) == (
        "diesel",
        "migrations/1_a/ holds up.sql; --migrations-format=supabase would fit as well",
    )
    assert read(tmp_path / "plain", {"1_a.sql": "SELECT 1;"}).recognized == ""


def test_nothing_to_apply_is_told_with_what_there_should_be(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"flyway.conf": "", "sql/notes.sql": "SELECT 1;"}
    assert refused(tmp_path / "one", files) == (
        ". holds no migrations\n"
        "looked at:\n"
        "  ROOT\n"
        "  sql/notes.sql: its name begins with none of Flyway's prefixes: Flyway passes over it\n"
        "what to do: lay them out as Flyway has them: `V1_2__name.sql`, `U1_2__name.sql`, `B1_2__name.sql`,"
        " `R__name.sql`, in the locations of `flyway.conf` or `.toml`"
    )
    message = refused(tmp_path / "other", {"db/migrations/1_a.sql": "SELECT 1;", "README.md": ""})
    assert message.endswith("what to do: did you mean ./db/migrations?")


def test_a_directory_without_migrations_leads_to_those_that_lie_below(tmp_path: Path) -> None:
    journal = '{"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "when": 1, "tag": "0000_a"}]}'
    files: dict[str, str | bytes] = {"app/__init__.py": "", "app/migrations.py": "MIGRATIONS = [('001', first)]\n"}
    assert refused(tmp_path / "pymod", files).endswith("what to do: did you mean ./app/migrations.py?")
    files = {"drizzle.config.ts": "", "drizzle/0000_a.sql": "SELECT 1;", "drizzle/meta/_journal.json": journal}
    assert refused(tmp_path / "project", files).endswith("what to do: did you mean ./drizzle?")
    files = {f"node_modules/a/{name}": text for name, text in files.items()}
    message = refused(tmp_path / "foreign", files)
    assert message.endswith("what to do: name migrations 001_x.sql or 20250102_x.sql")


def test_a_file_without_a_version_can_be_named_itself(tmp_path: Path) -> None:
    message = refused(tmp_path, {"dump.sql": "SELECT 1;", "README.md": ""})
    assert message.endswith("what to do: name the file itself: ./dump.sql")
    assert refused(tmp_path, {"other.sql": ""}).endswith("what to do: name migrations 001_x.sql or 20250102_x.sql")


def test_a_directory_that_nobody_may_enter_is_no_mark(tmp_path: Path) -> None:
    home = tmp_path / "db"
    assert read(home, {"1_a.sql": "SELECT 1;", "2_closed/up.sql": "SELECT 2;"}).format == "diesel"
    with unprivileged(tmp_path, home / "2_closed"):
        closed = read_chain("db", Settings(), rootdir=tmp_path)
    assert (closed.format, [each.file for each in closed.migrations]) == ("sql", ["1_a.sql"])


def test_an_unknown_name(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text("SELECT 1;")
    with pytest.raises(
        ConfigError, match=r"there is no format 'liquibase'\nwhat to do: write one of alembic, db-migrate"
    ):
        read_chain(".", Settings(format="liquibase"), rootdir=tmp_path)


def test_a_section_keeps_the_places_of_its_lines() -> None:
    text = "-- up\r\nSELECT 1;\n\n-- down\nSELECT 2;\x0b\nend"
    assert section(text, [range(2, 4)]) == "\nSELECT 1;\n\n\n\n"
    assert section(text, [range(5, 6), range(1, 2)]) == "-- up\r\n\n\n\nSELECT 2;\x0b\n"


def test_a_mark_inside_wins_over_one_that_lies_around(tmp_path: Path) -> None:
    """What stands above a directory speaks of the project, in which the directory may be another tool's."""
    package = '{"devDependencies": {"node-pg-migrate": "8", "drizzle-kit": "1"}}'
    crate = '[dependencies]\nsqlx = "0.8"\n'
    journal = '{"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "when": 1, "tag": "0000_a"}]}'
    drizzle: dict[str, str | bytes] = {"0000_a.sql": "SELECT 1;", "meta/_journal.json": journal}
    goose: dict[str, str | bytes] = {"1_a.sql": "-- +goose Up\nSELECT 1;\n"}
    plain: dict[str, str | bytes] = {"1_a.sql": "SELECT 1;"}
    for around, text, own in (("package.json", package, "node-pg-migrate"), ("Cargo.toml", crate, "sqlx")):
        project = tmp_path / own
        for name, files, format in (("drizzle", drizzle, "drizzle"), ("goose", goose, "goose"), ("plain", plain, own)):
            home = project / "db" / name
            home.mkdir(parents=True)
            (project / around).write_text(text)
            assert read(home, files).format == format
    diesel: dict[str, str | bytes] = {"1_a/up.sql": "SELECT 1;", "V1__a.sql": "SELECT 1;"}
    (tmp_path / "flyway/db").mkdir(parents=True)
    (tmp_path / "flyway/diesel.toml").write_text("")
    assert read(tmp_path / "flyway/db", diesel).format == "flyway"


def test_two_marks_that_lie_around_are_refused(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "package.json").write_text('{"devDependencies": {"node-pg-migrate": "8"}}')
    (tmp_path / "diesel.toml").write_text("")
    message = refused(tmp_path / "db", {"1_a.sql": "SELECT 1;", "2_b/up.sql": "SELECT 2;"})
    assert "diesel (Diesel): ../diesel.toml is Diesel's" in message
    assert "node-pg-migrate (node-pg-migrate): ../package.json names node-pg-migrate" in message
