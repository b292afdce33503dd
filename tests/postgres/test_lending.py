"""Copies that are lent to one reader after the other."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migrate_validate.postgres import Database, Server
from migrate_validate.postgres.lending import Lender


@pytest.fixture
def lender(server: Server) -> Iterator[Lender]:
    with server.create_database("lent") as lent:
        with lent.connect() as connection:
            connection.execute("create table t as select 1 as n")
        copies: list[Database] = []

        def copy() -> Database:
            copies.append(lent.clone("copy"))
            return copies[-1]

        lender = Lender(copy, 7)
        yield lender
        lender.close()
        for each in copies:
            each.drop()


def borrowed(lender: Lender, *statements: str) -> tuple[str, int]:
    """Database and session in which statements were run."""
    with lender.lend() as connection:
        for statement in statements:
            connection.execute(statement.encode())
        return connection.info.dbname, connection.info.backend_pid


def test_a_reader_gets_the_session_of_the_reader_before_it(lender: Lender) -> None:
    assert borrowed(lender, "select n from t") == borrowed(lender, "select n from t")


def test_nothing_of_a_session_is_left_to_the_next_reader(lender: Lender) -> None:
    first = borrowed(lender, "set role pg_monitor", "set search_path = nowhere", "set statement_timeout = 1")
    with lender.lend() as connection:
        assert connection.info.backend_pid == first[1]
        said = connection.execute(
            "select current_user = session_user, current_setting('search_path'), current_setting('statement_timeout')"
        ).fetchone()
    assert said == (True, '"$user", public', "7s")


def test_what_psycopg_has_prepared_can_be_used_again(lender: Lender) -> None:
    for _ in range(3):
        with lender.lend() as connection:
            assert [connection.execute("select n from t", prepare=True).fetchone() for _ in range(2)] == [(1,), (1,)]


def test_what_was_prepared_by_name_ends_the_session_but_not_the_copy(lender: Lender) -> None:
    first = borrowed(lender, "prepare p as select 1")
    second = borrowed(lender, "prepare p as select 1")
    assert (second[0], second[1] == first[1]) == (first[0], False)


def test_a_connection_that_was_changed_is_not_lent_again(lender: Lender) -> None:
    with lender.lend() as connection:
        database, session = connection.info.dbname, connection.info.backend_pid
        connection.row_factory = psycopg.rows.dict_row
    with lender.lend() as connection:
        assert (connection.info.dbname, connection.info.backend_pid == session) == (database, False)
        assert connection.execute("select n from t").fetchone() == (1,)


def test_two_borrowers_at_once_have_a_copy_each(lender: Lender) -> None:
    with lender.lend() as one, lender.lend() as other:
        assert one.info.dbname != other.info.dbname


def test_what_a_borrower_left_open_or_broken_is_not_lent_again(lender: Lender) -> None:
    first, _ = borrowed(lender, "begin")
    with lender.lend() as connection:
        second = connection.info.dbname
        connection.close()
    with pytest.raises(psycopg.errors.UndefinedTable):
        borrowed(lender, "select from nowhere")
    assert len({first, second, borrowed(lender)[0]}) == 3
