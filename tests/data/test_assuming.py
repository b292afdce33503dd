"""Assumptions as constraints, as queries, and as what rows are freed of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import read
from migrate_validate.data import assuming, dataset, load
from migrate_validate.data.assuming import NotThere, assumed, broken, violations
from migrate_validate.data.drawing import drawn
from migrate_validate.data.repairing import repair, settle
from migrate_validate.postgres import Server

SCHEMA = """
create table plans (id int primary key, name text);
create table users (
  id int primary key, email text, phone text, age int, low int, high int, plan_id int, deleted_at date,
  boss int references users
);
create table notes (id int primary key, user_id int not null references users, body text);
create table badges (user_id int primary key references users on delete cascade);
create table marks (id int primary key, user_id int references users on delete set null);
create table days (id int, day date) partition by range (day);
create table days_old partition of days for values from (minvalue) to ('2020-01-01');
create table days_new partition of days for values from ('2020-01-01') to (maxvalue);
create schema app;
create table app."Odd one" ("A b" int);
"""
ROWS = """
insert into plans values (1, 'free');
insert into users values
  (1, 'a@x', '123', 10, 1, 2, 1, null, null),
  (2, 'A@X', '12-3', 200, 3, 2, 2, null, 1),
  (3, null, null, null, null, null, null, '2020-01-01', 2),
  (4, 'A@x', '4', 4, 4, 4, 1, '2020-01-01', null);
insert into notes values (1, 1, 'x'), (2, 2, 'y');
insert into badges values (2);
insert into marks values (1, 2);
insert into days values (1, '2019-01-01'), (1, '2021-01-01'), (2, null) on conflict do nothing;
"""
BROKEN_BY = [
    ("not null email on users", [3]),
    ("not null email, phone on public.users", [3]),
    ("not null email on users where deleted_at is null", []),
    ("unique lower(email) on users", [1, 2, 4]),
    ("unique lower(email) on users where deleted_at is null", [1, 2]),
    ("unique lower(users.email), plan_id on users", [1, 4]),
    ("unique email on users", []),
    ("unique deleted_at on users", [3, 4]),
    ("unique nulls not distinct boss on users", [1, 4]),
    ("age between 0 and 100 on users", [2]),
    ("age <= 10 on users", [2]),
    ("length(email) >= 4 on users", [1, 2, 4]),
    ("phone matches '^[0-9]+$' on users", [2]),
    ("plan_id exists in plans(id) on users", [2]),
    ("plan_id exists in plans on users", [2]),
    ("boss exists in users on users", []),
    ("plan_id exists in users(age) on users where deleted_at is null", [1, 2]),
    ("check (low < high) on users", [2, 4]),
    ("users is empty", [1, 2, 3, 4]),
    ("no rows: select u.id from users u join plans p on p.id = u.plan_id where u.phone like '1%'", [1]),
    ("check (100 / (age - 200) is not null) on plans", None),
]


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("assuming") as database, database.connect() as connected:
        connected.execute(SCHEMA.encode())
        connected.execute(ROWS.replace(", (2, null) on conflict do nothing", "").encode())
        yield connected


@pytest.fixture(scope="module")
def catalog(connection: psycopg.Connection[Any]) -> Catalog:
    return Catalog.read(connection)


@pytest.mark.parametrize(("text", "ids"), [each for each in BROKEN_BY if each[1] is not None])
def test_the_rows_that_break_it(
    connection: psycopg.Connection[Any], catalog: Catalog, text: str, ids: list[int]
) -> None:
    assumption = read(text)
    with connection.transaction(force_rollback=True):
        connection.execute("set transaction read only")
        cursor = connection.execute(violations(assumption, catalog).encode())
        assert cursor.description is not None
        at = [column.name for column in cursor.description].index("id")
        assert sorted(row[at] for row in cursor.fetchall()) == ids
        assert broken(connection, [assumption, read("age < 1000 on users")], catalog) == (assumption,) * bool(ids)


@pytest.mark.parametrize(("text", "ids"), [each for each in BROKEN_BY if each[1]])
def test_rows_are_deleted_until_it_holds(
    connection: psycopg.Connection[Any], catalog: Catalog, text: str, ids: list[int]
) -> None:
    assumption = read(text)
    with connection.transaction(force_rollback=True):
        assert repair(connection, assumption, catalog) >= 1
        assert broken(connection, [assumption], catalog) == ()
        connection.execute("set constraints all immediate")
        row = connection.execute("select count(*) from users").fetchone()
        assert row is not None
        if assumption.kind == "unique":
            assert row[0] >= 4 - len(ids)
            assert row[0] > 0


def test_equal_rows_lose_all_but_one_and_what_refers_to_them(
    connection: psycopg.Connection[Any], catalog: Catalog
) -> None:
    with connection.transaction(force_rollback=True):
        # User 2, whom user 3 refers to, a note and a badge; and user 4. The mark stays, and points nowhere.
        assert repair(connection, read("unique lower(email) on users"), catalog) == 5
        left = (
            "select (select array_agg(id) from users), (select array_agg(id) from notes), (select count(*) from badges)"
        )
        assert connection.execute(left.encode()).fetchone() == ([1], [1], 0)
        assert connection.execute("select id, user_id from marks").fetchall() == [(1, None)]


def test_rows_of_partitions(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    with connection.transaction(force_rollback=True):
        assert repair(connection, read("unique id on days"), catalog) == 1
        assert broken(connection, [read("unique id on days")], catalog) == ()


def test_several_at_once(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    several = [read("unique lower(email) on users"), read("age < 100 on users"), read("plans is empty")]
    with connection.transaction(force_rollback=True):
        assert broken(connection, several, catalog) == tuple(several)
        assert settle(connection, several, catalog) == ()


def test_what_cannot_be_repaired_is_told(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    grouped = read("no rows: select lower(email) from users group by 1 having count(*) > 1")
    with connection.transaction(force_rollback=True):
        assert settle(connection, [grouped], catalog) == (grouped,)
        connection.execute(
            "create function keep() returns trigger language plpgsql as $$ begin return null; end $$;"
            "create trigger keep before delete on plans for each row execute function keep()"
        )
        kept = read("plans is empty")
        assert settle(connection, [kept], catalog) == (kept,)
        connection.execute(
            "create or replace function keep() returns trigger language plpgsql as $$ begin raise 'no'; end $$"
        )
        assert settle(connection, [kept], catalog) == (kept,)


def test_a_condition_that_fails_on_a_row_is_broken(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    number = read("check (phone::int > 0) on users")
    fine = read("not null id on users")
    assert broken(connection, [fine, number], catalog) == (number,)
    with pytest.raises(psycopg.Error, match="does not exist"):
        broken(connection, [read("check (nonsense(phone)) on users")], catalog)
    assert broken(connection, [], catalog) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not null emial on users", "there is no column emial in users before the migration; is it email?"),
        ("unique lower(emial) on users", "there is no column emial in users before the migration; is it email?"),
        ("check (lo < high) on users", "there is no column lo in users before the migration; is it low?"),
        ("not null id on usres", "there is no table usres before the migration; is it users?"),
        ("qqq is empty", "there is no table qqq before the migration\n"),
        ("plan_id exists in plan on users", "there is no table plan before the migration; is it plans?"),
        ("plan_id exists in plans(ids) on users", "there is no column ids in plans before the migration; is it id?"),
        ("id, low exists in plans on users", "plans has no primary key of 2 columns"),
    ],
)
def test_names_that_are_not_there(catalog: Catalog, text: str, said: str) -> None:
    for function in (violations, lambda assumption, catalog: assumed(catalog, [assumption])):
        with pytest.raises(NotThere) as raised:
            function(read(text), catalog)
        assert f"'assume {text}': {said}" in str(raised.value)
        assert "write the name as it is just before the migration" in str(raised.value) or "name the columns" in str(
            raised.value
        )


def test_a_name_without_a_schema(catalog: Catalog) -> None:
    found = assuming.table_named(catalog, "Odd one")
    assert found is not None
    assert found.qualified_name == "app.Odd one"
    assert assuming.name_of(catalog, found) == "Odd one"
    assumption = read('not null "A b" on app."Odd one"')
    assert assumed(catalog, [assumption]).tables_by_name["app.Odd one"].columns[0].not_null


def test_drawn_rows_respect_it(connection: psycopg.Connection[Any], catalog: Catalog) -> None:
    stated = [
        read("not null email on users"),
        read("unique age on users"),
        read("plan_id exists in plans on users"),
        read("phone matches '^[0-9]+$' on users"),
        read("low between 0 and 9 on users where deleted_at is null"),
    ]
    respecting = assumed(catalog, stated)
    with connection.transaction(force_rollback=True):
        connection.execute("delete from notes; delete from marks; delete from users; delete from plans")
        taken = 0
        for data in drawn(dataset(respecting, ["public.users"]), 30):
            with connection.transaction(force_rollback=True):
                load(connection, data, raise_refusals=False)
                assert broken(connection, stated[:3], catalog) == ()
                assert settle(connection, stated, catalog) == ()
                row = connection.execute("select count(*) from users").fetchone()
                assert row is not None
                taken += row[0]
        assert taken >= 10


def test_what_is_made_of_each(catalog: Catalog) -> None:
    table = assumed(
        catalog,
        [
            read("unique email, lower(phone) on users where age > 3"),
            read("age <= 5 on users where email is null"),
            read("low, high exists in users(high, low) on users"),
            read("plan_id exists in plans on users where age > 3"),
            read("no rows: select 1"),
        ],
    ).tables_by_name["public.users"]
    before = catalog.tables_by_name["public.users"]
    (index,) = set(table.indexes) - set(before.indexes)
    assert (index.keys, index.predicate, index.unique) == (("email", "(lower(phone))"), "age > 3", True)
    check, key = [each for each in table.constraints if each.name.startswith(assuming.PREFIX)]
    assert check.definition == "CHECK (((email IS NULL) IS NOT TRUE OR (age <= 5)))"
    assert check.columns == ("email", "age")
    assert check.name == "assumed: age <= 5 on users where email IS NULL"
    assert (key.columns, key.references, key.referenced_columns) == (("low", "high"), "public.users", ("high", "low"))
