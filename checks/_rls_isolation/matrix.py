"""The access matrix: what each identity was seen to do, as a file that is kept and compared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from .judging import Access

_COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "EXECUTE", "USAGE")
_LEGEND = """# Who can see and change what

Found out by trying, with rows of two tenants. `own`: rows of the own tenant, or of oneself; `part of own`: some of
them; `others`: rows of another tenant; `shared`: rows that belong to nobody; `none`: granted, and policies leave
nothing; `-`: not granted; `error`: policies raise it. Of sequences (USAGE): which functions may be called on them, and
whether they can be read.
"""


def matrix(accesses: Iterable[Access]) -> str:
    """A table for each command, with a line a relation or function and a column an identity."""
    found = list(accesses)
    labels = list(dict.fromkeys(each.identity for each in found))
    words = {(each.command, each.object, each.identity): each.word for each in found}
    parts = [_LEGEND]
    for command in _COMMANDS:
        objects = sorted({each.object for each in found if each.command == command})
        if objects:
            rows = [[name, *(words.get((command, name, label), "-") for label in labels)] for name in objects]
            parts.append(f"## {command}\n\n{_table(['', *labels], rows)}\n")
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * max(width, 3) for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(f'{cell:{width}}' for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def changes(kept: str, now: str) -> list[str]:
    """What differs, cell by cell: ``SELECT public.notes as anon: none, was own``; lines of a diff where that fails."""
    before, after = _cells(kept), _cells(now)
    lines = []
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            command, name, label = key
            lines.append(f"{command} {name} as {label}: {after.get(key, 'gone')}, was {before.get(key, 'not there')}")
    if lines or kept.split() == now.split():
        return lines
    return [line for line in difflib.ndiff(kept.splitlines(), now.splitlines()) if line[:1] in "+-"]


def _cells(text: str) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    command, labels = "", None
    for line in text.splitlines():
        if line.startswith("## "):
            command, labels = line[3:].strip(), None
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if labels is None:
                labels = cells[1:]
            elif set(cells[0]) != {"-"}:
                found |= {(command, cells[0], label): word for label, word in zip(labels, cells[1:], strict=False)}
    return found
