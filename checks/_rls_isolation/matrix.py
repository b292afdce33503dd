"""The access matrix: what each identity was seen to do, as a file that is kept and compared."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from .verdicts import Access

_COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "EXECUTE", "USAGE")
_NOT = "-"
_NOBODY = "Granted to nobody: "
_ONE = re.compile(r"\b[AB]\b")
_BOTH = "A/B"
_LEGEND = """# Who can see and change what

Found out by trying, with rows of two tenants, A and B. `own`: rows of the own tenant, or of oneself; `part of own`:
some of them; `others`: rows of another tenant; `shared`: rows that belong to nobody, or were there before; `none`:
granted, and policies leave nothing; `-`: not granted; `error`: policies or functions raise it. Of sequences (USAGE):
which functions may be called on them, and whether they can be read.
"""


def matrix(accesses: Iterable[Access]) -> str:
    """A table for each command, with a line a relation or function and a column an identity.

    Members of both tenants share a column where they can do the same; what nobody is granted is only listed.
    """
    found = list(accesses)
    words = {(each.command, each.object, each.identity): each.word for each in found}
    columns = _columns(words, list(dict.fromkeys(each.identity for each in found)))
    parts = [_LEGEND]
    for command in _COMMANDS:
        objects = sorted({each.object for each in found if each.command == command})
        rows = [[name, *(words.get((command, name, label), _NOT) for label in columns.values())] for name in objects]
        granted = [row for row in rows if set(row[1:]) != {_NOT}]
        closed = [row[0] for row in rows if row not in granted]
        texts = [_table(["", *columns], granted)] if granted else []
        texts += [f"{_NOBODY}{', '.join(closed)}"] if closed else []
        if texts:
            parts.append(f"## {command}\n\n" + "\n\n".join(texts) + "\n")
    return "\n".join(parts)


def _columns(words: Mapping[tuple[str, str, str], str], labels: Sequence[str]) -> dict[str, str]:
    """By heading: the identity whose words stand below it."""

    def all_of(label: str) -> dict[tuple[str, str], str]:
        return {(command, name): word for (command, name, who), word in words.items() if who == label}

    found: dict[str, str] = {}
    for label in labels:
        twin = _ONE.sub("B", label)
        if _ONE.findall(label) == ["A"] and twin in labels and all_of(label) == all_of(twin):
            found[_ONE.sub(_BOTH, label)] = label
        elif not any(label in _expanded(heading) for heading in found):
            found[label] = label
    return found


def _expanded(heading: str) -> list[str]:
    """The identities that a heading is about."""
    return [heading.replace(_BOTH, side) for side in "AB"] if _BOTH in heading else [heading]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * max(width, 3) for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(f'{cell:{width}}' for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def changes(kept: str, now: str) -> list[str]:
    """What differs, cell by cell: ``SELECT public.notes as anon: none, was own``; lines of a diff where that fails.

    Identities of which the same is to be said share a line.
    """
    (before, closed), (after, closed_now) = _cells(kept), _cells(now)
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for key in dict.fromkeys((*before, *after)):
        command, name, label = key
        was = before.get(key, _NOT if (command, name) in closed else "not there")
        now_is = after.get(key, _NOT if (command, name) in closed_now else "gone")
        if was != now_is:
            alike.setdefault((command, name, now_is, was), []).append(label)
    lines = [
        f"{command} {name} as {', '.join(labels)}: {now_is}, was {was}"
        for (command, name, now_is, was), labels in alike.items()
    ]
    known, known_now = ({(command, name) for command, name, _ in each} for each in (before, after))
    lines += [f"{' '.join(each)}: granted to nobody, was not there" for each in sorted(closed_now - closed - known)]
    lines += [f"{' '.join(each)}: gone, was granted to nobody" for each in sorted(closed - closed_now - known_now)]
    if lines or kept.split() == now.split():
        return lines
    return [line for line in difflib.ndiff(kept.splitlines(), now.splitlines()) if line[:1] in "+-"]


def _cells(text: str) -> tuple[dict[tuple[str, str, str], str], set[tuple[str, str]]]:
    """What stands in a matrix, by command, object and identity; and the commands on objects that nobody is granted."""
    found: dict[tuple[str, str, str], str] = {}
    closed: set[tuple[str, str]] = set()
    command, headings = "", None
    for line in text.splitlines():
        if line.startswith("## "):
            command, headings = line[3:].strip(), None
        elif line.startswith(_NOBODY):
            closed |= {(command, name.strip()) for name in line.removeprefix(_NOBODY).split(",")}
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if headings is None:
                headings = cells[1:]
            elif set(cells[0]) != {"-"}:
                for heading, word in zip(headings, cells[1:], strict=False):
                    found |= {(command, cells[0], label): word for label in _expanded(heading)}
    return found, closed
