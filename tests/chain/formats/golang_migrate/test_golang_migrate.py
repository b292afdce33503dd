"""Chains as golang-migrate reads and applies them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends, TransactionMode
from migrate_validate.chain.reader import read_chain
from migrate_validate.errors import ChainError
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused
from tests.replay.chains import FAST, failure_of, outcomes, query, replayed

USERS = "CREATE TABLE users (id int PRIMARY KEY);\n"
BESIDE = "10_c.d.up.sql has a .down.sql beside it, and nothing says that they are for another tool with such names"
PAIR: Files = {"1_users.up.sql": USERS, "1_users.down.sql": "DROP TABLE users;\n"}


def test_order_and_pairs(tmp_path: Path) -> None:
    names = ["000002_b.up.sql", "10_c.d.up.sql", "20250102030405_e.up.pgsql"]
    others = ["10_c.d.down.sql", "11_gone.down.sql", "init.up.sql", "README.md", "embed.go"]
    ours = ["seed.sql", "validate_users.sql"]  # golang-migrate passes over them.
    others += ours
    chain = read(tmp_path, PAIR | dict.fromkeys([*names, *others], "SELECT 1;"))
    assert (chain.format, chain.recognized) == ("golang-migrate", BESIDE)
    assert applied(chain) == ["1_users.up.sql", *names]
    assert [(each.version, each.name) for each in chain.migrations[2:]] == [("10", "c.d"), ("20250102030405", "e")]
    assert [each.down.file if each.down else None for each in chain.migrations] == [
        *("1_users.down.sql", None, "10_c.d.down.sql", None)
    ]
    assert {each.up.sends for each in chain.migrations} == {Sends.MESSAGE}
    assert aside(chain) == {
        "11_gone.down.sql": "a way back without its migration",
        "README.md": "Markdown: a text for people",
        "embed.go": "no SQL",
        "init.up.sql": "its name does not begin with a version and _: golang-migrate passes over it",
    }
    assert [*(each.script.file for each in chain.seeds), *(each.file for each in chain.verifications)] == ours


def test_pairs_among_other_files_are_numbered_sql(tmp_path: Path) -> None:
    chain = read(tmp_path, PAIR | {"2_orders.sql": "SELECT 1;"})
    assert (chain.format, chain.recognized, len(chain.migrations)) == ("sql", "", 2)
    forced = read_chain(".", replace(FAST, format="golang-migrate"), rootdir=tmp_path)
    assert aside(forced) == {
        "2_orders.sql": "its name ends neither in .up.sql nor in .down.sql: golang-migrate passes over it"
    }


def test_one_version_twice(tmp_path: Path) -> None:
    assert refused(tmp_path, PAIR | {"001_other.up.sql": USERS}) == (
        "golang-migrate refuses the migrations: version 1 is there more than once (up): 001_other.up.sql,"
        " 1_users.up.sql\nlooked at:\n  ROOT\nwhat to do: give each file a version of its own"
    )


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "1_users.up.sql").write_text(USERS)
    with pytest.raises(ChainError, match=r"1_users\.up\.sql is no directory"):
        read_chain("1_users.up.sql", replace(FAST, format="golang-migrate"), rootdir=tmp_path)


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: Files = {
        **PAIR,
        "2_seen.up.sql": "CREATE TABLE seen AS SELECT version, dirty FROM schema_migrations;",
        "3_index.up.sql": "CREATE INDEX CONCURRENTLY users_id ON users (id);",
        "4_own.up.sql": "CREATE TABLE a (); BEGIN; CREATE TABLE b (); COMMIT; CREATE TABLE c (); CREATE TABLE d ();",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 4
        assert query(replay, "SELECT version || ' ' || dirty FROM seen") == "2 true"
        assert query(replay, "SELECT version || ' ' || dirty FROM schema_migrations") == "4 false"
        assert replay.timeline.tool_tables == {"public.schema_migrations"}
        modes = [step.run.mode for step in replay.timeline.steps]
        assert modes == [TransactionMode.FILE, TransactionMode.FILE, TransactionMode.NONE, TransactionMode.OWN]
        numbers = [run.transaction for run in replay.timeline.steps[3].run.statements if run.statement.kind == "create"]
        assert numbers == [0, 0, 1, 1]


def test_several_statements_of_one_message_are_a_transaction(server: Server, tmp_path: Path) -> None:
    chain: Files = {
        "1_a.up.sql": USERS + "CREATE INDEX CONCURRENTLY i ON users (id);",
        "1_a.down.sql": "DROP TABLE users;",
    }
    with replayed(server, tmp_path, chain) as replay:
        failure = failure_of(replay.timeline.steps[0].run)
        assert failure.message == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
        assert (failure.location.line, query(replay, "SELECT to_regclass('users')")) == (2, None)


def test_what_fails_behind_a_commit_of_its_own_leaves_the_rest(server: Server, tmp_path: Path) -> None:
    text = "BEGIN; CREATE TABLE a (); COMMIT; CREATE TABLE b (); SELECT 1/0;"
    with replayed(server, tmp_path, {"1_a.up.sql": text, "1_a.down.sql": "DROP TABLE a;"}) as replay:
        assert failure_of(replay.timeline.steps[0].run).message == "division by zero"
        assert query(replay, "SELECT concat(to_regclass('a'), to_regclass('b'))") == "a"
