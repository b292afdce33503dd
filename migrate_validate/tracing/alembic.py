"""Runs the revisions of an Alembic project through Alembic and the project's own env.py."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import HeadMaintainer, MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from migrate_validate.tracing.child import Request, Trouble, serve
from migrate_validate.tracing.engines import lead
from migrate_validate.tracing.listening import replace
from migrate_validate.tracing.recorder import Recorder

_TOGETHER = ("55006", "55P04")
"""SQLSTATEs that a downgrade may owe to the transaction that it shares with its upgrade here, and nowhere else."""
_EACH = (
    "Alembic runs all revisions in one transaction, unless env.py says"
    " context.configure(transaction_per_migration=True): then each has one of its own."
)
_WITHIN_FLASK = re.compile(r"\bcurrent_app\b")


class _OwnTransactions(Exception):
    """A downgrade has a transaction of its own: it cannot be taken back."""


def run(request: Request, recorder: Recorder) -> None:
    """Run all revisions, or all of them with the way back of each behind it."""
    url = lead(request.server, recorder)
    config = _config(request.arguments, url)
    script = ScriptDirectory.from_config(config)
    recorder.hints = dict.fromkeys(_TOGETHER, _EACH)
    recorder.prepare({script.env_py_location})
    _mark_records(recorder)

    def upgrade(heads: Any, context: MigrationContext) -> Iterator[MigrationStep]:
        steps = script._upgrade_revs("heads", heads)
        back = _Back(script, context, recorder) if request.back else None
        if back is not None:
            context.on_version_apply_callbacks = (*context.on_version_apply_callbacks, back)
        for step in steps:
            request.load(step.revision.revision, recorder, _sending(context))
            if back is not None:
                back.step = step
                with recorder.phase("quiet"):
                    yield step
            else:
                recorder.begin(step.revision.revision, _files(step))
                yield step
                recorder.end()

    with EnvironmentContext(config, script, fn=upgrade, destination_rev="heads"):
        _within(script, script.run_env)


def _sending(context: MigrationContext) -> Callable[[str], object]:
    """What sends a text as it is over the connection of the revisions, whose tables nobody else may see yet."""

    def send(statement: str) -> None:
        assert context.connection is not None
        cursor = context.connection.connection.cursor()
        cursor.execute(statement)
        cursor.close()

    return send


class _Back:
    """Runs the way back of each step in the state that the step leaves, which it leaves behind too."""

    def __init__(self, script: ScriptDirectory, context: MigrationContext, recorder: Recorder) -> None:
        self._script = script
        self._context = context
        self._recorder = recorder
        self.step: Any = None

    def __call__(self, *, run_args: Any, heads: set[str], **_: Any) -> None:
        """Alembic has applied the step."""
        revision = self.step.revision
        down = MigrationStep.downgrade_from_script(self._script.revision_map, revision)
        self._recorder.begin(revision.revision, _files(down))
        try:
            try:
                with self._taken_back():
                    self._down(down, run_args, heads)
            except (_OwnTransactions, DBAPIError) as error:
                if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) not in _TOGETHER:
                    raise
                self._recorder.begin(revision.revision, _files(down))
                self._for_good(down, run_args, heads)
        except Exception as error:  # noqa: BLE001 - whatever it raises, the next step has a way back of its own
            self._recorder.fail(error)
        else:
            self._recorder.end()

    def _down(self, down: Any, run_args: Any, heads: set[str]) -> None:
        with self._recorder.phase("step"):
            down.migration_fn(**run_args)
        HeadMaintainer(self._context, heads).update_to_step(down)

    @contextlib.contextmanager
    def _taken_back(self) -> Iterator[None]:
        """What is done in the block is taken back; a transaction of its own would stay, and is refused."""
        assert self._context.connection is not None
        with self._recorder.phase("quiet"):
            savepoint = self._context.connection.begin_nested()
        block = MigrationContext.autocommit_block
        replace(MigrationContext, autocommit_block=_refused)
        try:
            yield
        finally:
            replace(MigrationContext, autocommit_block=block)
            with self._recorder.phase("quiet"):
                savepoint.rollback()

    def _for_good(self, down: Any, run_args: Any, heads: set[str]) -> None:
        """Go back in transactions of its own, and there again."""
        phase = self._recorder.phase
        with phase("quiet"), self._context.autocommit_block():
            pass
        with phase("step"):
            down.migration_fn(**run_args)
        with phase("quiet"), self._context.autocommit_block():
            pass
        with self._taken_back():
            HeadMaintainer(self._context, heads).update_to_step(down)
        with phase("quiet"):
            self.step.migration_fn(**run_args)


def _refused(_: MigrationContext) -> Any:
    raise _OwnTransactions


def _files(step: Any) -> set[str]:
    """The names of a revision's file, as frames have them."""
    module = step.revision.module
    functions = (getattr(module, name, None) for name in ("upgrade", "downgrade"))
    codes = (getattr(function, "__code__", None) for function in functions)
    return {str(module.__file__), *(code.co_filename for code in codes if code is not None)}


def _config(arguments: Any, url: URL) -> Config:
    config = Config(arguments.get("ini"), ini_section=arguments.get("section", "alembic"))
    if "location" in arguments:
        config.set_main_option("script_location", arguments["location"].replace("%", "%%"))
    for name in ("sqlalchemy.url", "url"):
        config.set_main_option(name, url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def _mark_records(recorder: Recorder) -> None:
    """What Alembic writes into its own table is no part of a revision."""
    update, ensure = HeadMaintainer.update_to_step, MigrationContext._ensure_version_table

    def update_to_step(self: HeadMaintainer, step: Any) -> None:
        with recorder.phase("records"):
            update(self, step)

    def ensure_version_table(self: MigrationContext, purge: bool = False) -> None:
        with recorder.phase("quiet"):
            ensure(self, purge)

    replace(HeadMaintainer, update_to_step=update_to_step)
    replace(MigrationContext, _ensure_version_table=ensure_version_table)


def _within(script: ScriptDirectory, work: Callable[[], None]) -> None:
    """Do it within the application of Flask, where env.py asks for one."""
    if not _WITHIN_FLASK.search(Path(script.env_py_location).read_text(encoding="utf-8", errors="replace")):
        work()
        return
    try:
        from flask.cli import ScriptInfo  # type: ignore[import-not-found]
    except ImportError:
        raise Trouble("env.py asks for a Flask application, and Flask is not installed", "install it here") from None
    with ScriptInfo().load_app().app_context():
        work()


if __name__ == "__main__":
    serve(run)
