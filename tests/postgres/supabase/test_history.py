"""What Supabase's command line does around each file: the record of migrations, exposure, seeds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import ChainError
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.postgres.environments import build, choose
from migrate_validate.replay.replay import Replay, replay_chain

FILES = {
    "supabase/migrations/20250101000000_first.sql": (
        "select set_config('search_path', '', false);\nset role anon; reset role;\n"
        "create table public.t (id int primary key);\n"
    ),
    # It sees the one before it, and not itself.
    "supabase/migrations/20250102000000_second_one.sql": (
        "create table seen as select version, name, statements from supabase_migrations.schema_migrations;\n"
    ),
}


def chain_of(folder: Path, files: dict[str, str]) -> Chain:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_chain(folder / "supabase", Settings(), rootdir=folder)


def applied(chain: Chain, server: Server) -> Replay:
    replay = replay_chain(chain, Settings(statement_timeout=20), server, choose(chain, None))
    failures = [step.run.failure for step in replay.timeline.steps if step.run.failure]
    assert failures == []
    return replay


def rows(replay: Replay, query: str) -> list[tuple[Any, ...]]:
    with replay.database.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def test_migrations_are_recorded_as_the_command_line_does(server: Server, tmp_path: Path) -> None:
    replay = applied(chain_of(tmp_path, FILES), server)
    with replay.database:
        record = "select version, name, statements from supabase_migrations.schema_migrations order by 1"
        first = (
            "20250101000000",
            "first",
            [
                "select set_config('search_path', '', false)",
                "set role anon",
                "reset role",
                "create table public.t (id int primary key)",
            ],
        )
        found = rows(replay, record)
        assert [row[:2] for row in found] == [first[:2], ("20250102000000", "second_one")]
        assert found[0] == first
        assert rows(replay, "select * from public.seen") == [first]


def test_a_chain_may_drop_the_record(server: Server, tmp_path: Path) -> None:
    files = FILES | {"supabase/migrations/20250103000000_drop.sql": "drop table supabase_migrations.schema_migrations"}
    replay = applied(chain_of(tmp_path, files), server)
    with replay.database:
        assert rows(replay, "select to_regclass('supabase_migrations.schema_migrations')::text") == [(None,)]


_PRIVILEGES = """
    select array_agg(p order by p)
    from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as p
    where has_table_privilege('anon', 'public.t', p)
"""


@pytest.mark.parametrize(
    ("config", "privileges"),
    [
        ("", ["DELETE", "INSERT", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]),
        ("[api]\nauto_expose_new_tables = true\n", ["DELETE", "INSERT", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]),
        # TRUNCATE is not taken away, by the service neither.
        ("[api]\nauto_expose_new_tables = false\n", ["TRIGGER", "TRUNCATE"]),
    ],
)
def test_new_tables_are_exposed_as_the_configuration_says(
    server: Server, tmp_path: Path, config: str, privileges: list[str]
) -> None:
    replay = applied(chain_of(tmp_path, FILES | {"supabase/config.toml": config}), server)
    with replay.database:
        assert rows(replay, _PRIVILEGES) == [(privileges,)]


def test_exposure_that_is_neither_true_nor_false(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"config.toml: api.auto_expose_new_tables is not true or false"):
        chain_of(tmp_path, FILES | {"supabase/config.toml": "[api]\nauto_expose_new_tables = 'no'\n"})


def test_seeds_by_glob_are_loaded_in_order(server: Server, tmp_path: Path) -> None:
    files = FILES | {
        "supabase/config.toml": '[db.seed]\nsql_paths = ["./seeds/*.sql", "./last.sql"]\n',
        "supabase/seeds/b.sql": "insert into log (what) values ('b');",
        "supabase/seeds/a.sql": "create table log (n int generated always as identity, what text);",
        "supabase/last.sql": "insert into log (what) values ('last');",
    }
    replay = applied(chain_of(tmp_path, files), server)
    with replay.database:
        assert rows(replay, "select what from public.log order by n") == [("b",), ("last",)]


def test_who_drives_the_chain_again_leaves_the_role_demoted(server: Server, tmp_path: Path) -> None:
    superuser = "select rolsuper from pg_roles where rolname = 'postgres'"
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain_of(tmp_path, FILES), Settings(), options)) as evaluation:
        assert rows(evaluation.replay, superuser) == [(False,)]
        for _ in range(2):
            with evaluation.empty_database() as empty:
                assert rows(evaluation.replay, superuser) == [(True,)]
                with empty.connect("postgres") as connection:
                    schemas = connection.execute("select count(*) from pg_tables where schemaname = 'auth'").fetchone()
                    assert schemas == (23,)
            assert rows(evaluation.replay, superuser) == [(False,)]


def test_what_sends_requests_is_there_for_who_calls_it(server: Server, tmp_path: Path) -> None:
    files = FILES | {
        "supabase/migrations/20250103000000_call.sql": "select net.http_post(url := 'http://localhost');\n"
        "set role authenticated; select net.http_get(url := 'http://localhost'); reset role;\n"
    }
    chain = chain_of(tmp_path, files)
    assert choose(chain, None).extensions[-1] == "pg_net"
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, Settings(), options)) as evaluation:
        assert [step.run.failure for step in evaluation.timeline.steps] == [None] * 3
        assert rows(evaluation.replay, "select count(*) from net.http_request_queue") == [(2,)]
    files["supabase/migrations/20250102500000_net.sql"] = "create extension pg_net;"
    assert "pg_net" not in choose(chain_of(tmp_path, files), None).extensions


def test_a_file_is_run_once_a_server(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "platform.sql"
    file.write_text("create role mv_once; create schema once authorization mv_once; create table once.t (id int);")
    environment = choose(chain_of(tmp_path, FILES), str(file))
    for number in range(2):
        built = build(environment, server, "once")
        assert built.schemas == {"once"}
        with built.database, built.database.connect() as connection:
            connection.execute("insert into once.t values (1)")
            assert connection.execute("select count(*) from once.t").fetchone() == (1,), number


def test_what_the_tables_of_storage_refuse(server: Server, tmp_path: Path) -> None:
    text = "delete from storage.buckets where id = 'pictures';\n"
    allowed = "set local storage.allow_delete_query = 'true';\n"
    chain = chain_of(tmp_path, {"supabase/migrations/1_one.sql": allowed + text, "supabase/migrations/2_two.sql": text})
    steps = replay_chain(chain, Settings(), server, choose(chain, None)).timeline.steps
    assert [step.run.failure and step.run.failure.sqlstate for step in steps] == [None, "42501"]
    assert steps[1].advice[0] == (
        "Supabase refuses this since December 2025, on a fresh database too, where there is nothing to delete."
    )
    assert "SET LOCAL storage.allow_delete_query = 'true'" in steps[1].advice[1]
