"""What is tried on a table as somebody: reading, blind and aimed changes, forged rows, moves, higher roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from migrate_validate.syntax import quote

from .ground import Placed, literal, place, writable
from .powers import appointments, enlistments, promotions
from .probes import Probe
from .tries import Try
from .universes import BOTH, A, B
from .wording import Wording

ALONE = 3
"""Columns with people of which each is tried by itself."""
AIMED = 2
"""How many rows of others each aimed statement is tried on."""


def tries(on: Wording) -> Iterator[Try]:
    """Everything that the role's privileges allow to be tried."""
    if "SELECT" in on.may:
        yield _read(on)
    if "UPDATE" in on.may:
        yield from _changes(on)
        yield from _moves(on)
        yield from promotions(on)
        yield from _in_names_of_fellows(on, "UPDATE")
    if "DELETE" in on.may:
        yield on.tried("delete", "DELETE", f"DELETE FROM {on.sql}")
        for row in on.foreign[:AIMED]:
            yield on.tried("delete", "DELETE", f"DELETE FROM {on.sql} WHERE {on.where(row)}", row)
    given_away = {(on.identity.role, on.table.owner, schema) for schema in (on.table.schema, "")}
    ours = on.name in on.ground.catalog.tables_by_name
    if ours and "TRUNCATE" in on.may.whole and given_away.isdisjoint(on.ground.given_away):
        made = on.tried("delete", "TRUNCATE", f"TRUNCATE {on.sql}")
        yield replace(made, probe=replace(made.probe, always=True))
    if "INSERT" in on.may:
        yield from _inserts(on)


def _read(on: Wording) -> Try:
    """The query that tells which rows are seen."""
    columns: tuple[str, ...] = ()
    wanted = place()
    if "SELECT" not in on.may.whole:
        columns = tuple(each.name for each in on.table.columns if on.may.allows("SELECT", each.name))
        wanted = f"jsonb_build_array({', '.join(f'{quote(column)}::text' for column in columns)})"
    query = f"SELECT coalesce(jsonb_agg({wanted}), '[]')::text FROM {on.sql}"
    return Try("read", "SELECT", on.name, Probe(query, returns=True), columns=columns)


def _changes(on: Wording) -> Iterator[Try]:
    payload = on.payload()
    if payload:
        sets = f"{quote(payload[0])} = {literal(payload[1])}"
        yield on.tried("change", "UPDATE", f"UPDATE {on.sql} SET {sets}")
        for row in on.foreign[:AIMED]:
            yield on.tried("change", "UPDATE", f"UPDATE {on.sql} SET {sets} WHERE {on.where(row)}", row)
    examples: list[Placed | None] = [*_examples(on)] or [None]
    for example in examples if _movable(on) else ():
        mine = on.owner_values([example] if example else [], foreign=False)
        if mine:
            yield from (replace(each, values=mine) for each in _thefts(on, mine, example))


def _thefts(on: Wording, mine: Mapping[str, str | None], example: Placed | None) -> Iterator[Try]:
    sets = on.sets(mine)
    yield on.tried("steal", "UPDATE", f"UPDATE {on.sql} SET {sets}")
    for row in (*on.foreign[:AIMED], *_of_fellows(on, example)):
        yield on.tried("steal", "UPDATE", f"UPDATE {on.sql} SET {sets} WHERE {on.where(row)}", row)
    # A CHECK may compare several columns with each other: all of them as in a row of one's own.
    alike = {**_like(on, example), **mine} if example else mine
    if alike.keys() > mine.keys():
        yield on.tried("steal", "UPDATE", f"UPDATE {on.sql} SET {on.sets(alike)}")


def _of_fellows(on: Wording, example: Placed | None) -> list[Placed]:
    """Of somebody in both tenants: a row that others have in the other one."""
    if on.identity.kind != "both" or example is None:
        return []
    found = [row for row in on.own if row.universe in (A, B) and row.universe != example.universe]
    return [row for row in found if on.identity.sub not in row.values.values()][:1]


def _like(on: Wording, row: Placed) -> dict[str, str | None]:
    """The references of a row that may be set, and are no part of what must be unique."""
    return {
        column: row.values[column]
        for column in sorted(on.referring - on.unique)
        if column in row.values and on.may.allows("UPDATE", column)
    }


def _moves(on: Wording) -> Iterator[Try]:
    theirs = on.owner_values(on.foreign, foreign=True)
    if theirs and _movable(on) and on.own:
        sets = on.sets(theirs)
        yield on.tried("move", "UPDATE", f"UPDATE {on.sql} SET {sets}")
        for row in on.own[:AIMED]:
            yield on.tried("move", "UPDATE", f"UPDATE {on.sql} SET {sets} WHERE {on.where(row)}", row)
    for other, reference in _references(on, "UPDATE"):
        for row in on.own[:1]:
            text = f"UPDATE {on.sql} SET {on.sets(reference)} WHERE {on.where(row)}"
            yield replace(on.tried("refer", "UPDATE", text, row), object=other)


def _movable(on: Wording) -> bool:
    """Whether the columns that say whose a row is are more than its identity."""
    people = on.ground.tenancy.people
    if on.name == on.ground.tenancy.root or (people and on.name == people.table):
        return False
    return all(on.may.allows("UPDATE", column) for column in on.owner) and bool(on.owner)


def _references(on: Wording, command: str) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """The tables that rows refer to beside their owner, and what refers to a row of others there."""
    ground = on.ground
    people = ground.tenancy.people
    for key in on.table.foreign_keys:
        other = key.references or ""
        # A person is no secret: whom a row names beside its owner says nothing of the person's rows.
        is_person = people is not None and people.columns_of(other)
        if set(key.columns) & set(on.owner) or is_person or not ground.belongs(other):
            continue
        rows = ground.foreign_rows(on.identity, other)
        if rows and all(on.may.allows(command, column) for column in key.columns):
            values = zip(key.columns, key.referenced_columns, strict=True)
            yield other, {column: rows[0].values[referenced] for column, referenced in values}


def _inserts(on: Wording) -> Iterator[Try]:
    for values in _to_add(on):
        yield on.insertion("add", values)
    for mine in _examples(on):
        values = on.fresh(mine.values)
        for other, sets in _references(on, "INSERT"):
            yield replace(on.insertion("refer", {**values, **sets}), object=other)
        theirs = on.owner_values(on.foreign, foreign=True)
        if theirs and not on.is_owner:
            yield on.insertion("forge", {**values, **theirs})
        yield from _upserts(on, mine)
    for row in on.foreign[:AIMED] if not on.is_owner else ():
        values = on.fresh(row.values)
        yield on.insertion("forge", values)
        if on.identity.sub and (named_by := on.ground.person_columns(on.table)):
            as_self = {**values, **dict.fromkeys(named_by, on.identity.sub)}
            yield on.insertion("join", as_self)
            # Where several columns name people, policies may ask for one of them.
            for column in named_by if 1 < len(named_by) <= ALONE else ():
                yield on.insertion("forge", {**values, column: on.identity.sub})
    yield from appointments(on)
    yield from enlistments(on)
    yield from _in_names_of_fellows(on, "INSERT")
    if not on.own and not on.foreign:
        for row in on.ground.rows.get(on.name, ())[:1]:
            yield on.insertion("add", on.fresh(row.values))


def _examples(on: Wording) -> list[Placed]:
    """A row of one's own; of somebody in both tenants, one in each."""
    by_side = {row.universe: row for row in reversed(on.own) if row.universe in (A, B)}
    return list(by_side.values()) if on.identity.kind == "both" and by_side else on.own[:1]


def _to_add(on: Wording) -> list[dict[str, str | None]]:
    """Rows like its own; where policies ask for a person, with itself in each of the columns that may name one."""
    said, sub = on.ground.owned.get(on.name), on.identity.sub
    examples = _examples(on)
    alike = [on.fresh(row.values) for row in examples]
    for column in said.columns if said and sub else ():
        own = next((row for row in on.own if row.values.get(column) == sub), None)
        for row in [own] if own else examples:
            alike.append({**on.fresh(row.values), column: sub})
    return list({tuple(values.items()): values for values in alike}.values())


def _upserts(on: Wording, mine: Placed) -> Iterator[Try]:
    payload, key = on.payload(), [each for each in on.table.columns if each.name in on.key]
    if not payload or not key or set(on.key) & set(on.owner) or "UPDATE" not in on.may:
        return
    if not all(writable(each) and on.may.allows("INSERT", each.name) for each in key):
        return
    for row in on.foreign[:1]:
        # What else is unique is as in that row, for no row of one's own is to stand in the way.
        values = {**mine.values, **{column: row.values[column] for column in on.unique - set(on.owner)}}
        target = ", ".join(map(quote, on.key))
        sets = f"{quote(payload[0])} = excluded.{quote(payload[0])}"
        text = f"{on.insert_text(values)} ON CONFLICT ({target}) DO UPDATE SET {sets}"
        yield on.tried("replace", "INSERT", text, row)


def _in_names_of_fellows(on: Wording, command: str) -> Iterator[Try]:
    """Rows of its own, and new ones, with other members of its tenant where its own name would be."""
    said, sub = on.ground.owned.get(on.name), on.identity.sub
    if said is None or on.identity.kind != "member" or on.ground.tenancy.kind == "person":
        return
    people = [each.sub for each in on.ground.universes.actors if each.universe in (*on.identity.home, BOTH)]
    fellows = [each for each in people if each != sub]
    columns = [name for name in said.columns if on.may.allows(command, name)]
    if not fellows or not columns:
        return
    named = {name: fellows[number % len(fellows)] for number, name in enumerate(columns)}
    if command == "UPDATE":
        yield on.tried("pass", command, f"UPDATE {on.sql} SET {on.sets(named)}")
    for row in on.own[:1] if command == "INSERT" else ():
        yield on.insertion("name", {**on.fresh(row.values), **named})
