"""How a counterexample is told: as a finding, with its rows as a script."""

from __future__ import annotations

import textwrap

from migrate_validate.data.drawing import repeating
from migrate_validate.data.shrinking import size
from migrate_validate.findings import Finding, Location
from migrate_validate.replay.stages import Stage

from .exploring import Counterexample, Searched
from .harm import Harm
from .showing import evidence, script

_WIDTH = 76
"""Columns of advice in words: a terminal has 80, and it is indented."""


def told(stage: Stage, found: Searched, each: Counterexample) -> Finding:
    """The finding about one harm: what happens, how often, with which rows, and what would rule it out."""
    harm = each.harm
    file = stage.migration.up.file
    assumes = each.assumption
    return Finding(
        f"{file}: {harm.message}",
        object=harm.object,
        location=harm.statement.location if harm.statement else Location(file),
        statement=harm.statement.sql if harm.statement else None,
        evidence={
            "how_often": _rate(found, each),
            # What is information only was not made small.
            "rows": script(each.data, stage.migration.up) if size(each.data) and not each.mild else "",
            **evidence(harm.evidence, _column(harm)),
            "also": list(each.also),
            "assumes": assumes.sentence if assumes is not None else "",
        },
        fix=_fix(each, "#" if stage.migration.up.path.suffix == ".py" else "--"),
        severity=harm.severity,
    )


def _rate(found: Searched, each: Counterexample) -> str:
    if not size(each.data):
        # They are there whatever is generated.
        return "with the rows of the chain itself"
    if not each.hits:
        return f"with rows that an earlier run has found, and none of {found.tried} generated databases"
    return f"with {each.hits} of {found.tried} generated databases ({repeating()})"


def _column(harm: Harm) -> str | None:
    """The column that a harm is about."""
    parts = (harm.object or "").split(".")
    return parts[2] if len(parts) == 3 else None


def _fix(each: Counterexample, sign: str) -> str:
    """What can be done.

    :param sign: what a comment begins with in the language of the migration
    """
    fix = "\n".join(map(_wrapped, (each.harm.fix or "").splitlines()))
    if each.assumption is None:
        return fix
    comment = f"{sign} migrate-validate: assume {each.assumption}"
    return "\n".join([*([fix, "or"] if fix else []), "state what is taken for granted, in the file:", comment])


def _wrapped(line: str) -> str:
    """A line of words in lines of a terminal; SQL, which begins in capitals or is a comment, stays as it is."""
    if line[:1].islower():
        return textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return line
