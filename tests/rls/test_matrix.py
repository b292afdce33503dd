"""The access matrix: written, read back, compared; access_changed tells what differs."""

from __future__ import annotations

import contextlib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.errors import ConfigError
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from migrate_validate.snapshot import snapshot

_PACKAGE = "migrate_validate.checks._rls_isolation"
verdicts: Any = import_module(f"{_PACKAGE}.verdicts")
matrix: Any = import_module(f"{_PACKAGE}.matrix")

CASES = Path(__file__).parents[1] / "cases"


def access(name: str, who: str, **numbers: Any) -> Any:
    return verdicts.Access(name, "SELECT", who, **numbers)


def test_words() -> None:
    assert access("t", "a", granted=False).word == "-"
    assert access("t", "a").word == "none"
    assert access("t", "a", own=1, of_own=3).word == "part of own"
    assert access("t", "a", own=3, of_own=3, others=1, shared=1).word == "own + others + shared"
    assert access("t", "a", own=3, error="42P17").word == "error 42P17"


def test_a_matrix_is_a_table_a_command() -> None:
    text = matrix.matrix([access("public.notes", "anon"), access("public.notes", "member of A", own=2, of_own=2)])
    assert text.splitlines()[-4:] == [
        "",
        "|              | anon | member of A |",
        "| ------------ | ---- | ----------- |",
        "| public.notes | none | own         |",
    ]


def test_what_differs_is_told_cell_by_cell() -> None:
    before = [access("public.notes", "anon"), access("public.gone", "anon")]
    now = [access("public.notes", "anon", others=2), access("public.new", "anon", granted=False)]
    assert matrix.changes(matrix.matrix(before), matrix.matrix(before)) == []
    assert matrix.changes(matrix.matrix(before), matrix.matrix(now)) == [
        "SELECT public.gone as anon: gone, was none",
        "SELECT public.notes as anon: others, was none",
        "SELECT public.new: granted to nobody, was not there",
    ]


def test_members_of_both_tenants_share_a_column_where_they_can_do_the_same() -> None:
    members = ["member of A as owner", "member of B as owner", "member of A as owner and of B as viewer"]
    alike = [access("public.notes", who, own=1) for who in members]
    text = matrix.matrix(alike)
    heading = "|              | member of A/B as owner | member of A as owner and of B as viewer |"
    assert heading in text.splitlines()
    assert matrix.changes(text, text) == []
    more = matrix.matrix([alike[0], access("public.notes", members[1], own=1, others=1), alike[2]])
    assert "| member of B as owner |" in more
    assert matrix.changes(text, more) == ["SELECT public.notes as member of B as owner: own + others, was own"]
    closed = matrix.matrix([access("public.notes", who, granted=False) for who in members])
    assert "Granted to nobody: public.notes" in closed.splitlines()
    assert matrix.changes(closed, text) == [f"SELECT public.notes as {', '.join(members)}: own, was -"]


def test_text_that_is_no_matrix_differs_by_lines() -> None:
    kept, now = "some words\n", matrix.matrix([])
    assert "- some words" in matrix.changes(kept, now)


def chain(directory: Path, *policies: str, settings: str = 'access_matrix = "access.md"\n') -> Path:
    """A chain of the notes of tenants, whose policies are given."""
    good = (CASES / "row-moved" / "good.sql").read_text()
    roles = "CREATE ROLE mv_case_anon; CREATE ROLE mv_case_user;\n"
    (directory / "001_notes.sql").write_text(roles + good)
    for number, policy in enumerate(policies, 2):
        (directory / f"{number:03}_more.sql").write_text(policy)
    (directory / "migrate_validate.toml").write_text(f'api_roles = ["mv_case_anon", "mv_case_user"]\n{settings}')
    return directory


def judged(directory: Path, rule: str, major: int) -> Any:
    """What a rule says of a chain."""
    settings = load_settings(directory, directory)
    evaluation = Evaluation(read_chain(directory, settings, rootdir=directory), settings, ServerOptions(major=major))
    with contextlib.closing(evaluation):
        return evaluation.evaluate(Registry.load()[rule])


def test_snapshot_writes_it_and_access_changed_compares_it(tmp_path: Path, server: Server) -> None:
    major = server.version // 10000
    (missing,) = judged(chain(tmp_path), "access-changed", major).findings
    assert missing.message == "there is no access matrix yet: access.md"
    told = snapshot(".", tmp_path)
    assert "who can see and change what was written" in told
    assert "| public.notes" in (tmp_path / "access.md").read_text()
    assert judged(tmp_path, "access-changed", major).verdict is Verdict.PASSED
    (tmp_path / "002_open.sql").write_text("CREATE POLICY notes_open ON notes FOR DELETE USING (true);")
    (changed,) = judged(tmp_path, "access-changed", major).findings
    assert changed.message == (
        "access.md differs in 1 place: DELETE public.notes as tenant A, tenant B: own + others, was none"
    )
    # Expectations are there by now: only the matrix is written anew.
    assert snapshot(".", tmp_path) == f"{tmp_path / 'access.md'}: who can see and change what was written"
    assert judged(tmp_path, "access-changed", major).verdict is Verdict.PASSED


def test_snapshot_says_why_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "001_words.sql").write_text("CREATE TABLE words (id bigint PRIMARY KEY);")
    (tmp_path / "migrate_validate.toml").write_text('access_matrix = "access.md"\n')
    with pytest.raises(ConfigError, match="there is no access matrix to write: no role is declared that reaches"):
        snapshot(".", tmp_path)
