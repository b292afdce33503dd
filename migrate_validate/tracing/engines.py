"""Has every engine of SQLAlchemy that a project makes lead to the database of ours."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import sqlalchemy
import sqlalchemy.engine
import sqlalchemy.engine.create
from sqlalchemy import URL, event
from sqlalchemy.engine import Engine

from migrate_validate.tracing.child import Trouble
from migrate_validate.tracing.listening import options_of, replace
from migrate_validate.tracing.recorder import Recorder

_KEPT = (
    "_is_async",
    "execution_options",
    "insertmanyvalues_page_size",
    "isolation_level",
    "json_deserializer",
    "json_serializer",
    "poolclass",
    "use_insertmanyvalues",
)
"""What an engine is made with that says nothing of the server or of another driver."""


def lead(server: Mapping[str, Any], recorder: Recorder) -> URL:
    """Replace what makes engines, before a project is imported; asynchronous engines are made by the same function.

    :param server: the arguments of ``psycopg.connect``
    :return: the address of ours, for those who read it
    """
    if int(sqlalchemy.__version__.partition(".")[0]) < 2:
        raise Trouble(
            f"SQLAlchemy {sqlalchemy.__version__} is installed here, which does not know psycopg 3",
            "install sqlalchemy>=2 where migrate-validate runs",
        )
    query = {"host": str(server["host"]), "port": str(server["port"])}
    url = URL.create(
        "postgresql+psycopg", server["user"], server.get("password"), database=server["dbname"], query=query
    )
    create = sqlalchemy.engine.create.create_engine

    def create_engine(_: Any = None, **asked: Any) -> Any:
        kept = {name: asked[name] for name in _KEPT if name in asked}
        return create(url, connect_args={"options": _options(asked.get("connect_args") or {})}, **kept)

    for module in (sqlalchemy, sqlalchemy.engine, sqlalchemy.engine.create):
        replace(module, create_engine=create_engine)

    @event.listens_for(Engine, "before_cursor_execute")
    def _(connection: Any, *_: Any) -> None:
        # An asynchronous driver works where the migration cannot be seen among the frames.
        if connection.dialect.is_async:
            recorder.line = None
            recorder.line = recorder.place()

    return url


def _options(arguments: Mapping[str, Any]) -> str:
    """What the session is to begin with, such as a search path, for psycopg."""
    settings = arguments.get("server_settings") or {}
    return " ".join([options_of(arguments), *(f"-c {shlex.quote(f'{name}={settings[name]}')}" for name in settings)])
