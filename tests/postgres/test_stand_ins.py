"""Stand-ins: which a chain needs, what they answer compared with the real extensions, and how they install."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.chain.model import Chain, Migration, Script
from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.extensions import install_script, known, needed, offer
from tests.support.bare import bare_postgres
from tests.support.servers import available_majors

Connection = psycopg.Connection[tuple[Any, ...]]


def chain_of(*texts: str) -> Chain:
    scripts = [Script(Path(f"/m/{n:03}_x.sql"), f"{n:03}_x.sql", text) for n, text in enumerate(texts, start=1)]
    return Chain("m", Path("/m"), "sql", tuple(Migration(s.file[:3], "x", s) for s in scripts))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA extensions;', {"uuid-ossp"}),
        ("create extension PgCrypto; create extension if not exists pg_trgm cascade", {"pgcrypto", "pg_trgm"}),
        ("DO $x$ BEGIN IF true THEN CREATE EXTENSION pg_cron; END IF; END $x$;", {"pg_cron"}),
        ("-- CREATE EXTENSION pgjwt;\n/* create extension pgjwt; */ SELECT 'create extension pgjwt'", set()),
        ("DROP EXTENSION pgjwt; ALTER EXTENSION pgjwt UPDATE; COMMENT ON EXTENSION pgjwt IS 'x'", set()),
        ("COPY t FROM stdin;\nit's 'create extension' a\n\\.\nCREATE EXTENSION pgjwt;", {"pgjwt"}),
        ("\\restrict abc\nCREATE EXTENSION pgjwt;\n\\unrestrict abc\n", {"pgjwt"}),
        ("CREATE EXTENSION pgjwt; SELECT 'unterminated", {"pgjwt"}),
        ("CREATE EXTENSION", set()),
        ("DO $x$ BEGIN EXECUTE 'CREATE EXTENSION IF NOT EXISTS pg_net'; END $x$;", {"pg_net"}),
        ("DO $x$ BEGIN EXECUTE format('CREATE EXTENSION pg_net SCHEMA %I', 'x'); END $x$;", {"pg_net"}),
        ("SELECT 'a' FROM pg_available_extensions WHERE name = 'pg_net'", set()),
    ],
)
def test_needed_reads_what_create_extension_names(text: str, names: set[str]) -> None:
    assert needed(chain_of("SELECT 1", text)) == names


def test_offer_writes_only_what_is_named_known_and_missing(tmp_path: Path) -> None:
    offered = offer(["pgjwt", "uuid-ossp", "postgis"], tmp_path, available=["uuid-ossp"])
    assert [(s.name, "not real" in s.note) for s in offered] == [("pgcrypto", True), ("pgjwt", False)]
    assert sorted(p.name for p in (tmp_path / "extension").iterdir()) == [
        "pgcrypto--1.4.sql",
        "pgcrypto.control",
        "pgjwt--0.2.0.sql",
        "pgjwt.control",
    ]


@pytest.fixture(scope="module")
def real() -> Iterator[Connection]:
    """The real uuid-ossp and pgcrypto in the schema ``real``, the stand-ins' functions in the schema ``ours``."""
    for major in available_majors():
        with open_server(ServerOptions(major=major)) as server, server.create_database("stand_ins") as database:
            with database.connect() as connection:
                offered = {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
                if not {"uuid-ossp", "pgcrypto"} <= offered:
                    continue
                connection.execute("CREATE SCHEMA real; CREATE SCHEMA ours")
                for name in ("uuid-ossp", "pgcrypto"):
                    connection.execute(f'CREATE EXTENSION "{name}" SCHEMA real'.encode())
                    connection.execute("SET search_path = ours")
                    connection.execute(install_script(name).encode())
                connection.execute("RESET search_path")
                yield connection
            return
    pytest.skip("no PostgreSQL with the real uuid-ossp and pgcrypto on this machine")


def test_name_based_uuids_are_the_real_ones(real: Connection) -> None:
    """Every length over several SHA-1 blocks, and text outside ASCII."""
    differing = real.execute(
        """
        SELECT count(*) FILTER (WHERE ours.uuid_generate_v3(space, name) <> real.uuid_generate_v3(space, name)),
               count(*) FILTER (WHERE ours.uuid_generate_v5(space, name) <> real.uuid_generate_v5(space, name)),
               count(*)
        FROM (SELECT gen_random_uuid(), repeat('é', n) FROM generate_series(0, 150) AS n
              UNION ALL VALUES (real.uuid_ns_dns(), 'example.org'), (real.uuid_ns_x500(), '日本')) AS t (space, name)
        """
    ).fetchone()
    assert differing == (0, 0, 153)


def test_constants_and_shapes_of_uuids(real: Connection) -> None:
    names = ("uuid_nil", "uuid_ns_dns", "uuid_ns_url", "uuid_ns_oid", "uuid_ns_x500")
    for name in names:
        assert real.execute(f"SELECT ours.{name}() = real.{name}()".encode()).fetchone() == (True,)
    row = real.execute(
        "SELECT ours.uuid_generate_v1(), ours.uuid_generate_v1mc(), ours.uuid_generate_v4(), real.uuid_generate_v1()"
    ).fetchone()
    assert row is not None
    first, multicast, random, genuine = row
    assert (first.version, multicast.version, random.version) == (1, 1, 4)
    assert {u.variant for u in (first, multicast, random)} == {genuine.variant}
    assert multicast.node >> 40 & 1 == 1
    assert abs(first.time - genuine.time) < 10_000_000, "less than a second apart"


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "SHA256", "sha384", "sha512"])
def test_digest_and_hmac_are_the_real_ones(real: Connection, algorithm: str) -> None:
    differing = real.execute(
        """
        SELECT count(*) FILTER (WHERE ours.digest(text, a) <> real.digest(text, a)),
               count(*) FILTER (WHERE ours.digest(bytes, a) <> real.digest(bytes, a)),
               count(*) FILTER (WHERE ours.hmac(text, key, a) <> real.hmac(text, key, a)),
               count(*) FILTER (WHERE ours.hmac(bytes, bytes, a) <> real.hmac(bytes, bytes, a))
        FROM (SELECT repeat('ü', n), decode(repeat('fe', n), 'hex'), repeat('k', n * 2), %s
              FROM generate_series(0, 140) AS n) AS t (text, bytes, key, a)
        """,
        (algorithm,),
    ).fetchone()
    assert differing == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "call",
    [
        "digest('a', 'sha3')",
        "hmac('a', 'b', 'none')",
        "gen_random_bytes(0)",
        "gen_random_bytes(1025)",
        "gen_salt('zz')",
        "gen_salt('bf', 2)",
        "crypt('a', '')",
    ],
)
def test_errors_are_the_real_ones(real: Connection, call: str) -> None:
    messages = []
    for schema in ("ours", "real"):
        with pytest.raises(psycopg.Error) as caught:
            real.execute(f"SELECT {schema}.{call}".encode())
        messages.append((caught.value.sqlstate, caught.value.diag.message_primary))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("salt", ["bf", "md5", "des", "xdes"])
def test_password_hashes_have_the_shape_of_real_ones(real: Connection, salt: str) -> None:
    row = real.execute(
        """
        SELECT length(salt) = length(real.gen_salt(%(type)s)),
               length(ours.crypt('secret', salt)) = length(real.crypt('secret', real.gen_salt(%(type)s))),
               ours.crypt('secret', ours.crypt('secret', salt)) = ours.crypt('secret', salt),
               ours.crypt('other', salt) <> ours.crypt('secret', salt)
        FROM ours.gen_salt(%(type)s) AS salt
        """,
        {"type": salt},
    ).fetchone()
    assert row == (True, True, True, True)


def test_functions_are_declared_like_the_real_ones(real: Connection) -> None:
    """Same arguments, result, volatility, strictness: an index expression or a default may depend on each."""
    declared = """
        SELECT proname, oidvectortypes(proargtypes), prorettype::regtype::text, provolatile, proisstrict, proparallel
        FROM pg_proc WHERE pronamespace = %s::regnamespace AND proname NOT LIKE '%%stand_in%%'
    """
    ours = set(real.execute(declared, ("ours",)).fetchall())
    genuine = set(real.execute(declared, ("real",)).fetchall())
    assert ours <= genuine
    absent = {name for name, *_ in genuine - ours}
    assert all(name.startswith(("pgp_", "encrypt", "decrypt", "armor", "dearmor")) for name in absent)


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def offering(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL that has none of the real extensions, and is offered every stand-in."""
    directory = tmp_path_factory.mktemp("offered")
    offer(known(), directory)
    with open_server(bare_postgres(request.param), extension_directory=directory) as server:
        yield server


@pytest.fixture
def installed(offering: Server) -> Iterator[Connection]:
    """All of them, installed by an ordinary role that owns the database."""
    with offering.connect("postgres") as administration:
        administration.execute("DROP ROLE IF EXISTS ordinary; CREATE ROLE ordinary LOGIN")
        with (
            offering.create_database("stand_ins", owner="ordinary") as database,
            database.connect("ordinary") as connection,
        ):
            for name in known():
                connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}" CASCADE'.encode())
            yield connection
        administration.execute("DROP ROLE ordinary")


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_all_install_where_the_real_ones_go(installed: Connection) -> None:
    found = installed.execute(
        "SELECT extname, nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace"
    ).fetchall()
    assert dict(found) == {
        "http": "public",
        "plpgsql": "pg_catalog",
        "pg_cron": "pg_catalog",
        "pg_graphql": "graphql",
        "pg_jsonschema": "public",
        "pg_net": "public",
        "pg_stat_statements": "public",
        "pgaudit": "public",
        "pgcrypto": "public",
        "pgjwt": "public",
        "pgmq": "pgmq",
        "pgsodium": "pgsodium",
        "supabase_vault": "vault",
        "uuid-ossp": "public",
        "vector": "public",
    }


def test_relocated_functions_still_find_their_helpers(installed: Connection) -> None:
    installed.execute('DROP EXTENSION pgjwt; CREATE SCHEMA "Else Where"')
    for name in ("uuid-ossp", "pgcrypto"):
        installed.execute(f'ALTER EXTENSION "{name}" SET SCHEMA "Else Where"'.encode())
    digest = """encode("Else Where".hmac('data', 'key', 'sha1'), 'hex')"""
    assert one(installed, f"SELECT {digest}") == "104152c5bfdca07bc633eebd46199f0255c9f49d"
    assert one(
        installed, """SELECT "Else Where".uuid_generate_v5("Else Where".uuid_ns_dns(), 'python.org')::text"""
    ) == ("886313e1-3b8a-5372-9b90-0c9aee199e5d")


def test_pgjwt_signs_and_verifies(installed: Connection) -> None:
    token = one(installed, """SELECT sign('{"sub":"1234567890","name":"John Doe","admin":true}', 'secret')""")
    assert token == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWV9"
        ".TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ"
    )
    assert one(installed, f"SELECT valid FROM verify('{token}', 'secret')") is True
    assert one(installed, f"SELECT valid FROM verify('{token}', 'wrong')") is False


def test_cron_records_jobs(installed: Connection) -> None:
    first = one(installed, "SELECT cron.schedule('nightly', '0 3 * * *', 'SELECT 1')")
    assert one(installed, "SELECT cron.schedule('nightly', '30 seconds', 'SELECT 2')") == first
    jobs = installed.execute("SELECT jobname, schedule, command, username, active FROM cron.job").fetchall()
    assert jobs == [("nightly", "30 seconds", "SELECT 2", "ordinary", True)]
    with pytest.raises(psycopg.Error, match="invalid schedule: whenever"):
        installed.execute("SELECT cron.schedule('whenever', 'SELECT 1')")
    assert one(installed, "SELECT cron.unschedule('nightly')") is True
    with pytest.raises(psycopg.Error, match="could not find valid entry for job"):
        installed.execute("SELECT cron.unschedule('nightly')")


def test_net_queues_requests(installed: Connection) -> None:
    one(installed, """SELECT net.http_post(url := 'http://localhost/x', body := '{"a": 1}'::jsonb)""")
    one(installed, """SELECT net.http_get('http://localhost/y', '{"q": "1"}')""")
    queued = installed.execute("SELECT method, url, convert_from(body, 'UTF8') FROM net.http_request_queue").fetchall()
    assert queued == [("POST", "http://localhost/x", '{"a": 1}'), ("GET", "http://localhost/y?q=1", None)]


def test_http_sends_nothing_and_says_so(installed: Connection) -> None:
    notices: list[str | None] = []
    installed.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    for call, sent in {
        "http_get('http://localhost/a')": "GET http://localhost/a",
        """http_get('http://localhost/a', '{"q": "b c", "n": 1.50, "no": null, "deep": [1]}')""": (
            "GET http://localhost/a?n=1.50&q=b+c&no="
        ),
        "http_post('http://localhost/b', '{}', 'application/json')": "POST http://localhost/b",
        "http_delete('http://localhost/c')": "DELETE http://localhost/c",
        "http(('PUT', 'http://localhost/d', ARRAY[http_header('a', 'b')], NULL, NULL)::http_request)": (
            "PUT http://localhost/d"
        ),
    }.items():
        answer = "status, content_type, content"
        assert installed.execute(f"SELECT {answer} FROM {call}".encode()).fetchone() == (
            503,
            "text/plain",
            "no request was sent: this is a stand-in",
        )
        assert notices.pop() == f"no request was sent: {sent}"
    with pytest.raises(psycopg.Error, match=r"http_request\.uri is NULL"):
        installed.execute("SELECT http_get(NULL)")


def test_http_encodes_as_the_real_one_does(installed: Connection) -> None:
    assert one(installed, "SELECT urlencode('my special string''s & things? é~-._')") == (
        "my+special+string%27s+%26+things%3F+%C3%A9~-._"
    )
    assert one(installed, "SELECT text_to_bytea(bytea_to_text('\\x616263'))") == b"abc"
    with pytest.raises(psycopg.Error, match="cannot call urlencode_jsonb on a non-object"):
        installed.execute("SELECT urlencode('[1]'::jsonb)")


def test_vault_keeps_secrets_in_plain_text(installed: Connection) -> None:
    key = one(installed, "SELECT vault.create_secret('hush', 'api key')")
    installed.execute("SELECT vault.update_secret(%s, 'hush hush')", (key,))
    assert one(installed, "SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'api key'") == "hush hush"


def test_jsonschema_accepts_everything(installed: Connection) -> None:
    assert one(installed, """SELECT jsonb_matches_schema('{"type": "string"}', '5')""") is True


def test_the_stand_in_of_pg_stat_statements_is_an_empty_view(offering: Server) -> None:
    with offering.create_database("shell") as database, database.connect() as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        assert one(connection, "SELECT count(*) FROM pg_stat_statements") == 0


ANSWERS = {
    "digest": "SELECT a, n, encode(digest(repeat('ü', n), a), 'hex') FROM algorithm, generate_series(0, 140, 7) AS n",
    "digest of bytes": "SELECT a, encode(digest('\\x00ff'::bytea, a), 'hex') FROM algorithm",
    "hmac": "SELECT a, n, encode(hmac('data', repeat('k', n), a), 'hex') FROM algorithm, generate_series(1, 140) AS n",
    "hmac of bytes": "SELECT a, encode(hmac('\\x00ff'::bytea, '\\x01'::bytea, a), 'hex') FROM algorithm",
    "gen_random_bytes": "SELECT n, length(gen_random_bytes(n)), gen_random_bytes(16) = gen_random_bytes(16)"
    " FROM unnest(ARRAY[1, 16, 17, 1024]) AS n",
    "gen_random_uuid": "SELECT substr(gen_random_uuid()::text, 15, 1), gen_random_uuid() = gen_random_uuid()",
    "uuid_generate_v4": "SELECT substr(uuid_generate_v4()::text, 15, 1), uuid_generate_v4() = uuid_generate_v4()",
    "uuid_generate_v3": "SELECT uuid_generate_v3(uuid_ns_url(), repeat('é', n))::text FROM generate_series(0, 70) AS n",
    "uuid_generate_v5": "SELECT uuid_generate_v5(uuid_ns_oid(), repeat('é', n))::text FROM generate_series(0, 70) AS n",
    "constants": "SELECT uuid_nil(), uuid_ns_dns(), uuid_ns_url(), uuid_ns_oid(), uuid_ns_x500()",
}
ALGORITHMS = "WITH algorithm (a) AS (VALUES ('md5'), ('sha1'), ('sha224'), ('SHA256'), ('sha384'), ('sha512')) "


@pytest.mark.parametrize("what", ANSWERS)
def test_a_server_with_stand_ins_answers_like_one_with_the_real(
    real: Connection, installed: Connection, what: str
) -> None:
    query = ALGORITHMS + ANSWERS[what]
    real.execute("SET search_path = real")
    try:
        genuine = real.execute(query.encode()).fetchall()
    finally:
        real.execute("RESET search_path")
    assert sorted(installed.execute(query.encode()).fetchall()) == sorted(genuine)
