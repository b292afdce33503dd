"""Each single change of a schema is one difference; what has not changed is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.catalog.diff import CatalogDiff, Difference, compare
from migrate_validate.catalog.model import Catalog, Column, Table
from migrate_validate.postgres import Database, Server
from tests.catalog.conftest import EVERYTHING, Connection

After = Callable[[str], Catalog]


def _changes() -> list[tuple[str, str]]:
    """The blocks of changes.sql: SQL and the difference expected."""
    blocks = (Path(__file__).parent / "changes.sql").read_text().strip().split("\n\n")[1:]
    pairs = []
    for block in blocks:
        sql, *expected = block.split("\n--> ")
        pairs.append((sql, "\n".join(expected)))
    return pairs


@pytest.mark.parametrize(("sql", "expected"), _changes(), ids=[sql.split("\n")[0] for sql, _ in _changes()])
def test_one_change_is_one_difference(sql: str, expected: str, picture: Catalog, after: After) -> None:
    changed = after(sql)
    difference = compare(picture, changed)
    assert str(difference) == expected
    assert len(difference.differences) == 1
    assert changed != picture
    back = compare(changed, picture)
    assert [entry.object for entry in back.differences] == [entry.object for entry in difference.differences]
    assert len(back.missing) == len(difference.extra)


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
