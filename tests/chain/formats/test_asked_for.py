"""Conventions that are asked for where there is something else: what each misses, and where it was looked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chain.formats.chains import refused
from tests.replay.chains import FAST

MISSED = {
    "db-migrate": "no directory sqls/ in it\nlooked at:\n  ROOT/db/sqls\n  ROOT/db/migrations/sqls\n",
    "drizzle": "neither meta/_journal.json names migrations, nor are there directories <timestamp>",
    "graphile-migrate": "there is no committed/\nlooked at:\n  ROOT/db/committed\n  ROOT/db/migrations/committed\n",
    "hasura": "no directory <version>_<name>/up.sql in it\nlooked at:\n  ROOT/db\n  ROOT/db/migrations\n",
    "prisma": "no directory <timestamp>_<name>/migration.sql in it\nlooked at:\n  ROOT/db\n  ROOT/db/migrations\n",
    "rails": "there is no structure.sql\nlooked at:\n  ROOT/db\n  ROOT/db/db/structure.sql\n",
    "sqitch": "there is no sqitch.plan\nlooked at:\n  ROOT/db/sqitch.plan\n",
}


@pytest.mark.parametrize("name", MISSED)
def test_what_is_missing_is_named(name: str, tmp_path: Path) -> None:
    said = refused(tmp_path, {"db/001_users.sql": "SELECT 1;\n"}, "db", replace(FAST, format=name))
    first, _, rest = said.partition(" wants it: ")
    assert first.startswith("db is not laid out as ")
    assert rest.startswith(MISSED[name])
    assert "what to do: name " in rest
