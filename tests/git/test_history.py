"""What is new since a reference, and what stands in the way of knowing it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate_validate.chain.model import Chain
from migrate_validate.chain.reader import read_chain
from migrate_validate.config import Settings
from migrate_validate.errors import GitError
from migrate_validate.git.history import History, read_history
from migrate_validate.git.places import Places
from tests.support.repositories import commit, commit_to_main, git, repository, write

FILES: dict[str, str | None] = {
    "db/001_a.sql": "create table a ();\n",
    "db/002_b.sql": "create table b ();\n",
    "db/002_b_rollback.sql": "drop table b;\n",
}


def history(top: Path, places: Places, *, since: str = "main", named: str = "db", format: str | None = None) -> History:
    settings = Settings(format=format)
    place = places.find(named, top)
    chain = read_chain(place.source, settings, rootdir=place.rootdir)
    return read_history(chain, place, settings, since, places)


def new(top: Path, *, since: str = "main", named: str = "db") -> list[str]:
    with Places() as places:
        its = history(top, places, since=since, named=named)
        assert {each.file for each in its.chain.migrations if its.why_old(each.file) is None} == its.new
        return sorted(its.new)


def trouble(top: Path, since: str) -> str:
    with Places() as places, pytest.raises(GitError) as raised:
        history(top, places, since=since)
    return str(raised.value)


def test_what_is_committed_changed_or_not_even_added_is_new(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    assert new(top) == []
    commit(top, {"db/003_committed.sql": "select 3;\n"})
    write(top, {"db/004_untracked.sql": "select 4;\n", "db/001_a.sql": "create table a (id int);\n"})
    assert new(top) == ["001_a.sql", "003_committed.sql", "004_untracked.sql"]
    # Comments make nothing new; a way back does, and so does another name.
    write(top, {"db/001_a.sql": "-- a\ncreate table a ();\n", "db/002_b_rollback.sql": "drop table if exists b;\n"})
    assert new(top) == ["002_b.sql", "003_committed.sql", "004_untracked.sql"]
    write(top, {"db/002_b_rollback.sql": FILES["db/002_b_rollback.sql"], "db/001_a.sql": None})
    write(top, {"db/005_a.sql": FILES["db/001_a.sql"]})
    assert new(top) == ["003_committed.sql", "004_untracked.sql", "005_a.sql"]


def test_the_merge_base_counts_and_not_the_tip(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    base = git(top, "rev-parse", "main")
    commit_to_main(top, {"db/001_a.sql": "create table other ();\n", "db/003_c.sql": "select 3;\n"})
    write(top, {"db/004_d.sql": "select 4;\n"})
    assert new(top) == ["004_d.sql"]
    with Places() as places:
        its = history(top, places)
        assert its.why_old("001_a.sql") == f"not new: it is as main (merge base {base[:12]}) has it"
        assert its.summary == (
            f"1 of 3 migrations is new since main (merge base {base[:12]}): expensive rules run for it"
        )
        assert [each.file for each in its.gained] == ["003_c.sql"]
        assert [each.file for each in its.merged.migrations] == ["001_a.sql", "002_b.sql", "003_c.sql", "004_d.sql"]
        assert its.merged.migrations[0].up.text == "create table other ();\n"


def test_a_commit_a_tag_and_a_chain_at_a_reference(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    git(top, "tag", "v1")
    commit(top, {"db/003_c.sql": "select 3;\n"})
    commit(top, {"db/004_d.sql": "select 4;\n"})
    assert new(top, since="v1") == ["003_c.sql", "004_d.sql"]
    assert new(top, since="HEAD~1") == ["004_d.sql"]
    assert new(top, named="feature~1:db") == ["003_c.sql"]
    assert new(top, named="db/004_d.sql") == ["004_d.sql"]


@pytest.mark.parametrize("before", [{"README.md": "x"}, {"db/README.md": "x"}, {"db/.gitkeep": ""}])
def test_where_the_base_has_no_chain_everything_is_new(tmp_path: Path, before: dict[str, str | None]) -> None:
    top = repository(tmp_path, before)
    write(top, FILES)
    assert new(top) == ["001_a.sql", "002_b.sql"]


def test_where_the_base_cannot_be_read_everything_is_new(tmp_path: Path) -> None:
    top = repository(tmp_path, {"db/00001_a.sql": "-- +goose Up\n-- +goose StatementBegin\nselect 1;\n"})
    write(top, {"db/00001_a.sql": "-- +goose Up\nselect 1;\n"})
    with Places() as places:
        its = history(top, places)
        assert its.new == {"00001_a.sql"}
        assert its.summary == f"1 of 1 migrations count as new since {its.named}: its chain cannot be read"


def test_base_files_of_the_configuration_need_not_have_been_there(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    write(top, {"db/000_base.sql": "create schema base;\n"})
    settings = Settings(base=("000_base.sql",))
    with Places() as places:
        place = places.find("db", top)
        chain: Chain = read_chain(place.source, settings, rootdir=top)
        its = read_history(chain, place, replace(settings), "main", places)
        assert (its.new, its.changes) == (frozenset(), ())


def test_a_change_that_sqitch_reworks_is_not_an_edited_one(tmp_path: Path) -> None:
    line = "{} 2024-01-0{}T00:00:00Z a <a@example.org> # x\n"
    plan = "%syntax-version=1.0.0\n%project=shop\n\n" + line.format("one", 1)
    top = repository(
        tmp_path,
        {
            "db/sqitch.conf": "[core]\n\tengine = pg\n",
            "db/sqitch.plan": plan + "@v1 2024-01-02T00:00:00Z a <a@example.org> # v1\n",
            "db/deploy/one.sql": "create or replace view one as select 1 as one;\n",
        },
    )
    write(
        top,
        {
            "db/sqitch.plan": (top / "db/sqitch.plan").read_text() + line.format("one [one@v1]", 3),
            "db/deploy/one@v1.sql": "create or replace view one as select 1 as one;\n",
            "db/deploy/one.sql": "create or replace view one as select 1 as one, 2 as two;\n",
        },
    )
    with Places() as places:
        its = history(top, places)
        assert [each.file for each in its.added] == ["deploy/one.sql"]
        assert [(each.before.file, each.after and each.after.file, each.up) for each in its.changes] == [
            ("deploy/one.sql", "deploy/one@v1.sql", 0)
        ]


def test_an_unknown_reference(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    assert trouble(top, "maim") == (
        "Git knows no reference 'maim'\n"
        f"looked at:\n  branches, tags and commits of {top}\n"
        "what to do: did you mean main?"
    )


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    write(tmp_path, FILES)
    assert trouble(tmp_path, "main") == (
        "Git knows no reference 'HEAD'\n"
        f"looked at:\n  branches, tags and commits of {tmp_path}\n"
        "what to do: commit something first"
    )


def test_outside_of_a_repository(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert trouble(tmp_path, "main").endswith(
        "what to do: run this inside of one, or leave out --migrations-since, and `since` in the configuration"
    )


def test_no_commit_in_common(tmp_path: Path) -> None:
    top = repository(tmp_path, FILES)
    git(top, "checkout", "--quiet", "--orphan", "alone")
    commit(top, {"db/003_alone.sql": "select 3;\n"})
    head, main = git(top, "rev-parse", "HEAD"), git(top, "rev-parse", "main")
    assert trouble(top, "main") == (
        "HEAD and main have no commit in common\n"
        f"looked at:\n  HEAD: {head[:12]}\n  main: {main[:12]}\n"
        "what to do: name a branch or a tag that HEAD was made from"
    )


def test_a_shallow_clone(tmp_path: Path) -> None:
    top = repository(tmp_path / "origin", FILES)
    commit(top, {"db/003_c.sql": "select 3;\n"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{top}", str(clone))
    head, main = git(clone, "rev-parse", "HEAD"), git(clone, "rev-parse", "origin/main")
    remedy = (
        "this clone is shallow: git fetch --unshallow; in GitHub Actions, give actions/checkout `fetch-depth: 0`, "
        'in GitLab CI set GIT_DEPTH: "0"'
    )
    assert trouble(clone, "origin/main") == (
        "HEAD and origin/main have no commit in common, as far as this clone goes\n"
        f"looked at:\n  HEAD: {head[:12]}\n  origin/main: {main[:12]}\n"
        f"what to do: {remedy}"
    )
    assert trouble(clone, "v1") == (
        "Git knows no reference 'v1'\n"
        f"looked at:\n  branches, tags and commits of {clone}\n"
        f"what to do, one of:\n  - fetch it: git fetch origin v1:v1\n  - {remedy}"
    )
    git(clone, "fetch", "--quiet", "--unshallow")
    assert new(clone, since="origin/main") == ["003_c.sql"]
