"""Rows that belong to one person, as policies say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migrate_validate.catalog.model import Catalog, Policy, Table

from .origins import own_columns


@dataclass(frozen=True, slots=True)
class Owned:
    """What policies of one table say of whom its rows belong to."""

    columns: tuple[str, ...] = ()
    """The columns with the person that policies ask for."""
    commands: Mapping[str, Policy] = field(default_factory=dict)
    """By command: a policy that lets nobody but this person use it."""
    only: bool = False
    """No policy lets anybody else use any command."""


def _others(table: Table, command: str) -> bool:
    """Whether a policy of its own lets people use a command."""
    return any(each.permissive and each.command == command for each in table.policies)


def owned(catalog: Catalog, person_setting: str | None) -> Mapping[str, Owned]:
    """By ``schema.name`` of each table of which a policy lets people reach only rows that name them.

    :param person_setting: the setting that says who is asking, where one does
    """
    required = own_columns(catalog, person_setting)
    found: dict[str, Owned] = {}
    for table in catalog.tables:
        columns: dict[str, None] = {}
        commands: dict[str, Policy] = {}
        only = True
        for policy in table.policies if table.row_security else ():
            using, check = required.get((table.qualified_name, policy.name), (frozenset(), frozenset()))
            columns |= dict.fromkeys(sorted(using | check))
            if not policy.permissive:
                continue
            parts = ((policy.using, using), (policy.check, check))
            only = only and all(naming for text, naming in parts if text is not None)
            for command in ("SELECT", "INSERT", "UPDATE", "DELETE") if policy.command == "ALL" else (policy.command,):
                said = (check or (using if policy.check is None else check)) if command == "INSERT" else using
                # What is said of all commands gives way to what is said of one.
                if said and (policy.command == command or not _others(table, command)):
                    commands.setdefault(command, policy)
        if commands:
            found[table.qualified_name] = Owned(tuple(columns), commands, only)
    return found
