"""Rows that loops copy, one by one, are followed as those of INSERT ... SELECT are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.following import Connection, beyond, followed, lines
from tests.checks.test_existing_data import said

loops: Any = import_module("migrate_validate.checks._existing_data.loops")
BEFORE = (
    "CREATE TABLE a (id int PRIMARY KEY, x text, n int); CREATE TABLE b (a_id int); "
    "INSERT INTO a VALUES (1, 'long text', 5), (2, 'x', NULL), (3, 'x', 2); INSERT INTO b VALUES (1), (1), (2), (3)"
)
MADE = "CREATE TABLE c (id int, x text, n int);"
ONCE = f"{MADE} DO $$ DECLARE r record; p int; q text; s int; BEGIN {{}} END $$; DROP TABLE a"


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("loops") as database, database.connect() as connected:
        yield connected


@pytest.mark.parametrize(
    ("body", "about", "words"),
    [
        (
            "FOR r IN SELECT * FROM a WHERE n > 3 LOOP INSERT INTO c VALUES (r.id, r.x, r.n); END LOOP;",
            [("rows-lost", "public.a", "", "where"), ("rows-lost", "public.a", "", "where is null")],
            "public.a loses 1 of 3 rows on the way to public.c: WHERE r.n > 3 leaves them out",
        ),
        (
            "FOR r IN SELECT * FROM a LOOP IF r.n > 3 THEN INSERT INTO c VALUES (r.id, r.x, r.n); END IF; END LOOP;",
            [("rows-lost", "public.a", "", "where"), ("rows-lost", "public.a", "", "where is null")],
            "public.a loses 1 of 3 rows on the way to public.c: WHERE r.n > 3 leaves them out",
        ),
        (
            "FOR r IN SELECT * FROM a LOOP CONTINUE WHEN r.n IS NULL; INSERT INTO c VALUES (r.id, r.x, r.n); END LOOP;",
            [("rows-lost", "public.a", "", "where")],
            "public.a loses 1 of 3 rows on the way to public.c: WHERE r.n IS NULL IS NOT TRUE leaves them out",
        ),
        (
            "FOR r IN SELECT a.*, b.a_id FROM a JOIN b ON b.a_id = a.id AND a.n > 0 LOOP "
            "INSERT INTO c VALUES (r.id, r.x, r.n); END LOOP;",
            [("rows-lost", "public.a", "", "by the inner join with public.b")],
            "public.a loses 1 of 3 rows on the way to public.c by the inner join with public.b",
        ),
        (
            "FOR r IN SELECT * FROM a LOOP INSERT INTO c VALUES (r.id, left(r.x, 4), r.n); END LOOP;",
            [("values-changed", "public.a", "x", "cast")],
            "public.a.x does not survive the change from text to text in 1 of 3 rows: cast back, it is another value",
        ),
        (
            "FOR p, q, s IN SELECT id, left(x, 4), n FROM a LOOP INSERT INTO c VALUES (p, q, s); END LOOP;",
            [("values-changed", "public.a", "x", "cast")],
            "public.a.x does not survive the change from text to text in 1 of 3 rows: cast back, it is another value",
        ),
    ],
    ids=["where", "if", "continue", "join", "cut", "scalars"],
)
def test_what_a_loop_loses(connection: Connection, body: str, about: list[tuple[str, ...]], words: str) -> None:
    harms = followed(connection, BEFORE, ONCE.format(body))
    found = [each.identity for each in harms if each.severity is None]
    assert [each[:2] for each in found] == [each[:2] for each in about], lines(harms)
    assert words in [each.message for each in harms]


@pytest.mark.parametrize(
    "body",
    [
        "FOR r IN SELECT * FROM a LOOP INSERT INTO c VALUES (r.id, r.x, r.n); END LOOP;",
        "FOR r IN SELECT id, x, n FROM a AS t ORDER BY t.n LOOP INSERT INTO c SELECT r.id, r.x, r.n; END LOOP;",
        "FOR p, q, s IN SELECT * FROM a LOOP INSERT INTO c (n, x, id) VALUES (s, q, p); END LOOP;",
        "FOR r IN SELECT * FROM a LOOP IF r.n > 3 THEN INSERT INTO c VALUES (r.id, r.x, r.n); "
        "ELSE INSERT INTO c (id, n, x) VALUES (r.id, r.n, r.x); END IF; END LOOP;",
        "FOR s IN 1..1 LOOP FOR r IN SELECT * FROM a LOOP INSERT INTO c VALUES (r.id, r.x, r.n); END LOOP; END LOOP;",
    ],
    ids=["all", "ordered", "scalars", "both branches", "inside of another"],
)
def test_what_a_loop_keeps(connection: Connection, body: str) -> None:
    assert beyond(followed(connection, BEFORE, ONCE.format(body))) == []


def test_rows_that_a_function_takes_which_never_ran_in_the_replay(server: Server, tmp_path: Path) -> None:
    base = (
        "create table a (id int primary key);\n"
        "create table b (id int primary key, n int);\n"
        "create table c (id int primary key, b int references b on delete cascade);\n"
        "create function take(i int) returns void language plpgsql as $$ begin delete from b where id = i; end $$;\n"
    )
    scripts = {"001_base.sql": base, "002_take.sql": "select take(id) from a;\n"}
    result = said(server, tmp_path, scripts, rule="rows-lost")
    told = {(each.severity, each.object) for each in result.findings}
    assert told == {(Severity.ERROR, "public.c"), (Severity.INFO, "public.b")}
