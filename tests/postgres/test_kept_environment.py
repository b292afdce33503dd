"""Clusters in which an environment is built already."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.catalog.diff import compare
from migrate_validate.catalog.model import Catalog
from migrate_validate.postgres import ServerOptions, open_server
from migrate_validate.postgres.environments import PLAIN, SUPABASE, adopt, build, kept_cluster
from migrate_validate.postgres.extensions import offer
from tests.support.servers import available_majors


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of stand-ins, beside an empty cache, which the server's account may enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    offer(SUPABASE.extensions, folder / "offered", available=["pg_stat_statements"])
    yield folder / "offered"
    shutil.rmtree(folder)


@pytest.mark.parametrize("major", available_majors())
def test_it_holds_what_is_built_elsewhere(major: int, offered: Path) -> None:
    options = ServerOptions(major=major)
    cluster = kept_cluster(SUPABASE, options, offered)
    assert cluster is not None
    made = cluster.stat().st_ino
    assert kept_cluster(SUPABASE, options, offered) == cluster
    assert cluster.stat().st_ino == made
    with (
        open_server(options, extension_directory=offered, cluster=cluster) as kept,
        open_server(options, extension_directory=offered) as fresh,
    ):
        adopt(SUPABASE, kept, cluster)
        copy, built = build(SUPABASE, kept, "a"), build(SUPABASE, fresh, "a")
        assert (copy.notes, copy.schemas) == (built.notes, built.schemas)
        with copy.database.connect("postgres") as first, built.database.connect("postgres") as second:
            difference = compare(Catalog.read(first), Catalog.read(second))
            rights = "select rolname, rolsuper, rolconfig from pg_roles where rolname !~ '^pg_' order by 1"
            settings = "select datname, datistemplate, pg_get_userbyid(datdba) from pg_database where datname !~ '^mv_'"
            for query in (rights, settings, "show search_path", "show min_wal_size", "show max_wal_size"):
                assert first.execute(query.encode()).fetchall() == second.execute(query.encode()).fetchall()
    assert not difference


def test_another_cluster_for_whatever_makes_it_another_one(offered: Path) -> None:
    options = ServerOptions(major=available_majors()[-1])
    cluster = kept_cluster(SUPABASE, options, offered)
    control = offered / "extension" / "pgcrypto.control"
    control.write_text(control.read_text() + "# changed\n")
    assert kept_cluster(SUPABASE, options, offered) != cluster
    assert kept_cluster(replace(SUPABASE, exposes_new_tables=False), options, offered) != cluster


def test_what_a_server_lacks_is_still_said(offered: Path) -> None:
    options = ServerOptions(major=available_majors()[-1])
    lacking = replace(SUPABASE, extensions=("nowhere",), extension_schemas={"nowhere": "extensions"})
    cluster = kept_cluster(lacking, options, offered)
    assert cluster is not None
    with open_server(options, cluster=cluster) as server:
        adopt(lacking, server, cluster)
        assert build(lacking, server, "a").notes == (
            'extension "nowhere" of the environment supabase is not available on this server',
        )


def test_nothing_is_kept_of_what_is_empty_or_made_by_a_file(offered: Path) -> None:
    assert kept_cluster(PLAIN, ServerOptions(), offered) is None
    assert kept_cluster(replace(SUPABASE, file=Path("own.sql")), ServerOptions(), offered) is None
