"""Chains as Hasura applies them."""

from __future__ import annotations

from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps, ways_back
from tests.replay.chains import outcomes, query, replayed

USERS = "CREATE TABLE users (id int);\n"
CONFIG = "version: 3\nmetadata_directory: metadata\n"
FILES: Files = {
    "config.yaml": CONFIG,
    "metadata/version.yaml": "version: 3\n",
    "migrations/default/1700000000000_mail/up.sql": "ALTER TABLE users ADD COLUMN mail text;\n",
    "migrations/default/900000000000_users/up.sql": USERS,
    "migrations/default/900000000000_users/down.sql": "DROP TABLE users;\n",
    "migrations/default/900000000000_users/notes.txt": "",
    "migrations/default/1700000000001_old/up.yaml": "- type: run_sql\n",
    "migrations/default/1700000000002_none/down.sql": "SELECT 1;\n",
    "seeds/default/1_users.sql": "INSERT INTO users VALUES (1);\n",
}


def test_directories_in_the_order_of_their_versions(tmp_path: Path) -> None:
    for path, top in ((".", "migrations/default/"), ("migrations", "default/"), ("migrations/default", "")):
        chain = read(tmp_path, FILES, path)
        assert chain.format == "hasura"
        assert applied(chain) == [f"{top}900000000000_users/up.sql", f"{top}1700000000000_mail/up.sql"]
        assert [(each.version, each.name) for each in chain.migrations] == [
            ("900000000000", "users"),
            ("1700000000000", "mail"),
        ]
        assert ways_back(chain) == {"900000000000": f"{top}900000000000_users/down.sql"}
        assert {each.up.sends for each in chain.migrations} == {Sends.TRANSACTION}
        assert [each.script.path for each in chain.seeds] == [tmp_path / "seeds/default/1_users.sql"]
        assert steps(chain) == {
            f"{top}1700000000001_old": "a migration in YAML, which is not run here: `hasura migrate squash` makes SQL"
            " of it"
        }
        beside = {
            "config.yaml": "the configuration of Hasura",
            "metadata": "metadata of Hasura: what its API shows of the tables, not a step",
            "seeds": "its files are loaded as seeds, those of the database where they lie apart",
        }
        assert aside(chain) == (beside if path == "." else {}) | {
            f"{top}1700000000002_none": "there is no up.sql in it",
            f"{top}900000000000_users/notes.txt": "Hasura reads up.sql and down.sql there",
        }


def test_how_it_is_recognized(tmp_path: Path) -> None:
    def recognized(name: str, files: Files, path: str = ".") -> tuple[str, str]:
        chain = read(tmp_path / name, files, path)
        return chain.format, chain.recognized

    assert recognized("whole", FILES) == (
        "hasura",
        "migrations/default/1700000000000_mail/ lies in a project of Hasura (config.yaml)",
    )
    assert recognized("bare", {"1700000000000_mail/up.sql": USERS}) == (
        "hasura",
        "1700000000000_mail/ begins with the 13 digits of Hasura's versions",
    )
    assert recognized("other", {"20240101000000_mail/up.sql": USERS})[0] != "hasura"


def test_several_databases(tmp_path: Path) -> None:
    files: Files = FILES | {"migrations/stock/1700000000000_items/up.sql": USERS}
    assert refused(tmp_path, files, ".").replace(tmp_path.name, "PROJECT") == (
        "PROJECT holds migrations of 2 databases: migrations/default, migrations/stock\n"
        "looked at:\n"
        "  ROOT/migrations/default\n"
        "  ROOT/migrations/stock\n"
        "what to do, one of:\n"
        "  - name one of them: PROJECT/migrations/default\n"
        "  - name one of them: PROJECT/migrations/stock"
    )
    assert applied(read(tmp_path, files, "migrations/stock")) == ["1700000000000_items/up.sql"]


def test_a_directory_without_a_version(tmp_path: Path) -> None:
    assert refused(tmp_path, {"1700000000000_a/up.sql": USERS, "mail/up.sql": USERS}) == (
        "Hasura cannot tell when to run these migrations: mail/ does not begin with a version\n"
        "looked at:\n"
        "  ROOT\n"
        "what to do: rename it to <version>_<name>, or move it out of the directory"
    )


def test_each_file_is_in_a_transaction(tmp_path: Path, server: Server) -> None:
    looks = "CREATE TABLE seen AS SELECT cli_state FROM hdb_catalog.hdb_version;\n"
    files: Files = {
        "migrations/default/1700000000000_users/up.sql": USERS,
        "migrations/default/1700000000001_seen/up.sql": looks,
        "migrations/default/1700000000002_index/up.sql": "CREATE INDEX CONCURRENTLY late ON users (id);\n",
    }
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "failed"]
        assert query(replay, "SELECT cli_state FROM seen") == {"migrations": {"default": {"1700000000000": False}}}


def test_short_versions(tmp_path: Path) -> None:
    """They are Diesel's as well: where they lie, or the configuration, tells."""
    bare: Files = {"migrations/default/1_users/up.sql": USERS}
    for path in (".", "migrations", "migrations/default"):
        chain = read(tmp_path / "bare", bare, path)
        assert (chain.format, chain.recognized) == (
            "hasura",
            "migrations/default/1_users/ is where Hasura's first database has its migrations",
        )
    own: Files = {
        "config.yaml": "version: 3\n# local\nendpoint: http://localhost:8080\n",
        "migrations/shop/1_users/up.sql": USERS,
    }
    for path, first in ((".", "migrations/shop/"), ("migrations", "shop/"), ("migrations/shop", "")):
        chain = read(tmp_path / "own", own, path)
        assert chain.recognized == f"{first}1_users/ lies in a project of Hasura (config.yaml)"
    other: Files = {"config.yaml": "endpoint: /api\n", "migrations/shop/1_users/up.sql": USERS}
    assert read(tmp_path / "other", other, "migrations").format == "hasura"
    chain = read(tmp_path / "other", other, "migrations/shop")
    assert (chain.format, chain.recognized) == (
        "diesel",
        "1_users/ holds up.sql; --migrations-format=hasura would fit as well",
    )


def test_a_project_of_diesel_with_such_a_directory_is_asked_about(tmp_path: Path) -> None:
    files: Files = {"diesel.toml": "", "migrations/default/1_users/up.sql": USERS}
    message = refused(tmp_path, files, "migrations/default")
    assert "diesel (Diesel): ../../diesel.toml is Diesel's" in message
    assert "hasura (Hasura): migrations/default/1_users/ is where Hasura's first database has its" in message
