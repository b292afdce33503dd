"""Chains as sql-migrate reads and applies them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import applied, aside, read, refused, sent
from tests.replay.chains import failure_of, outcomes, query, replayed

USERS = """\
SELECT 'nobody sends this';
-- +migrate Up
CREATE TABLE users (id int PRIMARY KEY);
-- +migrate Down
-- Nothing is kept.
DROP TABLE users;
"""
FUNCTION = """\
-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
-- taken out
    -- kept
    RETURN 1;
END $$;
-- +migrate StatementEnd
SELECT 1; SELECT 2;
"""
CONFIG = """\
# Which databases there are.
development:
    dialect: postgres
    datasource: dbname=app sslmode=disable
    dir: "db/steps" # relative
    table: applied
    schema: 'own'

lite:
  dialect: sqlite3
  dir: lite
"""


def test_order_is_by_number_then_by_name(tmp_path: Path) -> None:
    names = ["1-a.sql", "2_b.sql", "02_c.sql", "10.sql", "after.sql", "before.sql"]
    order = ["1-a.sql", "02_c.sql", "2_b.sql", "10.sql", "after.sql", "before.sql"]
    chain = read(tmp_path, {**dict.fromkeys(names, USERS), "README.md": "", "run.sh": "", "below/1_x.sql": USERS})
    assert (chain.format, chain.recognized) == ("sql-migrate", "02_c.sql says `-- +migrate Up`")
    assert applied(chain) == order
    assert [each.version for each in chain.migrations] == ["1", "02", "2", "10", "after", "before"]
    assert [each.name for each in chain.migrations] == ["a", "c", "b", "", "after", "before"]
    assert aside(chain) == {"README.md": "Markdown: a text for people", "run.sh": "no SQL", "below": "a directory"}


def test_the_directory_that_the_configuration_names(tmp_path: Path) -> None:
    chain = read(tmp_path, {"dbconfig.yml": CONFIG, "db/steps/1_a.sql": USERS, "go.mod": ""})
    assert chain.recognized == "dbconfig.yml is sql-migrate's"
    assert applied(chain) == ["db/steps/1_a.sql"]
    assert aside(chain) == {"dbconfig.yml": "the configuration of sql-migrate"}
    assert chain.records is not None
    assert chain.records.table == "own.applied"
    inside = read(tmp_path, {}, "db/steps")
    assert inside.records == chain.records
    elsewhere = read(tmp_path, {"db/other/1_a.sql": USERS}, "db/other")
    assert elsewhere.records is not None
    assert elsewhere.records.table == "gorp_migrations"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            CONFIG,
            "the directory of migrations that dbconfig.yml names does not exist\nlooked at:\n  ROOT/dbconfig.yml\n",
        ),
        (
            CONFIG.replace("postgres", "mysql"),
            "dbconfig.yml does not tell where the migrations lie\nlooked at:\n"
            "  ROOT/dbconfig.yml: no environment of PostgreSQL\nwhat to do: name the directory with the migrations",
        ),
        (
            "a:\n  dialect: postgres\nb:\n  dialect: postgres\n",
            "dbconfig.yml does not tell where the migrations lie\nlooked at:\n"
            "  ROOT/dbconfig.yml: environments of PostgreSQL: a, b\n",
        ),
    ],
)
def test_configurations_that_lead_nowhere(tmp_path: Path, config: str, said: str) -> None:
    assert refused(tmp_path, {"dbconfig.yml": config}).startswith(said)


def test_both_directions_keep_their_places(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"1_a.sql": USERS}).migrations
    assert sent(migration.up) == [("3:1", "CREATE TABLE users (id int PRIMARY KEY)")]
    assert sent(migration.down) == [("6:1", "DROP TABLE users")]


def test_sections_may_come_again_and_one_may_be_missing(tmp_path: Path) -> None:
    text = "-- +migrate Down\nSELECT 1;\n-- +migrate Up\nSELECT 2;\n-- +migrate Up\nSELECT 3;\n"
    chain = read(tmp_path, {"1_a.sql": text, "2_b.sql": "-- +migrate Up\n"})
    assert [sql for _, sql in sent(chain.migrations[0].up)] == ["SELECT 2", "SELECT 3"]
    assert sent(chain.migrations[0].down) == [("2:1", "SELECT 1")]
    assert chain.migrations[1].down is None
    (empty,) = read(
        tmp_path / "empty", {"1_a.sql": "-- +migrate Down\n-- none\n-- +migrate Up\nSELECT 1;\n"}
    ).migrations
    assert (empty.down, sent(empty.up)) == (None, [("4:1", "SELECT 1")])
    assert "-- none" in empty.up.text


def test_statements_are_cut_at_the_ends_of_lines(tmp_path: Path) -> None:
    text = FUNCTION.replace("-- +migrate Statement", "-- Statement")
    whole, cut = read(tmp_path, {"1_a.sql": FUNCTION, "2_b.sql": text}).migrations
    assert [sql.split()[0] for _, sql in sent(whole.up)] == ["CREATE", "SELECT", "SELECT"]
    assert [place for place, _ in sent(whole.up)] == ["3:1", "10:1", "10:11"]
    assert "taken out" not in sent(whole.up)[0][1]
    assert [sql.split("\n")[-1] for _, sql in sent(cut.up)] == ["    RETURN 1;", "END $$;", "SELECT 1", "SELECT 2"]


def test_transactions(tmp_path: Path) -> None:
    text = "-- +migrate Up notransaction\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n"
    (migration,) = read(tmp_path, {"1_a.sql": text}).migrations
    assert migration.down is not None
    assert (migration.up.sends, migration.down.sends) == (Sends.STATEMENTS, Sends.TRANSACTION)
    (ended,) = read(tmp_path, {"1_a.sql": "-- +migrate Up\nBEGIN;\nSELECT 1;\nCOMMIT;\n"}).migrations
    assert (ended.up.problem or "").startswith("line 4: COMMIT ends the transaction that sql-migrate has begun")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n", "1: no annotation `-- +migrate Up` or `-- +migrate Down`"),
        ("-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n", "2: StatementBegin without a StatementEnd"),
        (
            "-- +migrate Up\nSELECT 1\n-- +migrate Down\n",
            "2: the statement that begins here does not end before line 3: no line ends with a semicolon",
        ),
        (
            "-- +migrate Up\nSELECT 1;\n--no blank\n",
            "3: the statement that begins here does not end before the end of the file: no line ends with a semicolon",
        ),
        ("-- +migrate  \n", "1: `-- +migrate` without a word behind it"),
    ],
)
def test_files_that_sql_migrate_refuses(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, {"1_a.sql": USERS, "2_b.sql": text})
    assert message == (
        f"sql-migrate refuses the migrations: 2_b.sql:{said}\nlooked at:\n  ROOT\nwhat to do: repair the files"
    )


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        "1_a.sql": USERS,
        "2_b.sql": FUNCTION,
        "3_c.sql": "-- +migrate Up notransaction\nCREATE INDEX CONCURRENTLY ON users (id);\nSELECT one();\n",
        "4_d.sql": "-- +migrate Up\nCREATE TABLE seen AS SELECT id FROM gorp_migrations;\n",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 4
        assert query(replay, "SELECT string_agg(id, ',' ORDER BY id) FROM seen") == "1_a.sql,2_b.sql,3_c.sql"
        body = "\nBEGIN\n    -- kept\n    RETURN 1;\nEND "
        assert query(replay, "SELECT prosrc FROM pg_proc WHERE proname = 'one'") == body


def test_a_statement_that_is_cut_in_the_middle_fails_as_with_sql_migrate(server: Server, tmp_path: Path) -> None:
    text = FUNCTION.replace("-- +migrate Statement", "-- Statement").replace("-- taken out\n", "")
    with replayed(server, tmp_path, {"1_a.sql": text}) as replay:
        (step,) = replay.timeline.steps
        assert failure_of(step.run).message.startswith('unterminated dollar-quoted string at or near "$$')
        assert step.advice == (
            "sql-migrate ends a statement with each line that ends with a semicolon, here line 6: write"
            " `-- +migrate StatementBegin` before the statement and `-- +migrate StatementEnd` behind it.",
        )
