"""Literals of scripts by the column that they stand beside."""

from __future__ import annotations

import pytest

from migrate_validate.data import mined
from migrate_validate.data.documents import grown
from tests.support.scripts import script


@pytest.mark.parametrize(
    ("sql", "table", "column", "literals"),
    [
        ("delete from app.t where status = 'gone'", "app.t", "status", {"gone"}),
        ("select from t where lower(x.name) in ('bob', 'eve')", "", "name", {"bob", "eve"}),
        ("select from t as x where lower(x.name) in ('bob', 'eve')", "t", "name", {"bob", "eve"}),
        ("select from t, u where n between 3 and 5", "u", "n", {"3", "5"}),
        ("select from t where code like 'A%'", "t", "code", {"A", "Aa"}),
        ("update t set kind = case state when 'x' then 'new' end", "t", "kind", {"new"}),
        ("update t set kind = case state when 'x' then 'new' end", "t", "state", {"x"}),
        ("update t set kind = 'old'::text", "t", "kind", {"old"}),
        ("insert into t (a, b) values ('x', 1), ('y', 2.5)", "t", "b", {"1", "2.5"}),
        ("insert into t (a) select 'lit' from u", "t", "a", {"lit"}),
        ("alter table t add column z text default 'zz' not null", "t", "z", {"zz"}),
        ("create table t (z integer default 7)", "t", "z", {"7"}),
        ("alter table t alter z type varchar(3)", "t", "z", {"aaa", "aaaa"}),
        ("select cast(zip as integer) from t", "t", "zip", {"12", "-1", "1.5", "12abc", ""}),
        ("select born::date from t", "t", "born", {"2024-02-29", "2023-02-29"}),
        ("select split_part(name, ' ', 1) from t", "t", "name", {" ", "a b"}),
        ("select coalesce(name, 'nobody') from t", "t", "name", {"nobody"}),
        ("select from t where data ->> 'age' = '5'", "t", "data", {"age", "5", '{"age": "a"}'}),
        ("select data -> 'items' -> 1 ->> 'price' from t", "t", "data",
         {'{"items": "a"}', '{"items": ["a", "a"]}', '{"items": [{"price": "a"}, {"price": "a"}]}'}),
        ("select from t where name ~ pattern", "t", "pattern", {"("}),
        ("select from t where name ~ pattern and kind = 'x'", "t", "kind", {"x"}),
        ("select data #>> '{a,b}' from t", "t", "data", {'{"a": {"b": "a"}}'}),
        ("update t set data = data || '{\"a\": {\"b\": 1}}'", "t", "data", {'{"a": {"b": 1}}'}),
        ("update t set data = jsonb_set(data, '{a}', '{\"b\": 1}')", "t", "data",
         {"{a}", "a{a}b", '{"b": 1}', 'a{"b": 1}b', '{"a": {"b": 1}}'}),
        ("select from t where length(name) > 3", "t", "name", {"aa", "aaa", "aaaa"}),
        ("create policy p on t using (role = 'admin')", "t", "role", {"admin"}),
        ("create view v as select from t where kind = 'seen'", "t", "kind", {"seen"}),
        ("create function f() returns int language sql as $$ select 1 from t where kind = 'f' $$", "t", "kind", {"f"}),
        ("do $$ begin if true then delete from t where kind = 'done'; end if; end $$", "t", "kind", {"done"}),
        ("create function f() returns trigger language plpgsql as $$ begin if new.kind = 'asked' then "
         "new.kind := 'put'; end if; return new; end $$", "", "kind", {"asked", "put"}),
        ("do $$ begin update t set a = case when b = 'in case' then 1 end; end $$", "t", "b", {"in case"}),
    ],
)  # fmt: skip
def test_literals_are_found(sql: str, table: str, column: str, literals: set[str]) -> None:
    assert literals <= set(mined([script(sql)])[table][column].literals)


def test_what_cannot_be_read_is_passed_over() -> None:
    scripts = [script("selec nothing"), script("select 'unterminated"), script("select 1; delete from t where a = 'b'")]
    assert mined(scripts)["t"]["a"].literals == ("b",)


def test_a_column_keeps_no_more_than_a_few() -> None:
    listed = ", ".join(f"('{number}')" for number in range(500))
    assert len(mined([script(f"insert into t (a) values {listed}")])["t"]["a"].literals) == 40


def test_documents_have_more_inside_than_scripts_name() -> None:
    assert grown('{"a": {"b": 1}}') == ['{"a": {"b": 1}}', '{"a": {"b": 1, "other": 1}}']
    assert grown('{"a": ["x"]}') == ['{"a": ["x"]}', '{"a": ["x", "b"]}']
    assert grown('{"a": 1}') == ['{"a": 1}']
    assert grown("{a}") == grown("[1]") == grown("{}") == []
