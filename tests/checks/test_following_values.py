"""Values that a migration changes beyond its words, and columns that it fills only in part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.following import Connection, beyond, followed, following, lines, words
from tests.support.scripts import script

TWO = "CREATE TABLE t (id int PRIMARY KEY, a {0}, b {0}); INSERT INTO t VALUES (1, {1}, {2});"
TOUCHING = """
    CREATE TABLE g (id int PRIMARY KEY, n int);
    INSERT INTO g VALUES (1, 7);
    CREATE TABLE t (id int PRIMARY KEY, v int, g int CONSTRAINT tg REFERENCES g ON DELETE SET NULL,
                    touched timestamptz DEFAULT '2000-01-01');
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched = now(); RETURN NEW; END $$;
    CREATE TRIGGER touches BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
    INSERT INTO t VALUES (1, 1, 1);
"""
SOURCES = """
    CREATE TABLE t (id int PRIMARY KEY, v text);
    CREATE TABLE s (t_id int, v text);
    INSERT INTO t VALUES (1, 'a'), (2, 'b');
    INSERT INTO s VALUES (1, 'x'), (1, 'y');
"""
PEOPLE = (
    "CREATE TABLE p (id int PRIMARY KEY, first text, last text); INSERT INTO p VALUES (1, 'a', 'b'), (2, 'a', NULL)"
)


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("following") as database, database.connect() as connection:
        yield connection


CHANGED = [
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "ALTER TABLE t DROP a, ADD a text",
        ("t", "a", "dropped and added again"),
        "public.t.a is dropped and added again: the values of 1 of 1 row are gone",
        id="dropped-and-added-again",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "ALTER TABLE t DROP a; ALTER TABLE t ADD other varchar(20)",
        ("t", "a", "in place of a rename"),
        "public.t.a is dropped and other added in its place without them: the values of 1 row are gone",
        id="in-place-of-a-rename",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, full_name text); INSERT INTO t VALUES (1, 'x')",
        "ALTER TABLE t DROP full_name; ALTER TABLE t ADD display_name text NOT NULL DEFAULT ''",
        ("t", "full_name", "in place of a rename"),
        "public.t.full_name is dropped and display_name added in its place without them: the values of 1 row are gone",
        id="in-place-of-a-rename-with-a-default",
    ),
    pytest.param(
        TWO.format("numeric", "1.5", "1"),
        "ALTER TABLE t ADD a_new int; UPDATE t SET a_new = a::int; ALTER TABLE t DROP a;"
        "ALTER TABLE t RENAME a_new TO a",
        ("t", "a", "not carried over"),
        "public.t.a is dropped, and a, which is filled from it, does not have the value of 1 of 1 row",
        id="cast-by-hand",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "CREATE TABLE u (t_id int, a text); INSERT INTO u SELECT id, a FROM t WHERE id > 1; ALTER TABLE t DROP a",
        ("t", "a", "not copied"),
        "public.t.a is dropped, and public.u, where it is copied to, does not have the value of 1 of 1 row by WHERE"
        " id > 1",
        id="not-copied",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "CREATE TABLE c (id int, a text); CREATE TABLE d (id int, b text); INSERT INTO c SELECT id, a FROM t;"
        "INSERT INTO d SELECT id, b FROM t WHERE a <> 'x'; DROP TABLE t",
        ("t", "b", "not copied"),
        "public.t.b is dropped, and public.d, where it is copied to, does not have the value of 1 of 1 row by WHERE"
        " a <> 'x'",
        id="split",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "CREATE TABLE n (id int, a text, b text); INSERT INTO n (id, a) SELECT id, a FROM t; DROP TABLE t;"
        "ALTER TABLE n RENAME TO t",
        ("t", "b", "not copied"),
        "public.t is made anew and b not copied: the values of 1 of 1 row are gone",
        id="forgotten",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x'), (2, 'b')",
        "CREATE TABLE n (LIKE t); INSERT INTO n SELECT row_number() OVER (ORDER BY a), a FROM t; DROP TABLE t;"
        "ALTER TABLE n RENAME TO t",
        ("t", "id", "given anew"),
        "public.t.id is given anew: 2 of 2 rows have another one now",
        id="renumbered",
    ),
    pytest.param(
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id int PRIMARY KEY, m mood);"
        "INSERT INTO t VALUES (1, 'bad')",
        "DROP TYPE mood CASCADE",
        ("t", "m", "dropped along"),
        "public.t.m is gone with the values of 1 row, though no DROP COLUMN says so",
        id="dropped-along",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, j jsonb); INSERT INTO t VALUES (1, '{\"a\": 1, \"z\": 2}'), (2, '{}')",
        "UPDATE t SET j = jsonb_build_object('a', j -> 'a')",
        ("t", "j", "json keys"),
        "UPDATE makes public.t.j anew and loses keys of 1 of 2 rows",
        id="json-keys",
    ),
    *(
        pytest.param(
            f"CREATE TABLE t (id int PRIMARY KEY, j jsonb); INSERT INTO t VALUES (1, '{was}'), (2, '{{}}')",
            update,
            ("t", "j", "json keys"),
            f"UPDATE makes public.t.j anew and loses {path} of 1 of {rows}",
            id=id_,
        )
        for id_, was, update, path, rows in (
            ("json-inside", '{"a": {"x": 1, "y": 2}}', 'UPDATE t SET j = j || \'{"a": {"x": 3}}\'', "a.y", "2 rows"),
            (
                "json-built-inside",
                '{"a": {"x": 1, "y": 2}}',
                "UPDATE t SET j = jsonb_build_object('a', jsonb_build_object('x', j -> 'a' -> 'x')) WHERE j ? 'a'",
                "a.y",
                "1 row",
            ),
            (
                "json-elements",
                '{"a": [{"x": 1}, {"x": 2}]}',
                "UPDATE t SET j = jsonb_build_object('a', jsonb_build_array(j -> 'a' -> 0)) WHERE j ? 'a'",
                "a[1]",
                "1 row",
            ),
            (
                "json-keys-of-elements",
                '{"a": [{"x": 1, "y": 2}]}',
                "UPDATE t SET j = jsonb_build_object('a', (SELECT jsonb_agg(jsonb_build_object('x', e -> 'x')) "
                "FROM jsonb_array_elements(j -> 'a') AS e)) WHERE j ? 'a'",
                "a[0].y",
                "1 row",
            ),
        )
    ),
    pytest.param(
        TOUCHING,
        "DELETE FROM g",
        ("t", "g", "by the foreign key tg to public.g"),
        "public.t.g has another value in 1 of 1 row by the foreign key tg to public.g (ON DELETE SET NULL)",
        id="set-null",
    ),
    pytest.param(
        TOUCHING,
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.g = NULL; RETURN NEW; END $$;"
        "CREATE TRIGGER spoils BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION spoil(); UPDATE t SET v = 2",
        ("t", "g", "by the trigger spoils of public.t"),
        "public.t.g has another value in 1 of 1 row by the trigger spoils of public.t",
        id="new-trigger",
    ),
    pytest.param(
        SOURCES,
        "UPDATE t SET v = s.v FROM s WHERE s.t_id = t.id",
        ("t", "v", "several sources"),
        "UPDATE of public.t finds several rows with different values of v for 1 row: which of them counts is left to"
        " chance",
        id="several-sources",
    ),
    pytest.param(
        SOURCES,
        "ALTER TABLE t ADD w text; UPDATE t AS x SET w = s.v FROM s WHERE s.t_id = x.id AND w IS NULL;"
        "UPDATE t SET w = 'none' WHERE w IS NULL",
        ("t", "w", "several sources"),
        "UPDATE of public.t finds several rows with different values of w for 1 row: which of them counts is left to"
        " chance",
        id="several-sources-of-a-new-column",
    ),
    pytest.param(
        SOURCES + "DELETE FROM s WHERE v = 'y';",
        "UPDATE t SET v = (SELECT s.v FROM s WHERE s.t_id = t.id)",
        ("t", "v", "its subquery finds no row for them"),
        "public.t.v becomes NULL in 1 of 2 rows: its subquery finds no row for them",
        id="subquery-without-a-row",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "ALTER TABLE t ALTER a TYPE varchar(9) USING CASE a WHEN 'u' THEN 'U' END",
        ("t", "a", "CASE has no ELSE for them"),
        "public.t.a becomes NULL in 1 of 1 row: CASE has no ELSE for them",
        id="case-without-else",
    ),
]


@pytest.mark.parametrize(("before", "migration", "about", "message"), CHANGED)
def test_values_changed(
    connection: Connection, before: str, migration: str, about: tuple[str, str, str], message: str
) -> None:
    harms = followed(connection, before, migration)
    table, column, how = about
    assert beyond(harms) == [("values-changed", f"public.{table}", column, how)]
    (harm,) = (each for each in harms if each.severity is None)
    assert harm.message == message
    assert harm.object == f"public.{table}.{column}"
    assert harm.fix


def test_columns_that_change_places(connection: Connection) -> None:
    migration = """
        CREATE TABLE n (id int PRIMARY KEY, last text, first text);
        INSERT INTO n SELECT * FROM p;
        DROP TABLE p;
        ALTER TABLE n RENAME TO p
    """
    harms = followed(connection, PEOPLE, migration)
    assert beyond(harms) == [
        ("values-changed", "public.p", "first", "other rows"),
        ("values-changed", "public.p", "last", "other rows"),
    ]


STATED = [
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "UPDATE t SET a = ''",
        "info values-changed public.t/a/stated update: UPDATE of public.t.a changes 1 of 1 row: it is stated",
        id="update",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "ALTER TABLE t DROP a",
        "info values-changed public.t/a/stated drop column: DROP COLUMN public.t.a takes the values of 1 row: it is"
        " stated",
        id="drop-column",
    ),
    pytest.param(
        TWO.format("text", "'x'", "'y'"),
        "ALTER TABLE t ALTER a TYPE varchar(9) USING upper(a)",
        "info values-changed public.t/a/stated using: USING gives public.t.a another value in 1 of 1 row: it is stated",
        id="using",
    ),
    pytest.param(
        PEOPLE,
        "ALTER TABLE p ADD name text; UPDATE p SET name = concat_ws(' ', first, last); ALTER TABLE p DROP last",
        "info values-changed public.p/last/stated drop column: DROP COLUMN public.p.last takes the values of 1 row: its"
        " values are used in other words",
        id="used-in-other-words",
    ),
]


@pytest.mark.parametrize(("before", "migration", "line"), STATED)
def test_what_is_stated_is_information(connection: Connection, before: str, migration: str, line: str) -> None:
    assert lines(followed(connection, before, migration)) == [line]


HARMLESS = [
    pytest.param(
        TWO.format("text", "'x'", "'y'"), "ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME b TO a", id="rename"
    ),
    pytest.param(
        TWO.format("int", "1", "2"), "ALTER TABLE t ADD c int; UPDATE t SET c = a; ALTER TABLE t DROP a", id="own"
    ),
    pytest.param(
        TWO.format("int", "1", "2"),
        "ALTER TABLE t ADD a_new bigint; UPDATE t SET a_new = a; ALTER TABLE t DROP a; ALTER TABLE t RENAME a_new TO a",
        id="widened-by-hand",
    ),
    pytest.param(TWO.format("text", "NULL", "NULL"), "ALTER TABLE t DROP a, ADD c text", id="nothing-in-it"),
    pytest.param(
        TWO.format("text", "'x'", "'y'"), "ALTER TABLE t DROP a; ALTER TABLE t ADD c text DEFAULT 'n'", id="own-default"
    ),
    *(
        pytest.param(f"CREATE TABLE t (id int PRIMARY KEY, j jsonb); INSERT INTO t VALUES (1, '{was}')", update, id=id_)
        for id_, was, update in (
            ("json-set-inside", '{"a": {"x": 1, "y": 2}}', "UPDATE t SET j = jsonb_set(j, '{a,x}', '3')"),
            ("json-key-taken-inside", '{"a": {"x": 1, "y": 2}}', "UPDATE t SET j = j #- '{a,x}'"),
            ("json-kept-whole", '{"a": {"x": 1}}', "UPDATE t SET j = jsonb_build_object('a', j -> 'a', 'b', 1)"),
            ("json-another-kind", '{"a": {"x": 1}}', "UPDATE t SET j = j || '{\"a\": 5}'"),
            ("json-elements-added", '{"a": [1, {"x": 1}]}', "UPDATE t SET j = jsonb_set(j, '{a}', j -> 'a' || '3')"),
            (
                "json-elements-chosen",
                '{"a": [1, 2]}',
                "UPDATE t SET j = jsonb_build_object('a', (SELECT jsonb_agg(e) "
                "FROM jsonb_array_elements(j -> 'a') AS e WHERE e <> '2'))",
            ),
        )
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, j jsonb); INSERT INTO t VALUES (1, '{\"a\": 1, \"z\": 2}'), (2, '{}')",
        "UPDATE t SET j = j || jsonb_build_object('a', 5); UPDATE t SET j = j - 'z'",
        id="json-merged",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, j jsonb); INSERT INTO t VALUES (1, '{\"old\": 1}')",
        "UPDATE t SET j = jsonb_build_object('new', j -> 'old')",
        id="json-key-renamed",
    ),
    pytest.param(TOUCHING, "UPDATE t SET v = v + 1", id="touched"),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, v int, at timestamptz, day date); "
        "INSERT INTO t VALUES (1, 1, '2000-01-01')",
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN NEW.at = now(); NEW.day = now(); RETURN NEW; END $$;"
        "CREATE TRIGGER touches BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch(); UPDATE t SET v = 2",
        id="touched-by-a-new-trigger",
    ),
    pytest.param(
        "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id int PRIMARY KEY, m mood, r regclass);"
        "INSERT INTO t VALUES (1, 'bad', 't')",
        "ALTER TYPE mood RENAME VALUE 'bad' TO 'poor'; ALTER TYPE mood RENAME TO temper; ALTER TABLE t RENAME TO s",
        id="label-renamed",
    ),
    pytest.param(
        SOURCES, "UPDATE t SET v = s.v FROM (SELECT t_id, max(v) AS v FROM s GROUP BY t_id) s WHERE s.t_id = t.id",
        id="one-source",
    ),
    pytest.param(
        SOURCES, "UPDATE t SET v = (SELECT max(s.v) FROM s WHERE s.t_id = t.id)", id="subquery-with-an-aggregate"
    ),
    pytest.param(
        TWO.format("text", "'x'", "''"), "UPDATE t SET a = NULLIF(a, 'x'), b = CASE WHEN b = '' THEN NULL ELSE b END",
        id="null-on-purpose",
    ),
    pytest.param(
        "CREATE TYPE st AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, s st); INSERT INTO t VALUES (1, 'a')",
        "ALTER TYPE st RENAME TO st_old; CREATE TYPE st AS ENUM ('a', 'b', 'c');"
        "ALTER TABLE t ALTER s TYPE st USING s::text::st; DROP TYPE st_old",
        id="enum-made-anew",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, s text NOT NULL); INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'b')",
        "CREATE TABLE s (id serial, name text); INSERT INTO s (name) SELECT DISTINCT s FROM t;"
        "ALTER TABLE t ADD s_id int; UPDATE t SET s_id = s.id FROM s WHERE s.name = t.s; ALTER TABLE t DROP s",
        id="looked-up",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, p int, q int GENERATED ALWAYS AS (p * 2) STORED);"
        "INSERT INTO t (id, p) VALUES (1, 2)",
        "UPDATE t SET p = 3",
        id="generated",
    ),
    pytest.param(
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x')",
        "ALTER TABLE t ADD n uuid DEFAULT gen_random_uuid(); ALTER TABLE t DROP id; ALTER TABLE t RENAME n TO id",
        id="keys-of-another-kind",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "migration"), HARMLESS)
def test_no_harm(connection: Connection, before: str, migration: str) -> None:
    harms = [each for each in followed(connection, before, migration) if each.severity is not Severity.INFO]
    assert lines(harms) == []


def test_nothing_is_left_behind_outside_of_a_transaction(server: Server) -> None:
    with server.create_database("following") as database, database.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'; SET search_path = pg_catalog")
        connection.execute(
            "CREATE TABLE public.t (id int PRIMARY KEY, v numeric); INSERT INTO public.t VALUES (1, 1.5)"
        )
        before = Catalog.read(connection)
        migration = "ALTER TABLE public.t ALTER v TYPE int"
        told = words.words_of(script(migration), before)
        shown = following.followed_views(connection, before, ["public.t"], told)
        kept = following.Following(connection, before, shown, told)
        connection.execute(migration)
        assert beyond(list(kept.harms(Catalog.read(connection)))) == [("values-changed", "public.t", "v", "cast")]
        assert connection.info.transaction_status.name == "IDLE"
        assert connection.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)
        assert connection.execute("SHOW search_path").fetchone() == ("pg_catalog",)


def test_a_table_that_cannot_be_read(server: Server) -> None:
    with server.create_database("following") as database:
        with database.connect() as owner:
            owner.execute("CREATE ROLE mv_following LOGIN")
            owner.execute("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE s (id int)")
            owner.execute("INSERT INTO t VALUES (1, 'x')")
            owner.execute("GRANT SELECT, UPDATE ON t TO mv_following")
        with database.connect("mv_following") as connection:
            before = Catalog.read(connection)
            told = words.words_of(script("UPDATE t SET v = NULL"), before)
            shown = following.followed_views(connection, before, ["public.t", "public.s"], told)
            kept = following.Following(connection, before, shown, told)
            assert kept.left_out == {"public.s": "permission denied for table s"}
            connection.execute("UPDATE t SET v = NULL")
            assert lines(list(kept.harms(before))) == [
                "info values-changed public.t/v/stated update: UPDATE of public.t.v changes 1 of 1 row: it is stated"
            ]
    with server.connect("postgres") as connection:
        connection.execute("DROP ROLE mv_following")
