"""What ``package.json`` tells a tool of JavaScript: the options in the commands of its scripts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrate_validate.chain.files import read_script, relative
from migrate_validate.chain.formats.entries import nearest

PACKAGE = "package.json"
_ENDS = frozenset({"&&", "||", "|", ";", "&"})
_RUNNERS = frozenset({"npm", "pnpm", "yarn"})
"""They pass options on to another script; of these only the long ones say whose they are."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one tool."""

    path: Path | None = None
    """Where they are written; None: nowhere."""
    values: Mapping[str, str] = field(default_factory=dict)
    """By their long names; empty for one without a value."""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What stands there in several ways, or with a variable of the shell: no value can be told."""

    def notes(self, root: Path) -> list[str]:
        """What a reader has to know of values that cannot be told.

        :param root: that the file is named from
        """
        if self.path is None:
            return []
        file = relative(self.path, root)
        return [
            f"{file} says --{name} as {' and as '.join(values)}: it is not obeyed, for nothing tells which holds here"
            for name, values in self.unknown.items()
        ]


def options(directory: Path, program: str, names: Mapping[str, str], flags: Collection[str] = ()) -> Options:
    """The options with which the scripts of the project around a directory call a program.

    :param names: the long name of each option that counts, by how it may be written: ``--table``, ``-t``
    :param flags: the long names of those that have no value
    """
    path = nearest(directory, PACKAGE)
    if path is None:
        return Options()
    found: dict[str, list[str]] = {}
    for command in _commands(path):
        for name, value in _given(command, program, names):
            found.setdefault(name, []).append("" if name in flags else value)
    values = {name: tuple(dict.fromkeys(each)) for name, each in found.items()}
    sure = {name: each[0] for name, each in values.items() if len(each) == 1 and "$" not in each[0]}
    return Options(path, sure, {name: each for name, each in values.items() if name not in sure})


def _commands(path: Path) -> Iterator[str]:
    written = parsed(path)
    scripts = written.get("scripts")
    yield from (each for each in scripts.values() if isinstance(each, str)) if isinstance(scripts, dict) else ()


def parsed(path: Path) -> Mapping[str, Any]:
    """The object in a file of JSON; an empty one where it is none, which is its own tool's trouble."""
    try:
        written = json.loads(read_script(path, path.parent).text)
    except ValueError:
        return {}
    return written if isinstance(written, dict) else {}


def _given(command: str, program: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The options behind the name of the program, up to where another command begins."""
    try:
        words: Sequence[str] = shlex.split(command)
    except ValueError:
        return
    at_work, passed_on = False, False
    for place, word in enumerate(words):
        name = Path(word).name
        if word in _ENDS or name == program or name in _RUNNERS:
            at_work, passed_on = name == program, name in _RUNNERS
            continue
        option, equals, value = word.partition("=")
        if option in names and (at_work or (passed_on and option.startswith("--"))):
            following = words[place + 1] if place + 1 < len(words) else ""
            behind = following if not following.startswith("-") and following not in _ENDS else ""
            yield names[option], value if equals else behind
