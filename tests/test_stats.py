"""The statistics of a real database: right, read only, and without a password."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.cli import main
from migrate_validate.errors import ConfigError, ServerError
from migrate_validate.postgres import Server
from migrate_validate.postgres.databases import Database
from migrate_validate.statistics import Limits, load_statistics
from migrate_validate.stats import write_statistics
from tests.support.dsns import dsn_of

SCHEMA = """
create table orders (id int primary key, note text);
insert into orders select n, repeat('x', 100) from generate_series(1, 5000) as n;
create index on orders (note);
create schema app;
create table app.parts (id int primary key) partition by range (id);
create table app.parts_1 partition of app.parts for values from (0) to (1000);
create table app.parts_2 partition of app.parts for values from (1000) to (2000);
insert into app.parts select generate_series(1, 1500);
create table empty (id int);
create materialized view totals as select count(*) from orders;
analyze;
"""


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with server.create_database("stats") as made:
        with made.connect() as connection:
            connection.execute(SCHEMA.encode())
        yield made


def written(target: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(target.read_text())
    return content


def test_sizes_and_rows(server: Server, database: Database, tmp_path: Path) -> None:
    target = tmp_path / "stats.json"
    said = write_statistics(target, dsn_of(server, database, password="s3cret"), seconds=0.1)
    content = written(target)
    assert list(content) == ["schema", "tool", "server", "database", "taken_at", "counted", "seconds", "tables"]
    tables = content["tables"]
    assert {name: table["rows"] for name, table in tables.items()} == {
        "app.parts": 1500,
        "app.parts_1": 999,
        "app.parts_2": 501,
        "public.empty": 0,
        "public.orders": 5000,
        "public.totals": 1,
    }
    orders = tables["public.orders"]
    assert orders["bytes"] == orders["heap_bytes"] + orders["index_bytes"]
    with database.connect() as connection:
        sizes = connection.execute("select pg_total_relation_size('orders'), pg_indexes_size('orders')").fetchone()
    assert sizes == (orders["bytes"], orders["index_bytes"])
    assert tables["app.parts"]["bytes"] == tables["app.parts_1"]["bytes"] + tables["app.parts_2"]["bytes"]
    assert content["server"].startswith("PostgreSQL ")
    assert content["database"] == database.name
    assert "two samples, 0." in said
    assert "6 tables of the database" in said
    assert "s3cret" not in target.read_text() + said
    assert load_statistics("stats.json", Limits(), [tmp_path]).tables["public.orders"].rows == 5000


def test_writes_between_two_samples(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes(seconds: float) -> None:
        assert seconds == 3.0
        with database.connect() as connection:
            connection.execute("insert into empty select generate_series(1, 700)")
            connection.execute("update orders set note = 'y' where id <= 50")
            for table in ("empty", "orders"):
                connection.execute(f"select count(*) from {table}".encode())
        wait_for_counters(database)

    monkeypatch.setattr("migrate_validate.stats.time.sleep", writes)
    write_statistics(tmp_path / "stats.json", dsn_of(server, database), seconds=3.0)
    content = written(tmp_path / "stats.json")
    rates = {name: table["writes_per_second"] for name, table in content["tables"].items()}
    assert rates["public.empty"] * content["seconds"] == pytest.approx(700, rel=0.1)
    assert rates["public.orders"] * content["seconds"] == pytest.approx(50, rel=0.1)
    assert rates["app.parts"] == 0
    assert content["tables"]["public.empty"]["reads_per_second"] > 0


def wait_for_counters(database: Database) -> None:
    """Until others see what a session that has ended did."""
    query = "select n_tup_ins from pg_stat_user_tables where relname = 'empty'"
    for _ in range(500):
        with database.connect() as connection:
            if connection.execute(query).fetchone() == (700,):
                return
        threading.Event().wait(0.02)
    raise AssertionError("the server does not count")


def test_counters_since_their_reset(
    server: Server, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.connect() as connection:
        connection.execute("select pg_stat_reset()")
        connection.execute("insert into empty select generate_series(1, 700)")
    wait_for_counters(database)
    monkeypatch.setattr("migrate_validate.stats.SHORTEST", 0.0)
    said = write_statistics(tmp_path / "stats.json", dsn_of(server, database))
    assert "counted for 0.0 h" in said
    content = written(tmp_path / "stats.json")
    counted = content["tables"]["public.empty"]["writes_per_second"] * content["seconds"]
    assert counted == pytest.approx(700, rel=0.1)
    monkeypatch.undo()
    monkeypatch.setattr("migrate_validate.stats.WINDOW", 0.1)
    said = write_statistics(tmp_path / "stats.json", dsn_of(server, database))
    assert "two samples, 0.1 s apart" in said, "counters that were reset just now say nothing"


def test_nothing_is_written_there(server: Server, database: Database, tmp_path: Path) -> None:
    def transaction() -> Any:
        with database.connect() as connection:
            return connection.execute("select pg_snapshot_xmax(pg_current_snapshot())").fetchone()

    with database.connect() as connection:
        connection.execute("alter role current_user set default_transaction_read_only = on")
    try:
        before = transaction()
        write_statistics(tmp_path / "stats.json", dsn_of(server, database), seconds=0.01)
        assert transaction() == before
    finally:
        with database.connect() as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute("alter role current_user reset default_transaction_read_only")


def test_a_locked_table_is_not_waited_for(server: Server, database: Database, tmp_path: Path) -> None:
    with database.connect() as connection, connection.transaction():
        connection.execute("lock table orders in access exclusive mode")
        with pytest.raises(ServerError, match="the statistics cannot be read: canceling statement due to lock timeout"):
            write_statistics(tmp_path / "stats.json", dsn_of(server, database), seconds=0.01)
    assert not (tmp_path / "stats.json").exists()


def test_the_command(
    server: Server,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = {"PGHOST": server.host, "PGPORT": server.port, "PGUSER": server.user, "PGDATABASE": database.name}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    assert main(["stats", "--seconds=0.1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{tmp_path / 'stats.json'}: 6 tables of the database {database.name} (PostgreSQL ")
    assert "s3cret" not in told + (tmp_path / "stats.json").read_text()
    assert main(["stats", "else.json", "--seconds=0.1", "--dsn", "dbname=mv_nowhere password=s3cret"]) == 4
    told = capsys.readouterr().err
    assert "the statistics cannot be read: " in told
    assert 'database "mv_nowhere" does not exist' in told
    assert "what to do: name a database that this machine can reach" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("dsn", ["postgresql://me:s3cret@host:x:y/db", "password = s3cret s3cret"])
def test_a_connection_string_that_is_none_is_not_repeated(tmp_path: Path, dsn: str) -> None:
    with pytest.raises((ConfigError, ServerError)) as raised:
        write_statistics(tmp_path / "stats.json", dsn)
    assert "s3cret" not in str(raised.value)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stats\.json cannot be written: there is no such directory"):
        write_statistics(tmp_path / "nowhere/stats.json", "")
