"""The summary at the end of a run: what surrounds each chain, its migrations, its findings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tabulate import tabulate

from migrate_validate.report.payload import Payload

_ORDER = {"error": 0, "warning": 1, "info": 2}
_MESSAGE_WIDTH = 76


def about_lines(chain: Payload) -> list[str]:
    """What a reader must know of the set-up, and the files that are no part of the chain."""
    lines = [f"{chain['server']['version']} ({chain['server']['source']}), environment {chain['environment']}"]
    lines += [f"stand-in for the extension {text}" for text in chain["stand_ins"]]
    lines += chain["notes"]
    if chain["set_aside"]:
        lines.append("set aside:")
        lines += [f"  {each['file']}: {each['reason']}" for each in chain["set_aside"]]
    return lines


def migrations_table(chain: Payload) -> str:
    """A line a script: state, time, statements, what was locked or rewritten."""
    runs = [("base", run) for run in chain["base"]]
    runs += [("", run) for run in chain["migrations"]]
    runs += [("seed", run) for run in chain["seeds"]]
    rows = [
        [
            f"{run['file']} ({kind})" if kind else run["file"],
            run["outcome"],
            f"{run['duration_ms']:.0f} ms" if run["outcome"] != "not-reached" else "",
            _statements(run),
            _locks(run),
        ]
        for kind, run in runs
    ]
    headers = ["file", "state", "time", "statements", "locked against others"]
    align = ("left", "left", "right", "right", "left")
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True, colalign=align)


def _statements(run: Payload) -> str:
    if run["outcome"] == "applied":
        return str(run["statements"])
    return f"{run['statements']} of {run['total_statements']}" if run["outcome"] == "failed" else ""


def _locks(run: Payload) -> str:
    named = [f"{lock['relation']}{' (rewritten)' if lock['rewritten'] else ''}" for lock in run["locked"]]
    named = list(dict.fromkeys(named))
    more = f", {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + more


def findings_table(results: Iterable[Payload]) -> str:
    """A line a finding, errors first; empty where there are none."""
    findings = [finding for result in results for finding in result["findings"]]
    findings.sort(key=lambda each: (_ORDER[each["severity"]], each["check"], each["rule"], each["object"] or ""))
    rows = [
        [
            each["severity"],
            each["rule"],
            _place(each),
            "\n".join(textwrap.wrap(each["message"].splitlines()[0], _MESSAGE_WIDTH)),
        ]
        for each in findings
    ]
    if not rows:
        return ""
    return tabulate(rows, ["severity", "rule", "where", "finding"], tablefmt="simple", disable_numparse=True)


def _place(finding: Payload) -> str:
    if finding["object"]:
        return str(finding["object"])
    if finding["file"] and finding["line"]:
        return f"{finding['file']}:{finding['line']}"
    return finding["file"] or ""


def unproven_lines(results: Iterable[Payload]) -> list[str]:
    """A line a rule that could not be evaluated, with the reason."""
    return [
        f"{each['file'] + ' ' if each['file'] else ''}{each['rule']}: {each['reason']}"
        for each in results
        if each["verdict"] == "unproven"
    ]
