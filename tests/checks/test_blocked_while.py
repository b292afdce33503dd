"""Others who use a table while a migration runs: blocked-while."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, NotApplicable, Result, Severity, Unproven
from migrate_validate.postgres import Server, ServerOptions
from tests.replay.chains import FAST, chain_at

# Imported by name: type checkers do not follow the editable installation of checks/.
locks: Any = import_module("migrate_validate.checks.locks")

TABLES = """
create table t (id int generated always as identity primary key, c text);
create schema app;
create table full_of_rules (kind text primary key check (kind in ('a', 'b')));
"""
SEVERAL = replace(FAST, rows=2000)


@contextlib.contextmanager
def evaluated(server: Server, folder: Path, text: str, settings: Settings = SEVERAL) -> Iterator[list[Result]]:
    chain = chain_at(folder, {"001_tables.sql": TABLES, "002_change.sql": text}, settings)
    with contextlib.closing(Evaluation(chain, settings, ServerOptions(major=server.version // 10000))) as evaluation:
        stage = evaluation.stages.before(evaluation.step("002_change.sql"))
        yield list(locks.blocked_while(stage, settings))


def test_a_lock_stops_others_for_as_long_as_it_is_held(server: Server, tmp_path: Path) -> None:
    with evaluated(server, tmp_path, "alter table t add x int;\nselect pg_sleep(0.4);") as (finding,):
        assert isinstance(finding, Finding)
        assert re.fullmatch(
            r"with 2000 rows in public\.t, its readers were stopped for \d+ ms and its writers for \d+ ms",
            finding.message,
        )
        assert (finding.object, str(finding.location)) == ("public.t", "002_change.sql:1:1")
        # The server itself holds the lock for so long: no machine is too fast for that.
        assert finding.evidence["reads_stopped_ms"] > 300
        assert finding.evidence["writes_stopped_ms"] > 300
        assert finding.evidence["rows"] == 2000


def test_share_lock_stops_writers_only(server: Server, tmp_path: Path) -> None:
    with evaluated(server, tmp_path, "create index on t (c);\nselect pg_sleep(0.4);") as (finding,):
        assert isinstance(finding, Finding)
        assert finding.evidence["writes_stopped_ms"] > 300 > finding.evidence["reads_stopped_ms"]


def test_a_second_is_a_warning(server: Server, tmp_path: Path) -> None:
    with evaluated(server, tmp_path, "lock table t;\nselect pg_sleep(1.1);") as (finding,):
        assert isinstance(finding, Finding)
        assert finding.severity is Severity.WARNING


def test_who_misses_a_column_ends(server: Server, tmp_path: Path) -> None:
    with evaluated(server, tmp_path, "alter table t drop column c;\nselect pg_sleep(0.1);") as (finding,):
        assert isinstance(finding, Finding)
        assert finding.evidence["ended_by"] == ["42703"]


def test_a_deadlock_is_told(server: Server, tmp_path: Path) -> None:
    # Who writes a row waits for the migration's UPDATE, with a lock on the table that ALTER TABLE then waits for.
    text = "update t set c = 'x';\nselect pg_sleep(0.2);\nalter table t add x int;"
    with evaluated(server, tmp_path, text) as (finding,):
        assert isinstance(finding, Finding)
        assert finding.severity is Severity.WARNING
        assert finding.message.endswith(
            ("; a deadlock ended one of them", "while they wait for it: a deadlock ends it")
        )


@pytest.mark.parametrize(
    "text",
    [
        "alter table t rename to s;\nselect pg_sleep(0.4);",
        "alter table public.t set schema app;\nselect pg_sleep(0.4);",
        "alter table t set schema app;\nselect pg_sleep(0.4);",
        "drop table t;\nselect pg_sleep(0.4);",
        "alter schema public rename to old;\nalter table old.t add x int;\nselect pg_sleep(0.4);",
        "alter table t rename id to number;\nalter table t rename to s;\nselect pg_sleep(0.4);",
    ],
)
def test_a_table_that_is_renamed_or_dropped_is_measured_as_it_was(server: Server, tmp_path: Path, text: str) -> None:
    with evaluated(server, tmp_path, text) as (finding,):
        assert isinstance(finding, Finding)
        assert finding.object == "public.t"
        assert finding.evidence["writes_stopped_ms"] > 300
        assert finding.fix.endswith(f"SET lock_timeout = '5s';\n{finding.statement};")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alter table full_of_rules add x int;", "public.full_of_rules refuses copies of its rows: new row for "
         'relation "full_of_rules" violates check constraint "full_of_rules_kind_check"'),
        ("alter table t add constraint few check (id < 10);", "the migration fails on full tables: "
         'check constraint "few" of relation "t" is violated by some row'),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_unproven(server: Server, tmp_path: Path, text: str, reason: str) -> None:
    with evaluated(server, tmp_path, text) as (result,):
        assert isinstance(result, Unproven)
        assert result.reason == reason


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        ("alter table t add x int;", FAST,
         "no number of rows is given: --migrations-rows=100000, or rows in the configuration"),
        ("update t set c = 'x';", SEVERAL, "it locks no table that existed against others"),
        ("create table s (id int);", SEVERAL,
         "nothing that could be observed of it touches a relation that existed before"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_measure(
    server: Server, tmp_path: Path, text: str, settings: Settings, reason: str
) -> None:
    with evaluated(server, tmp_path, text, settings) as (result,):
        assert result == NotApplicable(reason)
