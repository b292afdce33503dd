"""What PostgreSQL says is read, so it has to speak English, whatever language the user or the server has."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import psycopg
import pytest

from migrate_validate.postgres import Server, ServerOptions, open_server
from tests.support.servers import available_majors

raising: Any = import_module("migrate_validate.checks._existing_data.raising")
written: Any = import_module("migrate_validate.checks._existing_data.written")

MAJORS = pytest.mark.parametrize("major", available_majors())


def complaint(server: Server, user: str | None = None) -> str:
    """What a server says of a table that is not there."""
    with server.connect("postgres", user) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute("reset all; select * from nowhere")
    return str(caught.value.diag.message_primary)


ENGLISH = 'relation "nowhere" does not exist'


@MAJORS
def test_servers_of_ours_speak_english(monkeypatch: pytest.MonkeyPatch, major: int) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    with open_server(ServerOptions(major=major)) as server:
        assert complaint(server) == ENGLISH


@MAJORS
def test_others_are_asked_to_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch, major: int) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    with open_server(ServerOptions(major=major, postgres_options="-c lc_messages=C.UTF-8")) as theirs:
        if complaint(theirs) == ENGLISH:
            pytest.skip("this PostgreSQL has no translations")
        with theirs.connect("postgres") as connection:
            connection.execute("create role plain login createdb createrole")
        with open_server(ServerOptions(host=theirs.host, port=theirs.port, user=theirs.user)) as server:
            assert complaint(server) == ENGLISH
        with open_server(ServerOptions(host=theirs.host, port=theirs.port, user="plain")) as server:
            assert complaint(server) == "Relation »nowhere« existiert nicht"
            told(server)


def told(server: Server) -> None:
    """What is read of an error in another language: keys, the table that is referred to, and functions."""
    with server.create_database("language") as database, database.connect() as connection:
        connection.execute(
            "create table p (id int primary key); create table c (p int references p, q int unique);"
            "create function f() returns void language plpgsql as $$ begin\nraise exception 'no'; end $$;"
        )
        connection.execute("insert into c values (null, 1)")
        assert read(connection, "insert into c values (null, 1)", written.keys_of) == ["q"]
        assert read(connection, "insert into c values (5, 2)", written.parent_of) == "p"
        (frame,) = read(connection, "select f()", raising.frames)
        assert (frame.name, frame.line) == ("f", 2)


def read(connection: psycopg.Connection[Any], statement: str, reader: Any) -> Any:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(statement.encode())
    return reader(_Said(caught.value.diag.message_detail, caught.value.diag.context))


class _Said:
    def __init__(self, detail: str | None, context: str | None) -> None:
        self.detail, self.context = detail, context
