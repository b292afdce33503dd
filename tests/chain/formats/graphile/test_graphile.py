"""Chains as graphile-migrate applies them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.model import Sends
from migrate_validate.chain.statements import statements
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, applied, aside, read, refused, steps
from tests.replay.chains import FAST, outcomes, query, replayed

USERS = "CREATE TABLE users (id int);\n"
MAIL = "ALTER TABLE users ADD COLUMN mail text;\n"


def committed(*bodies: str, start: int = 1) -> Files:
    """Files as ``graphile-migrate commit`` writes them."""
    files: Files = {}
    previous = ""
    for number, body in enumerate(bodies, start):
        digest = hashlib.sha1((f"{previous}\n{body.strip()}".strip() + "\n").encode()).hexdigest()
        header = f"--! Previous: {previous or '-'}\n--! Hash: sha1:{digest}\n\n"
        files[f"committed/{number:06}.sql"] = header + body
        previous = f"sha1:{digest}"
    return files


def test_committed_files_and_the_current_one(tmp_path: Path) -> None:
    files: Files = committed(USERS, f"--! no-transaction\n{MAIL}") | {
        "committed/notes.txt": "",
        "current.sql": "-- in the works\nSELECT 1;\n",
        "fixtures/a.sql": "SELECT 2;\n",
    }
    chain = read(tmp_path, files)
    assert (chain.format, chain.recognized) == (
        "graphile-migrate",
        "committed/000001.sql begins with a header of graphile-migrate",
    )
    assert applied(chain) == ["committed/000001.sql", "committed/000002.sql", "current.sql"]
    assert [each.version for each in chain.migrations] == ["000001", "000002", "current"]
    assert [each.up.sends for each in chain.migrations] == [Sends.TRANSACTION, Sends.MESSAGE, Sends.TRANSACTION]
    assert [each.repeats for each in chain.migrations] == [False, False, True]
    assert [each.checksum[:5] for each in chain.migrations] == ["sha1:", "sha1:", ""]
    assert aside(chain) == {
        "committed/notes.txt": "its name is no number with .sql",
        "fixtures": "files that migrations include",
    }


def test_a_current_file_without_statements(tmp_path: Path) -> None:
    chain = read(tmp_path, committed(USERS) | {"current.sql": "-- Enter migration here\n/* or\nnot */\n"})
    assert applied(chain) == ["committed/000001.sql"]
    assert aside(chain) == {"current.sql": "it holds no statement: nothing is in the works"}


def test_nothing_is_committed_yet(tmp_path: Path) -> None:
    for top, path in (("", "."), ("migrations/", "."), ("migrations/", "migrations")):
        root = tmp_path / f"{top}of{path}"
        chain = read(root, {f"{top}committed/.gitkeep": "", f"{top}current.sql": USERS}, path)
        below = "" if path == "migrations" else top
        assert (chain.format, chain.recognized) == (
            "graphile-migrate",
            f"{below}current.sql lies beside committed/, as graphile-migrate has it",
        )
        assert applied(chain) == [f"{below}current.sql"]


def test_a_current_directory(tmp_path: Path) -> None:
    files: Files = committed(USERS) | {
        "current/10-b.sql": "SELECT 2;\n",
        "current/2-a.sql": "SELECT 1;\n",
        "current/3.sql": "-- nothing\n",
    }
    chain = read(tmp_path, files)
    assert applied(chain) == ["committed/000001.sql", "current/2-a.sql", "current/10-b.sql"]
    assert [each.version for each in chain.migrations] == ["000001", "2-a", "10-b"]
    assert refused(tmp_path, files | {"current/02-c.sql": "SELECT 3;\n"}) == (
        "several files of current/ have the same number: 02-c.sql, 2-a.sql\n"
        "looked at:\n"
        "  ROOT/current\n"
        "what to do: renumber them"
    )
    assert refused(tmp_path, files | {"current.sql": "SELECT 3;\n"}).startswith(
        "current.sql and current/ are both there: graphile-migrate takes only one of them\n"
    )


def test_hashes_that_do_not_fit(tmp_path: Path) -> None:
    files = committed(USERS, MAIL, "SELECT 1;\n")
    second = str(files["committed/000002.sql"])
    files["committed/000002.sql"] = second.replace("mail", "post")
    files["committed/000003.sql"] = str(files["committed/000003.sql"]).replace("Previous: sha1:", "Previous: sha1:0")
    hashes = [str(text).split("sha1:")[-1][:40] for text in files.values()]
    said = refused(tmp_path, files).splitlines()
    assert said[0] == "graphile-migrate refuses these migrations:"
    assert said[1].startswith("  committed/000002.sql: it was changed after it was committed: its hash is sha1:")
    assert said[1].endswith(f", its header says sha1:{hashes[1]}")
    assert said[2] == (
        f"  committed/000003.sql: its header says that sha1:0{hashes[1]} comes before it, but committed/000002.sql has"
        f" the hash sha1:{hashes[1]}"
    )
    assert said[4:] == [
        "looked at:",
        "  ROOT/committed",
        "what to do: restore the files from the history; `graphile-migrate uncommit` and `commit` write the headers"
        " anew, and a header --! AllowInvalidHash lets a file pass that was changed on purpose",
    ]


def test_a_hash_that_is_allowed_to_be_wrong(tmp_path: Path) -> None:
    files = committed(USERS, MAIL)
    second = str(files["committed/000002.sql"])
    allowed = second.replace("\n\n", "\n--! AllowInvalidHash\n\n")
    files["committed/000002.sql"] = allowed.replace("mail", "post")
    assert len(read(tmp_path, files).migrations) == 2
    files["committed/000002.sql"] = allowed
    assert "committed/000002.sql: its header allows an invalid hash, but the hash is valid\n" in refused(
        tmp_path, files
    )


def test_headers_that_are_wrong(tmp_path: Path) -> None:
    (first,) = committed(USERS).values()
    files: Files = {
        "committed/000001.sql": str(first).replace("\n", "\r\n"),
        "committed/000002.sql": "--! Message: x\n\nSELECT 1;\n",
    }
    said = refused(tmp_path, files).splitlines()
    assert said[1:4] == [
        "  committed/000001.sql: no empty line stands behind its header (its lines end in CR LF: tell Git to leave them"
        " alone)",
        "  committed/000002.sql: its header has no line --! Previous:",
        "  committed/000002.sql: its header has no line --! Hash:",
    ]
    late = {"committed/000002.sql": committed(USERS, MAIL)["committed/000002.sql"]}
    (tmp_path / "committed/000001.sql").unlink()
    assert "comes before it, but it is the first one" in refused(tmp_path, late)


def test_includes(tmp_path: Path) -> None:
    """What is included has places of its own."""
    files: Files = committed(USERS) | {
        "current.sql": "SELECT 1;\n--! include parts/a.sql\nSELECT 4;\n",
        "fixtures/parts/a.sql": "SELECT 2;\n--!include b.sql\n",
        "fixtures/b.sql": "\nSELECT 3;",
    }
    chain = read(tmp_path, files)
    found = statements(chain.migrations[1].up)
    assert [(each.sql, str(each.location)) for each in found] == [
        ("SELECT 1", "current.sql:1:1"),
        ("SELECT 2", "fixtures/parts/a.sql:1:1"),
        ("SELECT 3", "fixtures/b.sql:2:1"),
        ("SELECT 4", "current.sql:3:1"),
    ]
    assert refused(tmp_path, files | {"fixtures/b.sql": "--! include parts/a.sql\n"}) == (
        "fixtures/b.sql:1 includes parts/a.sql, which is being included already: a circle\n"
        "looked at:\n"
        "  ROOT/fixtures\n"
        "what to do: correct the name: it is looked for in fixtures/"
    )
    lost: Files = files | {"current.sql": "--! include c.sql\n"}
    assert refused(tmp_path, lost).startswith("current.sql:1 includes c.sql, which does not exist\n")
    outside: Files = files | {"current.sql": "--! include ../committed/000001.sql\n"}
    assert "which does not lie in fixtures/\n" in refused(tmp_path, outside)


def test_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """{
      // what belongs to whom
      migrationsFolder: 'db',
      "connectionString": "postgres://owner:secret@localhost/app",
      "placeholders": {
        ":DATABASE_VISITOR": "!ENV", /* from the environment */
        ":SCHEMA": "shop",
      },
      "afterReset": ["!roles.sql", { "_": "command", "command": "npx worker" }],
      "beforeAllMigrations": [{ "_": "sql", "file": "schema.sql", "shadow": true }],
      "afterAllMigrations": "rows.sql",
      "afterCurrent": [{ "_": "sql", "file": "dev.sql" }],
    }"""
    files: Files = {f"db/{name}": body for name, body in committed(":SCHEMA; :VISITOR :DATABASE_OWNER\n").items()}
    files |= {
        ".gmrc": text,
        "db/roles.sql": "CREATE ROLE :DATABASE_VISITOR;\n",
        "db/rows.sql": "SELECT ':DATABASE_VISITOR';\n",
        "db/dev.sql": "SELECT 1;\n",
    }
    monkeypatch.setenv("DATABASE_VISITOR", "visitor")
    chain = read(tmp_path, files)
    assert applied(chain) == ["db/committed/000001.sql"]
    assert chain.migrations[0].up.text.splitlines()[-1] == "shop; :VISITOR owner"
    assert [each.text for each in chain.base] == ["CREATE ROLE visitor;\n"]
    assert [each.script.text for each in chain.seeds] == ["SELECT 'visitor';\n"]
    assert steps(chain) == {".gmrc": "afterReset runs a command of the shell, which is not run here: npx worker"}
    assert aside(chain)["db/dev.sql"] == "afterCurrent runs it, in development only"


def test_placeholders_without_a_value(tmp_path: Path) -> None:
    files: Files = committed("GRANT app TO :VISITOR;\n-- for :VISITOR\n") | {
        ".gmrc": '{"placeholders": {":VISITOR": "!ENV"}}'
    }
    assert refused(tmp_path, files) == (
        "placeholders have no value here:\n"
        "  committed/000001.sql: :VISITOR\n"
        "looked at:\n"
        "  ROOT/.gmrc\n"
        "what to do, one of:\n"
        "  - set VISITOR in the environment\n"
        '  - in migrate_validate.toml beside the migrations: [placeholders], visitor = "..."'
    )
    given = replace(FAST, placeholders={"visitor": "web"})
    assert "GRANT app TO web;" in read(tmp_path, files, ".", given).migrations[0].up.text
    wrong = refused(tmp_path, committed(USERS) | {".gmrc": '{"placeholders": {":visitor": "x"}}'})
    assert wrong.startswith("graphile-migrate refuses these placeholders: :visitor\n")
    assert refused(tmp_path, committed(USERS) | {".gmrc": "{"}).startswith(".gmrc cannot be read: ")
    assert refused(tmp_path, committed(USERS) | {".gmrc": "[]"}).startswith(".gmrc holds no object\n")


def test_its_transactions_and_its_table(tmp_path: Path, server: Server) -> None:
    files: Files = committed(
        USERS,
        "CREATE TABLE seen AS SELECT filename, previous_hash IS NULL AS first FROM graphile_migrate.migrations;\n",
        "--! no-transaction\nCREATE INDEX CONCURRENTLY by_id ON users (id);\n",
        "CREATE INDEX CONCURRENTLY late ON users (id);\n",
    )
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied", "applied", "failed"]
        assert query(replay, "SELECT seen::text FROM seen") == "(000001.sql,t)"


def test_settings_and_the_name_of_the_database(tmp_path: Path, server: Server) -> None:
    """The name is known only where a script runs: each database has another one."""
    files: Files = committed(
        "CREATE SCHEMA shop;\n",
        "CREATE TABLE users (id int);\nCOMMENT ON DATABASE :DATABASE_NAME IS 'it''s \\here';\nSELECT 1;\n",
    ) | {".gmrc": '{"pgSettings": {"search_path": "shop,public"}}'}
    with replayed(server, tmp_path, files) as replay:
        assert outcomes(replay.timeline) == ["applied", "applied"]
        assert query(replay, "SELECT to_regclass('shop.users') IS NOT NULL")
        comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        assert query(replay, comment) == "it's \\here"
