"""The chain itself: whether its files can be used, apply, and pass their own verification."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from migrate_validate.chain.model import Chain, Migration
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, Step, Timeline
from migrate_validate.rules import rule

from ._shared import Connection, count_of
from ._verification import verify


@rule(severity=Severity.ERROR)
def applies(step: Step) -> Iterator[Result]:
    """A migration that PostgreSQL refuses.

    A migration that was not reached, because one before it failed, is not judged.

    Why: the deployment stops here, with everything before it applied.
    Fix: repair the statement; the message says what can be done where an object is missing.
    """
    if step.run.failure is not None:
        yield _failed(step.run, step.run.failure, step.advice, step.applied_before)
    elif step.run.outcome is Outcome.NOT_REACHED:
        yield NotApplicable(f"not reached: {_culprit(step)} failed")


def _culprit(step: Step) -> str:
    """The file before this migration that failed."""
    applied = {*step.applied_before, step.migration.file}
    before = step.chain.migrations[: _position(step.chain, step.migration)]
    return next((each.file for each in before if each.file not in applied), "a base or seed file before it")


def _position(chain: Chain, migration: Migration) -> int:
    return next((i for i, each in enumerate(chain.migrations) if each.file == migration.file), 0)


@rule(severity=Severity.ERROR)
def seed_applies(timeline: Timeline) -> Iterator[Result]:
    """A seed file that PostgreSQL refuses.

    Why: developers and previews start from this data, and get none or a part of it.
    Fix: repair the statement; insert the rows that others refer to first.
    """
    if not timeline.seeds:
        yield NotApplicable("the chain has no seed file")
    elif all(seed.run.outcome is Outcome.NOT_REACHED for seed in timeline.seeds):
        yield NotApplicable("not reached: a file before the seeds failed")
    applied = [run.script.file for run in (*timeline.base, *(step.run for step in timeline.steps)) if not run.failure]
    for seed in timeline.seeds:
        if seed.run.failure is not None:
            yield _failed(seed.run, seed.run.failure, seed.advice, applied)


def _failed(run: ScriptRun, failure: Failure, advice: Sequence[str], applied: Sequence[str]) -> Finding:
    code = f" (SQLSTATE {failure.sqlstate})" if failure.sqlstate else ""
    done = len(run.statements)
    reported = {
        "sqlstate": failure.sqlstate,
        "detail": failure.detail,
        "hint": failure.hint,
        "context": failure.context,
        "constraint": failure.constraint,
    }
    return Finding(
        f"{run.script.file} cannot be applied: {failure.message}{code}",
        object=".".join(part for part in (failure.schema, failure.table, failure.column) if part) or None,
        location=failure.location,
        statement=failure.statement,
        evidence={
            **{name: value for name, value in reported.items() if value},
            "transaction": run.mode.value,
            "before": f"{done} of {count_of(run.total_statements, 'statement')} had succeeded",
            "applied": list(applied),
        },
        fix="\n".join(advice),
    )


@rule(severity=Severity.ERROR)
def verifies(connection: Connection, chain: Chain) -> Iterator[Result]:
    """A verification script with a query that fails.

    A query fails by an error, by a cell that says FAIL, FAILED or ERROR, by false in a column named ok, passed, success
    or exists (or ending so), by pgTAP's ``not ok``, and by a notice that begins with FAIL or ERROR. An info lists the
    queries of each script that passed.

    Why: the authors of the chain wrote down what must hold afterwards, and it does not.
    Fix: run the statement on the migrated database; correct the migration, or the verification.
    """
    scripts = [*chain.verifications, *(each.verify for each in chain.migrations if each.verify)]
    if not scripts:
        yield NotApplicable("the chain has no verification script")
    for script in scripts:
        yield from verify(connection, script)


@rule(severity=Severity.WARNING)
def duplicate_version(chain: Chain) -> Iterator[Result]:
    """Several migrations with one version.

    Why: tools that record versions apply only one of them, and their order hangs on the file system.
    Fix: give each file a version of its own, in the order in which they must run.
    """
    if not chain.migrations:
        yield NotApplicable("the chain has no migration")
    same: dict[str, list[str]] = defaultdict(list)
    for migration in chain.migrations:
        same[migration.version].append(migration.file)
    for version, files in same.items():
        if len(files) > 1:
            yield Finding(
                f"{len(files)} files have the version {version}; they are applied in this order: {', '.join(files)}",
                location=Location(files[1]),
                evidence={"version": version, "files": files},
            )


@rule(severity=Severity.INFO)
def set_aside_file(chain: Chain) -> Iterator[Result]:
    """A file beside the migrations that is not applied.

    Why: a file that everybody believes to be a migration may never run.
    Fix: nothing, if it is none; otherwise give it a name as the migrations have.
    """
    for each in chain.set_aside:
        yield Finding(f"{each.file} is set aside: {each.reason}", location=Location(each.file))


@rule(severity=Severity.ERROR)
def unusable_file(chain: Chain) -> Iterator[Result]:
    """A file of the chain that cannot be read.

    Why: what it holds is neither applied nor checked.
    Fix: save it as UTF-8 and make it readable.
    """
    beside = [script for each in chain.migrations for script in (each.down, each.verify) if script]
    for script in (*chain.scripts, *beside, *chain.verifications):
        if script.problem:
            yield Finding(f"{script.file} cannot be used: {script.problem}", location=Location(script.file))
