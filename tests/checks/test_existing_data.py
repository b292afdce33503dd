"""The search for rows that stand in the way of a migration: what it keeps to, what it says, and when it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import hypothesis
import psycopg
import pytest
from hypothesis.database import InMemoryExampleDatabase

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Assume, Settings, TableData
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Severity, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry

REGISTRY = Registry.load()
BASE = "create table users (id int primary key, email text, name text);\n"
UNIQUE = "create unique index users_email on users (email);\n"


@pytest.fixture(autouse=True)
def database() -> Iterator[InMemoryExampleDatabase]:
    """A database of Hypothesis that no other test fills."""
    kept = hypothesis.settings.get_current_profile_name()
    examples = InMemoryExampleDatabase()
    hypothesis.settings.register_profile("search", hypothesis.settings.default, database=examples)
    hypothesis.settings.load_profile("search")
    yield examples
    hypothesis.settings.load_profile(kept)


def said(
    server: Server,
    folder: Path,
    scripts: Mapping[str, str],
    settings: Settings | None = None,
    rule: str = "fails-on-data",
) -> RuleResult:
    """What a rule says of the last of these scripts."""
    for name, text in scripts.items():
        (folder / name).write_text(text)
    settings = settings or Settings()
    options = ServerOptions(host=server.host, port=server.port, user=server.user)
    evaluation = Evaluation(read_chain(folder, settings, rootdir=folder), settings, options)
    with contextlib.closing(evaluation):
        assert evaluation.timeline.migrated
        return evaluation.evaluate(REGISTRY[rule], list(scripts)[-1])


def shown(result: RuleResult) -> list[Finding]:
    """What it says beyond information, such as that time ran out."""
    return [each for each in result.findings if each.severity is not Severity.INFO]


def test_a_finding_has_the_statement_the_rows_the_rate_and_what_is_assumed(server: Server, tmp_path: Path) -> None:
    result = said(server, tmp_path, {"001_users.sql": BASE, "002_unique.sql": UNIQUE})
    (finding,) = shown(result)
    assert result.verdict is Verdict.FAILED
    assert str(finding.location) == "002_unique.sql:1:1"
    assert finding.statement == UNIQUE.strip().rstrip(";")
    assert 'could not create unique index "users_email" (SQLSTATE 23505)' in finding.message
    assert finding.evidence["how_often"].endswith("generated databases (--hypothesis-seed=0)")
    rows = [line for line in finding.evidence["rows"].splitlines() if line.startswith("INSERT")]
    assert len(rows) == 2
    assert "name" not in "".join(rows)
    assert "unique email on users" in finding.fix


def test_the_same_rows_are_found_again(server: Server, tmp_path: Path, database: InMemoryExampleDatabase) -> None:
    def rows() -> object:
        database.data.clear()
        return said(server, tmp_path, {"001_users.sql": BASE, "002_unique.sql": UNIQUE}).findings[0].evidence["rows"]

    assert rows() == rows()


def test_rows_that_were_found_are_tried_first_and_forgotten_when_they_do_no_harm(
    server: Server, tmp_path: Path, database: InMemoryExampleDatabase
) -> None:
    scripts = {"001_users.sql": BASE, "002_unique.sql": UNIQUE}
    said(server, tmp_path, scripts)
    assert sum(map(len, database.data.values())) == 1
    said(server, tmp_path, {**scripts, "002_unique.sql": "create unique index users_id on users (id);\n"})
    assert sum(map(len, database.data.values())) == 0


def test_an_assumption_is_respected_and_the_search_goes_on_to_the_next_failure(server: Server, tmp_path: Path) -> None:
    check = "alter table users add constraint named check (name is not null);\n"
    scripts = {"001_users.sql": BASE, "002_unique.sql": UNIQUE + check}
    first = said(server, tmp_path, scripts)
    assert {finding.location.line for finding in shown(first) if finding.location} == {1, 2}
    stated = "-- migrate-validate: assume unique email on users\n"
    second = said(server, tmp_path, {**scripts, "002_unique.sql": stated + UNIQUE + check})
    assert [str(finding.location) for finding in shown(second)] == ["002_unique.sql:3:1"]
    both = Settings(assume=(Assume("002", "not null name on users", "test"),))
    third = said(server, tmp_path, {**scripts, "002_unique.sql": stated + UNIQUE + check}, both)
    assert (third.verdict, shown(third)) == (Verdict.PASSED, [])


def test_nothing_is_searched_where_no_row_can_matter(server: Server, tmp_path: Path) -> None:
    harmless = "comment on table users is 'x'; create index on users (email); create table other (id int);"
    result = said(server, tmp_path, {"001_users.sql": BASE, "002_more.sql": harmless})
    assert (result.verdict, result.reason) == (
        Verdict.SKIPPED,
        "no row of a table that was there before can matter to it",
    )


def test_a_table_that_cannot_be_filled_leaves_it_unproven(server: Server, tmp_path: Path) -> None:
    closed = (
        BASE + "create function closed() returns trigger language plpgsql as $$ begin "
        "raise exception 'no users today'; end $$;\n"
        "create trigger closed before insert on users for each row execute function closed();\n"
    )
    result = said(server, tmp_path, {"001_users.sql": closed, "002_unique.sql": UNIQUE})
    assert result.verdict is Verdict.UNPROVEN
    assert result.reason.startswith("public.users: no rows to try it on: public.users takes none of ")
    assert result.reason.endswith("no users today (PL/pgSQL function closed() line 1 at RAISE)")


def test_constants_that_are_there_already_and_rows_that_are_refused_are_warnings(
    server: Server, tmp_path: Path
) -> None:
    constants = "insert into users values (1, 'a', 'b');\ninsert into users values (2, 'a', 'b');\n"
    (finding,) = shown(said(server, tmp_path, {"001_users.sql": BASE, "002_constants.sql": constants}))
    assert (finding.severity, finding.fix) == (
        Severity.WARNING,
        "say what is to become of a row that is there already: ON CONFLICT ... DO\nNOTHING, or DO UPDATE",
    )
    refuses = (
        "do $$ begin if exists (select from users where name is null) then raise exception 'no name'; end if; end $$;"
    )
    (finding,) = shown(said(server, tmp_path, {"001_users.sql": BASE, "002_constants.sql": refuses}))
    assert (finding.severity, "no name (SQLSTATE P0001)" in finding.message) == (Severity.WARNING, True)


def test_rows_that_a_trigger_makes_fill_a_table(server: Server, tmp_path: Path) -> None:
    counted = (
        BASE + "create table counts (user_id int primary key references users on delete cascade, posts int);\n"
        "create function count_user() returns trigger language plpgsql as $$ begin"
        " insert into counts values (new.id, 0); return new; end $$;\n"
        "create trigger counted after insert on users for each row execute function count_user();\n"
    )
    result = said(server, tmp_path, {"001_users.sql": counted, "002_posts.sql": "update counts set posts = 1;\n"})
    assert result.verdict is Verdict.PASSED


def test_keys_that_sequences_give_are_the_same_each_time(server: Server, tmp_path: Path) -> None:
    base = (
        "create table parents (id serial primary key, name text);\n"
        "create table children (id serial primary key, parent_id int not null);\n"
    )
    references = "alter table children add foreign key (parent_id) references parents;\n"
    (finding,) = shown(said(server, tmp_path, {"001_base.sql": base, "002_references.sql": references}))
    assert finding.evidence["assumes"].startswith("parent_id of every row of children exists in parents")


def test_rows_that_refer_to_a_table_matter_only_where_they_can_go(server: Server, tmp_path: Path) -> None:
    closed = (
        BASE + "create table orders (id int primary key, user_id int references users on delete cascade);\n"
        "create function closed() returns trigger language plpgsql as $$ begin raise exception 'none'; end $$;\n"
        "create trigger closed before insert on orders for each row execute function closed();\n"
    )
    defines = "alter table users add boss int references users on delete cascade on update cascade;\n"
    result = said(server, tmp_path, {"001_users.sql": closed, "002_boss.sql": defines})
    assert result.verdict is Verdict.PASSED
    result = said(server, tmp_path, {"001_users.sql": closed, "002_boss.sql": "delete from users where name = 'x';\n"})
    assert result.reason.startswith("public.orders: no rows to try")


def test_users_say_what_rows_a_table_gets(server: Server, tmp_path: Path) -> None:
    fixture = tmp_path / "users.txt"
    fixture.write_text("insert into users values (1, 'a', 'a'), (2, 'a', 'b');")
    settings = Settings(data=(TableData("public.users", fixture=str(fixture), origin="test"),))
    (finding,) = shown(said(server, tmp_path, {"001_users.sql": BASE, "002_unique.sql": UNIQUE}, settings))
    assert "Key (email)=(a) is duplicated" in finding.message


def test_a_migration_that_loops_on_rows_is_told(server: Server, tmp_path: Path) -> None:
    loops = "do $$ begin while exists (select from users) loop perform 1; end loop; end $$;\n"
    settings = Settings(statement_timeout=0.5)
    (finding,) = said(server, tmp_path, {"001_users.sql": BASE, "002_loops.sql": loops}, settings).findings[:1]
    assert finding.severity is Severity.WARNING
    assert "the statement ran longer than 0.5 s and was stopped, many times as long as without them" in finding.message


def test_a_migration_of_its_own_transactions_is_tried_on_copies(server: Server, tmp_path: Path) -> None:
    apart = "create unique index concurrently users_email on users (email);\n"
    (finding,) = shown(said(server, tmp_path, {"001_users.sql": BASE, "002_apart.sql": apart}))
    assert "SQLSTATE 23505" in finding.message
    assert finding.evidence["assumes"] == "no two rows of users have equal email"


def test_rows_of_the_chain_itself_may_be_enough(server: Server, tmp_path: Path) -> None:
    scripts = {
        "001_users.sql": BASE + "insert into users values (1, 'a', 'x');",
        "002_short.sql": "alter table users add org int; alter table users drop column email;"
        "alter table users add email text;",
    }
    (finding,) = [
        each
        for each in said(server, tmp_path, scripts, rule="values-changed").findings
        if each.severity is not Severity.INFO
    ]
    assert finding.object == "public.users.email"
    assert finding.evidence["how_often"].startswith("with the rows of the chain itself")


def test_a_profile_of_hypothesis_says_how_many(server: Server, tmp_path: Path) -> None:
    hypothesis.settings.register_profile("few", hypothesis.settings.default, max_examples=20)
    hypothesis.settings.load_profile("few")
    result = said(server, tmp_path, {"001_users.sql": BASE, "002_add.sql": "alter table users add n int not null;"})
    assert "of 1" in result.findings[0].evidence["how_often"]


def test_what_was_not_tried_is_said(server: Server, tmp_path: Path) -> None:
    slow = "select pg_sleep(0.2) from (select count(*) from users) as counted;\n"
    (finding,) = said(server, tmp_path, {"001_users.sql": BASE, "002_slow.sql": slow}).findings
    assert finding.severity is Severity.INFO
    assert "time ran out when 5 of 50 generated databases had been tried" in finding.message


def test_the_run_has_a_limit_too(server: Server, tmp_path: Path) -> None:
    scripts = {"001_users.sql": BASE, "002_a.sql": UNIQUE, "003_b.sql": "update users set name = 'a';"}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    settings = Settings(search_timeout=0.01)
    options = ServerOptions(host=server.host, port=server.port, user=server.user)
    evaluation = Evaluation(read_chain(tmp_path, settings, rootdir=tmp_path), settings, options)
    with contextlib.closing(evaluation):
        first, second = (evaluation.evaluate(REGISTRY["fails-on-data"], name) for name in ("002_a.sql", "003_b.sql"))
    assert first.verdict is Verdict.FAILED
    assert second.verdict is Verdict.UNPROVEN
    assert second.reason.startswith("not searched: the searches before it took ")


def test_what_the_server_cannot_do_is_no_fault_of_the_rows(server: Server, tmp_path: Path) -> None:
    scripts = {
        "001_users.sql": BASE,
        "002_xml.sql": "alter table users alter column email type xml using email::xml;\n",
    }
    result = said(server, tmp_path, scripts)
    if knows_xml(server):
        assert result.verdict is Verdict.FAILED
        return
    assert result.verdict is Verdict.UNPROVEN
    assert result.reason.startswith("002_xml.sql:1:1: unsupported XML feature; This functionality requires the server")
    assert shown(result) == []


def knows_xml(server: Server) -> bool:
    with server.create_database("xml") as database, database.connect() as connection:
        try:
            connection.execute("select '<a/>'::xml")
        except psycopg.errors.FeatureNotSupported:
            return False
        return True


def test_rows_of_tables_that_a_harm_is_not_about_go_first(server: Server, tmp_path: Path) -> None:
    def statements(text: str) -> str:
        return "".join(text.format(number) + ";\n" for number in range(60))

    scripts = {
        "001_tables.sql": statements("create table t{} (id int primary key, a text not null unique, b text)"),
        "002_fill.sql": statements("update t{0} set b = a; alter table t{0} alter column b set not null")
        + "alter table t7 alter column a type int using a::int;\n",
    }
    (finding,) = shown(said(server, tmp_path, scripts))
    rows = [line for line in finding.evidence["rows"].splitlines() if line.startswith("INSERT")]
    assert len(rows) == 1
    assert rows[0].startswith("INSERT INTO t7 ")


def test_a_constraint_that_is_not_validated_is_put_back_where_rows_break_it(server: Server, tmp_path: Path) -> None:
    scripts = {
        "001_users.sql": BASE,
        "002_named.sql": "alter table users add constraint named check (name <> '') not valid;\n"
        "alter table users add constraint mailed check (email <> '') not valid;\n",
        "003_validate.sql": "alter table users validate constraint named;\n",
    }
    (finding,) = shown(said(server, tmp_path, scripts))
    assert 'check constraint "named" of relation "users" is violated by some row' in finding.message
    assert finding.evidence["rows"].splitlines()[1:] == [
        "ALTER TABLE users DROP CONSTRAINT named;",
        "INSERT INTO users (id, name) VALUES (1, '');",
        "ALTER TABLE users ADD CONSTRAINT named CHECK ((name <> ''::text)) NOT VALID;",
        "\\i 003_validate.sql",
    ]


def test_who_refused_a_row_is_said_and_what_is_assumed(server: Server, tmp_path: Path) -> None:
    base = BASE + (
        "create function checked() returns trigger language plpgsql as $$ begin "
        "if new.name is null then raise exception 'no name for %', new.email; end if; return new; end $$;\n"
        "create trigger checked before update on users for each row execute function checked();\n"
    )
    result = said(server, tmp_path, {"001_users.sql": base, "002_lower.sql": "update users set email = lower(email);"})
    (finding,) = shown(result)
    assert "no name for " in finding.message
    assert "(SQLSTATE P0001); raised by checked(), of the trigger checked on public.users" in finding.message
    assert finding.evidence["assumes"] == "no row of users has NULL in name"


def test_what_is_no_integer_is_a_matter_of_rows(server: Server, tmp_path: Path) -> None:
    fixture = tmp_path / "prices.txt"
    fixture.write_text("insert into prices values (1, 'NaN'), (2, 3);")
    settings = Settings(data=(TableData("public.prices", fixture=str(fixture), origin="test"),))
    base = "create table prices (id int primary key, price numeric);\n"
    scripts = {"001_prices.sql": base, "002_cents.sql": "alter table prices alter price type int using price * 100;"}
    (finding,) = shown(said(server, tmp_path, scripts, settings))
    assert finding.message == "002_cents.sql: cannot convert NaN to integer (SQLSTATE 0A000)"
    assumed = "round(price * 100) between -2147483648 and 2147483647 in every row of prices"
    assert finding.evidence["assumes"] == assumed


@pytest.mark.parametrize(
    ("update", "lost"),
    [
        ('s || \'{"address": {"city": "x"}}\'', "address.other"),
        ("jsonb_set(s, '{address}', '{\"city\": \"x\"}')", "address.other"),
        ("jsonb_set(s, '{address,city}', '\"x\"')", ""),
        ('s || \'{"city": "x"}\'', ""),
    ],
)
def test_documents_are_drawn_that_lose_keys_inside(server: Server, tmp_path: Path, update: str, lost: str) -> None:
    base = "create table prefs (id int primary key, s jsonb not null);\n"
    scripts = {"001_prefs.sql": base, "002_city.sql": f"update prefs set s = {update};\n"}
    told = [each.message for each in shown(said(server, tmp_path, scripts, rule="values-changed"))]
    assert ([lost in each for each in told] == [True]) if lost else (told == [])


def test_values_from_before_a_constraint_of_their_domain(server: Server, tmp_path: Path) -> None:
    base = "create domain word as text; create table notes (id int primary key, word word);\n"
    base += "alter domain word add constraint filled check (value <> '') not valid;\n"
    scripts = {"001_notes.sql": base, "002_valid.sql": "alter domain word validate constraint filled;\n"}
    (finding,) = shown(said(server, tmp_path, scripts))
    assert (finding.object, finding.evidence["assumes"]) == (
        "public.notes.word",
        "(word <> ''::text) holds in every row of notes",
    )
    rows = finding.evidence["rows"].splitlines()
    assert "ALTER DOMAIN public.word DROP CONSTRAINT filled;" in rows
    stated = "-- migrate-validate: assume check (word <> '') on notes\n"
    assert shown(said(server, tmp_path, {**scripts, "002_valid.sql": stated + scripts["002_valid.sql"]})) == []


def test_what_is_left_out_of_a_rehearsal_may_be_needed_after_all(server: Server, tmp_path: Path) -> None:
    script = """
        create index by_name on users (name);
        alter index by_name rename to users_name;
        alter table users alter email set not null;
        comment on index users_name is 'x';
    """
    (finding,) = shown(said(server, tmp_path, {"001_users.sql": BASE, "002_email.sql": script}))
    assert str(finding.location) == "002_email.sql:4:9"
    assert "-- migrate-validate: assume not null email on users" in finding.fix
