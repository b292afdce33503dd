"""Chains as node-pg-migrate applies them."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.chain.statements import statements
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps, ways_back
from tests.replay.chains import outcomes, query, replayed

BOTH = "-- Up Migration\nCREATE TABLE users (id int);\n-- Down Migration\nDROP TABLE users;\n"
UP = "-- Up Migration\nSELECT 1;\n\n-- Down Migration\n-- nothing to do\n"
CODE = "exports.up = (pgm) => pgm.createTable('x', {});\n"


def test_order_and_both_ways(tmp_path: Path) -> None:
    """A number of 17 digits is a time, as the milliseconds of the others are."""
    files: Files = {
        "1600000000000_users.sql": BOTH,
        "20200101000000000_first.sql": UP,
        "1700000000000_typed.ts": CODE,
        "1700000000001_last.sql": "SELECT 2;\n",
        "1800000000000_more.js": CODE,
        "types.d.ts": "",
        "README.md": "",
    }
    chain = read(tmp_path, files)
    assert (chain.format, chain.recognized) == (
        "node-pg-migrate",
        "1600000000000_users.sql says `-- Up Migration`",
    )
    assert applied(chain) == ["20200101000000000_first.sql", "1600000000000_users.sql", "1700000000001_last.sql"]
    assert ways_back(chain) == {"1600000000000": "1600000000000_users.sql"}
    assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}
    assert aside(chain) == {
        "README.md": "Markdown: a text for people",
        "types.d.ts": "no migration: neither SQL nor JavaScript",
    }
    assert steps(chain) == {
        "1700000000000_typed.ts": "a migration in TypeScript, which is not run here",
        "1800000000000_more.js": "a migration in JavaScript, which is not run here",
    }
    assert [each.before for each in chain.set_aside if each.step] == ["1700000000001", ""]


def test_how_it_is_recognized(tmp_path: Path) -> None:
    """A title in a file of another tool says nothing; what the project depends on does."""
    code = read(tmp_path / "code", {"1_a.sql": "SELECT 1;\n", "2_b.js": CODE})
    assert code.recognized == "2_b.js uses node-pg-migrate"
    titled: Files = {"db/1_a.sql": "-- Up Migration for users\nSELECT 1;\n"}
    assert read(tmp_path, titled, "db").format == "sql"
    package = '{"devDependencies": {"node-pg-migrate": "^8.0.3"}}'
    chain = read(tmp_path, titled | {"package.json": package}, "db")
    assert (chain.format, chain.recognized) == ("node-pg-migrate", "../package.json names node-pg-migrate")


def test_what_is_pending_is_one_transaction_unless_the_project_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, {"1_a.sql": BOTH}).together
    package = '{"scripts": {"up": "node-pg-migrate up --no-single-transaction"}}'
    assert not read(tmp_path, {"package.json": package, "db/1_a.sql": BOTH}, "db").together


def test_each_way_keeps_its_lines(tmp_path: Path) -> None:
    swapped = "-- Down Migration\nDROP TABLE users;\n--- up migration\nCREATE TABLE users (id int);\n"
    chain = read(tmp_path, {"1_a.sql": BOTH, "2_b.sql": swapped})
    places = [
        [(way.file, each.location.line, each.kind) for way in (each.up, each.down) if way for each in statements(way)]
        for each in chain.migrations
    ]
    assert places == [
        [("1_a.sql", 2, "create"), ("1_a.sql", 4, "drop")],
        [("2_b.sql", 4, "create"), ("2_b.sql", 2, "drop")],
    ]


def test_files_of_one_way(tmp_path: Path) -> None:
    chain = read(
        tmp_path, {"1_a.up.sql": "-- Up Migration\nSELECT 1;\n", "1_a.down.sql": "SELECT 2;\n", "2_b.sql": BOTH}
    )
    assert applied(chain) == ["1_a.up.sql", "2_b.sql"]
    assert ways_back(chain) == {"1": "1_a.down.sql", "2": "2_b.sql"}


def test_what_is_no_pair(tmp_path: Path) -> None:
    assert refused(tmp_path, {"1_a.up.sql": UP, "1_a.sql": UP, "2_b.down.sql": UP}) == (
        "node-pg-migrate refuses these files:\n"
        "  2_b.down.sql has no 2_b.up.sql\n"
        "  1_a.sql and 1_a.up.sql are both there\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: give each migration one way up"
    )


def test_a_way_back_without_a_way_up(tmp_path: Path) -> None:
    assert refused(tmp_path, {"1_a.sql": BOTH, "2_b.sql": "SELECT 1;\n-- Down Migration\nSELECT 2;\n"}) == (
        "2_b.sql says `-- Down Migration` and nowhere `-- Up Migration`: node-pg-migrate takes the whole file,"
        " the way back included, for the way up\n"
        "looked at:\n"
        "  ROOT/2_b.sql\n"
        "what to do: write -- Up Migration above the statements of the way up"
    )


def test_a_file_without_a_number(tmp_path: Path) -> None:
    assert refused(tmp_path, {"1_a.sql": BOTH, "users.sql": BOTH}) == (
        "node-pg-migrate stops at these files: users.sql does not begin with a number\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: rename it, or move it out of the directory: node-pg-migrate cannot tell when to run it"
    )


def test_only_steps_that_are_not_run(tmp_path: Path) -> None:
    said = refused(tmp_path, {"1_a.js": CODE})
    assert "holds no migrations\n" in said
    assert "1_a.js: a migration in JavaScript, which is not run here" in said


def test_each_file_is_in_a_transaction(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "1_users.sql": BOTH,
        "2_seen.sql": "CREATE TABLE seen AS SELECT id, name FROM pgmigrations;\n",
        "3_index.sql": "-- Up Migration\nCREATE INDEX CONCURRENTLY late ON users (id);\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "failed"]
        assert query(replay, "SELECT seen::text FROM seen") == "(1,1_users)"


def test_what_the_commands_of_the_project_say(tmp_path: Path, server: Server) -> None:
    package = """{"scripts": {
        "up": "node-pg-migrate up -s shop --create-schema --migrations-table=done && psql -t x",
        "down": "npm run migrate -- --ignore-pattern '.*_old[.]sql'"
    }}"""
    look = "-- Up Migration\nCREATE TABLE seen AS SELECT name FROM done;\n"
    files: Files = {"package.json": package, "db/1_a.sql": BOTH, "db/2_b.sql": look, "db/3_old.sql": "SELECT 3;\n"}
    chain = read(tmp_path, files, "db")
    assert applied(chain) == ["1_a.sql", "2_b.sql"]
    assert aside(chain) == {"3_old.sql": "../package.json says to ignore it (.*_old[.]sql)"}
    assert chain.notes == ()
    with replayed(server, tmp_path / "db", {}) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied"]
        assert query(replay, "SELECT name FROM shop.seen") == "1_a"
        assert query(replay, "SELECT count(*) FROM shop.done") == 2


def test_its_configuration_wins_and_code_is_not_read(tmp_path: Path) -> None:
    package = '{"scripts": {"a": "node-pg-migrate up -t one", "b": "node-pg-migrate up -t two -s $SCHEMA"}}'
    config = '{"db": {"url": "postgres://nobody", "schema": ["shop", "public"], "migrations-schema": "meta"}}'
    files: Files = {"package.json": package, "config/default.json": config, "db/1_a.sql": BOTH}
    chain = read(tmp_path, files | {"config/default.ts": "export default { db: { schema: 'x' } }"}, "db")
    assert chain.records is not None
    assert chain.records.table == "meta.pgmigrations"
    assert [each.file for each in chain.base] == ["../config/default.json"]
    assert "search_path = shop, public'" in chain.base[0].text
    assert chain.notes == (
        "../package.json says --migrations-table as one and as two: it is not obeyed, for nothing tells which holds"
        " here",
        "../package.json says --schema as $SCHEMA: it is not obeyed, for nothing tells which holds here",
        "../config/default.ts configures node-pg-migrate in code, which is not run: what it says of schemas, of files"
        " to leave out and of the table of applied versions is not known here; write it into config/default.json, or as"
        " options into the commands of package.json",
    )


def test_a_pattern_that_is_none(tmp_path: Path) -> None:
    files: Files = {"config/default.json": '{"db": {"ignore-pattern": "("}}', "db/1_a.sql": BOTH}
    assert refused(tmp_path, files, "db").startswith("ignore-pattern '(' is no regular expression here\n")
