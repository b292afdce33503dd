"""What rules of conflicts say where a case of files and findings cannot show it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.evaluation import Evaluation
from migrate_validate.findings import Finding, Verdict
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from migrate_validate.settings import load_settings
from tests.replay.chains import FAST, write

SAMPLE = Path(__file__).parents[2] / "sample_migrations" / "organizational_model_conflict"
RULES = Registry.load()

Files = dict[str, str]


def judged(server: Server, folder: Path, rule: str, file: str | None, settings: Settings = FAST) -> RuleResult:
    """What a rule says of one file of a folder."""
    chain = read_chain(folder, settings, rootdir=folder)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, settings, options)) as evaluation:
        return evaluation.evaluate(RULES[rule], file)


def findings(server: Server, folder: Path, rule: str, files: Files) -> tuple[Finding, ...]:
    """What a rule finds in the last of these files."""
    write(folder, dict(files))
    result = judged(server, folder, rule, max(files))
    assert result.verdict is not Verdict.UNPROVEN, result.reason
    return result.findings


def lines(evidence: Any) -> set[str]:
    return set(evidence)


def test_a_script_that_cannot_be_read_breaks_no_rule(server: Server, tmp_path: Path) -> None:
    """That it cannot be applied is told once, by ``applies``; no rule of the migration ends in an exception."""
    write(tmp_path, {"001_a.sql": "create table a (id int);\n", "002_b.sql": "\\copy a from 'a.csv'\n"})
    chain = read_chain(tmp_path, FAST, rootdir=tmp_path)
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, FAST, options)) as evaluation:
        rules = [rule for rule in evaluation.registry if rule.scope.of_migration]
        verdicts = {rule.name: evaluation.evaluate(rule, "002_b.sql").verdict for rule in rules}
        told = evaluation.evaluate(evaluation.registry["applies"], "002_b.sql").findings[0].evidence
    assert verdicts.pop("applies") is Verdict.FAILED
    assert set(told) == {"applied"}  # and not that none of no statements had succeeded
    assert set(verdicts.values()) == {Verdict.PASSED, Verdict.SKIPPED}


def test_the_sample_tells_all_its_conflicts(server: Server) -> None:
    settings = load_settings(SAMPLE, SAMPLE)
    failing = "20250103_organizational_model_data.sql"
    data, indexes, schema = judged(server, SAMPLE, "conflict-remedy", failing, settings).findings
    organizations = "line 8: table public.organizations (20250102_organizational_model.sql:14)"
    assert lines(schema.evidence["contradicts"]) >= {
        f"{organizations}: max_users: have CHECK (max_users >= 1 AND max_users <= 40),"
        " want CHECK (max_users > 0 AND max_users <= 1000)",
        f"{organizations}: subscription_tier: 'legacy' missing",
        "line 56: function public.validate_organization_user_limit (20250102_organizational_model.sql:253):"
        " body: differs",
    }
    assert lines(schema.evidence["missing"]) >= {f"{organizations}: description: missing"}
    assert "ALTER TABLE public.organizations ADD COLUMN description text;" in schema.fix
    assert schema.fix.endswith("-- Keep what is new: lines 28, 91.\n-- Leave out what is redundant.")
    assert [line.split(":")[0] for line in indexes.evidence["redundant"]] == [
        f"line {number}" for number in (5, 9, 11, 16, 18)
    ]
    assert [line.split(":")[0] for line in indexes.evidence["contradicts"]] == ["line 8", "line 14"]
    assert data.evidence["contradicts"] == [
        "line 7: 1 row of public.organizations there with other values (organizations_slug_key)\n"
        "  slug = 'individual-users': subscription_tier: have 'basic', want 'legacy'; max_users: have 40, want 1000",
        "line 22: UPDATE of public.profiles repeats 20250102_organizational_model.sql:174 and changes 2 rows once more",
    ]
    assert data.evidence["redundant"] == [
        "line 11: UPDATE of public.profiles repeats 20250102_organizational_model.sql:160 and changes nothing",
        "line 15: 4 rows of public.practitioner_assignments there already (practitioner_assignments_active_key)",
        "line 29: UPDATE of public.organizations repeats 20250102_organizational_model.sql:183 and changes nothing",
    ]


@pytest.mark.parametrize(
    "second",
    [
        "CREATE TABLE other (id int); SELECT * FROM nowhere;",
        "DROP TABLE users, nowhere; CREATE TABLE users (id uuid);",
    ],
)
def test_another_failure_is_no_conflict(server: Server, tmp_path: Path, second: str) -> None:
    first = (
        "CREATE TABLE users (id int PRIMARY KEY, n int); INSERT INTO users VALUES (1, 1);"
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; UPDATE users SET n = 1;"
    )
    later = (
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';"
        "INSERT INTO users VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n; UPDATE users SET n = 2;"
    )
    write(tmp_path, {"001_users.sql": first, "002_second.sql": second, "003_later.sql": later})
    result = judged(server, tmp_path, "conflict-remedy", "002_second.sql")
    assert result.reason == "it failed for another reason than what earlier files made"
    assert result.findings == ()


KINDS = (
    (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
        ["volatility: have stable, want volatile", "body: differs"],
    ),
    ("CREATE VIEW v AS SELECT 1 AS a", "CREATE VIEW v AS SELECT 2 AS a", ["definition: have SELECT 1 AS a;, want"]),
    ("CREATE VIEW w AS SELECT 1 AS a", "CREATE TABLE w (a int)", ["have a view, want a table"]),
    (
        "CREATE POLICY p ON t FOR SELECT USING (true)",
        "CREATE POLICY p ON t USING (id = 1)",
        ["command: have SELECT, want ALL", "using: have true, want (id = 1)"],
    ),
    (
        "CREATE TYPE c AS (a int)",
        "CREATE TYPE c AS (a int, b text)",
        ["attributes: have a integer, want a integer, b text"],
    ),
    (
        "CREATE DOMAIN d AS int CHECK (VALUE > 0)",
        "CREATE DOMAIN d AS bigint CHECK (VALUE > 1)",
        ["base type: have integer, want bigint", "have CHECK (value > 0), want CHECK (value > 1)"],
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (name)",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (name <> '')",
        ["CHECK (name <> ''::text) missing"],
    ),
    ("CREATE SCHEMA s", "CREATE SCHEMA s AUTHORIZATION pg_monitor", ["owner: have "]),
    (
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        ["CREATE TRIGGER g BEFORE INSERT ON public.t"],
    ),
)
"""What is there, what is created again, and what is said of it."""


def test_definitions_of_every_kind_are_compared(server: Server, tmp_path: Path) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, name text);\n"
    files = {
        "001_first.sql": table + "".join(f"{there};\n" for there, _, _ in KINDS),
        "002_again.sql": "".join(f"{again};\n" for _, again, _ in KINDS),
    }
    (found,) = findings(server, tmp_path, "conflict-remedy", files)
    told = [*found.evidence["contradicts"], *found.evidence["missing"]]
    for number, (_, _, said) in enumerate(KINDS, 1):
        own = "\n".join(text for text in told if text.startswith(f"line {number}:"))
        assert all(words in own for words in said), (number, told)


def test_what_cannot_be_made_or_repaired_says_so(server: Server, tmp_path: Path) -> None:
    bounds = "PARTITION OF log FOR VALUES FROM ('2025-01-01') TO"
    first = (
        "CREATE TABLE t (id int, n int CHECK (n < 100)); INSERT INTO t VALUES (1, 50); CREATE TABLE u (id int);"
        f"CREATE TABLE log (at date) PARTITION BY RANGE (at); CREATE TABLE log_2025 {bounds} ('2026-01-01');"
    )
    again = (
        "CREATE TABLE IF NOT EXISTS t (id int, n int CHECK (n < 10));\n"
        f"CREATE TABLE IF NOT EXISTS log_2025 {bounds} ('2025-07-01');\n"
        "CREATE TABLE IF NOT EXISTS u (id int, parent int REFERENCES nowhere);"
    )
    write(tmp_path, {"001_first.sql": first, "002_again.sql": again})
    result = judged(server, tmp_path, "silent-no-op", "002_again.sql")
    table, partition = result.findings
    assert table.fix.splitlines()[0] == (
        '-- This is refused as things are: check constraint "t_n_check" of relation "t" is violated by some row'
        " (SQLSTATE 23514)"
    )
    bound = "partition bound: have FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'), want"
    assert bound in partition.message
    assert result.reason == (
        "public.u: 002_again.sql:3:1: what the statement wants could not be made aside:"
        ' relation "nowhere" does not exist (SQLSTATE 42P01)'
    )


def test_an_index_made_concurrently_is_compared(server: Server, tmp_path: Path) -> None:
    files = {
        "001_first.sql": "CREATE TABLE t (id int, n int); CREATE INDEX t_n ON t (n);",
        "002_again.sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n, id);",
    }
    (found,) = findings(server, tmp_path, "silent-no-op", files)
    assert found.message.splitlines()[1] == "t_n: have btree (n), want btree (n, id)"


def test_what_belongs_to_the_server_or_cannot_be_read_is_no_trouble(server: Server, tmp_path: Path) -> None:
    files = {
        "001_first.sql": """CREATE TYPE mood AS ENUM ('ok');
CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';""",
        "002_again.sql": """CREATE SCHEMA IF NOT EXISTS information_schema;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
DO LANGUAGE plpgsql $$ BEGIN IF NOT FOUND THEN EXECUTE 'CREATE TABLE x ()'; END IF; END $$;
ALTER TYPE mood ADD VALUE 'fine';
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT length(''fine''::mood::text)';""",
    }
    write(tmp_path, dict(files))
    for rule in ("silent-no-op", "clobbered-definition"):
        result = judged(server, tmp_path, rule, "002_again.sql")
        assert (result.findings, result.verdict) == ((), Verdict.PASSED), result.reason


def test_a_name_that_may_have_been_freed_is_not_called_a_duplicate(server: Server, tmp_path: Path) -> None:
    files = {
        "001_first.sql": "CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c (); CREATE TABLE d ();",
        "002_stop.sql": "CREATE TABLE a ();\nDROP TABLE nowhere;\nCREATE TABLE b ();",
        "003_block.sql": "DO $$ BEGIN DROP TABLE c; PERFORM 1 FROM nowhere; END $$;\nCREATE TABLE c ();",
        "004_later.sql": "CREATE TABLE e ();\nCREATE TABLE d ();",
    }
    write(tmp_path, dict(files))
    result = judged(server, tmp_path, "duplicate-object", "002_stop.sql")
    assert [each.object for each in result.findings] == ["a", "b"]
    doubt = 'but 003_block.sql:1, which fails as things are, may free the name: relation "nowhere" does not exist'
    assert result.reason == (
        f"table c is created by 001_first.sql:1 and again by 003_block.sql:2, {doubt}; "
        f"table d is created by 001_first.sql:1 and again by 004_later.sql:2, {doubt}"
    )


def test_an_extension_is_compared_in_what_is_said(server: Server, tmp_path: Path) -> None:
    files = {
        "001_first.sql": "CREATE SCHEMA e; CREATE EXTENSION citext SCHEMA e VERSION '1.4'; CREATE EXTENSION hstore;",
        "002_again.sql": "CREATE EXTENSION IF NOT EXISTS citext;\nALTER EXTENSION hstore SET SCHEMA e;\n"
        "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA e;",
    }
    citext, hstore = findings(server, tmp_path, "silent-no-op", files)
    latest = "1.6" if server.version < 180000 else "1.8"
    assert citext.severity == hstore.severity == "info"
    assert citext.message == (
        "CREATE EXTENSION IF NOT EXISTS citext does nothing: extension citext is there (001_first.sql:1) with all that"
        f" is wanted, and more\nversion: have 1.4, and {latest} would be made now"
    )
    assert hstore.message.endswith("extension hstore is there (001_first.sql:1) with the same definition")


def test_what_lost_its_owner_gets_it_back(server: Server, tmp_path: Path) -> None:
    made = "create function f() returns int language sql as 'select 1'; create view v as select 1 as one;"
    files = {
        "001_a.sql": "create role keeper; create materialized view mv as select 1 as one;" + made,
        "002_b.sql": "alter function f() owner to keeper; alter view v owner to keeper;"
        "alter materialized view mv owner to keeper;",
        "003_c.sql": "drop function f(); drop view v; drop materialized view mv;"
        "create materialized view mv as select 2 as one;" + made,
    }
    found = findings(server, tmp_path / "lost", "clobbered-definition", files)
    assert [each.message.rpartition(": ")[2].split(",")[0] for each in found] == ["had keeper"] * 3
    files["003_c.sql"] += "".join(each.fix for each in found)
    assert findings(server, tmp_path / "back", "clobbered-definition", files) == ()
