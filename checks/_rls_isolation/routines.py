"""Functions that run with the rights of their owner: called with the keys of others, and searched for their rows."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from .._shared import count_of
from .ground import Ground, literal, named
from .identities import Identity
from .probes import Acting, Connection, Outcome, Probe, Prober
from .tries import Try
from .universes import A, B
from .verdicts import Access, Breach
from .views import Seen, look_everywhere, shown, telling_rows, touched

CALLS = 6
"""How many ways of filling the arguments of one function are tried."""
_FEWER = 2
"""And of one with the rights of whoever calls it."""

_CALLABLE = """
SELECT n.nspname || '.' || p.proname, p.prokind = 'p', p.prosecdef, p.provolatile = 'v', p.provariadic <> 0,
  NOT p.proretset AND p.prorettype IN ('uuid'::regtype, 'bigint'::regtype, 'integer'::regtype),
  (SELECT coalesce(jsonb_agg(jsonb_build_array(
     coalesce(p.proargnames[i], ''), format_type(t, NULL), coalesce(p.proargmodes[i]::text, 'i')) ORDER BY i), '[]')
   FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (t, i))
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p') AND n.nspname = ANY (%s)
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND has_schema_privilege(%s, n.oid, 'USAGE') AND has_function_privilege(%s, p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1, p.oid::regprocedure::text
"""
ENDS_TRANSACTION = "2D000"
_SECRET = re.compile(r"token|code|secret|password|hash|api_?key|signature", re.IGNORECASE)
"""Arguments that only those know who may call: nobody else's are tried."""
_USUAL = {
    "boolean": "true",
    "json": "{}",
    "timestamp": "2020-01-01",
    "date": "2020-01-01",
    "time": "12:00",
    "interval": "1 day",
    "inet": "127.0.0.1",
    "bytea": "x",
}
"""Values of types, by what their names begin with."""
_PERSON = re.compile(r"user|uid|member|profile|owner|person|author|sub$|account_?holder", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Routine:
    """Something that can be called."""

    name: str
    """``schema.name``."""
    procedure: bool
    definer: bool
    """It runs with the rights of its owner."""
    writes: bool
    variadic: bool
    looks_up: bool
    """It gives one key."""
    arguments: tuple[tuple[str, str, str], ...]
    """Name, type and mode of each that a call has."""
    gives: bool
    """A procedure with results."""


def callable_by(
    ground: Ground, connection: Connection, roles: Collection[str], only: frozenset[str] | None = None
) -> dict[str, list[Routine]]:
    """By role: the functions and procedures that it may call."""
    schemas = sorted({each.schema for each in ground.catalog.functions if _wanted(f"{each.schema}.{each.name}", only)})
    if not schemas:
        return {}
    found = {role: connection.execute(_CALLABLE, [schemas, role, role]).fetchall() for role in sorted(set(roles))}
    return {role: [_routine(*each) for each in rows if _wanted(each[0], only)] for role, rows in found.items()}


def _wanted(name: str, only: frozenset[str] | None) -> bool:
    return only is None or name in only


def routines(
    ground: Ground,
    prober: Prober,
    acting: Acting,
    identity: Identity,
    found: Sequence[Routine],
    known: Collection[Breach] = (),
) -> Seen:
    """Call every function and procedure that an identity may call, with its own keys and with those of others.

    :param known: what it was seen to do with tables and views, which explains what functions without rights of their
        own show
    """
    look = look_everywhere(ground) if found else None
    explained = any(each.identity.label == identity.label and each.rule.endswith("-read") for each in known)
    accesses: list[Access] = []
    breaches: list[Breach] = []
    for routine in found:
        ways = list(_arguments(ground, identity, routine))[: CALLS if routine.definer else _FEWER]
        tries = [_call(routine, given, look) for given in ways]
        outcomes = prober.run(acting, [each.probe for each in tries])
        broken: list[Breach] = []
        for tried, outcome in zip(tries, outcomes, strict=True):
            if routine.definer or not explained:
                broken += _judged(ground, identity, routine, tried, outcome)
        failed = None if any(each.done for each in outcomes) else outcomes[0].sqlstate
        access = Access(f"{routine.name}()", "EXECUTE", identity.label, True, others=len(broken))
        accesses.append(access if broken else replace(access, own=1, error=failed))
        breaches += broken
    return accesses, breaches


def _routine(
    name: str,
    procedure: bool,
    definer: bool,
    writes: bool,
    variadic: bool,
    looks_up: bool,
    arguments: Sequence[tuple[str, str, str]],
) -> Routine:
    given = tuple(
        (argument, kind, mode) for argument, kind, mode in arguments if mode in ("iobv" if procedure else "ibv")
    )
    gives = procedure and any(mode in "ob" for *_, mode in given)
    return Routine(name, procedure, definer, writes, variadic, looks_up, given, gives)


def _call(routine: Routine, given: Sequence[str | None], look: str | None) -> Try:
    texts = [f"{literal(value)}::{kind}" for value, (_, kind, _) in zip(given, routine.arguments, strict=True)]
    if routine.variadic and texts:
        texts[-1] = f"VARIADIC {texts[-1]}"
    call = f"{named(routine.name)}({', '.join(texts)})"
    values = {str(number): value for number, value in enumerate(given)}
    look = look if routine.definer and (routine.writes or routine.procedure) else None
    if routine.procedure:
        return Try(
            "call",
            "EXECUTE",
            routine.name,
            Probe(f"CALL {call}", False, look, always=True, record=routine.gives),
            values=values,
        )
    query = f"SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]')::text FROM {call} AS f"
    return Try("call", "EXECUTE", routine.name, Probe(query, returns=True, look=look), values=values)


def _arguments(ground: Ground, identity: Identity, routine: Routine) -> Iterator[tuple[str | None, ...]]:
    """Ways of filling the arguments: with all that is others', with one's own, as oneself among others."""
    home = ground.home(identity)
    others = [side for side in (B, A) if side not in home]
    mine = [side for side in (A, B) if side in home]
    ways: dict[tuple[str | None, ...], None] = {}
    for side, person in (
        *((side, _person(ground, side)) for side in others),
        *((side, identity.sub) for side in others),
        *((side, identity.sub) for side in mine),
        *((mine[0], _person(ground, side)) for side in others if mine),
    ):
        ways[
            tuple(
                None if mode == "o" else _value(ground, side, person, name, kind)
                for name, kind, mode in routine.arguments
            )
        ] = None
    yield from ways


def _person(ground: Ground, side: str) -> str | None:
    return next((actor.sub for actor in ground.universes.actors if actor.universe == side), None)


def _value(ground: Ground, side: str, person: str | None, name: str, kind: str) -> str | None:
    """What an argument gets: by its name where that is the name of a column or a table, else by its type."""
    bare = re.sub(r"^(p|v|in|arg|_)_|^_", "", name.lower())
    if _SECRET.search(bare):
        return "00000000-0000-4000-8000-000000000000" if kind == "uuid" else "1" if _number(kind) else "x"
    array = kind.endswith("[]")
    domains = {f"{each.schema}.{each.name}": each.base_type for each in ground.catalog.whole.domains}
    kind = domains.get(kind, domains.get(f"public.{kind}", kind))
    value = _known(ground, side, person, bare, kind.removesuffix("[]"))
    return f"{{{value}}}" if array and value is not None else value


def _known(ground: Ground, side: str, person: str | None, bare: str, kind: str) -> str | None:
    by_column = _of_column(ground, side, bare, kind)
    if kind == "uuid" or _number(kind):
        if _PERSON.search(bare) and person is not None:
            return person
        key = ground.universes.keys.get(side)
        fitting = key if key is not None and (kind == "uuid") == ("-" in key) else None
        return by_column or _of_table(ground, side, bare) or fitting or (None if kind == "uuid" else "1")
    if kind in ("text", "character varying", "name", "citext"):
        return by_column or "x"
    labels = next((enum.labels for enum in ground.catalog.whole.enums if enum.name == kind.rpartition(".")[2]), ())
    usual = next((value for start, value in _USUAL.items() if kind.startswith(start)), None)
    return by_column or (labels[0] if labels else usual) or _of_type(ground, side, kind)


def _of_type(ground: Ground, side: str, kind: str) -> str | None:
    """A row of a table, where that is the type, or any value of the type."""
    for table in ground.tables:
        for row in ground.rows.get(table.qualified_name, ()):
            if side not in ground.sides(row.universe):
                continue
            if kind in (table.name, table.qualified_name):
                return _row_text([row.values[column.name] for column in table.columns])
            for column in table.columns:
                if column.type == kind and row.values[column.name] is not None:
                    return row.values[column.name]
    return None


def _row_text(values: Sequence[str | None]) -> str:
    quoted = ("" if value is None else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"' for value in values)
    return f"({','.join(quoted)})"


def _number(kind: str) -> bool:
    return kind in ("smallint", "integer", "bigint", "numeric", "real", "double precision")


def _of_column(ground: Ground, side: str, bare: str, kind: str) -> str | None:
    if bare == "id":
        return None
    for table in ground.tables:
        column = table.column(bare)
        if column is not None and (column.type == kind or kind == "text"):
            for row in ground.rows.get(table.qualified_name, ()):
                if side in ground.sides(row.universe) and row.values[bare] is not None:
                    return row.values[bare]
    return None


def _of_table(ground: Ground, side: str, bare: str) -> str | None:
    """The key of a row in the table that an argument is named after: ``project_id``, ``target_project``."""
    stem = bare.removesuffix("_id").rpartition("_")[2]
    for table in ground.tables:
        if table.name in (stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies") and table.primary_key:
            for row in ground.rows.get(table.qualified_name, ()):
                if side in ground.sides(row.universe):
                    return row.values[table.primary_key.columns[0]]
    return None


def _judged(ground: Ground, identity: Identity, routine: Routine, tried: Try, outcome: Outcome) -> Iterator[Breach]:
    if not outcome.done or tried.table in ground.tenancy.public_read:
        return
    anonymous = identity.kind == "anon"
    given = {value for value in tried.values.values() if value}
    texts = [json.dumps(row, ensure_ascii=False) for row in outcome.told or ()]
    if routine.looks_up and given:
        # Whoever knows the key of a row is told the key of its tenant, as policies need it: nothing that stands there.
        given |= {*ground.universes.keys.values(), *ground.people}
    markers = {side: words - given for side, words in ground.markers(identity).items()}
    foreign = shown(texts, markers)
    if foreign and (anonymous or tried.table not in ground.tenancy.cross_tenant):
        rule = "anonymous-read" if anonymous else "cross-tenant-read"
        rows = telling_rows(ground, identity, texts)
        said = f"is told what stands in rows of {', '.join(sorted(foreign))}"
        yield Breach(rule, tried.table, identity, tried, said, rows, outcome=outcome)
    gone, added = touched(ground, identity, outcome.looked)
    if gone:
        rule = "anonymous-write" if anonymous else "cross-tenant-write"
        said = f"changes or deletes {count_of(len(gone), 'row')} of others in {gone[0].table}"
        yield Breach(rule, tried.table, identity, tried, said, tuple(gone), outcome=outcome)
    elif added:
        rule = "anonymous-write" if anonymous else "cross-tenant-insert"
        said = f"adds a row to {added[0]} that belongs to others"
        yield Breach(rule, tried.table, identity, tried, said, outcome=outcome)
