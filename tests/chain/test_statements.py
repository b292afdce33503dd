"""Scripts are cut as psql cuts them, and every statement knows its place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_validate import syntax
from migrate_validate.chain.files import read_script
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import ScriptError, statements


def cut(text: str) -> tuple[Statement, ...]:
    return statements(Script(Path("/chain/001_x.sql"), "001_x.sql", text))


def sql(text: str) -> list[str]:
    return [statement.sql for statement in cut(text)]


def refused(text: str) -> str:
    with pytest.raises(ScriptError) as caught:
        cut(text)
    return str(caught.value)


KNOWN = (
    "SELECT 1",
    "SELECT 'a;b'",
    "SELECT E'a\\';b', 'it''s;'",
    "SELECT E'a'\n  'b\\';c'",
    'SELECT 1 AS "a;""b"',
    "SELECT $$;'$$, $a$ $$ ; $b$ $a$",
    "DO $$ BEGIN PERFORM 1; IF true THEN NULL; END IF; END $$",
    "SELECT a$b$c FROM t",
    "SELECT /* ; /* nested ; */ ' */ 1",
    "SELECT 1 -- ; ' $$\n + 2",
    "SELECT CASE WHEN true THEN 1 END",
    "SELECT 10::int, a[1:2], b[:n], c - -1, 4/2, d #>> '{}', U&'\\0061;'",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE OR REPLACE PROCEDURE begin_it(x int) BEGIN ATOMIC SELECT 1; END",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN NULL; END; $f$",
    "BEGIN",
    "END",
    "INSERT INTO tëst VALUES ('é;ü', '日本')",
    "CREATE TABLE t (a int DEFAULT 1, b text CHECK (b <> ';'))",
)
SEPARATORS = (";", ";\n", " ; ", ";;\n\n", "; -- it's a comment;\n", ";\r\n", "/* ' ; $$ */;", ";\n\\restrict x'y\n")


@given(st.lists(st.tuples(st.sampled_from(KNOWN), st.sampled_from(SEPARATORS)), max_size=12), st.booleans())
def test_joined_statements_are_cut_into_the_same_statements(parts: list[tuple[str, str]], closed: bool) -> None:
    text = "-- first; comment\n" + "".join(statement + separator for statement, separator in parts)
    if not closed and parts:
        text = text[: -len(parts[-1][1])]
    found = cut(text)
    assert [statement.sql for statement in found] == [statement for statement, _ in parts]
    lines = text.split("\n")
    for statement in found:
        at = statement.location
        assert at.line is not None
        assert at.column is not None
        rest = "\n".join(lines[at.line - 1 :])[at.column - 1 :]
        assert rest.startswith(statement.sql)


@given(st.lists(st.sampled_from(KNOWN), min_size=1, max_size=8))
def test_agrees_with_the_grammar(parts: list[str]) -> None:
    text = ";\n".join(parts)
    assert sql(text) == [text[each.start : each.end].rstrip() for each in syntax.parse(text)]


@given(st.text(alphabet="ab;'\"$\\/*-():1 \n\r\té", max_size=40))
def test_any_text_is_cut_or_refused(text: str) -> None:
    try:
        found = cut(text)
    except ScriptError:
        return
    assert all(statement.sql and statement.sql.strip() == statement.sql for statement in found)


def test_kind_and_location() -> None:
    first, second = cut("-- é\n  CREATE TABLE é (a int);  ALTER TABLE é ADD b int;")
    assert (first.kind, str(first.location)) == ("create", "001_x.sql:2:3")
    assert (second.kind, str(second.location)) == ("alter_table", "001_x.sql:2:28")


@pytest.mark.parametrize(
    "text", ["", "   \n", "-- only\n/* comments */", ";;;\n;", "\\restrict abc\n\\unrestrict abc\n"]
)
def test_nothing_to_apply(text: str) -> None:
    assert cut(text) == ()


def test_what_the_grammar_does_not_accept_stays_for_the_server_to_judge() -> None:
    found = cut("SELECT 1; CREATE TABEL t (a int);\nSELECT 2")
    assert [(each.sql, each.kind) for each in found] == [
        ("SELECT 1", "select"),
        ("CREATE TABEL t (a int)", "unparsed"),
        ("SELECT 2", "select"),
    ]


def test_invisible_characters_are_not_white_space() -> None:
    assert sql("SELECT 1;\n\u00a0SELECT 2;\ufeffSELECT 3") == ["SELECT 1", "\u00a0SELECT 2", "\ufeffSELECT 3"]


def test_carriage_returns_are_kept() -> None:
    assert sql("SELECT\r\n 1;\r\nSELECT 2;\r\n") == ["SELECT\r\n 1", "SELECT 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n  SELECT 'a", "001_x.sql:2:10: unterminated quoted string"),
        ('SELECT "a', "001_x.sql:1:8: unterminated quoted identifier"),
        ("DO $x$ begin $$", "001_x.sql:1:4: unterminated dollar-quoted string $x$"),
        ("SELECT 1 /* a /* b */", "001_x.sql:1:10: unterminated /* comment"),
    ],
)
def test_what_does_not_end(text: str, message: str) -> None:
    assert refused(text) == message


class TestCopy:
    def test_data_is_taken_out(self) -> None:
        copy, after = cut("COPY t (a, b) FROM stdin;\nit's\t;\n\\N\t$$\n\\.\n\nSELECT 1;")
        assert copy.sql == "COPY t (a, b) FROM stdin"
        assert copy.copy_data == "it's\t;\n\\N\t$$\n"
        assert (after.sql, str(after.location)) == ("SELECT 1", "001_x.sql:6:1")

    @pytest.mark.parametrize(
        ("text", "data"),
        [
            ("COPY t FROM STDIN; -- rows\n\\.\n", ""),
            ("COPY t FROM STDIN;\n1\n2", "1\n2"),
            ("COPY t FROM STDIN;", ""),
            ("COPY t FROM STDIN WITH (FORMAT csv);\r\n1,2\r\n\\.\r\n", "1,2\r\n"),
            ("COPY t FROM STDIN WITH NONSENSE;\n'\n\\.\n", "'\n"),
        ],
    )
    def test_ends_of_data(self, text: str, data: str) -> None:
        assert [statement.copy_data for statement in cut(text)] == [data]

    def test_other_copies_have_no_data(self) -> None:
        assert [each.copy_data for each in cut("COPY t TO stdout; COPY t FROM '/tmp/x';\nSELECT 1")] == [None] * 3

    def test_more_on_the_line(self) -> None:
        assert refused("COPY t FROM stdin; SELECT 1;\n\\.\n").startswith("001_x.sql:1:19: COPY")

    def test_many_rows(self) -> None:
        rows = "1\tit's\tdéf\n" * 900_000
        began = time.perf_counter()
        copy, _ = cut(f"COPY t FROM stdin;\n{rows}\\.\nSELECT 1;")
        assert copy.copy_data == rows
        assert time.perf_counter() - began < 10


class TestVariables:
    def test_three_ways(self) -> None:
        assert sql("\\set n 5\n\\set w 'it''s \"x\"'\nSELECT :n, :'w', :\"w\"") == [
            'SELECT 5, \'it\'\'s "x"\', "it\'s ""x"""'
        ]

    @pytest.mark.parametrize(
        "text", ["SELECT 1::int", "SELECT a[1:n], b[:m]", "SELECT ':v'", "SELECT $$:v$$", "SELECT 1 /* :v */ + 1"]
    )
    def test_untouched(self, text: str) -> None:
        assert sql(f"\\set v 5\n\\set int x\n{text}") == [text]

    def test_value_with_statements_and_places_after_it(self) -> None:
        found = cut("\\set both 'SELECT 1; SELECT 2'\n :both, 3; SELECT 4")
        assert [each.sql for each in found] == ["SELECT 1", "SELECT 2, 3", "SELECT 4"]
        assert [each.location.column for each in found] == [2, 2, 12]

    def test_value_that_names_itself(self) -> None:
        assert sql("\\set a ':b'\n\\set b ':a'\n\\set c :a\nSELECT :a") == ["SELECT :a"]

    def test_value_of_several_words_and_of_another_variable(self) -> None:
        assert sql("\\set a x y\n\\set b :a z\n\\set\nSELECT :b") == ["SELECT xyz"]

    def test_shell_command(self) -> None:
        assert "runs a shell command, which is refused" in refused("\\set d `date`\nSELECT 1")


@pytest.mark.parametrize(
    "copy",
    [
        *(
            "copy t from program 'id'",
            "COPY t (a) TO PROGRAM 'id' WITH (FORMAT csv)",
            "copy (select 1) to program 'id'",
        ),
        *("copy t from/**/program 'id'", "copy t from program 'id' with no such option"),
    ],
)
def test_copy_with_a_program_is_refused(copy: str) -> None:
    message = "001_x.sql:3:1: COPY ... PROGRAM runs a command on the server's machine: refused"
    assert refused(f"SELECT 1;\n-- a comment\n{copy};\n") == message


def test_copy_of_a_table_named_program() -> None:
    assert sql("copy program from stdin;\n\\.\n") == ["copy program from stdin"]


class TestMetaCommands:
    @pytest.mark.parametrize("command", ["echo hi", "! rm x", "copy t from 'x'", "connect db", "gexec", "timing"])
    def test_refused_by_name_and_line(self, command: str) -> None:
        name = command.split()[0]
        message = refused(f"SELECT 1;\n\\{command}\n")
        assert message.startswith(f"001_x.sql:2:1: the psql meta-command \\{name} is refused")

    def test_refused_inside_a_statement(self) -> None:
        assert refused("SELECT 1 \\gset\n").startswith("001_x.sql:1:10: the psql meta-command \\gset")

    def test_backslash_in_strings(self) -> None:
        assert sql("SELECT 'C:\\dir', $$\\d$$ -- \\x\n") == ["SELECT 'C:\\dir', $$\\d$$"]


class TestIncludes:
    def script(self, root: Path, file: str, text: str) -> Script:
        path = root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return read_script(path, root)

    def test_relative_to_the_chain_and_to_the_file(self, tmp_path: Path) -> None:
        self.script(tmp_path, "parts/a.sql", "SELECT 'a';\n\\ir b.sql\nSELECT :x;")
        self.script(tmp_path, "parts/b.sql", "\n  SELECT 'b'; \\set x 7\n")
        script = self.script(tmp_path, "001_x.sql", "\\i parts/a.sql\nSELECT :x;\n\\ir 'parts/b.sql'")
        assert [(each.sql, str(each.location)) for each in statements(script)] == [
            ("SELECT 'a'", "parts/a.sql:1:1"),
            ("SELECT 'b'", "parts/b.sql:2:3"),
            ("SELECT 7", "parts/a.sql:3:1"),
            ("SELECT 7", "001_x.sql:2:1"),
            ("SELECT 'b'", "parts/b.sql:2:3"),
        ]

    def test_missing(self, tmp_path: Path) -> None:
        script = self.script(tmp_path, "001_x.sql", "SELECT 1;\n\\i no.sql\n")
        with pytest.raises(ScriptError) as caught:
            statements(script)
        assert str(caught.value) == f"001_x.sql:2:1: \\i no.sql: {tmp_path / 'no.sql'}: it does not exist"

    def test_cycle(self, tmp_path: Path) -> None:
        script = self.script(tmp_path, "001_x.sql", "\\i b.sql\n")
        self.script(tmp_path, "b.sql", "\n\\ir 001_x.sql\n")
        with pytest.raises(ScriptError) as caught:
            statements(script)
        assert str(caught.value) == "b.sql:2:1: \\ir: the file includes itself: 001_x.sql -> b.sql -> 001_x.sql"

    def test_inside_a_statement_and_without_a_name(self) -> None:
        assert refused("SELECT \\i x.sql\n") == "001_x.sql:1:8: \\i stands inside a statement"
        assert refused("\\i\n") == "001_x.sql:1:1: \\i needs the name of one file"


def test_unreadable_script() -> None:
    with pytest.raises(ScriptError, match=r"^001_x.sql: it does not exist$"):
        statements(Script(Path("/x/001_x.sql"), "001_x.sql", "", "it does not exist"))


def test_two_thousand_statements_with_accents() -> None:
    text = "".join(f"CREATE TABLE t{i} (id bigint PRIMARY KEY, n text DEFAULT 'é{i}');\n" for i in range(2000))
    began = time.perf_counter()
    assert len(cut(text)) == 2000
    assert time.perf_counter() - began < 5
