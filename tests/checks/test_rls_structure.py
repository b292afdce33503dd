"""What rules about row level security claim of PostgreSQL, and what they say where nothing can be decided."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.chain.statements import statements
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, NotApplicable, Result, Unproven
from migrate_validate.postgres import Server
from migrate_validate.replay.timeline import Timeline
from migrate_validate.results import Shared
from migrate_validate.rules import Registry
from tests.checks.replays import chain_of
from tests.support.scripts import script, script_of

graph: Any = import_module("migrate_validate.checks._rls_policies.graph")
reach: Any = import_module("migrate_validate.checks._rls_policies.reach")
CASES = Path(__file__).parents[1] / "cases"
RULES = {
    rule.name: rule
    for rule in Registry.load()
    if rule.check in ("rls_policies", "rls_structure") and psycopg.Connection in rule.parameters.values()
}
SAID = "no role is declared that reaches the database from outside (api_roles)"


@pytest.fixture(scope="module")
def roles(server: Server) -> Iterator[None]:
    names = ("mv_case_anon", "mv_case_staff", "mv_case_user", "mv_case_service")
    with server.connect("postgres") as connection:
        for name in names:
            connection.execute(f"CREATE ROLE {name} {'BYPASSRLS' if name.endswith('service') else ''}".encode())
        connection.execute("GRANT mv_case_staff TO mv_case_user")
    yield
    with server.connect("postgres") as connection:
        for name in reversed(names):
            connection.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
def connection(server: Server, roles: None) -> Iterator[psycopg.Connection[Any]]:  # noqa: ARG001
    with server.create_database("structure") as database, database.connect() as opened:
        yield opened


def make(connection: psycopg.Connection[Any], case: str) -> None:
    for statement in statements(script_of(CASES / case)):
        connection.execute(statement.sql.encode())


def sqlstate(connection: psycopg.Connection[Any], role: str, statement: str) -> str | None:
    """How a statement ends for a role; None: well."""
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate
    return None


def rule_says(name: str, connection: psycopg.Connection[Any], *roles: str) -> list[Result]:
    chain = Chain("case", CASES, "sql", ())
    timeline = Timeline(chain, "plain", "PostgreSQL", api_roles=roles, api_roles_known=bool(roles))
    supplied: dict[type, object] = {
        psycopg.Connection: connection,
        Timeline: timeline,
        Catalog: Catalog.read(connection),
        Settings: Settings(),
        Shared: Shared(),
    }
    rule = RULES[name]
    return list(rule.function(**{parameter: supplied[kind] for parameter, kind in rule.parameters.items()}))


@pytest.mark.parametrize("which", ["bad", "good", "near_miss"])
def test_recursion_is_what_postgresql_says_of_each_table(connection: psycopg.Connection[Any], which: str) -> None:
    make(connection, f"policy-recursion/{which}.sql")
    tables = [table for table in Catalog.read(connection).tables if table.row_security and table.grants]
    for table in tables:
        columns = ", ".join(column.name for column in table.columns)
        values = ", ".join({"text": "'mv_case_user'", "boolean": "true"}.get(each.type, "1") for each in table.columns)
        connection.execute(f"INSERT INTO {table.qualified_name} ({columns}) VALUES ({values})".encode())
    connection.execute("SET max_stack_depth = '100kB'")
    failing = {
        (table.qualified_name, code)
        for table in tables
        if (code := sqlstate(connection, "mv_case_user", f"SELECT * FROM {table.qualified_name}"))
        not in (None, "42501")
    }
    results = rule_says("policy-recursion", connection, "mv_case_user")
    told = {
        (name, result.evidence["sqlstate"])
        for result in results
        if isinstance(result, Finding)
        for name in result.evidence["tables"]
    }
    assert failing == told
    assert bool(told) == (which == "bad")


def test_functions_that_may_not_be_executed_make_queries_fail(connection: psycopg.Connection[Any]) -> None:
    make(connection, "policy-function-not-executable/bad.sql")
    connection.execute(
        "INSERT INTO notes VALUES ('a'); INSERT INTO drafts VALUES ('a'); INSERT INTO reports VALUES (1)"
    )
    assert sqlstate(connection, "mv_case_user", "SELECT * FROM notes") == "42501"
    assert sqlstate(connection, "mv_case_anon", "SELECT * FROM drafts") == "42501"
    assert sqlstate(connection, "mv_case_anon", "SELECT * FROM reports") == "42501"
    assert sqlstate(connection, "mv_case_user", "SELECT * FROM reports") is None


def test_functions_that_may_be_executed_and_not_named_serve_policies(connection: psycopg.Connection[Any]) -> None:
    make(connection, "policy-function-not-executable/near_miss.sql")
    connection.execute("INSERT INTO notes VALUES ('a')")
    assert sqlstate(connection, "mv_case_anon", "SELECT * FROM notes") is None
    assert sqlstate(connection, "mv_case_anon", "SELECT private.known('a')") == "42501"


def test_rows_that_no_policy_shows_are_not_changed(connection: psycopg.Connection[Any]) -> None:
    make(connection, "write-policy-without-select-policy/bad.sql")
    connection.execute("INSERT INTO tags VALUES ('mv_case_user')")
    connection.execute("SET ROLE mv_case_user")
    update = "UPDATE tags SET owner_name = 'mv_case_user'"
    assert connection.execute(f"{update} WHERE owner_name <> ''".encode()).rowcount == 0
    assert connection.execute(update.encode()).rowcount == 1


def test_default_privileges_of_a_schema_take_nothing_from_public(connection: psycopg.Connection[Any]) -> None:
    connection.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    connection.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert sqlstate(connection, "mv_case_anon", "SELECT one()") is None
    connection.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    connection.execute("CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    assert sqlstate(connection, "mv_case_anon", "SELECT two()") == "42501"


def test_views_show_and_change_what_policies_do_not(connection: psycopg.Connection[Any]) -> None:
    make(connection, "view-bypasses-rls/bad.sql")
    connection.execute("INSERT INTO notes VALUES (1, 'somebody', 'secret')")
    connection.execute("SET ROLE mv_case_anon")
    assert connection.execute("SELECT id, body FROM every_note").fetchall() == [(1, "secret")]
    assert connection.execute("UPDATE every_note SET body = ''").rowcount == 1


@pytest.mark.parametrize("name", ["policy-recursion", "policy-reads-table-without-rls"])
def test_a_function_that_cannot_be_read_proves_nothing(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        "CREATE FUNCTION built() RETURNS boolean LANGUAGE plpgsql AS "
        "$$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM %I', 'notes') INTO n; RETURN n > 0; END $$"
    )
    connection.execute("CREATE TABLE notes (id int); ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    connection.execute("CREATE POLICY asked ON notes USING (built()); GRANT SELECT ON notes TO mv_case_anon")
    said = 'policy "asked" calls public.built(), and what that reads cannot be told from its body'
    assert rule_says(name, connection, "mv_case_anon") == [Unproven(said, "public.notes")]


def test_a_fix_revokes_nothing_that_was_not_granted(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE MATERIALIZED VIEW counts AS SELECT 1 AS n")
    connection.execute("ALTER MATERIALIZED VIEW counts OWNER TO mv_case_staff")
    (finding,) = rule_says("materialized-view-exposed", connection, "mv_case_user")
    assert isinstance(finding, Finding)
    assert finding.fix == ""


def test_rules_of_a_run_share_what_is_reached_and_read(connection: psycopg.Connection[Any]) -> None:
    timeline = Timeline(Chain("case", CASES, "sql", ()), "plain", "PostgreSQL", api_roles=("mv_case_anon",))
    shared = Shared()
    reached = reach.outside(connection, timeline, shared=shared)
    connection.execute("CREATE TABLE seen (id int); GRANT SELECT ON seen TO mv_case_anon")
    assert reach.outside(connection, timeline, shared=shared) is reached
    assert "public.seen" in reach.outside(connection, timeline, shared=Shared())[0].relations
    catalog = Catalog.read(connection)
    assert graph.Graph.over(catalog) is graph.Graph.over(catalog)
    assert graph.Graph.over(catalog).catalog is catalog


def test_functions_with_arguments_of_own_types(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "CREATE TABLE notes (id int); ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE TYPE word AS ENUM ('a'); "
        "GRANT SELECT ON notes TO mv_case_anon; "
        "CREATE FUNCTION has(words word[]) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "
        "CREATE POLICY read ON notes USING (has('{a}')); "
        "CREATE FUNCTION tell(said word) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM notes'"
    )
    assert rule_says("policy-function-not-executable", connection, "mv_case_anon") == []
    (finding,) = rule_says("definer-function-exposed", connection, "mv_case_anon")
    assert "mv_case_anon can call public.tell(public.word), which acts as" in str(finding)
    assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_cannot_be_decided_is_not_passed(connection: psycopg.Connection[Any], name: str) -> None:
    assert rule_says(name, connection) == [NotApplicable(SAID)]
    connection.execute("CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY")
    assert rule_says(name, connection) == [
        Unproven(
            "there is row level security, and nobody says which roles reach the database from outside: "
            "name them in the configuration, api_roles = [...]; [] where there are none"
        )
    ]
    declared = Timeline(Chain("case", CASES, "sql", ()), "plain", "PostgreSQL")
    assert reach.outside(connection, declared) == (None, (NotApplicable(SAID),))
    reason = "role mv_nobody does not exist, so what it can reach cannot be decided"
    assert rule_says(name, connection, "mv_nobody") == [Unproven(reason, "mv_nobody")]
    assert rule_says(name, connection, "mv_case_service") == [
        NotApplicable("row level security binds none of mv_case_service")
    ]
    assert Unproven(reason, "mv_nobody") in rule_says(name, connection, "mv_case_anon", "mv_nobody")


def test_default_privileges_are_not_judged_where_a_script_fails() -> None:
    """The rule that applies scripts tells of it."""
    structure: Any = import_module("migrate_validate.checks.rls_structure")
    chain = chain_of(script("SELECT 1;", "001_a.sql"), script("SELECT 'open", "002_b.sql"))
    results = list(structure.ineffective_default_privileges(chain))
    assert results == [NotApplicable("nothing is known of what 002_b.sql sends: it fails")]
