"""SQL stand-ins for extensions that a server lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from migrate_validate.chain.model import Chain
from migrate_validate.postgres.extensions import words

_SQL = Path(__file__).parent
_MENTION = re.compile(r"\bextension\b", re.I)


@dataclass(frozen=True, slots=True)
class StandIn:
    """An extension made of SQL that takes the place of one that is not installed."""

    name: str
    note: str
    """What it does not do, for people; empty where nothing differs."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What is written for a stand-in: the values of its control file, mirrored from the real one, and its notes."""

    version: str
    note: str
    schema: str | None = None
    requires: tuple[str, ...] = ()
    relocatable: bool = False
    sha1: bool = False
    """Whether the script needs SHA-1, which PostgreSQL does not have built in."""
    trusted: bool = False
    """Whether the script does what only a superuser may, for whoever may create the extension."""


_SOURCES = {
    "uuid-ossp": _Source("1.1", "uuid_generate_v1 and v1mc use a random node", relocatable=True, sha1=True),
    "pgcrypto": _Source(
        "1.4",
        "password hashes of crypt() are not real ones; encrypt, decrypt and the pgp functions are absent",
        relocatable=True,
        sha1=True,
    ),
    "pgjwt": _Source("0.2.0", "", requires=("pgcrypto",)),
    "pg_cron": _Source("1.6", "jobs are recorded, never run", schema="pg_catalog"),
    "http": _Source("1.6", "no request is sent: each is answered with status 503"),
    "pg_net": _Source("0.14.0", "requests are queued, never sent"),
    "supabase_vault": _Source("0.3.1", "secrets are stored as plain text, not encrypted", schema="vault"),
    "pg_graphql": _Source("1.5.11", "graphql.resolve answers with an error: nothing is checked", schema="graphql"),
    "pgsodium": _Source("3.1.8", "only its key table: nothing is encrypted", schema="pgsodium"),
    "pg_jsonschema": _Source("0.3.3", "EVERY document is accepted: a constraint that calls it is NOT ENFORCED"),
    "vector": _Source(
        "0.8.0",
        "indexes find nothing, take columns of any dimensions, and lists, m and ef_construction are left out of them; "
        "halfvec and sparsevec are absent",
        relocatable=True,
        trusted=True,
    ),
    "pgmq": _Source("1.5.1", "partitioned queues are refused: they need pg_partman", schema="pgmq"),
    "pgaudit": _Source("1.7", "nothing is audited", relocatable=True),
    "pg_stat_statements": _Source("1.11", "its views are always empty", relocatable=True),
}


def known() -> tuple[str, ...]:
    """The names of all stand-ins, in alphabetical order."""
    return tuple(sorted(_SOURCES))


def needed(chain: Chain, *before: str) -> frozenset[str]:
    """The extensions that CREATE EXTENSION statements name, those inside DO blocks and of EXECUTE too.

    :param before: texts of SQL that run before the chain
    """
    return frozenset(
        name
        for text in (*before, *(script.text for script in chain.scripts))
        if _MENTION.search(text)
        for statement in words.statements(text)
        for name in _created(statement)
    )


def _created(statement: tuple[str, ...]) -> Iterable[str]:
    for place, pair in enumerate(pairwise(statement)):
        if pair == ("create", "extension"):
            rest = statement[place + 2 :]
            rest = rest[3:] if rest[:3] == ("if", "not", "exists") else rest
            yield from rest[:1]


def offer(names: Iterable[str], directory: Path, *, available: Iterable[str] = ()) -> tuple[StandIn, ...]:
    """Write the stand-ins among ``names``, and those that they require, below ``directory``.

    :param names: extensions that the chain or its environment names; those without a stand-in are passed over
    :param directory: the folder that a server is offered; its subfolder ``extension`` is made
    :param available: extensions that the server has itself and that therefore need none
    """
    chosen: set[str] = set()
    waiting = [name for name in names if name in _SOURCES]
    while waiting:
        name = waiting.pop()
        if name not in chosen:
            chosen.add(name)
            waiting.extend(_SOURCES[name].requires)
    folder = directory / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    offered = sorted(chosen.difference(available))
    for name in offered:
        (folder / f"{name}.control").write_text(_control(name), encoding="utf-8")
        (folder / f"{name}--{_SOURCES[name].version}.sql").write_text(install_script(name), encoding="utf-8")
    return tuple(StandIn(name, _SOURCES[name].note) for name in offered)


def install_script(name: str) -> str:
    """The SQL that CREATE EXTENSION runs for a stand-in.

    :raises KeyError: if there is none of this name
    """
    prefix = name.replace("-", "_")
    parts = ["sha1.sql"] if _SOURCES[name].sha1 else []
    text = "\n".join((_SQL / part).read_text(encoding="utf-8") for part in (*parts, f"{name}.sql"))
    return text.replace("stand_in_", f"{prefix}_stand_in_")


def _control(name: str) -> str:
    source = _SOURCES[name]
    lines = [
        "comment = 'stand-in made of SQL'",
        f"default_version = '{source.version}'",
        f"relocatable = {str(source.relocatable).lower()}",
        f"superuser = {str(source.trusted).lower()}",
        f"trusted = {str(source.trusted).lower()}",
    ]
    if source.schema:
        lines.append(f"schema = '{source.schema}'")
    if source.requires:
        lines.append(f"requires = '{', '.join(source.requires)}'")
    return "\n".join(lines) + "\n"
