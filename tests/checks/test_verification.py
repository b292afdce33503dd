"""verifies: how a query of a verification script fails, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.replays import chain_of, chain_rules, findings, orphan_data, reason, rls_policies
from tests.support.scripts import script


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("verifies") as database, database.connect() as opened:
        yield opened


def verify(connection: psycopg.Connection[Any], text: str) -> list[str]:
    chain = chain_of(verifications=(script(text, "validate_it.sql"),))
    reported = findings(chain_rules.verifies(connection, chain))
    return [each.message for each in reported if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'FAIL'",
        "SELECT 'FAILED: 3 rows'",
        "SELECT '❌ FAIL'",
        "SELECT 'ERROR - no table'",
        "SELECT 'fail'",
        "SELECT 'ERROR' AS status",
        "SELECT 1 AS id, 'ERROR' AS check_result",
        "DO $$ BEGIN RAISE WARNING 'ERROR'; END $$",
        "SELECT false AS passed",
        "SELECT false AS table_exists",
        "SELECT 'not ok 1 - users'",
        "SELECT 1 / 0",
        "DO $$ BEGIN RAISE EXCEPTION 'no table'; END $$",
        "DO $$ BEGIN RAISE WARNING 'FAIL: no table'; END $$",
        "SELECT * FROM (VALUES (1, 'PASS'), (2, 'FAIL')) AS v",
    ],
)
def test_fails(connection: psycopg.Connection[Any], query: str) -> None:
    assert len(verify(connection, query)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'PASS'",
        "SELECT 'FAILURES: none'",
        "SELECT 'no ERROR'",
        "SELECT 'ERROR' AS level",
        "SELECT false AS is_nullable",
        "SELECT true AS ok",
        "SELECT 'ok 1 - users'",
        "SELECT 'not ok 2 - later # TODO not yet'",
        "SELECT 1 WHERE false",
        "DO $$ BEGIN RAISE NOTICE 'all passed'; END $$",
    ],
)
def test_passes(connection: psycopg.Connection[Any], query: str) -> None:
    assert verify(connection, query) == []


def test_names(connection: psycopg.Connection[Any]) -> None:
    text = """
-- =====
-- 1. Tables exist
-- =====
SELECT 'FAIL';

SELECT 'FAIL';
SELECT 'slugs' AS check, 'FAIL: 2' AS result;
"""
    assert verify(connection, text) == [
        "validate_it.sql: 1. Tables exist: FAIL",
        "validate_it.sql: FAIL",
        "validate_it.sql: slugs: FAIL: 2",
    ]


def test_passed_queries_are_listed(connection: psycopg.Connection[Any]) -> None:
    chain = chain_of(verifications=(script("-- One\nSELECT 1;\n-- Two\nSELECT 'FAIL';", "validate_it.sql"),))
    summary = findings(chain_rules.verifies(connection, chain))[-1]
    assert summary.severity is Severity.INFO
    assert summary.message == "validate_it.sql: 1 of 2 queries passed"
    assert summary.evidence == {"passed": ["One"]}


def test_an_error_inside_a_transaction_does_not_take_the_rest_with_it(connection: psycopg.Connection[Any]) -> None:
    messages = verify(
        connection, "BEGIN; CREATE TABLE t (); SELECT 1 / 0; SELECT 'FAIL' FROM pg_class LIMIT 1; ROLLBACK;"
    )
    assert messages == [
        "validate_it.sql: division by zero (SQLSTATE 22012)",
        "validate_it.sql: FAIL",
    ]
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_script_that_cannot_be_cut(connection: psycopg.Connection[Any]) -> None:
    (message,) = verify(connection, "SELECT 'open")
    assert message.startswith("validate_it.sql cannot be run: ")


def test_no_script(connection: psycopg.Connection[Any]) -> None:
    assert reason(chain_rules.verifies(connection, chain_of())) == "the chain has no verification script"


def test_rules_serve_as_a_library(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int)")
    connection.execute("INSERT INTO b VALUES (1); ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a NOT VALID")
    (orphans,) = findings(orphan_data.orphaned_rows(connection))
    assert orphans.evidence["rows"] == 1
    assert orphans.evidence["sample"] == [{"a": "1"}]
    connection.execute("GRANT SELECT ON b TO PUBLIC")
    (open_table,) = findings(rls_policies.rls_disabled(connection, api_roles=("pg_monitor",)))
    assert open_table.object == "public.b"


def test_a_role_that_does_not_exist_proves_nothing(connection: psycopg.Connection[Any]) -> None:
    (result,) = rls_policies.rls_disabled(connection, api_roles=("mv_nobody",))
    assert result.reason == "role mv_nobody does not exist, so what it can reach cannot be decided"


def test_rows_that_may_not_be_seen_prove_nothing(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a)")
    connection.execute("GRANT SELECT ON a, b TO pg_monitor; ALTER TABLE b ENABLE ROW LEVEL SECURITY")
    connection.execute("SET ROLE pg_monitor")
    (result,) = orphan_data.orphaned_rows(connection)
    assert "row-level security" in result.reason
