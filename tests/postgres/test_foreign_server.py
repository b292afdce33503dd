"""A whole run on a server that is not ours: what it makes there, what it says of it, what it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.environments import SUPABASE, prepare
from migrate_validate.postgres.roles import MARK
from tests.support.projects import run, write_chain
from tests.support.servers import available_majors

CHAIN = {
    "001_notes.sql": (
        "create role chain_reader nologin;\n"
        "comment on role chain_reader is 'reads';\n"
        "create table notes (id bigint generated always as identity primary key,\n"
        "    owner uuid not null references auth.users, code uuid default uuid_nil());\n"
        "create index on notes (owner);\n"
        "alter table notes enable row level security;\n"
        "create policy own on notes to authenticated using (owner = auth.uid());\n"
        "grant select on notes to chain_reader;\n"
    ),
    "seed.sql": "insert into auth.users (id, email) values (gen_random_uuid(), 'a@example.org');\n",
}
STATE = {
    "databases": "select datname from pg_database",
    "roles": "select to_jsonb(r) - 'rolpassword' from pg_roles as r where rolname !~ '^pg_'",
    "settings": "select setdatabase, setrole, setconfig from pg_db_role_setting",
    "memberships": "select roleid::regrole::text, member::regrole::text, admin_option from pg_auth_members",
}


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def theirs(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that the runs of these tests find running."""
    with open_server(ServerOptions(major=request.param)) as server:
        yield server


def state(server: Server) -> dict[str, list[str]]:
    """All that belongs to the whole server, for comparison."""
    with server.connect("postgres") as connection:
        return {what: sorted(str(row) for row in connection.execute(query.encode())) for what, query in STATE.items()}


def execute(server: Server, *statements: str) -> None:
    with server.connect("postgres") as connection:
        for statement in statements:
            connection.execute(statement.encode())


def roles(server: Server, condition: str = "true") -> set[str]:
    with server.connect("postgres") as connection:
        query = f"select rolname from pg_roles where {condition}"
        return {name for (name,) in connection.execute(query.encode())}


def named(server: Server, user: str | None = None) -> tuple[str, ...]:
    return (
        f"--postgresql-host={server.host}",
        f"--postgresql-port={server.port}",
        f"--postgresql-user={user or server.user}",
    )


def options(server: Server) -> ServerOptions:
    return ServerOptions(host=server.host, port=server.port, user=server.user)


def has_uuid(server: Server) -> bool:
    with server.connect("postgres") as connection:
        query = "select from pg_available_extensions where name = 'uuid-ossp'"
        return connection.execute(query.encode()).fetchone() is not None


def files(server: Server) -> dict[str, str]:
    """The chain; the server that is not ours gets no stand-in for an extension that it lacks."""
    if has_uuid(server):
        return CHAIN
    return {name: text.replace("uuid_nil()", "gen_random_uuid()") for name, text in CHAIN.items()}


def test_a_run_leaves_the_server_as_it_was(pytester: pytest.Pytester, theirs: Server) -> None:
    write_chain(pytester, "db", files(theirs))
    before = state(theirs)
    pytester.makepyfile(
        test_seen="""
        def test_seen(migrated_db):
            names = {name for (name,) in migrated_db.execute("select datname from pg_database")}
            assert names - {"postgres", "template0", "template1"} == {n for n in names if n.startswith("mv_")} != set()
            assert migrated_db.execute("show search_path").fetchone() == ('"$user", public, extensions',)
            assert migrated_db.execute("select count(*) from auth.users").fetchone() == (1,)
            made = "select count(*) from pg_roles where rolname in ('anon', 'supabase_admin', 'chain_reader')"
            assert migrated_db.execute(made).fetchone() == (3,)
        """
    )
    result = run(pytester, "--migrations=db", *named(theirs), "test_seen.py", "db", "-v")
    assert result.ret == 0
    text = " ".join(result.stdout.str().split())
    server = f"{theirs.description.rpartition(' (')[0]} (running at {theirs.host})"
    assert f"roles were added to {server}, and are dropped at the end: anon, authenticated, authenticator," in text
    assert f"roles that {server} has already are left as they are" in text
    assert f"the chain added roles to {server}, which are dropped at the end: chain_reader" in text
    assert f"{server} is not ours: migrations and tests run as the role postgres as it is" in text
    assert state(theirs) == before


def test_a_failing_run_leaves_it_so_too(pytester: pytest.Pytester, theirs: Server) -> None:
    write_chain(pytester, "db", files(theirs) | {"002_bad.sql": "select * from nowhere;\n"})
    before = state(theirs)
    assert run(pytester, "--migrations=db", *named(theirs), "-k", "applies").ret == 1
    assert state(theirs) == before


def test_workers_share_roles_and_the_last_one_drops_them(pytester: pytest.Pytester, theirs: Server) -> None:
    # Two workers may apply one chain at the same time, so it looks before it makes a role.
    make = "create role chain_reader nologin"
    guarded = f"do $$ begin {make}; exception when duplicate_object or unique_violation then null; end $$"
    texts = files(theirs) | {"001_notes.sql": files(theirs)["001_notes.sql"].replace(make, guarded)}
    write_chain(pytester, "db", texts)
    write_chain(pytester, "other", texts)
    before = state(theirs)
    result = run(pytester, "--migrations=db", "--migrations=other", *named(theirs), "-n", "2")
    assert result.ret == 0
    assert state(theirs) == before


def test_roles_that_exist_are_not_altered(pytester: pytest.Pytester, theirs: Server) -> None:
    write_chain(pytester, "db", files(theirs))
    execute(theirs, "create role anon login connection limit 7", "create role authenticator nologin")
    try:
        before = state(theirs)
        result = run(pytester, "--migrations=db", *named(theirs))
        assert result.ret == 0
        text = " ".join(result.stdout.str().split())
        assert "left as they are, with attributes, settings and memberships that may not be those of supabase: " in text
        assert "supabase: anon, authenticator, postgres" in text
        assert state(theirs) == before
    finally:
        execute(theirs, "drop role anon", "drop role authenticator")


def test_a_server_without_the_role_postgres(pytester: pytest.Pytester, theirs: Server) -> None:
    execute(theirs, "alter role postgres rename to somebody")
    try:
        write_chain(pytester, "db", files(theirs))
        before = state(theirs)
        assert run(pytester, "--migrations=db", *named(theirs), "-k", "applies").ret == 0
        assert state(theirs) == before
    finally:
        execute(theirs, "alter role somebody rename to postgres")


def test_roles_of_others_that_appear_meanwhile_stay(theirs: Server) -> None:
    try:
        with open_server(options(theirs)) as running:
            execute(theirs, "create role of_theirs", "create role of_ours")
            assert running.new_roles() == {"of_theirs", "of_ours"}
            assert running.claim_roles(["of_ours", "postgres", "no_such_role"]) == ("of_ours",)
        assert roles(theirs, "rolname like 'of_%'") == {"of_theirs"}
    finally:
        execute(theirs, "drop role if exists of_theirs", "drop role if exists of_ours")


def test_a_role_that_somebody_uses_stays_until_it_is_free(theirs: Server) -> None:
    with open_server(options(theirs)) as running:
        execute(theirs, "create role wanted")
        running.claim_roles(["wanted"])
        execute(theirs, "create table kept ()", "grant select on kept to wanted")
    assert "wanted" in roles(theirs)
    execute(theirs, "drop table kept")
    with open_server(options(theirs)):
        pass
    assert "wanted" not in roles(theirs)


def test_roles_live_as_long_as_any_run(theirs: Server) -> None:
    before = state(theirs)
    with open_server(options(theirs)) as first, first.create_database("a") as kept:
        with open_server(options(theirs)) as second, second.create_database("b") as database:
            prepare(SUPABASE, database)
        assert SUPABASE.roles <= roles(theirs, f"shobj_description(oid, 'pg_authid') = '{MARK}'") | {"postgres"}
        notes = prepare(SUPABASE, kept)
        assert not any(note.startswith("roles were added") for note in notes)
    assert state(theirs) == before


def test_clones_have_the_settings_of_their_template(theirs: Server) -> None:
    values: dict[str, Any] = {"search_path": '"$user", public, "a b"', "my.setting": "it's; -- so"}
    with open_server(options(theirs)) as running, running.create_database("template") as template:
        with template.connect() as connection:
            for name, value in values.items():
                connection.execute("select set_config(%s, %s, false)", [name, value])
                connection.execute(f"alter database {template.name} set {name} from current".encode())
        with template.clone("copy") as copy, copy.connect() as connection:
            for name, value in values.items():
                assert connection.execute(
                    psycopg.sql.SQL("show {}").format(psycopg.sql.Identifier(*name.split(".")))
                ).fetchone() == (value,)


def test_an_environment_of_the_user_leaves_it_so_too(pytester: pytest.Pytester, theirs: Server) -> None:
    write_chain(pytester, "db", {"001_a.sql": "create table t (id int); grant select on t to acme_app;"})
    (pytester.path / "platform.sql").write_text("create role acme_app; create schema acme authorization acme_app;")
    before = state(theirs)
    result = run(
        pytester, "--migrations=db", "--migrations-environment=platform.sql", *named(theirs), "-k", "applies or rerun"
    )
    assert result.ret == 0
    text = " ".join(result.stdout.str().split())
    assert f"(running at {theirs.host}), and are dropped at the end: acme_app" in text
    assert state(theirs) == before
