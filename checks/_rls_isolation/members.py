"""Tables that say which people belong to what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from migrate_validate.catalog.model import Catalog, Table

from .model import Hop, Membership, Person
from .origins import Comparison
from .references import References, unique_columns, words_of

_ROLE = re.compile(r"(^|_)(roles?|role_id|role_name|level|permissions?|access|rank)$")
_MEMBER = re.compile(r"member|membership|collaborator|participant|(^|_)team_users?$|(^|_)staff|employee|account_user")
_FLAG = re.compile(r"^(is_)?(admin|owner|manager|moderator|superuser)$")
_BY = re.compile(r"_by$|_by_id$|creator|author")
"""Who did something to the row, not whom it is about."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that may be one of members."""

    membership: Membership
    root: str
    """What the people belong to, ``schema.name``."""
    evidence: bool
    """Policies of other tables look a person up in it."""


def candidates(
    catalog: Catalog,
    references: References,
    people: Person,
    compared: Sequence[Comparison],
    declared: Collection[str] | None,
) -> list[Candidate]:
    """The tables that may be memberships.

    A table with a unique key over a person and something else is one where policies of other tables look people up in
    it, or it has roles, or is called so; likes and bookmarks have such keys, too. So is a table of people with one row
    a person that refers to something else.

    :param declared: the only tables that are wanted; None: all that look like it
    """
    looked_up = {
        each.table
        for each in compared
        if each.origin.kind in ("uid", "setting") and each.policy_of != each.table and each.table in references.tables
    }
    looked_up |= _guarding_themselves(references, people, compared)
    found = []
    for name, table in references.tables.items():
        if name == people.table and name.startswith("auth."):
            continue
        if declared is None or name in declared:
            found += list(
                _of_table(catalog, references, people, compared, table, name in looked_up, declared is not None)
            )
    return found


def _guarding_themselves(references: References, people: Person, compared: Sequence[Comparison]) -> set[str]:
    """The tables of which policies of other tables read to what people belong, and whose own policies ask who reads."""
    asking = {each.table for each in compared if each.origin.kind in ("uid", "setting")}
    found = set()
    for each in compared:
        name, _, column = each.origin.name.rpartition(".") if each.origin.kind == "column" else ("", "", "")
        if name in asking and name in references.tables and each.policy_of != name:
            others = (hop for hop in references.of(name) if not people.columns_of(hop.references))
            if any(column in hop.columns for hop in others):
                found.add(name)
    return found


def _of_table(
    catalog: Catalog,
    references: References,
    people: Person,
    compared: Sequence[Comparison],
    table: Table,
    looked_up: bool,
    declared: bool,
) -> Iterator[Candidate]:
    name = table.qualified_name
    role = next((column.name for column in table.columns if _ROLE.search(column.name)), None)
    words = words_of(catalog, table, role) if role else ()
    if role is None:
        flags = (column.name for column in table.columns if column.type == "boolean" and _FLAG.search(column.name))
        role = next(flags, None)
        words = ("true", "false") if role else ()
    own = people.columns_of(name)
    to_people = [hop for hop in references.of(name) if people.columns_of(hop.references) == hop.referenced_columns]
    to_others = [hop for hop in references.of(name) if not people.columns_of(hop.references)]
    keys = unique_columns(table)
    home = {each.origin.name for each in compared if each.origin.kind == "column" and each.table != name}
    in_person = sorted(to_people, key=lambda hop: _BY.search(hop.columns[0]) is not None)
    for other in to_others:
        if other.references == name or (role is not None and role in other.columns):
            continue
        if own:
            certain = looked_up or role is not None or declared
            if certain and (_is_home(table, other) or home & {f"{name}.{column}" for column in other.columns}):
                yield Candidate(Membership(name, own, other.columns, role, words, True), other.references, looked_up)
            continue
        called = role is not None or _MEMBER.search(table.name) is not None
        for person in in_person:
            both = frozenset(person.columns + other.columns)
            keyed = any(both <= key <= both | {role} for key in keys)
            only = len(in_person) == 1 or _BY.search(in_person[1].columns[0]) is not None
            if declared or (keyed and (looked_up or called)) or (only and looked_up and called):
                yield Candidate(
                    Membership(name, person.columns, other.columns, role, words), other.references, looked_up
                )
                break


def _is_home(table: Table, hop: Hop) -> bool:
    """Whether a person belongs to what the row refers to: not one of many things that it may have chosen."""
    words = (
        "organi",
        "org",
        "tenant",
        "team",
        "company",
        "workspace",
        "account",
        "group",
        "client",
        "customer",
        "firm",
    )
    names = (*hop.columns, hop.references.rpartition(".")[2])
    return table.qualified_name != hop.references and any(
        part.startswith(words) for name in names for part in name.split("_")
    )
