"""How breaches are told: one finding for what breaks one rule by one table, view or function."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrate_validate.findings import Finding, Location, Severity

from .blaming import Blame, effective
from .ground import Ground
from .scripts import rows_of, statement
from .verdicts import Breach

_ORDER = {"anon": 0, "outsider": 1, "member": 2, "both": 3}
_KINDS = {"read": 0, "change": 0, "delete": 1, "forge": 0, "join": 1, "move": 0, "promote": 0}
"""The plainest statements first."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that breaks one rule by one object."""

    worst: Breach
    """By those who have least, with the plainest statement."""
    others: tuple[Breach, ...]
    blame: Blame
    script: str
    opened: Location | None = None
    measured: bool = False
    """The migration was found by probing the states between."""


def grouped(breaches: Iterable[Breach]) -> list[tuple[Breach, tuple[Breach, ...]]]:
    """By rule, object and severity: the worst breach and the others."""
    groups: dict[tuple[str, str], list[Breach]] = {}
    for each in breaches:
        groups.setdefault((each.rule, each.object), []).append(each)
    found = []
    for group in groups.values():
        group.sort(key=_rank)
        found.append((group[0], tuple(group[1:])))
    return found


def _rank(breach: Breach) -> tuple[object, ...]:
    return (
        breach.severity is not Severity.ERROR,
        _ORDER.get(breach.identity.kind, 4),
        breach.outcome.sqlstate is not None,
        breach.tried.aimed is not None,
        _KINDS.get(breach.tried.kind, 2),
    )


def finding(ground: Ground, told: Told) -> Finding:
    """The finding about one group."""
    worst = told.worst
    role = worst.identity.role
    who = worst.identity.label if role in worst.identity.label else f"{worst.identity.label} (role {role})"
    said = f"{who} {worst.said}" if worst.rule != "policy-error" else f"as {who}, {worst.said}"
    name = f"{worst.object}()" if worst.tried.kind == "call" else worst.object
    where = " (measured: it was closed before)" if told.measured else ""
    return Finding(
        f"{name}: {said}; {told.blame.why}{_also(told)}{where}",
        object=worst.object,
        location=told.opened,
        statement=statement(worst),
        evidence={
            "role": role,
            "claims": _claims(told),
            "statement": statement(worst),
            "rows": rows_of(ground, worst.rows[:3]),
            "policies": _policies(ground, worst),
            "others": _others(told),
            "script": told.script,
        },
        fix=_fix(told),
        severity=worst.severity,
    )


def _claims(told: Told) -> Mapping[str, object]:
    for line in told.script.splitlines():
        if line.startswith("SELECT set_config('request.jwt.claims', '"):
            text = line.partition("', '")[2].removesuffix("', true);").replace("''", "'")
            claims: Mapping[str, object] = json.loads(text)
            return claims
    return {}


def _also(told: Told) -> str:
    """What else breaks the same rule by the same object, and who else."""
    worst = told.worst
    by_command = {each.tried.command: _deed(each) for each in reversed(told.others)}
    deeds = [deed for command, deed in sorted(by_command.items()) if command != worst.tried.command]
    if worst.rule == "policy-error":
        deeds = sorted(by_command.keys() - {worst.tried.command})
    people = {each.identity.label for each in told.others} - {worst.identity.label}
    parts = [f"also: {', '.join(deeds)}"] if deeds else []
    parts += [f"so do {len(people)} other identities"] if len(people) > 1 else []
    parts += [f"so does {people.pop()}"] if len(people) == 1 else []
    return "".join(f"; {part}" for part in parts)


def _others(told: Told) -> list[str]:
    """Who else, or with what other commands: one line for each identity."""
    worst = told.worst
    shown = (worst.identity.label, worst.tried.command)
    by_label: dict[str, set[str]] = {}
    for each in told.others:
        if (each.identity.label, each.tried.command) != shown:
            by_label.setdefault(each.identity.label, set()).add(each.tried.command)
    return [f"{label}: {', '.join(sorted(commands))}" for label, commands in sorted(by_label.items())]


def _deed(breach: Breach) -> str:
    command = breach.tried.command
    return breach.said if breach.said.startswith(command) else f"{command} ({breach.said})"


def _policies(ground: Ground, breach: Breach) -> list[str]:
    """The policies that are asked, as they are."""
    table = next((each for each in ground.tables if each.qualified_name == breach.object), None)
    if table is None:
        return []
    if not table.row_security:
        return ["row level security is off"]
    return [
        f'"{each.name}" for {each.command} to {", ".join(each.roles)}'
        + (f" using ({each.using})" if each.using is not None else "")
        + (f" with check ({each.check})" if each.check is not None else "")
        for each in effective(table, breach.tried.command, breach.identity.role)
    ]


def _fix(told: Told) -> str:
    """What stops it, or how to declare that it is meant."""
    fix = told.blame.fix
    name = told.worst.object.removeprefix("public.")
    if told.worst.rule == "anonymous-read":
        return f'{fix}\nor, where everybody is meant to read it: [tenancy] public_read = ["{name}"]'
    if told.worst.rule == "cross-tenant-read":
        return f'{fix}\nor, where tenants are meant to see it: [tenancy] cross_tenant = ["{name}"]'
    return fix
