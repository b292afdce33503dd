"""What the hosted Supabase refuses, though it works where migrations run as a superuser."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.postgres.environments import SUPABASE
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Outcome
from migrate_validate.rules import rule

from ._hosted.refusals import Refusal, Stuck, refusals


@rule(severity=Severity.ERROR)
def hosted_refuses(stage: Stage) -> Iterator[Result]:
    """A statement that the hosted Supabase does not let a migration run.

    There migrations run as ``postgres``, which is no superuser, may create nothing in ``auth``, ``storage`` and
    ``realtime``, and owns none of their tables. Each statement is tried as that role; what PostgreSQL refuses to it is
    a finding, unless the service's own extension (supautils) carries it out: policies on its tables, extensions that it
    offers, event triggers, publications, foreign data wrappers, some settings.
    Of a DO block or a function, the statement that was refused first is looked at.

    Why: the migration works on a laptop, and ``supabase db push`` stops at it.
    Fix: leave the statement out, or create the object in a schema of your own.
    """
    if stage.environment.name != SUPABASE.name:
        yield NotApplicable(f"the environment is {stage.environment.name}, not {SUPABASE.name}")
        return
    if stage.step.run.outcome is not Outcome.APPLIED:
        yield NotApplicable("the migration could not be applied")
        return
    with stage.trial(stage.migration.up) as trial:
        if not stage.ours:
            yield Unproven("the server is not ours: its role postgres is left as it is, a superuser perhaps")
            return
        try:
            for refusal in refusals(trial.connection, stage.migration.up):
                yield _finding(refusal)
        except Stuck as stuck:
            yield Unproven(f"what follows could not be tried as the role postgres of the service: {stuck}")


def _finding(refusal: Refusal) -> Finding:
    statement = refusal.statement
    evidence = {"SQLSTATE": refusal.sqlstate or "", **({"in": refusal.inner} if refusal.inner else {})}
    return Finding(
        f"the hosted service refuses this: {refusal.message}",
        location=statement.location,
        statement=statement.sql,
        evidence=evidence,
        fix=_fix(refusal),
    )


def _fix(refusal: Refusal) -> str:
    if refusal.message.startswith("permission denied for schema"):
        return "create it in a schema of your own; auth, storage and realtime belong to the service"
    if refusal.statement.kind == "alter_default_privileges":
        return "leave it out: the service keeps its own default privileges for its roles"
    return "leave it out, or ask for what it does in the dashboard of the project"
