"""squawk's findings beside our own: merged, not confirmed, ignored, and never silently missing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.squawk import Guess, Squawk, SquawkTrouble, executable
from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Location, Severity, Verdict
from migrate_validate.postgres.server import ServerOptions
from migrate_validate.results import RuleResult
from tests.support.projects import run, statuses, write_chain

FIRST = "create table orders (id bigint primary key, customer text, note text);\n"


@contextlib.contextmanager
def evaluated(directory: Path, files: dict[str, str], **settings: Any) -> Iterator[Evaluation]:
    chain = written(directory, files)
    with contextlib.closing(Evaluation(chain, Settings(**settings), ServerOptions())) as evaluation:
        yield evaluation


def written(directory: Path, files: dict[str, str]) -> Any:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return read_chain(directory, Settings(), rootdir=directory)


def said(evaluation: Evaluation, rule: str, file: str) -> RuleResult:
    return evaluation.evaluate(evaluation.registry[rule], file)


def lines(result: RuleResult) -> dict[str, list[int | None]]:
    """The lines by squawk's name."""
    found: dict[str, list[int | None]] = {}
    for each in result.findings:
        found.setdefault(each.evidence["squawk"], []).append(each.location.line if each.location else None)
    return found


def test_findings_on_the_right_lines(tmp_path: Path) -> None:
    text = "select 'äöü'; alter table orders\n  drop column note;\nalter table orders drop column customer;\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        result = said(evaluation, "squawk", "002_b.sql")
        first, *_ = [each for each in result.findings if each.evidence["squawk"] == "ban-drop-column"]
        assert lines(result)["ban-drop-column"] == [2, 3]
        assert first.location == Location("002_b.sql", 2, 3)
        assert first.statement == "alter table orders\n  drop column note"
        assert first.message == "ban-drop-column: Dropping a column may break existing clients."
        assert first.aliases == ("squawk:ban-drop-column",)
        assert result.verdict is Verdict.PASSED
        (statement, *_) = [each for each in result.findings if each.evidence["squawk"] == "require-statement-timeout"]
        assert statement.location == Location("002_b.sql", 1, 15)
        assert "Configure a `statement_timeout`" in statement.fix


def test_variables_of_psql_can_be_read(tmp_path: Path) -> None:
    text = (
        "\\set t orders\n\\set words 'a word'\n"
        """alter table :"t" add more text default :'words', add less text[] default array['a:t']::text[];\n"""
        "alter table :t drop column note;\n"
    )
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        result = said(evaluation, "squawk", "002_b.sql")
        assert result.verdict is Verdict.PASSED
        assert lines(result)["ban-drop-column"] == [4]


def test_what_both_find_is_told_once_with_squawk_in_the_evidence(tmp_path: Path) -> None:
    text = "create index on orders (customer);\nalter table orders alter column customer type varchar;\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        (own,) = said(evaluation, "index-built-under-lock", "002_b.sql").findings
        assert own.evidence["squawk"].startswith("require-concurrent-index-creation: During normal index creation")
        theirs = said(evaluation, "squawk", "002_b.sql")
        assert "require-concurrent-index-creation" not in lines(theirs)
        assert "require-lock-timeout" not in lines(theirs)
        (guess,) = [each for each in theirs.findings if each.evidence["squawk"] == "changing-column-type"]
        assert guess.message.endswith("(not confirmed by execution: table-rewrite found nothing here)")
        assert guess.severity is Severity.INFO
        assert guess.location == Location("002_b.sql", 2, 42)


def test_what_we_could_not_decide_stands(tmp_path: Path) -> None:
    text = "create index on orders (customer);\nselect * from nowhere;\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        assert said(evaluation, "applies", "002_b.sql").verdict is Verdict.FAILED
        told = [each.message for each in said(evaluation, "squawk", "002_b.sql").findings]
        assert any(message.startswith("require-concurrent-index-creation: ") for message in told)
        assert not any("not confirmed" in message for message in told)


def test_a_rule_that_is_off_is_off_under_its_name_there_too(tmp_path: Path) -> None:
    files = {"001_a.sql": FIRST, "002_b.sql": "create index on orders (customer);\n"}
    severity = {"squawk:require-concurrent-index-creation": "off", "squawk:require-statement-timeout": "error"}
    with evaluated(tmp_path, files, severity=severity) as evaluation:
        result = said(evaluation, "squawk", "002_b.sql")
        assert "require-concurrent-index-creation" not in lines(result)
        assert result.verdict is Verdict.FAILED


def test_ignore_comments_of_both(tmp_path: Path) -> None:
    text = (
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index on orders (customer);\n"
        "-- migrate-validate: ignore squawk:ban-drop-column: nobody reads it\n"
        "alter table orders drop column note;\n"
        "-- migrate-validate: ignore squawk:ban-drop-table: nothing is dropped here\n"
        "select 1;\n"
    )
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        own = said(evaluation, "index-built-under-lock", "002_b.sql")
        assert (own.verdict, own.findings) == (Verdict.PASSED, ())
        assert [each.ignore.reason for each in own.ignored] == ["squawk-ignore"]
        theirs = said(evaluation, "squawk", "002_b.sql")
        assert not {"require-concurrent-index-creation", "ban-drop-column"} & lines(theirs).keys()
        assert [each.ignore.reason for each in theirs.ignored] == ["nobody reads it"]
        (unused,) = evaluation.evaluate(evaluation.registry["unused-ignore"]).findings
        assert unused.location == Location("002_b.sql", 5, 1)
        assert unused.message.startswith("squawk:ban-drop-table finds nothing here")


def test_a_file_that_is_ignored(tmp_path: Path) -> None:
    text = "-- squawk-ignore-file\ncreate index on orders (customer);\nalter table orders drop column note;\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        assert said(evaluation, "squawk", "002_b.sql").findings == ()
        assert len(said(evaluation, "index-built-under-lock", "002_b.sql").ignored) == 1


def test_a_file_that_squawk_cannot_read_is_unproven(tmp_path: Path) -> None:
    text = "\\i sizes.sql\nalter table orders add column k int default :size;\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text, "sizes.sql": "\\set size 1\n"}) as evaluation:
        assert said(evaluation, "applies", "002_b.sql").verdict is Verdict.PASSED
        result = said(evaluation, "squawk", "002_b.sql")
        assert result.verdict is Verdict.UNPROVEN
        assert result.reason.startswith("squawk cannot read 002_b.sql:2:")


def test_each_row_of_a_large_copy_that_squawk_cannot_read_takes_no_time(tmp_path: Path) -> None:
    rows = "".join(f"{number}\t{'x' * 90}\n" for number in range(30_000))
    text = f"copy orders (id, note) from stdin;\n{rows}\\.\n"
    with evaluated(tmp_path, {"001_a.sql": FIRST, "002_b.sql": text}) as evaluation:
        assert said(evaluation, "applies", "002_b.sql").verdict is Verdict.PASSED
        started = time.monotonic()
        result = said(evaluation, "squawk", "002_b.sql")
        assert result.reason.startswith("squawk cannot read 002_b.sql:2:")
        assert time.monotonic() - started < 15  # It was minutes, growing with the square of the rows.


def test_transactions_names_and_the_projects_configuration(tmp_path: Path) -> None:
    files = {
        "001_a.sql": FIRST,
        "002_[b] c.sql": "alter table orders add column a text;\n",
        "003_d.sql": "drop index concurrently if exists nothing;\nalter table orders add column b text;\n",
    }
    chain = written(tmp_path / "db", files)
    asked = Squawk(chain, 18, executable())
    names = {file: {guess.rule for guess in asked.guesses(file)} for file in files}
    assert "prefer-robust-stmts" not in names["002_[b] c.sql"], "one transaction: it is rolled back as a whole"
    assert "require-statement-timeout" in names["002_[b] c.sql"]
    assert "prefer-robust-stmts" in names["003_d.sql"]
    assert "ban-concurrent-index-creation-in-transaction" not in names["003_d.sql"]
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["prefer-robust-stmts"]\nexcluded_paths = ["*002_*"]\n')
    configured = Squawk(chain, 18, executable())
    assert configured.guesses("002_[b] c.sql") == ()
    assert "prefer-robust-stmts" not in {guess.rule for guess in configured.guesses("003_d.sql")}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo squawk 1.6.0", r"squawk is squawk 1\.6\.0, and 2\.x is needed"),
        ("echo thread main panicked >&2; exit 101", "failed with status 101 and said: thread main panicked"),
        ('[ "$1" = --version ] && echo squawk 2.70.0 || echo no json', r"did not answer in JSON: 'no json'"),
        ('[ "$1" = --version ] && echo squawk 2.70.0', "failed with status 1 and said: nothing"),
        ('[ "$1" = --version ] && echo squawk 2.70.0 || kill -SEGV $$', "failed with status -11 and said: nothing"),
    ],
)
def test_trouble_with_squawk(tmp_path: Path, script: str, message: str) -> None:
    chain = written(tmp_path / "db", {"001_a.sql": FIRST})
    program = tmp_path / "squawk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(SquawkTrouble, match=message):
        Squawk(chain, 18, program).guesses("001_a.sql")


def test_trouble_is_unproven_and_what_is_not_installed_does_not_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evaluated(tmp_path / "missing", {"001_a.sql": FIRST}) as evaluation:
        evaluation.squawk = Squawk(evaluation.chain, 18, Path("/nowhere/squawk"))
        result = said(evaluation, "squawk", "001_a.sql")
        assert result.verdict is Verdict.UNPROVEN
        assert result.reason.startswith("squawk could not be asked: /nowhere/squawk cannot be run: ")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / name))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert executable() is None
    monkeypatch.undo()
    with evaluated(tmp_path / "absent", {"001_a.sql": FIRST}) as evaluation:
        evaluation.squawk = Squawk(evaluation.chain, 18, None)
        result = said(evaluation, "squawk", "001_a.sql")
        assert (result.verdict, result.findings) == (Verdict.SKIPPED, ())
        assert result.reason == "squawk is not installed: pip install 'migrate-validate[squawk]'"


def test_guesses_in_order(tmp_path: Path) -> None:
    chain = written(tmp_path, {"001_a.sql": "drop table if exists a;\r\ndrop table if exists b;\r\n"})
    guesses = [each for each in Squawk(chain, 18, executable()).guesses("001_a.sql") if each.rule == "ban-drop-table"]
    message = "Dropping a table may break existing clients."
    assert guesses == [
        Guess("ban-drop-table", message, "", Location("001_a.sql", 1, 1)),
        Guess("ban-drop-table", message, "", Location("001_a.sql", 2, 1)),
    ]


def test_an_item_a_migration(pytester: pytest.Pytester) -> None:
    severity = '[severity]\n"squawk:ban-drop-column" = "warning"\n'
    text = "alter table orders drop column note;\n"
    write_chain(pytester, "db", {"001_a.sql": FIRST, "002_b.sql": text, "migrate_validate.toml": severity})
    words = statuses(run(pytester, "--migrations=db", "-v", "-k", "squawk"))
    assert words == {"db/001_a.sql::squawk": "PASSED", "db/002_b.sql::squawk": "WARNED"}
