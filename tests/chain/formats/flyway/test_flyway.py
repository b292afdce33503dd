"""Chains as Flyway reads and applies them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrate_validate.chain.formats.flyway import checksum
from migrate_validate.chain.model import Sends
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, NotApplicable
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, ways_back
from tests.checks.test_cases import RULES, run_chain
from tests.replay.chains import outcomes, query, replayed, write

USERS = "CREATE TABLE users (id int PRIMARY KEY);\n"


def test_order_and_pairs(tmp_path: Path) -> None:
    names = ["V1__users.sql", "V1.1__a.sql", "V1_2__b_c.sql", "V2__d.SQL", "deep/V010__e.sql", "V20250102__f.sql"]
    chain = read(tmp_path, dict.fromkeys([*names, "U1.2__b.sql", "R__b_view.sql", "R__a_view.sql", "U9__x.sql"], USERS))
    assert (chain.format, chain.recognized) == ("flyway", "V1.1__a.sql is named as Flyway names migrations")
    assert applied(chain) == [*names, "R__a_view.sql", "R__b_view.sql"]
    assert [each.version for each in chain.migrations] == [
        *("1", "1.1", "1.2", "2", "010", "20250102", "R__a_view", "R__b_view")
    ]
    assert [each.name for each in chain.migrations][2:4] == ["b c", "d"]
    assert ways_back(chain) == {"1.2": "U1.2__b.sql"}
    assert aside(chain) == {"U9__x.sql": "it undoes version 9, which there is not"}
    assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}


def test_other_names_are_set_aside(tmp_path: Path) -> None:
    others = ["V__x.sql", "R_x.sql", "Views.sql", "notes.sql", "guide.md", "LICENSE", "afterInfo.sql", "old.sh"]
    chain = read(tmp_path, dict.fromkeys(["V1__users.sql", "migrate_validate.toml", *others], ""))
    assert applied(chain) == ["V1__users.sql"]
    assert aside(chain) == {
        "LICENSE": "no SQL: its name has no ending",
        "R_x.sql": "no repeatable migration, which is named R__name: Flyway passes over it",
        "V__x.sql": "its name has no version behind V, as V1__name has: Flyway passes over it",
        "Views.sql": "its name has no version behind V, as V1__name has: Flyway passes over it",
        "afterInfo.sql": "a callback, which Flyway runs at afterInfo, never for migrate",
        "guide.md": "no SQL: its name ends in .md",
        "migrate_validate.toml": "the configuration of this tool",
        "notes.sql": "its name begins with none of Flyway's prefixes: Flyway passes over it",
        "old.sh": "no SQL: its name ends in .sh",
    }
    assert not any(each.step for each in chain.set_aside)


def test_steps_that_cannot_be_run(tmp_path: Path) -> None:
    resources, code = "src/main/resources/db/migration", "src/main/java/db/migration"
    chain = read(
        tmp_path,
        {
            f"{resources}/V1__users.sql": USERS,
            f"{resources}/V3__c.sql": "",
            f"{resources}/V4__d.sh": "",
            f"{resources}/beforeEachMigrate.sql": "",
            f"{resources}/afterMigrateError.sql": "",
            f"{code}/V2__Backfill.java": "",
            f"{code}/R__Check.java": "",
            f"{code}/Helper.java": "",
        },
        resources,
    )
    told = {Path(each.file).name: (each.reason, each.before) for each in chain.set_aside if each.step}
    assert told == {
        "R__Check.java": ("a migration in Java", ""),
        "V2__Backfill.java": ("a migration in Java", "3"),
        "V4__d.sh": ("a migration in a shell script", ""),
        "beforeEachMigrate.sql": ("a callback, which Flyway runs at beforeEachMigrate", "1"),
    }
    assert aside(chain) == {
        "afterMigrateError.sql": "a callback, which Flyway runs at afterMigrateError: only where something fails"
    }


def test_callbacks_that_come_once_are_applied(tmp_path: Path) -> None:
    names = ["V1__a.sql", "afterVersioned.sql", "R__v.sql", "afterMigrateApplied__b.sql", "afterMigrate.sql"]
    chain = read(tmp_path, dict.fromkeys([*names, "beforeMigrate__roles.sql"], USERS))
    assert [each.file for each in chain.base] == ["beforeMigrate__roles.sql"]
    assert applied(chain) == names
    assert [(each.version, each.name, each.repeats) for each in chain.migrations[3:]] == [
        ("afterMigrateApplied__b", "afterMigrateApplied", True),
        ("afterMigrate", "afterMigrate", True),
    ]


def test_a_new_database_begins_with_the_last_baseline(tmp_path: Path) -> None:
    names = ["V1__a.sql", "U1__a.sql", "V2__b.sql", "B1__old.sql", "B2__now.sql", "V3__c.sql", "R__v.sql"]
    chain = read(tmp_path, dict.fromkeys(names, USERS))
    assert applied(chain) == ["B2__now.sql", "V3__c.sql", "R__v.sql"]
    assert set(aside(chain).values()) == {"B2__now.sql stands for it on a new database"}
    assert list(aside(chain)) == ["B1__old.sql", "U1__a.sql", "V1__a.sql", "V2__b.sql"]


class TestConfiguration:
    def test_locations_and_names(self, tmp_path: Path) -> None:
        chain = read(
            tmp_path,
            {
                "flyway.conf": "# ours\nflyway.locations=filesystem:one,filesystem:two/*\n"
                "flyway.sqlMigrationPrefix = M\nflyway.sqlMigrationSeparator=-\n"
                "flyway.sqlMigrationSuffixes=.sql,.pgsql\n",
                "one/M1-a.pgsql": USERS,
                "two/x/M2-b.sql": "",
                "three/M3-c.sql": "",
            },
        )
        assert applied(chain) == ["one/M1-a.pgsql", "two/x/M2-b.sql"]
        assert chain.recognized == "a configuration of Flyway lies in it"

    def test_no_prefix(self, tmp_path: Path) -> None:
        chain = read(tmp_path, {"flyway.toml": '[flyway]\nsqlMigrationPrefix = ""\n', "migrations/3__c.sql": ""})
        assert [each.version for each in chain.migrations] == ["3"]

    def test_a_directory_of_a_configured_project(self, tmp_path: Path) -> None:
        toml = '[flyway]\nlocations = ["filesystem:sql"]\nmixed = true\n[flyway.placeholders]\nOwner = "app"\n'
        near = {"sql/V1__a.sql": "SELECT '${owner}';", "elsewhere/V1__b.sql": "SELECT 1;"}
        chain = read(tmp_path, {"flyway.toml": toml, **near}, "sql")
        assert chain.migrations[0].up.text == "SELECT 'app';"
        assert applied(read(tmp_path, {}, "elsewhere")) == ["V1__b.sql"]

    def test_spring(self, tmp_path: Path) -> None:
        properties = (
            "spring.flyway.locations=classpath:db/migration,classpath:db/{vendor}\n"
            "spring.flyway.placeholder-prefix=#[\nspring.flyway.placeholder-suffix=]\n"
            "spring.flyway.placeholders.app-name=shop \\\n  and more\nserver.port=80\n"
        )
        home = "src/main/resources"
        written = {f"{home}/db/migration/V1__a.sql": "-- #[APP-name] ${x}\n", f"{home}/db/postgresql/V2__b.sql": ""}
        chain = read(tmp_path, {f"{home}/application.properties": properties, **written}, f"{home}/db/migration")
        assert applied(chain) == ["V1__a.sql", "../postgresql/V2__b.sql"]
        assert chain.migrations[0].up.text == "-- shop and more ${x}\n"

    def test_spring_in_yaml(self, tmp_path: Path) -> None:
        settings = """# application
spring:
  datasource:
    url: "jdbc:postgresql://localhost/shop#1"   # not this one
  flyway:
    locations:
      - classpath:db/migration
      - 'classpath:db/more'
    schemas: [app, "audit"]
    placeholder-prefix: ${
    placeholders:
      owner: ${SHOP_OWNER_OF_TESTS:app} # by default
      secret: ${SHOP_SECRET_OF_TESTS}
      note: |
        several lines
---
spring.flyway.placeholders.owner: other
"""
        home = "src/main/resources"
        written: Files = {f"{home}/db/migration/V1__a.sql": "SELECT '${owner}';", f"{home}/db/more/V2__b.sql": ""}
        chain = read(tmp_path, {f"{home}/application.yml": settings, **written}, f"{home}/db/migration")
        assert applied(chain) == ["V1__a.sql", "../more/V2__b.sql"]
        assert chain.migrations[0].up.text == "SELECT 'app';"
        made = "CREATE SCHEMA IF NOT EXISTS app; CREATE SCHEMA IF NOT EXISTS audit;"
        assert chain.base[0].text.strip().startswith(made)
        assert "no value is known for the placeholder ${secret}" in refused(
            tmp_path, {f"{home}/db/more/V2__b.sql": "${secret}"}, f"{home}/db/migration"
        )

    def test_environments_of_toml(self, tmp_path: Path) -> None:
        toml = '[flyway]\nenvironment = "dev"\n[environments.dev]\nschemas = ["app"]\n' + (
            "[environments.dev.flyway]\nexecuteInTransaction = false\n"
        )
        chain = read(tmp_path, {"flyway.toml": toml, "migrations/V1__a.sql": USERS})
        assert chain.migrations[0].up.sends is Sends.STATEMENTS
        assert chain.base[0].text.startswith("CREATE SCHEMA IF NOT EXISTS app;")

    def test_of_one_script(self, tmp_path: Path) -> None:
        chain = read(
            tmp_path,
            {
                "V1__a.sql": "SELECT '${x}';",
                "V1__a.sql.conf": "executeInTransaction=false\nplaceholderReplacement=false\n",
                "V2__b.sql": "",
                "V2__b.sql.conf": "# test data\nshouldExecute=${stage}==test\n",
                "V3__c.sql": "",
                "V3__c.sql.conf": "shouldExecute=${stage}!=test\n",
                "migrate_validate.toml": "",
            },
            settings=Settings(placeholders={"stage": "production"}),
        )
        assert applied(chain) == ["V1__a.sql", "V3__c.sql"]
        assert (chain.migrations[0].up.sends, chain.migrations[0].up.text) == (Sends.STATEMENTS, "SELECT '${x}';")
        assert aside(chain)["V2__b.sql"] == "shouldExecute in V2__b.sql.conf says false"

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            (
                {"flyway.conf": "flyway.locations=filesystem:nowhere\n"},
                "no location of Flyway's configuration exists: filesystem:nowhere\nlooked at:\n  ROOT/flyway.conf",
            ),
            ({"flyway.toml": "[flyway\n", "V1__a.sql": ""}, "flyway.toml cannot be read: "),
            ({"flyway.conf": b"\xff", "V1__a.sql": ""}, "flyway.conf cannot be read: "),
            (
                {"flyway.conf": "\nflyway.mixed=perhaps\n", "V1__a.sql": "VACUUM; SELECT 1;"},
                "mixed is 'perhaps'\nlooked at:\n  ROOT/flyway.conf:2\nwhat to do: write true or false",
            ),
            (
                {"V1__a.sql": "", "below/V1.0__b.sql": ""},
                "Flyway applies nothing: two files have the version 1.0\nlooked at:\n"
                "  ROOT/below/V1.0__b.sql\n  ROOT/V1__a.sql\n",
            ),
            (
                {"V1__a.sql": "", "R__v.sql": "", "below/R__v.sql": ""},
                "Flyway applies nothing: two files have the description 'v'\n",
            ),
        ],
    )
    def test_bad_input(self, tmp_path: Path, files: Files, message: str) -> None:
        assert refused(tmp_path, files).startswith(message)


def test_placeholders_without_value(tmp_path: Path) -> None:
    message = refused(
        tmp_path,
        {"V1__a.sql": "SELECT 1;\nGRANT ${role} TO ${flyway:user};", "R__v.sql": "-- ${role} ${flyway:database}\n"},
    )
    assert message == (
        "no value is known for the placeholders ${role}, ${flyway:database}\n"
        "looked at:\n"
        "  V1__a.sql:2: ${role}\n"
        "  R__v.sql:1: ${role}\n"
        "  R__v.sql:1: ${flyway:database}\n"
        "what to do, one of:\n"
        '  - give it in migrate_validate.toml beside the migrations: [placeholders], name = "value"\n'
        "  - give it as flyway.placeholders.name in flyway.conf, flyway.toml or pom.xml, or in Spring's"
        " application.properties or .yml (files of Gradle are not read)\n"
        "  - write placeholders = false in migrate_validate.toml, where the tool is told to replace none"
    )
    untouched = read(tmp_path, {}, settings=Settings(placeholders=False))
    assert "${role}" in untouched.migrations[0].up.text


def test_files_that_hold_both_kinds_of_statements(tmp_path: Path) -> None:
    both = "CREATE INDEX i ON users (id);\n\nCREATE INDEX CONCURRENTLY j ON users (id);\n"
    unknown = "REINDEX TABLE CONCURRENTLY users;"  # Flyway does not know that it cannot run in a transaction.
    chain = read(tmp_path, {"V1__a.sql": both, "V2__b.sql": both[30:], "V3__c.sql": unknown})
    assert chain.migrations[0].up.problem == (
        "Flyway refuses it: line 3 cannot run in a transaction, line 1 can, flyway.mixed is not set: "
        "put them into files of their own"
    )
    assert [each.up.sends for each in chain.migrations[1:]] == [Sends.STATEMENTS, Sends.TRANSACTION]
    forced = read(tmp_path, {"V1__a.sql.conf": "executeInTransaction=true\n"})
    assert forced.migrations[0].up.sends is Sends.TRANSACTION
    (tmp_path / "V1__a.sql.conf").unlink()
    mixed = read(tmp_path, {"flyway.conf": "flyway.mixed=true\n"})
    assert [each.up.sends for each in mixed.migrations[:2]] == [Sends.STATEMENTS] * 2


def test_checksum() -> None:
    assert checksum("SELECT 1;\r\nSELECT 2;\n") == checksum("SELECT 1;\nSELECT 2;")
    assert checksum("SELECT 1;") != checksum("SELECT 2;")
    assert -(1 << 31) <= checksum("x" * 50) < 1 << 31


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: Files = {
        "flyway.conf": "flyway.schemas=app,audit\nflyway.placeholders.table=users\n",
        "sql/beforeMigrate.sql": "CREATE TYPE mood AS ENUM ('fine');",
        "sql/V1__users.sql": "CREATE TABLE ${table} (id int PRIMARY KEY);",
        "sql/V2__index.sql": "CREATE INDEX CONCURRENTLY users_again ON app.users (id);",
        "sql/V3__seen.sql": "CREATE TABLE audit.seen AS SELECT * FROM flyway_schema_history;",
        "sql/R__ids.sql": "CREATE VIEW ids AS SELECT id FROM users;",
        "sql/afterMigrate.sql": "GRANT SELECT ON ids TO PUBLIC;",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 5
        assert query(replay, "SELECT string_agg(version || description, ',' ORDER BY version) FROM audit.seen") == (
            "1users,2index"
        )
        assert query(replay, "SELECT checksum FROM audit.seen WHERE version = '1'") == checksum(
            "CREATE TABLE ${table} (id int PRIMARY KEY);"
        )
        assert query(replay, "SELECT 'fine'::app.mood") == "fine"
        assert query(replay, "SELECT 'app.ids'::regclass::text || 'app.users_again'::regclass::text")
        assert query(replay, "SELECT count(*) FROM app.flyway_schema_history WHERE version IS NULL") == 1
        assert query(replay, "SELECT count(*) FROM app.flyway_schema_history") == 4
        assert replay.timeline.tool_tables == {"app.flyway_schema_history"}


def test_what_is_applied_again_has_to_allow_it(server: Server, tmp_path: Path) -> None:
    """A repeatable migration needs no way back either."""
    written: Files = {
        **{f"V{n}__t.sql": f"CREATE TABLE t{n} (id int PRIMARY KEY);" for n in (1, 2)},
        **{f"U{n}__t.sql": f"DROP TABLE t{n};" for n in (1, 2)},
        "R__again.sql": "CREATE OR REPLACE VIEW again AS SELECT id FROM t1;",
        "R__once.sql": "CREATE VIEW once AS SELECT id FROM t1;",
    }
    write(tmp_path, written)
    major = server.version // 10000
    found = [each for each in run_chain(RULES["not-rerunnable"], tmp_path, major) if isinstance(each, Finding)]
    assert [(str(each.severity), str(each.location)) for each in found if "meant" in each.message] == [
        ("error", "R__once.sql:1:1")
    ]
    assert found[-1].message == (
        'it is meant to be applied again whenever it changes; applied a second time it fails: relation "once" already'
        " exists"
    )
    told = run_chain(RULES["missing-rollback"], tmp_path, major)
    assert {each.reason for each in told if isinstance(each, NotApplicable)} == {
        "it is applied again when it changes; nobody takes it back"
    }
    assert not any(isinstance(each, Finding) for each in told)
    write(tmp_path, {"V3__t.sql": "CREATE TABLE t3 (id int PRIMARY KEY);"})
    (missing,) = [each for each in run_chain(RULES["missing-rollback"], tmp_path, major) if isinstance(each, Finding)]
    assert (missing.message, missing.fix) == (
        "V3__t.sql has no down script; 2 of 2 other migrations have one",
        "write U3__t.sql",
    )


def test_what_cannot_run_in_a_transaction_fails_as_with_flyway(server: Server, tmp_path: Path) -> None:
    ends_itself = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p();"
    with replayed(server, tmp_path, {"V1__a.sql": ends_itself}) as replay:
        (step,) = replay.timeline.steps
        assert step.run.failure is not None
        assert re.search("invalid transaction termination", step.run.failure.message)
