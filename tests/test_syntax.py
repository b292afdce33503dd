"""The facade of the grammar: positions in characters, trees, names."""

from __future__ import annotations

import time

import pytest

from migrate_validate import syntax


def test_positions_are_characters() -> None:
    text = "SELECT 'é日'; -- ü\nSELECT 2 AS ö;SELECT 3"
    assert [text[each.start : each.end] for each in syntax.parse(text)] == [
        "SELECT 'é日'",
        "SELECT 2 AS ö",
        "SELECT 3",
    ]
    assert [text[token.start : token.end] for token in syntax.scan(text)] == [
        *("SELECT", "'é日'", ";", "-- ü", "SELECT", "2", "AS", "ö", ";", "SELECT", "3")
    ]


@pytest.mark.parametrize("text", ["SELECT 'e'; SELEC 1", "SELECT 'é'; SELEC 1", "SELECT '日本'; SELEC 1"])
def test_place_of_an_error(text: str) -> None:
    with pytest.raises(syntax.GrammarError) as caught:
        syntax.parse(text)
    assert caught.value.offset == text.index("SELEC 1")


def test_nul_is_refused() -> None:
    with pytest.raises(syntax.GrammarError, match="NUL") as caught:
        syntax.parse("SELECT 1; \0 SELECT 2")
    assert caught.value.offset == 10
    with pytest.raises(syntax.GrammarError, match="NUL"):
        syntax.scan("\0")


def test_time_grows_with_the_text_not_with_its_square() -> None:
    text = "SELECT 'é' AS a; " * 10_000
    began = time.perf_counter()
    assert len(syntax.parse(text)) == 10_000
    assert len(syntax.scan(text)) == 50_000
    assert time.perf_counter() - began < 5


def test_walk_goes_down_from_parents_to_children() -> None:
    tree = syntax.parse("SELECT a FROM t WHERE b = (SELECT 1)")[0].node
    names = [syntax.node_name(node) for node in syntax.walk(tree)]
    assert names[0] == "SelectStmt"
    assert names.count("SelectStmt") == 2
    assert names.count("ColumnRef") == 2
    assert names.index("RangeVar") < names.index("A_Const")


def test_enum_name() -> None:
    node = syntax.parse("ALTER VIEW a RENAME TO b")[0].node
    assert syntax.enum_name("ObjectType", node.rename_type) == "OBJECT_VIEW"


@pytest.mark.parametrize("name", ["name", "status", "a_1", "role", "_x"])
def test_names_that_need_no_quotes(name: str) -> None:
    assert syntax.quote(name) == name


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("select", '"select"'), ("User", '"User"'), ("a b", '"a b"'), ('a"b', '"a""b"'), ("é", '"é"'), ("1a", '"1a"'),
     ("values", '"values"'), ("left", '"left"'), ("", '""'), ("a$b", '"a$b"')],
)  # fmt: skip
def test_names_that_need_quotes(name: str, quoted: str) -> None:
    assert syntax.quote(name) == quoted


def test_a_tree_is_written_as_sql() -> None:
    (statement,) = syntax.parse('create index if not exists "T x" on t using gin (lower(c) text_ops) where a > 3')
    statement.node.concurrent = True
    assert syntax.sql_of(statement.node) == (
        'CREATE INDEX CONCURRENTLY IF NOT EXISTS "T x" ON t USING gin (lower(c) text_ops) WHERE a > 3'
    )


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("trim(name)", "trim(name)"),
        ("trim(both from lower(name)) || trim('x' from name)", "trim(lower(name)) || trim(both 'x' FROM name)"),
        ("trim(leading from name)", "trim(leading FROM name)"),
        ("trim(trailing '.' from trim(name))", "trim(trailing '.' FROM trim(name))"),
        ("'TRIM (BOTH  FROM name)'", "'TRIM (BOTH  FROM name)'"),
    ],
)
def test_trim_is_spelled_as_people_do(written: str, spelled: str) -> None:
    assert syntax.sql_of_expression(written) == spelled
    assert syntax.sql_of_expression(spelled) == spelled
