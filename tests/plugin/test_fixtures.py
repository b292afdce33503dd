"""The fixtures for other suites."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.projects import BAD, GOOD, run, write_chain

DOWN = {"002_orders_rollback.sql": "drop table purchase;\n"}


@pytest.mark.parametrize("configured", [False, True])
def test_all_fixtures(pytester: pytest.Pytester, configured: bool) -> None:
    write_chain(pytester, "db", GOOD | DOWN)
    if configured:
        pytester.makepyprojecttoml("[tool.migrate_validate]\nmigrations = ['db']\n")
    pytester.makepyfile(
        """
        import psycopg, pytest
        from pytest_postgresql import factories

        client = factories.postgresql("migrated_postgresql")

        @pytest.mark.parametrize("number", [1, 2])
        def test_each_test_has_a_database_of_its_own(migrated_db, number):
            assert migrated_db.execute("select count(*) from customer").fetchone() == (1,)
            migrated_db.execute("insert into customer values (2, 'b')")
            migrated_db.commit()
            with open("where", "w") as file:
                file.write(migrated_db.info.host)

        @pytest.mark.parametrize("number", [1, 2])
        def test_client_of_pytest_postgresql(client, number):
            assert client.execute("select count(*) from customer").fetchone() == (1,)
            client.execute("insert into customer values (2, 'b')")
            client.commit()

        def tables(migrations):
            query = "select tablename from pg_tables where schemaname = 'public' order by 1"
            return [name for name, in migrations.connection.execute(query)]

        def test_driver(migrations):
            assert migrations.version is None and tables(migrations) == []
            migrations.to("001")
            assert migrations.version == "001" and tables(migrations) == ["customer"]
            migrations.up()
            assert migrations.version == "002" and tables(migrations) == ["customer", "purchase"]
            migrations.down()
            assert migrations.version == "001" and tables(migrations) == ["customer"]
            migrations.to("002")
            migrations.to("001")
            assert tables(migrations) == ["customer"]
            with pytest.raises(Exception, match="001_shop.sql cannot be rolled back: it has no down script"):
                migrations.down()
            with pytest.raises(Exception, match="no migration has the version '7'"):
                migrations.to("7")
        """
    )
    arguments = [] if configured else ["--migrations=db"]
    result = run(pytester, *arguments, "test_all_fixtures.py", "--deselect=db::", "--deselect=db/")
    result.assert_outcomes(passed=5, deselected=result.parseoutcomes()["deselected"])
    assert not Path((pytester.path / "where").read_text()).exists(), "the server's folder is gone"


def test_which_chain(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", GOOD)
    write_chain(pytester, "bad", BAD)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.migrations("db")
        def test_marked(migrated_db):
            assert migrated_db.execute("select count(*) from purchase").fetchone() == (0,)

        @pytest.mark.migrations("bad")
        def test_broken(migrated_db):
            pass

        @pytest.mark.migrations("bad")
        def test_driven_into_the_fault(migrations):
            with pytest.raises(AssertionError, match='002_broken.sql:2:15: relation "nowhere" does not exist'):
                migrations.up()
            assert migrations.version == "001"

        def test_unmarked(migrated_db):
            pass

        @pytest.mark.migrations("lost")
        def test_lost(migrations):
            pass
        """
    )
    result = run(pytester, "--migrations=db", "--migrations=bad", "test_which_chain.py", "-k", "test_")
    result.assert_outcomes(passed=2, errors=3, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        [
            'the chain bad could not be applied: 002_broken.sql:2:15: relation "nowhere" does not exist*',
            "what to do: see the whole report: pytest --migrations=bad",
            "several chains are part of this run",
            '*@pytest.mark.migrations("path")*',
            "no chain 'lost' is part of this run",
        ]
    )
    assert "fixtures.py" not in result.stdout.str()


def test_no_chain(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(migrated_db):\n    pass\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "a fixture of migrate-validate is used, and no chain of migrations is named",
            "what to do: add to pyproject.toml: *",
        ]
    )


def test_a_chain_that_makes_roles_can_be_driven_beside_the_migrated_database(pytester: pytest.Pytester) -> None:
    write_chain(pytester, "db", {"001_role.sql": "create role clerk; create table t (); grant select on t to clerk;"})
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_driven(migrated_db, migrations, number):
            migrations.up()
            for connection in (migrated_db, migrations.connection):
                assert connection.execute("select has_table_privilege('clerk', 't', 'select')").fetchone() == (True,)
        """
    )
    run(
        pytester,
        "--migrations=db",
        "test_a_chain_that_makes_roles_can_be_driven_beside_the_migrated_database.py",
        "-k",
        "driven",
    ).assert_outcomes(passed=2)
