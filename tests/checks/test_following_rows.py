"""Rows that a migration loses or invents: what it says in so many words, and what it does beyond them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.following import Connection, beyond, followed, lines

ORGS = """
    CREATE TABLE orgs (id int PRIMARY KEY, name text);
    INSERT INTO orgs VALUES (1, 'a'), (2, 'b');
    CREATE TABLE users (id int PRIMARY KEY, org_id int CONSTRAINT users_org REFERENCES orgs {});
    INSERT INTO users VALUES (1, 1), (2, 2);
"""
PLANS = """
    CREATE TABLE plans (id int PRIMARY KEY, name text);
    INSERT INTO plans VALUES (1, 'free'), (2, 'pro');
    CREATE TABLE users (id int PRIMARY KEY, name text, plan_id int);
    INSERT INTO users VALUES (1, 'u', 1), (2, 'v', NULL);
"""
WIPING = """
    CREATE TABLE t (id int PRIMARY KEY, v int);
    CREATE TABLE s (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
    INSERT INTO t VALUES (1, 1);
    INSERT INTO s DEFAULT VALUES;
    CREATE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {}; RETURN NULL; END $$;
    CREATE TRIGGER answers AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION answer();
"""
PAIR = """
    CREATE TABLE a (id int PRIMARY KEY, name text);
    CREATE TABLE b (id int PRIMARY KEY, name text);
    INSERT INTO a VALUES (1, 'a');
    INSERT INTO b VALUES (1, 'b'), (2, 'c');
"""
KINDS = """
    CREATE TABLE c (id int PRIMARY KEY, kind text, name text);
    INSERT INTO c VALUES (1, 'p', 'a'), (2, 'q', 'b'), (3, 'r', 'c');
"""
PARTS = """
    CREATE TABLE p (id int) PARTITION BY LIST (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
    CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
    INSERT INTO p VALUES (1), (2);
"""


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("following") as database, database.connect() as connection:
        yield connection


LOST = [
    pytest.param(
        ORGS.format("ON DELETE CASCADE"),
        "DELETE FROM orgs WHERE name = 'a'",
        ("public.users", "by cascade from public.orgs"),
        "public.users loses 1 of 2 rows by cascade from public.orgs (foreign key users_org)",
        id="cascade",
    ),
    pytest.param(
        ORGS.format(""),
        "TRUNCATE orgs CASCADE",
        ("public.users", "by TRUNCATE ... CASCADE of public.orgs"),
        "public.users loses 2 of 2 rows by TRUNCATE ... CASCADE of public.orgs (foreign key users_org)",
        id="truncate-cascade",
    ),
    pytest.param(
        "CREATE TABLE k (id int PRIMARY KEY, above int CONSTRAINT up REFERENCES k ON DELETE CASCADE);"
        "INSERT INTO k VALUES (1, NULL), (2, 1), (3, NULL)",
        "DELETE FROM k WHERE id = 1",
        ("public.k", "by cascade from public.k"),
        "public.k loses 1 of 3 rows by cascade from public.k (foreign key up)",
        id="cascade-within-a-table",
    ),
    pytest.param(
        WIPING.format("DELETE FROM s"),
        "UPDATE t SET v = 2",
        ("public.s", "by the trigger answers of public.t"),
        "public.s loses 1 of 1 row by the trigger answers of public.t",
        id="trigger",
    ),
    pytest.param(
        PLANS,
        "CREATE TABLE users_new AS SELECT u.id, u.name, p.name AS plan FROM users u JOIN plans p ON p.id = u.plan_id;"
        "DROP TABLE users; ALTER TABLE users_new RENAME TO users",
        ("public.users", "by the inner join with public.plans"),
        "public.users loses 1 of 2 rows where it is made anew by the inner join with public.plans",
        id="inner-join",
    ),
    pytest.param(
        PLANS,
        "ALTER TABLE users RENAME TO users_old; CREATE TABLE users (id int, name text);"
        "INSERT INTO users SELECT o.id, o.name FROM users_old o, plans WHERE plans.id = o.plan_id",
        ("public.users", "by the inner join with public.plans"),
        "public.users loses 1 of 2 rows where it is made anew by the inner join with public.plans",
        id="inner-join-with-a-backup",
    ),
    pytest.param(
        PLANS,
        "CREATE TEMP TABLE aside ON COMMIT DROP AS SELECT * FROM users; TRUNCATE users;"
        "INSERT INTO users SELECT a.* FROM aside a JOIN plans p ON p.id = a.plan_id",
        ("public.users", "by the inner join with public.plans"),
        "public.users loses 1 of 2 rows by the inner join with public.plans",
        id="there-and-back",
    ),
    pytest.param(
        "CREATE TABLE a (id int PRIMARY KEY, old bool); INSERT INTO a VALUES (1, false), (2, NULL)",
        "CREATE TABLE b AS SELECT * FROM a WHERE NOT old; DROP TABLE a; ALTER TABLE b RENAME TO a",
        ("public.a", "where is null"),
        "public.a loses 1 of 2 rows where it is made anew: WHERE NOT old is neither true nor false for them, but NULL",
        id="where-null",
    ),
    pytest.param(
        "CREATE TABLE a (id int PRIMARY KEY, at int NOT NULL); INSERT INTO a VALUES (1, 5), (2, 50)",
        "CREATE TABLE b (LIKE a) PARTITION BY RANGE (at); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (10);"
        "INSERT INTO b SELECT * FROM a WHERE at < 10; DROP TABLE a; ALTER TABLE b RENAME TO a",
        ("public.a", "where"),
        "public.a loses 1 of 2 rows where it is made anew: WHERE at < 10 leaves them out",
        id="where",
    ),
    pytest.param(
        "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a VALUES (1, 'x'), (2, NULL)",
        "CREATE TABLE b (LIKE a); DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM a LOOP IF r.v IS NOT NULL THEN"
        " INSERT INTO b VALUES (r.id, r.v); END IF; END LOOP; END $$; DROP TABLE a; ALTER TABLE b RENAME TO a",
        ("public.a", "where"),
        "public.a loses 1 of 2 rows where it is made anew: WHERE r.v IS NOT NULL leaves them out",
        id="loop",
    ),
    pytest.param(
        PAIR,
        "INSERT INTO a SELECT * FROM b ON CONFLICT DO NOTHING; DROP TABLE b",
        ("public.b", "by ON CONFLICT DO NOTHING"),
        "public.b loses 1 of 2 rows on the way to public.a by ON CONFLICT DO NOTHING",
        id="merge",
    ),
    pytest.param(
        KINDS,
        "CREATE TABLE p (id int, name text); CREATE TABLE q (id int, name text);"
        "INSERT INTO p SELECT id, name FROM c WHERE kind = 'p';"
        "INSERT INTO q (id, name) SELECT id, name FROM c WHERE kind = 'q'; DROP TABLE c",
        ("public.c", "by conditions that none of them meets"),
        "public.c loses 1 of 3 rows on the way to public.p and public.q by conditions that none of them meets",
        id="split",
    ),
]


@pytest.mark.parametrize(("before", "migration", "about", "message"), LOST)
def test_rows_lost(connection: Connection, before: str, migration: str, about: tuple[str, str], message: str) -> None:
    harms = followed(connection, before, migration)
    assert beyond(harms) == [("rows-lost", about[0], "", about[1])]
    (harm,) = (each for each in harms if each.severity is None)
    assert harm.message == message
    assert harm.object == about[0]
    assert harm.statement is not None
    assert harm.fix
    assert 1 <= len(harm.evidence["lost"]) <= 3


def test_rows_that_multiply(connection: Connection) -> None:
    migration = """
        CREATE TABLE users_new AS SELECT u.id, u.name, p.name AS plan FROM users u LEFT JOIN plans p ON p.id > u.id - 1;
        DROP TABLE users;
        ALTER TABLE users_new RENAME TO users
    """
    (harm,) = followed(connection, PLANS, migration)
    assert harm.identity == ("rows-invented", "public.users", "", "multiplied")
    assert harm.message == (
        "public.users has 1 row more than public.users had, by the join with public.plans, which finds several rows"
        " for one"
    )


def test_rows_that_a_new_trigger_invents(connection: Connection) -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE s (id int); INSERT INTO t VALUES (1)"
    migration = """
        CREATE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN EXECUTE 'INS' || 'ERT INTO s VALUES (1)'; RETURN NULL; END
        $$;
        CREATE TRIGGER answers AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION answer();
        UPDATE t SET id = 2
    """
    harms = followed(connection, before, migration)
    assert beyond(harms) == [("rows-invented", "public.s", "", "")]


STATED = [
    pytest.param(
        ORGS.format("ON DELETE CASCADE"),
        "DELETE FROM users WHERE org_id = 1; DELETE FROM orgs WHERE id = 1",
        "info rows-lost public.users//stated delete: DELETE FROM public.users WHERE org_id = 1 takes 1 of 2 rows: it is"
        " stated",
        id="delete-first",
    ),
    pytest.param(
        PAIR,
        "TRUNCATE b",
        "info rows-lost public.b//stated truncate: TRUNCATE of public.b takes 2 of 2 rows: it is stated",
        id="truncate",
    ),
    pytest.param(
        PAIR,
        "DROP TABLE b",
        "info rows-lost public.b//dropped: public.b is dropped with 2 rows: it is stated",
        id="drop",
    ),
    pytest.param(
        PAIR,
        "DROP TABLE b; CREATE TABLE b (id int PRIMARY KEY, name text); INSERT INTO b VALUES (9, 'new')",
        "info rows-lost public.b//dropped: public.b is dropped with 2 rows: it is stated",
        id="drop-and-make-anew",
    ),
    pytest.param(
        PAIR,
        "DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'b'); END $$",
        "info rows-lost public.b//stated delete: DELETE FROM public.b takes 2 of 2 rows: it is stated, as far as its"
        " text tells",
        id="dynamic",
    ),
    pytest.param(
        PAIR + "CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM b; END $$;",
        "SELECT wipe()",
        "info rows-lost public.b//stated delete: DELETE FROM public.b takes 2 of 2 rows: it is stated",
        id="function-of-before",
    ),
    pytest.param(
        PAIR,
        "WITH moved AS (DELETE FROM b WHERE id = 2 RETURNING *) INSERT INTO a SELECT * FROM moved",
        "info rows-lost public.b//stated delete: DELETE FROM public.b WHERE id = 2 takes 1 of 2 rows: it is stated",
        id="delete-in-with",
    ),
    pytest.param(
        PARTS,
        "ALTER TABLE p DETACH PARTITION p1",
        "info rows-lost public.p//stated detach: DETACH PARTITION of public.p takes 1 of 2 rows: it is stated",
        id="detach",
    ),
    pytest.param(
        PARTS,
        "DROP TABLE p1",
        "info rows-lost public.p//stated drop: DROP TABLE of a part of public.p takes 1 of 2 rows: it is stated",
        id="drop-partition",
    ),
    pytest.param(
        WIPING.format("INSERT INTO s DEFAULT VALUES"),
        "UPDATE t SET v = 2",
        "info rows-invented public.s//trigger: public.s gets 1 row that it did not have by the trigger answers, as on"
        " every other day",
        id="audit",
    ),
]


@pytest.mark.parametrize(("before", "migration", "line"), STATED)
def test_what_is_stated_is_information(connection: Connection, before: str, migration: str, line: str) -> None:
    harms = followed(connection, before, migration)
    assert beyond(harms) == []
    assert line in lines(harms)


HARMLESS = [
    pytest.param(PAIR, "ALTER TABLE b RENAME TO c; CREATE SCHEMA x; ALTER TABLE c SET SCHEMA x", id="rename"),
    pytest.param(PAIR, "ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b", id="swap"),
    pytest.param(
        PLANS,
        "CREATE TABLE users_new AS SELECT u.*, p.name AS plan FROM users u LEFT JOIN plans p ON p.id = u.plan_id;"
        "DROP TABLE users; ALTER TABLE users_new RENAME TO users",
        id="left-join",
    ),
    pytest.param(
        PAIR, "CREATE TABLE c AS SELECT id, name FROM a UNION ALL SELECT id, name FROM b; DROP TABLE a, b", id="union"
    ),
    pytest.param(
        PLANS,
        "CREATE TABLE users_new AS SELECT u.id, u.name, p.id AS plan_id, p.name AS plan FROM users u"
        " LEFT JOIN plans p ON p.id = coalesce(u.plan_id, 2); DROP TABLE users, plans;"
        "ALTER TABLE users_new RENAME TO users",
        id="joined-into-one",
    ),
    pytest.param(
        KINDS,
        "CREATE TABLE p (id int, name text); CREATE TABLE q (id int, kind text, name text);"
        "INSERT INTO p SELECT id, name FROM c WHERE kind = 'p'; INSERT INTO q SELECT * FROM c WHERE kind <> 'p';"
        "DROP TABLE c",
        id="split",
    ),
    pytest.param(
        PAIR + "UPDATE b SET id = id + 10;",
        "MERGE INTO a USING b ON a.id = b.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (b.id, b.name);"
        "DROP TABLE b",
        id="merge",
    ),
    pytest.param(
        "CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, 'x'), (1, 'x')",
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t (id int, a text) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); INSERT INTO t SELECT * FROM t_old;"
        "DROP TABLE t_old",
        id="partitioned-without-a-key",
    ),
    pytest.param(
        "CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 (id int); INSERT INTO p1 VALUES (1)",
        "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)",
        id="attach",
    ),
    pytest.param(PAIR, "INSERT INTO a SELECT id + 10, name FROM b", id="insert"),
]


@pytest.mark.parametrize(("before", "migration"), HARMLESS)
def test_no_harm(connection: Connection, before: str, migration: str) -> None:
    if migration.startswith("MERGE") and connection.info.server_version < 150000:
        pytest.skip("PostgreSQL knows MERGE from 15 on")
    harms = [each for each in followed(connection, before, migration) if each.severity is not Severity.INFO]
    assert lines(harms) == []
