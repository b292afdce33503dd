"""Chains as goose reads and applies them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.formats.envsub import SubstitutionError, substitute
from migrate_validate.chain.formats.lines import ends_statement
from migrate_validate.chain.ignores import ignores
from migrate_validate.chain.irreversible import irreversible
from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import applied, aside, read, refused, sent, steps
from tests.replay.chains import failure_of, outcomes, query, replayed

USERS = """\
-- Who may log in.
-- +goose Up
CREATE TABLE users (
    id int PRIMARY KEY
);
CREATE INDEX ON users (id); -- why not

-- +goose Down
DROP TABLE users;
"""
FUNCTION = """\
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1;
END $$;
-- +goose StatementEnd
SELECT 1; SELECT 2;
"""


def test_order_versions_and_what_is_set_aside(tmp_path: Path) -> None:
    names = ["00001_a.sql", "2_b.sql", "0010_c.sql", "20240102030405_d_e.sql"]
    others = ["11_f.go", "12_f_test.go", "helpers.go", "README.md", "atlas.sum", "below/13_x.sql"]
    chain = read(tmp_path, {**dict.fromkeys(names, USERS), **dict.fromkeys(others, ""), "seed_data.sql": "SELECT 1;"})
    assert (chain.format, chain.recognized) == ("goose", "00001_a.sql says `-- +goose Up`")
    assert applied(chain) == names
    assert [each.version for each in chain.migrations] == ["00001", "2", "0010", "20240102030405"]
    assert [each.name for each in chain.migrations] == ["a", "b", "c", "d_e"]
    assert aside(chain) == {
        "12_f_test.go": "a test in Go",
        "helpers.go": "Go without a version in its name: no migration",
        "README.md": "Markdown: a text for people",
        "atlas.sum": "neither SQL nor Go",
        "below": "a directory: goose reads only the files beside the migrations",
        "seed_data.sql": "its name does not begin with a number and _: the command goose refuses to run where such a"
        " file lies, programs that use goose leave it out",
    }
    assert steps(chain) == {
        "11_f.go": "a migration in Go: it is part of the program that runs goose, and cannot be run here"
    }


def test_one_file(tmp_path: Path) -> None:
    assert applied(read(tmp_path, {"1_a.sql": USERS, "2_b.sql": USERS}, "2_b.sql")) == ["2_b.sql"]


def test_two_conventions_in_one_directory(tmp_path: Path) -> None:
    both: dict[str, str | bytes] = {"1_a.sql": USERS, "2_b.sql": "-- migrate:up\n-- migrate:down\n"}
    assert refused(tmp_path, both) == (
        ". could be of several formats\nlooked at:\n"
        "  dbmate (dbmate): 2_b.sql says `-- migrate:up`\n"
        "  goose (goose): 1_a.sql says `-- +goose Up`\n"
        "what to do: say which one: --migrations-format=dbmate or --migrations-format=goose,"
        ' or format = "..." in migrate_validate.toml beside the migrations'
    )


def test_both_directions_keep_their_places(tmp_path: Path) -> None:
    (migration,) = read(tmp_path, {"1_a.sql": USERS.replace("\n", "\r\n")}).migrations
    assert sent(migration.up) == [
        ("3:1", "CREATE TABLE users (\n    id int PRIMARY KEY\n)"),
        ("6:1", "CREATE INDEX ON users (id)"),
    ]
    assert sent(migration.down) == [("9:1", "DROP TABLE users")]
    assert migration.up.text.rstrip().splitlines() == USERS.splitlines()[:6]
    assert migration.down is not None
    assert (migration.up.file, migration.down.file) == ("1_a.sql", "1_a.sql")
    assert migration.down.text.splitlines() == [""] * 7 + USERS.splitlines()[7:]


def test_statements_are_cut_at_the_ends_of_lines(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "1_a.sql": FUNCTION,
        "2_b.sql": FUNCTION.replace("-- +goose Statement", "-- Statement"),
    }
    whole, cut = read(tmp_path, files).migrations
    assert [sql.split()[0] for _, sql in sent(whole.up)] == ["CREATE", "SELECT", "SELECT"]
    assert [place for place, _ in sent(whole.up)] == ["3:1", "8:1", "8:11"]
    assert [sql.split("\n")[-1] for _, sql in sent(cut.up)] == ["    RETURN 1;", "END $$;", "SELECT 1", "SELECT 2"]
    assert whole.down is None


def test_lines_that_end_a_statement() -> None:
    assert ends_statement("SELECT 1;")
    assert ends_statement("SELECT 1;  -- one; two")
    assert not ends_statement("SELECT 1;--one")
    assert not ends_statement("SELECT ' --';")
    assert not ends_statement("SELECT 1; SELECT 2")
    assert not ends_statement("")


def test_a_section_without_statements_is_no_way_back(tmp_path: Path) -> None:
    text = "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- migrate-validate: irreversible: it is gone\n"
    (migration,) = read(tmp_path, {"1_a.sql": text}).migrations
    assert migration.down is None
    mark = irreversible(migration.up)
    assert mark is not None
    assert (mark.reason, str(mark.location)) == ("it is gone", "1_a.sql:4:1")


def test_no_transaction_holds_for_both_directions(tmp_path: Path) -> None:
    text = "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n"
    chain = read(tmp_path, {"1_a.sql": text, "2_b.sql": text.split("\n", 1)[1]})
    sends = [(each.up.sends, each.down.sends) for each in chain.migrations if each.down]
    assert sends == [(Sends.STATEMENTS, Sends.STATEMENTS), (Sends.TRANSACTION, Sends.TRANSACTION)]


def test_variables_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOSE_SCHEMA", "app")
    text = (
        "-- +goose Up\nSELECT '$GOOSE_SCHEMA';\n-- +goose ENVSUB ON\nCREATE SCHEMA ${GOOSE_SCHEMA};\n"
        "SELECT '${GOOSE_NONE:-none}';\n-- +goose ENVSUB OFF\nSELECT '$GOOSE_SCHEMA';\n"
    )
    (migration,) = read(tmp_path, {"1_a.sql": text}).migrations
    assert sent(migration.up) == [
        ("2:1", "SELECT '$GOOSE_SCHEMA'"),
        ("4:1", "CREATE SCHEMA app"),
        ("5:1", "SELECT 'none'"),
        ("7:1", "SELECT '$GOOSE_SCHEMA'"),
    ]
    block = "-- +goose Up\n-- +goose StatementBegin\nSELECT\n-- +goose ENVSUB ON\n'$GOOSE_SCHEMA';\n SELECT 2;\n"
    (switched,) = read(tmp_path / "block", {"1_a.sql": f"{block}-- +goose StatementEnd\n"}).migrations
    assert sent(switched.up) == [("3:1", "SELECT\n'app'"), ("6:2", "SELECT 2")]
    monkeypatch.delenv("GOOSE_SCHEMA")
    assert refused(tmp_path, {}) == (
        "the migrations cannot be read as goose reads them: 1_a.sql:4: ENVSUB: $GOOSE_SCHEMA is not set\n"
        "looked at:\n  ROOT\n"
        "what to do: set the variables in the environment of this run (NAME= for an empty one)"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a $A b", "a x b"),
        ("${A}${E}", "x"),
        ("${E:-y} ${E-y} ${U:-y} ${U-y} ${A:-y}", "y  y y x"),
        ("${U:-${A}z}", "xz"),
        ("${L:1} ${L:1:2} ${L:-2} ${L: -2} ${L:0:-1} ${L:9}", "ong on long ng lon "),
        ("${A?needed} $$ \\$A \\\\ $(b) c$", "x $ $A \\\\ $(b) c$"),
        ("${A:-$U}", "x"),
    ],
)
def test_substitution(text: str, value: str) -> None:
    assert substitute(text, lambda name: {"A": "x", "E": "", "L": "long"}.get(name)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$A", "$A is not set"),
        ("${A:2}", "$A is not set"),
        ("${A?say it}", "$A: say it"),
        ("${A?}", "$A: not set"),
        ("$1", "no variable begins at '$1'"),
        ("${A!}", "no operator that goose knows at '!}'"),
        ("${A:-b", "${A does not end with a brace"),
    ],
)
def test_substitution_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(SubstitutionError) as caught:
        substitute(text, lambda _: None)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n-- +goose Up\n", "1: SQL before the first `-- +goose Up`"),
        ("-- +goose Down\n-- +goose Up\n", "1: `-- +goose Down` not after one section Up"),
        ("-- +goose Up\nSELECT 1;\n-- +goose up\n", "3: a second `-- +goose Up`, or one after `-- +goose Down`"),
        ("-- +goose Up\n-- +goose Down\n-- +goose Down\n", "3: `-- +goose Down` not after one section Up"),
        ("-- +goose StatementBegin\n-- +goose Up\n", "1: StatementBegin before `-- +goose Up`"),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "2: StatementBegin without a StatementEnd"),
        ("-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n", "3: StatementEnd without a StatementBegin"),
        (
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementBegin\n",
            "4: StatementBegin inside of the one of line 2",
        ),
        (
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\n",
            "4: `-- +goose Down` inside of the StatementBegin of line 2",
        ),
        (
            "-- +goose Up\n\nSELECT 1\n",
            "3: the statement that begins here does not end before the end of the file: no line ends with a semicolon",
        ),
        (
            "-- +goose Up\nSELECT 1;--one\n-- +goose Down\n",
            "2: the statement that begins here does not end before line 3: no line ends with a semicolon",
        ),
        (
            "-- +goose Up\n-- +goose Statement\n",
            "2: goose knows no annotation 'Statement', only Up, Down, StatementBegin, StatementEnd, NO TRANSACTION,"
            " ENVSUB ON, ENVSUB OFF",
        ),
        ("-- +goose Up\n  -- +goose Down\n", "2: an annotation has to begin at the beginning of its line"),
        (
            "-- +goose Up\n-- +goose StatementBegin\n-- none\n-- +goose StatementEnd\nSELECT 1;\n",
            "5: goose loses this line: it follows a StatementBegin and StatementEnd with nothing between them",
        ),
    ],
)
def test_files_that_goose_refuses(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, {"1_a.sql": USERS, "2_b.sql": text})
    assert message == (
        f"the migrations cannot be read as goose reads them: 2_b.sql:{said}\nlooked at:\n  ROOT\n"
        "what to do: repair the files"
    )


def test_names_that_goose_refuses(tmp_path: Path) -> None:
    bad: dict[str, str | bytes] = {"1_a.sql": USERS, "01_b.sql": USERS, "0_c.sql": USERS, "d.sql": USERS, "2_e.sql": ""}
    assert refused(tmp_path, bad) == (
        "the migrations cannot be read as goose reads them:\n"
        "  0_c.sql: no version: its name does not begin with a number and _\n"
        "  d.sql: no version: its name does not begin with a number and _\n"
        "  version 1 is there more than once, which goose refuses: 01_b.sql, 1_a.sql\n"
        "  2_e.sql:1: no annotation `-- +goose Up`\n"
        "looked at:\n  ROOT\nwhat to do: repair the files"
    )


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    chain = read(tmp_path, {"1_a.sql": USERS, "2_b.sql": b"\xff\xfe"})
    assert (chain.migrations[1].up.problem or "").startswith("it is not UTF-8")


def test_comments_of_the_file_speak_to_us(tmp_path: Path) -> None:
    text = FUNCTION.replace("SELECT 1; SELECT 2;", "-- migrate-validate: ignore applies: why not\nSELECT 1;")
    chain = read(tmp_path, {"1_a.sql": text})
    assert [(each.name, str(each.location)) for each in ignores(chain)] == [("applies", "1_a.sql:8:1")]


def test_applied(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {
        "1_a.sql": USERS,
        "2_b.sql": FUNCTION,
        "3_c.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY ON users (id);\nSELECT one();\n",
        "4_d.sql": "-- +goose Up\nCREATE TABLE seen AS SELECT version_id, is_applied FROM goose_db_version;\n",
    }
    with replayed(server, tmp_path, chain) as replay:
        assert outcomes(replay.timeline) == ["applied"] * 4
        assert query(replay, "SELECT string_agg(version_id::text, ',' ORDER BY version_id) FROM seen") == "0,1,2,3"
        assert query(replay, "SELECT prosrc FROM pg_proc WHERE proname = 'one'") == "\nBEGIN\n    RETURN 1;\nEND "


def test_a_statement_that_is_cut_in_the_middle_fails_as_with_goose(server: Server, tmp_path: Path) -> None:
    with replayed(server, tmp_path, {"1_a.sql": FUNCTION.replace("-- +goose Statement", "-- Statement")}) as replay:
        (step,) = replay.timeline.steps
        failure = failure_of(step.run)
        assert failure.message.startswith('unterminated dollar-quoted string at or near "$$')
        assert str(failure.location) == "1_a.sql:3:55"
        assert step.advice == (
            "goose ends a statement with each line that ends with a semicolon, here line 5: write"
            " `-- +goose StatementBegin` before the statement and `-- +goose StatementEnd` behind it.",
        )


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "-- +goose Up\nCREATE INDEX CONCURRENTLY ON users (id);\n",
            "goose runs the file in one transaction: write `-- +goose NO TRANSACTION` at the top of the file, where it"
            " is to run in none.",
        ),
        (
            "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1; CREATE INDEX CONCURRENTLY ON users (id);\n",
            "goose sends them as one message, and PostgreSQL makes one transaction of several statements in one: put"
            " this one on lines of its own.",
        ),
    ],
)
def test_what_cannot_run_in_the_transaction_fails_as_with_goose(
    server: Server, tmp_path: Path, text: str, advice: str
) -> None:
    with replayed(server, tmp_path, {"1_a.sql": USERS, "2_b.sql": text}) as replay:
        step = replay.timeline.steps[1]
        assert failure_of(step.run).message == "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
        assert step.advice == (advice,)


def test_what_a_step_in_go_makes_is_missing(server: Server, tmp_path: Path) -> None:
    chain: dict[str, str | bytes] = {"9_a.sql": USERS, "10_b.go": "", "11_c.sql": "-- +goose Up\nDROP TABLE made;\n"}
    with replayed(server, tmp_path, chain) as replay:
        assert replay.timeline.steps[1].advice[0] == "10_b.go comes before, and cannot be run here: it may make it."
