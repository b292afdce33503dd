"""What the hosted Supabase refuses, though it works where migrations run as a superuser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate_validate.chain.model import Chain, Script, TransactionMode
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.postgres.environments import SUPABASE
from migrate_validate.replay.plan import plan
from migrate_validate.replay.stages import Stage, Stages
from migrate_validate.replay.timeline import Outcome, Timeline
from migrate_validate.replay.trial import Trial
from migrate_validate.results import Results
from migrate_validate.rules import rule

from ._hosted.refusals import Refusal, Stuck, refusals

_NOT_OURS = "the server is not ours: its role postgres is left as it is, a superuser perhaps"


@rule(severity=Severity.ERROR)
def hosted_refuses(stage: Stage) -> Iterator[Result]:
    """A statement that the hosted Supabase does not let a migration run.

    There migrations run as ``postgres``, which is no superuser, may create nothing in ``auth``, ``storage`` and
    ``realtime``, and owns none of their tables. Each statement is tried as that role; what PostgreSQL refuses to it is
    a finding, unless the service's own extension (supautils) carries it out: policies on its tables, extensions that it
    offers, event triggers, publications, foreign data wrappers, some settings. It guards the roles of the service, too:
    only settings of those that the API uses may be changed, and nobody is made a member of some.
    What a DO block or a function in plpgsql is refused is done by a superuser, and it goes on: all that runs is tried,
    up to a COMMIT of its own.

    Why: the migration works on a laptop, and ``supabase db push`` stops at it.
    Fix: leave the statement out, or create the object in a schema of your own.
    """
    if stage.environment.name != SUPABASE.name:
        yield NotApplicable(f"the environment is {stage.environment.name}, not {SUPABASE.name}")
        return
    if stage.step.run.outcome is not Outcome.APPLIED:
        yield NotApplicable("the migration could not be applied")
        return
    with stage.trial(stage.migration.up, own_rows=True) as trial:
        if not stage.ours:
            yield Unproven(_NOT_OURS)
            return
        try:
            for refusal in refusals(trial.connection, stage.migration.up):
                yield _finding(refusal)
        except Stuck as stuck:
            yield Unproven(f"what follows could not be tried as the role postgres of the service: {stuck}")
    _behind(stage)  # Kept for hosted-refuses-seed: going through all states once more would take a server of its own.


@rule(severity=Severity.ERROR)
def hosted_refuses_seed(chain: Chain, timeline: Timeline, stages: Stages, results: Results) -> Iterator[Result]:
    """A statement of a seed or a base file that the hosted Supabase does not let run.

    They are tried where they come in the chain, as hosted-refuses tries migrations. A base file stands for what the
    project has already, so what would be refused of it is information.

    Why: ``supabase db push --include-seed`` stops at it, and a base file that cannot be applied to another project
    is no base for one.
    Fix: leave the statement out, or keep such a seed for databases on a laptop.
    """
    if stages.environment.name != SUPABASE.name:
        yield NotApplicable(f"the environment is {stages.environment.name}, not {SUPABASE.name}")
        return
    if not chain.base and not chain.seeds:
        yield NotApplicable("the chain has no seed and no base file")
        return
    if not timeline.migrated:
        yield NotApplicable("the chain could not be applied")
        return
    if chain.base or _seeds(chain, 0):
        yield from _before_all(chain, stages)
    for step in timeline.steps:
        stage = stages.before(step)
        if _seeds(chain, _number(stage) + 1):
            results.of("hosted-refuses", step.migration.file)  # It goes through the states in their order.
            yield from _behind(stage)


def _seeds(chain: Chain, index: int) -> list[Script]:
    """The seeds that come before the migration with this index; behind the last one with the index after it."""
    version = chain.migrations[index].version if index < len(chain.migrations) else None
    return [seed.script for seed in chain.seeds_before(version)]


def _number(stage: Stage) -> int:
    return stage.chain.migrations.index(stage.migration)


def _before_all(chain: Chain, stages: Stages) -> Iterator[Result]:
    """What is refused of base files and of the seeds before the first migration."""
    for script, trial in stages.before_all():
        if trial.database is None or not trial.database.server.ours:
            yield Unproven(_NOT_OURS)
            return
        yield from _tried(trial, script, Severity.INFO if script in chain.base else None)


def _behind(stage: Stage) -> tuple[Result, ...]:
    """What is refused of the seeds that come right behind a migration."""
    seeds = _seeds(stage.chain, _number(stage) + 1)

    def examination(trial: Trial) -> Iterator[Result]:
        if not stage.ours:
            yield Unproven(_NOT_OURS)
            return
        run = stage.apply(trial)
        if run.failure is not None:
            yield Unproven(f"{run.failure.location}: the migration before the seeds fails: {run.failure.message}")
            return
        for script in seeds:
            yield from _tried(trial, script)
            trial.apply(script)

    def work() -> tuple[Result, ...]:
        return stage.examine((stage.migration.up, *seeds), examination, own_rows=True)

    return stage.once("seeds as the hosted postgres", work) if seeds else ()


def _tried(trial: Trial, script: Script, severity: Severity | None = None) -> Iterator[Result]:
    """What is refused of a script; nothing of it stays."""
    if plan(script).mode is not TransactionMode.FILE:
        yield Unproven(
            f"{script.file} is no single transaction: it could not be tried as the role postgres of the service"
        )
        return
    with trial.connection.transaction(force_rollback=True):
        try:
            for refusal in refusals(trial.connection, script):
                yield replace(_finding(refusal), severity=severity)
        except Stuck as stuck:
            yield Unproven(f"what follows could not be tried as the role postgres of the service: {stuck}")


def _finding(refusal: Refusal) -> Finding:
    evidence = {"SQLSTATE": refusal.sqlstate or "", **({"in": refusal.inner} if refusal.inner else {})}
    return Finding(
        f"the hosted service refuses this: {refusal.message}",
        location=refusal.location,
        statement=refusal.sql,
        evidence=evidence,
        fix=_fix(refusal),
    )


def _fix(refusal: Refusal) -> str:
    if refusal.message.startswith("permission denied for schema"):
        return "create it in a schema of your own; auth, storage and realtime belong to the service"
    if refusal.statement.kind == "alter_default_privileges":
        return "leave it out: the service keeps its own default privileges for its roles"
    return "leave it out, or ask for what it does in the dashboard of the project"
