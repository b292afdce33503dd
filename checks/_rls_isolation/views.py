"""Views and materialized views: they are read with the rights of their owner, whom policies may not bind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from migrate_validate.catalog.model import View
from migrate_validate.syntax import quote

from .._rls_policies.graph import invoker
from .._shared import count_of
from .ground import Ground, Placed, literal, named, place, writable
from .identities import Identity
from .probes import Acting, Outcome, Probe, Prober
from .tries import Try
from .verdicts import Access, Breach
from .wording import look_at

Seen = tuple[list[Access], list[Breach]]


def views(
    ground: Ground, prober: Prober, acting: Acting, identity: Identity, only: frozenset[str] | None = None
) -> Seen:
    """Read and change every view as an identity; rows of others are found by the words that only they have."""
    accesses: list[Access] = []
    breaches: list[Breach] = []
    for view in ground.catalog.views:
        name = view.qualified_name
        if only is not None and name not in only:
            continue
        may = ground.may(identity.role, name)
        tries = list(_tries(ground, view, identity))
        seen = Access(name, "SELECT", identity.label, "SELECT" in may)
        for tried, outcome in zip(tries, prober.run(acting, [each.probe for each in tries]), strict=True):
            if tried.kind == "read":
                seen, found = _read(ground, identity, seen, tried, outcome)
                breaches += found
            else:
                breaches += _changed(ground, identity, tried, outcome)
        accesses.append(seen)
    return accesses, breaches


def _tries(ground: Ground, view: View, identity: Identity) -> Iterator[Try]:
    may = ground.may(identity.role, view.qualified_name)
    name, sql = view.qualified_name, named(view.qualified_name)
    if "SELECT" in may:
        columns = [quote(each.name) for each in view.columns if may.allows("SELECT", each.name)]
        query = (
            f"SELECT coalesce(jsonb_agg(to_jsonb(v)), '[]')::text FROM (SELECT {', '.join(columns)} FROM {sql}) AS v"
        )
        yield Try("read", "SELECT", name, Probe(query, returns=True))
    yield from _by_triggers(ground, view, identity)
    base = _changeable(ground, view)
    if base is None:
        return
    look = look_at(base, ground.owner_columns(base))
    if "DELETE" in may:
        yield Try("delete", "DELETE", name, Probe(f"DELETE FROM {sql}", look=look), object=base)
    theirs = ground.foreign_rows(identity, base)
    if not theirs:
        return
    table = ground.catalog.whole.tables_by_name[base]
    own = {column.name: column for column in table.columns if column.name in {each.name for each in view.columns}}
    keys = {column for key in table.constraints if key.kind != "check" for column in key.columns}
    values = {column: theirs[0].values[column] for column in own if writable(own[column])}
    if "UPDATE" in may:
        free = [each for each in values if each not in keys and values[each] is not None and may.allows("UPDATE", each)]
        if free:
            sets = f"{quote(free[0])} = {literal(values[free[0]])}"
            yield Try("change", "UPDATE", name, Probe(f"UPDATE {sql} SET {sets}", look=look), object=base)
    if "INSERT" in may:
        given = {
            column: value
            for column, value in values.items()
            if value is not None and may.allows("INSERT", column) and not (column in keys and own[column].default)
        }
        text = f"INSERT INTO {sql} ({', '.join(map(quote, given))}) VALUES ({', '.join(map(literal, given.values()))})"
        yield Try("forge", "INSERT", name, Probe(text, look=look), object=base)


def _by_triggers(ground: Ground, view: View, identity: Identity) -> Iterator[Try]:
    """Rows of others, given to a trigger that writes them in place of the view."""
    may, sql = ground.may(identity.role, view.qualified_name), named(view.qualified_name)
    if "INSERT" not in may or not any("INSTEAD OF" in each.definition for each in view.triggers):
        return
    names = [column.name for column in view.columns if may.allows("INSERT", column.name)]
    for base in _tables_of(ground, view.qualified_name):
        for row in ground.foreign_rows(identity, base)[:1]:
            table = ground.catalog.whole.tables_by_name[base]
            key = table.primary_key.columns if table.primary_key else ()
            given = {name: row.values[name] for name in names if row.values.get(name) is not None and name not in key}
            if given:
                listed, values = ", ".join(map(quote, given)), ", ".join(map(literal, given.values()))
                probe = Probe(f"INSERT INTO {sql} ({listed}) VALUES ({values})", look=look_everywhere(ground))
                yield Try("trigger", "INSERT", view.qualified_name, probe, object=base)


def _tables_of(ground: Ground, view: str) -> list[str]:
    """The tables that a view reads, by way of others, too."""
    found: dict[str, None] = {}
    waiting = list(ground.bases.get(view, ()))
    while waiting:
        name = waiting.pop(0)
        if name in ground.rows:
            found[name] = None
        else:
            waiting += [each for each in ground.bases.get(name, ()) if each != view]
    return list(found)


def _changeable(ground: Ground, view: View) -> str | None:
    """The one table that changes of a view go to, with the rights of its owner."""
    bases = ground.bases.get(view.qualified_name, ())
    plain = view.kind == "view" and not invoker(view) and len(bases) == 1
    return bases[0] if plain and bases[0] in ground.rows else None


def look_everywhere(ground: Ground) -> str | None:
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


def touched(ground: Ground, identity: Identity, looked: Mapping[str, Any] | None) -> tuple[list[Placed], list[str]]:
    """The rows of others that are not what they were, and the tables with new ones, of all that were looked at."""
    gone: list[Placed] = []
    added: list[str] = []
    for table, rows in (looked or {}).items():
        left = {str(at): tuple(values) for at, *values in rows or ()}
        gone += [row for row in ground.rows[table] if row.at not in left and ground.foreign(identity, row)]
        owners = ground.owners(table)
        new = [values for at, values in left.items() if at not in ground.by_place]
        if any(ground.foreign(identity, Placed(table, "", owners.get(values, ""), {})) for values in new):
            added.append(table)
    return gone, added


def _read(
    ground: Ground, identity: Identity, access: Access, tried: Try, outcome: Outcome
) -> tuple[Access, list[Breach]]:
    if not outcome.done:
        broken = outcome.sqlstate not in ("42501", "55000")  # 55000: a materialized view without data
        return replace(access, error=outcome.sqlstate if broken else None), []
    texts = [json.dumps(row, ensure_ascii=False) for row in outcome.told or ()]
    foreign = shown(texts, ground.markers(identity))
    others = sum(foreign.values())
    access = replace(access, own=len(texts) - others, others=others)
    tenancy = ground.tenancy
    anonymous = identity.kind == "anon"
    if not others or tried.table in tenancy.public_read or (not anonymous and tried.table in tenancy.cross_tenant):
        return access, []
    rule = "anonymous-read" if anonymous else "cross-tenant-read"
    whose = ", ".join(f"{count_of(number, 'row')} of {side}" for side, number in sorted(foreign.items()))
    rows = telling_rows(ground, identity, texts)
    return access, [Breach(rule, tried.table, identity, tried, f"sees {whose}", rows, outcome=outcome)]


def shown(texts: list[str], markers: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """By tenant: how many of the texts hold one of its words."""
    found = {side: sum(any(word in text for word in words) for text in texts) for side, words in markers.items()}
    return {side: number for side, number in found.items() if number}


def telling_rows(ground: Ground, identity: Identity, texts: list[str]) -> tuple[Placed, ...]:
    """A row of others of which words stand in the texts, the one with the most of them."""
    whole = "\n".join(texts)
    words = frozenset(word for each in ground.markers(identity).values() for word in each if word in whole)
    best = max(ground.by_place.values(), key=lambda row: len(words & set(row.values.values())), default=None)
    return (best,) if best is not None and words & set(best.values.values()) else ()


def _changed(ground: Ground, identity: Identity, tried: Try, outcome: Outcome) -> Iterator[Breach]:
    if outcome.looked is None:
        return
    anonymous = identity.kind == "anon"
    if tried.kind == "trigger":
        gone, tables = touched(ground, identity, outcome.looked)
        if gone or tables:
            rule = "anonymous-write" if anonymous else "cross-tenant-write" if gone else "cross-tenant-insert"
            table = gone[0].table if gone else tables[0]
            said = f"changes or deletes rows of others in {table}" if gone else f"adds a row to {table} of others"
            yield Breach(rule, tried.table, identity, tried, said, tuple(gone), outcome=outcome)
        return
    rows = {row.at: row for row in ground.rows[tried.object]}
    left = {str(at) for at, *_ in outcome.looked}
    gone = [row for at, row in rows.items() if at not in left and ground.foreign(identity, row)]
    owners = ground.owners(tried.object)
    added = [
        values
        for at, *values in outcome.looked
        if at not in rows and ground.foreign(identity, Placed(tried.object, "", owners.get(tuple(values), ""), {}))
    ]
    if gone:
        rule = "anonymous-write" if anonymous else "cross-tenant-write"
        verb = "deletes" if tried.kind == "delete" else "changes"
        said = f"{verb} {count_of(len(gone), 'row')} of others in {tried.object}"
        yield Breach(rule, tried.table, identity, tried, said, tuple(gone), outcome=outcome)
    elif added and tried.kind == "forge":
        rule = "anonymous-write" if anonymous else "cross-tenant-insert"
        said = f"adds a row to {tried.object} that belongs to others"
        yield Breach(rule, tried.table, identity, tried, said, outcome=outcome)
