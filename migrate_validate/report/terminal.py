"""The summary at the end of a run: what surrounds each chain, its migrations, its findings."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from migrate_validate.report.payload import Payload
from migrate_validate.report.text import without_file

_ORDER = {"error": 0, "warning": 1, "info": 2}
_SEVERITY = max(map(len, _ORDER))
_SHOWN_ABOVE = "set-aside-file"
"""The rule whose findings :func:`about_lines` tells already."""
_ASKED_FOR = "blocked-while"
"""The rule that only speaks where the user asked for its measurements: they are no side note."""


def about_lines(chain: Payload, width: int) -> list[str]:
    """What a reader must know of the set-up, and the files that are no part of the chain."""
    lines = [f"{chain['server']['version']} ({chain['server']['source']}), environment {chain['environment']}"]
    if chain["recognized"]:
        lines.append(f"format {chain['format']}: {chain['recognized']}")
    lines += [f"stand-in for the extension {text}" for text in chain["stand_ins"]]
    lines += chain["notes"]
    if chain.get("since"):
        lines.append(chain["since"]["summary"])
    if chain["set_aside"]:
        lines.append("set aside:")
        lines += [f"  {each['file']}: {each['reason']}" for each in chain["set_aside"]]
    return [piece for line in lines for piece in _wrapped(line, width)]


def migrations_table(chain: Payload, width: int) -> str:
    """A line a script, in the order of application: state, time, statements, what was locked or rewritten.

    :param width: of the terminal, in columns
    """
    runs = [("base", run) for run in _folded(chain["base"])]
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
    headers = ["file", "state", "time", "statements", "locked against others"]
    align = ("left", "left", "right", "right", "left")
    below = max(len(row[0]) for row in rows)
    told = [_locks(run) for _, run in runs]
    # A name that is longer than its column would make the table wider than the terminal.
    beside = room >= max([len(headers[-1]), *(len(word) for locks in told for word in locks.split())])
    for row, locks in zip(rows, told, strict=True):
        if beside:
            row.append("\n".join(_wrapped(locks, room, indent="")))
        elif locks:
            row[0] = "\n".join([row[0], *_wrapped(f"({headers[-1]}: {locks})", below, indent="")])
    columns = len(rows[0])
    return tabulate(rows, headers[:columns], tablefmt="simple", disable_numparse=True, colalign=align[:columns])


def _folded(base: list[Payload]) -> list[Payload]:
    """The base files, where what comes with libraries and went well is one line."""
    quiet = [run for run in base if run.get("foreign") and run["outcome"] == "applied"]
    if len(quiet) < 2:
        return base
    total = {
        **quiet[0],
        "file": f"{len(quiet)} migrations of installed apps",
        "duration_ms": sum(run["duration_ms"] for run in quiet),
        "statements": sum(run["statements"] for run in quiet),
        "locked": [],
    }
    return [total, *(run for run in base if run not in quiet)]


def _statements(run: Payload) -> str:
    if run["outcome"] == "applied":
        return str(run["statements"])
    known = run["outcome"] == "failed" and run["total_statements"]
    return f"{run['statements']} of {run['total_statements']}" if known else ""


def _locks(run: Payload) -> str:
    named = [f"{lock['relation']}{' (rewritten)' if lock['rewritten'] else ''}" for lock in run["locked"]]
    named = list(dict.fromkeys(named))
    more = f", {len(named) - 3} more" if len(named) > 3 else ""
    return ", ".join(named[:3]) + more


def findings_lines(results: Iterable[Payload], width: int, *, infos: bool, brief: bool) -> list[str]:
    """Severity, rule, place and message of each finding, errors first, without the files set aside.

    What one rule says in the same words of several lines of a file is told once, with all of them.

    :param width: of the terminal, in columns
    :param infos: tell each info; else they are only counted, but for measurements that the user asked for
    :param brief: pytest has told what failed rules found: a line is enough for each of their findings
    """
    told: dict[tuple[str, str, str, str], list[Payload]] = {}
    in_full: set[tuple[str, str, str, str]] = set()
    counted: Counter[str] = Counter()
    for result in results:
        for each in result["findings"]:
            if each["rule"] == _SHOWN_ABOVE:
                continue
            if each["severity"] == "info" and each["rule"] != _ASKED_FOR and not infos:
                counted[each["rule"]] += 1
                continue
            key = (each["severity"], each["rule"], _named(each), _message(each))
            told.setdefault(key, []).append(each)
            if not (brief and result.get("failed")):
                in_full.add(key)
    lines = []
    for key, alike in sorted(told.items(), key=lambda item: _rank(item[1][0])):
        severity, rule, _, message = key
        text = f"{severity:{_SEVERITY}}  {rule}  {_placed(alike)}{message}"
        lines += _wrapped(text, width, indent=" " * (_SEVERITY + 2)) if key in in_full else [_cut(text, width)]
    if counted:
        rules = ", ".join(f"{times} {rule}" for rule, times in counted.most_common())
        total = counted.total()
        lines += _wrapped(
            f"{total} info{'s' if total > 1 else ''}: {rules} (-v shows {'them' if total > 1 else 'it'})", width
        )
    return lines


def headline(result: Payload) -> str:
    """One line of what a rule found: its worst finding, or why there is none."""
    findings = sorted(result["findings"], key=_rank)
    if not findings:
        return str(result["reason"]).splitlines()[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{_placed(findings[:1])}{_message(findings[0])}{more}"


def _rank(finding: Payload) -> tuple[int, str, str, str, int]:
    place = (finding["file"] or "", finding["line"] or 0) if finding["line"] else (finding["object"] or "", 0)
    return _ORDER[finding["severity"]], finding["check"], finding["rule"], *place


def _named(finding: Payload) -> str:
    """What a finding is about: its file where it has a line there, else its object."""
    named: str = (finding["file"] if finding["line"] else finding["object"] or finding["file"]) or ""
    return named


def _message(finding: Payload) -> str:
    """The first line, with what it announces where it ends so."""
    first, *more = finding["message"].splitlines()
    message: str = first
    if first.endswith(":") and more:
        message = f"{first} {more[0].strip()}{f', and {len(more) - 1} more' if len(more) > 1 else ''}"
    return without_file(message, finding["file"]) if finding["file"] and finding["line"] else message


def _placed(alike: Sequence[Payload]) -> str:
    """The place of findings with one message, to stand before it; empty where the message names it itself."""
    first = alike[0]
    named = _named(first)
    if first["line"]:
        return f"{named}:{', '.join(str(line) for line in sorted({each['line'] for each in alike}))}: "
    return f"{named}: " if named and named not in first["message"] else ""


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3].rstrip()}..."


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
    """The rules that could not be evaluated, with the reason, which several rules of a file may share.

    Trouble of the tool is told by pytest already.
    """
    shared: dict[tuple[str, str], list[str]] = {}
    for each in results:
        if each["verdict"] == "unproven" and not each.get("trouble"):
            rules = shared.setdefault((each["file"] or "", each["reason"]), [])
            rules += [] if each["rule"] in rules else [each["rule"]]
    return [
        line
        for (file, reason), rules in shared.items()
        for line in _wrapped(f"  {f'{file} ' if file else ''}{', '.join(rules)}: {reason}", width)
    ]
