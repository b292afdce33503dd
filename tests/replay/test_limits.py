"""What waits or loops is ended and reported; a lost connection is a failure, a lost server an error."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migrate_validate.config import Settings
from migrate_validate.errors import ServerError
from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay import watchdog
from migrate_validate.replay.replay import replay_chain
from migrate_validate.replay.watchdog import Watchdog
from tests.replay.chains import FAST, chain_at, failure_of, only, outcomes, timeline
from tests.support.servers import available_majors

SHORT = Settings(statement_timeout=0.4, lock_timeout=0.2)
RAISE = "Raise statement_timeout in the configuration if it has to take that long."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("select 1;\nselect pg_sleep(60);", id="waits"),
        pytest.param("set statement_timeout = 0;\nselect pg_sleep(60);", id="waits without a limit"),
        pytest.param("select 1;\ndo $$ begin loop perform 1; end loop; end $$;", id="loops"),
        pytest.param(
            "set statement_timeout = 0;\ndo $$ begin loop perform 1; end loop; end $$;", id="loops without a limit"
        ),
    ],
)
def test_what_takes_too_long_is_ended(server: Server, tmp_path: Path, text: str) -> None:
    started = time.monotonic()
    happened = timeline(server, tmp_path, {"001_slow.sql": text, "002_next.sql": "select 1;"}, SHORT)
    assert time.monotonic() - started < 10
    assert outcomes(happened) == ["failed", "not-reached"]
    failure = failure_of(happened.steps[0].run)
    assert failure.message == "the statement ran longer than 0.4 s and was stopped"
    assert failure.hint == RAISE
    assert str(failure.location) == "001_slow.sql:2:1"


def test_who_ignores_the_request_to_stop_loses_the_session(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 0.3)
    text = """set statement_timeout = 0;
do $$ begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end $$;"""
    failure = failure_of(only(server, tmp_path, text, SHORT))
    assert failure.message == "the statement ran longer than 0.4 s and was stopped"
    assert failure.sqlstate == "57P01"


def test_the_connection_is_cut_where_the_session_cannot_be_ended(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 0.3)

    def refuse() -> psycopg.Connection[tuple[object, ...]]:
        raise psycopg.OperationalError("no way")

    text = "do $$ begin loop begin perform pg_sleep(5); exception when query_canceled then null; end; end loop; end $$"
    with server.create_database("cut") as database, database.connect() as connection:
        with Watchdog(connection, 0.2, refuse) as watching:
            with pytest.raises(psycopg.OperationalError), watching.limit():
                connection.execute(text)
            assert watching.fired
        assert connection.closed


def test_a_wait_for_a_lock_ends(server: Server, tmp_path: Path) -> None:
    """Nobody else is connected to the database of a run: the lock is on a relation that all databases share."""
    files: dict[str, str | bytes] = {"001_lock.sql": "select 1;\nlock table pg_shdescription;"}
    settings = replace(SHORT, statement_timeout=20)
    with server.connect("postgres") as other, other.transaction(force_rollback=True):
        other.execute("lock table pg_shdescription")
        replay = replay_chain(chain_at(tmp_path, files), settings, server, ENVIRONMENTS["plain"])
    replay.database.drop()
    failure = failure_of(replay.timeline.steps[0].run)
    assert failure.sqlstate == "55P03"
    assert str(failure.location) == "001_lock.sql:2:1"
    assert (
        failure.hint == "Another session holds the lock: it was waited for 0.2 s (lock_timeout in the configuration)."
    )


def test_a_migration_that_ends_its_own_session_fails(server: Server, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "001_fine.sql": "create table t ();",
        "002_ends.sql": "select 1;\nselect pg_terminate_backend(pg_backend_pid());",
        "003_never.sql": "select 1;",
    }
    happened = timeline(server, tmp_path, files)
    assert outcomes(happened) == ["applied", "failed", "not-reached"]
    failure = failure_of(happened.steps[1].run)
    assert failure.sqlstate == "57P01"
    assert str(failure.location) == "002_ends.sql:2:1"
    assert server.alive()


@pytest.mark.parametrize("major", available_majors())
def test_a_server_that_dies_is_an_error_with_its_log(major: int, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"001_ok.sql": "select 1;", "002_wait.sql": "select pg_sleep(30);"}
    with open_server(ServerOptions(major=major)) as own:
        postmaster = int((Path(own.host) / "data" / "postmaster.pid").read_text().split()[0])

        def kill_when_asleep() -> None:
            with own.connect("postgres") as connection:
                while not connection.execute(
                    "select from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()"
                ).fetchall():
                    time.sleep(0.02)
            os.kill(postmaster, signal.SIGQUIT)

        killer = threading.Thread(target=kill_when_asleep)
        killer.start()
        started = time.monotonic()
        with pytest.raises(ServerError) as caught:
            replay_chain(chain_at(tmp_path, files), FAST, own, ENVIRONMENTS["plain"])
        killer.join()
        assert time.monotonic() - started < 15
    assert "died in the middle of the run. The last lines of its log:" in str(caught.value)
    assert "immediate shutdown request" in str(caught.value)
