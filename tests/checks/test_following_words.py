"""What a migration says about rows in so many words."""

from __future__ import annotations

from typing import Any

import pytest

from migrate_validate.catalog.model import Catalog, Column, Function, Table
from tests.checks.following import words
from tests.support.scripts import script


def table(name: str, *columns: str, **parts: Any) -> Table:
    return Table("public", name, "table", "owner", tuple(Column(each, "text") for each in columns), **parts)


def function(name: str, body: str, language: str = "plpgsql") -> Function:
    return Function(
        "public", name, "", "function", "", "void", language, body, False, "volatile", False, False, "unsafe", 1, 0,
        (), "",
    )  # fmt: skip


BEFORE = Catalog(
    180000,
    tables=(
        table("users", "id", "name", "plan"),
        table("plans", "id", "name"),
        table("parts", "id", partition_of="public.plans"),
    ),
    functions=(
        function("wipe", "BEGIN DELETE FROM users; PERFORM wipe(); END"),
        function("wipe_sql", "DELETE FROM users", "sql"),
        function("elsewhere", "whatever", "c"),
    ),
)


def said(text: str) -> Any:
    return words.words_of(script(text), BEFORE)


@pytest.mark.parametrize(
    ("text", "deeds"),
    [
        ("DELETE FROM ONLY public.users u WHERE u.id = '1'", [("delete", "public.users")]),
        ("TRUNCATE users, plans", [("truncate", "public.users"), ("truncate", "public.plans")]),
        ("DROP TABLE IF EXISTS users, nowhere CASCADE", [("cascade", ""), ("drop", "public.users")]),
        (
            "DROP SCHEMA public CASCADE",
            [("cascade", ""), ("drop", "public.users"), ("drop", "public.plans"), ("drop", "public.parts")],
        ),
        ("COPY users FROM '/tmp/x'", [("copy", "public.users")]),
        ("COPY users TO '/tmp/x'", []),
        ("SELECT * FROM users", []),
        ("ALTER TABLE users RENAME TO people; DELETE FROM people", [("delete", "public.users")]),
        ("ALTER TABLE users SET SCHEMA s; TRUNCATE s.users", [("truncate", "public.users")]),
        ("ALTER SCHEMA public RENAME TO s; TRUNCATE s.users", [("truncate", "public.users")]),
        ("SET search_path = public; CREATE TEMP TABLE users (id int); DELETE FROM users",
         [("delete", "+pg_temp.users")]),
        ("DROP TABLE users; CREATE TABLE users (id int); DELETE FROM users",
         [("drop", "public.users"), ("delete", "+public.users")]),
        ("WITH g AS (DELETE FROM users RETURNING *) SELECT count(*) FROM g", [("delete", "public.users")]),
        ("EXPLAIN ANALYZE DELETE FROM users", [("delete", "public.users")]),
        ("DO $$ BEGIN IF true THEN DELETE FROM users; END IF; END $$", [("delete", "public.users")]),
        ("DO $$ BEGIN EXECUTE 'DELETE FROM users'; END $$", [("delete", "public.users")]),
        ("DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'users'); END $$", [("delete", "")]),
        ("DO $$ BEGIN EXECUTE 'DELETE FROM public.users WHERE id = ' || 1; END $$", [("delete", "public.users")]),
        ("DO $$ BEGIN EXECUTE 'TRUNCATE ' || 'us' || 'ers'; END $$", [("truncate", "")]),
        ("SELECT wipe()", [("delete", "public.users")]),
        ("SELECT wipe_sql()", [("delete", "public.users")]),
        ("SELECT elsewhere()", []),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'", []),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'; DO $$ BEGIN PERFORM f(); END $$",
         [("delete", "public.users")]),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END; SELECT f()",
         [("delete", "public.users")]),
        ("MERGE INTO users u USING plans p ON u.id = p.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING",
         [("delete", "public.users")]),
        ("DELETE FROM users WHERE", [("delete", "public.users")]),
        ("ALTER TABLE plans ATTACH PARTITION users FOR VALUES IN (1)", [("attach", "public.plans")]),
    ],
)  # fmt: skip
def test_deeds(text: str, deeds: list[tuple[str, str]]) -> None:
    assert [(each.kind, each.table) for each in said(text).deeds] == deeds


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("UPDATE users SET name = plan", {"name": ("carried", "plan")}),
        ("UPDATE users SET name = left(plan::text, 3)", {"name": ("cast", "plan")}),
        ("UPDATE users u SET name = p.name, plan = 'x' FROM plans p",
         {"name": ("carried", "name"), "plan": ("constant", None)}),
        ("UPDATE users SET (name, plan) = (upper(name), id)", {"name": ("computed", None), "plan": ("carried", "id")}),
        ("UPDATE users SET (name, plan) = (SELECT name, id FROM plans)",
         {"name": ("computed", None), "plan": ("computed", None)}),
        ("ALTER TABLE users RENAME name TO title; UPDATE users SET title = 'x'", {"name": ("constant", None)}),
        ("ALTER TABLE users DROP name, ADD name int; UPDATE users SET name = 1", {"+name": ("constant", None)}),
        ("INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
         {"name": ("computed", None)}),
        ("MERGE INTO users u USING plans p ON u.id = p.id WHEN MATCHED THEN UPDATE SET name = p.name",
         {"name": ("carried", "name")}),
    ],
)  # fmt: skip
def test_assignments(text: str, assigned: dict[str, tuple[str, str | None]]) -> None:
    deed = said(text).deeds[-1]
    found = {
        column: (str(how.way), how.carried.column if how.carried else None) for column, how in deed.assigned.items()
    }
    assert found == assigned


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("CREATE TABLE n AS SELECT * FROM users", {"id": "+id", "name": "+name", "plan": "+plan"}),
        ("CREATE TABLE n (a) AS SELECT u.name FROM users u", {"name": "+a"}),
        ("SELECT id AS k INTO n FROM users", {"id": "+k"}),
        ("CREATE TABLE n (k text, v text); INSERT INTO n SELECT id, name FROM users", {"id": "+k", "name": "+v"}),
        ("CREATE TABLE n (LIKE users); INSERT INTO n SELECT * FROM users",
         {"id": "+id", "name": "+name", "plan": "+plan"}),
        ("CREATE TABLE n (k text); INSERT INTO n (k) SELECT s.id FROM (SELECT DISTINCT id FROM users) s", {"id": "+k"}),
        ("CREATE TABLE n (k text); WITH s AS (SELECT id FROM users) INSERT INTO n SELECT id FROM s", {"id": "+k"}),
        ("CREATE TABLE n (k text); WITH s AS (DELETE FROM users RETURNING id) INSERT INTO n SELECT id FROM s",
         {"id": "+k"}),
        ("CREATE TEMP TABLE n AS SELECT id, upper(name) AS name FROM users", {"id": "+id"}),
    ],
)  # fmt: skip
def test_copies(text: str, columns: dict[str, str]) -> None:
    (copy,) = said(text).copies
    assert copy.source == "public.users"
    assert copy.target in ("+public.n", "+pg_temp.n")
    assert dict(copy.columns) == columns


def test_copies_of_joins_and_unions() -> None:
    joined = said("CREATE TABLE n AS SELECT u.id, p.name FROM users u JOIN plans p ON p.id = u.plan").copies
    assert [(each.source, dict(each.columns), each.others, each.inner) for each in joined] == [
        ("public.users", {"id": "+id"}, ("public.plans",), True),
        ("public.plans", {"name": "+name"}, ("public.users",), True),
    ]
    left = said("CREATE TABLE n AS SELECT u.id FROM users u LEFT JOIN plans p ON p.id = u.plan").copies
    assert [each.inner for each in left] == [False, False]
    union = said("CREATE TABLE n AS SELECT id FROM users UNION SELECT id FROM plans").copies
    assert [(each.source, each.thinned) for each in union] == [("public.users", "UNION"), ("public.plans", "UNION")]


def test_a_chain_of_copies() -> None:
    told = said(
        "CREATE TEMP TABLE aside AS SELECT id, name AS n FROM users WHERE id > '1';"
        "CREATE TABLE people (k text, v text); INSERT INTO people SELECT id, left(n, 3) FROM aside; DROP TABLE aside"
    )
    (copy,) = told.copies_from("public.users")
    assert (copy.target, dict(copy.columns), dict(copy.cast)) == ("+public.people", {"id": "+k"}, {"name": "+v"})
    assert copy.where is not None


def test_names_in_the_end() -> None:
    told = said(
        "ALTER TABLE users RENAME name TO title; ALTER TABLE users ADD kind varchar(3)[] NOT NULL DEFAULT '{}';"
        "ALTER TABLE users RENAME TO people; CREATE TABLE users (id int); DROP TABLE plans"
    )
    assert told.names == {
        "public.users": "public.people",
        "+public.users": "public.users",
        "public.parts": "public.parts",
    }
    assert told.columns["public.users"] == {"id": "id", "name": "title", "plan": "plan", "+kind": "kind"}
    added = told.added["public.users"]["+kind"]
    assert (added.type, added.default) == ("varchar(3)[]", True)


def test_what_cannot_be_read_is_named() -> None:
    told = said("DO $$ BEGIN EXECUTE (SELECT name FROM plans); END $$; DELETE FROM plans")
    assert [each.kind for each in told.unread] == ["do"]
    assert [(each.kind, each.table) for each in told.deeds] == [("delete", "public.plans")]


def test_a_table_and_its_partitions_share_their_rows() -> None:
    told = said("DELETE FROM plans")
    assert told.deed("public.parts", "delete") is not None
    assert told.deed("public.users", "delete") is None
