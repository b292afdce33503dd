"""``.gmrc``, the configuration of graphile-migrate: JSON with comments, bare keys and commas at the end of lists."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrate_validate.chain.formats.entries import refused
from migrate_validate.errors import ChainError

GMRC = ".gmrc"
DATABASE = ":DATABASE_NAME"
"""The placeholder for the name of the database, which has another one each time here."""
_TOKEN = re.compile(
    r"""(?P<double>"(?:[^"\\]|\\.)*") | '(?P<single>(?:[^'\\]|\\.)*)' | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<comma>,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])) | (?P<key>[A-Za-z_$][\w$]*)(?=\s*:) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OWNER = ":DATABASE_OWNER"
_USER = re.compile(r"postgres(?:ql)?://(?P<user>[^:@/]+)")


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is run beside the migrations: a file, or a command of the shell."""

    event: str
    """``afterReset``, ``beforeAllMigrations``, ``afterAllMigrations``, ..."""
    file: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Gmrc:
    """What the configuration says."""

    path: Path | None = None
    folder: str | None = None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """By name, with the colon; ``!ENV`` stands for the variable of the environment."""
    owner: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of PostgreSQL that hold while migrations run."""
    actions: tuple[Action, ...] = ()


def read_gmrc(directory: Path) -> Gmrc:
    """What the ``.gmrc`` of a directory says; nothing where there is none.

    :raises ChainError: when it cannot be read
    """
    path = directory / GMRC
    if not path.is_file():
        return Gmrc()
    try:
        written = json.loads(_plain(path.read_text(encoding="utf-8-sig")))
    except ValueError as error:
        raise ChainError(f"{GMRC} cannot be read: {error}", looked=[str(path)], remedy="repair it") from None
    if not isinstance(written, dict):
        raise ChainError(f"{GMRC} holds no object", looked=[str(path)], remedy='write { "placeholders": { ... } }')
    placeholders = written.get("placeholders") or {}
    wrong = [name for name in placeholders if not re.fullmatch(r":[A-Z][0-9A-Z_]+", name)]
    if wrong:
        remedy = "write them as :DATABASE_VISITOR: a colon, capital letters, digits and underscores"
        raise refused("graphile-migrate refuses these placeholders", wrong, path, remedy)
    connection = _USER.match(str(written.get("connectionString") or ""))
    events = ("afterReset", "beforeAllMigrations", "afterAllMigrations", "beforeCurrent", "afterCurrent")
    return Gmrc(
        path,
        written.get("migrationsFolder"),
        {name: str(value) for name, value in placeholders.items()},
        written.get("databaseOwner") or (connection["user"] if connection else None),
        {name: str(value) for name, value in (written.get("pgSettings") or {}).items()},
        tuple(action for event in events for action in _actions(event, written.get(event))),
    )


def placeholders_of(gmrc: Gmrc, given: Mapping[str, str]) -> dict[str, str]:
    """The values of all placeholders; those that wait for the environment and do not find it are left out.

    :param given: values of our own configuration, by name in any case, without the colon
    """
    values = {
        name: os.environ.get(name[1:], "") if value == "!ENV" else value for name, value in gmrc.placeholders.items()
    }
    values[_OWNER] = gmrc.owner or os.environ.get(_OWNER[1:]) or "CURRENT_USER"
    values |= {f":{name.upper()}": value for name, value in given.items()}
    return {name: value for name, value in values.items() if value}


def unset(gmrc: Gmrc, values: Mapping[str, str], text: str) -> list[str]:
    """The placeholders in a text that have no value."""
    names = [name for name in gmrc.placeholders if name not in values]
    return [name for name in names if re.search(re.escape(name) + r"\b", text)]


def substitute(text: str, values: Mapping[str, str]) -> str:
    """The text with the values of placeholders, wherever they stand, as graphile-migrate replaces them."""
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    return re.sub(rf"(?:{names})\b", lambda found: values[found[0]], text) if values and ":" in text else text


def _actions(event: str, written: Any) -> list[Action]:
    found = []
    for each in written if isinstance(written, list) else [written] if written else []:
        if isinstance(each, str):
            found.append(Action(event, file=each.removeprefix("!")))
        elif isinstance(each, dict) and not each.get("shadow"):
            found.append(Action(event, str(each.get("file") or ""), str(each.get("command") or "")))
    return found


def _plain(text: str) -> str:
    """JSON that says the same."""

    def rewritten(token: re.Match[str]) -> str:
        match token.lastgroup:
            case "comment" | "comma":
                return ""
            case "key":
                return f'"{token[0]}"'
            case "single":
                return '"' + token["single"].replace("\\'", "'").replace('"', '\\"') + '"'
            case _:
                return token[0]

    return _TOKEN.sub(rewritten, text)
