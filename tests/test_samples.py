"""What the sample chains say of each other, and what their READMEs say of them."""

from __future__ import annotations

import contextlib
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Severity, Verdict
from migrate_validate.postgres import ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings

_RLS: Any = import_module("migrate_validate.checks.rls_isolation")

SAMPLES = Path(__file__).parent.parent / "sample_migrations"


@pytest.mark.parametrize("file", sorted(path.name for path in (SAMPLES / "organizational_model").glob("*.sql")))
def test_the_conflict_begins_with_the_chain_that_it_conflicts_with(file: str) -> None:
    first, second = SAMPLES / "organizational_model", SAMPLES / "organizational_model_conflict"
    assert (second / file).read_bytes() == (first / file).read_bytes()


@pytest.mark.parametrize("name", ["burnout_surveys", "learning_platform", "org_tables"])
def test_what_is_found_on_generated_rows_is_explained(name: str) -> None:
    folder = SAMPLES / name
    settings = load_settings(folder, folder)
    rules = [each for each in Registry.load() if each.check == "existing_data"]
    evaluation = Evaluation(read_chain(folder, settings, rootdir=folder), settings, ServerOptions())
    with contextlib.closing(evaluation):
        files = [step.migration.file for step in evaluation.timeline.steps]
        results = [evaluation.evaluate(rule, file) for rule in rules for file in files]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert len(rules) == 5
    assert [each for each in results if each.verdict in (Verdict.FAILED, Verdict.UNPROVEN)] == []
    found = {each.object for result in results for each in result.findings if each.severity is not Severity.INFO}
    assert bool(found) == (name == "burnout_surveys")
    assert [each for each in found if each is None or each.removeprefix("public.") not in readme] == []


@pytest.mark.parametrize("name", ["learning_platform", "org_tables", "organizational_model"])
def test_who_can_see_and_change_what_is_in_the_readme(name: str) -> None:
    folder = SAMPLES / name
    settings = load_settings(folder, folder)
    evaluation = Evaluation(read_chain(folder, settings, rootdir=folder), settings, ServerOptions())
    with contextlib.closing(evaluation), evaluation.clone() as connection:
        matrix, why = _RLS.access_matrix(connection, settings, None, evaluation.timeline)
    assert why == ""
    below_a_title = re.sub(r"^#", "##", matrix, flags=re.MULTILINE).rstrip()
    assert below_a_title in (folder / "README.md").read_text(encoding="utf-8")
