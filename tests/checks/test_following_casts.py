"""Values that casts change, and values that depend on the time zone of the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.findings import Severity
from migrate_validate.postgres import Server
from tests.checks.following import Connection, beyond, followed, lines


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("casts") as database, database.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("type_", "value", "new"),
    [
        ("numeric", "1.5", "int"),
        ("numeric(10,4)", "1.2345", "numeric(10,2)"),
        ("double precision", "0.123456789", "real"),
        ("numeric", "12345678901234567890", "double precision"),
        ("timestamp", "'2024-01-01 12:00'", "date"),
        ("timestamptz", "'2024-01-01 12:00Z'", "timestamp USING v AT TIME ZONE 'Asia/Tokyo'"),
        ("text", "'007'", "int USING v::int"),
        ("text", "'1.5'", "int USING v::numeric::int"),
        ("text", "'2024-01-01 12:00'", "date USING v::date"),
        ("varchar(10)", "'abcdef'", "varchar(3) USING left(v, 3)"),
        ("text", "'abcdef'", "varchar(3) USING v::varchar(3)"),
        ("int", "5", "boolean USING v::boolean"),
    ],
)
def test_casts_that_do_not_keep_the_value(connection: Connection, type_: str, value: str, new: str) -> None:
    before = f"CREATE TABLE t (id int PRIMARY KEY, v {type_}); INSERT INTO t VALUES (1, {value}), (2, NULL)"
    (harm,) = followed(connection, before, f"ALTER TABLE t ALTER v TYPE {new}")
    assert harm.identity == ("values-changed", "public.t", "v", "cast")
    assert harm.severity is None
    assert harm.object == "public.t.v"
    assert harm.message.startswith("public.t.v does not survive the change from ")
    assert " in 1 of 2 rows" in harm.message


@pytest.mark.parametrize(
    ("type_", "value", "new"),
    [
        ("int", "1", "bigint"),
        ("int", "1", "numeric"),
        ("int", "1", "text"),
        ("real", "0.1", "double precision"),
        ("numeric", "1.50", "numeric(10,1)"),
        ("varchar(10)", "'abc'", "text"),
        ("text", "'abc'", "varchar(3) USING v::varchar(3)"),
        ("text", "'12'", "int USING v::int"),
        ("text", "'yes'", "boolean USING v::boolean"),
        ("text", "'{\"a\":1}'", "jsonb USING v::jsonb"),
        ("json", "'{\"a\":1}'", "jsonb"),
        ("text", "'2024-1-5'", "date USING v::date"),
        ("timestamp", "'2024-01-01 12:00'", "timestamptz USING v AT TIME ZONE 'UTC'"),
        ("date", "'2024-01-01'", "timestamp"),
        ("boolean", "true", "int USING v::int"),
        ("char(5)", "'a'", "text"),
    ],
)
def test_casts_that_keep_it(connection: Connection, type_: str, value: str, new: str) -> None:
    before = f"CREATE TABLE t (id int PRIMARY KEY, v {type_}); INSERT INTO t VALUES (1, {value}), (2, NULL)"
    assert lines(followed(connection, before, f"ALTER TABLE t ALTER v TYPE {new}")) == []


def test_a_cast_under_another_time_zone(connection: Connection) -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY, v timestamp); INSERT INTO t VALUES (1, '2024-01-01 12:00')"
    migration = "SET LOCAL TimeZone = 'America/New_York'; ALTER TABLE t ALTER v TYPE timestamptz"
    assert beyond(followed(connection, before, migration)) == [("values-changed", "public.t", "v", "cast")]


def test_keys_and_tables_without_any(connection: Connection) -> None:
    keyed = "CREATE TABLE t (id int PRIMARY KEY, v numeric); INSERT INTO t VALUES (1, 1.5), (2, 2)"
    harms = followed(connection, keyed, "ALTER TABLE t ALTER id TYPE text, ALTER v TYPE int")
    assert beyond(harms) == [("values-changed", "public.t", "v", "cast")]
    for before in (
        "CREATE TABLE t (name text, v numeric); INSERT INTO t VALUES ('a', 1.5), ('b', 2)",
        "CREATE TABLE t (v numeric); INSERT INTO t VALUES (1.5)",
    ):
        harms = followed(connection, before, "ALTER TABLE t ALTER v TYPE int")
        assert beyond(harms) == [("values-changed", "public.t", "v", "cast")]


MOMENTS = (
    "CREATE TABLE t (id int PRIMARY KEY, at timestamp, z timestamptz, d date, x text); "
    "INSERT INTO t VALUES (1, '2024-01-01 12:00', '2024-01-01 02:00Z', '2024-01-01', 'x'), (2, NULL, NULL, NULL, NULL)"
)


@pytest.mark.parametrize(
    ("migration", "column"),
    [
        ("ALTER TABLE t ALTER at TYPE timestamptz", "t.at"),
        ("ALTER TABLE t ALTER at TYPE timestamptz USING at::timestamptz", "t.at"),
        ("ALTER TABLE t ALTER z TYPE timestamp", "t.z"),
        ("ALTER TABLE t ADD n timestamptz; UPDATE t SET n = at", "t.n"),
        ("UPDATE t SET d = z WHERE x = 'x'", "t.d"),
        ("UPDATE t SET x = z::text", "t.x"),
        ("CREATE TABLE n (id int, at timestamptz); INSERT INTO n SELECT id, at FROM t", "n.at"),
        ("CREATE TABLE n AS SELECT id, at::timestamptz FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t", "t.at"),
    ],
)
def test_values_that_depend_on_the_time_zone(connection: Connection, migration: str, column: str) -> None:
    found = [each for each in followed(connection, MOMENTS, migration) if "time zone" in each.about]
    message = f"public.{column} gets another value in 1 of 2 rows where the session has another time zone"
    assert [each.message for each in found] == [f"{message}: tried with UTC and America/New_York"]
    assert found[0].severity is Severity.WARNING
    assert "under America/New_York" in found[0].evidence["by_time_zone"][0]


@pytest.mark.parametrize(
    "migration",
    [
        "ALTER TABLE t ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC'",
        "SET LOCAL TIME ZONE 'UTC'; ALTER TABLE t ALTER at TYPE timestamptz",
        "SELECT set_config('TimeZone', 'UTC', true); ALTER TABLE t ALTER at TYPE timestamptz",
        "UPDATE t SET d = date_trunc('day', z AT TIME ZONE 'Asia/Tokyo')",
        "UPDATE t SET z = z + interval '1 hour', d = d + 1, at = at + interval '1 day'",
        "UPDATE t SET d = z WHERE x = 'y'",
        "UPDATE t SET z = now()",
        "CREATE TABLE n (id int, at timestamp, z timestamptz); INSERT INTO n SELECT id, at, z FROM t",
        "DELETE FROM t WHERE id = 1; ALTER TABLE t ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC'",
    ],
)
def test_values_that_do_not(connection: Connection, migration: str) -> None:
    assert [each for each in followed(connection, MOMENTS, migration) if "time zone" in each.about] == []
