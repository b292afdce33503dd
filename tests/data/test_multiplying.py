"""Tables that are filled with copies of their rows."""

from __future__ import annotations

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.data.multiplying import multiply
from migrate_validate.postgres import Server

ROWS = 2500
PARENT = (
    "create table parent (id uuid primary key default gen_random_uuid(), n int); insert into parent default values;"
)


def filled(server: Server, tables: str, name: str = "public.t") -> tuple[str | None, int]:
    """Why the table could not be filled, and how many rows it has."""
    with server.create_database("multiplied") as database, database.connect() as connection:
        connection.execute(tables.encode())
        problem = multiply(connection, Catalog.read(connection), name, ROWS)
        (count,) = connection.execute(f"select count(*) from {name}".encode()).fetchone() or (0,)
        return problem, count


@pytest.mark.parametrize(
    "tables",
    [
        "create table t (id int, note text); insert into t values (1, null);",
        "create table t (id int generated always as identity primary key, c varchar(6) unique); "
        "insert into t (c) values ('abcdef'), ('x');",
        "create table t (id serial primary key, at date, kind text, unique (at, kind)); "
        "insert into t (at, kind) values ('2024-01-01', 'a');",
        "create table t (email text primary key check (email like '%_@_%.com')); insert into t values ('a@b.com');",
        "create table t (slug text primary key check (slug ~ '^[a-z][a-z0-9-]*$')); insert into t values ('a');",
        "create table t (c text); create unique index on t (lower(c)); insert into t values ('A');",
        "create table t (id int primary key, flag bool unique); insert into t values (1, true);",
        "create domain code as varchar(8); create table t (c code primary key); insert into t values ('abc');",
        "create table t (id int primary key, twice int generated always as (id * 2) stored); insert into t values (1);",
        "create table t (id int, k int, primary key (id, k)) partition by range (k); "
        "create table t1 partition of t for values from (0) to (10); insert into t values (1, 1);",
        f"{PARENT} create table t (id uuid primary key references parent, n int); insert into t select id from parent;",
        f"{PARENT} create table t (p uuid references parent, role text check (role = 'a'), primary key (p, role)); "
        "insert into t select id, 'a' from parent;",
        "create table t (id int primary key, up int references t); insert into t values (1, 1);",
        "create function no() returns trigger language plpgsql as 'begin raise exception ''no''; end'; "
        "create table t (id int primary key); insert into t values (1); "
        "create trigger no before insert on t for each row execute function no();",
    ],
)  # fmt: skip
def test_tables_are_filled(server: Server, tables: str) -> None:
    assert filled(server, tables) == (None, ROWS)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ("create table t (id int primary key);", "public.t has no row to begin with"),
        ("create table t (flag bool primary key); insert into t values (true);",
         "no column of its key (flag) can be counted up"),
        ("create table t (kind text primary key check (kind in ('a', 'b'))); insert into t values ('a');",
         "public.t refuses copies of its rows: new row for relation \"t\" violates check constraint \"t_kind_check\""),
        ("create table t (id smallint primary key); insert into t values (32700);",
         "public.t refuses copies of its rows: smallint out of range"),
        ("create view t as select 1;", "public.t is no table that could be filled"),
    ],
)  # fmt: skip
def test_why_a_table_cannot_be_filled(server: Server, tables: str, problem: str) -> None:
    assert filled(server, tables)[0] == problem
