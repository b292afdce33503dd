"""Reading again what has changed gives what reading all of it gives."""

from __future__ import annotations

from contextlib import closing
from itertools import permutations

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.postgres import Database, Server
from tests.catalog.conftest import Connection

INDIRECT = {
    "a view over a renamed column": "ALTER TABLE app.organization RENAME size TO extent",
    "a default over a renamed label": "ALTER TYPE app.mood RENAME VALUE 'ok' TO 'fine'",
    "a policy for a renamed role": "ALTER ROLE reader RENAME TO visitor",
    "everything in a renamed schema": "ALTER SCHEMA app RENAME TO application",
    "a trigger of a renamed function": "ALTER FUNCTION app.touch RENAME TO feel",
    "a column of a renamed type": "ALTER DOMAIN app.email RENAME TO address_of_mail",
    "a foreign key to a renamed table": "ALTER TABLE app.organization RENAME TO club",
    "a partition of a renamed index": "ALTER INDEX app.event_pkey RENAME TO event_key",
    "a default from a renamed sequence": "ALTER SEQUENCE app.member_number_seq RENAME TO numbers",
    "a column of a renamed collation": "ALTER COLLATION app.german RENAME TO deutsch",
    "a view whose aliases must keep an added column apart": (
        "CREATE VIEW app.pair AS SELECT * FROM app.organization JOIN app.dog ON true JOIN app.leaf USING (legs);"
        "SELECT 1; ALTER TABLE app.organization ADD legs integer"
    ),
    "a column that a foreign key refers to": "ALTER TABLE app.organization RENAME id TO key",
    "a column whose sequence is its own": "ALTER TABLE app.member RENAME number TO place",
    "a column that children inherit, and a view of one": (
        "CREATE VIEW app.legs_of AS SELECT legs, breed FROM app.dog; ALTER TABLE app.animal RENAME legs TO paws"
    ),
    "a column of the rows that a function returns": (
        "CREATE FUNCTION app.dogs() RETURNS SETOF app.dog LANGUAGE sql AS 'SELECT * FROM app.dog';"
        "CREATE VIEW app.breeds AS SELECT d.breed FROM app.dogs() AS d; ALTER TABLE app.dog RENAME breed TO race"
    ),
    "a column of a value that is a row": (
        "CREATE TABLE app.pack (leader app.dog CHECK ((leader).breed <> ''));"
        "CREATE INDEX ON app.pack (((leader).breed)); CREATE VIEW app.leads AS SELECT (leader).breed FROM app.pack;"
        "ALTER TABLE app.dog RENAME breed TO race"
    ),
    "a column that functions, rules, policies and triggers use": (
        "CREATE FUNCTION app.most() RETURNS integer LANGUAGE sql RETURN (SELECT max(size) FROM app.organization);"
        "CREATE RULE instead AS ON INSERT TO app.typed DO INSTEAD UPDATE app.organization SET size = NEW.size;"
        "CREATE POLICY small ON app.member USING (EXISTS (SELECT FROM app.organization WHERE size < 5));"
        "CREATE TRIGGER sized BEFORE UPDATE OF size ON app.organization FOR EACH ROW WHEN (NEW.size > 1)"
        " EXECUTE FUNCTION app.touch(); ALTER TABLE app.organization RENAME size TO extent"
    ),
    "a column of a view that others look through": (
        "CREATE VIEW app.names AS SELECT b AS whole, name FROM app.big AS b NATURAL JOIN app.organization;"
        "CREATE VIEW app.over AS SELECT (whole).name FROM app.names; ALTER VIEW app.big RENAME name TO title;"
        "ALTER VIEW app.names RENAME name TO title"
    ),
    "a column that is gone, and had to be kept apart": (
        "CREATE VIEW app.pair AS SELECT a.id, b.legs FROM app.organization AS a JOIN app.dog AS b ON true;"
        "ALTER TABLE app.organization DROP slug; ALTER TABLE app.dog DROP breed"
    ),
    "columns that change their names": (
        "CREATE VIEW app.swap AS SELECT size, document FROM app.organization;"
        "ALTER TABLE app.organization RENAME size TO aside; ALTER TABLE app.organization RENAME document TO size;"
        "ALTER TABLE app.organization RENAME aside TO document"
    ),
    "statistics of a renamed column": (
        "CREATE STATISTICS app.sizes ON size, name FROM app.organization;"
        "ALTER TABLE app.organization RENAME size TO extent"
    ),
    "a renamed trigger that depends on an extension": (
        "CREATE TRIGGER felt BEFORE DELETE ON app.organization FOR EACH ROW EXECUTE FUNCTION app.touch();"
        "ALTER TRIGGER felt ON app.organization DEPENDS ON EXTENSION plpgsql;"
        "ALTER TRIGGER felt ON app.organization RENAME TO touched"
    ),
    "a cast to a type without columns": (
        "CREATE TYPE app.hull; DROP TYPE app.hull; CREATE TYPE app.husk AS ENUM ('dry');"
        "CREATE CAST (app.husk AS text) WITH INOUT; ALTER TYPE app.husk RENAME TO shell"
    ),
    "privileges on a schema, and on a table": (
        "GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON app.organization TO reader;"
        "ALTER TABLE app.organization ADD extra text; REVOKE USAGE ON SCHEMA app FROM reader"
    ),
    "a member of an extension": "ALTER EXTENSION plpgsql ADD TABLE app.scratch",
    "a table that was dropped and made again": "DROP TABLE app.typed; CREATE TABLE app.typed (id integer)",
    "a foreign key that is not checked any more": "ALTER TABLE app.organization DISABLE TRIGGER ALL",
    "an attached partition": (
        "CREATE TABLE app.event_2026 (id bigint NOT NULL, at date NOT NULL);"
        "ALTER TABLE app.event ATTACH PARTITION app.event_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    ),
    "a rewritten table": "ALTER TABLE app.member ALTER number TYPE bigint",
    "an emptied table": "TRUNCATE app.event CASCADE",
    "rows": "INSERT INTO app.animal VALUES (4)",
}


@pytest.mark.parametrize("sql", INDIRECT.values(), ids=INDIRECT)
def test_reading_again_is_reading_all(sql: str, connection: Connection, reader: CatalogReader) -> None:
    for statement in sql.split(";"):
        before = reader.read(connection)
        connection.execute("SAVEPOINT before")
        connection.execute(statement.encode())
        assert reader.read(connection) == Catalog.read(connection)
        connection.execute("ROLLBACK TO before")
        assert reader.read(connection) == before == Catalog.read(connection)
        connection.execute(statement.encode())
        assert reader.read(connection) == Catalog.read(connection)


def test_nothing_new_gives_the_same_object(everything: Database) -> None:
    reader = CatalogReader()
    with closing(everything.connect()) as connection:
        first = reader.read(connection)
        assert reader.read(connection) is first
        connection.execute("SELECT setval('app.ticket', 5)")
        assert reader.read(connection) is first


@pytest.mark.parametrize("loss", ["DEALLOCATE ALL", "DEALLOCATE migrate_validate_tables", "DISCARD ALL"])
def test_a_session_may_lose_what_was_prepared(everything: Database, reader: CatalogReader, loss: str) -> None:
    with closing(everything.connect()) as connection:
        reader.read(connection)
        connection.execute(loss.encode())
        connection.execute("BEGIN; CREATE TABLE app.kept (id integer); SAVEPOINT before; CREATE TABLE app.more ()")
        assert reader.read(connection) == Catalog.read(connection)
        connection.execute("ROLLBACK TO before")
        assert reader.read(connection).table("app.kept") is not None
        connection.execute("ROLLBACK")


def test_what_is_taken_back_is_not_made_again(connection: Connection) -> None:
    reader = CatalogReader()
    before = reader.read(connection)
    connection.execute("ALTER TABLE app.dog ADD age integer, ADD name text")
    assert reader.read(connection) != before
    connection.execute("ALTER TABLE app.dog DROP age, DROP name")
    after = reader.read(connection)
    assert after == before == Catalog.read(connection)
    assert [t.name for t in after.tables if not any(t is old for old in before.tables)] == ["dog"]


def test_what_has_not_changed_is_not_made_again(connection: Connection) -> None:
    reader = CatalogReader()
    before = reader.read(connection)
    connection.execute("ALTER TABLE app.dog ADD age integer")
    after = reader.read(connection)
    assert after != before
    assert {t.name for t in after.tables if not any(t is old for old in before.tables)} == {"dog"}
    assert all(new is old for new, old in zip(after.functions, before.functions, strict=True))


def test_a_renamed_column_is_read_with_what_uses_it(connection: Connection) -> None:
    reader = CatalogReader()
    before = reader.read(connection)
    connection.execute("ALTER TABLE app.organization RENAME name TO title")
    after = reader.read(connection)
    assert {t.name for t in after.tables if not any(t is old for old in before.tables)} == {"organization", "member"}
    assert {v.name for v in after.views if not any(v is old for old in before.views)} == {"big"}
    assert all(new is old for new, old in zip(after.functions, before.functions, strict=True))


def test_one_session_does_not_see_what_another_has_not_committed(everything: Database) -> None:
    reader = CatalogReader()
    with closing(everything.connect()) as one, closing(everything.connect()) as other:
        with one.transaction(force_rollback=True):
            one.execute("CREATE TABLE app.pending ()")
            assert reader.read(one).table("app.pending") is not None
            assert reader.read(other).table("app.pending") is None
            assert reader.read(one).table("app.pending") is not None
        assert reader.read(one).table("app.pending") is None


def test_an_old_snapshot_stays_old(everything: Database) -> None:
    reader = CatalogReader()
    with (
        closing(everything.connect()) as old,
        closing(everything.connect()) as new,
        old.transaction(force_rollback=True),
    ):
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = reader.read(old)
        new.execute("CREATE TABLE app.later ()")
        try:
            assert reader.read(new).table("app.later") is not None
            assert reader.read(old).tables == before.tables
        finally:
            new.execute("DROP TABLE app.later")


def test_copies_and_other_databases_are_told_apart(server: Server, everything: Database) -> None:
    reader = CatalogReader()
    with everything.clone("copy") as copy, server.create_database("other") as other:
        with closing(copy.connect()) as connection:
            connection.execute("DROP TABLE app.typed; CREATE TABLE app.only_here ()")
        databases = (everything, copy, other)
        for turn in permutations(databases):
            for database in turn:
                with closing(database.connect()) as connection:
                    assert reader.read(connection) == Catalog.read(connection)


def test_a_role_that_may_not_look_reads_everything(connection: Connection, reader: CatalogReader) -> None:
    connection.execute("SET LOCAL ROLE reader")
    assert reader.read(connection) == Catalog.read(connection)
    connection.execute("RESET ROLE")
    connection.execute("CREATE TABLE app.more ()")
    assert reader.read(connection).table("app.more") is not None
