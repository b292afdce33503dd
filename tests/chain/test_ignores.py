"""Which comments silence which findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.ignores import Ignore, ignores
from migrate_validate.chain.model import Chain, Migration, Script
from migrate_validate.findings import Finding, Location
from tests.support.scripts import script


def read(text: str) -> tuple[Ignore, ...]:
    return ignores(chain_of(script(text, "001.sql")))


def chain_of(up: Script) -> Chain:
    return Chain("chain", Path("/chain"), "sql", (Migration("001", "001", up),))


def at(line: int, column: int | None = None) -> Finding:
    return Finding("bad", location=Location("001.sql", line, column), rule="r", aliases=("tool:r",))


def about(name: str) -> Finding:
    return Finding("bad", object=name, rule="r")


@pytest.mark.parametrize(
    ("comment", "names", "reason"),
    [
        ("-- migrate-validate: ignore r: it is small", ["r"], "it is small"),
        ("--migrate-validate:  ignore r , tool:q:  it is\tsmall: 4 rows", ["r", "tool:q"], "it is small: 4 rows"),
        ("/* migrate-validate: ignore r: in\n two lines */", ["r"], "in two lines"),
        ("-- migrate-validate: ignore tool:r", ["tool:r"], ""),
        ("-- migrate-validate: ignore r:", ["r"], ""),
        ("-- migrate-validate: ignore", [""], ""),
        ("-- migrate-validate ignore r: no", [], ""),
        ("-- please migrate-validate: ignore r: no", [], ""),
        ("-- squawk-ignore a, b", ["squawk:a", "squawk:b"], "squawk-ignore"),
        ("-- squawk-ignore", [], ""),
        ("-- squawk-ignore-file a", ["squawk:a"], "squawk-ignore-file"),
        ("/* squawk-ignore-file */", ["squawk:*"], "squawk-ignore-file"),
    ],
)
def test_comments(comment: str, names: list[str], reason: str) -> None:
    found = read(f"{comment}\nselect 1;")
    assert [each.name for each in found] == names
    assert {each.reason for each in found} <= {reason}


@pytest.mark.parametrize(
    "text",
    [
        "select '\n-- migrate-validate: ignore r: no\n';",
        "do $$\n-- migrate-validate: ignore r: no\nbegin end $$;",
        "copy t from stdin;\n-- migrate-validate: ignore r: no\n\\.\n",
        "select 'never ends; -- migrate-validate: ignore r: no",
    ],
)
def test_text_that_is_no_comment(text: str) -> None:
    assert read(text) == ()


def test_a_comment_belongs_to_one_statement() -> None:
    text = (
        "select 1;\n"  # 1
        "-- migrate-validate: ignore r: next\n"
        "\n"
        "-- another word\n"
        "alter table t\n"  # 5
        "  add column a int,\n"
        "  add column b int; select 7;\n"
        "select 8; -- migrate-validate: ignore r: same line\n"
        "alter table t -- migrate-validate: ignore r: inside\n"
        "  add column c int;\n"  # 10
        "select 11; /* migrate-validate: ignore r: last */ select 12;\n"
        "-- migrate-validate: ignore r: no statement follows\n"
    )
    by_reason = {each.reason: each for each in read(text)}

    def lines(reason: str) -> list[int]:
        return [line for line in range(1, 13) if by_reason[reason].silences(at(line))]

    assert lines("next") == [5, 6, 7]
    assert lines("same line") == [8]
    assert lines("inside") == [9, 10]
    assert lines("last") == [11]
    assert lines("no statement follows") == []
    assert by_reason["next"].silences(at(7, 3))
    assert not by_reason["next"].silences(at(7, 21))


def test_names_and_files() -> None:
    (named,) = read("-- migrate-validate: ignore tool:r: small\nselect 1;")
    assert named.silences(at(2))
    assert not named.silences(Finding("bad", location=Location("001.sql", 2), rule="other"))
    assert not named.silences(Finding("bad", location=Location("002.sql", 2), rule="r", aliases=("tool:r",)))
    assert named.silences(Finding("about the file", location=Location("001.sql"), rule="r", aliases=("tool:r",)))
    (whole,) = read("select 1;\n-- squawk-ignore-file\n")
    theirs = Finding("bad", location=Location("001.sql", 9), rule="r", aliases=("squawk:x",))
    assert whole.silences(theirs)
    assert not whole.silences(at(9))


def test_objects_that_the_statement_creates_or_changes() -> None:
    (table,) = read("-- migrate-validate: ignore r: small\ncreate table t (a int);")
    assert table.silences(about("public.t"))
    assert table.silences(about("public.t.a"))
    assert not table.silences(about("public.a"))
    assert not table.silences(about("public.t2"))
    (column,) = read("-- migrate-validate: ignore r: small\nalter table s.t add b int;")
    assert column.silences(about("s.t"))
    assert column.silences(about("s.t.b"))
    assert not column.silences(about("public.t"))
    (index,) = read("-- migrate-validate: ignore r: small\ncreate index i on s.t (a);")
    assert index.silences(about("s.i"))
    assert index.silences(about("s.t"))
    unnamed = Finding("bad", object="s.t_a_idx", rule="r", evidence={"table": "s.t"})
    assert index.silences(unnamed)
    (other,) = read("-- migrate-validate: ignore r: small\ndrop table s.t;")
    assert not other.silences(about("s.t"))


def test_included_files(tmp_path: Path) -> None:
    (tmp_path / "part.sql").write_text("-- migrate-validate: ignore r: small\nselect 1;\n")
    up = Script(tmp_path / "001.sql", "001.sql", "\\i part.sql\nselect 2;\n")
    (found,) = ignores(chain_of(up))
    assert found.location == Location("part.sql", 1, 1)
    assert found.silences(Finding("bad", location=Location("part.sql", 2), rule="r"))
    assert not found.silences(at(2))
