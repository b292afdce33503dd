"""Where a chain makes what a finding is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.making import with_place
from migrate_validate.chain.model import Script
from migrate_validate.findings import Finding, Location

FIRST = """create table t (id int primary key,
  u_id int references u);
create table if not exists t (id int);
create policy "all" on t using (true);
create policy "all" on other using (true);
"""
SECOND = """create index t_i on t (id);
alter table t add column v_id int, add constraint t_v foreign key (v_id) references v;
alter table public.t add foreign key (id) references w;
create table other.t (id int);
create function f() returns int language sql as 'select 1';
create table if not exists t (id int);
drop policy "all" on t;
create policy "all" on t using (false);
"""
SCRIPTS = [Script(Path(f"/chain/{name}"), name, text) for name, text in (("1.sql", FIRST), ("2.sql", SECOND))]


@pytest.mark.parametrize(
    ("about", "evidence", "place"),
    [
        ("public.t", {}, "1.sql:1:1"),
        ("other.t", {}, "2.sql:4:1"),
        ("public.t_i", {}, "2.sql:1:1"),
        ("public.f", {}, "2.sql:5:1"),
        ("public.t", {"policy": "all"}, "2.sql:8:1"),
        ("public.other", {"policy": "all"}, "1.sql:5:1"),
        ("public.t", {"policy": "made in a loop"}, "None"),
        ("public.t", {"constraint": "t_u_id_fkey", "columns": ["u_id"]}, "1.sql:1:1"),
        ("public.t", {"constraint": "t_v", "columns": ["v_id"]}, "2.sql:2:1"),
        ("public.t", {"constraint": "t_id_fkey", "columns": ["id"]}, "2.sql:3:1"),
        ("public.t.id", {}, "None"),
        ("t", {}, "None"),
    ],
)
def test_a_finding_points_at_what_made_its_object(about: str, evidence: dict[str, object], place: str) -> None:
    assert str(with_place(Finding("", object=about, evidence=evidence), SCRIPTS).location) == place


def test_of_relations_nothing_is_said_where_they_do_not_count() -> None:
    assert with_place(Finding("", object="public.t"), SCRIPTS, relations=False).location is None
    found = with_place(Finding("", object="public.f"), SCRIPTS, relations=False)
    assert found.location == Location("2.sql", 5, 1)


def test_a_place_of_its_own_stays() -> None:
    own = Location("3.sql", 7, 1)
    assert with_place(Finding("", object="public.t", location=own), SCRIPTS).location == own
