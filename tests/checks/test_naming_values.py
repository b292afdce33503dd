"""Which assumption is named where the expression of a statement refuses values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server
from tests.checks.naming import PLACES, Case, Connection, adds, named_best, place

CASES = {
    # Arithmetic
    "product too large": Case(
        PLACES,
        adds("int", "a * b"),
        place(a="2147483647", b="1") + place(2, a="2147483647", b="null"),
        place(a="2147483647", b="2"),
        "a::numeric * b between -2147483648 and 2147483647 on places",
    ),
    "sum below a division": Case(
        PLACES,
        adds("numeric", "100.0 * a / (a + b)"),
        place(a="2147483646", b="1"),
        place(a="2147483647", b="2"),
        "a::numeric + b between -2147483648 and 2147483647 on places",
    ),
    "divided by a sum": Case(
        PLACES,
        adds("numeric", "100.0 * a / (a + b)"),
        place(a="1", b="1"),
        place(a="2", b="-2"),
        "(a + b) <> 0 on places",
    ),
    "divided where nothing is": Case(
        PLACES,
        adds("int", "mod(a, b)"),
        place(a="null", b="0"),
        place(b="0"),
        "check (a IS NULL OR b <> 0) on places",
    ),
    "divided in some rows": Case(
        PLACES,
        "update places set a = a / b where t = 'x';",
        place(b="0") + place(2, t="'x'"),
        place(b="0", t="'x'"),
        "b <> 0 on places where t = 'x'",
    ),
    "cents": Case(
        PLACES,
        adds("int", "(n * 100)::int"),
        place(n="21474836.47"),
        place(n="'NaN'"),
        "round(n * 100) between -2147483648 and 2147483647 on places",
    ),
    "assigned, too large": Case(
        PLACES,
        adds("smallint", "x + 1"),
        place(x="32766"),
        place(x="32767"),
        "x <= 32766 on places",
    ),
    "rounded, too large": Case(
        PLACES,
        adds("numeric(4, 2)", "n * 10"),
        place(n="9.9994"),
        place(n="9.9995"),
        "round(n * 10, 2) between -99.99 and 99.99 on places",
    ),
    "generated": Case(
        PLACES,
        "alter table places add y int generated always as (a * b) stored;",
        place(a="2147483647", b="1"),
        place(a="2147483647", b="2"),
        "a::numeric * b between -2147483648 and 2147483647 on places",
    ),
    "written to a table that generates": Case(
        PLACES + "create table halves (a int, b int, y int generated always as (a / b) stored);",
        "insert into halves select a, b + 1 from places;",
        place(b="0"),
        place(b="-1"),
        "(b + 1) <> 0 on places",
    ),
    "from a join": Case(
        PLACES + "create table more (id int, c int); insert into more values (1, 2), (2, 0);",
        "update places set a = a * c from more where more.id = places.id;",
        place(a="1073741823"),
        place(a="1073741824"),
        "no rows: select * from places, more where more.id = places.id and "
        "not (a::numeric * c between -2147483648 and 2147483647)",
    ),
    # Dates
    "to_date": Case(
        PLACES,
        adds("date", "to_date(t, 'YYYY-MM-DD')"),
        place(t="'2024-02-29'"),
        place(t="'2024-13-01'"),
        "t matches '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' on places",
    ),
    "no such day": Case(
        PLACES,
        adds("date", "to_date(t, 'DD.MM.YY')"),
        place(t="'30.11.24'") + place(2, t="'29.02.24'"),
        place(t="'31.11.24'"),
        r"t matches '^((0[1-9]|[12][0-9]|3[01])\.(0[13578]|1[02])\.[0-9]{2}"
        r"|(0[1-9]|[12][0-9]|30)\.(0[469]|11)\.[0-9]{2}|(0[1-9]|1[0-9]|2[0-8])\.02\.[0-9]{2}"
        r"|29\.02\.(00|([02468][48]|[2468]0|[13579][26])))$' on places",
    ),
    "days from a date": Case(
        PLACES,
        adds("date", "at + a"),
        place(a="2000000000") + place(2, at="'infinity'", a="2147483647"),
        place(a="2147483647"),
        "check (NOT isfinite(at) OR (at - '4714-11-24 BC'::date) + a::bigint BETWEEN 0 AND 2147483493) on places",
    ),
    "a year later": Case(
        "create table seen (at timestamp);",
        "update seen set at = at + interval '1 year';",
        "insert into seen values ('2024-01-01');",
        "insert into seen values ('294276-06-01');",
        "at <= ('294276-12-31 23:59:59.999999'::timestamp - '1 year'::interval) on seen",
    ),
    "parts of a date": Case(
        PLACES,
        adds("date", "make_date(a, b, 1)"),
        place(b="12"),
        place(b="13"),
        "b between 1 and 12 on places",
    ),
    "seconds": Case(
        PLACES,
        adds("timestamptz", "to_timestamp(n::float)"),
        place(n="9224318015999"),
        place(n="9224318016000"),
        "n::double precision between -210866803200 and 9224318015999 on places",
    ),
    # Texts, JSON, arrays, ranges
    "longer than allowed": Case(
        PLACES,
        adds("varchar(5)", "t || '!'"),
        place(t="'1234'"),
        place(t="'12345'"),
        "length(t || '!') <= 5 on places",
    ),
    "into a new table": Case(
        PLACES,
        "create table short (s varchar(3)); insert into short select t from places;",
        place(t="'123'"),
        place(t="'1234'"),
        "length(t) <= 3 on places",
    ),
    "no array": Case(
        PLACES,
        "create table parts (id int, part jsonb); insert into parts select id, p from places, "
        "jsonb_array_elements(j) as p;",
        place(j="'[]'") + place(2, j="null"),
        place(j="'1'"),
        "jsonb_typeof(j) = 'array' on places",
    ),
    "no object": Case(
        PLACES,
        "create table keys as select id, jsonb_object_keys(j) as name from places;",
        place(j="'{}'"),
        place(j="'[]'"),
        "jsonb_typeof(j) = 'object' on places",
    ),
    "no number": Case(
        PLACES, adds("int", "j::int"), place(j="'1'"), place(j="'\"a\"'"), "jsonb_typeof(j) = 'number' on places"
    ),
    "no such path": Case(
        PLACES,
        adds("jsonb", "jsonb_path_query_first(j, 'strict $.a')"),
        place(j="'{\"a\": 1}'") + place(2, j="null"),
        place(j="'{}'"),
        "check (j IS NULL OR j @? 'strict $.a' IS NOT NULL) on places",
    ),
    "length below zero": Case(
        PLACES,
        adds("text", "substring(t from 1 for a)"),
        place(a="0") + place(2, t="null", a="-1"),
        place(a="-1"),
        "check (t IS NULL OR a >= 0) on places",
    ),
    "no regular expression": Case(
        PLACES,
        adds("bool", "'x' ~ t"),
        place(t="'a-b|.'"),
        place(t="'('"),
        r"t matches '^[^][(){}*+?\\]*$' on places",
    ),
    "no regular expression where one is used": Case(
        "create table rules (t text, p text);",
        "alter table rules add m bool; update rules set m = t ~ p;",
        "insert into rules values (null, '('), ('x', '{}');",
        "insert into rules values ('x', '(');",
        r"check (t IS NULL OR p ~ E'^[^][()*+?\\\\]*$') on rules",
    ),
    "no bytes": Case(
        PLACES,
        adds("bytea", "decode(t, 'hex')"),
        place(t="'0aF9'"),
        place(t="'0aF'"),
        "t matches '^([0-9a-fA-F]{2})*$' on places",
    ),
    "ends before it begins": Case(
        PLACES, adds("int4range", "int4range(a, b)"), place(a="3"), place(a="4"), "check (a <= b) on places"
    ),
    "root": Case(PLACES, adds("float", "sqrt(n)"), place(n="0"), place(n="-1"), "n >= 0 on places"),
}


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with server.create_database("naming_values") as database, database.connect() as connected:
        yield connected


@pytest.mark.parametrize("name", CASES)
def test_the_best_name(connection: Connection, name: str) -> None:
    named_best(connection, CASES[name])
