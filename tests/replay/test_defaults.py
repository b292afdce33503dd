"""What a file makes the default of new sessions is in force in the next file: tools connect anew for each."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import replay_chain
from migrate_validate.replay.timeline import Outcome
from tests.replay.chains import FAST, chain_at, failure_of, outcomes, query, replayed
from tests.replay.test_stages import Files, stages_of

DATABASE = "do $$ begin execute format('alter database %I {}', current_database()); end $$;"
SESSION = "do $$ begin execute format('alter role %I in database %I {}', session_user, current_database()); end $$;"
LOOK = "insert into seen values (current_setting('app.level', true), current_setting('search_path'));"
BEGIN = "create schema app; create schema own; create table public.seen (level text, path text);"


def seen(server: Server, folder: Path, *changes: str) -> list[tuple[str | None, str]]:
    """What each file after the first one sees of two settings, where these files come between."""
    files: dict[str, str | bytes] = {"001.sql": BEGIN}
    for number, change in enumerate(changes):
        files[f"1{number}_change.sql"] = change
        files[f"1{number}_look.sql"] = LOOK.replace("seen", "public.seen")
    with replayed(server, folder, files) as replay:
        assert outcomes(replay.timeline) == ["applied"] * len(files)
        with replay.database.connect() as connection:
            return connection.execute("select level, path from public.seen").fetchall()


def test_settings_of_the_database(server: Server, tmp_path: Path) -> None:
    assert seen(
        server,
        tmp_path,
        DATABASE.format("set app.level = ''a; b''").replace("'alter", "E'alter"),
        DATABASE.format("set search_path = app, public"),
        DATABASE.format("reset app.level"),
        DATABASE.format("reset all"),
    ) == [("a; b", '"$user", public'), ("a; b", "app, public"), (None, "app, public"), (None, '"$user", public')]


def test_the_most_specific_one_wins(server: Server, tmp_path: Path) -> None:
    assert seen(
        server,
        tmp_path,
        SESSION.format("set app.level = own"),
        DATABASE.format("set app.level = database"),
        SESSION.format("reset app.level"),
    ) == [("own", '"$user", public'), ("own", '"$user", public'), ("database", '"$user", public')]


def test_a_setting_of_the_script_goes_back_to_the_new_default(server: Server, tmp_path: Path) -> None:
    change = DATABASE.format("set app.level = new")
    reset = "set app.level = mine; reset app.level;"
    assert [level for level, _ in seen(server, tmp_path, change, reset)] == ["new", "new"]


def test_a_file_outside_of_transactions_changes_them_too(server: Server, tmp_path: Path) -> None:
    change = DATABASE.format("set app.level = new") + "\nvacuum public.seen;"
    assert [level for level, _ in seen(server, tmp_path, change)] == ["new"]


def test_a_file_that_fails_changes_nothing(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001.sql": BEGIN,
        "002.sql": DATABASE.format("set app.level = new") + "\nselect 1 / 0;",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "failed"]
        assert query(replay, "select current_setting('app.level', true)") is None


def test_a_default_that_lets_nobody_in_is_the_failure_of_its_file(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001.sql": DATABASE.format("set session_preload_libraries = ''nowhere''"),
        "002.sql": "select 1;",
    }
    with replayed(server, tmp_path, files) as replay:
        first, second = replay.timeline.steps
        assert (first.run.outcome, second.run.outcome) == (Outcome.FAILED, Outcome.NOT_REACHED)
        message = failure_of(first.run).message
        assert message.startswith("no session can begin with the settings that it leaves: ")
        assert 'could not access file "nowhere"' in message


def test_copies_of_a_database_have_its_defaults(server: Server, tmp_path: Path) -> None:
    files: Files = {
        "001.sql": BEGIN + DATABASE.format("set search_path = app, public") + SESSION.format("set app.level = own"),
        "002.sql": "create table here ();",
    }
    with stages_of(server, tmp_path, files) as (stages, replay):
        with replay.database.clone("copy") as copy, copy.connect() as connection:
            found = connection.execute("select current_setting('app.level'), current_setting('search_path')").fetchone()
            assert found == ("own", "app, public")
        stage = stages.before(replay.timeline.steps[1])
        for clone in (False, True):
            with stage.trial(stage.migration.up, clone=clone) as trial:
                assert trial.apply(stage.migration.up).failure is None
                assert trial.connection.execute("select to_regclass('app.here') is not null").fetchone() == (True,)


def test_a_trial_leaves_roles_as_they_were(server: Server, tmp_path: Path) -> None:
    change = "do $$ begin execute format('alter role %I set app.level = changed', session_user); end $$;"
    files: Files = {"001.sql": BEGIN, "002.sql": change}
    try:
        with stages_of(server, tmp_path, files) as (stages, replay):
            with server.connect("postgres") as connection:
                connection.execute(f"alter role {server.user} set app.level = 'as; before'".encode())
            stage = stages.before(replay.timeline.steps[1])
            with stage.trial(clone=True) as trial:
                assert trial.apply(stage.migration.up).failure is None
            with server.connect("postgres") as connection:
                assert connection.execute("show app.level").fetchone() == ("as; before",)
    finally:
        with server.connect("postgres") as connection:
            connection.execute(f"alter role {server.user} reset all".encode())


def test_the_role_of_an_environment_gets_a_search_path(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_app.sql": "CREATE SCHEMA app; ALTER ROLE postgres SET search_path = app, public, extensions;",
        "002_table.sql": "CREATE TABLE here (id integer PRIMARY KEY);",
        "003_back.sql": "ALTER ROLE postgres SET search_path = public, extensions;",
        "004_table.sql": "CREATE TABLE there (id integer PRIMARY KEY);",
    }
    # Its roles belong to the whole server.
    with open_server(ServerOptions(major=server.version // 10000)) as own:
        replay = replay_chain(chain_at(tmp_path, files), FAST, own, ENVIRONMENTS["supabase"])
        assert outcomes(replay.timeline) == ["applied"] * 4
        tables = "select string_agg(schemaname, ',' order by tablename) from pg_tables where tablename ~ 'here$'"
        assert query(replay, tables) == "app,public"
