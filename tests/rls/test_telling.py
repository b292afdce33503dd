"""What a finding shows: a script that can be run, the policy at fault, the migration that opened it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings

CASES = Path(__file__).parents[1] / "cases"
ROLES = "CREATE ROLE mv_case_anon; CREATE ROLE mv_case_user;\n"
NOTES = ROLES + (CASES / "row-moved" / "good.sql").read_text()


@contextlib.contextmanager
def evaluated(directory: Path, server: Server, *migrations: str, settings: str = "") -> Iterator[Evaluation]:
    """A chain of these migrations."""
    for number, text in enumerate(migrations, 1):
        (directory / f"{number:03}_step.sql").write_text(text)
    roles = 'api_roles = ["mv_case_anon", "mv_case_user"]\n'
    (directory / "migrate_validate.toml").write_text(roles + settings)
    read = load_settings(directory, directory)
    chain = read_chain(directory, read, rootdir=directory)
    evaluation = Evaluation(chain, read, ServerOptions(major=server.version // 10000))
    with contextlib.closing(evaluation):
        yield evaluation


def found(evaluation: Evaluation, rule: str) -> Finding:
    """The one finding of a rule."""
    (finding,) = evaluation.evaluate(Registry.load()[rule]).findings
    return finding


def run(connection: psycopg.Connection[Any], script: str) -> list[tuple[Any, ...]]:
    """What the last query of a script gives."""
    cursor = connection.execute(script.encode(), prepare=False)
    rows: list[tuple[Any, ...]] = []
    while True:
        rows = cursor.fetchall() if cursor.description else rows
        if not cursor.nextset():
            return rows


def test_the_script_shows_it_and_leaves_nothing(tmp_path: Path, server: Server) -> None:
    pinned = "CREATE POLICY pinned ON notes FOR SELECT USING (body IS NOT NULL);"
    with evaluated(tmp_path, server, NOTES, pinned) as evaluation:
        finding = found(evaluation, "cross-tenant-read")
        with evaluation.clone() as connection:
            rows = run(connection, finding.evidence["script"])
            assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    assert [row[1] for row in rows] != []
    lines = finding.evidence["script"].splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "ROLLBACK;")
    assert "SET LOCAL ROLE mv_case_user;" in lines
    assert finding.statement == "SELECT * FROM public.notes"
    assert finding.evidence["policies"][1] == '"pinned" for SELECT to public using ((body IS NOT NULL))'
    assert 'policy "pinned" lets it' in finding.message
    assert str(finding.location) == "002_step.sql:1:1"


def test_everybody_else_has_one_line(tmp_path: Path, server: Server) -> None:
    opened = "CREATE POLICY opened ON notes USING (true) WITH CHECK (true);"
    with evaluated(tmp_path, server, NOTES, opened) as evaluation:
        written, added = found(evaluation, "cross-tenant-write"), found(evaluation, "cross-tenant-insert")
    for finding in (written, added):
        labels = [line.rpartition(": ")[0] for line in finding.evidence["others"]]
        assert len(labels) == len(set(labels)) > 0
    commands = {line.rpartition(": ")[2] for line in written.evidence["others"]}
    assert commands == {"DELETE, INSERT, UPDATE", "DELETE, INSERT"}  # the one that is shown has its UPDATE there
    assert "tenant A" in added.message
    assert added.evidence["others"] == ["tenant B: INSERT"]


CLOSED = "CREATE FUNCTION mine(t uuid) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT t = tenant()';\n"
POLICY = "CREATE POLICY mine ON notes FOR DELETE USING (mine(tenant_id));\n"
OPENING = {
    "row level security off": (["ALTER TABLE notes DISABLE ROW LEVEL SECURITY;"], "row level security is off"),
    "a function that a policy calls": (
        ["CREATE OR REPLACE FUNCTION mine(t uuid) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT t IS NOT NULL';"],
        'policy "mine" lets it',
    ),
    "a policy": (["CREATE POLICY more ON notes FOR DELETE USING (true);"], 'policy "more" lets it'),
    "a policy, closed and opened again": (
        [
            "CREATE POLICY more ON notes FOR DELETE USING (true);",
            "ALTER POLICY more ON notes USING (tenant_id = tenant());",
            "ALTER POLICY more ON notes USING (body <> '');",
        ],
        'policy "more" lets it',
    ),
}


@pytest.mark.parametrize("name", OPENING)
def test_the_migration_that_opened_it_is_named(tmp_path: Path, server: Server, name: str) -> None:
    opening, why = OPENING[name]
    steps = [NOTES + CLOSED + POLICY, "CREATE TABLE other (id bigint PRIMARY KEY);", *opening]
    later = "ALTER TABLE notes ADD COLUMN later text; GRANT SELECT ON other TO mv_case_user;"
    with evaluated(tmp_path, server, *steps, later) as evaluation:
        finding = found(evaluation, "cross-tenant-write")
    assert why in finding.message
    assert finding.location is not None
    assert finding.location.file == f"{len(steps):03}_step.sql"


def test_what_is_declared_is_no_finding(tmp_path: Path, server: Server) -> None:
    opened = "GRANT SELECT ON notes TO mv_case_anon; CREATE POLICY all_of_it ON notes FOR SELECT USING (true);"
    declared = '[tenancy]\npublic_read = ["notes"]\n'
    with evaluated(tmp_path, server, NOTES, opened, settings=declared) as evaluation:
        verdicts = {
            rule: evaluation.evaluate(Registry.load()[rule]).verdict
            for rule in ("anonymous-read", "cross-tenant-read", "cross-tenant-write")
        }
    assert set(verdicts.values()) == {Verdict.PASSED}


def test_roles_that_no_policy_binds_prove_nothing(tmp_path: Path, server: Server) -> None:
    with evaluated(tmp_path, server, NOTES + "\nALTER ROLE mv_case_user BYPASSRLS;") as evaluation:
        result = evaluation.evaluate(Registry.load()["cross-tenant-read"])
    assert result.verdict is Verdict.UNPROVEN
    assert "mv_case_user has BYPASSRLS, so no policy binds it" in result.reason


def test_without_roles_from_outside_or_row_level_security_it_does_not_apply(tmp_path: Path, server: Server) -> None:
    with evaluated(tmp_path, server, ROLES + "CREATE TABLE notes (id bigint PRIMARY KEY);") as evaluation:
        result = evaluation.evaluate(Registry.load()["cross-tenant-read"])
    assert result.verdict is Verdict.SKIPPED
    assert result.reason == "no table has row level security: what roles from outside reach is told by rls-disabled"
