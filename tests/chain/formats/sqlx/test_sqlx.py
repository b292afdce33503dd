"""Chains as SQLx reads and applies them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import applied, aside, read, refused
from tests.replay.chains import failure_of, outcomes, query, replayed

USERS = "CREATE TABLE users (id int PRIMARY KEY);\n"
CRATE = '[dependencies]\nsqlx = { version = "0.8", features = ["postgres"] }\n'
INDEX = "-- no-transaction\nCREATE INDEX CONCURRENTLY ON users (id);\n"


def test_order_pairs_and_what_is_set_aside(tmp_path: Path) -> None:
    ups = ["1_a.sql", "02_b_c.up.sql", "10_d.up.sql", "20240102030405_e.sql"]
    others = ["02_x.down.sql", "7_y.down.sql", "README.md", "seed.sql", "run.sh", "below/3_x.sql"]
    chain = read(
        tmp_path, {"Cargo.toml": CRATE, **{f"migrations/{name}": USERS for name in [*ups, *others]}}, "migrations"
    )
    assert (chain.format, chain.recognized) == ("sqlx", "../Cargo.toml is there for SQLx")
    assert applied(chain) == ups
    assert [each.version for each in chain.migrations] == ["1", "02", "10", "20240102030405"]
    assert [each.name for each in chain.migrations] == ["a", "b_c", "d", "e"]
    assert {each.file: each.down.file for each in chain.migrations if each.down} == {"02_b_c.up.sql": "02_x.down.sql"}
    assert aside(chain) == {
        "7_y.down.sql": "a way back without its migration",
        "README.md": "Markdown: a text for people",
        "seed.sql": "its name has no _: SQLx leaves it out",
        "run.sh": "no SQL",
        "below": "a directory: SQLx reads only the files beside the migrations",
    }


@pytest.mark.parametrize(
    ("beside", "format", "because"),
    [
        ({"crate/Cargo.toml": CRATE}, "sqlx", "../../Cargo.toml is there for SQLx"),
        ({"Cargo.toml": "[workspace.dependencies.sqlx]\n"}, "sqlx", "../../../Cargo.toml is there for SQLx"),
        ({"crate/.sqlx/query.json": ""}, "sqlx", "../../.sqlx is there for SQLx"),
        ({"crate/sqlx-data.json": ""}, "sqlx", "../../sqlx-data.json is there for SQLx"),
        ({"crate/db/steps/2_b.sql": INDEX}, "sqlx", "2_b.sql begins with `-- no-transaction`"),
        ({"Cargo.toml": CRATE, "crate/package.json": ""}, "sql", ""),
        ({"Cargo.toml": CRATE, "crate/.git/HEAD": ""}, "sql", ""),
        ({"crate/Cargo.toml": '[dependencies]\nsqlx-thing = "1"\n'}, "sql", ""),
    ],
)
def test_how_it_is_recognized(tmp_path: Path, beside: dict[str, str | bytes], format: str, because: str) -> None:
    chain = read(tmp_path, {"crate/db/steps/1_a.sql": USERS, ".git/HEAD": "", **beside}, "crate/db/steps")
    assert (chain.format, chain.recognized) == (format, because)


def test_one_file(tmp_path: Path) -> None:
    chain = read(tmp_path, {"1_a.up.sql": INDEX, "1_a.down.sql": USERS, "2_b.sql": USERS}, "1_a.up.sql")
    assert applied(chain) == ["1_a.up.sql"]
    assert chain.migrations[0].down is not None


def test_transactions(tmp_path: Path) -> None:
    texts: dict[str, str | bytes] = {
        "1_a.up.sql": USERS,
        "1_a.down.sql": INDEX,
        "2_b.sql": INDEX,
        "3_c.sql": f"\n{INDEX}",
    }
    first, second, third = read(tmp_path, texts).migrations
    assert first.down is not None
    assert (first.up.sends, first.down.sends) == (Sends.TRANSACTION, Sends.MESSAGE)
    assert (second.up.sends, third.up.sends) == (Sends.MESSAGE, Sends.TRANSACTION)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["2_b.sql", "02_c.sql"],
            "version 2 is there more than once (up), and SQLx can write it down only once: 02_c.sql, 2_b.sql",
        ),
        (
            ["2_b.sql", "2_c.down.sql", "2_d.down.sql"],
            "version 2 is there more than once (down), and SQLx can write it down only once:"
            " 2_c.down.sql, 2_d.down.sql",
        ),
        (["seed_users.sql"], "seed_users.sql: what stands before its first _ is no number"),
        (["9999999999999999999_x.sql"], "9999999999999999999_x.sql: what stands before its first _ is no number"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    message = refused(tmp_path, {"1_a.sql": INDEX, **dict.fromkeys(names, USERS)})
    assert message == f"SQLx refuses the migrations: {said}\nlooked at:\n  ROOT\nwhat to do: rename the files"


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        "1_some_users.up.sql": USERS,
        "1_some_users.down.sql": "DROP TABLE users;",
        "2_index.sql": INDEX,
        "3_seen.sql": "CREATE TABLE seen AS SELECT version, description, checksum FROM _sqlx_migrations;",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 3
        assert query(replay, "SELECT string_agg(description, ',' ORDER BY version) FROM seen") == "some users,index"
        digest = hashlib.sha384(USERS.encode()).digest()
        assert query(replay, "SELECT checksum FROM seen WHERE version = 1") == digest


def test_several_statements_in_no_transaction_are_one(server: Server, tmp_path: Path) -> None:
    with replayed(server, tmp_path, {"1_a.sql": USERS, "2_b.sql": f"{INDEX}SELECT 1;\n"}) as replay:
        failure = failure_of(replay.timeline.steps[1].run)
        assert failure.message == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
        assert replay.timeline.steps[1].advice == (
            "SQLx sends the file as one message, and PostgreSQL makes one transaction of several statements in one: put"
            " this one into a file of its own.",
        )
