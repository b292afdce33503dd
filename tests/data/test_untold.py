"""Demands that no query is known for are named, and those that a query is known for, or that all rows meet, are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script
from migrate_validate.chain.statements import statements
from migrate_validate.data.names import Names
from migrate_validate.data.untold import untold
from migrate_validate.postgres import Server

SCHEMA = """
create domain phone as text not null;
create table users (id int primary key, day date, made timestamp, name varchar(20), amount numeric(8, 2), ip text);
create table events (id int, day date) partition by range (day);
create table events_2024 (id int, day date);
"""


@pytest.fixture
def names(server: Server) -> Names:
    """The names of the schema."""
    with server.create_database("untold") as database, database.connect() as connection:
        connection.execute(SCHEMA.encode())
        return Names(Catalog.read(connection))


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "alter table users add constraint apart exclude using gist (nowhere with =)",
            "no two rows of public.users are at odds with the exclusion constraint apart",
        ),
        (
            "alter table events attach partition nowhere for values from ('2024-01-01') to ('2025-01-01')",
            "the rows of the new partition of public.events lie within its bounds",
        ),
        (
            "alter table users add phone phone default md5('x')",
            "the domain of public.users.phone allows what the rows get there",
        ),
        ("alter table users add mine made_here", "the domain of public.users.mine allows what the rows get there"),
        (
            "alter table users add half int generated always as (10 / id) stored",
            "the expression of public.users.half can be computed in every row",
        ),
        (
            "alter table users add age int default length('x') check (age > 0)",
            "the default of public.users.age is allowed in every row",
        ),
        ("alter table users alter day type timestamp", "every value of public.users.day fits its new type"),
        ("alter domain phone add check (value <> '')", "the values of the domain phone are what it then allows"),
    ],
)
def test_it_is_named(names: Names, sql: str, what: str) -> None:
    assert list(told(names, sql)) == [what]


@pytest.mark.parametrize(
    "sql",
    [
        "alter table users alter id type bigint",
        "alter table users alter name type text",
        "alter table users alter made type timestamptz",
        "alter table users alter ip type int using ip::int",
        "alter table users alter amount type numeric(6, 2)",
        "alter table users add note text, add check (id > 0), add unique (name)",
        "alter table gone add phone phone",
        "alter domain phone drop not null",
        "create table other (phone phone)",
        "alter table users add constraint apart exclude using gist (day with =)",
        "alter table events attach partition events_2024 for values from ('2024-01-01') to ('2025-01-01')",
        "alter table users add phone phone",
        "alter table users add age int default 0 check (age > 0)",
    ],
)
def test_it_is_asked_or_true_of_all_rows(names: Names, sql: str) -> None:
    assert list(told(names, sql)) == []


def told(names: Names, sql: str) -> list[str]:
    """What is said of one statement."""
    (statement,) = statements(Script(Path("/x.sql"), "x.sql", sql))
    return list(untold(statement, names, frozenset({"made_here"})))


def test_a_text_can_be_asked_about_where_the_server_knows_what_is_valid(names: Names) -> None:
    said = told(names, "alter table users alter ip type inet")
    assert said == (
        [] if names.catalog.server_version >= 160000 else ["every value of public.users.ip fits its new type"]
    )
