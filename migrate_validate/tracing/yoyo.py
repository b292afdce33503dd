"""Runs the migrations of yoyo through yoyo: what they send is told of those in Python."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import quote, urlencode

from migrate_validate.tracing.child import Request, Trouble, serve
from migrate_validate.tracing.recorder import Recorder

_PLACE = "_migrate_validate_place"


def run(request: Request, recorder: Recorder) -> None:
    """Run all migrations, or the ways back of those in Python."""
    if importlib.util.find_spec("yoyo") is None:
        raise Trouble("yoyo is not installed here", "install yoyo-migrations where migrate-validate runs")
    from yoyo import get_backend, read_migrations

    _note_places(recorder)
    with recorder.phase("quiet"):
        backend = get_backend(_address(request))
        backend.ensure_internal_schema_updated()
    migrations = {each.id: each for each in read_migrations(request.arguments["directory"])}
    for name in json.loads(request.arguments["order"]):
        request.load(name, recorder)
        migration = migrations[name]
        migration.load()
        in_python = not migration.is_raw_sql()
        with recorder.phase("quiet"):
            _apply(backend, migration, recorder if in_python and not request.back else None)
            if in_python and request.back:
                _back(backend, migration, recorder)


def _apply(backend: Any, migration: Any, recorder: Recorder | None) -> None:
    """Apply a migration as yoyo does; what it writes down itself is not told, for that is known without running it."""
    with backend.copy() as copy:
        if recorder is not None:
            recorder.begin(migration.id, _files(migration), _reason(migration))
        migration.process_steps(copy, "apply")
        if recorder is not None:
            recorder.end()


def _back(backend: Any, migration: Any, recorder: Recorder) -> None:
    """Take a migration back, and that back again."""
    recorder.begin(migration.id, _files(migration), _reason(migration))
    try:
        with backend.copy() as copy:
            if migration.use_transactions:
                copy.commit = _instead_of_commit(copy, recorder)
                migration.process_steps(copy, "rollback")
                return
            migration.process_steps(copy, "rollback")
    except Exception as error:  # noqa: BLE001 - the next one has a way back of its own
        recorder.fail(error)
        return
    recorder.end()
    _apply(backend, migration, None)


def _instead_of_commit(backend: Any, recorder: Recorder) -> Callable[[], None]:
    def commit() -> None:
        recorder.end()
        backend.rollback()

    return commit


def _reason(migration: Any) -> str:
    return "" if migration.use_transactions else "it says __transactional__ = False"


def _files(migration: Any) -> set[str]:
    return {str(migration.path), str(getattr(migration.module, "__file__", ""))}


def _address(request: Request) -> str:
    server = request.server
    user = quote(str(server["user"])) + (f":{quote(str(server['password']))}" if server.get("password") else "")
    options = urlencode({"host": server["host"], "port": server["port"]})
    return f"postgresql+psycopg://{user}@/{server['dbname']}?{options}"


def _note_places(recorder: Recorder) -> None:
    """Let every step know the line that made it, and send no more than the migration says."""
    from yoyo.migrations import MigrationStep, StepCollector

    add, apply, rollback = StepCollector.add_step, MigrationStep.apply, MigrationStep.rollback

    def add_step(self: Any, *arguments: Any, **options: Any) -> Any:
        line = _line(self.migration)
        make = add(self, *arguments, **options)

        def placed(use_transactions: bool) -> Any:
            step = make(use_transactions)
            inner = step
            while not isinstance(inner, MigrationStep):
                inner = inner.step
            setattr(inner, _PLACE, line)
            return step

        self.steps[placed] = self.steps.pop(make)
        return placed

    def at_its_place(work: Any) -> Any:
        def placed(self: Any, *arguments: Any, **options: Any) -> None:
            recorder.line = getattr(self, _PLACE, None)
            work(self, *arguments, **options)

        return placed

    StepCollector.add_step = add_step
    MigrationStep.apply, MigrationStep.rollback = at_its_place(apply), at_its_place(rollback)
    # yoyo prints what a statement finds, which is no reading of the migration.
    MigrationStep._execute = lambda _self, cursor, statement, _out=None: cursor.execute(statement)


def _line(migration: Any) -> int | None:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename == migration.path:
            return frame.f_lineno
        frame = frame.f_back
    return None


if __name__ == "__main__":
    serve(run)
