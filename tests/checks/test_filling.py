"""Generated rows around a migration hold what it assumes, and are those that users and scripts ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from migrate_validate.config import Settings, TableData
from migrate_validate.postgres import Server
from migrate_validate.replay.stages import Stage
from migrate_validate.replay.trial import Trial
from tests.replay.chains import FAST
from tests.replay.test_stages import stages_of

filling: Any = import_module("migrate_validate.checks._filling")
PEOPLE = "create table people (id integer primary key, email text, size integer check (size > 0));"


@contextmanager
def last_stage(server: Server, folder: Path, change: str, settings: Settings = FAST) -> Iterator[tuple[Stage, Trial]]:
    """The state before a change of the people, open for a trial."""
    files: dict[str, str | bytes] = {"001_people.sql": PEOPLE, "002_change.sql": change}
    with stages_of(server, folder, files, settings) as (stages, replay):
        stage = stages.before(replay.timeline.steps[-1])
        with stage.trial(stage.migration.up) as trial:
            yield stage, trial


def filled(stage: Stage, trial: Trial, settings: Settings = FAST, **options: Any) -> Any:
    return filling.fill_before(trial.connection, stage, settings, trial.catalog(), {"public.people"}, **options)


def texts(trial: Trial, query: str) -> list[Any]:
    return [value for (value,) in trial.connection.execute(query.encode())]


def test_rows_hold_what_the_migration_assumes(server: Server, tmp_path: Path) -> None:
    change = """-- migrate-validate: assume not null email on people
-- migrate-validate: assume not null nowhere on people
alter table people alter email set not null;"""
    with last_stage(server, tmp_path, change) as (stage, trial):
        assert filled(stage, trial).rows == {"public.people": 3}
        assert None not in texts(trial, "select email from people")
        assert trial.apply(stage.migration.up).failure is None


def test_what_scripts_name_is_known(server: Server, tmp_path: Path) -> None:
    change = "update people set email = null where email = 'nobody@example.com';"
    with last_stage(server, tmp_path, change) as (stage, trial):
        catalog = trial.catalog()
        learned = filling.learned_before(trial.connection, stage, FAST, catalog, {"public.people"}, ())
        values = {
            cells for pool in learned.pools["public.people"] if pool.columns == ("email",) for cells in pool.values
        }
        assert ("nobody@example.com",) in values
        again = filling.learned_before(trial.connection, stage, FAST, catalog, {"public.people"}, ())
        assert again is learned


def test_users_give_the_rows(server: Server, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    fixture = tmp_path / "rows" / "people.txt"
    fixture.write_text("insert into people values (7, 'given', 7);")
    settings = replace(FAST, data=(TableData("public.people", fixture=str(fixture)),))
    with last_stage(server, tmp_path, "update people set size = 8;", settings) as (stage, trial):
        assert filled(stage, trial, settings).rows == {"public.people": 1}
        assert texts(trial, "select email from people") == ["given"]


def test_tables_that_are_left_out_get_none(server: Server, tmp_path: Path) -> None:
    with last_stage(server, tmp_path, "update people set size = 8;") as (stage, trial):
        assert filled(stage, trial, left_out=("public.people",)).rows == {}
        assert texts(trial, "select email from people") == []
