"""Functions that run with the rights of their owner: called with the keys of others, and searched for their rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrate_validate.syntax import quote

from .ground import Ground, Placed, literal, named, place
from .identities import Identity
from .judging import Access, Breach
from .probes import Acting, Outcome, Probe, Prober
from .statements import Try
from .universes import A, B
from .views import Seen, shown, telling_rows

CALLS = 6
"""How many ways of filling the arguments of one function are tried."""

_CALLABLE = """
SELECT n.nspname || '.' || p.proname, p.oid::regprocedure::text,
  coalesce(p.proargnames[1:p.pronargs], array_fill(''::text, ARRAY[p.pronargs::int])),
  array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i) ORDER BY i),
  p.provolatile = 'v', NOT p.proretset AND p.prorettype IN ('uuid'::regtype, 'bigint'::regtype, 'integer'::regtype)
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind = 'f' AND p.prosecdef AND n.nspname = ANY (%s)
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND has_schema_privilege(%s, n.oid, 'USAGE') AND has_function_privilege(%s, p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_SECRET = re.compile(r"token|code|secret|password|hash|api_?key|signature", re.IGNORECASE)
"""Arguments that only those know who may call: nobody else's are tried."""
_PERSON = re.compile(r"user|uid|member|profile|owner|person|author|sub$|account_?holder", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Routine:
    name: str
    """``schema.name``."""
    signature: str
    arguments: tuple[tuple[str, str], ...]
    """Name and type of each."""
    writes: bool
    looks_up: bool
    """It gives one key."""


def routines(
    ground: Ground, prober: Prober, acting: Acting, identity: Identity, only: frozenset[str] | None = None
) -> Seen:
    """Call every SECURITY DEFINER function that an identity may call, with its own keys and with those of others."""
    schemas = sorted({function.schema for function in ground.catalog.functions})
    found = prober.connection.execute(_CALLABLE, [schemas, identity.role, identity.role]).fetchall()
    look = _look(ground)
    accesses: list[Access] = []
    breaches: list[Breach] = []
    for name, signature, names, types, writes, looks_up in found:
        routine = _Routine(name, signature, tuple(zip(names, types, strict=True)), writes, looks_up)
        if only is not None and name not in only:
            continue
        tries = [_call(routine, given, look) for given in _arguments(ground, identity, routine)]
        broken: list[Breach] = []
        for tried, outcome in zip(tries, prober.run(acting, [each.probe for each in tries]), strict=True):
            broken += _judged(ground, identity, routine, tried, outcome)
        access = Access(f"{name}()", "EXECUTE", identity.label, True, others=len(broken))
        accesses.append(access if broken else replace(access, own=1))
        breaches += broken
    return accesses, breaches


def _call(routine: _Routine, given: Sequence[str | None], look: str | None) -> Try:
    listed = ", ".join(f"{literal(value)}::{kind}" for value, (_, kind) in zip(given, routine.arguments, strict=True))
    query = f"SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]')::text FROM {named(routine.name)}({listed}) AS f"
    values = {str(number): value for number, value in enumerate(given)}
    probe = Probe(query, returns=True, look=look if routine.writes else None)
    return Try("call", "EXECUTE", routine.name, probe, values=values)


def _look(ground: Ground) -> str | None:
    """Where the rows of all tables that belong to somebody lie, and whose they are."""
    parts = []
    for table, rows in ground.rows.items():
        columns = ground.owner_columns(table)
        if rows and columns:
            listed = ", ".join([place(), *(f"{quote(column)}::text" for column in columns)])
            parts.append(
                f"SELECT {literal(table)} AS t, jsonb_agg(jsonb_build_array({listed})) AS r FROM {named(table)}"
            )
    return f"SELECT jsonb_object_agg(t, r)::text FROM ({' UNION ALL '.join(parts)}) AS looked" if parts else None


def _arguments(ground: Ground, identity: Identity, routine: _Routine) -> Iterator[tuple[str | None, ...]]:
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
        ways[tuple(_value(ground, side, person, name, kind) for name, kind in routine.arguments)] = None
    yield from list(ways)[:CALLS]


def _person(ground: Ground, side: str) -> str | None:
    return next((actor.sub for actor in ground.universes.actors if actor.universe == side), None)


def _value(ground: Ground, side: str, person: str | None, name: str, kind: str) -> str | None:
    """What an argument gets: by its name where that is the name of a column or a table, else by its type."""
    bare = re.sub(r"^(p|v|in|arg|_)_|^_", "", name.lower())
    if _SECRET.search(bare):
        return "00000000-0000-4000-8000-000000000000" if kind == "uuid" else "1" if _number(kind) else "x"
    array = kind.endswith("[]")
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
    if kind == "boolean":
        return "true"
    if kind in ("jsonb", "json"):
        return "{}"
    if kind.startswith(("timestamp", "date")):
        return "2020-01-01"
    labels = next((enum.labels for enum in ground.catalog.whole.enums if enum.name == kind.rpartition(".")[2]), ())
    return labels[0] if labels else None


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


def _judged(ground: Ground, identity: Identity, routine: _Routine, tried: Try, outcome: Outcome) -> Iterator[Breach]:
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
    gone: list[Placed] = []
    added: list[str] = []
    for table, looked in (outcome.looked or {}).items():
        left = {str(at): tuple(values) for at, *values in looked or ()}
        gone += [row for row in ground.rows[table] if row.at not in left and ground.foreign(identity, row)]
        owners = ground.owners(table)
        new = [values for at, values in left.items() if at not in ground.by_place]
        if any(ground.foreign(identity, Placed(table, "", owners.get(values, ""), {})) for values in new):
            added.append(table)
    if gone:
        rule = "anonymous-write" if anonymous else "cross-tenant-write"
        said = f"changes or deletes {len(gone)} row{'s' if len(gone) > 1 else ''} of others in {gone[0].table}"
        yield Breach(rule, tried.table, identity, tried, said, tuple(gone), outcome=outcome)
    elif added:
        rule = "anonymous-write" if anonymous else "cross-tenant-insert"
        said = f"adds a row to {added[0]} that belongs to others"
        yield Breach(rule, tried.table, identity, tried, said, outcome=outcome)
