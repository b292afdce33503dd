"""The stand-in for pgmq: queues as migrations and tests use them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migrate_validate.postgres import open_server
from migrate_validate.postgres.extensions import offer
from tests.support.bare import bare_postgres
from tests.support.servers import available_majors

Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module", params=available_majors(), ids=lambda major: f"pg{major}")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    directory = tmp_path_factory.mktemp("offered")
    offer(["pgmq"], directory)
    with (
        open_server(bare_postgres(request.param), extension_directory=directory) as server,
        server.create_database("queues") as made,
        made.connect() as connection,
    ):
        connection.execute("CREATE EXTENSION pgmq")
        yield connection


@pytest.fixture
def queue(database: Connection) -> Iterator[Connection]:
    """An empty queue "Jobs"."""
    database.execute("SELECT pgmq.create('Jobs')")
    yield database
    database.execute("SELECT pgmq.drop_queue('Jobs')")


def column(connection: Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode())]


def test_messages_are_sent_read_and_removed_in_order(queue: Connection) -> None:
    assert column(queue, """SELECT pgmq.send('Jobs', '{"n": 1}')""") == [1]
    assert column(queue, """SELECT * FROM pgmq.send_batch('Jobs', ARRAY['{"n": 2}', '{"n": 3}']::jsonb[])""") == [2, 3]
    assert sorted(column(queue, "SELECT msg_id FROM pgmq.read('Jobs', 60, 2)")) == [1, 2]
    assert column(queue, "SELECT msg_id FROM pgmq.read('Jobs', 60, 2)") == [3], "the others are not visible now"
    assert column(queue, "SELECT read_ct FROM pgmq.set_vt('Jobs', 1, 0)") == [1]
    assert column(queue, "SELECT msg_id FROM pgmq.pop('Jobs')") == [1]
    assert column(queue, "SELECT msg_id FROM pgmq.pop('Jobs')") == []
    assert column(queue, "SELECT pgmq.delete('Jobs', 2)") == [True]
    assert column(queue, "SELECT pgmq.delete('Jobs', 2)") == [False]
    assert column(queue, "SELECT pgmq.delete('Jobs', ARRAY[2, 3])") == [3]


def test_delays_headers_and_conditions(queue: Connection) -> None:
    queue.execute("""SELECT pgmq.send('Jobs', '{"kind": "a"}', 60)""")
    queue.execute("""SELECT pgmq.send('Jobs', '{"kind": "a"}', now() + interval '1 hour')""")
    queue.execute("""SELECT pgmq.send('Jobs', '{"kind": "b"}', '{"h": 1}'::jsonb)""")
    queue.execute("""SELECT pgmq.send('Jobs', '{"kind": "c"}', '{"h": 2}'::jsonb, 0)""")
    read = """SELECT headers FROM pgmq.read('Jobs', 0, 10, '{"kind": "%s"}')"""
    assert column(queue, read % "a") == []
    assert column(queue, read % "b") == [{"h": 1}]
    assert sorted(column(queue, "SELECT msg_id FROM pgmq.read_with_poll('Jobs', 60, 10)")) == [3, 4]
    assert column(queue, "SELECT msg_id FROM pgmq.read_with_poll('Jobs', 60, 10, 0)") == []


def test_archived_messages_are_kept(queue: Connection) -> None:
    queue.execute("""SELECT pgmq.send_batch('Jobs', ARRAY['1', '2', '3']::jsonb[], 0)""")
    assert column(queue, "SELECT pgmq.archive('Jobs', 2)") == [True]
    assert column(queue, "SELECT pgmq.archive('Jobs', ARRAY[1, 2])") == [1]
    assert column(queue, "SELECT message FROM pgmq.a_jobs ORDER BY msg_id") == [1, 2]
    assert column(queue, "SELECT pgmq.purge_queue('Jobs')") == [1]
    assert column(queue, "SELECT count(*) FROM pgmq.q_jobs") == [0]


def test_queues_are_listed_and_measured(queue: Connection) -> None:
    queue.execute("SELECT pgmq.create('Jobs'), pgmq.create_unlogged('fast')")
    queue.execute("""SELECT pgmq.send('Jobs', '1'), pgmq.send('Jobs', '2', 60), pgmq.send('fast', '3')""")
    queue.execute("SELECT pgmq.delete('Jobs', 1)")
    rows = queue.execute("SELECT queue_name, is_partitioned, is_unlogged FROM pgmq.list_queues()").fetchall()
    assert rows == [("Jobs", False, False), ("fast", False, True)]
    measured = queue.execute(
        "SELECT queue_name, queue_length, queue_visible_length, total_messages, oldest_msg_age_sec < 60, scrape_time"
        " FROM pgmq.metrics_all()"
    ).fetchall()
    assert [row[:5] for row in measured] == [("Jobs", 1, 0, 2, True), ("fast", 1, 1, 1, True)]
    assert isinstance(measured[0][5], datetime.datetime)
    assert column(queue, "SELECT pgmq.drop_queue('fast')") == [True]
    assert column(queue, "SELECT pgmq.drop_queue('fast')") == [False]
    assert column(queue, "SELECT to_regclass('pgmq.q_fast') IS NULL AND to_regclass('pgmq.a_fast') IS NULL") == [True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("create_partitioned('parts')", "partitioned queues are not available: this is a stand-in for pgmq"),
        ("convert_archive_partitioned('parts')", "partitioned queues are not available: this is a stand-in for pgmq"),
        ("create('a;b')", "queue name contains invalid characters"),
        ("create(repeat('a', 48))", "queue name is too long, maximum length is 47 characters"),
        ("send_batch('Jobs', '{}'::jsonb[])", "msgs cannot be NULL or empty"),
        ("send('nowhere', '1')", 'relation "pgmq.q_nowhere" does not exist'),
    ],
)
def test_what_is_refused(queue: Connection, call: str, message: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        queue.execute(f"SELECT pgmq.{call}".encode())
    assert message in (caught.value.diag.message_primary or "")


def test_its_schema_is_fixed(database: Connection) -> None:
    with pytest.raises(psycopg.Error, match='extension "pgmq" must be installed in schema "pgmq"'):
        database.execute("DROP EXTENSION pgmq; CREATE EXTENSION pgmq SCHEMA public")
