"""Every file of a directory is what it is, and nothing is skipped silently."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import SeedEntry, Settings
from migrate_validate.errors import ChainError, ConfigError
from tests.support.permissions import unprivileged


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
