"""Every file of a directory is what it is, and nothing is skipped silently."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.chain.statements import statements
from migrate_validate.config import SeedEntry, Settings
from migrate_validate.errors import ChainError, ConfigError


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("SELECT 1;\n")


def read(root: Path, path: str = "db", **settings: object) -> Chain:
    return read_chain(path, Settings(**settings), rootdir=root)  # type: ignore[arg-type]


def files(chain: Chain) -> list[str]:
    return [migration.file for migration in chain.migrations]


def reasons(chain: Chain) -> dict[str, str]:
    return {each.file: each.reason for each in chain.set_aside}


def test_order_is_natural(tmp_path: Path) -> None:
    names = ["001_a.sql", "001b_a.sql", "2-x.sql", "2_b.sql", "010_a.sql", "20250102.sql", "20260226000000_add.up.sql"]
    write(tmp_path / "db", *reversed(names))
    chain = read(tmp_path)
    assert files(chain) == names
    assert [migration.version for migration in chain.migrations] == [
        *("001", "001b", "2", "2", "010", "20250102", "20260226000000")
    ]
    assert [migration.name for migration in chain.migrations] == ["a", "a", "x", "b", "a", "", "add"]
    assert (chain.format, chain.given, chain.root) == ("sql", "db", tmp_path / "db")


def test_the_way_back_below_a_line(tmp_path: Path) -> None:
    """As tern, MyBatis, rambler and Play have it; a script of its own beside is not needed then."""
    (tmp_path / "db").mkdir()
    texts = {
        "001_tern.sql": "SELECT 1;\n---- create above / drop below ----\nSELECT 2;\n",
        "002_mybatis.sql": "-- // what for\nSELECT 1;\n-- //@UNDO\nSELECT 2;\n",
        "003_rambler.sql": "-- rambler up\nSELECT 1;\r\n-- rambler down\r\nSELECT 2;\n",
        "4.sql": "# --- !Ups\n\nSELECT 1;\n# --- !Downs\nSELECT 2;\n",
        "005_none.sql": "SELECT 1; -- // @UNDO\n",
    }
    for name, text in texts.items():
        (tmp_path / "db" / name).write_bytes(text.encode())
    chain = read(tmp_path)
    assert [
        [(str(each.location), each.sql) for way in (migration.up, migration.down) if way for each in statements(way)]
        for migration in chain.migrations
    ] == [
        [("001_tern.sql:1:1", "SELECT 1"), ("001_tern.sql:3:1", "SELECT 2")],
        [("002_mybatis.sql:2:1", "SELECT 1"), ("002_mybatis.sql:4:1", "SELECT 2")],
        [("003_rambler.sql:2:1", "SELECT 1"), ("003_rambler.sql:4:1", "SELECT 2")],
        [("4.sql:3:1", "SELECT 1"), ("4.sql:5:1", "SELECT 2")],
        [("005_none.sql:1:1", "SELECT 1")],
    ]


def test_dotted_and_dashed_versions(tmp_path: Path) -> None:
    write(tmp_path / "db", "1.10.0_b.sql", "1.9.0_a.sql", "2025-01-02_c.sql")
    assert [migration.version for migration in read(tmp_path).migrations] == ["1.9.0", "1.10.0", "2025-01-02"]


def test_down_scripts_are_paired(tmp_path: Path) -> None:
    write(
        tmp_path / "db",
        *("001_a.sql", "001_a_rollback.sql", "002_b.up.sql", "002_b.down.sql", "003_c.sql", "003_other_down.sql"),
        *("004_d.sql", "004_e.sql", "004_rollback.sql", "009_gone_rollback.sql", "e_rollback.sql"),
        *("001_a.down.sql", "no_such_rollback.sql"),
    )
    chain = read(tmp_path)
    assert {each.file: each.down.file for each in chain.migrations if each.down} == {
        "001_a.sql": "001_a.down.sql",
        "002_b.up.sql": "002_b.down.sql",
        "003_c.sql": "003_other_down.sql",
        "004_e.sql": "e_rollback.sql",
    }
    assert reasons(chain) == {
        "001_a_rollback.sql": "a second rollback script of 001_a.sql: 001_a.down.sql is used",
        "004_rollback.sql": "a rollback script that could belong to 004_d.sql or 004_e.sql",
        "009_gone_rollback.sql": "a rollback script without its migration: there is no 009_gone.sql",
        "no_such_rollback.sql": "a rollback script without its migration: there is no no_such.sql",
    }


def test_verification_scripts_and_seeds(tmp_path: Path) -> None:
    write(
        tmp_path / "db",
        *("001_users.sql", "002_email_verify.sql", "001_users_verify.sql", "validate_users.sql", "verify_all.sql"),
        *("001_users_validate.sql", "validate_001_users.sql", "002_email_validate.sql"),
        *("003_seed_roles.sql", "seed.sql", "seed10.sql", "seed9.sql"),
    )
    write(tmp_path, "seed.sql", "other.sql")
    chain = read(tmp_path)
    assert files(chain) == [*("001_users.sql", "002_email_validate.sql", "002_email_verify.sql", "003_seed_roles.sql")]
    assert [script.file for script in chain.verifications] == [
        *("001_users_validate.sql", "001_users_verify.sql"),
        *("validate_001_users.sql", "validate_users.sql", "verify_all.sql"),
    ]
    assert [seed.script.file for seed in chain.seeds] == ["seed.sql", "seed9.sql", "seed10.sql", "../seed.sql"]
    assert chain.set_aside == ()


def test_what_is_set_aside(tmp_path: Path) -> None:
    write(
        tmp_path / "db",
        *("001_a.sql", "007_add_testing.sql", "001_a_TESTING.sql", "A_QUERY_EXAMPLES.sql", "001_EXAMPLE.sql"),
        *("README.md", ".hidden.sql", "migrate_validate.toml", "notes.txt", "Makefile", "schema.sql", "old/001_x.sql"),
    )
    chain = read(tmp_path)
    assert files(chain) == ["001_a.sql", "007_add_testing.sql"]
    assert reasons(chain) == {
        ".hidden.sql": "hidden: its name begins with a dot",
        "001_EXAMPLE.sql": "its name ends in _EXAMPLE: statements to read, not to apply",
        "001_a_TESTING.sql": "its name ends in _TESTING: statements to try out by hand",
        "A_QUERY_EXAMPLES.sql": "its name ends in _QUERY_EXAMPLES: queries to read, not to apply",
        "Makefile": "no SQL: its name has no ending",
        "README.md": "Markdown: a text for people",
        "migrate_validate.toml": "the configuration of this tool",
        "notes.txt": "no SQL: its name ends in .txt",
        "old": "a directory: only the files beside the migrations are read, not those below",
        "schema.sql": "its name does not begin with a version, so that it has no place in order",
    }


def test_declared_base_and_seeds(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql", "002_b.sql", "000_schema.sql", "seed.sql")
    write(tmp_path, "dumps/base.sql", "demo.sql")
    chain = read(
        tmp_path,
        base=("000_schema.sql", "dumps/base.sql"),
        seeds=(SeedEntry("demo.sql", before="002"), SeedEntry("seed.sql")),
    )
    assert [script.file for script in chain.base] == ["000_schema.sql", "../dumps/base.sql"]
    assert files(chain) == ["001_a.sql", "002_b.sql"]
    assert [(seed.script.file, seed.before) for seed in chain.seeds] == [("../demo.sql", "002"), ("seed.sql", None)]
    assert chain.set_aside == ()


def test_declared_files_that_do_not_exist(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql")
    write(tmp_path, "schema.sql")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, base=("shema.sql",))
    assert str(caught.value) == (
        f"base: shema.sql does not exist\nlooked at:\n  {tmp_path}/db/shema.sql\n  {tmp_path}/shema.sql\n"
        "what to do: did you mean schema.sql?"
    )


def test_a_declared_file_that_is_a_directory(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql", "x/a.sql")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, base=("x",))
    assert str(caught.value) == (
        f"base: x is a directory\nlooked at:\n  {tmp_path}/db/x\nwhat to do: name the files in it, one by one"
    )


def test_every_place_is_named_once(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, base=("/nowhere/x.sql",))
    assert caught.value.looked == ("/nowhere/x.sql",)


def test_seed_before_an_unknown_version(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql", "0012_b.sql", "x.sql")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, seeds=(SeedEntry("x.sql", before="012"),))
    assert "seeds: x.sql: before = '012': no migration has this version" in str(caught.value)
    assert "what to do: did you mean '0012'?" in str(caught.value)


class TestSingleFile:
    def test_is_a_chain_of_one(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "001_a.sql", "001_a_rollback.sql", "002_b.sql")
        chain = read(tmp_path, "db/001_a.sql")
        assert files(chain) == ["001_a.sql"]
        assert chain.root == tmp_path / "db"
        assert chain.migrations[0].down is not None

    def test_without_a_version(self, tmp_path: Path) -> None:
        write(tmp_path, "schema.sql")
        assert [(each.version, each.name) for each in read(tmp_path, "schema.sql").migrations] == [("schema", "schema")]

    def test_must_be_sql(self, tmp_path: Path) -> None:
        write(tmp_path, "README.md")
        with pytest.raises(ChainError, match=r"README\.md is no SQL file"):
            read(tmp_path, "README.md")


class TestTroubleWithThePath:
    def test_does_not_exist(self, tmp_path: Path) -> None:
        write(tmp_path / "migrations", "001_a.sql")
        with pytest.raises(ChainError) as caught:
            read(tmp_path, "migration/x")
        assert str(caught.value) == (
            f"migration/x does not exist\nlooked at:\n  {tmp_path}/migration/x\n"
            f"what to do: did you mean migrations in {tmp_path}?"
        )

    def test_below_a_file(self, tmp_path: Path) -> None:
        write(tmp_path, "x.sql")
        with pytest.raises(ChainError, match=r"x\.sql/y does not exist"):
            read(tmp_path, "x.sql/y")

    def test_dangling_link(self, tmp_path: Path) -> None:
        (tmp_path / "db").symlink_to("nowhere")
        with pytest.raises(ChainError, match="db is a symbolic link to nowhere, which does not exist"):
            read(tmp_path)

    def test_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / "db").mkdir()
        with pytest.raises(ChainError, match=r"^db is empty\n"):
            read(tmp_path)

    def test_has_no_migrations(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "README.md", "validate_x.sql", "migrations/001_a.sql")
        with pytest.raises(ChainError) as caught:
            read(tmp_path)
        assert str(caught.value).startswith(
            f"db holds no migrations\nlooked at:\n  {tmp_path}/db\n  README.md: Markdown"
        )
        assert "  validate_x.sql: a verification script\n" in str(caught.value)
        assert str(caught.value).endswith("what to do: did you mean db/migrations?")

    @pytest.mark.parametrize("path", ["loop", "loop/migrations", "loop/001_a.sql"])
    def test_circle_of_links(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "loop").symlink_to("other")
        (tmp_path / "other").symlink_to("loop")
        with pytest.raises(ChainError) as caught:
            read(tmp_path, path)
        assert str(caught.value) == (
            f"{path} cannot be reached: its symbolic links lead in a circle\nlooked at:\n  {tmp_path}/{path}\n"
            "what to do: repair the link, or name the directory itself"
        )

    @pytest.mark.parametrize("closed", ["db", "."])
    def test_no_permission(self, tmp_path: Path, closed: str) -> None:
        write(tmp_path / "top/db", "001_a.sql")
        with unprivileged(tmp_path, tmp_path / "top" / closed), pytest.raises(ChainError) as caught:
            read(tmp_path / "top")
        assert str(caught.value).startswith("db cannot be read: permission denied\nlooked at:\n")

    def test_unknown_format(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "001_a.sql")
        with pytest.raises(ConfigError, match=r"there is no format 'supabas'\nwhat to do: did you mean 'supabase'\?"):
            read(tmp_path, format="supabas")
        with pytest.raises(ChainError, match="db is not laid out as the format supabase wants it"):
            read(tmp_path, format="supabase")


class TestTroubleWithAFile:
    def problem(self, root: Path, content: bytes) -> str | None:
        write(root / "db", "001_a.sql")
        (root / "db/001_a.sql").write_bytes(content)
        script = read(root).migrations[0].up
        assert script.text == ""
        return script.problem

    def test_not_utf8(self, tmp_path: Path) -> None:
        assert self.problem(tmp_path, b"SELECT 1;\n-- caf\xe9\n") == (
            "it is not UTF-8: 0xe9 at byte 16, line 2; save it as UTF-8"
        )

    def test_utf16(self, tmp_path: Path) -> None:
        problem = self.problem(tmp_path, "SELECT 1".encode("utf-16"))
        assert problem is not None
        assert problem.startswith("it is not UTF-8 but UTF-16")

    def test_nul(self, tmp_path: Path) -> None:
        assert self.problem(tmp_path, b"SELECT\n\0") == "it holds a NUL byte at byte 7, line 2: it is no text"

    def test_empty(self, tmp_path: Path) -> None:
        assert self.problem(tmp_path, b"") is None

    def test_dangling_link(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "001_a.sql")
        (tmp_path / "db/002_b.sql").symlink_to("gone.sql")
        assert read(tmp_path).migrations[1].up.problem == "it is a symbolic link to gone.sql, which does not exist"

    def test_circle_of_links(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "001_a.sql")
        (tmp_path / "db/002_b.sql").symlink_to("002_b.sql")
        problem = read(tmp_path).migrations[1].up.problem
        assert problem == "it cannot be reached: its symbolic links lead in a circle"

    def test_no_regular_file(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "002_b.sql")
        os.mkfifo(tmp_path / "db/001_a.sql")
        (tmp_path / "db/003_c.sql").symlink_to("/dev/null")
        problems = [migration.up.problem for migration in read(tmp_path).migrations]
        assert problems == [
            "it is a FIFO (a named pipe): only a regular file is read",
            None,
            "it is a device: only a regular file is read",
        ]
        assert read(tmp_path, base=("001_a.sql",)).base[0].problem == problems[0]
        with pytest.raises(ChainError, match=r"db/001_a\.sql is neither a directory nor a regular file"):
            read(tmp_path, "db/001_a.sql")

    def test_no_permission(self, tmp_path: Path) -> None:
        write(tmp_path / "db", "001_a.sql")
        with unprivileged(tmp_path, tmp_path / "db/001_a.sql"):
            chain = read(tmp_path)
        assert chain.migrations[0].up.problem == "it cannot be read: permission denied"


def test_byte_order_mark_and_carriage_returns(tmp_path: Path) -> None:
    write(tmp_path / "db", "001_a.sql")
    (tmp_path / "db/001_a.sql").write_bytes(b"\xef\xbb\xbfSELECT 1;\r\n")
    assert read(tmp_path).migrations[0].up.text == "SELECT 1;\r\n"


class TestSupabase:
    def chain(self, root: Path, config: str | None = None) -> Chain:
        write(root / "supabase", "migrations/20250102000000_a.sql", "migrations/README.md", "seed.sql", "extra.sql")
        write(root / "supabase", "seeds/b.sql", "seeds/a.sql", "schemas/users.sql", "functions/hello/index.ts")
        if config is not None:
            (root / "supabase/config.toml").write_text(config)
        return read(root, "supabase")

    def test_without_configuration(self, tmp_path: Path) -> None:
        chain = self.chain(tmp_path)
        assert chain.format == "supabase"
        assert files(chain) == ["migrations/20250102000000_a.sql"]
        assert [seed.script.file for seed in chain.seeds] == ["seed.sql"]
        assert reasons(chain) == {
            "extra.sql": "neither in migrations/ nor a seed",
            "functions": "a directory: only migrations/ and the seeds are read",
            "migrations/README.md": "Markdown: a text for people",
            "schemas": "a directory: only migrations/ and the seeds are read",
            "seeds": "a directory: only migrations/ and the seeds are read",
        }

    def test_seed_paths(self, tmp_path: Path) -> None:
        chain = self.chain(
            tmp_path, '[db.seed]\nsql_paths = ["./seeds/*.sql", "seeds/a.sql", "./seed.sql", "no.sql"]\n'
        )
        assert [seed.script.file for seed in chain.seeds] == ["seeds/a.sql", "seeds/b.sql", "seed.sql"]
        assert reasons(chain)["no.sql"] == "config.toml names it in db.seed.sql_paths, but there is no such file"
        assert reasons(chain)["config.toml"] == "the configuration of Supabase"

    def test_seeds_switched_off(self, tmp_path: Path) -> None:
        chain = self.chain(tmp_path, "[db.seed]\nenabled = false\n")
        assert chain.seeds == ()
        assert reasons(chain)["seed.sql"] == "a seed, but config.toml says db.seed.enabled = false"

    def test_declared_schemas(self, tmp_path: Path) -> None:
        chain = self.chain(tmp_path, '[db.migrations]\nschema_paths = ["./schemas/*.sql"]\n')
        assert reasons(chain)["schemas/users.sql"].startswith(
            "a declared schema (config.toml, db.migrations.schema_paths)"
        )

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ("[db\n", "config.toml cannot be read: "),
            ("[db.seed]\nsql_paths = 'x'\n", "config.toml: db.seed.sql_paths is not a list of paths"),
            ("db = 1\n", "config.toml: db.migrations is not a table"),
        ],
    )
    def test_broken_configuration(self, tmp_path: Path, config: str, message: str) -> None:
        with pytest.raises(ChainError) as caught:
            self.chain(tmp_path, config)
        assert str(caught.value).startswith(message)


@contextmanager
def unprivileged(home: Path, closed: Path) -> Iterator[None]:
    """Without the permission to read ``closed``, also where the tests run as root."""
    root = os.geteuid() == 0
    ours = [path for path in (home, *home.parents) if path.name.startswith(("pytest-", "popen-")) or path == home]
    modes = {path: path.stat().st_mode & 0o7777 for path in (*ours, closed)}
    if root:
        if not all(path.stat().st_mode & 0o001 for path in home.parents if path not in ours):
            pytest.skip("the temporary directory lies below one that only root may enter")
        for path in ours:
            path.chmod(modes[path] | 0o055)
    closed.chmod(0)
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


def test_the_migrations_beside_somebodys_configuration(tmp_path: Path) -> None:
    write(tmp_path / "app", "migrations/001_a.sql", "seed.sql")
    config = tmp_path / "app/config.toml"
    for text, format in (("[server]\n", "sql"), ('project_id = "app"\n', "supabase")):
        config.write_text(text)
        chain = read(tmp_path, "app/migrations")
        assert (chain.format, [seed.script.file for seed in chain.seeds]) == (format, ["../seed.sql"])


def test_the_migrations_of_a_supabase_directory(tmp_path: Path) -> None:
    write(tmp_path / "supabase", "migrations/001_a.sql", "seed.sql", "seeds/b.sql", "migrations/users.sql")
    config = tmp_path / "supabase/config.toml"

    def seeds() -> list[str]:
        return [seed.script.file for seed in read(tmp_path, "supabase/migrations").seeds]

    assert seeds() == ["../seed.sql"]
    config.write_text('[db.seed]\nsql_paths = ["./seeds/*.sql"]\n')
    assert seeds() == ["../seeds/b.sql"]
    config.write_text('[db.seed]\nenabled = false\n[db.migrations]\nschema_paths = ["seeds/b.sql"]\n')
    assert seeds() == []
    set_aside = reasons(read(tmp_path, "supabase/migrations"))
    assert set_aside["../seed.sql"] == "a seed, but config.toml says db.seed.enabled = false"
    assert set_aside["../seeds/b.sql"].startswith("a declared schema")
    assert read(tmp_path, "supabase/migrations").root == tmp_path / "supabase/migrations"
