"""Defects that only rows show: they pass on an empty database, and do harm to rows that the schema before allows."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import SeedEntry, Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Severity, Verdict
from migrate_validate.postgres import Server, ServerOptions, open_server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from migrate_validate.replay.timeline import Outcome
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from tests.support.planted import Planted, planted
from tests.support.servers import available_majors

MOST_ROWS = 3
PLANTED = planted()
RULES = [rule for rule in Registry.load() if rule.check == "existing_data" and rule.scope.of_migration]
budget: Any = import_module("migrate_validate.checks._existing_data.budget")
SEARCH = pytest.mark.usefixtures("alike_everywhere")
ALL = pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.name)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def newest() -> Iterator[Server]:
    """A server of the newest major version: the search is the same on all of them."""
    with open_server(ServerOptions(major=available_majors()[-1])) as opened:
        yield opened


@pytest.fixture(scope="module")
def alike_everywhere() -> Iterator[None]:
    """Neither the speed of the machine nor what an earlier run has found makes a difference to the search."""
    kept = hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile("planted", hypothesis.settings.default, database=None)
    hypothesis.settings.load_profile("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "SECONDS", 60.0)
        yield
    hypothesis.settings.load_profile(kept)


@contextlib.contextmanager
def applied(server: Server, folder: Path, rows: Path) -> Iterator[Replay]:
    """The chain in a folder, applied, with these rows before its last migration."""
    chain = read_chain(folder, Settings(seeds=(SeedEntry(str(rows), before="002"),)), rootdir=folder)
    replay = replay_chain(chain, Settings(), server, ENVIRONMENTS["plain"])
    with replay.database:
        assert [seed.run.outcome for seed in replay.timeline.seeds] == [Outcome.APPLIED]
        yield replay


def searched(server: Server, folder: Path, file: str) -> list[RuleResult]:
    """What the rules about existing data say of a migration, which an empty database takes."""
    options = ServerOptions(host=server.host, port=server.port, user=server.user)
    evaluation = Evaluation(read_chain(folder, Settings(), rootdir=folder), Settings(), options)
    with contextlib.closing(evaluation):
        assert evaluation.timeline.migrated
        return [evaluation.evaluate(rule, file) for rule in RULES]


def contents(replay: Replay) -> Rows:
    """All rows by table."""
    with replay.database.connect() as connection:
        names = [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
        return {name: _rows(connection, name) for name in names}


def _rows(connection: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    read = connection.execute(f"select to_jsonb(each)::text from {table} as each".encode()).fetchall()
    return [json.loads(text, parse_float=Decimal, parse_int=Decimal) for (text,) in read]


def alike(one: Rows, other: Rows) -> bool:
    """Whether two databases have the same rows, as far as they have the same tables and columns."""
    return all(_shared(one[table], other[table]) == _shared(other[table], one[table]) for table in one.keys() & other)


def _shared(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[str]:
    columns = sorted(set(rows[0]) & set(others[0])) if rows and others else []
    return sorted(str([_plain(row[column]) for column in columns]) for row in rows)


def _plain(value: object) -> object:
    return value.normalize() if isinstance(value, Decimal) else value


def test_there_are_thirty_and_each_is_whole() -> None:
    assert len(PLANTED) >= 30
    for defect in PLANTED:
        bad, good = (
            {path.name: path.read_text() for path in (defect.folder / each).iterdir()} for each in ("bad", "good")
        )
        assert bad.keys() == good.keys() == {"001_base.sql", defect.file}, defect.name
        assert bad["001_base.sql"] == good["001_base.sql"], defect.name
        assert bool(defect.sqlstates) == ("fails-on-data" in defect.rules) == (not defect.intact), defect.name


@ALL
def test_the_bad_one_does_harm_to_rows(server: Server, defect: Planted) -> None:
    with applied(server, defect.folder / "bad", defect.breaks) as replay:
        run = replay.timeline.steps[-1].run
        failure = run.failure
        assert 0 < sum(run.rows_before.values()) <= MOST_ROWS
        if defect.intact:
            assert failure is None
            assert intact(replay, defect) is False
        else:
            assert failure is not None
            assert failure.sqlstate in defect.sqlstates
            assert (failure.location.file, failure.location.line) == (defect.file, defect.line)
            assert [word for word in defect.words if word not in failure.message] == []


@ALL
def test_the_good_one_does_none(server: Server, defect: Planted) -> None:
    with applied(server, defect.folder / "good", defect.breaks) as replay:
        assert replay.timeline.steps[-1].run.failure is None
        assert not defect.intact or intact(replay, defect) is True


def intact(replay: Replay, defect: Planted) -> object:
    """What the query of a defect says."""
    with replay.database.connect() as connection:
        row = connection.execute(defect.intact.encode()).fetchone()
    return row and row[0]


@SEARCH
@ALL
def test_the_search_finds_the_bad_one(newest: Server, tmp_path: Path, defect: Planted) -> None:
    results = searched(newest, defect.folder / "bad", defect.file)
    findings = [finding for result in results for finding in result.findings]
    about = [finding for finding in findings if of(defect, finding)]
    assert about, [str(finding) for finding in findings] + [result.reason for result in results]
    assert [word for word in defect.words if word not in about[0].message] == []
    rows = tmp_path / "rows.sql"
    rows.write_text(about[0].evidence["rows"].partition("\\i ")[0])
    reproduce(newest, defect, rows)


def of(defect: Planted, finding: Finding) -> bool:
    """Whether a finding is about a defect."""
    place = finding.location and (finding.location.file, finding.location.line)
    table = ".".join((finding.object or "").split(".")[:2])
    return (
        finding.rule in defect.rules
        and finding.severity is not Severity.INFO
        and place == (defect.file, defect.line)
        and defect.object in (finding.object, table)
    )


def reproduce(server: Server, defect: Planted, rows: Path) -> None:
    """Meet with the defect once more, on rows of which there are few; the good twin does not."""
    with applied(server, defect.folder / "bad", rows) as replay:
        run = replay.timeline.steps[-1].run
        assert 0 < sum(run.rows_before.values()) <= MOST_ROWS
        if run.failure is not None:
            assert run.failure.sqlstate in defect.sqlstates
            return
        bad = contents(replay)
    with applied(server, defect.folder / "good", rows) as replay:
        assert not defect.sqlstates
        assert not alike(bad, contents(replay))


@SEARCH
@ALL
def test_the_search_finds_nothing_in_the_good_one(newest: Server, defect: Planted) -> None:
    results = searched(newest, defect.folder / "good", defect.file)
    said = [str(each) for result in results for each in result.findings if each.severity is not Severity.INFO]
    assert said == []
    assert {result.verdict for result in results} == {Verdict.PASSED}, [result.reason for result in results]
