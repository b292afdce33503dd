"""Regular expressions of days against the calendar of PostgreSQL."""

from __future__ import annotations

import pytest

from migrate_validate.data.casts import conditions
from migrate_validate.data.days import existing, shaped
from migrate_validate.postgres import Server
from migrate_validate.syntax import parse_expression

EVERY = """
    select to_char(day, pattern) from generate_series(timestamp '{0}-01-01', '{0}-12-31', '1 day') as day
"""
ALL = """
    select replace(replace(replace(replace(pattern, 'YYYY', '{0}'), 'YY', right('{0}', 2)), 'MM', month), 'DD', day)
    from (select to_char(m, 'FM00') from generate_series(0, 13) as m) as months (month),
         (select to_char(d, 'FM00') from generate_series(0, 32) as d) as days (day)
"""


@pytest.mark.parametrize("pattern", ["YYYY-MM-DD", "DD.MM.YYYY", "MM/DD/YY"])
@pytest.mark.parametrize("year", [1900, 2000, 2020, 2023])
def test_just_the_days_that_exist(server: Server, pattern: str, year: int) -> None:
    if year == 1900 and "YYYY" not in pattern:
        pytest.skip("00 means 2000 there")
    every, texts = (query.format(year).replace("pattern", f"'{pattern}'") for query in (EVERY, ALL))
    wrong = f"select text, text in ({every}) from ({texts}) as t (text) where (text ~ %s) <> (text in ({every}))"
    with server.connect("postgres") as connection:
        assert connection.execute(wrong.encode(), [f"^{existing(pattern)}$"]).fetchall() == []


@pytest.mark.parametrize("pattern", ["Month DD", "", "-"])
def test_patterns_that_are_not_known(pattern: str) -> None:
    assert shaped(pattern) is None
    assert existing(pattern) is None


def test_a_pattern_without_a_year_has_a_shape_alone() -> None:
    assert shaped("MM-DD") == "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    assert existing("MM-DD") is None


@pytest.mark.parametrize("target", ["date", "timestamp", "timestamptz"])
def test_a_cast_names_a_day_that_does_not_exist(server: Server, target: str) -> None:
    name = parse_expression(f"null::{target}").type_name
    with server.connect("postgres") as connection:
        version = connection.info.server_version
        *_, named = conditions("t", "text", name, explicit=True, version=version)
        asked = named.removeprefix("check ").replace(" matches ", " ~ ")
        texts = "(values ('2024-11-30'), ('2024-11-31'), ('2024-02-29'), ('2023-02-29')) as texts (t)"
        taken = f"select t from {texts} where {asked}"
        assert connection.execute(taken.encode()).fetchall() == [("2024-11-30",), ("2024-02-29",)]
