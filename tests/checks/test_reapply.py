"""Where a file can be interrupted, how many of these places are tried, and what cannot be tried at all."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from migrate_validate.chain.statements import statements
from migrate_validate.config import Settings
from migrate_validate.findings import Severity, Unproven
from migrate_validate.postgres import Server
from migrate_validate.replay.stages import Stage
from migrate_validate.rules import Registry
from tests.checks.test_cases import run_chain
from tests.replay.chains import FAST, write
from tests.replay.test_stages import Files, stages_of
from tests.support.scripts import script

interrupted: Any = import_module("migrate_validate.checks._reapply.interrupted")
SEED = next(rule for rule in Registry.load() if rule.name == "seed-applied-again")
RULES = {rule.name: rule.function for rule in Registry.load() if rule.check == "reapply"}


def places(text: str) -> list[str]:
    return [str(place) for place in interrupted.places(statements(script(text)))]


def results(server: Server, folder: Path, files: Files, rule: str, settings: Settings = FAST) -> list[Any]:
    """What a rule says of the last migration."""
    with stages_of(server, folder, files, settings) as (stages, replay):
        return list(_call(RULES[rule], stages.before(replay.timeline.steps[-1]), settings))


def _call(rule: Any, stage: Stage, settings: Settings) -> Any:
    return rule(stage, settings) if "settings" in inspect.signature(rule).parameters else rule(stage)


def test_places() -> None:
    assert places("select 1;\nvacuum;\nselect 2;\nset a.b = 1;") == ["after line 1"]
    assert places("set a.b = 1;\ncreate index concurrently i on t (a);") == ["within line 2"]
    assert places("create index concurrently i on t (a);\ncreate index on t (b);") == ["within line 1", "after line 1"]
    assert places("begin;\nselect 1;\ncommit;") == []
    assert places("begin;\nselect 1;\nsavepoint s;\nrollback to s;\ncommit;\nselect 2;") == ["after line 5"]
    assert places("begin;\nselect 1;\ncommit;\nstart transaction;\nselect 1;\nend;") == ["after line 3"]


def test_of_many_places_some_are_tried_and_it_is_said(server: Server, tmp_path: Path) -> None:
    text = (
        "".join(f"create table if not exists t{n} ();\n" for n in range(40)) + "create table t ();\nvacuum;\nselect 1;"
    )
    findings = results(server, tmp_path, {"001_many.sql": text}, "interrupted-then-retried")
    assert [finding.severity for finding in findings] == [Severity.WARNING, Severity.INFO]
    assert (
        "interrupted after line 41 (create table t ()) it cannot be applied again: line 41 fails" in findings[0].message
    )
    assert findings[1].message == "it was interrupted at 20 of the 41 places where it can be, not at all of them"


def test_a_second_application_that_ends_its_session(server: Server, tmp_path: Path) -> None:
    text = """create table if not exists t (id int);
do $$ begin if exists (select from t) then perform pg_terminate_backend(pg_backend_pid()); end if; end $$;
insert into t values (1);"""
    (finding,) = results(server, tmp_path, {"001_ends.sql": text}, "not-rerunnable")
    assert "terminating connection due to administrator command" in finding.message
    assert finding.location.line == 2


def test_a_second_application_that_never_ends_is_stopped(server: Server, tmp_path: Path) -> None:
    text = """create table if not exists t (id int);
set statement_timeout = 0;
do $$ begin if exists (select from t) then loop perform 1; end loop; end if; end $$;
insert into t values (1);"""
    (finding,) = results(server, tmp_path, {"001_loops.sql": text}, "not-rerunnable", Settings(statement_timeout=0.4))
    assert "the statement ran longer than 0.4 s and was stopped" in finding.message
    assert finding.location.line == 3


def test_to_look_for_a_role_is_no_promise_for_the_rest(server: Server, tmp_path: Path) -> None:
    """Another database of the same server may have made the role."""
    name = f"mv_reapply_{server.version}"
    role = f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') then create role {name}; end if;"
    try:
        for more, severity in (("", Severity.INFO), ("create table if not exists u ();", Severity.ERROR)):
            text = f"{role} {more} end $$;\ncreate table t ();"
            (finding,) = results(server, tmp_path, {"001_role.sql": text}, "not-rerunnable")
            assert finding.severity is severity
    finally:
        with server.connect("postgres") as connection:
            connection.execute(f"drop role if exists {name}".encode())


def test_rows_that_cannot_be_read_are_not_proven(server: Server, tmp_path: Path) -> None:
    whole = """create table whole (a integer) partition by list (a);
create table near partition of whole for values in (1);
create foreign data wrapper nowhere;
create server far foreign data wrapper nowhere;
create foreign table slice partition of whole for values in (2) server far;"""
    files: Files = {"001_whole.sql": whole, "002_rows.sql": "insert into whole values (1);"}
    (result,) = results(server, tmp_path, files, "rerun-changes-data")
    assert isinstance(result, Unproven)
    assert result.reason == 'its rows could not be compared: foreign-data wrapper "nowhere" has no handler'
    assert result.object == "public.whole"


PRICES = "create table prices (id integer primary key, amount numeric(30, 2), state text not null);"


def test_a_second_application_meets_generated_rows(server: Server, tmp_path: Path) -> None:
    files: Files = {"001_prices.sql": PRICES, "002_cents.sql": "update prices set amount = amount + 1;"}
    (finding,) = results(server, tmp_path, files, "rerun-changes-data")
    assert finding.message.startswith("applied a second time it changes ")
    assert finding.message.endswith(" (generated rows)")
    assert finding.object == "public.prices"
    files["002_cents.sql"] = "update prices set state = lower(state);"
    assert results(server, tmp_path, files, "rerun-changes-data") == []


def test_the_rows_of_the_chain_speak_first(server: Server, tmp_path: Path) -> None:
    files: Files = {
        "001_prices.sql": PRICES + "insert into prices values (1, 1.50, 'new');",
        "002_cents.sql": "update prices set amount = amount + 1;",
    }
    (finding,) = results(server, tmp_path, files, "rerun-changes-data")
    assert (
        finding.message
        == "applied a second time it changes 1 of 1 row of public.prices, for example amount: '2.50' became '3.50'"
    )


def test_what_is_assumed_holds_for_the_generated_rows(server: Server, tmp_path: Path) -> None:
    change = "-- migrate-validate: assume check (amount = 0) on prices\nupdate prices set amount = amount * 100;"
    files: Files = {
        "001_prices.sql": PRICES.replace("2),", "2) not null,"),
        "002_cents.sql": change,
    }
    assert results(server, tmp_path, files, "rerun-changes-data") == []


def test_a_first_application_that_refuses_null_is_tried_on_other_rows(server: Server, tmp_path: Path) -> None:
    files: Files = {
        "001_prices.sql": "create table prices (id integer primary key, state text);",
        "002_state.sql": """do $$ begin
if exists (select from prices where state is null) then raise 'NULL'; end if;
end $$;
update prices set state = state || '!';""",
    }
    found = results(server, tmp_path, files, "rerun-changes-data")
    assert [finding.object for finding in found] == ["public.prices"]


def test_rows_that_hold_nothing_but_references_count(server: Server, tmp_path: Path) -> None:
    tables = "create table a (id integer primary key); create table m (one integer not null references a);"
    files: Files = {"001_tables.sql": tables, "002_pairs.sql": "insert into m select id from a;"}
    (finding,) = results(server, tmp_path, files, "rerun-changes-data")
    assert "applied a second time it adds" in finding.message
    assert finding.object == "public.m"


TEAMS = "create table teams (id int generated always as identity primary key, name text not null unique);"


def seeded(folder: Path, server: Server, seed: str, tables: str = TEAMS) -> Any:
    """The only finding about a seed that is applied again."""
    write(folder, {"001_teams.sql": tables, "seed.sql": seed})
    (result,) = run_chain(SEED, folder, server.version // 10000)
    return result


def test_a_seed_that_fails_on_its_own_rows_is_information(server: Server, tmp_path: Path) -> None:
    finding = seeded(tmp_path, server, "insert into teams (name) values ('red');")
    assert finding.severity is Severity.INFO
    assert finding.message.startswith("applied again to the database that it has filled seed.sql fails: duplicate key")


def test_a_seed_that_forgets_a_guard_is_an_error(server: Server, tmp_path: Path) -> None:
    guarded = "insert into teams (name) values ('red') on conflict do nothing;"
    finding = seeded(tmp_path, server, guarded + "\ninsert into teams (name) values ('blue');")
    assert finding.severity is Severity.ERROR
    assert "fails, although it guards other statements: duplicate key" in finding.message
    assert finding.location.line == 2
    assert finding.fix == "ON CONFLICT DO NOTHING"


def test_a_seed_that_counts_on_the_only_row(server: Server, tmp_path: Path) -> None:
    tables = TEAMS + "create table members (team int not null references teams unique);"
    seed = """insert into teams (name) values ('red') on conflict do nothing;
insert into members select (select id from teams) where not exists (select from members);
update members set team = (select id from teams);"""
    finding = seeded(tmp_path, server, seed, tables)
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("applied again to a database with other rows in it seed.sql fails")
    assert "more than one row returned by a subquery" in finding.message
    assert finding.location.line == 3
