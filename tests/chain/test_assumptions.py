"""What comments and the configuration state, and how it is read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate_validate.chain.assumptions import (
    FORMS,
    Assumption,
    Kind,
    Unread,
    Unreadable,
    assumed_of,
    assumptions,
    entry_of,
    read,
    stated,
)
from migrate_validate.chain.model import Migration
from migrate_validate.config import Assume
from migrate_validate.errors import ConfigError
from migrate_validate.findings import Location
from migrate_validate.settings import load_settings
from tests.support.scripts import script


@pytest.mark.parametrize(
    ("text", "canonical", "sentence"),
    [
        ("not null email on users", None, "no row of users has NULL in email"),
        (
            "NOT NULL email, phone ON app.users WHERE deleted_at is null",
            "not null email, phone on app.users where deleted_at IS NULL",
            "no row of app.users where deleted_at IS NULL has NULL in email, phone",
        ),
        ("unique lower(email) on users", None, "no two rows of users have equal lower(email)"),
        (
            "unique  org_id,lower( email )  on users where not deleted",
            "unique org_id, lower(email) on users where NOT deleted",
            "no two rows of users where NOT deleted have equal org_id and lower(email)",
        ),
        (
            "unique nulls not distinct email on users",
            None,
            "no two rows of users have equal email, NULLs included",
        ),
        ("amount between 0 and 100 on orders", None, "amount between 0 and 100 in every row of orders"),
        ("amount >= -0.5 on orders", None, "amount >= -0.5 in every row of orders"),
        ("length(name) <= 20 on users", None, "length(name) <= 20 in every row of users"),
        (
            "status in ('a B', 'c') on orders",
            "status IN ('a B', 'c') on orders",
            "status IN ('a B', 'c') in every row of orders",
        ),
        ("phone matches '^[0-9]+$' on users", None, "phone matches '^[0-9]+$' in every row of users"),
        ("code matches '^it''s \\d: on$' on t", None, "code matches '^it''s \\d: on$' in every row of t"),
        (
            "plan_id exists in plans(id) on users",
            None,
            "plan_id of every row of users exists in plans(id), or is NULL",
        ),
        ("a, b exists in app.plans on users", None, "a, b of every row of users exists in app.plans, or is NULL"),
        ("check (a < b) on orders", None, "(a < b) holds in every row of orders"),
        ("check ((a or b) and c) on orders", None, "((a OR b) AND c) holds in every row of orders"),
        ("drafts is empty", None, "drafts has no rows"),
        ('not null "On" on "Wei""rd"."Is empty"', None, 'no row of "Wei""rd"."Is empty" has NULL in "On"'),
        (
            "no rows: select id from users u where u.note = 'a: b'",
            None,
            "this finds no rows: select id from users u where u.note = 'a: b'",
        ),
    ],
)
def test_every_form_reads_as_a_sentence(text: str, canonical: str | None, sentence: str) -> None:
    assumption = read(text)
    assert str(assumption).lower() == (canonical or text).lower()
    if canonical:
        assert str(assumption) == canonical
    assert assumption.sentence.lower() == sentence.lower()
    assert read(str(assumption)) == assumption
    assert assumption.comment == f"-- migrate-validate: assume {assumption}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not null email on users: the form asks for it", "the form asks for it"),
        ("not null email on users:  it's\n asked: twice ", "it's asked: twice"),
        ("phone matches 'a: b' on users", ""),
        ("phone matches 'a: b' on users: c: d", "c: d"),
        ("x = '1'::text on users: no cast", "no cast"),
        ("no rows: select 1 where false: there are none", "there are none"),
        ("users is empty:", ""),
    ],
)
def test_a_reason_follows_a_colon(text: str, reason: str) -> None:
    assert read(text).reason == reason
    assert read(text) == read(str(read(text)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it says nothing"),
        ("not null email", "it does not say of which table: 'on TABLE' is missing"),
        ("uniqe email on users", "did you mean 'unique' by 'uniqe'?"),
        ("email machtes 'x' on users", "did you mean 'matches' by 'machtes'?"),
        ("a + b on users", "it is none of these forms; any other condition is written as 'check (CONDITION)'"),
        ("email on users", "it is none of these forms; any other condition is written as 'check (CONDITION)'"),
        ("check a < b on users", "the condition behind 'check' has to stand in parentheses"),
        ("check (a) < (b) on users", "the condition behind 'check' has to stand in parentheses"),
        ("not null lower(email) on users", "'lower(email)' is not the name of a column"),
        ("not null on users", "an expression is missing"),
        ("unique a, on users", "an expression is missing"),
        ("unique lower(a on users", "a parenthesis has no partner"),
        ("unique a) on (users", "a parenthesis has no partner"),
        ("unique a] on users", "a parenthesis has no partner"),
        ("unique a on", "the name of a table is missing"),
        ("unique a on users u", "'users u' is not the name of a table"),
        ("unique a on users, orders", "'users, orders' is not the name of a table"),
        ("unique a on users where", "an expression is missing"),
        ("unique a on users where b c d", "'b c d' is no expression of PostgreSQL: syntax error"),
        ("a matches b on users", "'b' is not a regular expression in quotation marks"),
        ("a matches 'x on users", "unterminated quoted string"),
        ("a, b exists in plans(id) on users", "2 of its own columns cannot exist in 1 of plans"),
        ("no rows: delete from users", "'no rows:' wants one SELECT"),
        ("no rows: select 1; select 2", "'no rows:' wants one SELECT"),
        ("no rows: selekt 1", "the query is no SQL of PostgreSQL: syntax error"),
        ("no rows: with gone as (delete from users returning *) select * from gone", "may only read"),
        ("no rows: select * into other from users", "may only read"),
        ("no rows: select * from users for update", "may only read"),
    ],
)
def test_what_cannot_be_read(text: str, problem: str) -> None:
    with pytest.raises(Unread) as raised:
        read(text)
    assert problem in str(raised.value)


def test_comments_of_a_script() -> None:
    up = script(
        "-- migrate-validate: assume not null email on users: asked for\n"
        "alter table users alter email set not null; -- migrate-validate: assume users is emty\n"
        "/* migrate-validate: assume no rows:\n   select id\n   from users */\n"
        "-- migrate-validate: ignore assume: no\n"
        "-- migrate-validate: assumed not null a on b\n"
        "select '\n-- migrate-validate: assume a is empty\n';"
    )
    first, second, third, misspelt = stated(up)
    assert first == Assumption(Kind.NOT_NULL, "users", ("email",))
    assert isinstance(first, Assumption)
    assert (first.reason, first.location) == ("asked for", Location("001_script.sql", 1, 1))
    assert second == Unreadable("users is emty", "did you mean 'empty' by 'emty'?", Location("001_script.sql", 2, 45))
    assert str(third) == "no rows: select id\n   from users"
    assert isinstance(misspelt, Unreadable)
    assert misspelt.text == "assumed not null a on b"
    assert misspelt.problem == "did you mean 'assume' by 'assumed'?"
    assert assumptions(up) == (first, third)
    assert stated(script("select 'never ends; -- migrate-validate: assume a is empty")) == ()


def test_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "migrate_validate.toml").write_text(
        'assume = [{ migration = "003", that = "unique lower(email) on users" }, '
        '{ migration = "004_x.sql", that = "nonsense" }, { migration = "003", that = "not null id on users" }]\n'
    )
    settings = load_settings(tmp_path, tmp_path)
    assert [each.migration for each in settings.assume] == ["003", "004_x.sql", "003"]
    assert settings.assume[1].origin == "migrate_validate.toml: assume[1]"
    wrong = entry_of(settings.assume[1])
    assert isinstance(wrong, Unreadable)
    assert (wrong.text, wrong.origin) == ("nonsense", settings.assume[1].origin)
    third = Migration("003", "x", script("-- migrate-validate: assume not null id on users\nselect 1", "003_x.sql"))
    assert list(map(str, assumed_of(third, settings.assume))) == [
        "not null id on users",
        "unique lower(email) on users",
    ]
    fourth = Migration("004", "x", script("select 1", "004_x.sql"))
    assert assumed_of(fourth, (*settings.assume, Assume("004_x.sql", "users is empty"))) == (read("users is empty"),)


def test_wrong_entries_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "migrate_validate.toml").write_text('assume = [{ migraton = "003", that = 3 }, "unique"]\n')
    with pytest.raises(ConfigError) as raised:
        load_settings(tmp_path, tmp_path)
    said = str(raised.value)
    assert "assume[0].migraton: unknown key; did you mean 'migration'?" in said
    assert "assume[0]: the key 'migration' is missing" in said
    assert "assume[0].that: 3 is not a string" in said
    assert "assume[1]: 'unique' is not a table" in said


NAMES = st.sampled_from(["a", "email", "Odd one", 'quo"te', "select", "on", "where", "matches", "exists", "unique"])
TABLES = st.one_of(NAMES, st.builds("{}.{}".format, NAMES, NAMES))


@st.composite
def possible(draw: st.DrawFn) -> Assumption:
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.NO_ROWS:
        return Assumption(kind, condition="SELECT 1")
    table = draw(TABLES)
    if kind is Kind.EMPTY:
        return Assumption(kind, table)
    where = draw(st.none() | st.just("x IS NULL"))
    names = tuple(draw(st.lists(NAMES, min_size=1, max_size=3)))
    match kind:
        case Kind.NOT_NULL:
            return Assumption(kind, table, names, where=where)
        case Kind.UNIQUE:
            return Assumption(kind, table, ("lower(x)", "y"), where=where, nulls_not_distinct=draw(st.booleans()))
        case Kind.EXISTS:
            columns = draw(st.sampled_from([(), names]))
            return Assumption(kind, table, names, references=draw(TABLES), referenced_columns=columns, where=where)
        case Kind.MATCHES:
            pattern = draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
            return Assumption(kind, table, ("x",), pattern, where=where)
        case Kind.CHECK:
            return Assumption(kind, table, condition="x < y", where=where)
        case _:
            return Assumption(kind, table, condition="x between 1 and 2", where=where)


@given(possible())
def test_what_is_said_is_read_again(assumption: Assumption) -> None:
    assert read(str(assumption)) == assumption


@given(st.text())
def test_nothing_else_is_raised(text: str) -> None:
    with contextlib.suppress(Unread):
        assert isinstance(read(text), Assumption)


def test_the_forms_are_those_that_are_read() -> None:
    examples = {
        "EXPRESSION, ...": "a",
        "EXPRESSION'": "b'",
        "EXPRESSION": "a",
        "REGULAR": "b",
        "QUERY": "select 1",
        "CONDITION": "a",
        "COLUMN": "a",
        "TABLE": "t",
        "LOW": "1",
        "HIGH": "2",
    }
    kinds = []
    for form in FORMS:
        text = form.partition(" (or")[0]
        for placeholder, value in examples.items():
            text = text.replace(placeholder, value)
        kinds.append(read(text).kind)
    assert kinds == list(Kind)
