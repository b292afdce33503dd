"""How rows that stand in the way are shown, and that PostgreSQL takes them as they are shown."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Severity
from migrate_validate.postgres import Server, ServerOptions, find_binaries
from migrate_validate.rules import Registry

REGISTRY = Registry.load()
CIRCLE = """
create table teams (id int primary key, captain int not null);
create table players (id int primary key, team int not null references teams, name text);
alter table teams add foreign key (captain) references players deferrable;
"""


def findings(server: Server, folder: Path, scripts: Mapping[str, str], rule: str) -> list[Finding]:
    for name, text in scripts.items():
        (folder / name).write_text(text)
    options = ServerOptions(host=server.host, port=server.port, user=server.user)
    evaluation = Evaluation(read_chain(folder, Settings(), rootdir=folder), Settings(), options)
    with contextlib.closing(evaluation):
        found = evaluation.evaluate(REGISTRY[rule], list(scripts)[-1]).findings
    return [each for each in found if each.severity is not Severity.INFO]


def psql(server: Server, folder: Path, script: str) -> list[str]:
    """The errors that psql meets with on a new database in the state after the first file."""
    own = find_binaries(major=server.version // 10000).program("psql")
    program = str(own) if own.exists() else shutil.which("psql")
    if program is None:
        pytest.skip("there is no psql")
    (folder / "all.sql").write_text(f"\\i 001_base.sql\n{script}\n")
    with server.create_database("telling") as made:
        place = ["-h", server.host, "-p", str(server.port), "-U", server.user, "-d", made.name]
        command = [program, "-X", "-q", *place, "-f", "all.sql"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [line.partition("ERROR:")[2].strip() for line in done.stderr.splitlines() if "ERROR:" in line]


def test_psql_runs_the_rows_of_a_circle_as_they_are_shown(server: Server, tmp_path: Path) -> None:
    scripts = {"001_base.sql": CIRCLE, "002_it's named.sql": "alter table players alter name set not null;"}
    (finding,) = findings(server, tmp_path, scripts, "fails-on-data")
    rows = finding.evidence["rows"].splitlines()
    assert rows[0] == "-- 2 rows, in the state before 002_it's named.sql:"
    assert rows[1] == "BEGIN; SET CONSTRAINTS ALL DEFERRED;"
    assert rows[-2:] == ["COMMIT;", "\\i '002_it\\'s named.sql'"]
    assert "public." not in finding.evidence["rows"]
    assert psql(server, tmp_path, finding.evidence["rows"]) == [
        'column "name" of relation "players" contains null values'
    ]


def test_psql_runs_plain_rows_as_they_are_shown(server: Server, tmp_path: Path) -> None:
    base = "create table users (id int primary key, email text);"
    scripts = {"001_base.sql": base, "002_unique.sql": "create unique index on users (lower(email));"}
    (finding,) = findings(server, tmp_path, scripts, "fails-on-data")
    rows = finding.evidence["rows"].splitlines()
    assert rows[0] == "-- 2 rows, in the state before 002_unique.sql:"
    assert [row.partition(" (")[0] for row in rows[1:-1]] == ["INSERT INTO users"] * 2
    assert rows[-1] == "\\i 002_unique.sql"
    (error,) = psql(server, tmp_path, finding.evidence["rows"])
    assert error.startswith("could not create unique index")
    assert finding.fix == (
        "state what is taken for granted, in the file:\n-- migrate-validate: assume unique lower(email) on users"
    )


@pytest.mark.parametrize(
    ("statement", "fix", "assumption"),
    [
        (
            "add name text not null",
            "give it a DEFAULT, or add it without NOT NULL, fill it in every row, and SET\nNOT NULL then",
            "dishes is empty",
        ),
        (
            "alter price set not null",
            "fill it first in the rows where it is NULL",
            "not null price on dishes",
        ),
    ],
)
def test_what_is_to_be_not_null_wants_values(
    server: Server, tmp_path: Path, statement: str, fix: str, assumption: str
) -> None:
    scripts = {
        "001_base.sql": "create table dishes (id int primary key, price numeric);",
        "002_more.sql": f"alter table dishes {statement};",
    }
    (finding,) = findings(server, tmp_path, scripts, "fails-on-data")
    stated = f"state what is taken for granted, in the file:\n-- migrate-validate: assume {assumption}"
    assert finding.fix == f"{fix}\nor\n{stated}"


def test_a_comment_in_python_is_written_as_python_has_it(server: Server, tmp_path: Path) -> None:
    up = "def up(connection):\n    connection.execute({!r})\n"
    scripts = {
        "001_base.py": up.format("create table users (id int primary key, email text)"),
        "002_unique.py": up.format("create unique index on users (email)"),
    }
    (finding,) = findings(server, tmp_path, scripts, "fails-on-data")
    assert finding.fix.splitlines()[-1] == "# migrate-validate: assume unique email on users"


def test_rows_that_changed_are_shown_with_what_changed(server: Server, tmp_path: Path) -> None:
    base = (
        "create table dishes (id int primary key, price numeric, name text); insert into dishes values (7, 1.5, 'pie');"
    )
    change = "alter table dishes alter column price type integer;"
    (finding,) = findings(server, tmp_path, {"001_base.sql": base, "002_whole.sql": change}, "values-changed")
    assert finding.evidence["rows"] == ""
    assert finding.evidence["how_often"] == "with the rows of the chain itself"
    assert finding.evidence["changed"] == ["(id = 7, price = 1.5) became (id = 7, price = 2)"]
    assert max(map(len, finding.fix.splitlines())) <= 76


def test_rows_that_are_lost_are_shown_as_sql_writes_them(server: Server, tmp_path: Path) -> None:
    base = "create table a (id int primary key, b int, c text, d text, e text); insert into a values (1, null, 'x');"
    new = "create table n as select a.* from a join a as o on o.id = a.b; drop table a; alter table n rename to a;"
    (finding,) = findings(server, tmp_path, {"001_base.sql": base, "002_new.sql": new}, "rows-lost")
    assert finding.evidence["lost"] == ["(id = 1, b = NULL, c = 'x', d = NULL, ...)"]


def test_a_table_of_many_columns_is_shown_with_those_that_matter(server: Server, tmp_path: Path) -> None:
    many = "".join(f", c{number} text" for number in range(60))
    scripts = {
        "001_base.sql": f"create table users (id int primary key, email text{many});",
        "002_unique.sql": "create unique index on users (lower(email));",
    }
    (finding,) = findings(server, tmp_path, scripts, "fails-on-data")
    inserts = finding.evidence["rows"].splitlines()[1:-1]
    assert [each.partition(" VALUES")[0] for each in inserts] == ["INSERT INTO users (id, email)"] * 2


def test_a_file_that_psql_would_run_otherwise_is_left_to_its_tool(server: Server, tmp_path: Path) -> None:
    """It holds the way back too."""
    goose = "-- +goose Up\n{}\n-- +goose Down\nselect 1;\n"
    scripts = {
        "001_base.sql": goose.format("create table members (id int primary key, name text);"),
        "002_named.sql": goose.format("alter table members alter name set not null;"),
    }
    (found,) = findings(server, tmp_path, scripts, "fails-on-data")
    assert str(found.evidence["rows"]).splitlines()[-1] == "-- then what its tool sends of 002_named.sql"
