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
    own = size(each.data) == 0
    rate = f"{each.hits} of {found.tried} generated databases"
    evidence: dict[str, object] = {
        "how_often": "with the rows of the chain itself" if own else f"with {rate}",
        "rows": "" if own else script(each.data, file),
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


def script(data: Dataset, file: str) -> str:
    """The rows as statements that psql runs in the state before a migration, in the chain's directory."""
    rows = count_of(size(data), "row")
    return "\n".join(
        [f"-- {rows}, in the state before {file}", *(f"{each};" for each in data.statements()), f"\\i {file}"]
    )
