"""Has every connection of this process lead to the database of ours, and every statement be written down.

Whatever address a project's settings name, nothing can be sent there: psycopg connects to ours only, and drivers that
cannot be listened to are refused.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.copy import AsyncLibpqWriter, LibpqWriter
from psycopg.pq import TransactionStatus

from migrate_validate.tracing.recorder import Recorder, Refused

_KEPT = ("autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory")
"""Arguments of ``connect`` that say nothing of the server."""
_OTHERS = {
    "psycopg2": ("connect",),
    "asyncpg": ("connect", "create_pool"),
    "pg8000": ("connect",),
    "pg8000.dbapi": ("connect", "Connection"),
    "pg8000.native": ("Connection",),
}
"""Other drivers, and what opens a connection in them."""
_ENVIRONMENT = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}


def install(recorder: Recorder, server: Mapping[str, Any]) -> None:
    """Lead everybody to this server.

    :param server: the arguments of ``psycopg.connect``
    """
    for name in ("PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGPASSFILE", "PGOPTIONS"):
        os.environ.pop(name, None)
    os.environ.update({variable: str(server[key]) for key, variable in _ENVIRONMENT.items() if server.get(key)})
    _lead(psycopg.Connection, server)
    _lead(psycopg.AsyncConnection, server)
    psycopg.connect = psycopg.Connection.connect
    _listen(recorder)
    _listen_async(recorder)
    _refuse_others()


def refuse() -> None:
    """Let nobody connect to anything."""

    def connect(*_: Any, **__: Any) -> Any:
        raise psycopg.OperationalError("no database is connected to while migrations are only read")

    for connection_class in (psycopg.Connection, psycopg.AsyncConnection):
        replace(connection_class, connect=connect)
    psycopg.connect = connect
    _refuse_others()


def _refuse_others() -> None:
    for name, openers in _OTHERS.items():
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            with contextlib.suppress(ImportError):
                module = importlib.import_module(name)
                for opener in openers:
                    replace(module, **{opener: _refusing(name)})


def options_of(arguments: Mapping[str, Any]) -> str:
    """The ``options`` among the arguments of a connection: they may hold a search path."""
    return str(arguments.get("options") or "")


def _lead(connection_class: Any, server: Mapping[str, Any]) -> None:
    original = connection_class.connect.__func__

    def connect(cls: Any, /, conninfo: str = "", **arguments: Any) -> Any:
        asked = {**conninfo_to_dict(conninfo), **arguments}
        kept = {name: arguments[name] for name in _KEPT if name in arguments}
        options = " ".join(filter(None, [str(server.get("options") or ""), options_of(asked)]))
        return original(cls, "", **{**server, "options": options}, **kept)

    connection_class.connect = classmethod(connect)


def _refusing(driver: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Refused(
            f"a connection through {driver} is refused, since what is sent through it cannot be seen: "
            "use the connection that the migration is given, or psycopg"
        )

    return refuse


def _listen(recorder: Recorder) -> None:
    cursor_class, connection_class = psycopg.Cursor, psycopg.Connection
    executemany, copy = cursor_class.executemany, cursor_class.copy

    def traced_executemany(self: Any, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        values = list(params_seq)
        with _sending(recorder, self, query, *values):
            executemany(self, query, values, returning=returning)

    @contextlib.contextmanager
    def traced_copy(self: Any, statement: Any, params: Any = None, **_: Any) -> Iterator[Any]:
        sql, before = literal(self, statement, params), self.connection.info.transaction_status
        kept: list[bytes] = []

        class Writer(LibpqWriter):
            def write(self, data: Any) -> None:
                kept.append(bytes(data))
                super().write(data)

        with _telling(recorder, sql), copy(self, statement, params, writer=Writer(self)) as copying:
            yield copying
        recorder.sent(self.connection, self, sql, before, _text(kept))

    replace(cursor_class, executemany=traced_executemany, copy=traced_copy)
    # What a cursor on the server declares is a query like any other.
    for each in (psycopg.ServerCursor, cursor_class):
        replace(each, execute=_executing(recorder, each.execute))
        for name in ("fetchone", "fetchmany", "fetchall", "__iter__"):
            replace(each, **{name: _fetching(recorder, getattr(each, name))})
    commit, rollback, transaction = connection_class.commit, connection_class.rollback, connection_class.transaction

    def traced_commit(self: Any) -> None:
        commit(self)
        recorder.committed(self)

    def traced_rollback(self: Any) -> None:
        rollback(self)
        recorder.rolled_back(self)

    @contextlib.contextmanager
    def traced_transaction(self: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
        outer, count = self.info.transaction_status == TransactionStatus.IDLE, recorder.count
        if outer:
            recorder.begun(self)
        try:
            with transaction(self, *arguments, **options) as inner:
                yield inner
        except BaseException:
            recorder.forget(count)
            raise
        if options.get("force_rollback"):
            recorder.forget(count)
        elif outer:
            recorder.committed(self)

    replace(connection_class, commit=traced_commit, rollback=traced_rollback, transaction=traced_transaction)


def _listen_async(recorder: Recorder) -> None:
    cursor_class, connection_class = psycopg.AsyncCursor, psycopg.AsyncConnection
    execute, executemany, copy = cursor_class.execute, cursor_class.executemany, cursor_class.copy

    async def traced_execute(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        with _sending(recorder, self, query, params):
            return await execute(self, query, params, **options)

    async def traced_executemany(self: Any, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        values = list(params_seq)
        with _sending(recorder, self, query, *values):
            await executemany(self, query, values, returning=returning)

    @contextlib.asynccontextmanager
    async def traced_copy(self: Any, statement: Any, params: Any = None, **_: Any) -> AsyncIterator[Any]:
        sql, before = literal(self, statement, params), self.connection.info.transaction_status
        kept: list[bytes] = []

        class Writer(AsyncLibpqWriter):
            async def write(self, data: Any) -> None:
                kept.append(bytes(data))
                await super().write(data)

        with _telling(recorder, sql):
            async with copy(self, statement, params, writer=Writer(self)) as copying:
                yield copying
        recorder.sent(self.connection, self, sql, before, _text(kept))

    replace(cursor_class, execute=traced_execute, executemany=traced_executemany, copy=traced_copy)
    for name in ("fetchone", "fetchmany", "fetchall"):
        replace(cursor_class, **{name: _fetching(recorder, getattr(cursor_class, name))})
    commit, rollback = connection_class.commit, connection_class.rollback

    async def traced_commit(self: Any) -> None:
        await commit(self)
        recorder.committed(self)

    async def traced_rollback(self: Any) -> None:
        await rollback(self)
        recorder.rolled_back(self)

    replace(connection_class, commit=traced_commit, rollback=traced_rollback)


def _executing(recorder: Recorder, original: Any) -> Any:
    @functools.wraps(original)
    def execute(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        with _sending(recorder, self, query, params):
            return original(self, query, params, **options)

    return execute


def replace(owner: Any, **members: Any) -> None:
    """Put others in the place of members of a class or a module, for the rest of this process."""
    for name, member in members.items():
        setattr(owner, name, member)


def _fetching(recorder: Recorder, original: Any) -> Any:
    @functools.wraps(original)
    def fetch(self: Any, *arguments: Any, **options: Any) -> Any:
        recorder.fetched(self)
        return original(self, *arguments, **options)

    return fetch


@contextlib.contextmanager
def _sending(recorder: Recorder, cursor: Any, query: Any, *values: Any) -> Iterator[None]:
    """A statement with each of these values is carried out in the block, or refused."""
    before = cursor.connection.info.transaction_status
    texts = [literal(cursor, query, each) for each in values]
    with _telling(recorder, texts[-1] if texts else str(query)):
        yield
    for text in texts:
        recorder.sent(cursor.connection, cursor, text, before)
        before = cursor.connection.info.transaction_status


@contextlib.contextmanager
def _telling(recorder: Recorder, sql: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        recorder.failed(sql, error)
        raise


def literal(cursor: Any, query: Any, params: Any) -> str:
    """A statement with its parameters written into it."""
    if isinstance(query, str) and (params is None or (not params and "%" not in query)):
        return query
    asynchronous = inspect.iscoroutinefunction(type(cursor.connection).close)
    writer = (psycopg.AsyncClientCursor if asynchronous else psycopg.ClientCursor)(cursor.connection)
    return str(writer.mogrify(query, params))


def _text(kept: list[bytes]) -> str | None:
    """The rows of a COPY; None where it was sent none."""
    return b"".join(kept).decode() if kept else None
