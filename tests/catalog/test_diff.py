"""Each single change of a schema is one difference; what has not changed is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.catalog.diff import CatalogDiff, Difference, compare
from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.catalog.watching import CatalogReader
from migrate_validate.postgres import Database, Server
from migrate_validate.postgres.binaries import OLDEST_MAJOR
from tests.catalog.conftest import EVERYTHING, Connection

After = Callable[[str], Catalog]


_NEEDS = "needs PostgreSQL "


def _changes() -> list[tuple[str, int, str]]:
    """The blocks of changes.sql: SQL, the first major version that it runs on, and the difference expected."""
    blocks = (Path(__file__).parent / "changes.sql").read_text().strip().split("\n\n")[1:]
    changes = []
    for block in blocks:
        sql, *expected = block.split("\n--> ")
        since = int(expected.pop(0).removeprefix(_NEEDS)) if expected[0].startswith(_NEEDS) else OLDEST_MAJOR
        changes.append((sql, since, "\n".join(expected)))
    return changes


@pytest.mark.parametrize(("sql", "since", "expected"), _changes(), ids=[sql.split("\n")[0] for sql, *_ in _changes()])
def test_one_change_is_one_difference(sql: str, since: int, expected: str, picture: Catalog, after: After) -> None:
    if picture.server_version < since * 10000:
        pytest.skip(f"{_NEEDS}{since}")
    changed = after(sql)
    difference = compare(picture, changed)
    assert str(difference) == expected
    assert len(difference.differences) == 1
    assert changed != picture
    back = compare(changed, picture)
    assert [entry.object for entry in back.differences] == [entry.object for entry in difference.differences]
    assert len(back.missing) == len(difference.extra)


CONSEQUENCES = {
    "ALTER SEQUENCE app.ticket AS bigint": ["sequence app.ticket", "sequence app.ticket"],
    "ALTER TABLE app.organization REPLICA IDENTITY USING INDEX organization_pkey": [
        "table app.organization",
        "table app.organization index organization_pkey",
    ],
    "ALTER TABLE app.member RENAME COLUMN email TO mail": [
        "table app.member column email",
        "table app.member column mail",
        "table app.member index member_email",
    ],
    "ALTER TYPE app.mood SET SCHEMA public": [
        "table app.organization column mood",
        "table app.organization column mood",
        "enum app.mood",
        "enum public.mood",
    ],
    "DROP TABLE app.member CASCADE": ["table app.member", "view app.counted"],
    "DROP FOREIGN DATA WRAPPER nothing CASCADE": ["table app.remote", "foreign data wrapper nothing"],
    "DROP OPERATOR CLASS app.by_zip USING btree": [
        "operator class app.by_zip using btree",
        "operator family app.places using btree",
        "operator family app.places using btree",
    ],
    "GRANT USAGE ON SCHEMA information_schema TO reader; ALTER ROLE reader LOGIN": [
        "privileges on schema information_schema",
        "role reader",
    ],
    "CREATE ROLE visitor; GRANT reader TO visitor; ALTER ROLE visitor SET work_mem = '1MB'": ["role visitor"],
}


@pytest.mark.parametrize(("sql", "objects"), CONSEQUENCES.items(), ids=CONSEQUENCES)
def test_changes_with_consequences(
    sql: str, objects: list[str], picture: Catalog, after: After, connection: Connection, reader: CatalogReader
) -> None:
    changed = after(sql)
    assert reader.read(connection) == changed
    assert [difference.object for difference in compare(picture, changed).differences] == objects


def test_settings_and_privileges_of_the_database(picture: Catalog, connection: Connection) -> None:
    for statement in (
        "ALTER DATABASE %s SET work_mem = '1MB'",
        "GRANT CREATE ON DATABASE %s TO reader",
        "ALTER ROLE reader IN DATABASE %s SET work_mem = '1MB'",
        "COMMENT ON DATABASE %s IS 'x'",
    ):
        connection.execute(statement % connection.info.dbname)
    assert [str(difference) for difference in compare(picture, Catalog.read(connection)).differences] == [
        "settings of role reader in this database: extra",
        "the database: settings: have work_mem=1MB, want none",
        "the database: comment: have x, want none",
        "the database grant CREATE to reader: extra",
    ]


def test_privileges_on_parameters(picture: Catalog, connection: Connection, after: After) -> None:
    if connection.info.server_version < 150000:
        pytest.skip("PostgreSQL 15 brought privileges on parameters")
    changed = after("GRANT SET ON PARAMETER log_min_messages TO reader")
    assert str(compare(picture, changed)) == "privileges on parameter log_min_messages: extra"


def test_options_of_memberships(connection: Connection, after: After) -> None:
    granted = after("GRANT reader TO writer")
    changed = after("GRANT reader TO writer WITH ADMIN OPTION")
    more = ("inherit", "set") if connection.info.server_version >= 160000 else ()
    want = ", ".join(more) or "none"
    assert str(compare(granted, changed)) == (
        f"membership writer in reader by migrate_validate: options: have {', '.join(('admin', *more))}, want {want}"
    )


def test_security_labels(picture: Catalog, after: After) -> None:
    changed = after(
        "SET LOCAL allow_system_table_mods = on;"
        "INSERT INTO pg_seclabel VALUES ('app.member'::regclass, 'pg_class'::regclass, 1, 'selinux', 'secret')"
    )
    assert str(compare(picture, changed)) == "security label of selinux on table column app.member.id: extra"


def test_privileges_on_members_of_extensions_go_with_the_extension(after: After) -> None:
    before = after("SELECT 1")
    granted = after(
        "ALTER EXTENSION plpgsql ADD FUNCTION app.touch(); REVOKE EXECUTE ON FUNCTION app.touch() FROM PUBLIC"
    )
    assert "privileges on function app.touch(): extra" in str(compare(before, granted))
    without = replace(granted, extensions=(), others=tuple(o for o in granted.others if not o.part_of))
    assert "privileges on function" not in str(compare(without, granted))


def test_privileges_of_the_server_itself_are_not_told(picture: Catalog) -> None:
    assert {other.kind for other in picture.others if other.schema is None} == {
        "cast",
        "foreign data wrapper",
        "role",
        "server",
        "the database",
        "user mapping",
    }


def test_owner_change_leaves_grants_alone(picture: Catalog, after: After) -> None:
    changed = after("ALTER TABLE app.organization OWNER TO writer")
    assert str(compare(picture, changed)) == "table app.organization: owner: have writer, want migrate_validate"


def test_order_of_columns_counts(picture: Catalog, after: After) -> None:
    changed = after("ALTER TABLE app.dog DROP breed; ALTER TABLE app.dog ADD age integer, ADD breed text")
    assert [str(entry) for entry in compare(picture, changed).differences] == ["table app.dog column age: extra"]
    reordered = after("ALTER TABLE app.dog DROP age; ALTER TABLE app.dog ADD age integer")
    assert [str(entry) for entry in compare(changed, reordered).differences] == [
        "table app.dog: order of columns: have legs, breed, age, want legs, age, breed"
    ]


def test_several_differences_print_one_a_line(picture: Catalog, after: After) -> None:
    difference = compare(picture, after("ALTER TABLE app.dog ADD age integer; DROP TABLE app.scratch"))
    assert difference
    assert str(difference).splitlines() == ["table app.dog column age: extra", "table app.scratch: missing"]
    assert difference.missing == (Difference("missing", "table app.scratch"),)
    assert difference.extra == (Difference("extra", "table app.dog column age"),)
    assert difference.changed == ()


def test_lines_are_limited() -> None:
    difference = CatalogDiff(tuple(Difference("extra", f"role r{number}") for number in range(15)))
    assert difference.lines(3) == ("role r0: extra", "role r1: extra", "role r2: extra", "and 12 more")
    assert difference.lines(15) == tuple(str(difference).splitlines())
    assert len(difference.lines()) == 11
    assert CatalogDiff().lines() == ()


def test_differences_of_given_objects(picture: Catalog, after: After) -> None:
    difference = compare(
        picture,
        after(
            "ALTER TABLE app.dog ADD age integer; COMMENT ON TABLE app.dog IS 'x'; DROP TABLE app.scratch;"
            "ALTER SERVER elsewhere VERSION '2'; CREATE TABLE app.doghouse ()"
        ),
    )
    dog = ("table app.dog: comment: have x, want none", "table app.dog column age: extra")
    assert difference.about(["table app.dog"]).lines() == dog
    assert difference.about(["app.dog"]).lines() == dog
    assert difference.about(["table app.dog column age"]).lines() == dog[1:]
    assert difference.about(["dog", "table app"]).lines() == ()
    assert difference.without(["app.dog", "server elsewhere"]).lines() == (
        "table app.doghouse: extra",
        "table app.scratch: missing",
    )


def test_equal_catalogs_do_not_differ(picture: Catalog) -> None:
    assert not compare(picture, picture)
    assert compare(picture, picture) == CatalogDiff()
    assert str(compare(picture, replace(picture, server_version=150000))) == ""


def test_make_undo_make_again(picture: Catalog, connection: Connection) -> None:
    connection.execute("DROP OWNED BY reader, writer; DROP EVENT TRIGGER watch; DROP PUBLICATION feed")
    connection.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    connection.execute("DROP FOREIGN DATA WRAPPER nothing CASCADE; DROP SCHEMA app CASCADE")
    assert {table.schema for table in Catalog.read(connection).tables} == set()
    connection.execute(EVERYTHING)
    again = Catalog.read(connection)
    assert str(compare(picture, again)) == ""
    assert again == picture
    assert hash(again) == hash(picture)


def test_clone_is_equal(everything: Database, picture: Catalog) -> None:
    with everything.clone("everything_again") as clone, closing(clone.connect()) as connection:
        assert Catalog.read(connection) == picture


def test_order_of_creation_does_not_matter(server: Server) -> None:
    statements = [
        "CREATE TABLE a (x integer)",
        "CREATE TABLE b (x integer)",
        "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION f(text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE e AS ENUM ('x')",
    ]
    pictures = []
    for ordered in (statements, statements[::-1]):
        with server.create_database("ordered") as database, closing(database.connect()) as connection:
            for statement in ordered:
                connection.execute(statement)
            pictures.append(Catalog.read(connection))
    assert pictures[0] == pictures[1]


def test_difference_of_a_default_reads_like_the_documentation() -> None:
    def catalog(default: str) -> Catalog:
        column = Column("c", "integer", default=default)
        return Catalog(180000, tables=(Table("public", "t", "table", "me", (column,)),))

    assert str(compare(catalog("2"), catalog("1"))) == "table public.t column c: default: have 1, want 2"
