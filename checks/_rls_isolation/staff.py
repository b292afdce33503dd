"""People with power outside of all tenants: rows of tables such as ``admins``, and claims that policies ask for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from migrate_validate.catalog.model import Catalog, Table

from .columns import privileged
from .model import Person, Staff
from .origins import Comparison
from .references import References, words_of

MOST = 4
"""Kinds of staff that are asked as."""
ORDINARY = re.compile(r"^(member|user|viewer|reader|guest|employee|student|staff|basic|free|false)s?$", re.IGNORECASE)
_NAMED = re.compile(r"(^|_)(super_?)?(admin|administrator|staff|moderator|superuser|operator)s?(_users?)?$")
_ROLE = re.compile(r"(^|_)(role|role_name|role_id|level|permission)s?$")
_Words = Mapping[str, Mapping[str, tuple[str, ...]]]


def staff(
    catalog: Catalog,
    references: References,
    people: Person | None,
    compared: Sequence[Comparison],
    wanted: _Words,
    claims: Sequence[tuple[str, tuple[str, ...]]],
    tables: Collection[str],
    declared: Collection[str] | None,
) -> tuple[Staff, ...]:
    """Who has power that no tenant gives.

    :param wanted: by table and column: constants that policies compare the column with
    :param claims: claims that people cannot write themselves, and the words that policies ask of them
    :param tables: those whose rows belong to people and to no tenant
    :param declared: the only tables that count; None: those that look like it
    """
    found: list[Staff] = []
    looked_up = {each.table for each in compared if each.origin.kind in ("uid", "setting")}
    for name in sorted(tables):
        wished = declared is not None and name in declared
        if people is not None and (wished or (declared is None and name in looked_up)):
            table = catalog.tables_by_name[name]
            found += _of_table(catalog, references, people, table, wanted.get(name, {}), declared=wished)
    if people is not None:
        for path, words in claims:
            found += [Staff(claim=path, word=word) for word in words[:2] if not ORDINARY.match(word)]
    return tuple(dict.fromkeys(found))[:MOST]


def _of_table(
    catalog: Catalog,
    references: References,
    people: Person,
    table: Table,
    wanted: Mapping[str, tuple[str, ...]],
    *,
    declared: bool,
) -> Iterator[Staff]:
    name = table.qualified_name
    own = people.columns_of(name)
    persons = own or next(
        (hop.columns for hop in references.of(name) if people.columns_of(hop.references) == hop.referenced_columns), ()
    )
    if len(persons) != 1:
        return
    column = next((each for each in table.columns if _ROLE.search(each.name) and each.name not in persons), None)
    flags = [each for each in table.columns if each.type == "boolean" and privileged(each) and each.name in wanted]
    if column is not None and wanted.get(column.name):
        known = words_of(catalog, table, column.name)
        power = [word for word in wanted[column.name] if not ORDINARY.match(word)]
        only = not own and not any(ORDINARY.match(word) for word in (*known, *wanted[column.name]))
        for word in power[:2]:
            yield Staff(name, persons[0], column.name, word, only)
    elif flags:
        yield from (Staff(name, persons[0], each.name, "true") for each in flags[:2])
    elif declared or _NAMED.search(table.name):
        yield Staff(name, persons[0], only=True)
