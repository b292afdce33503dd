"""Policies that let every row through, and what still narrows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_validate.catalog.model import Policy, Table
from migrate_validate.findings import Finding, Result, Severity, Unproven
from migrate_validate.syntax import GrammarError, parse_expression, quote

from .._shared import quoted
from .._truth import truth
from .expressions import truth_in


def always_true(table: Table, policy: Policy, outside: frozenset[str] | None) -> Iterator[Result]:
    """What is always true of a permissive policy.

    :param outside: the roles that reach the database from outside, and ``public``; None: not known
    """
    name = f"{table.qualified_name}: {policy.name}"
    open_parts = []
    for part, expression in (("USING", policy.using), ("WITH CHECK", policy.check)):
        try:
            if expression is not None and truth_in(table, parse_expression(expression)):
                open_parts.append(part)
        except GrammarError as error:
            yield Unproven(f"its {part} cannot be parsed: {error.message}", object=name)
    if not open_parts or not policy.permissive:
        return
    guards = _guards(table, policy, open_parts)
    if policy.command == "SELECT" or guards or (outside is not None and outside.isdisjoint(policy.roles)):
        severity = Severity.INFO
    else:
        severity = Severity.ERROR if "USING" in open_parts else Severity.WARNING
    alter = f"ALTER POLICY {quote(policy.name)} ON {quoted(table.qualified_name)}"
    does = "do ALL with" if policy.command == "ALL" else policy.command
    yield Finding(
        f'policy "{policy.name}" on {table.qualified_name} lets {", ".join(policy.roles)} {does} every row: '
        f"its {' and its '.join(open_parts)} {'are' if len(open_parts) > 1 else 'is'} always true"
        + (f"; {', '.join(guards)} (restrictive) still narrows it" if guards else ""),
        object=table.qualified_name,
        evidence={
            "policy": policy.name,
            "command": policy.command,
            "roles": list(policy.roles),
            "using": policy.using,
            "check": policy.check,
            **({"restrictive": list(guards)} if guards else {}),
        },
        fix=f"{alter} {' '.join(f'{part} (...)' for part in open_parts)};",
        severity=severity,
    )


def _guards(table: Table, policy: Policy, open_parts: Sequence[str]) -> tuple[str, ...]:
    """The restrictive policies that together narrow whatever a policy opens; none where they leave a part of it open.

    A policy for ALL opens three kinds of change, of which each may have a guard of its own; reading is not one.
    """
    guards: dict[str, None] = {}
    commands = ("INSERT", "UPDATE", "DELETE") if policy.command == "ALL" else (policy.command,)
    for command in commands:
        for part in _parts_of(command, policy, open_parts):
            found = [each.name for each in table.policies if _narrows(each, policy, command, part)]
            if not found:
                return ()
            guards.update(dict.fromkeys(found))
    return tuple(guards)


def _parts_of(command: str, policy: Policy, open_parts: Sequence[str]) -> Sequence[str]:
    """What a command passes by of that which is open: old rows by USING, new ones by WITH CHECK."""
    if command == "INSERT":
        # Where a policy has no WITH CHECK, its USING judges new rows too.
        return ("WITH CHECK",) if policy.check is None or "WITH CHECK" in open_parts else ()
    return [part for part in open_parts if command == "UPDATE" or part == "USING"]


def _narrows(guard: Policy, policy: Policy, command: str, part: str) -> bool:
    if guard.permissive or guard.command not in ("ALL", command):
        return False
    if "public" not in guard.roles and not set(policy.roles) <= set(guard.roles):
        return False
    expression = guard.using if part == "USING" or guard.check is None else guard.check
    try:
        return expression is not None and not truth(parse_expression(expression))
    except GrammarError:
        return False
