"""Environments: which one a chain needs, and what the one named supabase gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.chain.model import Chain, Migration, Script, Seed
from migrate_validate.errors import ConfigError
from migrate_validate.postgres import Database, Server, ServerOptions, open_server
from migrate_validate.postgres.environments import PLAIN, SUPABASE, build, choose, prepare, settle
from migrate_validate.postgres.extensions import offer
from tests.support.servers import available_majors

Connection = psycopg.Connection[tuple[Any, ...]]

ANA = "11111111-1111-1111-1111-111111111111"


def chain_of(*texts: str, kind: str = "sql") -> Chain:
    scripts = [Script(Path(f"/m/{n:03}_x.sql"), f"{n:03}_x.sql", text) for n, text in enumerate(texts, start=1)]
    return Chain("m", Path("/m"), kind, tuple(Migration(s.file[:3], "x", s) for s in scripts))


@pytest.mark.parametrize(
    "text",
    [
        "CREATE POLICY p ON t USING (auth.uid() = owner)",
        'ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES "auth"."users" (id)',
        "GRANT SELECT ON t TO reader, authenticated",
        "REVOKE ALL ON t FROM anon",
        "CREATE POLICY p ON t FOR SELECT TO service_role USING (true)",
        "ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin GRANT SELECT ON TABLES TO PUBLIC",
        "SET LOCAL ROLE anon",
        "INSERT INTO storage.buckets (id, name) VALUES ('a', 'a')",
        "ALTER PUBLICATION supabase_realtime ADD TABLE t",
        "CREATE EXTENSION pgcrypto WITH SCHEMA extensions",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.by := auth.uid(); RETURN NEW; END $f$",
        "CREATE SCHEMA IF NOT EXISTS auth; GRANT SELECT ON t TO anon",
    ],
)
def test_a_chain_that_uses_supabase_gets_it(text: str) -> None:
    assert choose(chain_of("CREATE TABLE t (id int)", text), None).name == "supabase"


@pytest.mark.parametrize(
    "text",
    [
        "-- GRANT SELECT ON t TO anon\n/* auth.uid() */ SELECT 'auth.users'",
        "CREATE ROLE anon NOLOGIN; GRANT SELECT ON t TO anon",
        "CREATE SCHEMA IF NOT EXISTS auth; CREATE TABLE auth.users (id int); SELECT * FROM auth.users",
        "CREATE SCHEMA AUTHORIZATION storage; CREATE TABLE storage.objects (id int)",
        "SELECT auth.id, auth.role, auth.email FROM authors AS auth",
        "ALTER TABLE t RENAME COLUMN x TO authenticated; SELECT anon FROM t",
        "CREATE TABLE anon (id int); SELECT * FROM anon",
        "DO $$ BEGIN CREATE ROLE service_role; END $$; CREATE POLICY p ON t TO service_role USING (true)",
    ],
)
def test_a_chain_that_makes_its_own_or_only_mentions_it_stays_plain(text: str) -> None:
    assert choose(chain_of("CREATE TABLE t (id int)", text), None) == PLAIN


def test_seeds_and_base_files_count() -> None:
    script = Script(Path("/m/s.sql"), "s.sql", "INSERT INTO auth.users (id) VALUES (gen_random_uuid())")
    chain = chain_of("SELECT 1")
    assert choose(replace(chain, seeds=(Seed(script),)), None).name == "supabase"
    assert choose(replace(chain, base=(script,)), None).name == "supabase"


def test_what_is_wanted_wins() -> None:
    assert choose(chain_of("SELECT auth.uid()"), "plain") == PLAIN
    assert choose(chain_of("SELECT 1"), "supabase") == SUPABASE
    assert choose(chain_of("SELECT 1", kind="supabase"), None) == SUPABASE
    assert choose(chain_of("SELECT decrypted_secret FROM vault.decrypted_secrets"), None).extensions[-1] == (
        "supabase_vault"
    )


def test_unknown_name_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        choose(chain_of("SELECT 1"), "superbase")
    assert str(caught.value) == (
        'there is no environment "superbase"; did you mean "supabase"?\n'
        "what to do: set environment to one of: plain, supabase; or to the path of a .sql file"
    )


@pytest.mark.parametrize(
    ("comments", "told"),
    [
        (
            "-- migrate-validate: role acme",
            "b.sql:1:1: this comment means nothing in the file of an environment: migrate-validate: role acme",
        ),
        (
            "-- migrate-validate: migration-role",
            "b.sql:1:1: this comment means nothing in the file of an environment: migrate-validate: migration-role",
        ),
        (
            '-- migrate-validate: migration-role a\nSELECT 1;  -- migrate-validate: migration-role "B c"',
            "the file of the environment names several roles to apply migrations as: B c, a",
        ),
    ],
)
def test_comments_of_a_file_that_cannot_be_obeyed(tmp_path: Path, comments: str, told: str) -> None:
    (tmp_path / "b.sql").write_text(comments)
    with pytest.raises(ConfigError) as caught:
        choose(chain_of("SELECT 1"), str(tmp_path / "b.sql"))
    assert str(caught.value).startswith(told)


def test_a_role_of_a_file_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text('/* migrate-validate: migration-role "The ""Boss""" */ -- another remark')
    assert choose(chain_of("SELECT 1"), str(tmp_path / "b.sql")).migration_role == 'The "Boss"'


@pytest.mark.parametrize(
    ("made", "trouble"),
    [("SELECT 1", "which does not exist once the file has run"), ("CREATE ROLE acme", "which may not log in")],
)
def test_a_role_that_migrations_cannot_be_applied_as(server: Server, tmp_path: Path, made: str, trouble: str) -> None:
    (tmp_path / "b.sql").write_text(f"-- migrate-validate: migration-role acme\n{made};\n")
    environment = choose(chain_of("SELECT 1"), str(tmp_path / "b.sql"))
    with pytest.raises(ConfigError) as caught:
        build(environment, server, "acme")
    with server.connect("postgres") as connection:
        connection.execute("DROP ROLE IF EXISTS acme")
    assert str(caught.value) == (
        f'migrations are to be applied as the role "acme", {trouble}\nlooked at:\n  {tmp_path / "b.sql"}\n'
        "what to do: let the file make it, with its rights in production: CREATE ROLE acme LOGIN; ..."
    )


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def offering(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("offered")
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)
    offer([*SUPABASE.extensions, "supabase_vault"], directory, available=["pg_stat_statements"])
    with open_server(ServerOptions(major=request.param), extension_directory=directory) as server:
        yield server


@pytest.fixture
def prepared(offering: Server) -> Iterator[Database]:
    with offering.create_database("supabase", owner="postgres") as database:
        assert prepare(SUPABASE, database) == ()
        yield database


def all_rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_plain_makes_nothing(offering: Server) -> None:
    with offering.create_database("plain") as database:
        assert prepare(PLAIN, database) == ()
        settle(PLAIN, database)
        with database.connect() as connection:
            schemas = all_rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")
    assert sorted(schemas) == [("information_schema",), ("public",)]


def test_it_makes_exactly_the_schemas_and_roles_that_it_declares(prepared: Database) -> None:
    with prepared.connect() as connection:
        schemas = {name for (name,) in all_rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")}
        roles = {name for (name,) in all_rows(connection, "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")}
        owner = all_rows(
            connection, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        )
    assert schemas == SUPABASE.schemas | {"public", "information_schema"}
    assert roles == SUPABASE.roles | {"postgres", "migrate_validate"}
    assert owner == [("postgres",)]


def test_the_migration_role_is_promoted_then_demoted(prepared: Database) -> None:
    query = """
        SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles
        WHERE rolname = current_user
    """
    with prepared.connect("postgres") as connection:
        assert all_rows(connection, query)[0][0] is True
        settle(SUPABASE, prepared)
        assert all_rows(connection, query) == [(False, True, True, True, True)]
        connection.execute("SET ROLE anon; RESET ROLE; SET ROLE service_role; RESET ROLE; CREATE TABLE t (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE FUNCTION auth.mine() RETURNS int LANGUAGE sql RETURN 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE ROLE other SUPERUSER")


def test_new_tables_are_open_to_the_api_roles(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute("CREATE TABLE t (id serial); CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1")
        for role in ("anon", "authenticated", "service_role"):
            assert all_rows(
                connection,
                f"""
                SELECT bool_and(has_table_privilege('{role}', 't', p)),
                       has_sequence_privilege('{role}', 't_id_seq', 'USAGE'),
                       has_function_privilege('{role}', 'f()', 'EXECUTE')
                FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
                """,
            ) == [(True, True, True)]


def test_clones_keep_the_search_path_and_the_owner(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute(
            "CREATE TABLE t (id uuid DEFAULT uuid_generate_v4(), hash bytea DEFAULT digest('a', 'sha1'))"
        )
    settle(SUPABASE, prepared)
    with prepared.clone("copy", owner="postgres") as copy:
        for user in (None, "postgres"):
            with copy.connect(user) as connection:
                assert all_rows(connection, "SHOW search_path") == [('"$user", public, extensions',)]
                connection.execute("CREATE TABLE IF NOT EXISTS made (id uuid DEFAULT uuid_generate_v4())")


def test_a_request_is_who_its_claims_say(prepared: Database) -> None:
    query = "SELECT auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'aal'"
    with prepared.connect() as connection, connection.transaction():
        assert all_rows(connection, query) == [(None, None, None, None)]
        connection.execute(
            "SELECT set_config('request.jwt.claims', %s, true)",
            (f'{{"sub": "{ANA}", "role": "authenticated", "email": "a@example.org", "aal": "aal1"}}',),
        )
        connection.execute("SET LOCAL ROLE authenticated")
        assert all_rows(connection, query) == [(ANA, "authenticated", "a@example.org", "aal1")]
        connection.execute("SELECT set_config('request.jwt.claim.role', 'anon', true)")
        assert all_rows(connection, "SELECT auth.role()") == [("anon",)]


def test_people_and_their_identities(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute(
            f"""
            INSERT INTO auth.users (id, email, email_confirmed_at, is_sso_user)
            VALUES ('{ANA}', 'a@example.org', '2026-01-01', false), (gen_random_uuid(), 'a@example.org', NULL, true);
            INSERT INTO auth.identities (provider_id, user_id, identity_data, provider)
            VALUES ('x', '{ANA}', '{{"email": "A@Example.org"}}', 'email');
            """.encode()
        )
        assert all_rows(connection, "SELECT email FROM auth.identities") == [("a@example.org",)]
        assert all_rows(connection, f"SELECT confirmed_at = '2026-01-01' FROM auth.users WHERE id = '{ANA}'") == [
            (True,)
        ]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO auth.users (id, email) VALUES (gen_random_uuid(), 'a@example.org')")
        settle(SUPABASE, prepared)
        assert all_rows(connection, "SELECT count(*) FROM auth.users") == [(2,)]
        connection.execute("SET ROLE authenticated")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM auth.users")


def test_the_tables_of_auth_are_all_there(prepared: Database) -> None:
    with prepared.connect() as connection:
        assert all_rows(
            connection,
            "SELECT count(*), count(*) FILTER (WHERE NOT relrowsecurity) FROM pg_class "
            "WHERE relnamespace = 'auth'::regnamespace AND relkind = 'r'",
        ) == [(23, 7)]
        # What the migrations of the service lead to (2026-06): each table with the number of its columns.
        assert dict(
            all_rows(
                connection,
                "SELECT table_name, count(*) FROM information_schema.columns WHERE table_schema = 'auth' GROUP BY 1",
            )
        ) == {
            "audit_log_entries": 5,
            "custom_oauth_providers": 25,
            "flow_state": 17,
            "identities": 9,
            "instances": 5,
            "mfa_amr_claims": 5,
            "mfa_challenges": 7,
            "mfa_factors": 13,
            "oauth_authorizations": 17,
            "oauth_client_states": 4,
            "oauth_clients": 13,
            "oauth_consents": 6,
            "one_time_tokens": 7,
            "refresh_tokens": 9,
            "saml_providers": 9,
            "saml_relay_states": 8,
            "schema_migrations": 1,
            "sessions": 15,
            "sso_domains": 5,
            "sso_providers": 5,
            "users": 35,
            "webauthn_challenges": 6,
            "webauthn_credentials": 14,
        }


def test_storage_policies_work(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute(
            """
            INSERT INTO storage.buckets (id, name, public) VALUES ('avatars', 'avatars', true);
            CREATE POLICY own ON storage.objects TO authenticated
                USING (bucket_id = 'avatars' AND (storage.foldername(name))[1] = auth.uid()::text)
            """
        )
        connection.execute(
            "INSERT INTO storage.objects (bucket_id, name) VALUES ('avatars', %s), ('avatars', 'other/b.tar.gz')",
            (f"{ANA}/me.png",),
        )
        assert all_rows(
            connection,
            "SELECT storage.filename(name), storage.extension(name), path_tokens FROM storage.objects"
            " WHERE name LIKE 'other%'",
        ) == [("b.tar.gz", "gz", ["other", "b.tar.gz"])]
        with connection.transaction():
            connection.execute("SELECT set_config('request.jwt.claim.sub', %s, true)", (ANA,))
            connection.execute("SET LOCAL ROLE authenticated")
            assert all_rows(connection, "SELECT storage.filename(name) FROM storage.objects") == [("me.png",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Direct deletion from storage tables"):
            connection.execute("DELETE FROM storage.objects")
        connection.execute("SET storage.allow_delete_query = 'true'; DELETE FROM storage.objects")


def test_realtime_keeps_what_is_sent(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute(
            """
            CREATE TABLE rooms (id int);
            CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM realtime.broadcast_changes(
                    'room:' || NEW.id, TG_OP, TG_OP, TG_TABLE_NAME, TG_TABLE_SCHEMA, NEW, OLD);
                RETURN NEW;
            END $$;
            CREATE TRIGGER tell AFTER INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION tell();
            INSERT INTO rooms VALUES (7);
            SELECT realtime.send('{"a": 1}', 'ping', 'room:8', false);
            ALTER PUBLICATION supabase_realtime ADD TABLE rooms;
            """
        )
        sent = all_rows(connection, "SELECT topic, event, payload #>> '{record,id}', private FROM realtime.messages")
        assert sorted(sent) == [("room:7", "INSERT", "7", True), ("room:8", "ping", None, False)]
        owner = "SELECT pg_get_userbyid(pubowner) FROM pg_publication WHERE pubname = 'supabase_realtime'"
        assert all_rows(connection, owner) == [("postgres",)]


def test_webhook_triggers_can_be_made(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute(
            """
            CREATE TABLE t (id int);
            CREATE TRIGGER hook AFTER INSERT ON t FOR EACH ROW
                EXECUTE FUNCTION supabase_functions.http_request('http://localhost', 'POST', '{}', '{}', '1000');
            INSERT INTO t VALUES (1);
            """
        )
        assert all_rows(connection, "SELECT hook_name FROM supabase_functions.hooks") == [("hook",)]


def test_extensions_are_where_the_service_has_them(prepared: Database) -> None:
    with prepared.connect("postgres") as connection:
        connection.execute('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"')
        found = all_rows(connection, "SELECT extname, extnamespace::regnamespace::text FROM pg_extension")
        settle(SUPABASE, prepared)
        connection.execute("SELECT extensions.uuid_generate_v4(), crypt('x', gen_salt('bf'))")
    assert dict(found) == {
        "plpgsql": "pg_catalog",
        "pg_stat_statements": "extensions",
        "uuid-ossp": "extensions",
        "pgcrypto": "extensions",
    }


def test_what_cannot_be_installed_is_a_note(offering: Server) -> None:
    environment = replace(
        SUPABASE,
        extensions=("no_such",),
        extension_schemas={"no_such": "extensions"},
    )
    with offering.create_database("notes", owner="postgres") as database:
        assert prepare(environment, database) == (
            'extension "no_such" of the environment supabase is not available on this server',
        )
