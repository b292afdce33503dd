"""From what a rule yields to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import psycopg

from migrate_validate.chain.ignores import Ignore
from migrate_validate.config import Settings
from migrate_validate.findings import Finding, NotApplicable, Severity, Unproven, Verdict
from migrate_validate.replay.trial import StageLost
from migrate_validate.results import Ignored, configured
from migrate_validate.rules import Rule
from migrate_validate.statistics import scaled


class Judgement(NamedTuple):
    """What the results of a rule amount to."""

    verdict: Verdict
    reason: str
    """Why it is unproven or skipped; empty otherwise."""
    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...] = ()


def judge(rule: Rule, arguments: dict[str, object], settings: Settings, ignores: Sequence[Ignore] = ()) -> Judgement:
    """Run a rule on its arguments; what ``ignores`` silence has no part in the verdict."""
    findings: list[Finding] = []
    ignored: list[Ignored] = []
    unproven: list[str] = []
    skipped: list[str] = []
    try:
        for result in rule.function(**arguments):
            if isinstance(result, Finding):
                silent = next((each for each in ignores if each.silences(result)), None)
                if silent is not None:
                    ignored.append(Ignored(_weigh(result, settings), silent))
                elif configured(settings.severity, *result.names) != "off":
                    findings.append(_weigh(result, settings))
            elif isinstance(result, Unproven):
                unproven.append(f"{result.object}: {result.reason}" if result.object else result.reason)
            elif isinstance(result, NotApplicable):
                skipped.append(result.reason)
    except StageLost as lost:
        unproven.append(str(lost))
    except psycopg.Error as error:
        unproven.append(
            f"a query of the rule failed: {error.diag.message_primary or error} (SQLSTATE {error.sqlstate})"
        )
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        verdict = Verdict.FAILED
    elif unproven:
        verdict = Verdict.UNPROVEN
    elif Severity.WARNING in severities:
        verdict = Verdict.WARNED
    elif skipped and not findings and not ignored:
        verdict = Verdict.SKIPPED
    else:
        verdict = Verdict.PASSED
    return Judgement(verdict, "; ".join(unproven or skipped), tuple(findings), tuple(ignored))


def _weigh(finding: Finding, settings: Settings) -> Finding:
    """The finding with the severity that is configured, or that the real database's statistics give it."""
    weighed = scaled(finding, settings.statistics)
    wanted = configured(settings.severity, *finding.names)
    return replace(weighed, severity=Severity(wanted)) if wanted and wanted != "off" else weighed
