"""The rules over the files of a chain and the outcome of its replay: applies, seed_applies and those about files."""

from __future__ import annotations

from dataclasses import replace

from migrate_validate.chain.model import Seed, SetAside, TransactionMode
from migrate_validate.findings import Location, Severity
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, SeedRun, Timeline
from tests.checks.replays import chain_of, chain_rules, findings, reason, step_of
from tests.support.scripts import script

FAILURE = Failure(
    'relation "users" does not exist',
    Location("002_second.sql", 3, 7),
    statement="ALTER TABLE users ADD x int",
    sqlstate="42P01",
    hint="Look again.",
)


def test_applies_reports_a_failure_with_everything_that_is_known() -> None:
    (finding,) = findings(chain_rules.applies(step_of("SELECT 1; SELECT 2", failure=FAILURE)))
    assert finding.rule == "applies"
    assert finding.severity is Severity.ERROR
    assert finding.message == '002_second.sql cannot be applied: relation "users" does not exist (SQLSTATE 42P01)'
    assert str(finding.location) == "002_second.sql:3:7"
    assert finding.statement == "ALTER TABLE users ADD x int"
    assert finding.fix == "Create it first."
    assert finding.evidence == {
        "sqlstate": "42P01",
        "hint": "Look again.",
        "transaction": TransactionMode.FILE.value,
        "before": "2 of 2 statements had succeeded",
        "applied": ["001_first.sql"],
    }


def test_applies_is_silent_on_success() -> None:
    assert list(chain_rules.applies(step_of("SELECT 1"))) == []


def test_what_was_not_reached_names_what_failed() -> None:
    step = step_of("SELECT 1")
    not_reached = replace(step, run=ScriptRun(step.migration.up, Outcome.NOT_REACHED), applied_before=())
    assert reason(chain_rules.applies(not_reached)) == "not reached: 001_first.sql failed"


def test_a_migration_behind_a_failed_base_file_names_that_file() -> None:
    step = step_of("SELECT 1")
    chain = replace(step.chain, base=(script("", "roles.sql"), script("", "base.sql")))
    run = ScriptRun(step.migration.up, Outcome.NOT_REACHED)
    not_reached = replace(step, chain=chain, run=run, applied_before=("roles.sql",))
    assert reason(chain_rules.applies(not_reached)) == "not reached: base.sql failed"


def test_a_migration_behind_a_failed_seed_names_that_seed() -> None:
    step = step_of("SELECT 1")
    chain = replace(step.chain, seeds=(Seed(script("", "seed.sql"), before="001"),))
    run = ScriptRun(step.migration.up, Outcome.NOT_REACHED)
    not_reached = replace(step, chain=chain, run=run, applied_before=())
    assert reason(chain_rules.applies(not_reached)) == "not reached: seed.sql failed"


def test_base_applies() -> None:
    good, bad, last = (script("SELECT 1", f"{name}.sql") for name in ("roles", "base", "last"))
    timeline = Timeline(chain_of(script("", "001_first.sql"), base=(good, bad, last)), "plain", "PostgreSQL")
    assert reason(chain_rules.base_applies(timeline)) == "the chain has no base file"
    failure = Failure("nothing there", Location("base.sql", 1, 1), sqlstate="42P01")
    applied = ScriptRun(good, Outcome.APPLIED)
    assert list(chain_rules.base_applies(replace(timeline, base=(applied,)))) == []
    failed = ScriptRun(bad, Outcome.FAILED, total_statements=1, failure=failure)
    runs = (applied, failed, ScriptRun(last, Outcome.NOT_REACHED))
    (finding,) = findings(chain_rules.base_applies(replace(timeline, base=runs)))
    assert finding.message == "base.sql cannot be applied: nothing there (SQLSTATE 42P01)"
    assert finding.severity is Severity.ERROR
    assert finding.evidence["applied"] == ["roles.sql"]


def test_seed_applies() -> None:
    seed = Seed(script("INSERT INTO members VALUES (1)", "seed.sql"))
    failure = Failure(
        "it refers to nothing", Location("seed.sql", 1, 1), sqlstate="23503", schema="public", table="members"
    )
    chain = chain_of(script("", "001_first.sql"), seeds=(seed,))
    timeline = Timeline(chain, "plain", "PostgreSQL")
    run = ScriptRun(seed.script, Outcome.FAILED, total_statements=1, failure=failure)
    (finding,) = findings(
        chain_rules.seed_applies(replace(timeline, seeds=(SeedRun(seed, run, ("Fill teams first.",)),)))
    )
    assert finding.message == "seed.sql cannot be applied: it refers to nothing (SQLSTATE 23503)"
    assert finding.object == "public.members"
    assert finding.fix == "Fill teams first."
    assert reason(chain_rules.seed_applies(timeline)) == "the chain has no seed file"
    left = SeedRun(seed, ScriptRun(seed.script, Outcome.NOT_REACHED))
    assert "not reached" in reason(chain_rules.seed_applies(replace(timeline, seeds=(left,))))


def test_duplicate_version_states_the_order() -> None:
    chain = chain_of(script("", "001_a.sql"), script("", "001_b.sql"), script("", "001b_c.sql"), script("", "11_d.sql"))
    (finding,) = findings(chain_rules.duplicate_version(chain))
    assert finding.message == "2 files have the version 001; they are applied in this order: 001_a.sql, 001_b.sql"
    assert finding.severity is Severity.WARNING


def test_duplicate_version_compares_numbers_and_keeps_the_letter() -> None:
    chain = chain_of(script("", "1_a.sql"), script("", "001_b.sql"), script("", "001b_c.sql"), script("", "010_d.sql"))
    (finding,) = findings(chain_rules.duplicate_version(chain))
    assert finding.message == "2 files have the version 1 = 001; they are applied in this order: 1_a.sql, 001_b.sql"


def test_file_without_statements() -> None:
    seed = Seed(script("-- later\n", "seed.sql"))
    chain = chain_of(script("/* nothing */ ;", "001_a.sql"), script("SELECT 1", "002_b.sql"), seeds=(seed,))
    reported = findings(chain_rules.file_without_statements(chain))
    assert [each.message for each in reported] == ["001_a.sql has no statement", "seed.sql has no statement"]
    assert {each.severity for each in reported} == {Severity.INFO}
    cannot_be_cut = chain_of(script("SELECT 'open", "001_a.sql"))
    assert list(chain_rules.file_without_statements(cannot_be_cut)) == []
    assert reason(chain_rules.file_without_statements(chain_of())) == "the chain has no migration and no seed file"


def test_set_aside_file() -> None:
    chain = chain_of(script("", "001_a.sql"), set_aside=(SetAside("GUIDE.md", "no SQL"),))
    (finding,) = findings(chain_rules.set_aside_file(chain))
    assert (finding.message, finding.severity) == ("GUIDE.md is set aside: no SQL", Severity.INFO)


def test_step_not_run() -> None:
    steps = (
        SetAside("001b_fill.go", "a migration in Go", step=True),
        SetAside("../code/Fill.java", "a migration in Java", step=True, before="003"),
        SetAside("after.sql", "a callback", step=True, before=""),
        SetAside("more.js", "a migration in JavaScript, which is not run here", step=True, before=""),
        SetAside("GUIDE.md", "no SQL"),
    )
    chain = chain_of(script("", "001_a.sql"), script("", "002_b.sql"), script("", "003_c.sql"), set_aside=steps)
    reported = findings(chain_rules.step_not_run(chain))
    assert [each.message for each in reported] == [
        "001b_fill.go is not run: a migration in Go; 002_b.sql and all after it do without what it makes",
        "../code/Fill.java is not run: a migration in Java; 003_c.sql does without what it makes",
        "after.sql is not run: a callback; the schema does without what it makes",
        "more.js: a migration in JavaScript, which is not run here; the schema does without what it makes",
    ]
    assert {each.severity for each in reported} == {Severity.WARNING}
    assert [each.message for each in findings(chain_rules.set_aside_file(chain))] == ["GUIDE.md is set aside: no SQL"]


def test_unusable_file() -> None:
    broken = replace(script("", "001_a.sql"), problem="byte 7 is not UTF-8")
    (finding,) = findings(chain_rules.unusable_file(chain_of(broken, script("", "002_b.sql"))))
    assert finding.message == "001_a.sql cannot be used: byte 7 is not UTF-8"
