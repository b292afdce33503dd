"""The summary at the end of a run: what surrounds each chain, its migrations, its findings."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from migrate_validate.report.payload import Payload
from migrate_validate.report.text import without_file

_ORDER = {"error": 0, "warning": 1, "info": 2}
_SHOWN_ABOVE = "set-aside-file"
"""The rule whose findings :func:`about_lines` tells already."""
_NARROWEST = 40
"""Columns that a text keeps on a narrow terminal; the table is then wider than it."""


def about_lines(chain: Payload, width: int) -> list[str]:
    """What a reader must know of the set-up, and the files that are no part of the chain."""
    lines = [f"{chain['server']['version']} ({chain['server']['source']}), environment {chain['environment']}"]
    lines += [f"stand-in for the extension {text}" for text in chain["stand_ins"]]
    lines += chain["notes"]
    if chain["set_aside"]:
        lines.append("set aside:")
        lines += [f"  {each['file']}: {each['reason']}" for each in chain["set_aside"]]
    return [piece for line in lines for piece in _wrapped(line, width)]


def migrations_table(chain: Payload, width: int) -> str:
    """A line a script, in the order of application: state, time, statements, what was locked or rewritten.

    :param width: of the terminal, in columns
    """
    runs = [("base", run) for run in chain["base"]]
    early = {run["file"]: run for run in chain["seeds"] if run["before"] is not None}
    for migration in chain["migrations"]:
        due = [file for file, run in early.items() if run["before"] == migration["version"]]
        runs += [("seed", early.pop(file)) for file in due]
        runs.append(("", migration))
    runs += [("seed", run) for run in chain["seeds"] if run["before"] is None]
    rows = [
        [
            f"{run['file']} ({kind})" if kind else run["file"],
            run["outcome"],
            f"{run['duration_ms']:.0f} ms" if run["outcome"] != "not-reached" else "",
            _statements(run),
        ]
        for kind, run in runs
    ]
    room = width - _occupied(rows, ("file", "state", "time", "statements"))
    for row, (_, run) in zip(rows, runs, strict=True):
        row.append("\n".join(_wrapped(_locks(run), max(room, _NARROWEST), indent="")))
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


def findings_table(results: Iterable[Payload], width: int) -> str:
    """A line a finding, errors first, without the files set aside; empty where there are none.

    :param width: of the terminal, in columns
    """
    findings = [finding for result in results for finding in result["findings"] if finding["rule"] != _SHOWN_ABOVE]
    findings.sort(key=lambda each: (_ORDER[each["severity"]], each["check"], each["rule"], each["object"] or ""))
    if not findings:
        return ""
    headers = ["severity", "rule", "finding"]
    rows = [[each["severity"], each["rule"]] for each in findings]
    room = max(width - _occupied(rows, headers[:2]), _NARROWEST)
    for row, each in zip(rows, findings, strict=True):
        row.append("\n".join(_wrapped(_told(each), room, indent="")))
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True)


def _told(finding: Payload) -> str:
    """The message, after its place where it does not name that itself."""
    message: str = finding["message"].splitlines()[0]
    if finding["file"] and finding["line"]:
        return f"{finding['file']}:{finding['line']}: {without_file(message, finding['file'])}"
    place = finding["object"] or finding["file"]
    return message if not place or place in message else f"{place}: {message}"


def _occupied(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> int:
    """The columns that these cells take in a table, with the gap to the next one."""
    # tabulate keeps two columns free after a header, and two between cells.
    return sum(max(len(header) + 2, *map(len, cells)) + 2 for header, *cells in zip(headers, *rows, strict=True))


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    """Lines of a width, none of them broken inside a word; continued lines go deeper than the first."""
    own = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(),
        width,
        initial_indent=own,
        subsequent_indent=own + indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def ignored_lines(results: Iterable[Payload], width: int) -> list[str]:
    """How many findings comments silence, then a line a comment and rule: place, how often, and why."""
    ignored = [finding for result in results for finding in result.get("ignored", ())]
    if not ignored:
        return []
    comments = Counter(
        (each["ignored"]["file"], each["ignored"]["line"], each["rule"], each["ignored"]["reason"]) for each in ignored
    )
    told = [
        f"  {file}:{line}: {rule}{f' ({times} times)' if times > 1 else ''}: {reason}"
        for (file, line, rule, reason), times in sorted(comments.items())
    ]
    total = f"ignored by comments: {len(ignored)} finding{'s' if len(ignored) > 1 else ''}"
    return [piece for line in (total, *told) for piece in _wrapped(line, width)]


def unproven_lines(results: Iterable[Payload], width: int) -> list[str]:
    """The rules that could not be evaluated, with the reason; trouble of the tool is told by pytest already."""
    return [
        line
        for each in results
        if each["verdict"] == "unproven" and not each.get("trouble")
        for line in _wrapped(f"  {each['file'] + ' ' if each['file'] else ''}{each['rule']}: {each['reason']}", width)
    ]
