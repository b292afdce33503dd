"""Chains, steps and timelines for tests of rules that look at a replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from migrate_validate.chain.model import Chain, Migration, Script
from migrate_validate.chain.statements import statements
from migrate_validate.findings import Finding, NotApplicable, Result
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, StatementRun, Step
from tests.support.scripts import script

# Imported by name: type checkers do not follow the editable installation of checks/.
chain_rules: Any = import_module("migrate_validate.checks.chain")
count_consistency: Any = import_module("migrate_validate.checks.count_consistency")
orphan_data: Any = import_module("migrate_validate.checks.orphan_data")
rls_policies: Any = import_module("migrate_validate.checks.rls_policies")


def chain_of(*scripts: Script, **parts: Any) -> Chain:
    """A chain of these migrations."""
    migrations = tuple(Migration(each.file.partition("_")[0], each.file, each) for each in scripts)
    return Chain("chain", scripts[0].path.parent if scripts else script("").path.parent, "sql", migrations, **parts)


def step_of(
    text: str,
    *,
    before: Mapping[str, int] | None = None,
    after: Mapping[str, int] | None = None,
    failure: Failure | None = None,
    earlier: str = "",
) -> Step:
    """The second migration of a chain, as if applied to tables with so many rows."""
    first, second = script(earlier, "001_first.sql"), script(text, "002_second.sql")
    chain = chain_of(first, second)
    run = ScriptRun(
        second,
        Outcome.FAILED if failure else Outcome.APPLIED,
        statements=tuple(StatementRun(each, 1.0) for each in statements(second)),
        total_statements=len(statements(second)),
        failure=failure,
        rows_before=before or {},
        rows_after=after or {},
    )
    return Step(chain, chain.migrations[1], run, ("Create it first.",) if failure else (), ("001_first.sql",))


def findings(results: Iterator[Result]) -> list[Finding]:
    """The findings among results."""
    return [each for each in results if isinstance(each, Finding)]


def reason(results: Iterator[Result]) -> str:
    """Why the one result says that the rule does not apply."""
    (result,) = results
    assert isinstance(result, NotApplicable)
    return result.reason
