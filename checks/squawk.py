"""squawk, where it is installed: what another linter guesses from the text, beside what was seen here."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_validate.chain.ignores import SQUAWK, statement_at
from migrate_validate.chain.squawk import CANNOT_READ, Guess, Squawk, SquawkTrouble
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven, Verdict
from migrate_validate.replay.timeline import Step
from migrate_validate.results import Results
from migrate_validate.rules import Registry, Rule, rule

_OF_THE_FILE = frozenset({"require-lock-timeout", "require-timeout-settings"})
"""What squawk says of every statement, and the rule of ours once a migration."""


@rule(severity=Severity.INFO, aliases=[f"{SQUAWK}*"])
def squawk(step: Step, linter: Squawk, registry: Registry, results: Results) -> Iterator[Result]:
    """What squawk says of the text of a migration, where it is installed.

    What a rule of this tool decides by execution is left to that rule: its finding names squawk in its evidence, and
    where it ran and found nothing, squawk's is shown as not confirmed. Where it could not decide, squawk's stands.

    Why: some risks are not to be seen on the server, such as a client that still reads a dropped column.
    Fix: follow its advice, or say why not: "-- migrate-validate: ignore squawk:RULE: reason", "-- squawk-ignore RULE".
    """
    if not linter.installed:
        yield NotApplicable("squawk is not installed: pip install 'migrate-validate[squawk]'")
        return
    file = step.migration.file
    try:
        guesses = linter.guesses(file)
    except SquawkTrouble as trouble:
        yield Unproven(f"squawk could not be asked: {trouble}")
        return
    unread = next((guess for guess in guesses if guess.rule == CANNOT_READ), None)
    if unread is not None:
        yield Unproven(f"squawk cannot read {unread.location}: {unread.message}")
    for guess in guesses:
        if guess.rule == CANNOT_READ:
            continue
        own = registry.find(SQUAWK + guess.rule)
        if own is None or own.check == "squawk":
            yield _told(step, guess)
        else:
            yield from _compared(step, guess, own, results)


def _compared(step: Step, guess: Guess, own: Rule, results: Results) -> Iterator[Result]:
    """A guess about what a rule of ours decides."""
    said = results.of(own.name, step.migration.file if own.scope.of_migration else None)
    if said is None:
        return  # who turned the rule off does not want to hear of it
    statement = statement_at(step.migration.up, guess.location)
    known = [each.location for each in (*said.findings, *(each.finding for each in said.ignored)) if each.location]
    whole = guess.rule in _OF_THE_FILE
    if any(whole or statement_at(step.migration.up, place) == statement for place in known):
        return
    if said.reason:
        word = "does not apply" if said.verdict is Verdict.SKIPPED else "could not decide it"
        yield _told(step, guess, f"{own.name} {word}: {said.reason}")
    else:
        yield _told(step, guess, f"not confirmed by execution: {own.name} found nothing here", Severity.INFO)


def _told(step: Step, guess: Guess, remark: str = "", severity: Severity | None = None) -> Finding:
    statement = statement_at(step.migration.up, guess.location)
    return Finding(
        f"{guess.rule}: {guess.message}{f' ({remark})' if remark else ''}",
        location=guess.location,
        statement=statement.sql if statement else None,
        evidence={"squawk": guess.rule},
        fix=guess.help,
        severity=severity,
        aliases=(SQUAWK + guess.rule,),
    )
