"""Scripts as the runners of tools send them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends, TransactionMode
from migrate_validate.chain.statements import statements
from migrate_validate.chain.transactions import transaction_mode
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import replay_chain
from migrate_validate.replay.timeline import ScriptRun
from tests.replay.chains import FAST, chain_at, query
from tests.support.scripts import script

CONCURRENTLY = "CREATE INDEX CONCURRENTLY i ON t (a)"
OWN = "CREATE TABLE a (); COMMIT; CREATE TABLE b (); SELECT 1/0"


def sent(server: Server, folder: Path, text: str, sends: Sends) -> tuple[ScriptRun, str]:
    """What happened when a text was sent so, and the tables that it left."""
    chain = chain_at(folder, {"001_a.sql": text})
    (only,) = chain.migrations
    chain = replace(chain, migrations=(replace(only, up=replace(only.up, sends=sends)),))
    replay = replay_chain(chain, FAST, server, ENVIRONMENTS["plain"])
    with replay.database:
        left = query(
            replay,
            "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace",
        )
    return replay.timeline.steps[0].run, left or ""


@pytest.mark.parametrize(
    ("text", "sends", "mode"),
    [
        (CONCURRENTLY, Sends.AS_NEEDED, TransactionMode.NONE),
        (CONCURRENTLY, Sends.TRANSACTION, TransactionMode.FILE),
        (CONCURRENTLY, Sends.STATEMENTS, TransactionMode.NONE),
        (CONCURRENTLY, Sends.MESSAGE, TransactionMode.NONE),
        (f"SELECT 1; {CONCURRENTLY}", Sends.MESSAGE, TransactionMode.FILE),
        ("SELECT 1", Sends.STATEMENTS, TransactionMode.NONE),
        ("BEGIN; SELECT 1; COMMIT", Sends.TRANSACTION, TransactionMode.OWN),
    ],
)
def test_the_mode_follows_from_how_it_is_sent(text: str, sends: Sends, mode: TransactionMode) -> None:
    assert transaction_mode(statements(script(text)), sends)[0] is mode


@pytest.mark.parametrize(
    ("sends", "left"),
    [(Sends.AS_NEEDED, "a b"), (Sends.TRANSACTION, "a b"), (Sends.STATEMENTS, "a b"), (Sends.MESSAGE, "a")],
)
def test_what_a_failure_behind_a_commit_leaves(server: Server, tmp_path: Path, sends: Sends, left: str) -> None:
    """Behind its own COMMIT a wrapped script is in no transaction; those of one message are in the next one."""
    run, tables = sent(server, tmp_path, OWN, sends)
    assert run.failure is not None
    assert (run.failure.message, tables) == ("division by zero", left)


@pytest.mark.parametrize("sends", [Sends.TRANSACTION, Sends.MESSAGE])
def test_what_is_left_open_is_committed_by_the_runner(server: Server, tmp_path: Path, sends: Sends) -> None:
    run, tables = sent(server, tmp_path, "CREATE TABLE a (); COMMIT; BEGIN; CREATE TABLE b (); COMMIT; SELECT 1", sends)
    assert (run.failure, tables) == (None, "a b")


def test_a_begin_without_end(server: Server, tmp_path: Path) -> None:
    """Who wraps a script commits in the end, whoever has begun."""
    text = "BEGIN; CREATE TABLE a ()"
    assert sent(server, tmp_path, text, Sends.TRANSACTION)[1] == "a"
    run, tables = sent(server, tmp_path, text, Sends.MESSAGE)
    assert run.failure is not None
    assert run.failure.message.startswith("the file ends inside a transaction that it opened")
    assert tables == ""


def test_nothing_is_tried_without_the_transaction_of_the_runner(server: Server, tmp_path: Path) -> None:
    """Where the tool gives no other choice, neither does the replay."""
    text = "CREATE TABLE a (); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p()"
    found = {sends: sent(server, tmp_path, text, sends) for sends in Sends}
    assert {sends: tables for sends, (_, tables) in found.items()} == {
        Sends.AS_NEEDED: "a",
        Sends.TRANSACTION: "",
        Sends.STATEMENTS: "a",
        Sends.MESSAGE: "",
    }
    assert {sends for sends, (run, _) in found.items() if run.failure} == {Sends.TRANSACTION, Sends.MESSAGE}
