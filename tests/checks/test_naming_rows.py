"""Which assumption is named where a schema or its functions refuse rows: exclusion, partitions, references, RAISE."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server
from tests.checks.naming import PLACES, Case, Connection, adds, named_best, place

BOOKINGS = "create table bookings (id int primary key, room int, during daterange, gone bool);"
TALKS = "create table talks (room int, during daterange, constraint apart exclude using gist (during with &&));"
PARENTS = """
create table parents (id int primary key, old bool);
create table children (id int primary key, parent int references parents on delete cascade);
create table toys (id int primary key, child int references children, owner int references parents);
"""


CASES = {
    # Exclusion
    "overlap": Case(
        BOOKINGS,
        "alter table bookings add exclude using gist (during with &&) where (not gone);",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)', false), (2, 1, '[1-1-3,1-1-4)', false), "
        "(3, 1, '[1-1-3,1-1-4)', true);",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)', false), (2, 1, '[1-1-2,1-1-4)', false);",
        "no rows: select one.* from bookings one join bookings other on one.id < other.id "
        "and one.during && other.during where NOT one.gone and NOT other.gone",
    ),
    "overlap of what is written": Case(
        BOOKINGS + TALKS,
        "insert into talks select room, during from bookings where not gone;",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)', false), (2, 1, '[1-1-2,1-1-4)', true);",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)', false), (2, 1, '[1-1-2,1-1-4)', false);",
        "no rows: select one.* from bookings one join bookings other on one.id < other.id "
        "and one.during && other.during where NOT one.gone and NOT other.gone",
    ),
    "overlap with what is there": Case(
        BOOKINGS + TALKS,
        "insert into talks select room, during from bookings;",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)'); insert into talks values (1, '[1-1-3,1-1-4)');",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)'); insert into talks values (1, '[1-1-2,1-1-4)');",
        "no rows: select one.* from bookings one join talks other on one.during && other.during",
    ),
    "overlap of two that are written": Case(
        BOOKINGS + TALKS + "create table more (during daterange);",
        "insert into talks (during) select during from bookings union all select during from more;",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)'); insert into more values ('[1-1-3,1-1-4)');",
        "insert into bookings values (1, 1, '[1-1-1,1-1-3)'); insert into more values ('[1-1-2,1-1-4)');",
        "no rows: with written as (select row_number() over () as n, * from (select during from bookings "
        "union all select during from more union all select during from talks) as rows) "
        "select one.* from written one join written other on one.n < other.n and one.during && other.during",
    ),
    # Partitions
    "attached": Case(
        PLACES + "create table all_places (like places) partition by range (a);",
        "alter table all_places attach partition places for values from (0) to (10);",
        place(a="9"),
        place(a="10"),
        "check (a IS NOT NULL AND a >= 0 AND a < 10) on places",
    ),
    "no partition": Case(
        PLACES,
        "create table by_kind (id int, t text) partition by list (t); "
        "create table kind_a partition of by_kind for values in ('a'); "
        "create table others partition of by_kind for values in ('b', null); "
        "insert into by_kind select id, t from places;",
        place(t="'a'") + place(2, t="null"),
        place(t="'c'"),
        "check ((t IS NOT NULL AND t = 'a') OR (t IS NULL OR t = 'b')) on places",
    ),
    "moved to no partition": Case(
        "create table days (day date, old bool) partition by range (day); "
        "create table first_days partition of days for values from ('2020-01-01') to ('2021-01-01');",
        "update days set day = day + 1 where old;",
        "insert into days values ('2020-12-30', true), ('2020-12-31', false);",
        "insert into days values ('2020-12-31', true);",
        "check (day + 1 IS NOT NULL AND (day + 1) >= '2020-01-01' AND (day + 1) < '2021-01-01') on days where old",
    ),
    "left in the default partition": Case(
        "create table kinds (t text) partition by list (t); create table others partition of kinds default;",
        "create table a partition of kinds for values in ('a');",
        "insert into kinds values ('b'), (null);",
        "insert into kinds values ('a');",
        "check (NOT t = 'a') on others",
    ),
    # Domains
    "domain is told more": Case(
        "create domain mail as text; create table people (id int, mail mail);",
        "alter domain mail add check (value like '%@%');",
        "insert into people values (1, 'a@x'), (2, null);",
        "insert into people values (1, 'a');",
        "check (mail LIKE '%@%') on people",
    ),
    "domain forbids NULL": Case(
        "create domain mail as text; create table people (id int, mail mail);",
        "alter domain mail set not null;",
        "insert into people values (1, '');",
        "insert into people values (1, null);",
        "not null mail on people",
    ),
    "becomes a domain": Case(
        PLACES + "create domain positive as int check (value > 0);",
        "alter table places alter a type positive;",
        place(a="1") + place(2, a="null"),
        place(a="0"),
        "check (a > 0) on places",
    ),
    "is cast to a domain": Case(
        PLACES,
        "create domain positive as int not null check (value > 0); " + adds("int", "(a - b)::positive"),
        place(),
        place(a="null"),
        "check (a - b IS NOT NULL) on places",
    ),
    "is written to a domain": Case(
        PLACES,
        "create domain positive as int check (value > 0); create table p (p positive); "
        "insert into p select a from places where b = 3;",
        place() + place(2, a="0", b="0"),
        place(a="0"),
        "check (a > 0) on places where b = 3",
    ),
    "checked with another value": Case(
        "create table prices (price numeric check (price <= 100));",
        "alter table prices alter price type int using price * 100;",
        "insert into prices values (1), (null);",
        "insert into prices values (2);",
        "check ((price * 100) <= 100::numeric) on prices",
    ),
    # New columns
    "default against a CHECK": Case(
        PLACES,
        "alter table places add y int default 3 check (y < a);",
        place(a="4"),
        place(a="3"),
        "check (3 < a) on places",
    ),
    "default refers to nothing": Case(
        PLACES + "create table plans (id int primary key);",
        "alter table places add plan int not null default 1 references plans;",
        "insert into plans values (1);" + place(),
        place(),
        "no rows: select * from places where not exists (select from plans where id = 1)",
    ),
    "the same default twice": Case(
        PLACES,
        "alter table places add y int default 1 unique;",
        place(),
        place() + place(2),
        "no rows: select * from places offset 1",
    ),
    "there already": Case(
        PLACES,
        "insert into places (id, t) values (1, 'x'), (2, 'y');",
        place(3),
        place(2),
        "no rows: select * from places where (id = 1) or (id = 2)",
    ),
    "filled for some that were NULL": Case(
        PLACES,
        "update places set t = 'x' where t is null and a > 5; alter table places alter t set not null;",
        place(t="null"),
        place(t="null", a="5"),
        "no rows: select * from places where t is null and (a > 5) is not true",
    ),
    # References
    "still referred to": Case(
        PARENTS,
        "delete from parents where old;",
        "insert into parents values (1, true), (2, false); insert into toys values (1, null, 2);",
        "insert into parents values (1, true), (2, false); insert into toys values (1, null, 1);",
        "no rows: select * from toys where owner in (select id from parents where old)",
    ),
    "all go": Case(
        PARENTS,
        "delete from parents;",
        "insert into parents values (1, true); insert into toys values (1, null, null);",
        "insert into parents values (1, true); insert into toys values (1, null, 1);",
        "check (owner IS NULL) on toys",
    ),
    "referred to on the way": Case(
        PARENTS,
        "delete from parents where old;",
        "insert into parents values (1, true), (2, false); insert into children values (1, 1), (2, 2); "
        "insert into toys values (1, 2, null);",
        "insert into parents values (1, true); insert into children values (1, 1); "
        "insert into toys values (1, 1, null);",
        "no rows: select * from toys where child in (select id from children where parent in "
        "(select id from parents where old))",
    ),
    "key changes": Case(
        PARENTS,
        "update parents set id = id + 10 where old;",
        "insert into parents values (1, true), (2, false); insert into toys values (1, null, 2);",
        "insert into parents values (1, true); insert into toys values (1, null, 1);",
        "no rows: select * from toys where owner in (select id from parents where old)",
    ),
    "needed where it goes": Case(
        "create table parents (id int primary key, old bool); "
        "create table toys (id int, owner int not null references parents on delete set null);",
        "delete from parents where old;",
        "insert into parents values (1, false); insert into toys values (1, 1);",
        "insert into parents values (1, true); insert into toys values (1, 1);",
        "no rows: select * from toys where owner in (select id from parents where old)",
    ),
    # MERGE
    "merged without a key": Case(
        PLACES + "create table wanted (k int primary key, n int);",
        "merge into wanted w using places p on w.k = p.a when not matched then insert values (p.a, p.id);",
        place(),
        place(a="null"),
        "not null a on places",
    ),
    # RAISE
    "refused by a trigger": Case(
        PLACES + "create function checked() returns trigger language plpgsql as $$ begin "
        "if new.a > 10 and tg_op = 'UPDATE' then raise exception 'too much: %', new.a; end if; return new; end $$; "
        "create trigger checked before insert or update on places for each row execute function checked();",
        "update places set a = a * 2 where b = 3;",
        place(a="5") + place(2, a="6", b="0"),
        place(a="6"),
        "(a * 2) <= 10 on places where b = 3",
    ),
    "refused by a trigger otherwise": Case(
        PLACES + "create function checked() returns trigger language plpgsql as $$ begin "
        "if old.a > 10 then return old; else raise exception 'too little'; end if; end $$; "
        "create trigger checked before delete on places for each row execute function checked();",
        "delete from places where b = 3;",
        place(a="11") + place(2, a="6", b="0"),
        place(a="10"),
        "check (a > 10 IS TRUE) on places where b = 3",
    ),
    "refused by the migration": Case(
        PLACES,
        "do $$ begin if exists (select from places where t is null) then raise exception 'no text'; end if; end $$;",
        place(),
        place(t="null"),
        "no rows: SELECT FROM places WHERE t IS NULL",
    ),
    "counted and refused": Case(
        PLACES,
        "do $$ declare n int; begin select count(*) into n from places where t is null; "
        "if n > 1 then raise exception '% without text', n; end if; end $$;",
        place(t="null"),
        place(t="null") + place(2, t="null"),
        "no rows: select 1 where (SELECT count(*) FROM places WHERE t IS NULL) > 1",
    ),
    "wanted just once": Case(
        PLACES,
        "do $$ declare k int; begin select id into strict k from places where t = 'x'; end $$;",
        place(t="'x'") + place(2),
        place(t="'x'") + place(2, t="'x'"),
        "no rows: select 1 where (SELECT count(*) FROM (SELECT id FROM places WHERE t = 'x') found) <> 1",
    ),
    "inside of a loop": Case(
        PLACES,
        "do $$ declare r record; k int; begin for r in select * from places where b = 3 loop k := r.t::int; "
        "end loop; end $$;",
        place(t="' -7 '") + place(2, t="'x'", b="0"),
        place(t="'x'"),
        r"t matches '^\s*[-+]?[0-9]+\s*$' on places where b = 3",
    ),
    "written in a loop": Case(
        PLACES + "create table small (k int primary key, t varchar(3));",
        "do $$ declare r record; begin for r in select id, t from places loop "
        "continue when r.t is null; insert into small values (r.id, r.t); end loop; end $$;",
        place(t="'123'") + place(2, t="null"),
        place(t="'1234'"),
        "length(t) <= 3 on places where t IS NULL IS NOT TRUE",
    ),
    "inside of a block": Case(
        PLACES,
        "do $$ begin if true then alter table places alter t set not null; end if; end $$;",
        place(),
        place(t="null"),
        "not null t on places",
    ),
}


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("naming_rows") as database, database.connect() as connected:
        yield connected


@pytest.mark.parametrize("name", CASES)
def test_the_best_name(connection: Connection, name: str) -> None:
    named_best(connection, CASES[name])
