"""Chains as Diesel reads and applies them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import applied, aside, read, refused, sent
from tests.replay.chains import failure_of, outcomes, query, replayed

USERS = "CREATE TABLE users (id int PRIMARY KEY);\n"
SETUP = "00000000000000_diesel_initial_setup"
NO_TRANSACTION = "run_in_transaction = false\n"


def test_order_pairs_and_what_is_set_aside(tmp_path: Path) -> None:
    chain = read(
        tmp_path,
        {
            f"{SETUP}/up.sql": "SELECT 1;",
            "2024-01-02-030405-0000_b_c/up.sql": USERS,
            "2024-01-02-030405-0000_b_c/down.sql": "DROP TABLE users;",
            "20230102030405_a/up.sql": USERS,
            "20230102030405_a/down.sql": "",
            "20220102030405/up.sql": USERS,
            "README.md": "",
            "notes.sql": "",
            ".keep/up.sql": "",
        },
    )
    assert (chain.format, chain.recognized) == ("diesel", f"{SETUP}/ is Diesel's")
    assert applied(chain) == [
        f"{SETUP}/up.sql",
        "20220102030405/up.sql",
        "20230102030405_a/up.sql",
        "2024-01-02-030405-0000_b_c/up.sql",
    ]
    versions = ["00000000000000", "20220102030405", "20230102030405", "202401020304050000"]
    assert [each.version for each in chain.migrations] == versions
    assert [each.name for each in chain.migrations] == ["diesel_initial_setup", "", "a", "b_c"]
    assert [each.down.file if each.down else None for each in chain.migrations] == [
        *(None, None, "20230102030405_a/down.sql", "2024-01-02-030405-0000_b_c/down.sql")
    ]
    assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}
    assert aside(chain) == {
        ".keep": "hidden: its name begins with a dot",
        "README.md": "Markdown: a text for people",
        "notes.sql": "Diesel reads only directories with up.sql",
    }


def test_how_it_is_recognized(tmp_path: Path) -> None:
    chain = read(tmp_path, {"plain/1_a/up.sql": USERS}, "plain")
    assert (chain.format, chain.recognized) == ("diesel", "1_a/ holds up.sql")
    marked = read(tmp_path, {"meta/1_a/up.sql": USERS, "meta/1_a/metadata.toml": NO_TRANSACTION}, "meta")
    assert marked.recognized == "1_a/metadata.toml is Diesel's"
    crate = read(tmp_path, {"crate/diesel.toml": "", "crate/migrations/1_a/up.sql": USERS}, "crate")
    assert crate.recognized == "diesel.toml is Diesel's"
    assert applied(crate) == ["migrations/1_a/up.sql"]
    assert aside(crate) == {"diesel.toml": "the configuration of Diesel"}
    assert read(tmp_path, {}, "crate/migrations").recognized == "../diesel.toml is Diesel's"


def test_the_directory_that_the_configuration_names(tmp_path: Path) -> None:
    config = '[migrations_directory]\ndir = "db/steps"\n'
    chain = read(tmp_path, {"diesel.toml": config, "db/steps/1_a/up.sql": USERS})
    assert applied(chain) == ["db/steps/1_a/up.sql"]
    assert refused(tmp_path, {"diesel.toml": "[migrations_directory]\ndir = 1\n"}).startswith(
        "diesel.toml: migrations_directory.dir is no text\n"
    )
    assert refused(tmp_path, {"diesel.toml": "dir = \n"}).startswith("diesel.toml cannot be read: ")


@pytest.mark.parametrize(
    ("metadata", "sends"),
    [
        (NO_TRANSACTION, Sends.MESSAGE),
        ("run_in_transaction = true\n", Sends.TRANSACTION),
        ("", Sends.MESSAGE),
    ],
)
def test_metadata(tmp_path: Path, metadata: str, sends: Sends) -> None:
    written: dict[str, str | bytes] = {"1_a/up.sql": USERS, "1_a/down.sql": USERS, "1_a/metadata.toml": metadata}
    (migration,) = read(tmp_path, written).migrations
    assert migration.down is not None
    assert (migration.up.sends, migration.down.sends) == (sends, sends)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"2_b/up.sql": ""}, "2_b/up.sql is empty, which Diesel refuses: a comment is enough"),
        ({"2_b/down.sql": USERS}, "2_b/ holds no up.sql"),
        ({"b/up.sql": USERS}, "b/ begins with no version: Diesel would order it as text"),
        (
            {"2_b/up.sql": USERS, "2_b/metadata.toml": "run_in_transaction = 'no'"},
            "2_b/metadata.toml: run_in_transaction is neither true nor false; Diesel would ignore it without a word",
        ),
        (
            {"2-3_b/up.sql": USERS, "23_c/up.sql": USERS},
            "version 23 is there more than once, and Diesel would run one of them only: 2-3_b/, 23_c/",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, bad: dict[str, str | bytes], said: str) -> None:
    message = refused(tmp_path, {"1_a/up.sql": USERS, **bad})
    assert message == f"Diesel refuses the migrations: {said}\nlooked at:\n  ROOT\nwhat to do: repair them"


def test_metadata_that_is_no_toml(tmp_path: Path) -> None:
    message = refused(tmp_path, {"1_a/up.sql": USERS, "1_a/metadata.toml": "run in transaction"})
    assert message.startswith("Diesel refuses the migrations: 1_a/metadata.toml: metadata.toml cannot be read: ")
    assert "; Diesel would ignore it without a word\n" in message


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        f"{SETUP}/up.sql": "SELECT 1;",
        "1-1_users/up.sql": USERS,
        "2_index/up.sql": "CREATE INDEX CONCURRENTLY ON users (id);",
        "2_index/metadata.toml": NO_TRANSACTION,
        "3_seen/up.sql": "CREATE TABLE seen AS SELECT version FROM __diesel_schema_migrations;",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 4
        assert query(replay, "SELECT string_agg(version, ',' ORDER BY version) FROM seen") == "00000000000000,11,2"


def test_several_statements_in_no_transaction_are_one(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        "1_users/up.sql": USERS,
        "2_index/up.sql": "CREATE INDEX CONCURRENTLY ON users (id);\nSELECT 1;",
        "2_index/metadata.toml": NO_TRANSACTION,
    }
    with replayed(server, tmp_path, chain) as replay:
        failure = failure_of(replay.timeline.steps[1].run)
        assert failure.message == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
        assert str(failure.location) == "2_index/up.sql:1:1"


def test_the_server_gets_the_file_as_it_is(server: Server, tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"1_a/up.sql": "SELECT 1;\n\\echo x\n"}).migrations
    assert [place for place, _ in sent(migration.up)] == ["1:1"]
    with replayed(server, tmp_path, {}) as replay:
        failure = failure_of(replay.timeline.steps[0].run)
        assert (failure.message, str(failure.location)) == ('syntax error at or near "\\"', "1_a/up.sql:2:1")
