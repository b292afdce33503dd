"""Chains whose tool applies everything that is pending in one transaction."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from migrate_validate.chain.reader import read_chain
from migrate_validate.evaluation import Evaluation
from migrate_validate.postgres import Server, ServerOptions
from migrate_validate.results import RuleResult
from migrate_validate.rules import Registry
from tests.replay.chains import FAST, write

USERS = "CREATE TYPE role AS ENUM ('member');\nCREATE TABLE users (id int, role role);\n"
GUEST = "ALTER TYPE role ADD VALUE 'guest';\n"
DEFAULT = "ALTER TABLE users ALTER COLUMN role SET DEFAULT 'guest';\n"


def judged(server: Server, folder: Path, *texts: str) -> RuleResult:
    """What the rule says of a chain of Drizzle."""
    entries = [{"tag": f"{number:04}_x", "when": number} for number in range(len(texts))]
    write(folder, {"meta/_journal.json": json.dumps({"entries": entries})})
    write(folder, {f"{number:04}_x.sql": text for number, text in enumerate(texts)})
    chain = read_chain(folder, FAST, rootdir=folder)
    rule = Registry.load().find("refused-together")
    assert rule is not None
    options = ServerOptions(major=server.version // 10000)
    with contextlib.closing(Evaluation(chain, FAST, options)) as evaluation:
        return evaluation.evaluate(rule, None)


def test_a_label_that_is_not_committed(server: Server, tmp_path: Path) -> None:
    """Where the type is as new as the label, PostgreSQL 17 and newer let it be used; databases in use have the type."""
    result = judged(server, tmp_path, USERS, GUEST, "SELECT 1;\n", DEFAULT)
    (finding,) = result.findings
    because = 'unsafe use of new value "guest" of enum type role (SQLSTATE 55P04)'
    new = server.version >= 170000
    others = "0001_x.sql, where both are pending" if new else "all migrations before it"
    assert finding.message == f"refused in one transaction with {others}: {because}"
    assert (str(finding.severity), str(finding.location)) == ("warning" if new else "error", "0003_x.sql:1:1")


def test_settings_that_one_leaves_to_the_next(server: Server, tmp_path: Path) -> None:
    """All of them are sent in one session."""
    result = judged(
        server, tmp_path, "CREATE SCHEMA shop;\nSET search_path TO shop;\n", "CREATE TABLE users (id int);\n"
    )
    (finding,) = result.findings
    assert finding.message.startswith("in one transaction the migrations leave another schema: ")


def test_migrations_that_look_at_what_is_applied(server: Server, tmp_path: Path) -> None:
    result = judged(server, tmp_path, USERS, "CREATE TABLE seen AS SELECT * FROM drizzle.__drizzle_migrations;\n")
    assert result.findings == ()
    assert result.reason == (
        "migrations look at drizzle.__drizzle_migrations, which nothing is written into between them here"
    )
