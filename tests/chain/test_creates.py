"""Which names a script creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.model import Script


def created(text: str) -> list[tuple[str, str]]:
    found = created_objects(Script(Path("/chain/001_x.sql"), "001_x.sql", text))
    return [
        (
            each.kind + ("?" if each.maybe else ""),
            ".".join(part for part in (each.schema, each.table, each.name) if part),
        )
        for each in found
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("CREATE TABLE a.b (x int, CHECK (x > 0))", [("table", "a.b"), ("column", "a.b.x")]),
        ('CREATE TABLE "B" AS SELECT 1', [("table", "B")]),
        ("SELECT 1 INTO n", [("table", "n")]),
        ("SELECT 1", []),
        ("CREATE MATERIALIZED VIEW s.m AS SELECT 1", [("materialized view", "s.m")]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", [("view", "v")]),
        ("ALTER TABLE t ADD a int, ADD COLUMN b text, DROP c", [("column", "t.a"), ("column", "t.b")]),
        ("ALTER TABLE s.t RENAME COLUMN a TO z", [("column", "s.t.z")]),
        ("ALTER TABLE s.t RENAME TO u", [("table", "s.u")]),
        ("ALTER TABLE t SET SCHEMA z", [("table", "z.t")]),
        ("ALTER TYPE p.q RENAME TO r", [("type", "p.r")]),
        ("ALTER FUNCTION p.f(int) RENAME TO g", [("function", "p.g")]),
        ("ALTER FUNCTION f() SET SCHEMA z", [("function", "z.f")]),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", []),
        ("ALTER SCHEMA a RENAME TO b; ALTER ROLE a RENAME TO c", [("schema", "b"), ("role", "c")]),
        ("CREATE SCHEMA s CREATE TABLE t (a int)", [("schema", "s"), ("table", "s.t"), ("column", "s.t.a")]),
        ("CREATE SCHEMA AUTHORIZATION u", [("schema", "u")]),
        ("CREATE TYPE p.e AS ENUM ('a')", [("type", "p.e")]),
        ("CREATE TYPE c AS (a int); CREATE DOMAIN d AS int; CREATE TYPE r AS RANGE (subtype = int)",
         [("type", "c"), ("type", "d"), ("type", "r")]),
        ("CREATE FUNCTION p.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", [("function", "p.f")]),
        ("CREATE SEQUENCE s.q; CREATE EXTENSION \"uuid-ossp\"; CREATE ROLE r; CREATE USER u",
         [("sequence", "s.q"), ("extension", "uuid-ossp"), ("role", "r"), ("role", "u")]),
        ("CREATE INDEX i ON s.t (a); CREATE INDEX ON t (a)", [("index", "s.i")]),
        ("CREATE POLICY p ON s.t; CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()",
         [("policy", "s.t.p"), ("trigger", "t.g")]),
        ("CREATE TABEL t (a int); CREATE TABLE T (a int b)", [("table?", "t")]),
    ],
)  # fmt: skip
def test_names(text: str, names: list[tuple[str, str]]) -> None:
    assert created(text) == names


def test_inside_a_do_block() -> None:
    body = """DO $$ BEGIN
        -- CREATE TABLE no (a int);
        IF true THEN CREATE TABLE IF NOT EXISTS Foo."Bar" (a int); END IF;
        EXECUTE 'CREATE TYPE status AS ENUM ()';
        ALTER TABLE t ADD COLUMN IF NOT EXISTS c int;
        ALTER TABLE s.old RENAME TO new;
    END $$"""
    assert created(body) == [("table?", "foo.Bar"), ("type?", "status"), ("column?", "t.c"), ("table?", "s.new")]


def test_a_script_that_cannot_be_cut_creates_nothing() -> None:
    assert created("CREATE TABLE t (a int); SELECT 'x") == []
