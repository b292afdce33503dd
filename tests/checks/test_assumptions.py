"""What is stated is respected by generated rows: the run goes on to what else may fail."""

from __future__ import annotations

import contextlib
from pathlib import Path

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Severity, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings

TABLES = """
create table plans (id int primary key, name text);
create table users (id int primary key, email text, phone text, plan_id int);
create table notes (id int primary key, user_id int not null references users, body text);
"""
STEPS = {
    "unique lower(email) on users": "create unique index on users (lower(email));",
    "plan_id exists in plans on users": "alter table users add foreign key (plan_id) references plans;",
    "no rows: select n.id from notes n where n.body is null": "alter table notes alter body set not null;",
    "phone matches '^[0-9]{1,5}$' on users": "create index on users (cast(phone as int));",
    "not null plan_id on users where email is null": (
        "alter table users add check (email is not null or plan_id is not null);"
    ),
}


def test_generated_rows_respect_what_is_stated(server: Server, tmp_path: Path) -> None:
    (tmp_path / "001_tables.sql").write_text(TABLES)
    for number, (text, statement) in enumerate(STEPS.items(), 2):
        (tmp_path / f"{number:03}_step.sql").write_text(f"-- migrate-validate: assume {text}\n{statement}")
    settings = load_settings(tmp_path, tmp_path)
    chain = read_chain(tmp_path, settings, rootdir=tmp_path)
    rules = Registry.load()
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        for migration in chain.migrations[1:]:
            judged = evaluation.evaluate(rules["fails-on-data"], migration.file)
            assert judged.verdict is Verdict.PASSED, migration.file


def test_an_assumption_that_says_too_little_leaves_the_rest(server: Server, tmp_path: Path) -> None:
    (tmp_path / "001_tables.sql").write_text(TABLES)
    (tmp_path / "002_step.sql").write_text(
        "-- migrate-validate: assume not null email on users\n"
        "alter table users alter email set not null;\ncreate unique index on users (lower(email));\n"
    )
    settings = load_settings(tmp_path, tmp_path)
    chain = read_chain(tmp_path, settings, rootdir=tmp_path)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        judged = evaluation.evaluate(Registry.load()["fails-on-data"], "002_step.sql")
    (finding,) = (each for each in judged.findings if each.severity is Severity.ERROR)
    assert finding.location is not None
    assert finding.location.line == 3
    assert finding.evidence["assumes"] == "no two rows of users have equal lower(email)"


def test_a_way_back_in_python_has_the_comments_of_its_migration(server: Server, tmp_path: Path) -> None:
    up = "# migrate-validate: assume users is empty\ndef up(connection):\n    connection.execute('create table t ()')\n"
    down = "def down(connection):\n    connection.execute('drop table t')\n"
    (tmp_path / "001_t.py").write_text(up + down)
    settings = load_settings(tmp_path, tmp_path)
    chain = read_chain(tmp_path, settings, rootdir=tmp_path)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        assert evaluation.evaluate(Registry.load()["unreadable-assumption"]).findings == ()


def test_what_is_done_to_rows_anyway_makes_no_assumption_needed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "001_tables.sql").write_text(TABLES)
    (tmp_path / "002_step.sql").write_text(
        "-- migrate-validate: assume not null phone on users\n"
        "-- migrate-validate: assume unique email on users\n"
        "alter table users alter phone set not null;\n"
        "alter table users alter phone type varchar(2) using left(phone, 2);\n"
    )
    settings = load_settings(tmp_path, tmp_path)
    chain = read_chain(tmp_path, settings, rootdir=tmp_path)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        changed, unneeded = (
            evaluation.evaluate(Registry.load()[name], "002_step.sql")
            for name in ("values-changed", "assumption-unneeded")
        )
    assert changed.verdict is Verdict.FAILED
    (finding,) = unneeded.findings
    assert "without 'assume unique email on users' 002_step.sql does as well" in finding.message
