"""What statements demand of the rows that are there, in the names of before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Migration
from migrate_validate.chain.statements import statements
from migrate_validate.config import Assume
from migrate_validate.data.assuming import name_of
from migrate_validate.data.demand import Demand
from migrate_validate.data.demands import demands
from migrate_validate.data.names import Names
from migrate_validate.data.pending import Question, Unasked, questions
from migrate_validate.postgres import Server
from migrate_validate.preflight import preflight
from tests.support.dsns import dsn_of
from tests.support.scripts import script

SCHEMA = """
create type mood as enum ('sad', 'it''s ok');
create table plans (id int primary key, name text);
create table users (
  id int primary key, email text, phone varchar(20), plan_id int, age bigint, score numeric(10, 2), mood text, born text
);
alter table users add constraint later check (age > 0) not valid;
alter table users add constraint nowhere foreign key (plan_id) references plans not valid;
create domain mail as text;
alter domain mail add constraint later check (value like '%@%') not valid;
create domain positive as int not null check (value > 0);
create table stays (id int primary key, mail mail, room int, during daterange);
create table days (day date, kind text) partition by range (day);
create table old_days (day date, kind text);
create table other_days partition of days default;
create table first_days partition of days for values from (minvalue) to ('2020-01-01');
create table kinds (day date, kind text) partition by list (kind);
create table parts (id int, kind text) partition by hash (id);
create schema app;
create table app.plans (id int primary key);
create table app."Odd" ("A b" text);
"""


@pytest.fixture(scope="module")
def catalog(server: Server) -> Iterator[Catalog]:
    with server.create_database("demands") as database, database.connect() as connection:
        connection.execute(SCHEMA.encode())
        yield Catalog.read(connection)


def demanded(catalog: Catalog, text: str) -> list[Demand]:
    """What the last statement of a script demands."""
    names = Names(catalog)
    *before, last = statements(script(text))
    for each in before:
        names.follow(each)
    return list(demands(last, names))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alter table users alter email set not null", ["not null email on users"]),
        ("alter table users add constraint n not null email", ["not null email on users"]),
        ("alter table users add x int not null", ["users is empty"]),
        ("alter table only public.users add column if not exists x int primary key", ["users is empty"]),
        ("alter table users add column if not exists email text not null", []),
        ("alter table users add x int not null default 3", []),
        ("alter table users add x int generated always as identity", []),
        ("alter table users add x serial not null", []),
        ("alter table users add x int, add y int references plans", []),
        ("alter table users add unique (email, phone)", ["unique email, phone on users"]),
        ("alter table users add unique nulls not distinct (email)", ["unique nulls not distinct email on users"]),
        ("alter table users add primary key (email)", ["unique email on users", "not null email on users"]),
        ("alter table users add unique using index some_index", []),
        ("alter table users add check (age < 3) not valid", []),
        ("alter table users add check (age < 3)", ["check (age < 3) on users"]),
        ("alter table users validate constraint later", ["check (age > 0) on users"]),
        ("alter table users validate constraint nowhere", ["plan_id exists in plans(id) on users"]),
        ("alter table users validate constraint users_pkey", []),
        ("alter table users add foreign key (plan_id) references app.plans", ["plan_id exists in app.plans on users"]),
        ("alter table users add foreign key (plan_id) references plans (id) not valid", []),
        ("create unique index on users (lower(email), plan_id)", ["unique lower(email), plan_id on users"]),
        (
            "create unique index concurrently x on users (email) nulls not distinct where age > 3",
            ["unique nulls not distinct email on users where age > 3"],
        ),
        ("create index on users (email)", []),
        ('create unique index on app."Odd" (lower("A b"))', ['unique lower("A b") on "Odd"']),
        ("alter table users alter age type int", ["age between -2147483648 and 2147483647 on users"]),
        ("alter table users alter score type int", ["round(score) between -2147483648 and 2147483647 on users"]),
        ("alter table users alter score type numeric(4, 1)", ["round(score, 1) between -999.9 and 999.9 on users"]),
        ("alter table users alter age type numeric(4, 1)", ["age between -999.9 and 999.9 on users"]),
        ("alter table users alter phone type varchar(10)", ["length(rtrim(phone)) <= 10 on users"]),
        ("alter table users alter phone type varchar(10) using phone::varchar(10)", []),
        ("alter table users alter phone type text", []),
        ("alter table users alter mood type mood using mood::mood", ["mood IN ('sad', 'it''s ok') on users"]),
        (
            "alter table users rename email to mail; alter table users alter mail set not null",
            ["not null email on users"],
        ),
        (
            "alter table users rename to people; alter table people alter email set not null",
            ["not null email on users"],
        ),
        ("alter table users set schema app; alter table app.users add unique (email)", ["unique email on users"]),
        ("alter table users drop email; alter table users add email text; alter table users add unique (email)", []),
        ("alter table users add nick text; create unique index on users (lower(nick), email)", []),
        ("create table other (id int); alter table other add x int not null", []),
        ("alter table users rename to old; create table users (id int); alter table users add x int not null", []),
        ("create table if not exists users (id int); alter table users add x int not null", ["users is empty"]),
        ("alter table nowhere add unique (id)", []),
        (
            "alter table stays add exclude using gist (room with =, during with &&) where (room > 0)",
            [
                "no rows: select one.* from stays one join stays other on one.id < other.id and one.room = other.room "
                "and one.during && other.during where one.room > 0 and other.room > 0"
            ],
        ),
        (
            "alter table old_days add exclude using gist (daterange(day, day, '[]') with &&)",
            [
                "no rows: select one.* from old_days one join old_days other on one.ctid < other.ctid "
                "and daterange(one.day, one.day, '[]') && daterange(other.day, other.day, '[]')"
            ],
        ),
        ("alter table stays add exclude using btree (room with =)", ["unique room on stays"]),
        (
            "alter table days attach partition old_days for values from ('2020-01-01') to ('2021-01-01')",
            [
                "check (day IS NOT NULL AND day >= '2020-01-01' AND day < '2021-01-01') on old_days",
                "check (NOT (day >= '2020-01-01' AND day < '2021-01-01')) on other_days",
            ],
        ),
        (
            "create table new_days partition of days for values from ('2020-01-01') to ('2021-01-01')",
            ["check (NOT (day >= '2020-01-01' AND day < '2021-01-01')) on other_days"],
        ),
        (
            "alter table kinds attach partition old_days for values in ('a', null)",
            ["check (kind IS NULL OR kind = 'a') on old_days"],
        ),
        (
            "create table k partition of kinds for values in ('a');alter table kinds attach partition old_days default",
            ["check (NOT kind = 'a') on old_days"],
        ),
        (
            "alter table parts attach partition plans for values with (modulus 2, remainder 1)",
            ["check (satisfies_hash_partition('parts'::regclass, 2, 1, id)) on plans"],
        ),
        (
            "create table more (id int) partition by hash (id); "
            "alter table more attach partition plans for values with (modulus 2, remainder 1)",
            [],
        ),
        (
            "create table all_users (id int, born text) partition by list (born); "
            "alter table all_users attach partition users for values in ('x')",
            ["check (born IS NOT NULL AND born = 'x') on users"],
        ),
        ("alter domain mail add check (value <> '')", ["check (mail <> '') on stays"]),
        ("alter domain mail set not null", ["not null mail on stays"]),
        ("alter domain mail validate constraint later", ["check (mail ~~ '%@%'::text) on stays"]),
        ("alter domain mail add check (value <> '') not valid", []),
        ("alter domain mail drop constraint later", []),
        (
            "alter table stays alter room type positive",
            ["not null room on stays", "check (room > 0) on stays"],
        ),
        (
            "create domain even as int check (value % 2 = 0); alter table stays alter room type even using room + id",
            ["check (((room + id) % 2) = 0) on stays"],
        ),
        ("alter table stays add number positive", ["stays is empty"]),
        ("alter table stays add number positive default 3", ["no rows: select * from stays where not ((3::int > 0))"]),
        ("alter table stays add number int not null generated always as (room) stored", ["not null room on stays"]),
        (
            "alter table stays add number int not null generated always as (room + 1) stored check (number < 9)",
            ["check (room + 1 IS NOT NULL) on stays", "check ((room + 1) < 9) on stays"],
        ),
        ("alter table stays add number int default 3 check (number < id)", ["check (3 < id) on stays"]),
        ("alter table stays add number int default 3 unique", ["no rows: select * from stays offset 1"]),
        (
            "alter table stays add plan int not null default 1 references plans",
            ["no rows: select * from stays where not exists (select from plans where id = 1)"],
        ),
        ("alter table stays add plan int references plans", []),
        ("select 1", []),
    ],
)
def test_statements(catalog: Catalog, text: str, expected: list[str]) -> None:
    assert [str(each.assumptions[-1]) for each in demanded(catalog, text)] == expected


def test_casts_of_texts(catalog: Catalog) -> None:
    (number,) = demanded(catalog, "alter table users alter phone type int using trim(phone)::int")
    (day,) = demanded(catalog, "alter table users alter born type date using born::date")
    readable = [str(each) for each in number.assumptions]
    assert readable[0] == "trim(phone) matches '^[0-9]+$' on users"
    if catalog.server_version >= 160000:
        assert readable[-1] == "check (pg_input_is_valid(trim(phone)::text, 'int4')) on users"
        assert str(day.assumptions[-1]) == "check (pg_input_is_valid(born::text, 'date')) on users"
    else:
        assert len(readable) == 2
        # What looks like a day, and the days that exist.
        assert ["(0[469]|11)" in str(each) for each in day.assumptions] == [False, True]


def test_whose_rows_were_written(catalog: Catalog) -> None:
    users, plans = catalog.tables_by_name["public.users"], catalog.tables_by_name["public.plans"]
    for text, written in (
        ("update users set age = 1", True),
        ("truncate plans, users", True),
        ("alter table users rename to u; delete from u", True),
        ("insert into plans values (1)", False),
        ("do $$ begin end $$", True),
        ("select repair()", True),
        ("select 1", False),
        ("nonsense", True),
    ):
        names = Names(catalog)
        for each in statements(script(text)):
            names.follow(each)
        assert names.written(users) is written, text
    assert [name_of(catalog, each) for each in (users, plans)] == ["users", "plans"]
    assert name_of(catalog, catalog.tables_by_name["app.plans"]) == "app.plans"


def test_questions_of_several_migrations(catalog: Catalog) -> None:
    first = script(
        "-- migrate-validate: assume unique lower(email) on users\n"
        "-- migrate-validate: assume unique lower(emil) on users\n"
        "create unique index on users (lower(email)); create type size as enum ('s', 'm');"
        "alter table users alter mood type size using mood::size;",
        "001_a.sql",
    )
    second = script(
        "-- migrate-validate: assume not null nick on users\n"
        "update users set age = 3; alter table users alter age set not null",
        "002_b.sql",
    )
    third = script("select 'never ends", "003_c.sql")
    migrations = [Migration(each.file[:3], each.file, each) for each in (first, second, third)]
    configured = [Assume("002", "users is emty", "pyproject.toml: assume[0]"), Assume("9", "plans is empty")]
    found = list(questions(migrations, configured, catalog))
    asked = [(str(each.assumption), each.place, each.stated) for each in found if isinstance(each, Question)]
    assert asked == [
        ("unique lower(email) on users", "001_a.sql:1:1", True),
        ("mood IN ('s', 'm') on users", "001_a.sql:3", False),
    ]
    unasked = [(each.place, each.why, each.trouble) for each in found if isinstance(each, Unasked)]
    assert unasked == [
        ("001_a.sql:2:1", "there is no column emil in users in this database; is it email?", True),
        ("pyproject.toml: assume[0]", "it cannot be read: did you mean 'empty' by 'emty'?", True),
        (
            "002_b.sql:1:1",
            "there is no column nick in users in this database; migrations that come before it may make it",
            False,
        ),
        ("002_b.sql:2", "statements before it may change the rows of public.users", False),
        ("003_c.sql", "it cannot be read: unterminated quoted string", True),
    ]


def test_preflight_finds_the_rows_that_do_not_meet_them(server: Server, tmp_path: Path) -> None:
    chain = tmp_path / "chain"
    chain.mkdir()
    files = {
        "001_stays.sql": "create table stays (id int primary key, mail text, room int, during daterange);\n",
        "002_more.sql": (
            "alter domain mail add check (value like '%@%');\n"
            "alter table stays add exclude using gist (during with &&);\n"
            "alter table years attach partition old for values from (0) to (10);\n"
            "create domain positive as int check (value > 0);\n"
            "alter table stays alter room type positive using room + 1;\n"
            "alter table stays add plan int default 1 references plans;\n"
        ),
    }
    for name, text in files.items():
        (chain / name).write_text(text)
    with server.create_database("demanding") as made:
        with made.connect() as connection:
            connection.execute(
                "create domain mail as text; create table plans (id int primary key); "
                "create table stays (id int primary key, mail mail, room int, during daterange); "
                "create table years (year int) partition by range (year); create table old (year int); "
                "insert into stays values (1, 'x', -1, '[2020-01-01,2020-02-01)'), "
                "(2, 'a@b', 3, '[2020-01-05,2020-02-01)'); "
                "insert into old values (null), (5)"
            )
        found = preflight(dsn_of(server, made), tmp_path, "chain", applied="001").text
    assert [line for line in found.splitlines() if "in the way of" in line] == [
        f"{rows} the way of 002_more.sql:{line}: {said}, which the statement demands"
        for rows, line, said in (
            ("1 row stands in", 1, "(mail LIKE '%@%') holds in every row of stays"),
            (
                "1 row stands in",
                2,
                "this finds no rows: select one.* from stays one join stays other on one.id < other.id "
                "and one.during && other.during",
            ),
            ("1 row stands in", 3, "(year IS NOT NULL AND year >= 0 AND year < 10) holds in every row of old"),
            ("1 row stands in", 5, "((room + 1) > 0) holds in every row of stays"),
            (
                "2 rows stand in",
                6,
                "this finds no rows: select * from stays where not exists (select from plans where id = 1)",
            ),
        )
    ]
