"""What the command line of Supabase reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain
from tests.chain.formats.chains import Files, applied, aside, plain, read, refused


def chain_of(root: Path, config: str | None = None) -> Chain:
    """A project with a few files, and this configuration."""
    files = plain(
        "supabase",
        *("migrations/20250102000000_a.sql", "migrations/README.md", "seed.sql", "extra.sql"),
        *("seeds/b.sql", "seeds/a.sql", "schemas/users.sql", "functions/hello/index.ts"),
    )
    return read(root, files if config is None else {**files, "supabase/config.toml": config}, "supabase")


def test_without_configuration(tmp_path: Path) -> None:
    chain = chain_of(tmp_path)
    assert chain.format == "supabase"
    assert applied(chain) == ["migrations/20250102000000_a.sql"]
    assert [seed.script.file for seed in chain.seeds] == ["seed.sql"]
    assert aside(chain) == {
        "extra.sql": "neither in migrations/ nor a seed",
        "functions": "a directory: only migrations/ and the seeds are read",
        "migrations/README.md": "Markdown: a text for people",
        "schemas": "a directory: only migrations/ and the seeds are read",
        "seeds": "a directory: only migrations/ and the seeds are read",
    }


def test_seed_paths(tmp_path: Path) -> None:
    chain = chain_of(tmp_path, '[db.seed]\nsql_paths = ["./seeds/*.sql", "seeds/a.sql", "./seed.sql", "no.sql"]\n')
    assert [seed.script.file for seed in chain.seeds] == ["seeds/a.sql", "seeds/b.sql", "seed.sql"]
    assert aside(chain)["no.sql"] == "config.toml names it in db.seed.sql_paths, but there is no such file"
    assert aside(chain)["config.toml"] == "the configuration of Supabase"


def test_seeds_switched_off(tmp_path: Path) -> None:
    chain = chain_of(tmp_path, "[db.seed]\nenabled = false\n")
    assert chain.seeds == ()
    assert aside(chain)["seed.sql"] == "a seed, but config.toml says db.seed.enabled = false"


def test_declared_schemas(tmp_path: Path) -> None:
    chain = chain_of(tmp_path, '[db.migrations]\nschema_paths = ["./schemas/*.sql"]\n')
    assert aside(chain)["schemas/users.sql"].startswith("a declared schema (config.toml, db.migrations.schema_paths)")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[db\n", "config.toml cannot be read: "),
        ("[db.seed]\nsql_paths = 'x'\n", "config.toml: db.seed.sql_paths is not a list of paths"),
        ("db = 1\n", "config.toml: db.migrations is not a table"),
    ],
)
def test_broken_configuration(tmp_path: Path, config: str, message: str) -> None:
    files: Files = {"supabase/migrations/1_a.sql": "", "supabase/config.toml": config}
    assert refused(tmp_path, files, "supabase").startswith(message)


def test_the_migrations_beside_somebodys_configuration(tmp_path: Path) -> None:
    files = plain("app", "migrations/001_a.sql", "seed.sql")
    for text, format in (("[server]\n", "sql"), ('project_id = "app"\n', "supabase")):
        chain = read(tmp_path, {**files, "app/config.toml": text}, "app/migrations")
        assert (chain.format, [seed.script.file for seed in chain.seeds]) == (format, ["../seed.sql"])


def test_the_migrations_of_a_supabase_directory(tmp_path: Path) -> None:
    files = plain("supabase", "migrations/001_a.sql", "seed.sql", "seeds/b.sql", "migrations/users.sql")

    def chain(**configuration: str) -> Chain:
        return read(
            tmp_path,
            files | {f"supabase/{name}.toml": text for name, text in configuration.items()},
            "supabase/migrations",
        )

    def seeds(chain: Chain) -> list[str]:
        return [seed.script.file for seed in chain.seeds]

    assert seeds(chain()) == ["../seed.sql"]
    assert seeds(chain(config='[db.seed]\nsql_paths = ["./seeds/*.sql"]\n')) == ["../seeds/b.sql"]
    off = chain(config='[db.seed]\nenabled = false\n[db.migrations]\nschema_paths = ["seeds/b.sql"]\n')
    assert seeds(off) == []
    assert aside(off)["../seed.sql"] == "a seed, but config.toml says db.seed.enabled = false"
    assert aside(off)["../seeds/b.sql"].startswith("a declared schema")
    assert off.root == tmp_path / "supabase/migrations"
