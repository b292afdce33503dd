"""How a counterexample is told: as a finding, with its rows as a script."""

from __future__ import annotations

from migrate_validate.data import Dataset
from migrate_validate.findings import Finding, Location
from migrate_validate.replay.stages import Stage

from .._shared import count_of
from .exploring import Counterexample, Searched
from .shrinking import size


def told(stage: Stage, found: Searched, each: Counterexample) -> Finding:
    """The finding about one harm: what happens, how often, with which rows, and what would rule it out."""
    harm = each.harm
    file = stage.migration.up.file
    evidence: dict[str, object] = {
        "how_often": _rate(found, each),
        "rows": script(each.data, file) if size(each.data) else "",
        **harm.evidence,
    }
    fix = harm.fix or ""
    if each.assumption is not None:
        evidence["assumes"] = each.assumption.sentence
        comment = f"-- migrate-validate: assume {each.assumption}"
        fix = "\n".join(part for part in (fix, f"or state what is taken for granted, in the file:\n{comment}") if part)
    return Finding(
        f"{file}: {harm.message}",
        object=harm.object,
        location=harm.statement.location if harm.statement else Location(file),
        statement=harm.statement.sql if harm.statement else None,
        evidence=evidence,
        fix=fix.removeprefix("or ") if fix.startswith("or ") else fix,
        severity=harm.severity,
    )


def _rate(found: Searched, each: Counterexample) -> str:
    if not size(each.data):
        return "with the rows of the chain itself"
    if not each.hits:
        return f"with rows that an earlier run has found, and none of {found.tried} generated databases"
    return f"with {each.hits} of {found.tried} generated databases"


def script(data: Dataset, file: str) -> str:
    """The rows as statements that psql runs in the state before a migration, in the chain's directory."""
    rows = count_of(size(data), "row")
    return "\n".join(
        [f"-- {rows}, in the state before {file}", *(f"{each};" for each in data.statements()), f"\\i {file}"]
    )
