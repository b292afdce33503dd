"""What the rules about expressions of policies take for granted, asked of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.postgres import Server
from migrate_validate.syntax import parse_expression

expressions: Any = import_module("migrate_validate.checks._rls_policies.expressions")

SCENE = """
CREATE SEQUENCE calls;
CREATE SCHEMA auth;
-- Counts how often it is called; what it says to be decides how PostgreSQL treats it.
CREATE FUNCTION auth.uid() RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN PERFORM nextval('calls'); RETURN 7; END$$;
CREATE TABLE members (user_id int, org_id int);
INSERT INTO members SELECT i, i FROM generate_series(1, 20) AS i;
CREATE TABLE notes (user_id int, org_id int);
INSERT INTO notes SELECT i, i FROM generate_series(1, 100) AS i;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE ROLE mv_reader;
GRANT USAGE ON SCHEMA auth TO mv_reader;
GRANT USAGE ON SEQUENCE calls TO mv_reader;
GRANT SELECT ON notes, members TO mv_reader;
"""


@pytest.fixture(scope="module")
def scene(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("expressions") as database, database.connect() as connection:
        connection.execute(SCENE)
        yield connection
        connection.execute("DROP OWNED BY mv_reader; DROP ROLE mv_reader")


@pytest.mark.parametrize(
    ("condition", "often", "least", "most"),
    [
        ("user_id = auth.uid()", {"row"}, 100, 300),
        ("user_id = (SELECT auth.uid())", {"once"}, 1, 1),
        ("(SELECT user_id = auth.uid())", {"row"}, 100, 300),
        (
            "EXISTS (SELECT 1 FROM members m WHERE m.org_id + notes.org_id > 0 AND m.user_id = auth.uid())",
            {"row"},
            100,
            3000,
        ),
        (
            "EXISTS (SELECT 1 FROM members m WHERE m.org_id + notes.org_id > 0 AND m.user_id = (SELECT auth.uid()))",
            {"once"},
            1,
            1,
        ),
        ("org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = auth.uid())", {"inner"}, 20, 60),
        ("org_id IN (SELECT m.org_id FROM members m WHERE m.user_id = (SELECT auth.uid()))", {"once"}, 1, 1),
    ],
)
def test_how_often_a_function_is_called_is_what_postgresql_does(
    scene: psycopg.Connection[Any], condition: str, often: set[str], least: int, most: int
) -> None:
    scene.execute(f"DROP POLICY IF EXISTS asked ON notes; CREATE POLICY asked ON notes USING ({condition})".encode())
    table = Catalog.read(scene).table("public.notes")
    assert table is not None
    stored = table.policies[0].using
    said = {
        spot.often for spot in expressions.spots(parse_expression(stored or "")) if expressions.called(spot.node)[1]
    }
    assert said == often
    scene.execute("SELECT setval('calls', 1, false)")
    with scene.transaction():
        scene.execute("SET LOCAL ROLE mv_reader")
        assert scene.execute("SELECT user_id FROM notes").fetchall()
    row = scene.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM calls").fetchone()
    assert row is not None
    assert least <= row[0] <= most


@pytest.mark.parametrize(
    ("condition", "signed_in", "anonymous"),
    [
        ("auth.uid() IS NOT NULL", True, False),
        ("NOT ((SELECT auth.uid()) IS NULL)", True, False),
        ("auth.role() = 'authenticated'::text", True, False),
        ("'anon' = auth.role()", False, True),
        ("auth.role() <> 'anon'", True, False),
        ("auth.role() = ANY (ARRAY['anon'::text, 'authenticated'::text])", True, True),
        ("(auth.jwt() ->> 'sub') IS NULL", False, True),
        ("(current_setting('request.jwt.claims', true)::jsonb ->> 'role') = 'service_role'", False, False),
        ("current_setting('request.jwt.claim.sub', true) <> ''", True, False),
        ("user_id = auth.uid() OR auth.uid() IS NULL", None, True),
        ("CASE WHEN auth.uid() IS NULL THEN false ELSE true END", True, False),
        ("CASE WHEN open THEN auth.uid() IS NOT NULL ELSE user_id = 1 END", None, None),
        ("CASE auth.role() WHEN 'anon' THEN false ELSE true END", None, None),
        ("user_id IS NOT NULL", None, None),
        ("auth.uid() = user_id", None, None),
    ],
)
def test_what_is_true_for_whoever_asks(condition: str, signed_in: bool | None, anonymous: bool | None) -> None:
    tree = parse_expression(condition)
    assert expressions.truth_for(tree, signed_in=True) is signed_in
    assert expressions.truth_for(tree, signed_in=False) is anonymous


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("user_id = auth.uid()", ["user_id"]),
        ("EXISTS (SELECT 1 FROM public.members m WHERE m.org_id = m.org_id)", []),
        ("EXISTS (SELECT 1 FROM public.members m WHERE m.org_id = notes.org_id)", ["org_id"]),
        (
            "EXISTS (SELECT 1 FROM public.m WHERE EXISTS (SELECT 1 FROM public.o WHERE o.a = m.a AND o.b = notes.b))",
            ["b"],
        ),
        ("org_id IN (SELECT members.org_id FROM public.members)", ["org_id"]),
        ("(SELECT notes.open)", ["open"]),
        ("notes.* IS NOT NULL", ["*"]),
    ],
)
def test_columns_of_the_row_are_told_from_those_of_subqueries(condition: str, columns: list[str]) -> None:
    assert list(expressions.own_columns(parse_expression(condition))) == columns
