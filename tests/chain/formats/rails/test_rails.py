"""Chains of applications of Rails: their structure.sql."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate_validate.chain.model import Sends
from migrate_validate.postgres import Server
from tests.chain.formats.chains import Files, aside, read, refused, steps
from tests.replay.chains import FAST, outcomes, query, replayed

STRUCTURE = """SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.users (id bigint NOT NULL);
CREATE TABLE public.schema_migrations (version character varying NOT NULL);
SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20240102000000'),
('20240101000000'),
('9');

"""
FILES: Files = {
    "db/structure.sql": STRUCTURE,
    "db/queue_structure.sql": STRUCTURE,
    "db/seeds.rb": "",
    "db/migrate/20240101000000_users.rb": "",
    "db/migrate/009_old.rb": "",
    "db/migrate/20240102000000_mail.rb": "",
    "db/migrate/20240103000000_late.rb": "",
    "db/migrate/notes.txt": "",
}


def test_a_chain_of_one(tmp_path: Path) -> None:
    chain = read(tmp_path, FILES, "db")
    assert (chain.format, chain.recognized) == ("rails", "migrate/009_old.rb is a migration of Rails")
    (only,) = chain.migrations
    assert (only.version, only.name, only.file, only.up.sends) == (
        "20240102000000",
        "structure",
        "structure.sql",
        Sends.STATEMENTS,
    )
    assert aside(chain) == {
        "migrate": "3 migrations in Ruby whose versions structure.sql contains",
        "migrate/notes.txt": "no migration",
        "queue_structure.sql": "the structure of another database of the application",
        "seeds.rb": "Ruby: it is not run here",
    }
    assert steps(chain) == {
        "migrate/20240103000000_late.rb": "a migration in Ruby, which is not run here, and structure.sql does not"
        " contain its version"
    }


def test_the_file_itself_and_the_application(tmp_path: Path) -> None:
    assert read(tmp_path, FILES, "db/structure.sql").format == "rails"
    chain = read(tmp_path, FILES, ".")
    assert chain.format == "rails"
    assert [each.file for each in chain.migrations] == ["db/structure.sql"]


def test_another_structure_is_none_of_rails(tmp_path: Path) -> None:
    assert read(tmp_path, {"structure.sql": "CREATE TABLE a (id int);\n"}, "structure.sql").format == "sql"


def test_without_a_structure(tmp_path: Path) -> None:
    said = (
        "db is not laid out as Rails wants it: there is no structure.sql\n"
        "looked at:\n"
        "  ROOT/db\n"
        "  ROOT/db/db/structure.sql\n"
        "what to do: name db/ or the file; with config.active_record.schema_format = :sql Rails writes it, by"
        " `bin/rails db:schema:dump`; migrations in Ruby are not run here"
    )
    assert refused(tmp_path, {"db/schema.rb": ""}, "db", replace(FAST, format="rails")) == said
    assert refused(tmp_path, {"db/migrate/20240101000000_users.rb": ""}, "db") == said


def test_it_is_applied(tmp_path: Path, server: Server) -> None:
    with replayed(server, tmp_path, {"structure.sql": STRUCTURE, "migrate/20240101000000_users.rb": ""}) as replay:
        assert outcomes(replay.timeline) == ["applied"]
        assert query(replay, "SELECT count(*) FROM schema_migrations") == 3
