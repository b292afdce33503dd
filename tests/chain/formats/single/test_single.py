"""One file of SQL as a chain: a script, or a plain dump of pg_dump."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from tests.replay.chains import FAST, outcomes, query

DUMP = (Path(__file__).parent / "dump.sql").read_bytes()
ROLES = ("shop_admin", "shop_app", "shop_owner")


@contextlib.contextmanager
def applied(server: Server, path: Path, settings: Settings = FAST) -> Iterator[Replay]:
    chain = read_chain(path, settings, rootdir=path.parent)
    replay = replay_chain(chain, settings, server, ENVIRONMENTS["plain"])
    with replay.database:
        yield replay


def failure(server: Server, path: Path) -> tuple[str, tuple[str, ...]]:
    with applied(server, path) as replay:
        (step,) = replay.timeline.steps
        assert step.run.failure is not None
        return f"{step.run.failure.location}: {step.run.failure.message}", step.advice


def test_a_dump_is_applied_whole(server: Server, tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_bytes(DUMP)
    (tmp_path / "roles.sql").write_text(" ".join(f"CREATE ROLE {name};" for name in ROLES))
    try:
        with applied(server, tmp_path / "dump.sql", replace(FAST, base=("roles.sql",))) as replay:
            assert outcomes(replay.timeline) == ["applied"]
            assert query(replay, "SELECT string_agg(name, '|' ORDER BY id) FROM shop.customer") == "a\tb|c\\d||--|;"
            assert query(replay, "SELECT nextval('shop.customer_id_seq')") == 6
            assert (
                query(replay, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'customer'") == "shop_owner"
            )
            assert query(replay, "SELECT current_setting('search_path')") == '"$user", public'
            assert query(replay, "SELECT count(*) FROM pg_policies") == 1
    finally:
        with server.connect("postgres") as connection:
            connection.autocommit = True
            connection.execute(f"DROP ROLE IF EXISTS {', '.join(ROLES)}".encode())


def test_roles_that_are_missing_are_named_together(server: Server, tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_bytes(DUMP)
    assert failure(server, tmp_path / "dump.sql") == (
        'dump.sql:28:1: role "shop_owner" does not exist',
        (
            'No file of the chain creates the role "shop_owner": roles belong to the whole server, and no dump holds '
            "them.",
            'Declare a file that makes them: base = ["roles.sql"] in the configuration, with '
            "CREATE ROLE shop_admin; CREATE ROLE shop_app; CREATE ROLE shop_owner;",
        ),
    )


def test_a_dump_of_a_newer_version(server: Server, tmp_path: Path) -> None:
    if server.version >= 170000:
        pytest.skip("this version has the setting")
    (tmp_path / "dump.sql").write_text("SET transaction_timeout = 0;\n")
    message, (told,) = failure(server, tmp_path / "dump.sql")
    assert message == 'dump.sql:1:1: unrecognized configuration parameter "transaction_timeout"'
    assert told.startswith(
        "PostgreSQL has transaction_timeout since version 17, and pg_dump of such a version writes it"
    )
    assert told.endswith("set postgres = 17 in the configuration, or remove the line.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"CREATE DATABASE shop;\n\\connect shop\n",
            "dump.sql:2:1: the psql meta-command \\connect is refused: pg_dump --create and pg_dumpall write it; "
            "dump the one database without --create",
        ),
        (b"PGDMP\x01\x0e\xff", "dump.sql: it is an archive of pg_dump: pg_restore -f dump.sql ARCHIVE makes SQL of it"),
    ],
)
def test_other_dumps(server: Server, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "dump.sql").write_bytes(content)
    assert failure(server, tmp_path / "dump.sql") == (message, ())


def test_what_else_a_single_file_is(tmp_path: Path) -> None:
    for name in ("003_c.sql", "003_c_rollback.sql", "plain.sql"):
        (tmp_path / name).write_text("SELECT 1;\n")
    numbered = read_chain("003_c.sql", FAST, rootdir=tmp_path)
    (migration,) = numbered.migrations
    assert (numbered.format, migration.version, migration.name) == ("sql", "003", "c")
    assert migration.down is not None
    (plain,) = read_chain("plain.sql", FAST, rootdir=tmp_path).migrations
    assert (plain.version, plain.name, plain.down) == ("plain", "plain", None)
