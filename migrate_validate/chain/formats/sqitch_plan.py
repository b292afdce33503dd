"""``sqitch.plan``: changes in their order, what they require, tags, and changes that were reworked behind a tag.

Each line is ``name [required !conflicting other_project:required] 2025-01-02T03:04:05Z Planner <mail> # note``, or a
tag ``@name 2025-...`` that is put on the change above it. A plan is in the order of application: what a change requires
has to stand before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from migrate_validate.chain.formats.entries import refused

_PRAGMA = re.compile(r"\s*%\s*(?P<name>[^\s=]+)\s*(?:=\s*(?P<value>.*\S))?\s*")
_LINE = re.compile(
    r"\s*(?P<mark>[@+-]?)\s*(?P<name>[^\s@:#\\\[\]+%-][^\s:@#\\\[\]]*)"
    r"\s*(?:\[(?P<dependencies>[^\]]*)\])?"
    r"\s*(?P<planned>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?"
    r"\s*(?P<planner>[^<]+<[^>]+>)?\s*"
)
_DEPENDENCY = re.compile(
    r"(?P<conflicts>!?)(?:(?P<project>[^\s:@]+):)?(?:(?P<id>[0-9a-f]{40})|(?P<change>[^\s:@]+)?(?:@(?P<tag>[^\s:@]+))?)"
)


@dataclass
class Change:
    """One change, while the plan is being read."""

    name: str
    line: int
    requires: list[str] = field(default_factory=list)
    """``change``, ``change@tag`` or ``@tag`` of this project."""
    elsewhere: list[str] = field(default_factory=list)
    """What it requires of other projects."""
    conflicts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    """With ``@``, in their order."""
    rework_tags: list[str] = field(default_factory=list)
    """Of a change that a later one of the same name reworks: the tags between the two, the last ones first."""

    @property
    def version(self) -> str:
        """Its name, with the tag that tells it from the change that reworks it."""
        return self.name + (self.rework_tags[-1] if self.rework_tags else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan says."""

    project: str
    changes: tuple[Change, ...]


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    :raises ChainError: when sqitch would refuse it; tells of everything that is wrong
    :raises OSError: when it cannot be read
    """
    reader = _Reader()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise refused(f"{path.name} is not UTF-8", [str(error)], path, "save it as UTF-8") from None
    for number, line in enumerate(text.splitlines(), 1):
        reader.read(line, number)
    problems = [*reader.problems, *_unmet(reader.changes)]
    if not reader.project:
        problems.insert(0, "there is no line %project=NAME at its top")
    if problems:
        raise refused(f"sqitch refuses {path.name}", problems, path, "correct the plan, as `sqitch plan` shows it")
    return Plan(reader.project, tuple(reader.changes))


class _Reader:
    """Reads a plan line by line."""

    def __init__(self) -> None:
        self.project = ""
        self.changes: list[Change] = []
        self.problems: list[str] = []
        self._tags: set[str] = set()
        self._since_tag: set[str] = set()

    def read(self, line: str, number: int) -> None:
        content = line.partition("#")[0].rstrip()
        if not content.strip():
            return
        if not self.changes and (pragma := _PRAGMA.fullmatch(content)):
            if pragma["name"] == "project":
                self.project = pragma["value"] or ""
            return
        found = _LINE.fullmatch(content)
        if found is None:
            self.problems.append(f"line {number} is no change and no tag: {content.strip()}")
        elif not found["planned"] or not found["planner"]:
            missing = "time" if not found["planned"] else "planner and mail address"
            self.problems.append(f"line {number} ({found['name']}) has no {missing}")
        elif found["mark"] == "@":
            self._tag("@" + found["name"], found["dependencies"], number)
        else:
            self._change(found["name"], (found["dependencies"] or "").split(), number)

    def _tag(self, tag: str, dependencies: str | None, number: int) -> None:
        if not self.changes:
            self.problems.append(f"line {number}: the tag {tag} has no change before it")
        elif tag in self._tags:
            self.problems.append(f"line {number}: there is another tag {tag}")
        elif dependencies is not None:
            self.problems.append(f"line {number}: the tag {tag} cannot require anything")
        else:
            self.changes[-1].tags.append(tag)
            self._tags.add(tag)
            self._since_tag.clear()

    def _change(self, name: str, dependencies: list[str], number: int) -> None:
        if name in self._since_tag:
            self.problems.append(
                f"line {number}: {name} is there twice, and no tag stands between the two to tell them apart"
            )
            return
        change = Change(name, number)
        for written in dependencies:
            self._depend(change, written, number)
        self._rework(name)
        self._since_tag.add(name)
        self.changes.append(change)

    def _depend(self, change: Change, written: str, number: int) -> None:
        found = _DEPENDENCY.fullmatch(written)
        if found is None or written in ("", "!"):
            self.problems.append(f"line {number}: {written!r} is no dependency")
            return
        key = (found["change"] or "") + (f"@{found['tag']}" if found["tag"] else "")
        if found["id"]:
            return  # the hash of a change, which may be of another project: sqitch does not look at it here, either
        if found["project"] and found["project"] != self.project:
            if not found["conflicts"]:
                change.elsewhere.append(written)
        elif found["conflicts"]:
            change.conflicts.append(key)
        else:
            change.requires.append(key)

    def _rework(self, name: str) -> None:
        """Let the change of this name before, where there is one, know the tags that have come since."""
        places = [place for place, each in enumerate(self.changes) if each.name == name]
        if places:
            since = self.changes[places[-1] :]
            self.changes[places[-1]].rework_tags = [tag for each in reversed(since) for tag in each.tags]


def _unmet(changes: list[Change]) -> list[str]:
    """What is required and does not stand before the change, and what is in conflict and does."""
    problems: list[str] = []
    lines: dict[str, int] = {}
    later = {each.name: each for each in changes}
    for change in changes:
        for required in change.requires:
            if required in lines or _before_tag(required, lines):
                continue
            problems.append(_missing(change, required, later))
        for other in change.conflicts:
            if other in lines:
                deployed = f"conflicts with {other}, which is deployed before it: sqitch deploy stops there"
                problems.append(f"line {change.line}: {change.name} {deployed}")
        lines[change.name] = change.line
        for tag in change.tags:
            lines[tag] = change.line
            lines.update({f"{each.name}{tag}": each.line for each in changes if each.name in lines})
    return problems


def _before_tag(required: str, lines: dict[str, int]) -> bool:
    """Whether ``change@tag`` names a change that stands before that tag."""
    name, mark, tag = required.partition("@")
    return bool(mark and name) and lines.get(name, 0) > 0 and lines[name] <= lines.get(f"@{tag}", 0)


def _missing(change: Change, required: str, later: dict[str, Change]) -> str:
    if required == change.name:
        return f"line {change.line}: {change.name} requires itself"
    name, _, tag = required.partition("@")
    behind = later.get(name)
    if behind is not None and behind.line > change.line and not tag:
        circle = change.name in behind.requires
        also = f", which requires {change.name}: a circle" if circle else f", which comes only on line {behind.line}"
        return f"line {change.line}: {change.name} requires {required}{also}"
    return f"line {change.line}: {change.name} requires {required}, which the plan does not have"
