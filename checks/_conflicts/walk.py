"""Goes through a script on a trial, and looks before and after each statement, or before and after all of them."""

from __future__ import annotations

from collections.abc import Callable

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Script, Statement
from migrate_validate.chain.statements import statements
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Failure
from migrate_validate.replay.trial import Trial


def walk(
    trial: Trial,
    script: Script,
    before: Callable[[Statement], None],
    after: Callable[[Statement], None] = lambda _: None,
) -> tuple[tuple[Statement, Failure], ...]:
    """Try every statement of a script; those that fail, which leave nothing, and why.

    :param before: is called before a statement, in the state that those before it left
    :param after: is called after a statement, whatever became of it
    :raises ScriptError: when the script cannot be turned into statements
    """
    coming = iter(statements(script))

    def look() -> None:
        statement = next(coming, None)
        if statement is not None and not trial.connection.closed:
            before(statement)

    def next_one(done: Statement) -> None:
        after(done)
        look()

    look()
    return trial.each(script, next_one)


def around(stage: Stage) -> tuple[Catalog, Catalog, Failure | None]:
    """The schema before and after a migration; and why it failed, where it did so on a copy as well."""
    for clone in (False, True):
        with stage.trial(stage.migration.up, clone=clone, own_rows=True) as trial:
            before = trial.catalog()
            failed = trial.apply(stage.migration.up).failure
            if failed is None:
                return before, trial.catalog(), None
    return before, before, failed
