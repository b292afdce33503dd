"""How a counter that drifts is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from migrate_validate.catalog.model import Trigger
from migrate_validate.chain.model import Script
from migrate_validate.findings import Finding, Location, Severity
from migrate_validate.syntax import quote

from .._playground import location_of
from .._shared import count_of, quoted
from .counting import Count
from .drifting import Drift
from .operations import Operation


def told(count: Count, drifts: Collection[Drift], scripts: Collection[Script]) -> Iterator[Finding]:
    """The findings about one counter: one for each cause."""
    for group in _grouped(count, drifts):
        yield _told(count, group[0], group[1:], scripts)


def _grouped(count: Count, drifts: Collection[Drift]) -> list[list[Drift]]:
    """Operations for which the same trigger is missing, and functions that do no more than such an operation."""
    groups: dict[str, list[Drift]] = {}
    for drift in drifts:
        kind = drift.operation.kind
        unfired = bool(drift.operation.event) and kind != "truncate" and count.keepers and not _firing(count, drift)
        groups.setdefault(_like(groups, drift) or ("no trigger" if unfired else kind), []).append(drift)
    return list(groups.values())


def _like(groups: Mapping[str, Sequence[Drift]], drift: Drift) -> str | None:
    """The group of the operation that has the same effect as a function that was called: none, or the same numbers."""
    if drift.operation.event:
        return None
    said, counted = drift.effect
    alike = [drift.effect] if said else [drift.effect, (said, -counted)]
    known = {kind: first for kind, (first, *_) in groups.items() if first.operation.event and kind != "truncate"}
    return next((kind for kind, first in known.items() if first.effect in alike), None)


def _told(count: Count, drift: Drift, others: Sequence[Drift], scripts: Collection[Script]) -> Finding:
    operation = drift.operation
    rows = int(drift.after[1])
    which = "" if drift.condition == "true" else f" WHERE {_readable(drift.condition)}"
    wrong = "is NULL" if drift.by is None else f"is {abs(drift.by)} too {'high' if drift.by > 0 else 'low'}"
    says = "" if drift.by is None else f"it says {drift.after[0]}, "
    trigger, blame = _blamed(count, drift)
    also = [each.operation.said for each in others]
    return Finding(
        f"{count.subject} {wrong} after {operation.said}: {says}"
        f"{count.link.child.qualified_name} has {count_of(rows, 'row')}{which}; {blame}",
        object=count.subject,
        location=_location(operation, trigger, scripts),
        statement=operation.statements[-1],
        evidence={
            "says": drift.after[0],
            "counted": rows,
            **({"also_after": also} if also else {}),
            "script": "\n".join(f"{each};" for each in drift.script),
        },
        fix=_fix(count, drift),
        # Only whoever owns the table can do it, and triggers for each row never see it.
        severity=Severity.INFO if operation.kind == "truncate" else None,
    )


def _location(operation: Operation, trigger: Trigger | None, scripts: Collection[Script]) -> Location | None:
    """The statement that makes what is at fault: the function that was called, or the trigger."""
    if not operation.event:
        called = operation.said.partition("()")[0].rpartition(".")[2]
        return location_of(scripts, "function", called)
    if trigger is None:
        return None
    function = trigger.function.rpartition(".")[2]
    return location_of(scripts, "trigger", trigger.name) or location_of(scripts, "function", function)


def _readable(condition: str) -> str:
    return re.sub(r'"([a-z_][a-z0-9_]*)"', r"\1", condition)


def _blamed(count: Count, drift: Drift) -> tuple[Trigger | None, str]:
    """The trigger at fault, and what is wrong with it."""
    operation = drift.operation
    kept = ", ".join(f"{each.name} fires on {_events(each)}" for each in count.keepers)
    if not operation.event:
        names = ", ".join(each.name for each in count.keepers)
        return None, f"the function is at fault: {names} keeps it, too" if names else "no trigger keeps it"
    firing = _firing(count, drift)
    if not firing:
        return count.keepers[0], f"no trigger that keeps it fires then: {kept}"
    how = "counts wrongly" if drift.before[0] != drift.after[0] else "leaves it as it was"
    return firing[0], f"the trigger {firing[0].name} with {firing[0].function}() {how}"


def _firing(count: Count, drift: Drift) -> list[Trigger]:
    return [each for each in count.keepers if _fires(each, drift.operation.event, drift.operation.columns)]


def _events(trigger: Trigger) -> str:
    found = re.search(r" (?:BEFORE|AFTER|INSTEAD OF) (.+?) ON ", trigger.definition)
    return found[1] if found else ""


def _fires(trigger: Trigger, event: str, columns: Collection[str]) -> bool:
    events = _events(trigger)
    listed = re.search(r"UPDATE OF (.+?)(?: OR |$)", events)
    if event == "UPDATE" and listed:
        return bool({each.strip().strip('"') for each in listed[1].split(",")} & set(columns))
    return event in events


def _fix(count: Count, drift: Drift) -> str:
    """What keeps the counter right, and the statement that makes it so once."""
    link, event = count.link, drift.operation.event
    child = quoted(link.child.qualified_name)
    joined = " AND ".join(f"c.{quote(own)} = p.{quote(of)}" for own, of in zip(link.columns, link.keys, strict=True))
    condition = "" if drift.condition == "true" else f" AND ({_readable(drift.condition)})"
    if not event:
        what = "count anew in the function" if not count.keepers else "leave the counter to the triggers"
    elif event == "TRUNCATE":
        what = f"add a trigger AFTER TRUNCATE ON {child} FOR EACH STATEMENT that sets it to 0, or REVOKE TRUNCATE"
    else:
        what = f"count anew in a trigger AFTER INSERT OR UPDATE OR DELETE ON {child}, for the old and the new parent"
    return (
        f"{what}; then, once:\nUPDATE {quoted(link.parent.qualified_name)} AS p SET {quote(count.column)} = "
        f"(SELECT count(*) FROM {child} AS c WHERE {joined}{condition});"
    )
