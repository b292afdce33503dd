"""What a rule asks for, by the types of its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

import psycopg
import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.model import Chain
from migrate_validate.config import Expectations, Settings
from migrate_validate.errors import RuleError
from migrate_validate.findings import Finding, Result, Severity
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.timeline import Step, Timeline
from migrate_validate.rules import Rule, Scope, rule


@rule(severity=Severity.WARNING)
def optional_things(
    connection: psycopg.Connection[Any],
    catalog: Catalog | None = None,
    timeline: Optional[Timeline] = None,  # noqa: UP045
    limit: int = 5,
) -> Iterator[Result]:
    """Something.

    Why: because.
    Fix: do.
    """
    have = [type(each).__name__ for each in (connection, catalog, timeline)]
    yield Finding(f"{limit} {have}")


def described(function: Any) -> Rule:
    found = function.__rule__
    assert isinstance(found, Rule)
    return found


def test_optional_parameters_are_supplied_by_the_engine() -> None:
    assert described(optional_things).parameters == {
        "connection": psycopg.Connection,
        "catalog": Catalog,
        "timeline": Timeline,
    }
    assert described(optional_things).scope is Scope.DATA


def test_optional_parameters_may_be_left_out_by_callers() -> None:
    (finding,) = optional_things(None)  # type: ignore[arg-type]
    assert isinstance(finding, Finding)
    assert finding.message == "5 ['NoneType', 'NoneType', 'NoneType']"
    assert (finding.rule, finding.check, finding.severity) == ("optional-things", "test_rules", Severity.WARNING)


def test_a_choice_of_two_things_is_refused() -> None:
    def either(thing: Chain | Settings) -> Iterator[Result]:
        """Something.

        Why: because.
        Fix: do.
        """
        yield Finding(str(thing))

    with pytest.raises(RuleError, match="rule either: nothing can supply the parameter 'thing'"):
        rule(severity=Severity.INFO)(either)


def test_expectations_alone_need_no_server() -> None:
    @rule(severity=Severity.INFO)
    def declared(expectations: Expectations) -> Iterator[Result]:
        """Something.

        Why: because.
        Fix: do.
        """
        yield Finding(str(expectations))

    assert described(declared).scope is Scope.CHAIN


def test_what_needs_the_state_before_a_migration_is_expensive_unless_it_says_otherwise() -> None:
    def look(stage: Stage) -> Iterator[Result]:
        """One.

        Why: two.
        Fix: three.
        """
        yield Finding(stage.migration.file)

    def glance(step: Step) -> Iterator[Result]:
        """One.

        Why: two.
        Fix: three.
        """
        yield Finding(step.migration.file)

    asked: list[Any] = [
        rule(severity=Severity.INFO)(look),
        rule(severity=Severity.INFO, expensive=False)(look),
        rule(severity=Severity.INFO)(glance),
        rule(severity=Severity.INFO, expensive=True)(glance),
    ]
    assert [described(each).expensive for each in asked] == [True, False, False, True]
