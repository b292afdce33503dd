"""What the ``application.properties`` and ``application.yml`` of Spring say, as far as plain values go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

_PROPERTY = re.compile(r"\s*(?P<key>[^=:\s#!](?:[^=:\s\\]|\\.)*)\s*[=:\s]\s*(?P<value>.*)")
_YAML_KEY = re.compile(r"(?P<quote>[\"']?)(?P<key>[^\"'\s#][^\"']*?)(?P=quote):(?:\s+(?P<value>.*))?")
_YAML_COMMENT = re.compile(r"(?:^|\s)#.*$")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_REFERENCE = re.compile(r"\$\{(?P<name>[^:}]+)(?::(?P<default>[^}]*))?\}")


class Setting(NamedTuple):
    """One value, by its dotted name."""

    name: str
    value: str | list[str]
    line: int


def properties(text: str) -> Iterator[Setting]:
    """The entries of Java properties; a line may go on behind a backslash."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        whole = line.strip()
        while whole.endswith("\\") and not whole.endswith("\\\\"):
            _, more = next(lines, (0, ""))
            whole = whole[:-1] + more.strip()
        matched = None if whole.startswith(("#", "!")) else _PROPERTY.match(whole)
        if matched is not None:
            yield Setting(matched["key"], re.sub(r"\\(.)", r"\1", matched["value"].strip()), number)


def yaml(text: str) -> Iterator[Setting]:
    """The scalars and lists of scalars in the block mappings of the first document; the others are for profiles."""
    above: list[tuple[int, str]] = []
    lists: dict[str, Setting] = {}
    block: int | None = None  # How far the key of a text of several lines is indented.
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("---") and above:
            break
        content = _without_comment(line)
        item = content.strip()
        indent = len(content) - len(content.lstrip())
        if not item or (block is not None and indent > block):
            continue
        block = None
        if item.startswith("- "):
            parents = [key for depth, key in above if depth <= indent]
            kept = lists.setdefault(".".join(parents), Setting(".".join(parents), [], number))
            assert isinstance(kept.value, list)
            kept.value.append(_scalar(item[2:]))
            continue
        matched = _YAML_KEY.fullmatch(item)
        if matched is None:
            continue
        above = [*((depth, key) for depth, key in above if depth < indent), (indent, matched["key"])]
        value = matched["value"]
        block = indent if value and value[0] in "|>" else None
        if value and value[0] not in "|>&*{":
            yield Setting(".".join(key for _, key in above), _inline(value), number)
    yield from lists.values()


def resolved(value: str) -> str | None:
    """A value with Spring's ``${NAME:default}`` replaced, from the environment; None where there is neither."""
    missing = False

    def known(match: re.Match[str]) -> str:
        nonlocal missing
        found = os.environ.get(match["name"], match["default"])
        missing = missing or found is None
        return found or ""

    text = _REFERENCE.sub(known, value)
    return None if missing else text


def _without_comment(line: str) -> str:
    quoted = [match.span() for match in _QUOTED.finditer(line)]
    comment = next((m for m in _YAML_COMMENT.finditer(line) if not any(a < m.start() < b for a, b in quoted)), None)
    return line[: comment.start()].rstrip() if comment else line.rstrip()


def _inline(value: str) -> str | list[str]:
    if value.startswith("[") and value.endswith("]"):
        return [_scalar(each) for each in value[1:-1].split(",") if each.strip()]
    return _scalar(value)


def _scalar(text: str) -> str:
    text = text.strip()
    return text[1:-1] if _QUOTED.fullmatch(text) else text
