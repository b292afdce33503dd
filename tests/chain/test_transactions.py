"""Which files can run in one transaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Script, TransactionMode
from migrate_validate.chain.statements import statements
from migrate_validate.chain.transactions import transaction_mode


def mode(text: str) -> tuple[TransactionMode, str]:
    return transaction_mode(statements(Script(Path("/chain/001_x.sql"), "001_x.sql", text)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT CASE WHEN true THEN 1 END",
        "DO $$ BEGIN NULL; END $$",
        "SAVEPOINT a; ROLLBACK TO a",
        "CREATE INDEX i ON t (a); DROP INDEX i; REINDEX TABLE t; ANALYZE t; CLUSTER t USING i; DISCARD TEMP",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "SELECT 'CREATE INDEX CONCURRENTLY'; -- VACUUM",
        "ALTER TYPE e ADD VALUE 'x'; SELECT 'y'::e; -- 'x'",
        "ALTER TYPE e ADD VALUE 'x'; ALTER TYPE e ADD VALUE 'z' AFTER 'x'",
        "ALTER TYPE e RENAME VALUE 'a' TO 'x'; SELECT 'x'::e",
        "CREATE TYPE public.e AS ENUM (); ALTER TYPE e ADD VALUE 'x'; SELECT 'x'::e",
        "ALTER TYPE e ADD VALUE 'x'; CREATE FUNCTION f() RETURNS e LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$",
        "CREATE TABEL t",
    ],
)
def test_one_transaction(text: str) -> None:
    assert mode(text) == (TransactionMode.FILE, "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SELECT 1;\nBEGIN; SELECT 1; COMMIT", "BEGIN itself (line 2)"),
        ("START TRANSACTION; SELECT 1; END", "START itself (line 1)"),
        ("COMMIT;\nCREATE INDEX CONCURRENTLY i ON t (a)", "COMMIT itself (line 1)"),
    ],
)
def test_its_own_transactions(text: str, what: str) -> None:
    assert mode(text) == (TransactionMode.OWN, f"it writes {what}")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY"),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "REINDEX CONCURRENTLY"),
        ("REINDEX SCHEMA s", "REINDEX SCHEMA"),
        ("VACUUM (ANALYZE) t", "VACUUM"),
        ("CLUSTER", "CLUSTER of all tables"),
        ("ALTER TABLE p DETACH PARTITION c CONCURRENTLY", "DETACH PARTITION CONCURRENTLY"),
        ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"),
        ("CREATE DATABASE d", "CREATE DATABASE"),
        ("DROP DATABASE d", "DROP DATABASE"),
        ("ALTER DATABASE d SET TABLESPACE s", "ALTER DATABASE ... SET TABLESPACE"),
        ("CREATE TABLESPACE s LOCATION '/x'", "CREATE TABLESPACE"),
        ("DROP TABLESPACE s", "DROP TABLESPACE"),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "CREATE SUBSCRIPTION"),
        ("DISCARD ALL", "DISCARD ALL"),
    ],
)
def test_no_transaction(text: str, what: str) -> None:
    assert mode(f"SELECT 1;\n{text}") == (TransactionMode.NONE, f"{what} (line 2) cannot run in a transaction")


@pytest.mark.parametrize(
    "use",
    [
        "INSERT INTO t VALUES ('it''s')",
        "DO $$ BEGIN UPDATE t SET a = 'it''s'; END $$",
        "CREATE FUNCTION f() RETURNS e LANGUAGE sql AS $$ SELECT 'it''s'::e $$",
    ],
)
def test_label_that_is_used_later(use: str) -> None:
    assert mode(f"ALTER TYPE e ADD VALUE IF NOT EXISTS 'it''s';\n{use}") == (
        TransactionMode.NONE,
        "ALTER TYPE ... ADD VALUE 'it's' (line 1): the new label is used on line 2, which is possible only once it is"
        " committed",
    )
