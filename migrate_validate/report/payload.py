"""The JSON report, contract version 1; and the plain values that travel from xdist's workers to their controller."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from migrate_validate.chain.model import Chain, Script
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Severity, Verdict
from migrate_validate.git.history import History
from migrate_validate.replay.runner import not_reached
from migrate_validate.replay.timeline import ScriptRun, Timeline
from migrate_validate.results import Ignored, RuleResult

SCHEMA = 1

Payload = dict[str, Any]


def chain_payload(evaluation: Evaluation) -> Payload:
    """What is said once of a chain: its migrations and how they were applied."""
    timeline = evaluation.timeline
    chain = evaluation.chain
    return {
        "path": chain.given,
        "format": chain.format,
        "recognized": chain.recognized,
        "environment": timeline.environment,
        "server": {"version": timeline.server.split(" (")[0], "source": _source(timeline)},
        "stand_ins": list(timeline.stand_ins),
        "notes": [*chain.notes, *timeline.notes],
        "set_aside": [{"file": each.file, "reason": each.reason} for each in chain.set_aside],
        "since": _since(evaluation.history),
        "base": [{**_run(run), "foreign": _foreign(run.script)} for run in timeline.base],
        "seeds": [{**_run(seed.run), "before": seed.seed.before} for seed in timeline.seeds],
        "migrations": [
            {"file": s.migration.file, "version": s.migration.version, "name": s.migration.name, **_run(s.run)}
            for s in timeline.steps
        ],
    }


def planned_payload(chain: Chain, environment: str, history: History | None) -> Payload:
    """What is known of a chain that was not applied: no rule needed it, or the server failed."""
    return {
        "path": chain.given,
        "format": chain.format,
        "environment": environment,
        "server": None,
        "set_aside": [{"file": each.file, "reason": each.reason} for each in chain.set_aside],
        "since": _since(history),
        "migrations": [
            {"file": m.file, "version": m.version, "name": m.name, **_run(not_reached(m.up))} for m in chain.migrations
        ],
    }


def _since(history: History | None) -> Payload | None:
    if history is None:
        return None
    return {
        "reference": history.since,
        "merge_base": history.base.commit,
        "new": [each.file for each in history.chain.migrations if each.file in history.new],
        "summary": history.summary,
    }


def _source(timeline: Timeline) -> str:
    return timeline.server.partition(" (")[2].rstrip(")")


def _foreign(script: Script) -> bool:
    """Whether it comes with a library, as the migrations of Django's own apps do."""
    return script.traced is not None and script.traced.foreign


def _run(run: ScriptRun) -> Payload:
    return {
        "file": run.script.file,
        "outcome": str(run.outcome),
        "duration_ms": round(run.duration_ms, 1),
        "statements": len(run.statements),
        "total_statements": run.total_statements,
        "transaction": str(run.mode),
        "transaction_reason": run.mode_reason,
        "locked": [{"relation": lock.relation, "mode": lock.mode, "rewritten": lock.rewritten} for lock in run.locked],
    }


def result_payload(result: RuleResult) -> Payload:
    """One rule's result, its findings included."""
    return {
        "rule": result.rule,
        "check": result.check,
        "file": result.file,
        "verdict": str(result.verdict),
        "reason": result.reason or None,
        "duration_ms": round(result.duration_ms, 1),
        "findings": [_finding(finding, result.file) for finding in result.findings],
        "ignored": [_ignored(each, result.file) for each in result.ignored],
    }


def _ignored(ignored: Ignored, file: str | None) -> Payload:
    at = ignored.ignore.location
    return {
        **_finding(ignored.finding, file),
        "ignored": {"reason": ignored.ignore.reason, "file": at.file, "line": at.line},
    }


def _finding(finding: Finding, file: str | None) -> Payload:
    return {
        "rule": finding.rule,
        "check": finding.check,
        "severity": str(finding.severity),
        "message": finding.message,
        "object": finding.object,
        "file": finding.location.file if finding.location else file,
        "path": finding.location.path if finding.location else None,
        "line": finding.location.line if finding.location else None,
        "statement": finding.statement,
        "evidence": json.loads(json.dumps(dict(finding.evidence), default=str)),
        "fix": finding.fix,
    }


def report(chains: Mapping[str, tuple[Payload, Iterable[Payload]]], duration_ms: float) -> Payload:
    """The whole report.

    :param chains: by path: what is said of the chain, and the results of its rules
    :param duration_ms: of the whole run
    """
    described = []
    for about, results in chains.values():
        listed = sorted(results, key=lambda each: (each["file"] or "", each["check"], each["rule"]))
        findings = [finding for each in listed for finding in each["findings"]]
        rules = [{key: each[key] for key in ("rule", "check", "file", "verdict", "reason")} for each in listed]
        ignored = [finding for each in listed for finding in each["ignored"]]
        described.append({**about, "rules": rules, "findings": findings, "ignored": ignored})
    verdicts = [each["verdict"] for chain in described for each in chain["rules"]]
    severities = [each["severity"] for chain in described for each in chain["findings"]]
    counted = {str(verdict): verdicts.count(str(verdict)) for verdict in Verdict}
    return {
        "schema": SCHEMA,
        "tool": {"name": "migrate-validate", "version": version("migrate-validate")},
        "server": next((chain["server"] for chain in described if chain["server"]), None),
        "chains": described,
        "summary": {
            "migrations": sum(len(chain.get("migrations", ())) for chain in described),
            **counted,
            "errors": severities.count(str(Severity.ERROR)),
            "warnings": severities.count(str(Severity.WARNING)),
            "ignored": sum(len(chain["ignored"]) for chain in described),
            "duration_ms": round(duration_ms, 1),
        },
    }
