"""Defects that only rows show: they pass on an empty database, and do harm to rows that the schema before allows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import SeedEntry, Settings
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from tests.support.planted import Planted, planted

MOST_ROWS = 3
PLANTED = planted()
ALL = pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.name)
BOTH = pytest.mark.parametrize("which", ["bad", "good"])


@contextlib.contextmanager
def applied(server: Server, folder: Path, rows: Path | None = None) -> Iterator[Replay]:
    """The chain in a folder, applied, with these rows before its last migration."""
    seeds = (SeedEntry(str(rows), before="002"),) if rows else ()
    settings = Settings(seeds=seeds)
    chain = read_chain(folder, settings, rootdir=folder)
    replay = replay_chain(chain, settings, server, ENVIRONMENTS["plain"])
    with replay.database:
        yield replay


def value(connection: psycopg.Connection[tuple[object, ...]], query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def test_there_are_thirty_and_each_is_whole() -> None:
    assert len(PLANTED) >= 30
    for defect in PLANTED:
        bad, good = (
            {path.name: path.read_text() for path in (defect.folder / each).iterdir()} for each in ("bad", "good")
        )
        assert bad.keys() == good.keys() == {"001_base.sql", defect.file}, defect.name
        assert bad["001_base.sql"] == good["001_base.sql"], defect.name
        assert bool(defect.sqlstates) == ("fails-on-data" in defect.rules) == (not defect.intact), defect.name


@BOTH
@ALL
def test_an_empty_database_shows_nothing(server: Server, defect: Planted, which: str) -> None:
    with applied(server, defect.folder / which) as replay:
        assert replay.timeline.migrated


@ALL
def test_the_bad_one_does_harm_to_rows(server: Server, defect: Planted) -> None:
    with applied(server, defect.folder / "bad", defect.breaks) as replay:
        run = replay.timeline.steps[-1].run
        failure = run.failure
        assert 0 < sum(run.rows_before.values()) <= MOST_ROWS
        if defect.intact:
            assert failure is None
            with replay.database.connect() as connection:
                assert value(connection, defect.intact) is False
        else:
            assert failure is not None
            assert failure.sqlstate in defect.sqlstates
            assert (failure.location.file, failure.location.line) == (defect.file, defect.line)
            assert [word for word in defect.words if word not in failure.message] == []


@ALL
def test_the_good_one_does_none(server: Server, defect: Planted) -> None:
    with applied(server, defect.folder / "good", defect.breaks) as replay:
        failure = replay.timeline.steps[-1].run.failure
        assert failure is None, failure
        if defect.intact:
            with replay.database.connect() as connection:
                assert value(connection, defect.intact) is True
