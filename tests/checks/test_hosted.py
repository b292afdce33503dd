"""What the hosted Supabase refuses, beyond the cases: words that differ between versions, and what cannot be tried."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.findings import Finding
from migrate_validate.postgres import Server
from migrate_validate.rules import Registry
from tests.checks.test_cases import render, run_chain
from tests.replay.chains import write

service: Any = import_module("migrate_validate.checks._hosted.service")
RULE = Registry.load()["hosted-refuses"]
SEED = Registry.load()["hosted-refuses-seed"]
SUPABASE: dict[str, str | bytes] = {"migrate_validate.toml": 'environment = "supabase"\n'}


def refused(server: Server, folder: Path, *texts: str) -> list[str]:
    files: dict[str, str | bytes] = {f"{number:03}_step.sql": text for number, text in enumerate(texts, start=1)}
    write(folder, SUPABASE | files)
    results = run_chain(RULE, folder, server.version // 10000)
    return [f"{each.location}: {each.message}" if isinstance(each, Finding) else render(each) for each in results]


def test_what_pg_dump_writes_for_roles_of_the_service(server: Server, tmp_path: Path) -> None:
    why = (
        "permission denied to change default privileges"
        if server.version >= 160000
        else 'must be member of role "supabase_admin"'
    )
    assert refused(
        server,
        tmp_path,
        'ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "public" GRANT ALL ON TABLES TO "anon";\n'
        'ALTER DEFAULT PRIVILEGES FOR ROLE "supabase_admin" IN SCHEMA "public" GRANT ALL ON TABLES TO "anon";\n',
    ) == [f"001_step.sql:2:1: the hosted service refuses this: {why}"]


def test_each_migration_is_tried_in_the_state_that_a_superuser_left(server: Server, tmp_path: Path) -> None:
    found = refused(
        server,
        tmp_path,
        "CREATE FUNCTION auth.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE TABLE t (id int DEFAULT auth.mine());\nSET ROLE authenticated;\nSELECT auth.mine();\nRESET ROLE;",
        "BEGIN;\nCREATE ROLE boss SUPERUSER;\nCOMMIT;\nBEGIN;\nCREATE TABLE u (id int);\nCOMMIT;",
        "DROP ROLE boss;",
    )
    assert [each.partition(": the hosted service refuses this: ")[0] for each in found[:2]] == [
        "001_step.sql:1:1",
        "003_step.sql:2:1",
    ]


def test_what_an_sql_function_does_and_what_a_body_hides(server: Server, tmp_path: Path) -> None:
    """What has no statement of its own in plpgsql is done by a superuser as a whole."""
    assert refused(
        server,
        tmp_path,
        "CREATE FUNCTION opens() RETURNS int LANGUAGE sql AS $$ UPDATE storage.migrations SET hash = ''; SELECT 1 $$;\n"
        "CREATE FUNCTION twice() RETURNS int LANGUAGE plpgsql AS $$\n"
        "BEGIN\n"
        "    RETURN opens();\n"
        "END $$;\n"
        "DO LANGUAGE plpgsql $do$\n"
        "DECLARE one int := 1; BEGIN\n"
        "    UPDATE auth.users SET id = id; UPDATE storage.migrations SET hash = ''; -- DROP TABLE auth.users;\n"
        "    one := twice();\n"
        "    CREATE TABLE auth.last (id int);\n"
        "    IF FOUND THEN RAISE EXCEPTION 'found'; END IF;\n"
        "END $do$;\n"
        "SELECT opens();\n",
    ) == [
        f"001_step.sql:{place}: the hosted service refuses this: permission denied for {what}"
        for place, what in {
            "8:5": "table migrations",
            "9:5": "table migrations",
            "10:5": "schema auth",
            "13:1": "table migrations",
        }.items()
    ]


def test_bodies_of_a_file_without_a_transaction(server: Server, tmp_path: Path) -> None:
    assert refused(
        server,
        tmp_path,
        "CREATE TABLE a (id int);\n"
        "CREATE INDEX CONCURRENTLY ON a (id);\n"
        "DO $$\n"
        "BEGIN\n"
        "    CREATE TABLE auth.one (id int);\n"
        "    CREATE TABLE b (id int);\n"
        "    CREATE TABLE auth.two (id int);\n"
        "END $$;\n"
        "DO $$\n"
        "BEGIN\n"
        "    INSERT INTO b VALUES (1);\n"
        "    CREATE TABLE auth.three (id int);\n"
        "    COMMIT;\n"
        "    CREATE TABLE auth.four (id int);\n"
        "END $$;\n"
        "INSERT INTO auth.four SELECT id FROM auth.three;\n",
    ) == [
        f"001_step.sql:{place}: the hosted service refuses this: permission denied for schema auth"
        for place in ("5:5", "7:5", "12:5")
    ]


def test_a_seed_that_cannot_be_one_transaction(server: Server, tmp_path: Path) -> None:
    write(tmp_path, SUPABASE | {"001_a.sql": "CREATE TABLE a (id int);", "seed.sql": "VACUUM a;"})
    (result,) = run_chain(SEED, tmp_path, server.version // 10000)
    assert render(result) == (
        "unproven: seed.sql is no single transaction: it could not be tried as the role postgres of the service"
    )


def test_seeds_are_tried_where_they_come(server: Server, tmp_path: Path) -> None:
    """Behind what the migration before them leaves when it has ended, and behind each other."""
    seeds = (
        '[{ path = "first.sql", before = "001" }, { path = "second.sql", before = "003" }, "third.sql", "fourth.sql"]'
    )
    files: dict[str, str | bytes] = {
        "migrate_validate.toml": f'environment = "supabase"\nseeds = {seeds}\n',
        "first.sql": "CREATE TABLE early (id int PRIMARY KEY);\nCREATE TABLE auth.first (id int);",
        "001_a.sql": "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE a (id int PRIMARY KEY, mood mood);",
        "002_b.sql": "ALTER TYPE mood ADD VALUE 'glad';",
        "second.sql": "INSERT INTO a VALUES (1, 'glad');\nINSERT INTO early VALUES (1);",
        "003_c.sql": "ALTER TABLE a DROP COLUMN mood;",
        "third.sql": "INSERT INTO a VALUES (2);\nCREATE TABLE auth.third (id int);",
        "fourth.sql": "INSERT INTO auth.third SELECT id FROM a ORDER BY 1;\n"
        "SELECT 1 / (count(*) - 2) FROM supabase_migrations.schema_migrations;",
    }
    write(tmp_path, files)
    assert [
        f"{each.location}: {each.message}" if isinstance(each, Finding) else render(each)
        for each in run_chain(SEED, tmp_path, server.version // 10000)
    ] == [
        f"{place}: the hosted service refuses this: permission denied for {what}"
        for place, what in {"first.sql:2:1": "schema auth", "third.sql:2:1": "schema auth"}.items()
    ]


def test_other_environments_are_none_of_its_business(server: Server, tmp_path: Path) -> None:
    write(tmp_path, {"migrate_validate.toml": 'environment = "plain"\n', "001_a.sql": "CREATE ROLE mv_x SUPERUSER;"})
    (result,) = run_chain(RULE, tmp_path, server.version // 10000)
    assert render(result) == "not applicable: the environment is plain, not supabase"


@pytest.mark.parametrize(
    ("sql", "let"),
    [
        ("CREATE EXTENSION vector", True),
        ("CREATE EXTENSION adminpack", False),
        ("COMMENT ON EXTENSION vector IS 'x'", True),
        ("COMMENT ON TABLE auth.users IS 'x'", False),
        ("DROP EXTENSION pg_net", True),
        ("DROP TRIGGER welcome ON auth.users", True),
        ("DROP TABLE auth.users", False),
        ("CREATE POLICY p ON vault.secrets USING (true)", False),
        ("SET log_statement = 'all'", False),
        ("ALTER ROLE postgres SET pgaudit.log = 'ddl'", True),
        ("ALTER ROLE postgres SUPERUSER", False),
        ("ALTER ROLE anon LOGIN", False),
        ("ALTER ROLE supabase_admin SET pgaudit.log = 'ddl'", False),
        ("ALTER ROLE authenticator SET pgrst.db_schemas = 'api'", True),
        ("CREATE ROLE r REPLICATION", True),
        ("this is no SQL", False),
    ],
)
def test_what_the_service_carries_out(sql: str, let: bool) -> None:
    assert service.lets(sql, None) is let


def test_the_statement_inside_counts() -> None:
    context = 'SQL statement "DROP TABLE auth.users"\nPL/pgSQL function inline_code_block line 3 at SQL statement'
    assert not service.lets("CREATE EXTENSION vector", context)
    assert service.lets("DO $$ $$", context.replace("DROP TABLE auth.users", "DROP EXTENSION vector"))
