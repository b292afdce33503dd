"""What the user can do about a failure: who creates a missing object, what to declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from migrate_validate import syntax
from migrate_validate.chain.creates import Created, created_objects
from migrate_validate.chain.files import natural
from migrate_validate.chain.model import Chain, Script, SetAside
from migrate_validate.postgres.environments import SUPABASE, Environment
from migrate_validate.postgres.extensions import extension_of, instead_of_stand_in, known, offers, remedies
from migrate_validate.postgres.server import Server
from migrate_validate.replay.missing_roles import about_missing_role
from migrate_validate.replay.sending import about_sending
from migrate_validate.replay.timeline import Failure

_MISSING = {
    "42P01": re.compile(r'(?:relation|table|view|materialized view|sequence) "(?P<name>[^"]+)" does not exist'),
    "42883": re.compile(r"(?:function|procedure|aggregate) (?P<name>[\w.\"]+)\(.*\) does not exist"),
    "42704": re.compile(
        r"(?P<kind>type|role|index|constraint|publication|collation|extension|policy|trigger|operator class"
        r'|text search configuration) "(?P<name>[^"]+)"(?: .*)? does not exist'
    ),
    "42703": re.compile(
        r'column "?(?P<name>[\w.$]+)"?(?: of relation "(?P<table>[^"]+)"| named in key| referenced in \w[\w ]*)?'
        " does not exist"
    ),
    "3F000": re.compile(r'schema "(?P<name>[^"]+)" does not exist'),
}
"""By SQLSTATE: how PostgreSQL says that something is missing."""

_RELATIONS = frozenset({"table", "view", "materialized view", "sequence"})
_KINDS = {
    "42P01": _RELATIONS,
    "42883": frozenset({"function"}),
    "42703": frozenset({"column"}),
    "3F000": frozenset({"schema"}),
    "type": _RELATIONS | {"type"},
}
_EXTENSION = re.compile(r'extension "([^"]+)" is not available|extension control file "[^"]*/([^/"]+)\.control"')
_VERSION = re.compile(r'extension "([^"]+)" has no installation script nor update path for version')
_INDEX_OPTION = re.compile(r'unrecognized parameter "(?:lists|m|ef_construction)"')
_SETTING = re.compile(r'unrecognized configuration parameter "(\w+)"')
_STORAGE = "Direct deletion from storage tables is not allowed."
_SINCE = {"default_table_access_method": 12, "transaction_timeout": 17}
"""Settings that pg_dump writes, by the major version that has brought them."""
_PARENT = re.compile(r'is not present in table "([^"]+)"')
_SUPABASE = re.compile(
    r"(auth|storage|realtime|extensions|vault|cron|net)(\.|$)|(anon|authenticated|service_role|supabase_\w+)$"
)


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a message says is missing."""

    kinds: frozenset[str]
    schema: str | None
    name: str
    table: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def advice(failure: Failure, chain: Chain, script: Script, server: Server, environment: Environment) -> tuple[str, ...]:
    """Sentences for the user about this failure on this server, the most useful first; empty where nothing is known."""
    sending = about_sending(failure, chain, script)
    if sending:
        return sending
    extension = _about_extension(failure, server)
    if extension:
        return extension
    if failure.message.startswith(_STORAGE):
        return (
            "Supabase refuses this since December 2025, on a fresh database too, where there is nothing to delete.",
            "Leave it out: INSERT INTO storage.buckets ... ON CONFLICT (id) DO UPDATE needs no DELETE before it. Or "
            "say that it is meant: SET LOCAL storage.allow_delete_query = 'true'; the Storage API alone deletes files.",
        )
    setting = _SETTING.fullmatch(failure.message)
    if setting and setting[1] in _SINCE:
        return _about_newer(setting[1], server)
    parent = _PARENT.search(failure.detail or "") if failure.sqlstate == "23503" else None
    if parent:
        return _about_parent(parent[1], failure, chain, script)
    missing = _missing(failure)
    if missing is None:
        return ()
    known_here = any(_by_order(missing, chain, script))
    if missing.kinds == {"role"} and not known_here and not _SUPABASE.match(missing.name):
        return (*_about_steps(chain, script), *about_missing_role(missing.name, chain, server))
    owner = None if known_here else extension_of(missing.name)
    return (
        _about_member(missing, owner, server) if owner else _about_missing(missing, failure, chain, script, environment)
    )


def created_later(failure: Failure, chain: Chain, script: Script) -> Created | None:
    """What a script misses, and only a migration after it creates; None where that is not why it failed."""
    missing = _missing(failure)
    if missing is None:
        return None
    before, here, later = _by_order(missing, chain, script)
    migrations = {migration.file for migration in chain.migrations}
    after = [found for found in later if found.location.file in migrations and not found.maybe]
    return after[0] if after and not before and not here else None


def _missing(failure: Failure) -> _Missing | None:
    pattern = _MISSING.get(failure.sqlstate or "")
    match = pattern.search(failure.message) if pattern else None
    if match is None:
        return None
    found = match.groupdict()
    kind = found.get("kind") or failure.sqlstate or ""
    schema, _, name = found["name"].replace('"', "").removesuffix("[]").rpartition(".")
    # What stands before the dot of a column may be an alias.
    qualified = None if kind == "42703" else schema or None
    return _Missing(_KINDS.get(kind, frozenset({kind})), qualified, name, found.get("table"))


def _about_newer(setting: str, server: Server) -> tuple[str, ...]:
    major = _SINCE[setting]
    return (
        f"PostgreSQL has {setting} since version {major}, and pg_dump of such a version writes it; this is "
        f"{server.description}: set postgres = {major} in the configuration, or remove the line.",
    )


def _about_extension(failure: Failure, server: Server) -> tuple[str, ...]:
    absent = _EXTENSION.search(failure.message)
    if absent:
        return remedies(absent[1] or absent[2], server)
    version = _VERSION.search(failure.message)
    if version and version[1] in known():
        return (f'A stand-in for "{version[1]}" has one version only: leave VERSION out.',) if server.ours else ()
    if _INDEX_OPTION.search(failure.message) and re.search(r"\b(?:hnsw|ivfflat)\b", failure.statement or "", re.I):
        return (
            'The stand-in for "vector" knows no options of an index: they are left out of a CREATE INDEX in a script '
            "where the real extension would take them.",
            instead_of_stand_in("vector", server),
        )
    return ()


def _about_member(missing: _Missing, extension: str, server: Server) -> tuple[str, ...]:
    if not offers(server, extension):
        return (f'"{missing}" belongs to the extension "{extension}".', *remedies(extension, server))
    return (
        f'"{missing}" belongs to the extension "{extension}": create that before, and see that its schema is in the '
        "search_path.",
        *((instead_of_stand_in(extension, server),) if extension in known() else ()),
    )


def _about_parent(table: str, failure: Failure, chain: Chain, script: Script) -> tuple[str, ...]:
    parents, children = _first_rows(table, script), _first_rows(failure.table or "", script)
    if parents > children >= 0 and not failure.at_commit:
        return (f'Rows of "{table}" must be inserted first: this file inserts them after those of "{failure.table}".',)
    if parents >= 0 and failure.at_commit:
        return (f'Rows of "{table}" must be there at the COMMIT: this file inserts some, but not this one.',)
    if parents >= 0:
        return (f'Rows of "{table}" must be there first: this file inserts some before, but not this one.',)
    order = list(chain.scripts)
    mine = order.index(script)
    seeds = [seed.script for seed in chain.seeds]
    # No migration may need a seed, which is not there when the chain is applied to a database in use.
    asked = order if script in seeds else [each for each in order if each not in seeds]
    others = [each for each in asked if each is not script and _first_rows(table, each) >= 0]
    later = [each.file for each in others if order.index(each) > mine]
    if later:
        return (f'Rows of "{table}" must be inserted first: {later[0]} inserts some, and is applied after this file.',)
    if others:
        names = ", ".join(each.file for each in others[:3])
        return (f'Rows of "{table}" must be there first: {names} inserts some before, but not this one.',)
    if script in seeds:
        return (f'Rows of "{table}" must be there first, and no file of the chain inserts any: add them to the seed.',)
    if failure.at_commit:
        where = "insert them in this file, or in an earlier one"
        return (f'Rows of "{table}" must be there at the COMMIT, and no migration inserts any: {where}.',)
    where = "insert them further up in this file, or in an earlier one"
    return (f'Rows of "{table}" must be there first, and no migration inserts any: {where}.',)


def _first_rows(table: str, script: Script) -> int:
    """Where a script first puts rows into a table; -1 where it does not."""
    pattern = rf'\b(?:insert\s+into|copy)\s+(?:"?\w+"?\.)?"?{re.escape(table)}"?(?![\w"])'
    match = re.search(pattern, script.text, re.IGNORECASE)
    return match.start() if match and table else -1


def _by_order(missing: _Missing, chain: Chain, script: Script) -> tuple[list[Created], list[Created], list[Created]]:
    """Who creates what is missing: scripts before this one, itself, and those after it."""
    order = list(chain.scripts)
    mine = order.index(script)
    made = [(order.index(each), found) for each in order for found in _made(missing, each)]
    exact = [(place, found) for place, found in made if missing.schema in (None, found.schema) or not found.schema]
    before, here, later = ([found for place, found in exact if _sign(place - mine) == side] for side in (-1, 0, 1))
    return before, here, later


def _about_missing(
    missing: _Missing, failure: Failure, chain: Chain, script: Script, environment: Environment
) -> tuple[str, ...]:
    order = list(chain.scripts)
    mine = order.index(script)
    before, here, later = _by_order(missing, chain, script)
    below = [found for found in here if (found.location.line or 0) > (failure.location.line or 0)]
    if below:
        return (f'"{missing}" is created in this file, but only on line {below[0].location.line}.',)
    if here or before:
        return _about_created((here or before)[0], missing)
    if later:
        return (
            f'"{missing}" is created by {later[0].location.file}, which is applied later.',
            "Give that file an earlier version, or move the statement that needs it.",
        )
    elsewhere = [found for each in order for found in _made(missing, each)]
    if elsewhere:
        other = elsewhere[0]
        return (f'{other.location.file} creates "{other.schema}.{other.name}", in another schema: name that one.',)
    if "column" in missing.kinds:
        return _about_unknown_column(missing, failure, order[: mine + 1], environment)
    return (*_about_steps(chain, script), *_about_unknown(missing, environment))


def _about_steps(chain: Chain, script: Script) -> tuple[str, ...]:
    """The last step before this script that cannot be run here."""
    versions = [each.version for each in chain.migrations]
    mine = next((place for place, each in enumerate(chain.migrations) if each.file == script.file), len(versions))

    def comes_first(step: SetAside) -> bool:
        if step.before is None:
            return natural(step.file) < natural(script.file)
        return step.before in versions and versions.index(step.before) <= mine

    steps = [each.file for each in chain.set_aside if each.step and comes_first(each)]
    return (f"{max(steps, key=natural)} comes before, and cannot be run here: it may make it.",) if steps else ()


def _about_created(found: Created, missing: _Missing) -> tuple[str, ...]:
    where = f'"{missing}" is created by {found.location.file}:{found.location.line}, which came before'
    if found.kind == "function":
        return (f"{where}: look at the types of its arguments, and at its schema.",)
    if found.kind == "column":
        return (f'{where}, in the table "{found.table}".',)
    if found.schema and not missing.schema:
        return (
            f'{where}, in the schema "{found.schema}", which is not in the search_path: '
            f"write {found.schema}.{missing.name}.",
        )
    return (f"{where}; it was dropped, renamed, or is in a schema that is not in the search_path.",)


def _about_unknown_column(
    missing: _Missing, failure: Failure, applied: Sequence[Script], environment: Environment
) -> tuple[str, ...]:
    """Base files are for a column only where the tables that the statement names are not of the chain."""
    tables = {missing.table} if missing.table else _relations_of(failure.statement or "")
    created = [found for each in applied for found in created_objects(each)]
    if tables and not any(found.kind in _RELATIONS and found.name in tables for found in created):
        return _about_unknown(missing, environment)
    columns = {found.name: found for found in created if found.kind == "column" and found.table in tables}
    near = get_close_matches(missing.name, columns, n=1)
    if not near:
        return (f'No file of the chain creates the column "{missing}".',)
    meant = columns[near[0]]
    return (
        f'No file of the chain creates the column "{missing}": did you mean "{meant.name}" of the table '
        f'"{meant.table}" ({meant.location.file}:{meant.location.line})?',
    )


def _relations_of(statement: str) -> set[str]:
    """The tables and views that a statement names; those that it defines by WITH among them."""
    try:
        parsed = syntax.parse(statement)
    except syntax.GrammarError:
        return set()
    nodes = [node for each in parsed for node in syntax.walk(each.node)]
    return {node.relname for node in nodes if syntax.node_name(node) == "RangeVar"}


def _about_unknown(missing: _Missing, environment: Environment) -> tuple[str, ...]:
    remedies = [
        f'No file of the chain creates "{missing}".',
        'Declare what stood in the database before the first migration: base = ["schema.sql"] in the configuration '
        "(pg_dump --schema-only of the real one, for instance).",
    ]
    if _SUPABASE.match(str(missing)) and environment.name != SUPABASE.name:
        remedies.append('It belongs to Supabase: environment = "supabase" provides it.')
    return tuple(remedies)


def _made(missing: _Missing, script: Script) -> list[Created]:
    return [
        found
        for found in created_objects(script)
        if found.name == missing.name
        and found.kind in missing.kinds
        and (missing.table is None or found.table == missing.table)
    ]


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
