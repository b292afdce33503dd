"""The rows of a real database that stand in the way: told as text, and nothing is written or locked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.cli import main
from migrate_validate.errors import ChainError, ConfigError, ServerError
from migrate_validate.postgres import Server
from migrate_validate.postgres.databases import Database
from migrate_validate.preflight import Preflight, preflight
from tests.support.dsns import dsn_of

DATABASE = """
create table plans (id int primary key, name text);
create table users (id int primary key, email text, phone text, plan_id int, members int default 0, active bool);
create table cards (user_id int references users, number text);
insert into plans values (1, 'free');
insert into users values
  (1, 'a@x', '12', 1, 2, true), (2, 'A@x', '34', 1, 0, true), (3, null, '5x', 7, 0, true),
  (4, 'd@x', null, null, 0, null);
insert into users select n, n || '@y', n::text, 1, 0, true from generate_series(11, 20) as n;
insert into cards values (1, '4111'), (1, '4222');
alter table cards add constraint later foreign key (user_id) references plans not valid;
insert into cards values (1, '4333');
create schema supabase_migrations;
create table supabase_migrations.schema_migrations (version text primary key);
insert into supabase_migrations.schema_migrations values ('001');
"""
CHAIN = {
    "001_shop.sql": "create table plans (id int primary key, name text);\n",
    "002_unique.sql": (
        "-- migrate-validate: assume unique lower(email) on users\n"
        "-- migrate-validate: assume no rows: select phone from users where phone !~ '^[0-9]+$'\n"
        "create unique index on users (lower(email));\n"
        "alter table users alter phone set not null, add foreign key (plan_id) references plans;\n"
        "alter table users add check (id < 100), add column country text not null;\n"
        "alter table plans alter name set not null;\n"
    ),
    "003_more.sql": (
        "-- migrate-validate: assume not null country on users\n"
        "-- migrate-validate: assume id > 0 on users\n"
        "update users set active = false where active is null;\n"
        "alter table users alter active set not null;\n"
        "alter table users rename email to mail;\n"
        "alter table plans alter name type int using name::int;\n"
    ),
    "migrate_validate.toml": (
        '[[expect.counters]]\ncolumn = "users.members"\ncounts = "cards"\nby = "user_id"\n'
        '[[expect.unique]]\ntable = "cards"\ncolumns = ["user_id"]\n'
    ),
}
TOLD = """\
chain against {about}: 2 pending: 002_unique.sql, 003_more.sql (supabase_migrations.schema_migrations has the others)

2 rows stand in the way of 002_unique.sql:1:1: no two rows of users have equal lower(email)
id    email
----  -------
1     a@x
2     A@x

1 row stands in the way of 002_unique.sql:2:1: this finds no rows: select phone from users where phone !~ '^[0-9]+$'
phone
-------
5x

1 row stands in the way of 002_unique.sql:4: no row of users has NULL in phone, which the statement demands
id    phone
----  -------
4     NULL

1 row stands in the way of 002_unique.sql:4: plan_id of every row of users exists in plans, or is NULL, which the \
statement demands
id    plan_id
----  ---------
3     7

14 rows stand in the way of 002_unique.sql:5: users has no rows, which the statement demands
id
----
1
2
3
4
11
... and 9 more

1 row stands in the way of 003_more.sql:6: {cast}, which the statement demands
id    name
----  ------
1     free

1 row stands in the way of counter-mismatch: public.users.members is wrong in 1 row: for id 1 it says 2, cards has 3
id    stored    counted
----  --------  ---------
1     2         3

3 rows stand in the way of duplicate-rows: 3 rows of public.cards share 1 value of (user_id)
rows    user_id
------  ---------
3       1

holds:
002_unique.sql:5  (id < 100) holds in every row of users, which the statement demands
002_unique.sql:6  no row of plans has NULL in name, which the statement demands
003_more.sql:2:1  id > 0 in every row of users
orphaned-rows     every row that a foreign key names is there

cannot be told yet:
003_more.sql:1:1  no row of users has NULL in country  there is no column country in users in this database; \
migrations that come before it may make it
003_more.sql:4    no row of users has NULL in active   statements before it may change the rows of public.users

4 hold, 8 do not, 0 not checked"""


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with server.create_database("preflight") as made:
        with made.connect() as connection:
            connection.execute(DATABASE.encode())
        yield made


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write(tmp_path, CHAIN)


def write(directory: Path, files: dict[str, str]) -> Path:
    folder = directory / "chain"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return directory


def test_the_whole_text(server: Server, database: Database, chain: Path) -> None:
    done = preflight(dsn_of(server, database), chain, "chain")
    cast = (
        "(pg_input_is_valid(name::text, 'int4')) holds in every row of plans"
        if server.version >= 160000
        else r"name matches '^\s*[-+]?[0-9]+\s*$' in every row of plans"
    )
    about = done.text.partition(": ")[0].removeprefix("chain against ")
    assert about.startswith(f"{database.name} (PostgreSQL {server.version // 10000}")
    assert done.text == TOLD.format(about=about, cast=cast)
    assert done.status == 1


def test_without_the_values_of_rows(server: Server, database: Database, chain: Path) -> None:
    done = preflight(dsn_of(server, database), chain, "chain", rows=False)
    assert done.status == 1
    for value in ("a@x", "A@x", "5x"):
        assert value not in done.text
    assert "no two rows of users have equal lower(email)\nid\n----\n1\n2\n" in done.text
    assert "where phone !~ '^[0-9]+$'\n\n" in done.text
    assert "share 1 value of (user_id)\nrows\n------\n3\n" in done.text


def test_a_value_in_a_message_is_not_shown_either(server: Server, database: Database, chain: Path) -> None:
    write(chain, {"002_unique.sql": "-- migrate-validate: assume check (phone::int > 0) on users\nselect 1;\n"})
    done = preflight(dsn_of(server, database), chain, "chain")
    assert (
        "rows stand in the way of 002_unique.sql:1:1: (phone::int > 0) holds in every row of users: invalid"
        in done.text
    )
    assert '"5x"' in done.text
    done = preflight(dsn_of(server, database), chain, "chain", rows=False)
    assert "5x" not in done.text
    assert "a value is not taken (SQLSTATE 22P02)" in done.text


def test_nothing_is_written(server: Server, database: Database, chain: Path) -> None:
    def state() -> Any:
        with database.connect() as connection:
            return connection.execute(
                "select pg_snapshot_xmax(pg_current_snapshot()), (select sum(n_tup_ins) from pg_stat_all_tables)"
            ).fetchone()

    write(
        chain,
        {
            "002_unique.sql": "-- migrate-validate: assume no rows: select nextval('numbers')\n"
            "-- migrate-validate: assume no rows: select setting from pg_settings where name in "
            "('transaction_read_only', 'default_transaction_read_only') and setting <> 'on'\n"
            "-- migrate-validate: assume no rows: select set_config('transaction_read_only', 'off', true)\n"
        },
    )
    with database.connect() as connection:
        connection.execute("create sequence numbers")
    before = state()
    done = preflight(dsn_of(server, database), chain, "chain")
    assert state() == before
    assert "cannot execute nextval() in a read-only transaction (SQLSTATE 25006)" in done.text
    assert "cannot set transaction read-write mode" in done.text
    assert "002_unique.sql:2:1  this finds no rows: select setting" in done.text.partition("holds:")[2]


def test_only_access_share_is_locked(server: Server, database: Database, chain: Path) -> None:
    slow = "-- migrate-validate: assume no rows: select id from users where email is null and pg_sleep(0.3) is null\n"
    write(chain, {"002_unique.sql": slow + CHAIN["002_unique.sql"]})
    done = threading.Event()
    modes: set[tuple[str, str]] = set()

    def look() -> None:
        with database.connect() as connection:
            while not done.is_set():
                modes.update(
                    connection.execute(
                        "select l.mode, a.application_name from pg_locks l join pg_stat_activity a using (pid) "
                        "where a.application_name = 'migrate-validate preflight' and l.locktype = 'relation'"
                    ).fetchall()
                )
                time.sleep(0.002)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        # A writer who has not committed is not waited for, and does not wait.
        with database.connect() as writer, writer.transaction(force_rollback=True):
            writer.execute("update users set phone = '1'")
            preflight(dsn_of(server, database), chain, "chain")
            writer.execute("delete from cards")
    finally:
        done.set()
        looking.join()
    assert modes == {("AccessShareLock", "migrate-validate preflight")}


def test_what_is_locked_or_too_slow_is_not_checked(server: Server, database: Database, chain: Path) -> None:
    write(
        chain,
        {
            "002_unique.sql": "-- migrate-validate: assume no rows: select pg_sleep(10)\n"
            "-- migrate-validate: assume not null id on users\nselect 1;\n",
            "003_more.sql": "select 1;\n",
        },
    )
    (chain / "chain/migrate_validate.toml").unlink()
    done = preflight(dsn_of(server, database), chain, "chain", statement_timeout=0.2)
    assert done.status == 2
    assert "not checked:\n002_unique.sql:1:1  this finds no rows: select pg_sleep(10)" in done.text
    assert "it takes longer than 0.2 s (--statement-timeout)" in done.text
    assert "2 hold, 0 do not, 1 not checked" in done.text


def test_a_locked_table_is_not_waited_for(server: Server, database: Database, chain: Path) -> None:
    write(
        chain,
        {
            "002_unique.sql": "-- migrate-validate: assume no rows: select pg_sleep(1) from plans where id = 1\n"
            "-- migrate-validate: assume not null id on users\nselect 1;\n",
            "003_more.sql": "select 1;\n",
            "migrate_validate.toml": "",
        },
    )
    told: list[Preflight] = []
    asking = threading.Thread(target=lambda: told.append(preflight(dsn_of(server, database), chain, "chain")))
    asking.start()
    sleeping = "select from pg_stat_activity where query like '%pg_sleep(1)%' and application_name like '%preflight'"
    with database.connect() as other:
        while asking.is_alive() and not other.execute(sleeping.encode()).fetchall():
            time.sleep(0.01)
        with other.transaction():
            other.execute("lock table users in access exclusive mode")
            asking.join()
            with pytest.raises(ServerError) as raised:
                preflight(dsn_of(server, database), chain, "chain")
    (done,) = told
    assert done.status == 1
    assert "no row of users has NULL in id" in done.text
    assert "another session has locked the table, for longer than 1 s" in done.text
    assert "a table is locked by another session, for longer than 1 s" in str(raised.value)


def test_rows_that_the_role_may_not_see(server: Server, database: Database, chain: Path) -> None:
    with database.connect() as connection:
        connection.execute(
            "alter table users enable row level security; create role mv_preflight login; "
            "grant select on users to mv_preflight; create policy own on users using (id = 1)"
        )
    try:
        done = preflight(dsn_of(server, database, user="mv_preflight"), chain, "chain", applied="001")
        assert done.status == 2
        assert "query would be affected by row-level security policy" in done.text
        assert "permission denied for table plans" in done.text
    finally:
        with database.connect() as connection:
            connection.execute("drop owned by mv_preflight; drop role mv_preflight")


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (
            "drop schema supabase_migrations cascade",
            "all 3 migrations are taken for pending, for no table says what was applied (--applied=VERSION)",
        ),
        (
            "update supabase_migrations.schema_migrations set version = 'x'",
            "all 3 migrations are taken for pending, for supabase_migrations.schema_migrations names none of the files",
        ),
        (
            "drop schema supabase_migrations cascade; create table migrations (filename text); "
            "insert into migrations values ('001_shop.sql'), ('002_unique.sql')",
            "1 pending: 003_more.sql (public.migrations has the others)",
        ),
        (
            "drop schema supabase_migrations cascade; create table schema_migrations (version bigint, dirty bool); "
            "insert into schema_migrations values (2, false)",
            "1 pending: 003_more.sql (public.schema_migrations has the others)",
        ),
        (
            "insert into supabase_migrations.schema_migrations values ('002'), ('003')",
            "no migration is pending (supabase_migrations.schema_migrations has the others)",
        ),
    ],
)
def test_what_was_applied(server: Server, database: Database, chain: Path, history: str, told: str) -> None:
    with database.connect() as connection:
        connection.execute(history.encode())
    assert told in preflight(dsn_of(server, database), chain, "chain").text.splitlines()[0]


def test_the_command(
    server: Server,
    database: Database,
    chain: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(chain)
    dsn = dsn_of(server, database)
    assert main(["preflight", dsn, "chain", "--applied=002", "--no-rows", "--statement-timeout=10"]) == 1
    assert "1 pending: 003_more.sql\n" in capsys.readouterr().out
    (chain / "chain/migrate_validate.toml").unlink()
    (chain / "pyproject.toml").write_text('[tool.migrate_validate]\nmigrations = ["chain"]\n')
    assert main(["preflight", dsn, "--applied", "003_more.sql"]) == 0
    assert capsys.readouterr().out.endswith("1 hold, 0 do not, 0 not checked\n")
    assert main(["preflight", dsn, "--applied=004"]) == 4
    assert "--applied=004: there is no such migration" in capsys.readouterr().err
    assert main(["preflight", dsn, "chain", "--statement-timeout=0"]) == 4
    assert main(["preflight", "dbname=mv_nowhere password=s3cret host=" + server.host, "chain"]) == 4
    told = capsys.readouterr().err
    assert "the database cannot be asked: " in told
    assert "s3cret" not in told


def test_trouble(server: Server, database: Database, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no chain of migrations is named"):
        preflight("dbname=x", tmp_path)
    with pytest.raises(ChainError):
        preflight("dbname=x", tmp_path, "nowhere")
    write(tmp_path, {"001_a.sql": "-- migrate-validate: assume uniqe a on b\n-- migrate-validate: assume a is empty\n"})
    with pytest.raises(ConfigError, match="the connection string is none of PostgreSQL") as raised:
        preflight("password = s3cret s3cret", tmp_path, "chain")
    assert "s3cret" not in str(raised.value)
    with pytest.raises(ServerError, match="the database cannot be asked"):
        preflight(f"host={tmp_path} dbname=x", tmp_path, "chain")
    done = preflight(dsn_of(server, database), tmp_path, "chain", applied="none")
    assert done.status == 2
    assert "001_a.sql:1:1  assume uniqe a on b  it cannot be read: did you mean 'unique' by 'uniqe'?" in done.text
    assert "there is no table a in this database" in done.text
