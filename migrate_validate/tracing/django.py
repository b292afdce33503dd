"""Runs the migrations of a Django project through Django, with the project's own settings."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from migrate_validate.tracing.child import Request, Trouble, serve
from migrate_validate.tracing.recorder import Recorder, said

_POSTGRESQL = "django.db.backends.postgresql"
_NOT_POSTGRESQL = ("sqlite", "mysql", "oracle", "dummy")
_OPTIONS = ("assume_role", "isolation_level", "options", "server_side_binding")
"""Of a database's OPTIONS, those that say nothing of the server."""
_PLACE = "_migrate_validate_place"


def run(request: Request, recorder: Recorder) -> None:
    """Tell the plan, where there is no server; else run all migrations, or the way back of each."""
    _note_places()
    _set_up(request)
    if request.server:
        from django.db import connection

        _Running(connection, recorder, request).run()
    else:
        recorder.tell(plan=list(_plan()), table=_table())


def _set_up(request: Request) -> None:
    if importlib.util.find_spec("django") is None:
        raise Trouble("Django is not installed here", "install migrate-validate[django] where the project runs")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", request.arguments["settings"])
    import django
    from django.conf import settings

    module = os.environ["DJANGO_SETTINGS_MODULE"]
    remedy = f"see that `python -c 'import {module}'` works in this directory; settings may come from the environment"
    try:
        databases = settings.DATABASES
    except (Exception, SystemExit) as error:
        raise Trouble(f"the settings {module} cannot be imported: {said(error)}", remedy) from error
    given = {alias: dict(options) for alias, options in databases.items()} or {"default": {}}
    databases.clear()
    databases.update({alias: _lead(options, request.server) for alias, options in given.items()})
    try:
        django.setup()
    except (Exception, SystemExit) as error:
        raise Trouble(f"Django cannot be set up with the settings {module}: {said(error)}", remedy) from error


def _lead(given: Mapping[str, Any], server: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a database that is ours, as far as they do not name another one."""
    engine = str(given.get("ENGINE") or _POSTGRESQL)
    options = given.get("OPTIONS") or {}
    return {
        **{name: value for name, value in given.items() if name in ("TIME_ZONE", "ATOMIC_REQUESTS")},
        "ENGINE": _POSTGRESQL if any(other in engine for other in _NOT_POSTGRESQL) else engine,
        "OPTIONS": {name: options[name] for name in _OPTIONS if name in options},
        "NAME": server.get("dbname", ""),
        "USER": server.get("user", ""),
        "PASSWORD": server.get("password", ""),
        "HOST": server.get("host", ""),
        "PORT": str(server.get("port", "")),
    }


def _plan() -> Iterator[dict[str, Any]]:
    """All migrations in the order of `manage.py migrate` on an empty database."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    conflicts = loader.detect_conflicts()
    if conflicts:
        told = "; ".join(f"{app}: {', '.join(sorted(names))}" for app, names in sorted(conflicts.items()))
        raise Trouble(f"several migrations are the last one of their app: {told}", "manage.py makemigrations --merge")
    seen = set()
    for target in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(target):
            if node in seen:
                continue
            seen.add(node)
            migration = loader.graph.nodes[node]
            yield {
                "key": ".".join(node),
                "app": node[0],
                "name": node[1],
                "path": _file(migration),
                "reversible": all(operation.reversible for operation in migration.operations),
                "after": [".".join(parent.key) for parent in loader.graph.node_map[node].parents],
            }


def _table() -> str:
    """What makes the table of applied migrations: its key depends on the settings."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(MigrationRecorder(connection).Migration)
    return "\n".join(editor.collected_sql)


def _file(migration: Any) -> str:
    return str(Path(str(sys.modules[type(migration).__module__].__file__)).resolve())


class _Running:
    """One run through all migrations."""

    def __init__(self, connection: Any, recorder: Recorder, request: Request) -> None:
        from django.db.migrations.executor import MigrationExecutor

        self._recorder = recorder
        self._executor = MigrationExecutor(connection)
        self._nodes = self._executor.loader.graph.nodes
        self._order = json.loads(request.arguments["order"])
        self._back = request.back
        self._load = functools.partial(request.load, recorder=recorder)
        _mark_records(recorder)
        _follow_deferred(recorder)

    def run(self) -> None:
        with self._recorder.phase("quiet"):
            self._executor.recorder.ensure_schema()
            state = self._executor._create_project_state(with_applied_migrations=True)
        for key in self._order:
            migration = self._nodes[tuple(key.split(".", 1))]
            for operation in migration.operations:
                _follow(operation, self._recorder)
            self._load(key)
            if "apps" not in state.__dict__:
                _ = state.apps  # rendered once, as Django does it
            state = self._there_and_back(key, migration, state) if self._back else self._there(key, migration, state)

    def _begin(self, key: str, migration: Any) -> None:
        module = sys.modules[type(migration).__module__]
        reason = "" if migration.atomic else "its Migration says atomic = False"
        self._recorder.begin(key, {str(module.__file__)}, reason)

    def _there(self, key: str, migration: Any, state: Any) -> Any:
        self._begin(key, migration)
        after = self._executor.apply_migration(state, migration)
        self._recorder.end()
        return after

    def _there_and_back(self, key: str, migration: Any, state: Any) -> Any:
        from django.db import transaction

        before = state.clone()
        with self._recorder.phase("quiet"):
            after = self._executor.apply_migration(state, migration)
        if not all(operation.reversible for operation in migration.operations):
            return after
        self._begin(key, migration)
        try:
            if migration.atomic:
                with transaction.atomic():
                    self._executor.unapply_migration(before, migration)
                    transaction.set_rollback(True)
                    self._recorder.end()
                return after
            self._executor.unapply_migration(before.clone(), migration)
        except Exception as error:  # noqa: BLE001 - the next one has a way back of its own
            self._recorder.fail(error)
            return after
        self._recorder.end()
        with self._recorder.phase("quiet"):
            return self._executor.apply_migration(before, migration)


def _note_places() -> None:
    """Let every operation know the line that made it, whatever made it."""
    from django.db.migrations.operations.base import Operation

    make = Operation.__new__

    def new(cls: Any, *arguments: Any, **options: Any) -> Any:
        operation = make(cls, *arguments, **options)
        setattr(operation, _PLACE, sys._getframe(1).f_lineno)
        return operation

    Operation.__new__ = new


def _follow(operation: Any, recorder: Recorder) -> None:
    """What an operation sends comes from its line."""
    for name in ("database_forwards", "database_backwards"):
        setattr(operation, name, _placed(getattr(operation, name), getattr(operation, _PLACE, None), recorder))
    for inner in getattr(operation, "database_operations", ()):
        _follow(inner, recorder)


def _placed(work: Any, line: int | None, recorder: Recorder) -> Any:
    @functools.wraps(work)
    def placed(app_label: str, schema_editor: Any, *states: Any) -> Any:
        outer, recorder.line = recorder.line, line
        known = len(schema_editor.deferred_sql)
        try:
            return work(app_label, schema_editor, *states)
        finally:
            for statement in schema_editor.deferred_sql[known:]:
                _DEFERRED.setdefault(id(statement), (statement, recorder.line))
            recorder.line = outer

    return placed


_DEFERRED: dict[int, tuple[Any, int | None]] = {}
"""Statements that are sent at the end of a migration, each with the line of its operation."""


def _follow_deferred(recorder: Recorder) -> None:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

    execute = BaseDatabaseSchemaEditor.execute

    def traced(self: Any, sql: Any, params: Any = ()) -> Any:
        if id(sql) not in _DEFERRED or recorder.line is not None:
            return execute(self, sql, params)
        recorder.line = _DEFERRED[id(sql)][1]
        try:
            return execute(self, sql, params)
        finally:
            recorder.line = None

    BaseDatabaseSchemaEditor.execute = traced


def _mark_records(recorder: Recorder) -> None:
    """What Django writes into its own table is no part of a migration."""
    from django.db.migrations.recorder import MigrationRecorder

    def marked(original: Any) -> Any:
        @functools.wraps(original)
        def write(*arguments: Any, **options: Any) -> Any:
            with recorder.phase("records"):
                return original(*arguments, **options)

        return write

    for name in ("record_applied", "record_unapplied"):
        setattr(MigrationRecorder, name, marked(getattr(MigrationRecorder, name)))


if __name__ == "__main__":
    serve(run)
