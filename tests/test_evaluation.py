"""What a rule yields becomes a verdict."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migrate_validate.chain.ignores import Ignore
from migrate_validate.chain.model import Statement
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Location, NotApplicable, Result, Severity, Unproven, Verdict
from migrate_validate.judging import Judgement, judge
from migrate_validate.postgres import ServerOptions
from migrate_validate.results import Ignored
from migrate_validate.rules import Rule, Scope

ERROR = Finding("bad", severity=Severity.ERROR, rule="r")
WARNING = Finding("doubtful", severity=Severity.WARNING, rule="r")
INFO = Finding("so it is", severity=Severity.INFO, rule="r")
UNPROVEN = Unproven("too large", "public.t")
SKIPPED = NotApplicable("nothing declared")


def rule_of(*results: Result, trouble: Exception | None = None) -> Rule:
    """A rule that yields these, and then raises."""

    def function() -> Iterator[Result]:
        yield from results
        if trouble:
            raise trouble

    return Rule("r", "check", Severity.ERROR, (), Scope.CHAIN, {}, "", "", "", function)


@pytest.mark.parametrize(
    ("results", "verdict", "reason"),
    [
        ((), Verdict.PASSED, ""),
        ((INFO,), Verdict.PASSED, ""),
        ((SKIPPED,), Verdict.SKIPPED, "nothing declared"),
        ((SKIPPED, INFO), Verdict.PASSED, "nothing declared"),
        ((SKIPPED, WARNING), Verdict.WARNED, "nothing declared"),
        ((WARNING, UNPROVEN), Verdict.UNPROVEN, "public.t: too large"),
        ((UNPROVEN, SKIPPED), Verdict.UNPROVEN, "public.t: too large"),
        ((INFO, WARNING, UNPROVEN, SKIPPED, ERROR), Verdict.FAILED, "public.t: too large"),
    ],
)
def test_the_worst_decides(results: tuple[Result, ...], verdict: Verdict, reason: str) -> None:
    findings = tuple(each for each in results if isinstance(each, Finding))
    assert judge(rule_of(*results), {}, Settings()) == Judgement(verdict, reason, findings)


def test_the_configuration_weighs() -> None:
    settings = Settings(severity={"r": "info"})
    verdict, _, findings, _ = judge(rule_of(ERROR), {}, settings)
    assert (verdict, findings[0].severity) == (Verdict.PASSED, Severity.INFO)
    assert judge(rule_of(INFO), {}, Settings(severity={"r": "error"}))[0] is Verdict.FAILED
    assert judge(rule_of(ERROR), {}, Settings(severity={"other": "info"}))[0] is Verdict.FAILED


def test_a_query_that_fails_proves_nothing() -> None:
    verdict, reason, findings, _ = judge(rule_of(WARNING, trouble=psycopg.errors.QueryCanceled("no")), {}, Settings())
    assert (verdict, findings) == (Verdict.UNPROVEN, (WARNING,))
    assert reason == "a query of the rule failed: no (SQLSTATE 57014)"


def test_names_of_other_tools_weigh_and_the_most_specific_wins() -> None:
    told = Finding("as they say", severity=Severity.INFO, rule="squawk", aliases=("squawk:ban-drop-table",))
    settings = Settings(severity={"squawk": "warning", "squawk:ban-drop-table": "error"})
    assert judge(rule_of(told), {}, settings).verdict is Verdict.FAILED
    assert judge(rule_of(told), {}, Settings(severity={"squawk": "warning"})).verdict is Verdict.WARNED
    assert judge(rule_of(told), {}, Settings(severity={"squawk:ban-drop-table": "off"})).findings == ()


def test_what_a_comment_silences_has_no_part_in_the_verdict() -> None:
    here = Location("001_a.sql", 3)
    statement = Statement("drop table a", here, "drop")
    ignore = Ignore("r", "nobody uses it", Location("001_a.sql", 2), statement)
    found = Finding("bad", location=here, severity=Severity.ERROR, rule="r")
    elsewhere = Finding("bad", location=Location("001_a.sql", 7), severity=Severity.WARNING, rule="r")
    judged = judge(rule_of(found, elsewhere), {}, Settings(), [ignore])
    assert judged == Judgement(Verdict.WARNED, "", (elsewhere,), (Ignored(found, ignore),))
    without = Ignore("r", "", ignore.location, statement)
    assert judge(rule_of(found), {}, Settings(), [without]).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        ("select count(*) from t", True),
        ("set search_path = ''", True),
        ("insert into t values (2)", False),
        ("begin; insert into t values (2); rollback", False),
        ("begin; insert into t values (2)", False),
        ("begin", False),
        ("select nextval('s')", False),
        ("select setval('s', 40)", False),
        ("update u set v = 2", False),
        ("drop table t", False),
    ],
)
def test_a_copy_serves_the_next_rule_where_nothing_was_written(evaluation: Evaluation, damage: str, kept: bool) -> None:
    with evaluation.clone() as connection:
        first = connection.info.dbname
        connection.execute(damage.encode())
    with evaluation.clone() as connection:
        assert (connection.info.dbname == first) is kept
        held = connection.execute(
            "select (select array_agg(n) from t), last_value, (select v from u), current_setting('search_path') from s"
        ).fetchone()
        assert held == ([1], 3, 1, '"$user", public')


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluation]:
    directory = tmp_path_factory.mktemp("chain")
    made = "create table t as select 1 as n; create unlogged table u as select 1 as v; create sequence s;"
    (directory / "001_a.sql").write_text(f"{made} select nextval('s') from generate_series(1, 3);")
    evaluation = Evaluation(read_chain(directory, Settings(), rootdir=directory), Settings(), ServerOptions())
    yield evaluation
    evaluation.close()
