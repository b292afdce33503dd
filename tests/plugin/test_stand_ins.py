"""Whole runs of chains that name extensions which the PostgreSQL lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.extensions import offers
from tests.support.bare import bare_postgres
from tests.support.projects import run, write_chain
from tests.support.servers import available_majors

CHAIN = {
    "001_extensions.sql": (
        "create extension if not exists pgmq;\n"
        "create extension vector;\n"
        'create extension "uuid-ossp";\n'
        "create extension pgjwt cascade;\n"
        "do $$ begin\n"
        "    if exists (select from pg_available_extensions where name = 'pg_cron') then\n"
        "        execute 'create extension pg_cron';\n"
        "    end if;\n"
        "end $$;\n"
    ),
    "002_tables.sql": (
        "select pgmq.create('mails');\n"
        "create table document (id uuid primary key default uuid_generate_v4(), embedding vector(3) not null);\n"
        "create index on document using hnsw (embedding vector_cosine_ops);\n"
        "insert into document (embedding) values ('[1,2,3]');\n"
        "select pgmq.send('mails', jsonb_build_object('to', 'a@example.org')), digest('a', 'sha1');\n"
        "select cron.schedule('nightly', '0 3 * * *', 'delete from document');\n"
    ),
}


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def bare(request: pytest.FixtureRequest) -> ServerOptions:
    """A PostgreSQL that lacks them all."""
    return bare_postgres(request.param)


@pytest.fixture(scope="module")
def theirs(bare: ServerOptions) -> Iterator[Server]:
    """The same, as a server that the runs find running."""
    with open_server(bare) as server:
        yield server


def words(result: pytest.RunResult) -> str:
    return " ".join(result.stdout.str().split())


def test_a_run_tells_what_each_does_not_do(pytester: pytest.Pytester, bare: ServerOptions) -> None:
    write_chain(pytester, "db", CHAIN)
    pytester.makepyfile(
        test_seen="""
        def test_seen(migrated_db):
            installed = {name for (name,) in migrated_db.execute("select extname from pg_extension")}
            assert installed == {"plpgsql", "pgmq", "vector", "uuid-ossp", "pgjwt", "pgcrypto", "pg_cron"}
            offered = {name for (name,) in migrated_db.execute("select name from pg_available_extensions")}
            assert not offered & {"pg_net", "pgsodium", "supabase_vault", "pg_graphql", "pg_jsonschema"}
            assert migrated_db.execute("select count(*) from cron.job").fetchone() == (1,)
        """
    )
    result = run(
        pytester,
        "--migrations=db",
        f"--postgresql-exec={bare.executable}",
        "test_seen.py",
        "db",
        "-k",
        "seen or applies",
    )
    text = words(result)
    assert result.ret == 0, text
    for told in (
        "stand-in for the extension pg_cron: jobs are recorded, never run",
        "stand-in for the extension pgcrypto: password hashes of crypt() are not real ones",
        "stand-in for the extension pgjwt: does what the real one does",
        "stand-in for the extension pgmq: partitioned queues are refused",
        "stand-in for the extension uuid-ossp: uuid_generate_v1 and v1mc use a random node",
        "stand-in for the extension vector: indexes find nothing",
    ):
        assert told in text


def test_what_is_only_asked_for_is_not_offered(pytester: pytest.Pytester, bare: ServerOptions) -> None:
    """As the branch would go on the server that the chain asks."""
    asked = "if exists (select from pg_available_extensions where name = 'pg_net')"
    write_chain(
        pytester, "db", {"001_asks.sql": f"do $$ begin {asked} then raise exception 'offered'; end if; end $$;\n"}
    )
    result = run(pytester, "--migrations=db", f"--postgresql-exec={bare.executable}", "-k", "applies")
    assert result.ret == 0
    assert "stand-in" not in words(result)


def test_what_has_no_stand_in_is_told_where_it_is_created(pytester: pytest.Pytester, bare: ServerOptions) -> None:
    later = {"002_a.sql": "create table a (id int primary key);\n", "003_b.sql": "create table b (p geometry);\n"}
    write_chain(pytester, "db", {"001_extensions.sql": "create extension if not exists postgis;\n"} | later)
    result = run(pytester, "--migrations=db", f"--postgresql-exec={bare.executable}", "-k", "applies")
    assert result.ret == 1
    text = words(result)
    assert "001_extensions.sql:1" in text
    assert 'has no extension "postgis", and there is no stand-in for it: its types, operators and index support' in text
    assert "--postgresql-exec or --postgresql-host name one." in text


def test_a_server_that_is_not_ours_gets_none(pytester: pytest.Pytester, theirs: Server) -> None:
    write_chain(pytester, "db", CHAIN)
    named = (f"--postgresql-host={theirs.host}", f"--postgresql-port={theirs.port}", f"--postgresql-user={theirs.user}")
    result = run(pytester, "--migrations=db", *named, "-k", "applies")
    assert result.ret == 1
    text = words(result)
    assert 'has no extension "pgmq", and nothing is installed on a server that is not ours.' in text
    assert "Leave --postgresql-host out: a PostgreSQL of this machine is started, which is offered a stand-in." in text


def test_the_limits_of_a_stand_in_are_told(pytester: pytest.Pytester, bare: ServerOptions) -> None:
    index = "create index on document using ivfflat (embedding vector_cosine_ops) with (lists = 100);\n"
    wrong = index.replace("100", "0")
    write_chain(pytester, "db", CHAIN | {"003_index.sql": index, "004_wrong.sql": wrong})
    write_chain(pytester, "old", {"001_old.sql": "create extension vector version '0.5.0';\n"})
    write_chain(pytester, "half", {"001_half.sql": "create extension vector;\ncreate table t (e halfvec(3));\n"})
    executable = f"--postgresql-exec={bare.executable}"
    result = run(pytester, *(f"--migrations={name}" for name in ("db", "old", "half")), executable, "-k", "applies")
    assert result.ret == 1
    text = words(result)
    assert "003_index.sql:1" not in text
    assert "004_wrong.sql:1" in text
    assert 'The stand-in for "vector" knows no options of an index: they are left out of a CREATE INDEX' in text
    assert "has the real one: pip install 'migrate-validate[embedded]', and postgres = 18." in text
    assert 'A stand-in for "vector" has one version only: leave VERSION out.' in text
    assert '"halfvec" belongs to the extension "vector"' in text


def test_what_the_machine_has_is_not_stood_in_for(pytester: pytest.Pytester, server: Server) -> None:
    """Neither is it told, where only an extension that requires it is missing."""
    if not offers(server, "pgcrypto"):
        pytest.skip("this PostgreSQL has no pgcrypto")
    write_chain(pytester, "db", {"001_sign.sql": "create extension pgjwt cascade;\nselect sign('{}', 'secret');\n"})
    pytester.makepyfile(
        test_seen="""
        def test_seen(migrated_db):
            query = "select count(*) from pg_proc where proname = 'crypt' and prolang = 13"
            assert migrated_db.execute(query).fetchone() == (1,), "the one in C"
        """
    )
    major = server.version // 10000
    (pytester.path / "pyproject.toml").write_text(f"[tool.migrate_validate]\npostgres = {major}\n")
    result = run(pytester, "--migrations=db", "test_seen.py", "db", "-k", "seen or applies")
    assert result.ret == 0
    assert "stand-in for the extension pgjwt" in words(result)
    assert "stand-in for the extension pgcrypto" not in words(result)


def test_the_file_of_an_environment_may_name_some(pytester: pytest.Pytester, bare: ServerOptions) -> None:
    write_chain(pytester, "db", {"001_jobs.sql": "select cron.schedule('nightly', '0 3 * * *', 'select 1');\n"})
    (pytester.path / "platform.sql").write_text("create extension pg_cron;\n")
    (pytester.path / "pyproject.toml").write_text('[tool.migrate_validate]\nenvironment = "platform.sql"\n')
    result = run(pytester, "--migrations=db", f"--postgresql-exec={bare.executable}", "-k", "applies")
    assert result.ret == 0
    assert "stand-in for the extension pg_cron" in words(result)
