"""A finding as people read it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from migrate_validate.findings import Finding
from migrate_validate.results import RuleResult

WIDTH = 100
STATEMENT_LINES = 12
LINE = 400
"""Characters of a line of SQL that are shown."""
ENTRIES = 50
"""Entries of one list of evidence that are shown; the JSON report has all."""
_WORDS = re.compile(r"(?![A-Z]+\b)[A-Za-z](?:`[^`]*`|(?!--).)*(?<!;)")
"""A line of words: SQL begins in capitals, ends with a semicolon, or has a comment."""

_QUOTED = re.compile(r"`[^`]*`")


def result_text(result: RuleResult, width: int = WIDTH) -> str:
    """Everything that one rule found, and why it could not be evaluated where that is so.

    :param width: of the messages, in columns; SQL and evidence stay on their lines
    """
    parts = [finding_text(finding, width) for finding in result.findings]
    if result.reason:
        parts.append(f"{result.verdict}: {result.reason}")
    return "\n\n".join(parts)


def finding_text(finding: Finding, width: int = WIDTH) -> str:
    """One finding: place, severity, rule and message, then the statement, the evidence and the fix.

    :param width: of the message, in columns
    """
    place = f"{finding.location}: " if finding.location else ""
    message = without_file(finding.message, finding.location.file) if finding.location else finding.message
    lines = [f"{place}{finding.severity}[{finding.rule}]", *_wrapped(message, width)]
    if finding.statement:
        lines += ["", *_indented(_shortened(finding.statement))]
    lines += [line for key, value in finding.evidence.items() for line in _evidence(key, value)]
    if finding.fix:
        lines += ["", "  fix:", *_advice(finding.fix, width)]
    return "\n".join(lines)


def without_file(message: str, file: str) -> str:
    """A message for a place where the file was named just before."""
    return message.removeprefix(file).lstrip(": ")


def _wrapped(text: str, width: int) -> list[str]:
    return [
        piece
        for line in text.splitlines()
        for piece in textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
        or [""]
    ]


def _advice(fix: str, width: int) -> list[str]:
    """What can be done: words fit the terminal, and SQL stays on its lines, to be copied."""
    return [
        f"    {piece}".rstrip()
        for line in fix.splitlines()
        for piece in (_fitted(line, width - 4) if _WORDS.fullmatch(line) else [line])
    ]


def _fitted(words: str, width: int) -> list[str]:
    quoted = _QUOTED.sub(lambda found: found[0].replace(" ", "\0"), words)
    pieces = textwrap.wrap(quoted, width, break_long_words=False, break_on_hyphens=False)
    return [piece.replace("\0", " ") for piece in pieces]


def _indented(text: str, indent: str = "    ") -> list[str]:
    return [f"{indent}{line}".rstrip() for line in text.splitlines()]


def _shortened(statement: str) -> str:
    lines = [_cut(line) for line in statement.splitlines()]
    if len(lines) <= STATEMENT_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:STATEMENT_LINES], f"... ({len(lines) - STATEMENT_LINES} more lines)"])


def _cut(line: str) -> str:
    return line if len(line) <= LINE else f"{line[:LINE]} ... ({len(line) - LINE} more characters)"


def _evidence(key: str, value: object) -> list[str]:
    if _is_nothing(value):
        return []
    label = key.replace("_", " ")
    if isinstance(value, Mapping):
        return [f"  {label}:", *(f"    {name}: {entry}" for name, entry in value.items())]
    if isinstance(value, list | tuple):
        entries = [entry for entry in value if entry is not None]
        more = [f"    and {len(entries) - ENTRIES} more"] if len(entries) > ENTRIES else []
        return [f"  {label}:", *(line for entry in entries[:ENTRIES] for line in _indented(_entry(entry))), *more]
    if "\n" in str(value):
        return [f"  {label}:", *_indented(str(value))]
    return [f"  {label}: {_word(value)}"]


def _is_nothing(value: object) -> bool:
    return value in (None, "", [], ()) or value == {}


def _entry(value: object) -> str:
    if isinstance(value, Mapping):
        told = ((str(name).replace("_", " "), each) for name, each in value.items() if each not in ([], ()))
        return ", ".join(f"{name}: {_word(each)}" for name, each in told)
    return _word(value)


def _word(value: object) -> str:
    """A value inside of a line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
