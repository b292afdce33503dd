"""What the user can do about a failure: who creates a missing object, what to declare."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate_validate.chain.creates import created_objects
from migrate_validate.chain.model import Chain, Script
from migrate_validate.postgres.extensions import known
from migrate_validate.replay.timeline import Failure

_MISSING = {
    "42P01": re.compile(r'relation "([^"]+)" does not exist'),
    "42883": re.compile(r"(?:function|procedure) ([\w.\"]+)\(.*\) does not exist"),
    "42704": re.compile(r'(?:type|role|index|constraint|publication|collation) "([^"]+)"(?: .*)? does not exist'),
    "42703": re.compile(r'column "?([\w.]+)"?(?: of relation "[^"]+")? does not exist'),
    "3F000": re.compile(r'schema "([^"]+)" does not exist'),
}
_EXTENSION = re.compile(r'extension "([^"]+)" is not available|extension control file "[^"]*/([^/"]+)\.control"')
_PARENT = re.compile(r'is not present in table "([^"]+)"')


def advice(failure: Failure, chain: Chain, script: Script) -> tuple[str, ...]:
    """Sentences for the user about this failure, the most useful first; empty where nothing is known."""
    extension = _EXTENSION.search(failure.message)
    if extension:
        return _about_extension(extension[1] or extension[2])
    parent = _PARENT.search(failure.detail or "") if failure.sqlstate == "23503" else None
    if parent:
        return _about_parent(parent[1], failure, chain, script)
    pattern = _MISSING.get(failure.sqlstate or "")
    missing = pattern.search(failure.message) if pattern else None
    if missing:
        return _about_missing(missing[1].replace('"', ""), chain, script)
    return ()


def _about_extension(name: str) -> tuple[str, ...]:
    if name in known():
        return (
            f'This server has no extension "{name}". On PostgreSQL 18 and later a stand-in is offered by itself: '
            "pip install 'migrate-validate[embedded]' and ask for it with postgres = 18.",
        )
    return (
        f'This server has no extension "{name}" and there is no stand-in for it.',
        "Run on a server that has it: --postgresql-exec or --postgresql-host name one.",
    )


def _about_parent(table: str, failure: Failure, chain: Chain, script: Script) -> tuple[str, ...]:
    mine = _position(table, script.text)
    here = _position(failure.table or "", script.text) if failure.table else -1
    if mine > here >= 0:
        return (f'Rows of "{table}" must be inserted first: this file inserts them after those of "{failure.table}".',)
    others = [s.file for s in chain.scripts if s is not script and _position(table, s.text) >= 0]
    if others:
        return (f'Rows of "{table}" must be there first; {", ".join(others[:3])} inserts some.',)
    return (f'Rows of "{table}" must be there first, and no file of the chain inserts any: add them to the seed.',)


def _position(table: str, text: str) -> int:
    match = re.search(rf'insert\s+into\s+(?:"?\w+"?\.)?"?{re.escape(table)}"?\b', text, re.IGNORECASE)
    return match.start() if match else -1


def _about_missing(name: str, chain: Chain, script: Script) -> tuple[str, ...]:
    creators = _creators(name, chain.scripts)
    later = _after(script, creators, chain)
    if later:
        return (
            f'"{name}" is created by {later[0].file}, which is applied later.',
            "Give that file an earlier version, or move the statement that needs it.",
        )
    if creators and script in creators:
        return (f'"{name}" is created in this file, but further down or in another schema.',)
    if creators:
        return (f'"{name}" is created by {creators[0].file}, which came before; it was dropped, renamed, or is in a '
                "schema that is not in the search_path.",)  # fmt: skip
    remedies = [
        f'No file of the chain creates "{name}".',
        'Declare what stood in the database before the first migration: base = ["schema.sql"] in the configuration '
        "(pg_dump --schema-only of the real one, for instance).",
    ]
    if re.match(r"(auth|storage|realtime|extensions|vault|cron|net)(\.|$)|(anon|authenticated|service_role)$", name):
        remedies.append('It belongs to Supabase: environment = "supabase" provides it.')
    return tuple(remedies)


def _creators(name: str, scripts: Sequence[Script]) -> list[Script]:
    schema, _, bare = name.rpartition(".")
    return [
        script
        for script in scripts
        if any(made.name == bare and (not schema or made.schema in (None, schema)) for made in created_objects(script))
    ]


def _after(script: Script, creators: list[Script], chain: Chain) -> list[Script]:
    order = list(chain.scripts)
    mine = order.index(script) if script in order else -1
    return [creator for creator in creators if order.index(creator) > mine]
