"""Replacing ``${name}`` in scripts, as tools do before the server sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrate_validate.errors import ChainError


@dataclass(frozen=True, slots=True)
class Unknown:
    """A placeholder that has no value."""

    written: str
    line: int


def replace_placeholders(
    text: str, values: Mapping[str, str], *, prefix: str = "${", suffix: str = "}"
) -> tuple[str, tuple[Unknown, ...]]:
    """The text with the values in it, wherever placeholders stand, comments and strings included; and those without.

    :param values: by name, in small letters
    """
    if prefix not in text:
        return text, ()
    unknown: list[Unknown] = []

    def value(match: re.Match[str]) -> str:
        found = values.get(match["name"].lower())
        if found is None:
            unknown.append(Unknown(" ".join(match.group().split()), text.count("\n", 0, match.start()) + 1))
            return match.group()
        return found

    replaced = re.sub(f"{re.escape(prefix)}(?P<name>.*?){re.escape(suffix)}", value, text, flags=re.DOTALL)
    return replaced, tuple(unknown)


def refuse_unknown(unknown: Sequence[tuple[str, Unknown]], remedy: Sequence[str]) -> None:
    """Say which placeholders have no value.

    :param unknown: the file of each
    :param remedy: where else than in our own configuration values may be given
    :raises ChainError: when there are any
    """
    if not unknown:
        return
    names = list(dict.fromkeys(each.written for _, each in unknown))
    places = [f"{file}:{each.line}: {each.written}" for file, each in unknown]
    more = [f"... and {len(places) - 20} more"] if len(places) > 20 else []
    raise ChainError(
        f"no value is known for the placeholder{'s' if len(names) > 1 else ''} {', '.join(names)}",
        looked=[*places[:20], *more],
        remedy=[
            'give it in migrate_validate.toml beside the migrations: [placeholders], name = "value"',
            *remedy,
            "write placeholders = false in migrate_validate.toml, where the tool is told to replace none",
        ],
    )
