"""Chains as Prisma Migrate applies them."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, ways_back
from tests.replay.chains import outcomes, query, replayed

LOCK = 'provider = "postgresql"\n'
USERS = "CREATE TABLE users (id int PRIMARY KEY, email text);\n"
FILES: Files = {
    "prisma/schema.prisma": "model users {}\n",
    "prisma/migrations/migration_lock.toml": LOCK,
    "prisma/migrations/20240102000000_mail/migration.sql": "ALTER TABLE users ADD COLUMN mail text;\n",
    "prisma/migrations/20240101000000_users/migration.sql": USERS,
    "prisma/migrations/20240101000000_users/down.sql": "DROP TABLE users;\n",
    "prisma/migrations/20240101000000_users/README.md": "about users\n",
}


def test_directories_in_the_order_of_their_names(tmp_path: Path) -> None:
    chain = read(tmp_path, FILES, "prisma")
    assert (chain.format, chain.recognized) == ("prisma", "migrations/migration_lock.toml is Prisma's")
    assert applied(chain) == [
        "migrations/20240101000000_users/migration.sql",
        "migrations/20240102000000_mail/migration.sql",
    ]
    assert [(each.version, each.name) for each in chain.migrations] == [
        ("20240101000000", "users"),
        ("20240102000000", "mail"),
    ]
    assert ways_back(chain) == {"20240101000000": "migrations/20240101000000_users/down.sql"}
    assert {each.up.sends for each in chain.migrations} == {Sends.MESSAGE}
    assert aside(chain) == {
        "migrations/20240101000000_users/README.md": "Markdown: a text for people",
        "migrations/migration_lock.toml": "it names the provider, and is no migration",
        "schema.prisma": "the schema that is declared: where the migrations lead, not a step",
    }


def test_the_directory_of_the_migrations_is_enough(tmp_path: Path) -> None:
    unlocked = {name: text for name, text in FILES.items() if "lock" not in name}
    chain = read(tmp_path, unlocked, "prisma/migrations")
    assert chain.format == "prisma"
    assert len(chain.migrations) == 2


def test_another_provider(tmp_path: Path) -> None:
    files = FILES | {"prisma/migrations/migration_lock.toml": 'provider = "mysql"\n'}
    assert refused(tmp_path, files, "prisma") == (
        "migration_lock.toml says that these migrations are for mysql, not for postgresql\n"
        "looked at:\n"
        "  ROOT/prisma/migrations/migration_lock.toml\n"
        'what to do: name migrations of the provider "postgresql": no other database is run here'
    )


def test_a_directory_without_its_file(tmp_path: Path) -> None:
    (tmp_path / "prisma/migrations/20240103000000_lost").mkdir(parents=True)
    assert refused(tmp_path, FILES, "prisma") == (
        "Prisma Migrate refuses these migrations: migrations/20240103000000_lost/ holds no migration.sql\n"
        "looked at:\n"
        "  ROOT/prisma/migrations\n"
        "what to do: restore the file, or remove the directory: prisma stops there (P3015)"
    )


def test_a_lock_that_is_no_toml(tmp_path: Path) -> None:
    said = refused(tmp_path, FILES | {"prisma/migrations/migration_lock.toml": "provider: postgresql\n"}, "prisma")
    assert said.startswith("migration_lock.toml cannot be read: ")
    assert 'repair it: prisma writes a line such as provider = "postgresql"' in said


def test_two_formats_in_one_directory(tmp_path: Path) -> None:
    journal = '{"dialect": "postgresql", "entries": []}'
    assert refused(tmp_path, FILES | {"prisma/migrations/meta/_journal.json": journal}, "prisma/migrations") == (
        "prisma/migrations could be of several formats\n"
        "looked at:\n"
        "  drizzle (Drizzle): meta/_journal.json is Drizzle's journal\n"
        "  prisma (Prisma Migrate): migration_lock.toml is Prisma's\n"
        "what to do: say which one: --migrations-format=drizzle or --migrations-format=prisma,"
        ' or format = "..." in migrate_validate.toml beside the migrations'
    )


def test_a_file_is_one_message(tmp_path: Path, server: Server) -> None:
    """Several statements are one transaction, so that one which cannot run there fails; alone it does not."""
    files: Files = {
        "migration_lock.toml": LOCK,
        "1_users/migration.sql": USERS,
        "2_alone/migration.sql": "CREATE INDEX CONCURRENTLY alone ON users (email);\n",
        "3_company/migration.sql": "SELECT 1;\nCREATE INDEX CONCURRENTLY company ON users (email);\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "failed"]
        failure = replay.timeline.steps[2].run.failure
        assert failure is not None
        assert failure.sqlstate == "25001"


def test_its_table_of_applied_migrations(tmp_path: Path, server: Server) -> None:
    files: Files = {
        "migration_lock.toml": LOCK,
        "1_users/migration.sql": USERS,
        "2_seen/migration.sql": "CREATE TABLE seen AS SELECT migration_name, finished_at IS NOT NULL AS done,"
        " length(checksum) FROM _prisma_migrations;\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied"]
        assert (
            query(replay, "SELECT string_agg(seen::text, ' ' ORDER BY seen) FROM seen")
            == "(1_users,t,64) (2_seen,f,64)"
        )
