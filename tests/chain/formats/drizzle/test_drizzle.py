"""Chains as Drizzle's migrator applies them."""

from __future__ import annotations

import json
from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding
from migrate_validate.postgres import Server
from migrate_validate.rules import Registry
from tests.chain.formats.chains import Files, applied, aside, read, refused
from tests.replay.chains import outcomes, query, replayed

USERS = "CREATE TABLE users (id int PRIMARY KEY);\n--> statement-breakpoint\nCREATE INDEX ON users (id);\n"
MAIL = "ALTER TABLE users ADD COLUMN mail text;\n"


def journal(*tags: str, dialect: str = "postgresql") -> str:
    entries = [{"idx": place, "when": 1000 + place, "tag": tag, "breakpoints": True} for place, tag in enumerate(tags)]
    return json.dumps({"version": "7", "dialect": dialect, "entries": entries})


def test_the_journal_gives_the_order(tmp_path: Path) -> None:
    files: Files = {
        "meta/_journal.json": journal("0001_users", "0000_mail"),
        "0000_mail.sql": MAIL,
        "0001_users.sql": USERS,
        "0002_lost.sql": MAIL,
        "schema.ts": "",
        "relations.json": "{}",
    }
    chain = read(tmp_path, files)
    assert (chain.format, chain.recognized) == ("drizzle", "meta/_journal.json is Drizzle's journal")
    assert applied(chain) == ["0001_users.sql", "0000_mail.sql"]
    assert [(each.version, each.name) for each in chain.migrations] == [("0001", "users"), ("0000", "mail")]
    assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}
    assert aside(chain) == {
        "0002_lost.sql": "meta/_journal.json does not name it: drizzle never applies it",
        "meta": "the journal, and snapshots of what the migrations lead to",
        "relations.json": "no migration of Drizzle's",
        "schema.ts": "TypeScript: a declaration, not a step",
    }


def test_passed_over_for_a_time_that_is_not_later(tmp_path: Path) -> None:
    """Databases in use never get it; a journal after a merge looks so."""
    entries = [{"tag": "0000_a", "when": 10}, {"tag": "0001_b", "when": 30}, {"tag": "0002_c", "when": 20}]
    files: Files = {f"{each['tag']}.sql": "SELECT 1;\n" for each in entries}
    chain = read(tmp_path, files | {"meta/_journal.json": json.dumps({"entries": entries})})
    rule = Registry.load().find("passed-over")
    assert rule is not None
    (finding,) = rule.function(chain)
    assert isinstance(finding, Finding)
    assert finding.message == (
        "0002_c.sql is passed over: its `when` in meta/_journal.json (20) is not later than that of 0001_b (30), which"
        " comes before it: drizzle takes it for applied where that one is"
    )


def test_directories_of_version_1(tmp_path: Path) -> None:
    files: Files = {
        "20250102000000_mail/migration.sql": MAIL,
        "20250102000000_mail/snapshot.json": "{}",
        "20250101000000_users/migration.sql": USERS,
        "20250101000000_users/snapshot.json": "{}",
        "notes/x.txt": "",
    }
    chain = read(tmp_path, files)
    assert chain.recognized.endswith("holds migration.sql and snapshot.json, as Drizzle writes them")
    assert applied(chain) == ["20250101000000_users/migration.sql", "20250102000000_mail/migration.sql"]
    snapshot = "a snapshot of what the migration leads to"
    assert aside(chain) == {
        "20250101000000_users/snapshot.json": snapshot,
        "20250102000000_mail/snapshot.json": snapshot,
        "notes": "no migration of Drizzle's",
    }


def test_a_statement_ends_at_a_mark(tmp_path: Path) -> None:
    text = (
        "-- users\nCREATE TABLE a (id int)\n--> statement-breakpoint\nCREATE TABLE b (id int)--> statement-breakpoint\n"
    )
    chain = read(
        tmp_path, {"meta/_journal.json": journal("0000_a"), "0000_a.sql": text + "\n  CREATE TABLE c (id int)"}
    )
    found = statements(chain.migrations[0].up)
    assert [(each.kind, each.location.line, each.location.column) for each in found] == [
        ("create", 2, 1),
        ("create", 4, 1),
        ("create", 6, 3),
    ]
    assert [each.sql for each in found] == [f"CREATE TABLE {name} (id int)" for name in "abc"]


def test_a_journal_that_names_no_file(tmp_path: Path) -> None:
    files: Files = {"meta/_journal.json": journal("0000_a", "0001_b", "0000_a"), "0000_a.sql": USERS}
    assert refused(tmp_path, files) == (
        "meta/_journal.json names what is not there, or twice:\n"
        "  0001_b.sql does not exist\n"
        "  0000_a.sql is named twice\n"
        "looked at:\n"
        "  ROOT/meta/_journal.json\n"
        "what to do: restore the file, or take its entry out of the journal: drizzle stops there"
    )


def test_another_dialect(tmp_path: Path) -> None:
    files: Files = {"meta/_journal.json": journal("0000_a", dialect="sqlite"), "0000_a.sql": USERS}
    assert refused(tmp_path, files) == (
        "meta/_journal.json says that these migrations are for sqlite, not for postgresql\n"
        "looked at:\n"
        "  ROOT/meta/_journal.json\n"
        "what to do: name migrations of the dialect postgresql: no other database is run here"
    )


def test_a_journal_that_cannot_be_read(tmp_path: Path) -> None:
    said = refused(tmp_path, {"meta/_journal.json": "<<<<<<< HEAD\n", "0000_a.sql": USERS})
    assert said.startswith("meta/_journal.json is no JSON: ")
    assert said.endswith("what to do: repair it (after a merge, keep the entries of both sides)")
    said = refused(tmp_path, {"meta/_journal.json": '{"entries": [{"tag": "0000_a"}]}'})
    assert said.startswith("meta/_journal.json is no journal: `entries` is not a list of objects")
    said = refused(tmp_path, {"meta/_journal.json": '{"entries": []}'})
    assert said.startswith(f"{tmp_path.name} is not laid out as Drizzle wants it: neither meta/_journal.json names")


def test_a_directory_without_a_time(tmp_path: Path) -> None:
    files: Files = {"users/migration.sql": USERS, "users/snapshot.json": "{}"}
    assert refused(tmp_path, files) == (
        "drizzle cannot tell when these migrations were made: users/\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: let the name begin with the 14 digits of a time, as 20250102030405_name"
    )


def test_each_file_is_in_a_transaction(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "meta/_journal.json": journal("0000_users", "0001_seen", "0002_index"),
        "0000_users.sql": USERS,
        "0001_seen.sql": "CREATE TABLE seen AS SELECT length(hash), created_at FROM drizzle.__drizzle_migrations;\n",
        "0002_index.sql": "CREATE INDEX CONCURRENTLY late ON users (id);\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "failed"]
        assert query(replay, "SELECT seen::text FROM seen") == "(64,1000)"
        failure = replay.timeline.steps[2].run.failure
        assert failure is not None
        assert failure.sqlstate == "25001"
