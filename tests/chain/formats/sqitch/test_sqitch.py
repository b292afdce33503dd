"""Chains as sqitch deploys them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends
from migrate_validate.chain.statements import ScriptError, statements
from migrate_validate.findings import Finding, NotApplicable
from migrate_validate.postgres import Server
from migrate_validate.rules import Registry
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps, ways_back
from tests.replay.chains import outcomes, query, replayed

BY = "2025-01-02T03:04:05Z A Person <a@example.com>"
HEAD = "%project=shop\n\n"
PLAN = HEAD + f"users {BY}\nmail [users] {BY}\n@v1.0 {BY}\n\nusers [users@v1.0] {BY}\n"
USERS = "BEGIN;\nCREATE TABLE users (id int);\nCOMMIT;\n"
VERIFY = "BEGIN;\nSELECT id FROM users WHERE false;\nROLLBACK;\n"
FILES: Files = {
    "sqitch.conf": "[core]\n\tengine = pg\n",
    "sqitch.plan": PLAN,
    "deploy/users@v1.0.sql": USERS,
    "deploy/mail.sql": "ALTER TABLE users ADD COLUMN mail text;\n",
    "deploy/users.sql": "ALTER TABLE users ADD COLUMN name text;\n",
    "deploy/lost.sql": "SELECT 1;\n",
    "revert/users@v1.0.sql": "DROP TABLE users;\n",
    "revert/users.sql": "ALTER TABLE users DROP COLUMN name;\n",
    "verify/users@v1.0.sql": VERIFY,
    "verify/users.sql": VERIFY,
    "verify/mail.sql": "SELECT mail FROM users WHERE false;\n",
    "README.md": "",
}


def test_the_plan_gives_the_order(tmp_path: Path) -> None:
    chain = read(tmp_path, FILES)
    assert (chain.format, chain.recognized) == ("sqitch", "sqitch.plan is sqitch's")
    assert applied(chain) == ["deploy/users@v1.0.sql", "deploy/mail.sql", "deploy/users.sql"]
    assert [each.version for each in chain.migrations] == ["users@v1.0", "mail", "users"]
    assert ways_back(chain) == {"users@v1.0": "revert/users@v1.0.sql", "users": "revert/users.sql"}
    assert [each.verify and each.verify.file for each in chain.migrations] == [
        "verify/users@v1.0.sql",
        "verify/mail.sql",
        "verify/users.sql",
    ]
    assert {each.up.sends for each in chain.migrations} == {Sends.STATEMENTS}
    assert aside(chain) == {
        "README.md": "Markdown: a text for people",
        "deploy/lost.sql": "sqitch.plan names no change of this name: sqitch never runs it",
        "sqitch.conf": "the configuration of sqitch",
    }


def test_the_configuration_says_where_things_lie(tmp_path: Path) -> None:
    files: Files = {
        "sqitch.conf": (
            '[core]\n  engine = sqlite ; the other one\n  top_dir = lite\n[engine "pg"]\n  top_dir = "db/pg" # here\n'
            '  extension = ddl\n  revert_dir = db/back\n[core "variables"]\n  Schema = all\n  table = t\n'
            '[deploy "variables"]\n  Schema = shop\n  role = none\n[engine "pg.variables"]\n  table = users\n'
        ),
        "db/pg/sqitch.plan": HEAD + f"users {BY}\n",
        "db/pg/deploy/users.ddl": 'CREATE SCHEMA :"Schema";\nCREATE TABLE :Schema.:table (id int);\n',
        "db/back/users.ddl": "DROP SCHEMA :Schema CASCADE;\n",
        "db/pg/verify/users.ddl": "SELECT 1;\n",
        "lite/sqitch.plan": "",
    }
    for path, top in ((".", "db/pg/"), ("db/pg", "")):
        chain = read(tmp_path, files, path)
        assert applied(chain) == [f"{top}deploy/users.ddl"]
        assert ways_back(chain) == {"users": "db/back/users.ddl" if top else "../back/users.ddl"}
        assert chain.migrations[0].up.variables == (("Schema", "shop"), ("table", "users"))


def test_what_other_projects_have_is_a_step_that_is_missing(tmp_path: Path) -> None:
    files: Files = {"sqitch.plan": HEAD + f"users [base:roles] {BY}\n", "deploy/users.sql": USERS}
    assert steps(read(tmp_path, files)) == {
        "sqitch.plan": "line 3: users requires base:roles, a change of another project, which is not applied"
    }


def test_scripts_that_do_not_exist(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name not in ("deploy/mail.sql", "deploy/users@v1.0.sql")}
    assert refused(tmp_path, files) == (
        "sqitch.plan names changes without a script:\n"
        "  line 3: deploy/users@v1.0.sql does not exist\n"
        "  line 4: deploy/mail.sql does not exist\n"
        "looked at:\n"
        "  ROOT/sqitch.plan\n"
        "what to do: restore the scripts, or take their changes out of the plan: sqitch deploy stops there"
    )


def test_another_engine(tmp_path: Path) -> None:
    assert refused(tmp_path, FILES | {"sqitch.conf": "[core]\nengine = mysql\n"}) == (
        "sqitch.conf says that this project is for the engine mysql, not for pg\n"
        "looked at:\n"
        "  ROOT/sqitch.conf\n"
        "what to do: name a project for PostgreSQL: no other database is run here"
    )


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    said = refused(tmp_path, FILES | {"sqitch.conf": "[core\n"})
    assert said.startswith("sqitch.conf cannot be read: line 1 is neither [section] nor key = value\n")


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    said = refused(tmp_path, {"sqitch.conf": "[core]\ntop_dir = db\n"})
    assert said.startswith(f"{tmp_path.name} is not laid out as sqitch wants it: there is no db/sqitch.plan\n")


def test_psql_runs_the_scripts(tmp_path: Path, server: Server) -> None:
    """Outside of transactions, with the variables that the configuration sets, and meta-commands."""
    files: Files = {
        "sqitch.conf": '[deploy "variables"]\n  table = users\n',
        "sqitch.plan": HEAD + f"users {BY}\nindex [users] {BY}\nbroken {BY}\n",
        "deploy/users.sql": "\\set column id\nCREATE TABLE :table (:column int);\n",
        "deploy/index.sql": "SELECT 1;\nCREATE INDEX CONCURRENTLY by_id ON :table (id);\n",
        "deploy/broken.sql": "CREATE TABLE kept (id int);\nSELECT 1 / 0;\nCREATE TABLE never (id int);\n",
        "verify/users.sql": "SELECT id FROM users WHERE false;\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "failed"]
        made = query(replay, "SELECT concat(to_regclass('by_id'), ' ', to_regclass('kept'), ' ', to_regclass('never'))")
        assert made == "by_id kept "


def test_commands_of_psql(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "sqitch.plan": HEAD + f"rows {BY}\nshell {BY}\n",
        "deploy/rows.sql": (
            "\\echo made\n\\timing on\nCREATE TABLE rows (id int, name text);\n"
            "\\copy rows from 'data/rows.csv' (format csv);\n"
            "\\copy rows (id) from stdin\n3\n4\n\\.\n"
        ),
        "deploy/shell.sql": "\\copy rows from program 'cat rows';\n",
        "data/rows.csv": "1,a\n2,b\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "failed"]
        assert query(replay, "SELECT string_agg(concat(id, name), ' ' ORDER BY id) FROM rows") == "1a 2b 3 4"
        failure = replay.timeline.steps[1].run.failure
        assert failure is not None
        assert failure.message == "\\copy from runs a command of the shell, which is refused"


def test_a_change_is_verified_right_after_it(tmp_path: Path, server: Server) -> None:
    """It need not hold when later changes have been deployed."""
    verify = "BEGIN;\nSELECT 1 / count(*) FROM rows;\nROLLBACK;\n"
    files: Files = {
        "sqitch.plan": HEAD + f"rows {BY}\nfewer {BY}\ngone {BY}\n",
        "deploy/rows.sql": "CREATE TABLE rows AS SELECT 1 AS id;\n",
        "deploy/fewer.sql": "DELETE FROM rows;\n",
        "deploy/gone.sql": "DROP TABLE rows;\n",
        "verify/rows.sql": verify,
        "verify/fewer.sql": verify,
    }
    rule = Registry.load().find("verifies-itself")
    assert rule is not None
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "applied"]
        said = [list(rule.function(step)) for step in replay.timeline.steps]
    assert said[0] == []
    (finding,) = said[1]
    assert isinstance(finding, Finding)
    assert finding.message == "verify/fewer.sql fails after deploy/fewer.sql: division by zero (SQLSTATE 22012)"
    assert str(finding.location) == "verify/fewer.sql:2:1"
    assert said[2] == [NotApplicable("it has no verification script of its own")]


def test_what_copy_cannot_read(tmp_path: Path) -> None:
    def problem(command: str) -> str:
        chain = read(tmp_path, {"sqitch.plan": HEAD + f"rows {BY}\n", "deploy/rows.sql": f"SELECT 1;\n{command}\n"})
        with pytest.raises(ScriptError) as caught:
            statements(chain.migrations[0].up)
        return str(caught.value).replace(str(tmp_path), "ROOT")

    at = "deploy/rows.sql:2:1: "
    assert problem("\\copy rows to 'rows.csv'") == at + "\\copy to writes a file, which is refused"
    assert problem("\\copy rows from rows.csv") == at + "\\copy from rows.csv: ROOT/rows.csv: it does not exist"
    assert problem("\\copy rows") == at + "\\copy cannot be read: it has to be \\copy TABLE from 'FILE'"


def test_its_table_of_deployed_changes(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "sqitch.plan": HEAD + f"users {BY}\nseen {BY}\n",
        "deploy/users.sql": USERS,
        "deploy/seen.sql": "CREATE TABLE seen AS SELECT change, project FROM sqitch.changes;\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied"]
        assert query(replay, "SELECT string_agg(seen::text, ' ') FROM seen") == "(users,shop)"
