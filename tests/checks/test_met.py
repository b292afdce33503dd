"""Which tables a migration meets with their rows, and how much of it rows can matter to."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from migrate_validate.catalog.model import Catalog
from migrate_validate.chain.statements import statements
from migrate_validate.postgres import Server
from tests.checks.replays import step_of
from tests.support.scripts import script

# Imported by name: type checkers do not follow the editable installation of checks/.
tables: Any = import_module("migrate_validate.checks._existing_data.tables")
words: Any = import_module("migrate_validate.checks._existing_data.words")

SCHEMA = """
    CREATE TABLE orgs (id integer PRIMARY KEY, slug text UNIQUE, name text);
    CREATE TABLE users (id integer PRIMARY KEY, org integer REFERENCES orgs ON DELETE CASCADE);
    CREATE TABLE pages (id integer PRIMARY KEY, slug text UNIQUE REFERENCES orgs (slug) ON UPDATE CASCADE);
    CREATE TABLE links (page text REFERENCES pages (slug));
    CREATE TABLE watched (id integer PRIMARY KEY, seen boolean);
    CREATE TABLE watchers (watched integer REFERENCES watched);
    CREATE TABLE later (id integer PRIMARY KEY DEFERRABLE);
    CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM orgs';
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM watched WHERE seen; RETURN NULL;
    END $$;
    CREATE TRIGGER forget AFTER UPDATE ON watched FOR EACH STATEMENT EXECUTE FUNCTION forget();
"""
BELOW = {"orgs", "users", "pages", "links"}


@pytest.fixture(scope="module")
def before(server: Server) -> Iterator[Catalog]:
    with server.create_database("met") as database, database.connect() as connection:
        connection.execute(SCHEMA.encode(), prepare=False)
        yield Catalog.read(connection)


@pytest.mark.parametrize(
    ("migration", "expected"),
    [
        ("UPDATE orgs SET name = 'x' WHERE id = 1", {"orgs"}),
        ("UPDATE orgs SET slug = lower(slug)", {"orgs", "pages", "links"}),
        ("INSERT INTO orgs VALUES (1) ON CONFLICT (id) DO UPDATE SET id = orgs.id + 1", {"orgs", "users"}),
        ("DELETE FROM orgs", BELOW),
        ("DO $$ BEGIN PERFORM count(*) FROM orgs; END $$", {"orgs"}),
        ("DO $$ BEGIN DELETE FROM orgs; END $$", BELOW),
        ("DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'orgs'); END $$", BELOW),
        ("SELECT purge()", BELOW),
        ("UPDATE watched SET seen = true", {"watched", "watchers"}),
        ("ALTER TABLE orgs ENABLE ROW LEVEL SECURITY", set()),
    ],
)
def test_tables_that_rows_can_matter_in(before: Catalog, migration: str, expected: set[str]) -> None:
    found = tables.met(step_of(migration), before, words.words_of(script(migration), before))
    assert {name.removeprefix("public.") for name in found} == expected


@pytest.mark.parametrize(
    ("table", "end", "kept"),
    [
        ("orgs", "COMMENT ON TABLE orgs IS 'x'; CREATE POLICY p ON orgs; CREATE TABLE t (id int)", 0),
        ("orgs", "CREATE VIEW v AS TABLE orgs; ALTER TABLE users RENAME TO people; GRANT SELECT ON v TO PUBLIC", 2),
        ("orgs", "CREATE VIEW v AS TABLE orgs; ALTER TABLE users ADD COLUMN a int; GRANT SELECT ON v TO PUBLIC", 2),
        ("orgs", "CREATE VIEW v AS TABLE orgs; DROP FUNCTION purge() CASCADE; DROP FUNCTION purge()", 2),
        ("orgs", "CREATE VIEW v AS TABLE orgs; CREATE UNIQUE INDEX ON users (org)", 2),
        ("orgs", "CREATE INDEX ON users (org); COMMENT ON TABLE users IS 'x'; DELETE FROM users", 1),
        ("later", "ALTER TABLE later ENABLE ROW LEVEL SECURITY", 1),
        ("orgs", "CREATE TABLE t (id int UNIQUE DEFERRABLE)", 1),
    ],
)
def test_the_end_that_no_row_matters_to_is_left_out(before: Catalog, table: str, end: str, kept: int) -> None:
    whole = script(f"UPDATE {table} SET id = id; {end}")
    assert len(statements(tables.shortened(whole, before, [f"public.{table}"]))) == 1 + kept
