"""The second prefix of a PostgreSQL before version 18: what it offers, and when it is made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.errors import ServerError
from migrate_validate.postgres import ServerOptions, open_server
from migrate_validate.postgres.binaries import Binaries, find_binaries
from migrate_validate.postgres.shadow import mirror, with_extensions
from tests.support.servers import available_majors


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter."""
    with tempfile.TemporaryDirectory(prefix="mv-shadow-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(params=available_majors(), ids=lambda major: f"pg{major}")
def binaries(request: pytest.FixtureRequest) -> Binaries:
    return find_binaries(major=request.param)


def offered(folder: Path, name: str, body: str = "SELECT 1", version: str = "99") -> Path:
    """A folder that offers one extension."""
    extension = folder / "offered" / "extension"
    extension.mkdir(parents=True, exist_ok=True)
    (extension / f"{name}.control").write_text(f"default_version = '{version}'\n")
    (extension / f"{name}--{version}.sql").write_text(body)
    return extension.parent


def test_nothing_is_made_where_nothing_is_offered(binaries: Binaries, folder: Path) -> None:
    (folder / "offered" / "extension").mkdir(parents=True)
    (folder / "cache").mkdir()
    assert with_extensions(binaries, folder / "offered", folder / "cache") is binaries
    assert list((folder / "cache").iterdir()) == []


def test_the_same_extensions_have_the_same_place(binaries: Binaries, folder: Path) -> None:
    (folder / "cache").mkdir()
    first = with_extensions(binaries, offered(folder, "mine"), folder / "cache")
    made = first.program("postgres").stat()
    again = with_extensions(binaries, offered(folder, "mine"), folder / "cache")
    assert again == first == replace(binaries, directory=first.directory, share=first.share)
    assert again.program("postgres").stat().st_ino == made.st_ino
    other = with_extensions(binaries, offered(folder, "mine", "SELECT 2"), folder / "cache")
    assert other.directory != first.directory


def test_an_extension_that_is_installed_later_is_found(binaries: Binaries, folder: Path) -> None:
    (folder / "cache").mkdir()
    installation = mirror(binaries, folder / "installation")
    first = with_extensions(installation, offered(folder, "mine"), folder / "cache")
    (installation.share / "extension" / "later.control").write_text("default_version = '1'\n")
    second = with_extensions(installation, offered(folder, "mine"), folder / "cache")
    assert not (first.share / "extension" / "later.control").exists()
    assert (second.share / "extension" / "later.control").exists()


def test_what_the_machine_has_comes_first(binaries: Binaries, folder: Path) -> None:
    """On every version, whether by a second prefix or by the server's own setting."""
    directory = offered(folder, "mine", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 7;")
    offered(folder, "plpgsql")
    options = ServerOptions(executable=str(binaries.program("pg_ctl")))
    with (
        open_server(options, extension_directory=directory) as server,
        server.create_database("x") as database,
        database.connect() as connection,
    ):
        versions = dict(connection.execute("SELECT name, default_version FROM pg_available_extensions").fetchall())
        assert versions["plpgsql"] == "1.0"
        assert versions["mine"] == "99"
        connection.execute("CREATE EXTENSION mine; DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql")
        assert connection.execute("SELECT mine()").fetchone() == (7,)
        settings = connection.execute("SELECT count(*) > 100 FROM pg_timezone_names").fetchone()
        assert settings == (True,), "the other files are found too"


def test_a_mirror_lies_like_its_original(binaries: Binaries, folder: Path) -> None:
    """The server finds its files from its own place, so they stay where they are to each other."""
    copy = mirror(binaries, folder / "copy")
    assert os.path.relpath(copy.share, copy.directory) == os.path.relpath(binaries.share, binaries.directory)
    found = find_binaries(executable=str(copy.program("pg_ctl")))
    assert (found.share, found.version) == (copy.share, binaries.version)
    assert not copy.program("postgres").is_symlink()
    assert (copy.share / "postgres.bki").samefile(binaries.share / "postgres.bki")


def test_a_place_that_cannot_be_made_is_an_error_that_says_so(binaries: Binaries, folder: Path) -> None:
    with pytest.raises(ServerError) as caught:
        with_extensions(binaries, offered(folder, "mine"), folder / "nowhere")
    text = str(caught.value)
    assert text.startswith(f"PostgreSQL {binaries.version} could not be offered stand-ins for extensions: ")
    assert str(folder / "nowhere" / "shadow-") in text
    assert "see that there is room in the cache, or set XDG_CACHE_HOME to another folder" in text
