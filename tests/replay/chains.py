"""Chains made of texts, applied to a real server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import SeedEntry, Settings
from migrate_validate.postgres import Server
from migrate_validate.postgres.environments import ENVIRONMENTS
from migrate_validate.replay.replay import Replay, replay_chain
from migrate_validate.replay.timeline import Failure, Outcome, ScriptRun, Timeline

FAST = Settings(statement_timeout=20, lock_timeout=5)


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def chain_at(folder: Path, files: dict[str, str | bytes], settings: Settings = FAST) -> Chain:
    """The chain of these files."""
    write(folder, files)
    return read_chain(folder, settings, rootdir=folder)


@contextlib.contextmanager
def replayed(
    server: Server, folder: Path, files: dict[str, str | bytes], settings: Settings = FAST, **options: Any
) -> Iterator[Replay]:
    """These files, applied; the database is dropped at the end."""
    chain = chain_at(folder, files, settings)
    replay = replay_chain(chain, settings, server, ENVIRONMENTS["plain"], **options)
    with replay.database:
        yield replay


def timeline(server: Server, folder: Path, files: dict[str, str | bytes], settings: Settings = FAST) -> Timeline:
    """What happened when these files were applied."""
    with replayed(server, folder, files, settings) as replay:
        return replay.timeline


def only(server: Server, folder: Path, text: str | bytes, settings: Settings = FAST) -> ScriptRun:
    """What happened when a chain of one file was applied."""
    (step,) = timeline(server, folder, {"001_only.sql": text}, settings).steps
    return step.run


def failure_of(run: ScriptRun) -> Failure:
    """Why it failed."""
    assert run.outcome is Outcome.FAILED
    assert run.failure is not None
    return run.failure


def outcomes(happened: Timeline) -> list[str]:
    """What became of each migration."""
    return [str(step.run.outcome) for step in happened.steps]


def query(replay: Replay, text: str) -> Any:
    """The only value of a query on the database that was left."""
    with replay.database.connect() as connection:
        row = connection.execute(text.encode()).fetchone()
    return row[0] if row else None


def seeded(**before: str | None) -> Settings:
    """Settings that load ``name.sql`` before the version, or after the chain for None."""
    return replace(FAST, seeds=tuple(SeedEntry(f"{name}.sql", version) for name, version in before.items()))
