"""Views and materialized views: they are read with the rights of their owner, whom policies may not bind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrate_validate.catalog.model import View
from migrate_validate.syntax import quote

from .ground import Ground, Placed, literal, named, place, writable
from .identities import Identity
from .judging import Access, Breach
from .probes import Acting, Outcome, Probe, Prober
from .statements import Try

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


def _invoker(view: View) -> bool:
    """Whether it is read with the rights of whoever asks: then it shows nothing that the tables do not."""
    return any(each in ("security_invoker=true", "security_invoker=on", "security_invoker=1") for each in view.options)


def _tries(ground: Ground, view: View, identity: Identity) -> Iterator[Try]:
    may = ground.may(identity.role, view.qualified_name)
    name, sql = view.qualified_name, named(view.qualified_name)
    if "SELECT" in may:
        columns = [quote(each.name) for each in view.columns if may.allows("SELECT", each.name)]
        query = (
            f"SELECT coalesce(jsonb_agg(to_jsonb(v)), '[]')::text FROM (SELECT {', '.join(columns)} FROM {sql}) AS v"
        )
        yield Try("read", "SELECT", name, Probe(query, returns=True))
    base = _changeable(ground, view)
    if base is None:
        return
    look = _look(ground, base)
    if "DELETE" in may:
        yield Try("delete", "DELETE", name, Probe(f"DELETE FROM {sql}", look=look), object=base)
    theirs = ground.foreign_rows(identity, base)
    if not theirs:
        return
    table = next(each for each in ground.tables if each.qualified_name == base)
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


def _changeable(ground: Ground, view: View) -> str | None:
    """The one table that changes of a view go to, with the rights of its owner."""
    bases = ground.bases.get(view.qualified_name, ())
    plain = view.kind == "view" and not _invoker(view) and len(bases) == 1
    return bases[0] if plain and bases[0] in ground.rows else None


def _look(ground: Ground, table: str) -> str:
    parts = ", ".join([place(), *(f"{quote(column)}::text" for column in ground.owner_columns(table))])
    return f"SELECT coalesce(jsonb_agg(jsonb_build_array({parts})), '[]')::text FROM {named(table)}"


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
    whose = ", ".join(f"{number} row{'s' if number > 1 else ''} of {side}" for side, number in sorted(foreign.items()))
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
        said = f"{verb} {len(gone)} row{'s' if len(gone) > 1 else ''} of others in {tried.object}"
        yield Breach(rule, tried.table, identity, tried, said, tuple(gone), outcome=outcome)
    elif added and tried.kind == "forge":
        rule = "anonymous-write" if anonymous else "cross-tenant-insert"
        said = f"adds a row to {tried.object} that belongs to others"
        yield Breach(rule, tried.table, identity, tried, said, outcome=outcome)
