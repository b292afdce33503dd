"""rows_conserved: what counts as mentioned."""

from __future__ import annotations

import pytest

from migrate_validate.findings import Severity
from tests.checks.replays import count_consistency, findings, reason, step_of

rows_conserved = count_consistency.rows_conserved


def test_a_cascade_that_empties_a_table_nobody_mentioned() -> None:
    step = step_of(
        "DELETE FROM public.organizations WHERE id = 1;",
        before={"public.organizations": 2, "public.members": 5, "public.plans": 3},
        after={"public.organizations": 1, "public.plans": 3},
    )
    (finding,) = findings(rows_conserved(step))
    assert finding.message == ("public.members went from 5 to 0 rows, though 002_second.sql does not mention it")
    assert finding.object == "public.members"
    assert finding.severity is Severity.ERROR


def test_rows_gained_are_info() -> None:
    step = step_of("UPDATE users SET id = 1", before={"public.users": 1}, after={"public.users": 1, "public.audit": 1})
    (finding,) = findings(rows_conserved(step))
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM members",
        "DELETE FROM public.members USING organizations",
        "TRUNCATE organizations, members",
        "DROP TABLE members",
        "DROP TABLE public.members CASCADE",
        "ALTER TABLE members RENAME TO people",
        "ALTER TABLE members SET SCHEMA archive",
        "DROP SCHEMA public CASCADE",
        "ALTER SCHEMA public RENAME TO old",
        "WITH gone AS (DELETE FROM members RETURNING *) SELECT count(*) FROM gone",
        "DO $$ BEGIN DELETE FROM members; END $$",
        "DO $$ BEGIN EXECUTE 'DELETE FROM members'; END $$",
        "DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'members'); END $$",
        "CREATE FUNCTION clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'; SELECT clean()",
        'DO $$ BEGIN DELETE FROM "public"."members"; END $$',
        "DO $$ BEGIN EXECUTE format('DELETE FROM %I.members', 'public'); END $$",
        "DO $$ BEGIN EXECUTE format('DELETE FROM %I.%I', 'public', 'members'); END $$",
        "DO $$ BEGIN EXECUTE 'DELETE FROM ' || 'public' || '.members'; END $$",
    ],
)
def test_mentioned(sql: str) -> None:
    assert findings(rows_conserved(step_of(sql, before={"public.members": 5}))) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM archive.members",
        "SELECT 'DELETE FROM members'",
        "ALTER TABLE users DROP COLUMN members",
        "COMMENT ON TABLE users IS 'members'",
        "DROP FUNCTION members()",
        "DO $$ BEGIN DELETE FROM archive.members; END $$",
        "DO $$ BEGIN UPDATE users u SET n = u.members + 1; END $$",
    ],
)
def test_not_mentioned(sql: str) -> None:
    reported = findings(rows_conserved(step_of(sql, before={"public.members": 5})))
    assert [each.object for each in reported] == ["public.members"]


@pytest.mark.parametrize(
    "earlier",
    [
        "CREATE TABLE log_2025 PARTITION OF log FOR VALUES IN (1)",
        "CREATE TABLE log_2025 () INHERITS (log)",
        "ALTER TABLE log ATTACH PARTITION log_2025 FOR VALUES IN (1)",
        "ALTER TABLE log_2025 INHERIT log",
    ],
)
def test_a_partition_is_mentioned_with_its_table(earlier: str) -> None:
    step = step_of("DELETE FROM log", before={"public.log_2025": 5}, earlier=earlier)
    assert findings(rows_conserved(step)) == []


CLEAN = "CREATE FUNCTION clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'"


@pytest.mark.parametrize(
    ("earlier", "sql"),
    [
        (CLEAN, "SELECT clean()"),
        (CLEAN, "SELECT public.clean()"),
        (CLEAN, "DO $$ BEGIN PERFORM clean(); END $$"),
        (CLEAN + "; CREATE FUNCTION all_clean() RETURNS void LANGUAGE sql AS 'SELECT clean()'", "SELECT all_clean()"),
        ("CREATE PROCEDURE clean() LANGUAGE sql AS 'DELETE FROM members'", "CALL clean()"),
        ("CREATE PROCEDURE clean() LANGUAGE sql BEGIN ATOMIC DELETE FROM members; END", "CALL clean()"),
        ("CREATE VIEW present AS SELECT * FROM members", "DELETE FROM present"),
        ("CREATE FUNCTION app.clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'", "SELECT app.clean()"),
        ("CREATE FUNCTION app.clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'", "SELECT clean()"),
        (CLEAN, "DO $$ BEGIN PERFORM public.clean(); END $$"),
        ("CREATE VIEW app.present AS SELECT * FROM members", "DELETE FROM app.present"),
        ("CREATE VIEW present AS SELECT * FROM members; CREATE VIEW v AS SELECT * FROM present", "DELETE FROM v"),
    ],
)
def test_what_an_earlier_file_made_is_looked_into(earlier: str, sql: str) -> None:
    step = step_of(sql, before={"public.members": 5}, earlier=earlier)
    assert findings(rows_conserved(step)) == []


@pytest.mark.parametrize("sql", ["SELECT cleaner()", "COMMENT ON FUNCTION clean() IS 'x'", "DELETE FROM users"])
def test_a_function_that_is_not_called_mentions_nothing(sql: str) -> None:
    step = step_of(sql, before={"public.members": 5}, earlier=CLEAN)
    assert [each.object for each in findings(rows_conserved(step))] == ["public.members"]


@pytest.mark.parametrize(
    ("earlier", "sql"),
    [
        ("CREATE FUNCTION app.clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'", "SELECT other.clean()"),
        (
            "CREATE FUNCTION app.clean() RETURNS void LANGUAGE sql AS 'DELETE FROM members'",
            "DO $$ BEGIN PERFORM other.clean(); END $$",
        ),
        ("CREATE VIEW app.present AS SELECT * FROM members", "DELETE FROM other.present"),
        ("CREATE FUNCTION clean() RETURNS void LANGUAGE sql AS 'DELETE FROM archive.members'", "SELECT clean()"),
    ],
)
def test_a_namesake_in_another_schema_mentions_nothing(earlier: str, sql: str) -> None:
    step = step_of(sql, before={"public.members": 5}, earlier=earlier)
    assert [each.object for each in findings(rows_conserved(step))] == ["public.members"]


def test_nothing_to_conserve() -> None:
    assert reason(rows_conserved(step_of("SELECT 1"))) == "no table held rows before this migration"
