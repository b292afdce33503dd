"""Which assumption is named for a migration that fails: it holds where it succeeds, and is broken where it fails."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.assumptions import Assumption
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import statements
from migrate_validate.data.assuming import broken
from migrate_validate.postgres import Server
from migrate_validate.replay.failures import failure
from migrate_validate.replay.session import Limits
from migrate_validate.replay.timeline import Failure
from tests.support.scripts import script

Candidates = Callable[[Failure, Statement | None, Catalog, Script], tuple[Assumption, ...]]
candidates: Candidates = importlib.import_module("migrate_validate.checks._existing_data.naming").candidates

SCHEMA = """
create table plans (id int primary key, name text, code text);
create table users (
  id int primary key, email text, phone text, plan text, plan_id int, age bigint, score numeric, status text,
  active bool
);
create table people (id int primary key, email text unique, age int check (age < 100), plan_id int references plans);
create table members (id int primary key, mail text, age int);
create schema app;
create table app.things (id int, "Odd" text);
"""
PLANS = "insert into plans values (1, 'free', 'F'), (2, 'paid', 'P');"
FINE = PLANS + (
    "insert into users values (1, 'a@x', '12', 'free', 1, 5, 1.5, 'new', true), "
    "(2, 'b@x', '34', 'paid', 2, 6, 2.5, 'old', true);"
    "insert into members values (1, 'm@x', 5);"
)
USER = "insert into users values (3, {email}, {phone}, {plan}, {plan_id}, {age}, {score}, {status}, {active});"
GOOD = {
    "email": "'c@x'",
    "phone": "'56'",
    "plan": "'free'",
    "plan_id": "1",
    "age": "7",
    "score": "3.5",
    "status": "'new'",
    "active": "true",
}


def user(**values: str) -> str:
    """One more user, good but for these values."""
    return USER.format(**(GOOD | values))


CASES = {
    "set not null": ("alter table users alter email set not null", user(email="null"), "not null email on users"),
    "the column that it is": (
        "alter table users alter phone set not null, alter email set not null",
        user(email="null"),
        "not null email on users",
    ),
    "new column": ("alter table members add column x int not null", "", "members is empty"),
    "unique index": (
        "create unique index on users (lower(email)) where active",
        user(email="'A@x'"),
        "unique lower(email) on users where active",
    ),
    "unique constraint": ("alter table users add unique (phone)", user(phone="'12'"), "unique phone on users"),
    "primary key": ("alter table app.things add primary key (id)", "insert into app.things values (1), (1)", None),
    "foreign key": (
        "alter table users add constraint f foreign key (plan_id) references plans",
        user(plan_id="9"),
        "plan_id exists in plans on users",
    ),
    "check": ("alter table users add check (age > 0 and age < 50)", user(age="70"), None),
    "cast": (
        "alter table users alter phone type int using phone::int",
        user(phone="'x'"),
        "phone matches '^[0-9]+$' on users",
    ),
    "cast of an expression": (
        "alter table users alter phone type int using trim(phone)::int",
        user(phone="'x'"),
        "trim(phone) matches '^[0-9]+$' on users",
    ),
    "smaller number": (
        "alter table users alter age type smallint",
        user(age="70000"),
        "age between -32768 and 32767 on users",
    ),
    "smaller numeric": (
        "alter table users alter score type numeric(3, 1)",
        user(score="123.45"),
        "round(score, 1) between -99.9 and 99.9 on users",
    ),
    "shorter text": (
        "alter table users alter email type varchar(5)",
        user(email="'long@x'"),
        "length(email) <= 5 on users",
    ),
    "enum": (
        "create type st as enum ('new', 'old'); alter table users alter status type st using status::st",
        user(status="'gone'"),
        "status IN ('new', 'old') on users",
    ),
    "renamed before": (
        "alter table users rename to accounts; alter table accounts rename email to mail; "
        "alter table accounts alter mail set not null",
        user(email="null"),
        "not null email on users",
    ),
    "filled from a column": (
        "alter table users add n text; update users set n = email; alter table users alter n set not null",
        user(email="null"),
        "not null email on users",
    ),
    "filled for some rows": (
        "alter table users add n text; update users set n = 'x' where active; alter table users alter n set not null",
        user(active="null"),
        "no rows: select * from users where (active) is not true",
    ),
    "filled from another table": (
        "alter table users add n int; update users u set n = p.id from plans p where p.name = u.plan; "
        "alter table users alter n set not null",
        user(plan="'nothing'"),
        "plan exists in plans(name) on users",
    ),
    "filled by a query": (
        "alter table users add n int; update users set n = (select p.id from plans p where p.name = users.plan); "
        "alter table users alter n set not null",
        user(plan="null"),
        "not null plan on users",
    ),
    "not filled": (
        "alter table members add n int; alter table members alter n set not null",
        "",
        "members is empty",
    ),
    "two rows from a subquery": (
        "update users u set plan_id = (select p.id from plans p where p.name = u.plan and p.code is not null)",
        "insert into plans values (3, 'free', 'X');",
        "unique name on plans",
    ),
    "two rows from a subquery, for some": (
        "update users u set plan_id = (select p.id from plans p where p.name = u.plan) where active",
        "insert into plans values (3, 'free', 'X');",
        None,
    ),
    "merge of keys": (
        "insert into people (id, email) select id, email from users",
        user(email="'a@x'"),
        "unique email on users",
    ),
    "merge of two tables": (
        "insert into people (id, email) select id, email from users where active "
        "union all select id + 100, mail from members",
        user(email="'m@x'"),
        "no rows: select email from (select email from users where active union all "
        "select mail as email from members) written group by email having count(*) > 1",
    ),
    "merge with what is there": (
        "insert into people (id, email) select id + 50, email from users",
        "insert into people values (1, 'a@x')",
        "no rows: select email from users intersect all select email from people",
    ),
    "merged twice": (
        "insert into people (id, email) select id, email from users on conflict (email) do update set age = 3",
        user(email="'a@x'"),
        "unique email on users",
    ),
    "refers to nothing": (
        "insert into people (id, plan_id) select id, plan_id from users where active",
        user(plan_id="7"),
        "plan_id exists in plans on users",
    ),
    "checked": (
        "insert into people (id, age) select id, age + 1 from users",
        user(age="99"),
        "check ((age + 1) < 100) on users",
    ),
    "null into a key": (
        "insert into people (id) select age from users where active",
        user(age="null"),
        "not null age on users",
    ),
    "update to equal values": (
        "alter table users add unique (email); update users set email = lower(email)",
        user(email="'A@x'"),
        "unique lower(email) on users",
    ),
    "update casts": (
        "update users set age = phone::int where active",
        user(phone="''"),
        "phone matches '^[0-9]+$' on users",
    ),
    "above the largest number": (
        "update users set plan_id = plan_id + 1 where active",
        user(plan_id="2147483647"),
        "plan_id <= 2147483646 on users where active",
    ),
    "divided by zero": ("update users set score = 10 / age", user(age="0"), "age <> 0 on users"),
}


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with server.create_database("naming") as database, database.connect() as connected:
        connected.execute(SCHEMA.encode())
        yield connected


def outcome(connection: psycopg.Connection[Any], up: Script) -> tuple[Failure, Statement] | None:
    """What the first statement that fails says; None: all succeed."""
    for statement in statements(up):
        try:
            connection.execute(statement.sql.encode())
        except psycopg.Error as error:
            told = failure(error, up, statement, position=None, limits=Limits(1, 1), ended=False)
            return told, statement
    return None


@pytest.mark.parametrize("name", CASES)
def test_the_best_name(connection: psycopg.Connection[Any], name: str) -> None:
    text, bad, expected = CASES[name]
    up = script(text)
    catalog = Catalog.read(connection)
    fine = "" if bad == "" else FINE
    with connection.transaction(force_rollback=True):
        connection.execute(fine.encode() or b"select 1")
        with connection.transaction(force_rollback=True):
            assert outcome(connection, up) is None
        with connection.transaction(force_rollback=True):
            connection.execute((bad or FINE).encode())
            met = None
            try:
                with connection.transaction():
                    met = outcome(connection, up)
                    raise psycopg.Rollback
            except psycopg.Error:
                pass
            assert met is not None
            found = candidates(met[0], met[1], catalog, up)
            breaking = [each for each in found if broken(connection, [each], catalog)]
        best = [str(each) for each in breaking if not broken(connection, [each], catalog)]
    assert best, [str(each) for each in found]
    if expected:
        assert best[0] == expected, best
