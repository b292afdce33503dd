"""An environment that a user wrote: a file of SQL, named in the configuration or on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.projects import run, run_here

PLATFORM = """\
-- What the platform team has in every database.
CREATE ROLE acme_app NOLOGIN;
CREATE ROLE acme_owner NOLOGIN;
CREATE SCHEMA acme AUTHORIZATION acme_owner;
CREATE TABLE acme.tenants (id int PRIMARY KEY, name text);
COPY acme.tenants (id, name) FROM stdin;
1\tfirst
2\tsecond
\\.
CREATE FUNCTION acme.tenant() RETURNS int LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('acme.tenant', true), '')::int $$;
GRANT USAGE ON SCHEMA acme TO acme_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO acme_app;
"""
NOTES = """\
CREATE TABLE notes (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES acme.tenants (id));
CREATE INDEX ON notes (tenant_id);
"""


def project(pytester: pytest.Pytester, platform: str = PLATFORM, *, migration: str = NOTES) -> None:
    files = {
        "db/migrate_validate.toml": 'environment = "../platform/bootstrap.sql"\napi_roles = ["acme_app"]\n',
        "db/001_notes.sql": migration,
        "platform/bootstrap.sql": platform,
    }
    for name, text in files.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def findings(pytester: pytest.Pytester) -> tuple[str, dict[str, str]]:
    report = json.loads((pytester.path / "report.json").read_text())
    (chain,) = report["chains"]
    found = {f"{each['rule']} {each['object']}": each["message"] for each in chain["findings"]}
    return chain["environment"], found


def test_it_surrounds_the_chain(pytester: pytest.Pytester) -> None:
    project(pytester)
    result = run(pytester, "--migrations=db", "--migrations-report=report.json")
    environment, found = findings(pytester)
    assert environment == "bootstrap.sql"
    # The role from outside is the platform's, reached through its default privileges; the platform's own table, which
    # has no row level security either, is not the chain's: what is told of it is only that the chain locks it.
    assert "rls-disabled public.notes" in found
    assert "acme_app" in found["rls-disabled public.notes"]
    assert {each.partition(" ")[0] for each in found if "acme." in each} <= {"blocking-locks", "lock-queue"}
    assert result.ret == 1


def test_tests_may_drive_the_chain_as_often_as_they_want(pytester: pytest.Pytester) -> None:
    project(pytester)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("again", range(2))
        def test_driven(migrations, again):
            migrations.up()
            assert migrations.connection.execute("select count(*) from acme.tenants").fetchone() == (2,)

        def test_migrated(migrated_db):
            assert migrated_db.execute("select count(*) from acme.tenants").fetchone() == (2,)
            migrated_db.execute("set role acme_app")
        """
    )
    result = run(pytester, "--migrations=db", "test_tests_may_drive_the_chain_as_often_as_they_want.py", "-k", "test_")
    result.assert_outcomes(passed=3, deselected=result.parseoutcomes().get("deselected", 0))


def test_on_the_command_line_it_is_relative_to_where_that_is_written(pytester: pytest.Pytester) -> None:
    project(pytester)
    (pytester.path / "db/migrate_validate.toml").unlink()
    arguments = ("--migrations-environment=platform/bootstrap.sql", "--migrations-report=report.json", "-k", "applies")
    assert run(pytester, "--migrations=db", *arguments).ret == 0
    assert findings(pytester)[0] == "bootstrap.sql"


DEPLOYER = """\
-- migrate-validate: migration-role acme_deployer
CREATE ROLE acme_deployer LOGIN;
GRANT USAGE ON SCHEMA acme TO acme_deployer;
GRANT SELECT, REFERENCES ON acme.tenants TO acme_deployer;
ALTER DEFAULT PRIVILEGES FOR ROLE acme_deployer IN SCHEMA public GRANT ALL ON TABLES TO acme_app;
"""


def test_migrations_are_applied_as_the_role_that_it_names(pytester: pytest.Pytester) -> None:
    """Its rights are those that the file gives it; rows of its own are generated all the same where rules try it."""
    project(
        pytester,
        PLATFORM + DEPLOYER,
        migration=NOTES + "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\nCREATE SCHEMA mine;",
    )
    pytester.makepyfile(
        """
        def test_owner(migrated_db, migrations):
            migrations.up()
            for connection in (migrated_db, migrations.connection):
                assert connection.execute(
                    "select tableowner, current_user::text, rolsuper from pg_tables, pg_roles"
                    " where tablename = 'notes' and rolname = current_user"
                ).fetchall() == [("acme_deployer", "acme_deployer", False)]
        """
    )
    (pytester.path / "db/002_more.sql").write_text("ALTER TABLE notes ADD body text NOT NULL DEFAULT '';\n")
    selected = "applies or rows-lost or owner or truncate"
    result = run(pytester, "--migrations=db", "--migrations-report=report.json", ".", "-k", selected)
    assert result.ret == 0
    assert "acme_app may TRUNCATE" in "".join(findings(pytester)[1].values())
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes.get("unproven")) == (5, None)


def test_what_the_role_may_not_do_fails(pytester: pytest.Pytester) -> None:
    project(pytester, PLATFORM + DEPLOYER, migration=NOTES + "INSERT INTO acme.tenants VALUES (3, 'third');\n")
    result = run(pytester, "--migrations=db", "-k", "applies")
    assert result.ret == 1
    assert "permission denied for table tenants (SQLSTATE 42501)" in result.stdout.str()


def test_a_missing_file_is_told_before_a_server_is_started(pytester: pytest.Pytester) -> None:
    project(pytester)
    (pytester.path / "platform/bootstrap.sql").unlink()
    result = run_here(pytester, "--migrations=db", "--collect-only")
    assert result.ret == 4
    text = str(result.stderr)
    assert "the file of the environment cannot be used: bootstrap.sql: it does not exist" in text
    assert str(pytester.path / "platform/bootstrap.sql") in text
    assert "correct the path, which is relative to the file that names it, or correct the file" in text


def test_a_statement_that_fails_is_told_with_its_line(pytester: pytest.Pytester) -> None:
    project(pytester, "CREATE SCHEMA acme;\n\nCREATE TABLE acme.t (\n    id nothing\n);\n")
    result = run(pytester, "--migrations=db")
    assert result.ret == 3
    text = result.stdout.str()
    assert 'the environment could not be built: bootstrap.sql:3:1: type "nothing" does not exist' in text
    assert f"{Path('platform/bootstrap.sql')}: CREATE TABLE acme.t ( ..." in text
    assert "correct the file: it is run before the chain, in an empty database, as a superuser" in text
